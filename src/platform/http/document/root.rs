//! The root fields of subscriptions and mutations.

use std::collections::{BTreeSet, HashMap};

use async_graphql::{
    Name, Pos, Positioned, ServerError,
    indexmap::IndexMap,
    parser::types::{
        Directive, ExecutableDocument, Field, FragmentDefinition, OperationDefinition, Selection, SelectionSet,
    },
};
use async_graphql_value::Value;

use super::{at, is_there};

type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

/// Checks that a subscription has one field: <https://spec.graphql.org/September2025/#sec-Single-Root-Field>.
///
/// # Errors
/// If there are several, or none of ours, or if it depends on a variable.
pub(super) fn check(fragments: &Fragments, operation: &OperationDefinition) -> Result<(), ServerError> {
    let mut found = Found::default();
    let set = &operation.selection_set.node;
    found.collect(fragments, set, &mut BTreeSet::new());
    if let Some(pos) = found.open {
        return Err(at(pos, "The root field of a subscription can't be skipped.".to_owned()));
    }
    let refuse = |pos: Pos| at(pos, "A subscription has exactly one root field.".to_owned());
    match found.fields.last() {
        None => Err(refuse(operation.selection_set.pos)),
        Some((_, last)) if found.fields.len() > 1 || last.node.name.node.starts_with("__") => Err(refuse(last.pos)),
        Some(_) => Ok(()),
    }
}

/// Merges root fields, and takes them out of fragments. The library would run a mutation as often as it is selected, and doesn't look
/// for the field of a subscription in fragments. Conditions must be written out.
pub(super) fn merge(fragments: &mut Fragments, operation: &mut OperationDefinition) {
    let mut found = Found::default();
    found.collect(fragments, &operation.selection_set.node, &mut BTreeSet::new());
    let fields = found.fields.into_values();
    let items = fields.map(|field| {
        let pos = field.pos;
        Positioned::new(Selection::Field(field), pos)
    });
    operation.selection_set.node.items = items.collect();
    // The library refuses fragments that nobody uses, as those are now that held nothing else.
    let mut used = BTreeSet::new();
    spreads(fragments, &operation.selection_set.node, &mut used);
    fragments.retain(|name, _| used.contains(name));
}

/// The fragments that are used in a selection, or in each other.
pub(super) fn spreads(fragments: &Fragments, set: &SelectionSet, used: &mut BTreeSet<Name>) {
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

/// Root fields, merged, by what they are called in the answer.
#[derive(Default)]
struct Found {
    fields: IndexMap<Name, Positioned<Field>>,
    /// Where something depends on a variable.
    open: Option<Pos>,
}

impl Found {
    fn collect<'a>(&mut self, fragments: &'a Fragments, set: &'a SelectionSet, visited: &mut BTreeSet<&'a str>) {
        for selection in &set.items {
            match is_there(selection.node.directives(), &[]) {
                Some(true) => {}
                Some(false) => continue,
                None => self.open = Some(selection.pos),
            }
            match &selection.node {
                Selection::Field(field) => self.add(field),
                Selection::InlineFragment(inline) => self.collect(fragments, &inline.node.selection_set.node, visited),
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if let Some(fragment) = fragments.get(name)
                        && visited.insert(name)
                    {
                        self.collect(fragments, &fragment.node.selection_set.node, visited);
                    }
                }
            }
        }
    }

    fn add(&mut self, field: &Positioned<Field>) {
        let more = &field.node.selection_set.node.items;
        match self.fields.get_mut(&field.node.response_key().node) {
            Some(known) => known.node.selection_set.node.items.extend(more.iter().cloned()),
            None => {
                let mut first = field.clone();
                first.node.directives.clear();
                self.fields.insert(field.node.response_key().node.clone(), first);
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
