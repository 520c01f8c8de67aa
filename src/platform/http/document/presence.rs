//! Keeps objects apart of which nothing was selected from those that aren't there.
//!
//! The library answers null for an object whose selection comes out empty, because all of it was skipped or is for other types, and when
//! the same field is selected twice, it forgets what comes after a null. So where that can happen, selections get one more field, which
//! can't fail. [`complete`](super::super::complete) takes it out again. It tells which fragments the object took, too, and so the order of
//! what is in them: it is added wherever that can differ.

use std::collections::{HashMap, HashSet};

use async_graphql::{
    Name, Pos, Positioned,
    parser::types::{ExecutableDocument, Field, OperationType, Selection, SelectionSet},
};

use super::operations_mut;
use crate::platform::http::types::{Types, named};

/// What the field is called in answers: nothing, as no field of a document can be.
pub(in super::super) const PRESENCE: &str = "";

/// What the kind of a type is called in answers, of which it is asked only which objects an interface or union can be: the library
/// tells of interfaces too.
pub(in super::super) const KIND: &str = " kind";

/// What the name of a type is called where its interfaces are asked for. Of interfaces the library tells none: they are found among those
/// of an object that the interface can be, which is asked for under [`implemented`].
pub(in super::super) const NAME: &str = " name";

/// What the interfaces of objects are called there.
pub(in super::super) const INTERFACES: &str = " interfaces";

/// What the objects are called that an interface can be, whose interfaces are called so.
pub(in super::super) fn implemented(key: &str) -> String {
    format!(" of {key}")
}

/// Whether a field is called so that no client asked for.
pub(in super::super) fn is_hidden(key: &str) -> bool {
    key == PRESENCE || key.starts_with(' ')
}

/// Adds the field wherever a selection can come out empty, or is merged with another.
pub(super) fn add(types: &Types, document: &mut ExecutableDocument) {
    let mut found = Found {
        types,
        document,
        fields: HashSet::new(),
    };
    for (_, operation) in document.operations.iter() {
        found.merged(&[(types.root(operation.node.ty), &operation.node.selection_set.node)]);
    }
    let fields = found.fields;
    for operation in operations_mut(&mut document.operations) {
        let Positioned { pos, node } = &mut operation.node.selection_set;
        if operation.node.ty != OperationType::Subscription && !is_solid(node) {
            node.items.push(hidden(*pos, PRESENCE, "__typename", Vec::new()));
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

/// A selection, and the type that it is made from.
type Part<'a> = (Option<&'a str>, &'a SelectionSet);

/// Fields with a selection, each with its type, by what they are called in the answer.
type Selected<'a> = HashMap<&'a str, Vec<(Option<&'a str>, &'a Positioned<Field>)>>;

struct Found<'a> {
    types: &'a Types,
    document: &'a ExecutableDocument,
    /// Where the fields stand that get one more.
    fields: HashSet<Pos>,
}

impl<'a> Found<'a> {
    /// Looks below sets that are merged. Written out, a document is small enough for it.
    fn merged(&mut self, parts: &[Part<'a>]) {
        let mut fields = Selected::new();
        for (parent, set) in parts {
            self.collect(*parent, set, &mut fields);
        }
        for same in fields.into_values() {
            let parts: Vec<Part> = same
                .iter()
                .map(|(of_type, field)| (*of_type, &field.node.selection_set.node))
                .collect();
            if same.len() > 1 || parts.iter().any(|part| !is_solid(part.1) || self.varies(*part)) {
                self.fields.extend(same.iter().map(|(_, field)| field.pos));
            }
            self.merged(&parts);
        }
    }

    /// Whether what is selected depends on which object it is.
    fn varies(&self, (of_type, set): Part) -> bool {
        let is_object = of_type.is_none_or(|of_type| self.types.composite(of_type).is_none_or(|of| of.is_object));
        !is_object && set.items.iter().any(|item| !matches!(item.node, Selection::Field(_)))
    }

    /// Adds the fields of a set.
    fn collect(&self, parent: Option<&'a str>, set: &'a SelectionSet, fields: &mut Selected<'a>) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) if field.node.selection_set.node.items.is_empty() => {}
                Selection::Field(field) => {
                    let key: &Name = &field.node.response_key().node;
                    let known = parent.and_then(|parent| self.types.selected(parent, &field.node.name.node));
                    let of_type = known.map(|known| named(&known.of_type));
                    fields.entry(key).or_default().push((of_type, field));
                }
                Selection::InlineFragment(inline) => {
                    let on = inline.node.type_condition.as_ref();
                    let parent = on.map(|on| on.node.on.node.as_str()).or(parent);
                    self.collect(parent, &inline.node.selection_set.node, fields);
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.document.fragments.get(&spread.node.fragment_name.node) {
                        let on = fragment.node.type_condition.node.on.node.as_str();
                        self.collect(Some(on), &fragment.node.selection_set.node, fields);
                    }
                }
            }
        }
    }
}

fn insert(set: &mut SelectionSet, fields: &HashSet<Pos>) {
    let mut more = Vec::new();
    for selection in &mut set.items {
        match &mut selection.node {
            Selection::Field(field) => {
                let Positioned { pos, node } = &mut field.node.selection_set;
                insert(node, fields);
                if fields.contains(&field.pos) {
                    node.items.push(hidden(*pos, PRESENCE, "__typename", Vec::new()));
                }
                if field.node.name.node == "possibleTypes" {
                    node.items.push(hidden(*pos, KIND, "kind", Vec::new()));
                }
                if field.node.name.node == "interfaces" {
                    let (pos, mut below) = (*pos, node.items.clone());
                    below.push(hidden(pos, NAME, "name", Vec::new()));
                    let interfaces = vec![hidden(pos, INTERFACES, "interfaces", below)];
                    let key = implemented(&field.node.response_key().node);
                    more.push(hidden(pos, &key, "possibleTypes", interfaces));
                    more.push(hidden(pos, NAME, "name", Vec::new()));
                }
            }
            Selection::InlineFragment(inline) => insert(&mut inline.node.selection_set.node, fields),
            Selection::FragmentSpread(_) => {}
        }
    }
    set.items.extend(more);
}

fn hidden(pos: Pos, alias: &str, name: &str, below: Vec<Positioned<Selection>>) -> Positioned<Selection> {
    let at = |name| Positioned::new(Name::new(name), pos);
    let field = Field {
        alias: Some(at(alias)),
        name: at(name),
        arguments: Vec::new(),
        directives: Vec::new(),
        selection_set: Positioned::new(SelectionSet { items: below }, pos),
    };
    Positioned::new(Selection::Field(Positioned::new(field, pos)), pos)
}
