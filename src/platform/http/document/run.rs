//! The tree that the library runs: one operation of a document, with the values of its variables put in.
//!
//! The library takes a variable that was not sent for null, where the specification leaves the argument or field out; and it refuses
//! `[ID!]!` where `[ID!]` is expected. With the values in place it has nothing to judge but values.

use std::collections::BTreeSet;

use async_graphql::{
    Name, Positioned, ServerError, Value as Constant, Variables,
    parser::types::{
        Directive, DocumentOperations, ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet,
    },
};
use async_graphql_value::Value;

use super::root;
use crate::platform::http::answer::invalid;

/// Values that variables may be put in as, the first use of each aside.
const VALUES: usize = 100_000;

/// The tree of an operation.
///
/// # Errors
/// Large variables are used too often.
pub(super) fn tree(
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
    let mut put = Put {
        variables,
        seen: BTreeSet::new(),
        left: VALUES,
    };
    put.set(&mut operation.node.selection_set.node);
    for fragment in std::collections::HashMap::values_mut(&mut fragments) {
        put.set(&mut fragment.node.selection_set.node);
    }
    if put.left == 0 {
        return Err(invalid("Large variables are used too often in the document."));
    }
    operation.node.variable_definitions.clear();
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
}

impl Put<'_> {
    fn set(&mut self, set: &mut SelectionSet) {
        for Positioned { node, .. } in &mut set.items {
            self.directives(node.directives_mut());
            match node {
                Selection::Field(field) => {
                    self.arguments(&mut field.node.arguments);
                    self.set(&mut field.node.selection_set.node);
                }
                Selection::InlineFragment(inline) => self.set(&mut inline.node.selection_set.node),
                Selection::FragmentSpread(_) => {}
            }
        }
    }

    fn directives(&mut self, directives: &mut [Positioned<Directive>]) {
        directives
            .iter_mut()
            .for_each(|directive| self.arguments(&mut directive.node.arguments));
    }

    fn arguments(&mut self, arguments: &mut Vec<(Positioned<Name>, Positioned<Value>)>) {
        arguments.retain_mut(|(_, value)| self.value(&mut value.node));
    }

    /// Whether there is a value.
    fn value(&mut self, value: &mut Value) -> bool {
        match value {
            Value::Variable(name) => {
                let Some(given) = self.variables.get(name) else {
                    return false;
                };
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
                for value in values {
                    if !self.value(value) {
                        *value = Value::Null;
                    }
                }
            }
            Value::Object(fields) => fields.retain(|_, value| self.value(value)),
            _ => {}
        }
        true
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
