//! The tree that the library runs: one operation of a document, with the values of its variables put in.
//!
//! The library takes a variable that was not sent for null, where the specification leaves the argument or field out; and it refuses
//! `[ID!]!` where `[ID!]` is expected. With the values in place it has nothing to judge but values. A variable that may be null, and is,
//! stays where null may not be: to the library it has no value then, and only the field with it fails, as in the specification.

use std::collections::{BTreeMap, BTreeSet};

use async_graphql::{
    Name, Pos, Positioned, ServerError, Value as Constant, Variables,
    parser::types::{
        BaseType, DocumentOperations, ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet,
        Type, VariableDefinition,
    },
};
use async_graphql_value::Value;

use super::root;
use crate::platform::http::{
    answer::invalid,
    types::{Inputs, Kind, Types, named},
};

/// Values that variables may be put in as, the first use of each aside.
const VALUES: usize = 100_000;

/// What stands behind the name of a variable that is null where a value is needed.
const MISSING: char = ':';

/// What to say instead of what the library says, if that is that a variable is null where a value is needed:
/// `Variable id:0 is not defined.`
pub(in crate::platform::http) fn missing(message: &str) -> Option<String> {
    let name = message.strip_prefix("Variable ")?.strip_suffix(" is not defined.")?;
    Some(is_null(name.split_once(MISSING)?.0))
}

/// What to say of a variable that is null where a value is needed.
pub(in crate::platform::http) fn is_null(name: &str) -> String {
    format!("Variable \"${name}\" is null where a value is needed.")
}

/// The tree of an operation.
///
/// # Errors
/// Large variables are used too often, or a condition is null.
pub(super) fn tree(
    types: &Types,
    document: &ExecutableDocument,
    (name, operation): (Option<&Name>, &Positioned<OperationDefinition>),
    variables: &Variables,
) -> Result<ExecutableDocument, ServerError> {
    let mut used = BTreeSet::new();
    root::spreads(&document.fragments, &operation.node.selection_set.node, &mut used);
    let fragments = document.fragments.iter().filter(|(name, _)| used.contains(*name));
    let mut fragments = fragments
        .map(|(name, fragment)| (name.clone(), fragment.clone()))
        .collect();
    let mut operation = operation.clone();
    let mut definitions = operation.node.variable_definitions.drain(..);
    let mut put = Put {
        variables,
        seen: BTreeSet::new(),
        left: VALUES,
        types: definitions
            .any(|definition| variables.get(&definition.node.name.node) == Some(&Constant::Null))
            .then_some(types),
        missing: BTreeMap::new(),
        root: types.root(operation.node.ty),
        condition: None,
    };
    drop(definitions);
    put.set(put.root, &mut operation.node.selection_set.node);
    for fragment in std::collections::HashMap::values_mut(&mut fragments) {
        let on = fragment.node.type_condition.node.on.node.clone();
        put.set(Some(&on), &mut fragment.node.selection_set.node);
    }
    if let Some(name) = put.condition {
        return Err(invalid(is_null(&name)));
    }
    if put.left == 0 {
        return Err(invalid("Large variables are used too often in the document."));
    }
    operation.node.variable_definitions = put.missing.into_values().collect();
    if operation.node.ty != OperationType::Query {
        root::merge(&mut fragments, &mut operation.node);
    }
    let operations = match name {
        Some(name) => DocumentOperations::Multiple([(name.clone(), operation)].into()),
        None => DocumentOperations::Single(operation),
    };
    Ok(ExecutableDocument { operations, fragments })
}

/// Puts values in.
struct Put<'a> {
    variables: &'a Variables,
    /// Those that were put in already.
    seen: BTreeSet<Name>,
    left: usize,
    /// What is expected where, if a variable is null.
    types: Option<&'a Types>,
    /// The variables that are null where that may not be, by name and by the type that is expected.
    missing: BTreeMap<(Name, String), Positioned<VariableDefinition>>,
    /// The type of the operation.
    root: Option<&'a str>,
    /// One that is null as a condition of what is selected of it: to the library it would be false.
    condition: Option<Name>,
}

impl<'a> Put<'a> {
    fn set(&mut self, parent: Option<&str>, set: &mut SelectionSet) {
        for Positioned { node, .. } in &mut set.items {
            for Positioned { node, .. } in node.directives_mut() {
                for (_, value) in &node.arguments {
                    // Below a field, only the object fails that it is of: `complete` sees to that when it is there.
                    if let Value::Variable(name) = &value.node
                        && parent == self.root
                        && self.variables.get(name) == Some(&Constant::Null)
                    {
                        self.condition.get_or_insert_with(|| name.clone());
                    }
                }
                let expected = self.types.and_then(|types| types.directive(&node.name.node));
                self.arguments(&mut node.arguments, expected.map(|directive| &directive.arguments));
            }
            match node {
                Selection::Field(Positioned { node, .. }) => {
                    let known = self.types.zip(parent);
                    let known = known.and_then(|(types, parent)| types.selected(parent, &node.name.node));
                    self.arguments(&mut node.arguments, known.map(|field| &field.arguments));
                    let of_type = known.map(|field| named(&field.of_type));
                    self.set(of_type, &mut node.selection_set.node);
                }
                Selection::InlineFragment(Positioned { node, .. }) => {
                    let on = node
                        .type_condition
                        .as_ref()
                        .map(|condition| condition.node.on.node.clone());
                    self.set(on.as_deref().or(parent), &mut node.selection_set.node);
                }
                Selection::FragmentSpread(_) => {}
            }
        }
    }

    fn arguments(&mut self, arguments: &mut Vec<(Positioned<Name>, Positioned<Value>)>, known: Option<&'a Inputs>) {
        arguments.retain_mut(|(name, value)| {
            let expected = known.and_then(|known| known.get(name.node.as_str()));
            let is_there = self.value(&mut value.node, expected.map(|input| &input.of_type));
            // Here the library knows no null.
            is_there && !(name.node == "includeDeprecated" && value.node == Value::Null)
        });
    }

    /// Whether there is a value.
    fn value(&mut self, value: &mut Value, expected: Option<&'a Type>) -> bool {
        match value {
            Value::Variable(name) => {
                let Some(given) = self.variables.get(name) else {
                    return false;
                };
                if let Some(expected) = expected.filter(|expected| *given == Constant::Null && !expected.nullable) {
                    *name = self.missing(name, expected);
                    return true;
                }
                if !self.seen.insert(name.clone()) {
                    self.left = self.left.saturating_sub(weight(given));
                }
                *value = if self.left == 0 {
                    Value::Null
                } else {
                    given.clone().into_value()
                };
            }
            Value::List(values) => {
                let item = match expected.map(|expected| &expected.base) {
                    Some(BaseType::List(item)) => Some(&**item),
                    _ => None,
                };
                for value in values {
                    if !self.value(value, item) {
                        *value = Value::Null;
                    }
                }
            }
            Value::Object(fields) => {
                let kind = self.types.zip(expected);
                let known = match kind.and_then(|(types, expected)| types.kind(named(expected))) {
                    Some(Kind::Input(known)) => Some(known),
                    _ => None,
                };
                fields.retain(|name, value| {
                    let expected = known.and_then(|known| known.get(name.as_str()));
                    self.value(value, expected.map(|input| &input.of_type))
                });
            }
            _ => {}
        }
        true
    }

    /// The name of a variable without a value that may stand where a type is expected.
    fn missing(&mut self, name: &Name, expected: &Type) -> Name {
        let count = self.missing.len();
        let key = (name.clone(), expected.to_string());
        let known = self.missing.entry(key).or_insert_with(|| {
            let pos = Pos::default();
            let definition = VariableDefinition {
                name: Positioned::new(Name::new(format!("{name}{MISSING}{count}")), pos),
                var_type: Positioned::new(expected.clone(), pos),
                directives: Vec::new(),
                default_value: None,
            };
            Positioned::new(definition, pos)
        });
        known.node.name.node.clone()
    }
}

/// How many values are in a value, itself included.
fn weight(value: &Constant) -> usize {
    match value {
        Constant::List(values) => 1 + values.iter().map(weight).sum::<usize>(),
        Constant::Object(values) => 1 + values.values().map(weight).sum::<usize>(),
        _ => 1,
    }
}
