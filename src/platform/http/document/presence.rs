//! Keeps objects apart of which nothing was selected from those that aren't there.
//!
//! The library answers null for an object whose selection comes out empty, because all of it was skipped or is for other types, and when
//! the same field is selected twice, it forgets what comes after a null. So where that can happen, selections get one more field, which
//! can't fail. [`complete`](super::super::complete) takes it out again.

use std::collections::{HashMap, HashSet};

use async_graphql::{
    Name, Pos, Positioned,
    parser::types::{ExecutableDocument, Field, OperationType, Selection, SelectionSet},
};

use super::operations_mut;

/// What the field is called in answers: nothing, as no field of a document can be.
pub(in super::super) const PRESENCE: &str = "";

/// Whether this is the field that only says that an object is there.
pub(in super::super) fn is_presence(field: &Field) -> bool {
    field.alias.as_ref().is_some_and(|alias| alias.node == PRESENCE)
}

/// Adds the field wherever a selection can come out empty, or is merged with another.
pub(super) fn add(document: &mut ExecutableDocument) {
    let mut found = Found {
        document,
        fields: HashSet::new(),
    };
    for (_, operation) in document.operations.iter() {
        found.merged(&[&operation.node.selection_set.node]);
    }
    let fields = found.fields;
    for operation in operations_mut(&mut document.operations) {
        let Positioned { pos, node } = &mut operation.node.selection_set;
        if operation.node.ty != OperationType::Subscription && !is_solid(node) {
            node.items.push(presence(*pos));
        }
        insert(node, &fields);
    }
    for fragment in document.fragments.values_mut() {
        insert(&mut fragment.node.selection_set.node, &fields);
    }
}

/// Whether something of it is there in any case, if only the error of a field.
fn is_solid(set: &SelectionSet) -> bool {
    set.items
        .iter()
        .any(|item| matches!(&item.node, Selection::Field(field) if field.node.directives.is_empty()))
}

struct Found<'a> {
    document: &'a ExecutableDocument,
    /// Where the fields stand that get one more.
    fields: HashSet<Pos>,
}

impl<'a> Found<'a> {
    /// Looks below sets that are merged. Written out, a document is small enough for it.
    fn merged(&mut self, sets: &[&'a SelectionSet]) {
        let mut fields = HashMap::new();
        for set in sets {
            self.collect(set, &mut fields);
        }
        for same in fields.into_values() {
            let sets: Vec<_> = same.iter().map(|field| &field.node.selection_set.node).collect();
            if same.len() > 1 || sets.iter().any(|set| !is_solid(set)) {
                self.fields.extend(same.iter().map(|field| field.pos));
            }
            self.merged(&sets);
        }
    }

    /// The fields with a selection, by what they are called in the answer.
    fn collect(&self, set: &'a SelectionSet, fields: &mut HashMap<&'a str, Vec<&'a Positioned<Field>>>) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) if field.node.selection_set.node.items.is_empty() => {}
                Selection::Field(field) => {
                    let key: &Name = &field.node.response_key().node;
                    fields.entry(key).or_default().push(field);
                }
                Selection::InlineFragment(inline) => self.collect(&inline.node.selection_set.node, fields),
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.document.fragments.get(&spread.node.fragment_name.node) {
                        self.collect(&fragment.node.selection_set.node, fields);
                    }
                }
            }
        }
    }
}

fn insert(set: &mut SelectionSet, fields: &HashSet<Pos>) {
    for selection in &mut set.items {
        match &mut selection.node {
            Selection::Field(field) => {
                let Positioned { pos, node } = &mut field.node.selection_set;
                insert(node, fields);
                if fields.contains(&field.pos) {
                    node.items.push(presence(*pos));
                }
            }
            Selection::InlineFragment(inline) => insert(&mut inline.node.selection_set.node, fields),
            Selection::FragmentSpread(_) => {}
        }
    }
}

fn presence(pos: Pos) -> Positioned<Selection> {
    let at = |name| Positioned::new(Name::new(name), pos);
    let field = Field {
        alias: Some(at(PRESENCE)),
        name: at("__typename"),
        arguments: Vec::new(),
        directives: Vec::new(),
        selection_set: Positioned::default(),
    };
    Positioned::new(Selection::Field(Positioned::new(field, pos)), pos)
}
