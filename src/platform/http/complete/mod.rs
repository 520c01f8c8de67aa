//! Makes the data of an answer what the GraphQL specification asks for.
//!
//! The library leaves a field out when it fails, whether it is nullable or not, turns an object of which every field
//! failed into null, and writes fields in the order in which they got ready. Clients with a cache take a field that is
//! left out for a broken server. So fields that failed are put back as null, null goes up to the next nullable field,
//! all fields stand in the order of the document, and an object of which nothing was selected is one without fields.

#[cfg(test)]
mod tests;

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use async_graphql::{
    Name, PathSegment, Response, ServerError, Value,
    indexmap::IndexMap,
    parser::types::{BaseType, ExecutableDocument, OperationDefinition, Selection, SelectionSet, Type},
};

use super::{
    answer::invalid,
    document::{INTERFACES, KIND, NAME, PRESENCE, implemented, is_hidden, is_null, is_there, open},
    types::{Types, named},
};

impl Types {
    /// Completes the answer to an operation of a document, of whose variables these are true or false.
    pub(super) fn complete(
        &self,
        document: &ExecutableDocument,
        operation: &OperationDefinition,
        variables: &[(Name, bool)],
        response: &mut Response,
    ) {
        let failed = Failed::of(&response.errors);
        let values = match std::mem::take(&mut response.data) {
            Value::Object(values) => values,
            Value::Null if !failed.0.is_empty() => IndexMap::new(),
            other => {
                response.data = other;
                return;
            }
        };
        let run = Run {
            types: self,
            document,
            variables,
            refused: RefCell::default(),
            types_failed: RefCell::default(),
        };
        let mut fields = Fields::default();
        let root = self.root(operation.ty);
        run.collect((root, root), &operation.selection_set.node, &mut fields);
        response.data = run.object(&fields, values, Some(&failed), None);
        let (refused, types_failed) = (run.refused.into_inner(), run.types_failed.into_inner());
        let unplaced = response.errors.iter_mut().filter(|error| error.path.is_empty());
        for (error, key) in unplaced.zip(types_failed) {
            error.path.push(PathSegment::Field(key.to_owned()));
        }
        response.errors.extend(refused);
    }
}

/// The fields of an object.
#[derive(Default)]
struct Fields<'a> {
    /// By response key, in the order of the document.
    by_key: IndexMap<&'a str, Field<'a>>,
    /// A variable that is null as a condition of one of them: then the object fails.
    open: Option<&'a Name>,
}

/// Where an object stands in the answer.
struct At<'a> {
    inside: Option<&'a At<'a>>,
    step: Step<'a>,
}

impl At<'_> {
    fn path(&self) -> Vec<PathSegment> {
        let mut path = self.inside.map(Self::path).unwrap_or_default();
        path.push(match self.step {
            Step::Key(key) => PathSegment::Field(key.to_owned()),
            Step::Index(index) => PathSegment::Index(index),
        });
        path
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// Where errors happened, as a tree of their paths.
#[derive(Default)]
struct Failed<'a>(HashMap<Step<'a>, Failed<'a>>);

impl<'a> Failed<'a> {
    fn of(errors: &'a [ServerError]) -> Self {
        let mut root = Self::default();
        for error in errors {
            let mut at = &mut root;
            for segment in &error.path {
                let step = match segment {
                    PathSegment::Field(key) => Step::Key(key),
                    PathSegment::Index(index) => Step::Index(*index),
                };
                at = at.0.entry(step).or_default();
            }
        }
        root
    }
}

/// All selections of one response key.
struct Field<'a> {
    of_type: Option<&'a Type>,
    /// What the library tells in its own way.
    quirk: Option<Quirk>,
    /// What is selected below, each with the type that it selects from.
    selected: Vec<(Option<&'a str>, &'a SelectionSet)>,
    /// The same as fields, made when they are needed, once for all objects of a type in a list; without a type, those of all.
    below: RefCell<HashMap<Option<String>, Rc<Fields<'a>>>>,
}

/// What the library tells of a schema in its own way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quirk {
    /// It describes what a schema is.
    Description,
    /// It has interfaces among the objects that an interface can be.
    Possible,
    /// It tells none of interfaces.
    Interfaces,
    /// It doesn't say where it fails.
    Type,
}

impl Quirk {
    fn of(parent: Option<&str>, name: &str) -> Option<Self> {
        match (parent?, name) {
            ("__Schema", "description") => Some(Self::Description),
            ("__Type", "possibleTypes") => Some(Self::Possible),
            ("__Type", "interfaces") => Some(Self::Interfaces),
            (_, "__type") => Some(Self::Type),
            _ => None,
        }
    }

    /// What should be told, of an object with these other values.
    fn mend(self, types: &Types, (key, value): (&str, &mut Value), others: &mut IndexMap<Name, Value>) {
        match (self, value) {
            (Self::Description, value) => *value = Value::Null,
            (Self::Possible, Value::List(possible)) => possible.retain_mut(|of_type| match of_type {
                Value::Object(of_type) => of_type.swap_remove(KIND) != Some(Value::Enum(Name::new("INTERFACE"))),
                _ => true,
            }),
            (Self::Interfaces, value @ Value::Null) => {
                let possible = others.swap_remove(implemented(key).as_str());
                if let (Some(Value::List(possible)), Some(Value::String(name))) = (possible, others.get(NAME)) {
                    *value = Value::List(interfaces(types, name, possible));
                }
            }
            _ => {}
        }
    }
}

/// The interfaces of an interface, from those of the objects that it can be: each of them has them all.
fn interfaces(types: &Types, name: &str, possible: Vec<Value>) -> Vec<Value> {
    let known = possible.into_iter().find_map(|object| match object {
        Value::Object(mut object) => match object.swap_remove(INTERFACES) {
            Some(Value::List(known)) => Some(known),
            _ => None,
        },
        _ => None,
    });
    let implemented = types
        .composite(name)
        .map(|of_type| &*of_type.implements)
        .unwrap_or_default();
    let is_implemented = |of_type: &Value| match of_type {
        Value::Object(of_type) => {
            matches!(of_type.get(NAME), Some(Value::String(name)) if implemented.iter().any(|known| known == name))
        }
        _ => false,
    };
    known.unwrap_or_default().into_iter().filter(is_implemented).collect()
}

struct Run<'a> {
    types: &'a Types,
    document: &'a ExecutableDocument,
    variables: &'a [(Name, bool)],
    /// Objects that failed here.
    refused: RefCell<Vec<ServerError>>,
    /// What types were asked for as that failed.
    types_failed: RefCell<Vec<&'a str>>,
}

impl<'a> Run<'a> {
    /// Completes an object; null if a field is null that can't be.
    fn object(
        &self,
        fields: &Fields<'a>,
        mut values: IndexMap<Name, Value>,
        failed: Option<&Failed>,
        at: Option<&At>,
    ) -> Value {
        if let Some(name) = fields.open {
            let path = at.map(At::path).unwrap_or_default();
            self.refused.borrow_mut().push(invalid(is_null(name)).with_path(path));
            return Value::Null;
        }
        let mut object = IndexMap::with_capacity(values.len());
        for (&key, field) in &fields.by_key {
            let failed = failed.and_then(|failed| failed.0.get(&Step::Key(key)));
            let at = At {
                inside: at,
                step: Step::Key(key),
            };
            let value = match values.swap_remove(key) {
                Some(mut value) => {
                    if let Some(quirk) = field.quirk {
                        quirk.mend(self.types, (key, &mut value), &mut values);
                    }
                    self.value(field, field.of_type.map(|of_type| &of_type.base), value, failed, &at)
                }
                None if failed.is_some() => Value::Null,
                None if field.quirk == Some(Quirk::Type) => {
                    self.types_failed.borrow_mut().push(key);
                    Value::Null
                }
                // Skipped, or in a fragment for another type.
                None => continue,
            };
            if value == Value::Null && self.has_failed(failed) && field.of_type.is_some_and(|of_type| !of_type.nullable)
            {
                return Value::Null;
            }
            object.insert(Name::new(key), value);
        }
        object.extend(values.into_iter().filter(|(key, _)| !is_hidden(key)));
        Value::Object(object)
    }

    fn has_failed(&self, failed: Option<&Failed>) -> bool {
        failed.is_some() || !self.refused.borrow().is_empty()
    }

    /// Completes a value of a field, or of a list in it; `base` is its type.
    fn value(
        &self,
        field: &Field<'a>,
        base: Option<&BaseType>,
        value: Value,
        failed: Option<&Failed>,
        at: &At,
    ) -> Value {
        match (value, base) {
            (Value::Object(mut values), _) if !field.selected.is_empty() => {
                let object = match values.swap_remove(PRESENCE) {
                    Some(Value::String(object)) => Some(object),
                    _ => None,
                };
                self.object(&self.below(field, object), values, failed, Some(at))
            }
            (Value::Null, Some(BaseType::Named(_))) if failed.is_some_and(|failed| !failed.0.is_empty()) => {
                self.object(&self.below(field, None), IndexMap::new(), failed, Some(at))
            }
            (Value::List(values), base) => {
                let of_type = match base {
                    Some(BaseType::List(of_type)) => Some(of_type),
                    _ => None,
                };
                let mut list = Vec::with_capacity(values.len());
                for (index, value) in values.into_iter().enumerate() {
                    let failed = failed.and_then(|failed| failed.0.get(&Step::Index(index)));
                    let at = At {
                        inside: Some(at),
                        step: Step::Index(index),
                    };
                    let value = self.value(field, of_type.map(|of_type| &of_type.base), value, failed, &at);
                    let is_required = of_type.is_some_and(|of_type| !of_type.nullable);
                    if value == Value::Null && self.has_failed(failed) && is_required {
                        return Value::Null;
                    }
                    list.push(value);
                }
                Value::List(list)
            }
            (value, _) => value,
        }
    }

    fn below(&self, field: &Field<'a>, object: Option<String>) -> Rc<Fields<'a>> {
        if let Some(known) = field.below.borrow().get(&object) {
            return Rc::clone(known);
        }
        let mut fields = Fields::default();
        for (parent, set) in &field.selected {
            self.collect((*parent, object.as_deref()), set, &mut fields);
        }
        let fields = Rc::new(fields);
        field.below.borrow_mut().insert(object, Rc::clone(&fields));
        fields
    }

    /// Collects what is selected from a type, as far as it is for an object of a type, if that is known.
    fn collect(
        &self,
        (parent, object): (Option<&'a str>, Option<&str>),
        set: &'a SelectionSet,
        fields: &mut Fields<'a>,
    ) {
        let is_for = |on: &str| object.is_none_or(|object| self.types.is(object, on));
        for selection in &set.items {
            match is_there(selection.node.directives(), self.variables) {
                Some(true) => {}
                // What is skipped has no place in the order.
                Some(false) => continue,
                None => fields.open = fields.open.or(open(selection.node.directives(), self.variables)),
            }
            match &selection.node {
                Selection::Field(field) if is_hidden(&field.node.response_key().node) => {}
                Selection::Field(field) => {
                    let of_type = parent.and_then(|parent| self.types.selected(parent, &field.node.name.node));
                    let of_type = of_type.map(|field| &field.of_type);
                    let known = fields.by_key.entry(&field.node.response_key().node).or_insert(Field {
                        of_type,
                        quirk: Quirk::of(parent, &field.node.name.node),
                        selected: Vec::new(),
                        below: RefCell::default(),
                    });
                    // Fragments for several types may disagree: null goes up only where all say so.
                    if of_type.is_none_or(|of_type| of_type.nullable) {
                        known.of_type = of_type;
                    }
                    let set = &field.node.selection_set.node;
                    if !set.items.is_empty() {
                        known.selected.push((of_type.map(named), set));
                    }
                }
                Selection::InlineFragment(inline) => {
                    let condition = inline.node.type_condition.as_ref();
                    let parent = condition.map(|condition| condition.node.on.node.as_str()).or(parent);
                    if parent.is_none_or(is_for) {
                        self.collect((parent, object), &inline.node.selection_set.node, fields);
                    }
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.document.fragments.get(&spread.node.fragment_name.node) {
                        let parent = fragment.node.type_condition.node.on.node.as_str();
                        if is_for(parent) {
                            self.collect((Some(parent), object), &fragment.node.selection_set.node, fields);
                        }
                    }
                }
            }
        }
    }
}
