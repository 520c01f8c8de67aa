//! Whether a document fits the schema: <https://spec.graphql.org/September2025/#sec-Validation>, as graphql-js judges it.
//!
//! Each part of the document is visited once, whatever fragments spread it. What needs them written out is in [`merge`](super::merge).

use std::collections::{BTreeMap, BTreeSet, HashSet};

use async_graphql::{
    Name, Pos, Positioned, ServerError, Value as Constant,
    indexmap::IndexMap,
    parser::types::{
        BaseType, Directive, DirectiveLocation, ExecutableDocument, Field, OperationDefinition, OperationType,
        Selection, SelectionSet, Type, TypeCondition,
    },
};
use async_graphql_value::Value;

use super::{Document, at, merge};
use crate::platform::{
    http::types::{Inputs, Kind, Types, named},
    scalar,
};

/// Faults that are looked for; the rest are more of the same.
const FAULTS: usize = 50;
/// Lists of types inside each other that may be asked for.
const INTROSPECTION: usize = 3;
/// Letters of a name for which a better one is looked for.
const GUESSED: usize = 64;
/// Names for which a better one is looked for.
const GUESSES: usize = 5;

/// What is wrong with a document, or with its variables.
#[derive(Debug)]
pub(super) struct Fault {
    pub pos: Pos,
    /// For everybody: of names, only those that the client has written itself.
    pub message: String,
    /// What follows for those who may know the schema.
    pub hint: String,
}

impl Fault {
    pub(super) fn new(pos: Pos, message: String) -> Self {
        let hint = String::new();
        Self { pos, message, hint }
    }

    pub(super) fn told(mut self, may_introspect: bool) -> ServerError {
        if may_introspect {
            self.message.push_str(&self.hint);
        }
        at(self.pos, self.message)
    }
}

/// What is wrong with a document that is within the limits. Adds to `steps` what was looked at.
pub(super) fn validate(types: &Types, document: &Document, steps: &mut usize) -> Vec<Fault> {
    let Document { parsed, blocks, .. } = document;
    let document = parsed;
    let mut check = Check {
        types,
        document,
        faults: Vec::new(),
        scope: Scope::default(),
        steps: 0,
    };
    let mut fragments = BTreeMap::new();
    for (name, fragment) in &document.fragments {
        check.directives(&fragment.node.directives, DirectiveLocation::FragmentDefinition);
        let on = check.condition(&fragment.node.type_condition.node);
        check.set(on, &fragment.node.selection_set.node);
        fragments.insert(name.as_str(), (fragment.pos, std::mem::take(&mut check.scope)));
    }
    let mut used = BTreeSet::new();
    for (_, operation) in document.operations.iter() {
        check.operation(operation);
        let scope = std::mem::take(&mut check.scope);
        check.variables(&operation.node, &scope, &fragments, &mut used);
    }
    for (name, (pos, _)) in &fragments {
        if !used.contains(name) {
            check.fault(*pos, format!("Fragment \"{name}\" is not used."));
        }
    }
    // With unknown fields there is nothing to compare.
    if check.faults.is_empty() {
        let conflict = merge::conflict(types, document, blocks, &mut check.steps);
        check.faults.extend(conflict);
    }
    *steps += check.steps;
    check.faults
}

/// What an operation or a fragment uses.
#[derive(Default)]
struct Scope<'a> {
    uses: Vec<Use<'a>>,
    spreads: BTreeSet<&'a str>,
}

/// A variable at a place.
#[derive(Clone, Copy)]
struct Use<'a> {
    name: &'a str,
    place: Place<'a>,
}

/// Where a value stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    pos: Pos,
    /// None where nothing is expected.
    expected: Option<&'a Type>,
    has_default: bool,
}

impl<'a> Place<'a> {
    fn with(self, expected: Option<&'a Type>) -> Self {
        Self {
            expected,
            has_default: false,
            ..self
        }
    }
}

struct Check<'a> {
    types: &'a Types,
    document: &'a ExecutableDocument,
    faults: Vec<Fault>,
    /// Of what is visited.
    scope: Scope<'a>,
    steps: usize,
}

impl<'a> Check<'a> {
    fn fault(&mut self, pos: Pos, message: String) {
        self.hinted(pos, message, String::new());
    }

    fn hinted(&mut self, pos: Pos, message: String, hint: String) {
        if self.faults.len() < FAULTS {
            self.faults.push(Fault { pos, message, hint });
        }
    }

    fn operation(&mut self, operation: &'a Positioned<OperationDefinition>) {
        let Positioned { pos, node } = operation;
        let (location, kind) = match node.ty {
            OperationType::Query => (DirectiveLocation::Query, "queries"),
            OperationType::Mutation => (DirectiveLocation::Mutation, "mutations"),
            OperationType::Subscription => (DirectiveLocation::Subscription, "subscriptions"),
        };
        self.directives(&node.directives, location);
        let mut names = HashSet::new();
        for Positioned { pos, node: variable } in &node.variable_definitions {
            let name = &variable.name.node;
            if !names.insert(name) {
                self.fault(*pos, format!("There are several variables \"${name}\"."));
            }
            self.directives(&variable.directives, DirectiveLocation::VariableDefinition);
            let of_type = &variable.var_type.node;
            match self.types.kind(named(of_type)) {
                None => self.unknown_type(variable.var_type.pos, named(of_type)),
                Some(Kind::Composite(_)) => {
                    let message = format!("Variable \"${name}\" can't be of type \"{of_type}\".");
                    self.fault(variable.var_type.pos, message);
                }
                Some(_) => {
                    if let Some(Positioned { pos, node }) = &variable.default_value {
                        self.constant(&node.clone().into_value(), *pos, of_type);
                    }
                }
            }
        }
        let root = self.types.root(node.ty);
        if root.is_none() {
            self.fault(*pos, format!("There are no {kind} here."));
        }
        self.set(root, &node.selection_set.node);
    }

    /// Checks that variables are known, used, and where they may be.
    fn variables(
        &mut self,
        operation: &OperationDefinition,
        scope: &Scope<'a>,
        fragments: &BTreeMap<&'a str, (Pos, Scope<'a>)>,
        used: &mut BTreeSet<&'a str>,
    ) {
        let mut reached = BTreeSet::new();
        let mut scopes = vec![scope];
        let mut uses: BTreeMap<&str, Vec<Place>> = BTreeMap::new();
        while let Some(scope) = scopes.pop() {
            for Use { name, place } in &scope.uses {
                uses.entry(name).or_default().push(*place);
            }
            for name in &scope.spreads {
                if let Some((_, fragment)) = fragments.get(name)
                    && reached.insert(*name)
                {
                    scopes.push(fragment);
                }
            }
        }
        used.extend(reached);
        for Positioned { pos, node } in &operation.variable_definitions {
            let (name, of_type) = (&node.name.node, &node.var_type.node);
            let Some(places) = uses.remove(name.as_str()) else {
                self.fault(*pos, format!("Variable \"${name}\" is not used."));
                continue;
            };
            let has_value = node
                .default_value
                .as_ref()
                .is_some_and(|value| value.node != Constant::Null);
            self.steps += places.len();
            for place in places {
                if place
                    .expected
                    .is_some_and(|expected| !may_stand(of_type, has_value, expected, place.has_default))
                {
                    let expected = place.expected.map(ToString::to_string).unwrap_or_default();
                    let message = format!("Variable \"${name}\" of type \"{of_type}\" can't be used here.");
                    self.hinted(place.pos, message, format!(" Expected \"{expected}\"."));
                }
            }
        }
        for (name, places) in uses {
            for place in places {
                self.fault(place.pos, format!("Variable \"${name}\" is not defined."));
            }
        }
    }

    fn unknown_type(&mut self, pos: Pos, name: &str) {
        self.fault(pos, format!("Unknown type \"{name}\"."));
    }

    /// The type that a fragment is for, if there is such a one.
    fn condition(&mut self, condition: &'a TypeCondition) -> Option<&'a str> {
        let Positioned { pos, node: name } = &condition.on;
        match self.types.kind(name) {
            Some(Kind::Composite(_)) => Some(name),
            Some(_) => {
                self.fault(
                    *pos,
                    format!("A fragment can't be for \"{name}\", which has no fields."),
                );
                None
            }
            None => {
                self.unknown_type(*pos, name);
                None
            }
        }
    }

    /// Checks a selection from a type; without one, only what variables it uses.
    fn set(&mut self, parent: Option<&'a str>, set: &'a SelectionSet) {
        for Positioned { pos, node } in &set.items {
            self.steps += 1;
            match node {
                Selection::Field(field) => self.field(parent, field),
                Selection::InlineFragment(inline) => {
                    self.directives(&inline.node.directives, DirectiveLocation::InlineFragment);
                    let mut inner = parent;
                    if let Some(condition) = &inline.node.type_condition {
                        inner = self.condition(&condition.node);
                        self.overlap(*pos, parent, inner);
                    }
                    self.set(inner, &inline.node.selection_set.node);
                }
                Selection::FragmentSpread(spread) => {
                    self.directives(&spread.node.directives, DirectiveLocation::FragmentSpread);
                    let name = &spread.node.fragment_name;
                    self.scope.spreads.insert(&name.node);
                    match self.document.fragments.get(&name.node) {
                        Some(fragment) => {
                            let on = fragment.node.type_condition.node.on.node.as_str();
                            self.overlap(*pos, parent, self.types.composite(on).map(|_| on));
                        }
                        None => self.fault(name.pos, format!("Unknown fragment \"{}\".", name.node)),
                    }
                }
            }
        }
    }

    fn overlap(&mut self, pos: Pos, parent: Option<&str>, inner: Option<&str>) {
        if let (Some(parent), Some(inner)) = (parent, inner)
            && !self.types.overlap(parent, inner)
        {
            let message = format!("A fragment for \"{inner}\" never applies here.");
            self.hinted(pos, message, format!(" This is \"{parent}\"."));
        }
    }

    fn field(&mut self, parent: Option<&'a str>, field: &'a Positioned<Field>) {
        let Positioned { pos, node } = field;
        let name = node.name.node.as_str();
        let types = self.types;
        self.directives(&node.directives, DirectiveLocation::Field);
        let set = &node.selection_set.node;
        let Some(known) = parent.and_then(|parent| types.selected(parent, name)) else {
            if let Some(parent) = parent {
                let guess = self.guess(name, types.fields(parent));
                let hint = format!(" \"{parent}\" has none of this name.{guess}");
                self.hinted(*pos, format!("Unknown field \"{name}\"."), hint);
            }
            self.arguments(*pos, &node.arguments, None);
            self.set(None, set);
            return;
        };
        let of_type = named(&known.of_type);
        let composite = types.composite(of_type).map(|_| of_type);
        self.arguments(*pos, &node.arguments, Some(&known.arguments));
        match (composite, set.items.is_empty()) {
            (None, false) => self.fault(*pos, format!("Field \"{name}\" has no fields to select.")),
            (Some(_), true) => self.fault(*pos, format!("Field \"{name}\" needs a selection of fields.")),
            _ => {}
        }
        if matches!(name, "__schema" | "__type") && lists(self.document, set, 0) {
            self.fault(
                *pos,
                format!("At most {} lists of types inside each other.", INTROSPECTION - 1),
            );
        }
        self.set(composite, set);
    }

    fn directives(&mut self, directives: &'a [Positioned<Directive>], location: DirectiveLocation) {
        let mut names = HashSet::new();
        for Positioned { pos, node } in directives {
            let name = node.name.node.as_str();
            let Some(known) = self.types.directive(name) else {
                self.fault(*pos, format!("Unknown directive \"@{name}\"."));
                self.arguments(*pos, &node.arguments, None);
                continue;
            };
            if !known.locations.contains(&location) {
                self.fault(*pos, format!("Directive \"@{name}\" can't be used here."));
            }
            if !names.insert(name) && !known.is_repeatable {
                self.fault(*pos, format!("Directive \"@{name}\" is given twice."));
            }
            self.arguments(*pos, &node.arguments, Some(&known.arguments));
        }
    }

    /// Checks the arguments of a field or directive; if it isn't known, only what variables they use.
    fn arguments(
        &mut self,
        pos: Pos,
        given: &'a [(Positioned<Name>, Positioned<Value>)],
        expected: Option<&'a Inputs>,
    ) {
        let mut names = HashSet::new();
        for (name, value) in given {
            let Positioned { pos, node: name } = name;
            if !names.insert(name.as_str()) {
                self.fault(*pos, format!("There are several arguments \"{name}\"."));
            }
            let known = expected.and_then(|expected| expected.get(name.as_str()));
            if let (Some(expected), None) = (expected, known) {
                let hint = self.guess(name, expected.keys().map(String::as_str));
                self.hinted(*pos, format!("Unknown argument \"{name}\"."), hint);
            }
            let place = Place {
                pos: value.pos,
                expected: known.map(|known| &known.of_type),
                has_default: known.is_some_and(|known| known.has_default),
            };
            self.value(&value.node, place);
        }
        for (name, known) in expected.into_iter().flatten() {
            if known.is_required() && !names.contains(name.as_str()) {
                let hint = format!(" It is \"{name}\" of type \"{}\".", known.of_type);
                self.hinted(pos, "An argument is missing.".to_owned(), hint);
            }
        }
    }

    /// Checks a value, and notes the variables in it.
    fn value(&mut self, value: &'a Value, place: Place<'a>) {
        let mut uses = std::mem::take(&mut self.scope.uses);
        self.literal(value, place, &mut uses);
        self.scope.uses = uses;
    }

    /// Checks the default of a variable.
    fn constant(&mut self, value: &Value, pos: Pos, of_type: &Type) {
        let place = Place {
            pos,
            expected: Some(of_type),
            has_default: false,
        };
        self.literal(value, place, &mut Vec::new());
    }

    fn literal<'v>(&mut self, value: &'v Value, place: Place<'v>, uses: &mut Vec<Use<'v>>)
    where
        'a: 'v,
    {
        self.steps += 1;
        let expected = place.expected;
        match (value, expected.map(|expected| &expected.base)) {
            (Value::Variable(name), _) => uses.push(Use { name, place }),
            (Value::Null, _) => {
                if expected.is_some_and(|expected| !expected.nullable) {
                    self.unexpected(place, "null");
                }
            }
            (Value::List(values), base) => {
                let item = match base {
                    Some(BaseType::List(item)) => Some(&**item),
                    Some(BaseType::Named(name)) => {
                        if !takes_all(self.types, name) {
                            self.unexpected(place, "a list");
                        }
                        None
                    }
                    None => None,
                };
                values
                    .iter()
                    .for_each(|value| self.literal(value, place.with(item), uses));
            }
            (Value::Object(fields), _) => {
                let name = expected.map(named).unwrap_or_default();
                if let Some(Kind::Input(inputs)) = self.types.kind(name) {
                    self.object(fields, inputs, place, uses);
                    return;
                }
                if expected.is_some() && !takes_all(self.types, name) {
                    self.unexpected(place, "an object");
                }
                fields
                    .values()
                    .for_each(|value| self.literal(value, place.with(None), uses));
            }
            (value, Some(_)) => {
                let name = expected.map(named).unwrap_or_default();
                if !is_leaf(self.types, name, value) {
                    self.unexpected(place, what(value));
                }
            }
            (_, None) => {}
        }
    }

    fn object<'v>(
        &mut self,
        fields: &'v IndexMap<Name, Value>,
        inputs: &'v Inputs,
        place: Place<'v>,
        uses: &mut Vec<Use<'v>>,
    ) where
        'a: 'v,
    {
        for (name, value) in fields {
            let known = inputs.get(name.as_str());
            if known.is_none() {
                let hint = self.guess(name, inputs.keys().map(String::as_str));
                self.hinted(place.pos, format!("Unknown field \"{name}\" of an input object."), hint);
            }
            let place = Place {
                has_default: known.is_some_and(|known| known.has_default),
                ..place.with(known.map(|known| &known.of_type))
            };
            self.literal(value, place, uses);
        }
        for (name, known) in inputs {
            if known.is_required() && !fields.contains_key(name.as_str()) {
                let hint = format!(" It is \"{name}\" of type \"{}\".", known.of_type);
                self.hinted(place.pos, "A field of an input object is missing.".to_owned(), hint);
            }
        }
    }

    fn unexpected(&mut self, place: Place, found: &str) {
        let expected = place.expected.map(ToString::to_string).unwrap_or_default();
        self.hinted(
            place.pos,
            format!("Here can't be {found}."),
            format!(" Expected \"{expected}\"."),
        );
    }
    /// Names that may have been meant, for those who may know them.
    fn guess<'n>(&self, name: &str, known: impl Iterator<Item = &'n str>) -> String {
        if name.len() > GUESSED || self.faults.len() >= GUESSES {
            return String::new();
        }
        let most = name.len() * 2 / 5 + 1;
        let near = known.filter_map(|known| Some((distance(name, known, most)?, known)));
        let near: BTreeSet<_> = near.collect();
        let near: Vec<_> = near
            .into_iter()
            .take(3)
            .map(|(_, known)| format!("\"{known}\""))
            .collect();
        if near.is_empty() {
            return String::new();
        }
        format!(" Did you mean {}?", near.join(" or "))
    }
}

/// How many letters are to be changed to make one name of another, if no more than so many.
fn distance(one: &str, other: &str, most: usize) -> Option<usize> {
    if one.len().abs_diff(other.len()) > most {
        return None;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.bytes().enumerate() {
        let mut before = std::mem::replace(&mut row[0], line + 1);
        for (column, found) in other.bytes().enumerate() {
            let changed = before + usize::from(!letter.eq_ignore_ascii_case(&found));
            before = row[column + 1];
            row[column + 1] = changed.min(before + 1).min(row[column] + 1);
        }
    }
    row.last().copied().filter(|distance| *distance <= most)
}

/// Whether a variable of a type may stand where another is expected.
fn may_stand(of_type: &Type, has_value: bool, expected: &Type, has_default: bool) -> bool {
    let is_given = !of_type.nullable || expected.nullable || has_value || has_default;
    is_given && is_narrower(&of_type.base, &expected.base)
}

fn is_narrower(of_type: &BaseType, expected: &BaseType) -> bool {
    match (of_type, expected) {
        (BaseType::Named(name), BaseType::Named(expected)) => name == expected,
        (BaseType::List(item), BaseType::List(expected)) => {
            (!item.nullable || expected.nullable) && is_narrower(&item.base, &expected.base)
        }
        _ => false,
    }
}

/// Whether lists of types are asked for inside too many others.
fn lists(document: &ExecutableDocument, set: &SelectionSet, around: usize) -> bool {
    set.items.iter().any(|selection| match &selection.node {
        Selection::Field(field) => {
            let name = field.node.name.node.as_str();
            let is_list = matches!(name, "fields" | "interfaces" | "possibleTypes" | "inputFields");
            let around = around + usize::from(is_list);
            around >= INTROSPECTION || lists(document, &field.node.selection_set.node, around)
        }
        Selection::InlineFragment(inline) => lists(document, &inline.node.selection_set.node, around),
        Selection::FragmentSpread(spread) => {
            let fragment = document.fragments.get(&spread.node.fragment_name.node);
            fragment.is_some_and(|fragment| lists(document, &fragment.node.selection_set.node, around))
        }
    })
}

/// Whether a scalar takes whatever is written.
fn takes_all(types: &Types, name: &str) -> bool {
    !scalar::is_text(name)
        && !matches!(name, "Boolean" | "Float" | "ID" | "Int" | "String")
        && matches!(types.kind(name), None | Some(Kind::Scalar))
}

/// Whether a value that is no list and no object can be written for a type.
fn is_leaf(types: &Types, name: &str, value: &Value) -> bool {
    match (types.kind(name), value) {
        (Some(Kind::Enum(values)), Value::Enum(value)) => values.contains(value.as_str()),
        (Some(Kind::Enum(_) | Kind::Input(_) | Kind::Composite(_)), _) => false,
        (None | Some(Kind::Scalar), value) => match (name, value) {
            ("Int", Value::Number(number)) => number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
            ("Float", Value::Number(_)) | ("Boolean", Value::Boolean(_)) | ("ID" | "String", Value::String(_)) => true,
            ("ID", Value::Number(number)) => number.is_i64(),
            (name, Value::String(_)) if scalar::is_text(name) => true,
            (name, _) => takes_all(types, name),
        },
    }
}

/// What a value is called.
fn what(value: &Value) -> &'static str {
    match value {
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Boolean(_) => "true or false",
        Value::Enum(_) => "a value of an enum",
        _ => "this value",
    }
}
