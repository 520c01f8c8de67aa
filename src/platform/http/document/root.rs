//! The root field of a subscription.

use std::collections::BTreeSet;

use async_graphql::{
    Name, Pos, Positioned, ServerError,
    parser::types::{Directive, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet},
};
use async_graphql_value::Value;

use super::at;

/// The one field that a subscription has: <https://spec.graphql.org/September2025/#sec-Single-Root-Field>.
///
/// # Errors
/// If there are several, or none of ours.
pub(super) fn field<'a>(
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
) -> Result<&'a Field, ServerError> {
    let mut found = Vec::new();
    collect(
        document,
        &operation.selection_set.node,
        &mut BTreeSet::new(),
        &mut found,
    );
    let refuse = |pos: Pos| at(pos, "A subscription has exactly one root field.".to_owned());
    match found.as_slice() {
        [only] if !only.node.name.node.starts_with("__") => Ok(&only.node),
        [.., last] => Err(refuse(last.pos)),
        [] => Err(refuse(operation.selection_set.pos)),
    }
}

fn collect<'a>(
    document: &'a ExecutableDocument,
    set: &'a SelectionSet,
    visited: &mut BTreeSet<&'a str>,
    found: &mut Vec<&'a Positioned<Field>>,
) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => found.push(field),
            Selection::InlineFragment(inline) => collect(document, &inline.node.selection_set.node, visited, found),
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                if let Some(fragment) = document.fragments.get(name)
                    && visited.insert(name)
                {
                    collect(document, &fragment.node.selection_set.node, visited, found);
                }
            }
        }
    }
}

/// The variables that are used anywhere but in the arguments of the root field, in order. Those of all fragments count.
pub(super) fn used_below<'a>(
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
) -> BTreeSet<&'a str> {
    let mut used = BTreeSet::new();
    directives(&operation.directives, &mut used);
    for fragment in document.fragments.values() {
        directives(&fragment.node.directives, &mut used);
        below(&fragment.node.selection_set.node, true, &mut used);
    }
    below(&operation.selection_set.node, false, &mut used);
    used
}

fn below<'a>(set: &'a SelectionSet, has_arguments: bool, used: &mut BTreeSet<&'a str>) {
    for selection in &set.items {
        directives(selection.node.directives(), used);
        match &selection.node {
            Selection::Field(field) => {
                if has_arguments {
                    field
                        .node
                        .arguments
                        .iter()
                        .for_each(|(_, given)| value(&given.node, used));
                }
                below(&field.node.selection_set.node, true, used);
            }
            Selection::InlineFragment(inline) => below(&inline.node.selection_set.node, has_arguments, used),
            Selection::FragmentSpread(_) => {}
        }
    }
}

fn directives<'a>(directives: &'a [Positioned<Directive>], used: &mut BTreeSet<&'a str>) {
    let arguments = directives.iter().flat_map(|directive| &directive.node.arguments);
    arguments.for_each(|(_, given): &(Positioned<Name>, _)| value(&given.node, used));
}

fn value<'a>(given: &'a Value, used: &mut BTreeSet<&'a str>) {
    match given {
        Value::Variable(name) => _ = used.insert(name),
        Value::List(values) => values.iter().for_each(|given| value(given, used)),
        Value::Object(fields) => fields.values().for_each(|given| value(given, used)),
        _ => {}
    }
}
