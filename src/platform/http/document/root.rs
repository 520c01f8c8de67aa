//! The root field of a subscription.

use std::collections::{BTreeSet, HashMap};

use async_graphql::{
    Name, Pos, Positioned, ServerError,
    parser::types::{
        Directive, ExecutableDocument, Field, FragmentDefinition, OperationDefinition, OperationType, Selection,
        SelectionSet,
    },
};
use async_graphql_value::Value;

use super::{at, operations_mut};

type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

/// The one field that a subscription has: <https://spec.graphql.org/September2025/#sec-Single-Root-Field>.
///
/// # Errors
/// If there are several, or none of ours, or if it stands in a fragment that may be skipped.
pub(super) fn field<'a>(
    fragments: &'a Fragments,
    operation: &'a OperationDefinition,
) -> Result<&'a Positioned<Field>, ServerError> {
    let mut found = Vec::new();
    let set = &operation.selection_set.node;
    let conditional = collect(fragments, set, &mut BTreeSet::new(), &mut found);
    if let Some(pos) = conditional {
        return Err(at(pos, "The root field of a subscription can't be skipped.".to_owned()));
    }
    let refuse = |pos: Pos| at(pos, "A subscription has exactly one root field.".to_owned());
    match found.as_slice() {
        [only] if !only.node.name.node.starts_with("__") => Ok(only),
        [.., last] => Err(refuse(last.pos)),
        [] => Err(refuse(operation.selection_set.pos)),
    }
}

/// Takes the root fields of subscriptions out of fragments, where the library doesn't look for them.
pub(super) fn lift(document: &mut ExecutableDocument) {
    let ExecutableDocument { operations, fragments } = document;
    for operation in operations_mut(operations) {
        if operation.node.ty == OperationType::Subscription
            && let Ok(field) = field(fragments, &operation.node).cloned()
        {
            let pos = field.pos;
            operation.node.selection_set.node.items = vec![Positioned::new(Selection::Field(field), pos)];
        }
    }
    // The library refuses fragments that nobody uses, as those are now that held nothing else.
    let mut used = BTreeSet::new();
    for (_, operation) in document.operations.iter() {
        spreads(&document.fragments, &operation.node.selection_set.node, &mut used);
    }
    document.fragments.retain(|name, _| used.contains(name));
}

/// The fragments that are used in a selection, or in each other.
fn spreads(fragments: &Fragments, set: &SelectionSet, used: &mut BTreeSet<Name>) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => spreads(fragments, &field.node.selection_set.node, used),
            Selection::InlineFragment(inline) => spreads(fragments, &inline.node.selection_set.node, used),
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                if let Some(fragment) = fragments.get(name)
                    && used.insert(name.clone())
                {
                    spreads(fragments, &fragment.node.selection_set.node, used);
                }
            }
        }
    }
}

/// Collects root fields. Returns where one is in a fragment with a condition.
fn collect<'a>(
    fragments: &'a Fragments,
    set: &'a SelectionSet,
    visited: &mut BTreeSet<&'a str>,
    found: &mut Vec<&'a Positioned<Field>>,
) -> Option<Pos> {
    let mut conditional = None;
    for selection in &set.items {
        let inner = match &selection.node {
            Selection::Field(field) => {
                found.push(field);
                continue;
            }
            Selection::InlineFragment(inline) => &inline.node.selection_set.node,
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                match fragments.get(name) {
                    Some(fragment) if visited.insert(name) => &fragment.node.selection_set.node,
                    _ => continue,
                }
            }
        };
        let inside = collect(fragments, inner, visited, found);
        let own = (!selection.node.directives().is_empty()).then_some(selection.pos);
        conditional = conditional.or(own).or(inside);
    }
    conditional
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
