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
    document::{KIND, PRESENCE, is_hidden, is_there},
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
        };
        let mut fields = Fields::new();
        let root = self.root(operation.ty);
        run.collect((root, root), &operation.selection_set.node, &mut fields);
        response.data = run.object(&fields, values, Some(&failed));
    }
}

/// The fields of an object, by response key, in the order of the document.
type Fields<'a> = IndexMap<&'a str, Field<'a>>;

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
    /// What the library answers and shouldn't.
    excess: Option<Excess>,
    /// What is selected below, each with the type that it selects from.
    selected: Vec<(Option<&'a str>, &'a SelectionSet)>,
    /// The same as fields, made when they are needed, once for all objects of a type in a list; without a type, those of all.
    below: RefCell<HashMap<Option<String>, Rc<Fields<'a>>>>,
}

/// What the library tells of a schema, and no other does.
#[derive(Clone, Copy)]
enum Excess {
    /// It describes what a schema is.
    Description,
    /// It has interfaces among the objects that an interface can be.
    Interfaces,
}

impl Excess {
    fn of(parent: Option<&str>, name: &str) -> Option<Self> {
        match (parent?, name) {
            ("__Schema", "description") => Some(Self::Description),
            ("__Type", "possibleTypes") => Some(Self::Interfaces),
            _ => None,
        }
    }

    fn take_out(self, value: &mut Value) {
        match (self, value) {
            (Self::Description, value) => *value = Value::Null,
            (Self::Interfaces, Value::List(types)) => types.retain_mut(|of_type| match of_type {
                Value::Object(of_type) => of_type.swap_remove(KIND) != Some(Value::Enum(Name::new("INTERFACE"))),
                _ => true,
            }),
            _ => {}
        }
    }
}

struct Run<'a> {
    types: &'a Types,
    document: &'a ExecutableDocument,
    variables: &'a [(Name, bool)],
}

impl<'a> Run<'a> {
    /// Completes an object; null if a field is null that can't be.
    fn object(&self, fields: &Fields<'a>, mut values: IndexMap<Name, Value>, failed: Option<&Failed>) -> Value {
        let mut object = IndexMap::with_capacity(values.len());
        values.swap_remove(PRESENCE);
        for (&key, field) in fields {
            let failed = failed.and_then(|failed| failed.0.get(&Step::Key(key)));
            let value = match values.swap_remove(key) {
                Some(value) => self.value(field, field.of_type.map(|of_type| &of_type.base), value, failed),
                None if failed.is_some() => Value::Null,
                // Skipped, or in a fragment for another type.
                None => continue,
            };
            if value == Value::Null && failed.is_some() && field.of_type.is_some_and(|of_type| !of_type.nullable) {
                return Value::Null;
            }
            object.insert(Name::new(key), value);
        }
        object.extend(values);
        Value::Object(object)
    }

    /// Completes a value of a field, or of a list in it; `base` is its type.
    fn value(&self, field: &Field<'a>, base: Option<&BaseType>, mut value: Value, failed: Option<&Failed>) -> Value {
        if let Some(excess) = field.excess {
            excess.take_out(&mut value);
        }
        match (value, base) {
            (Value::Object(mut values), _) if !field.selected.is_empty() => {
                let object = match values.swap_remove(PRESENCE) {
                    Some(Value::String(object)) => Some(object),
                    _ => None,
                };
                self.object(&self.below(field, object), values, failed)
            }
            (Value::Null, Some(BaseType::Named(_))) if failed.is_some_and(|failed| !failed.0.is_empty()) => {
                self.object(&self.below(field, None), IndexMap::new(), failed)
            }
            (Value::List(values), Some(BaseType::List(of_type))) => {
                let mut list = Vec::with_capacity(values.len());
                for (index, value) in values.into_iter().enumerate() {
                    let failed = failed.and_then(|failed| failed.0.get(&Step::Index(index)));
                    let value = self.value(field, Some(&of_type.base), value, failed);
                    if value == Value::Null && failed.is_some() && !of_type.nullable {
                        return Value::Null;
                    }
                    list.push(value);
                }
                Value::List(list)
            }
            (Value::List(values), None) => {
                let values = values.into_iter().map(|value| self.value(field, None, value, None));
                Value::List(values.collect())
            }
            (value, _) => value,
        }
    }

    fn below(&self, field: &Field<'a>, object: Option<String>) -> Rc<Fields<'a>> {
        if let Some(known) = field.below.borrow().get(&object) {
            return Rc::clone(known);
        }
        let mut fields = Fields::new();
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
            // What is skipped has no place in the order.
            if is_there(selection.node.directives(), self.variables) == Some(false) {
                continue;
            }
            match &selection.node {
                Selection::Field(field) if is_hidden(&field.node) => {}
                Selection::Field(field) => {
                    let of_type = parent.and_then(|parent| self.types.selected(parent, &field.node.name.node));
                    let of_type = of_type.map(|field| &field.of_type);
                    let known = fields.entry(&field.node.response_key().node).or_insert(Field {
                        of_type,
                        excess: Excess::of(parent, &field.node.name.node),
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
