//! Writes down what an inline fragment is for, where it leaves that out: the library takes two that do for fragments of one type,
//! and refuses what it thinks can't be merged.

use async_graphql::{
    Name, Positioned,
    parser::types::{ExecutableDocument, Selection, SelectionSet, TypeCondition},
};

use super::operations_mut;
use crate::platform::http::types::{Types, named};

/// Adds the conditions.
pub(super) fn add(types: &Types, document: &mut ExecutableDocument) {
    for operation in operations_mut(&mut document.operations) {
        let root = types.root(operation.node.ty);
        set(types, root, &mut operation.node.selection_set.node);
    }
    for Positioned { node, .. } in document.fragments.values_mut() {
        let on = node.type_condition.node.on.node.clone();
        set(types, Some(&on), &mut node.selection_set.node);
    }
}

fn set(types: &Types, parent: Option<&str>, selections: &mut SelectionSet) {
    let Some(parent) = parent else { return };
    for Positioned { pos, node } in &mut selections.items {
        match node {
            Selection::Field(field) => {
                let of_type = types
                    .selected(parent, &field.node.name.node)
                    .map(|field| named(&field.of_type));
                set(types, of_type, &mut field.node.selection_set.node);
            }
            Selection::InlineFragment(inline) => {
                let condition = inline.node.type_condition.get_or_insert_with(|| {
                    let on = Positioned::new(Name::new(parent), *pos);
                    Positioned::new(TypeCondition { on }, *pos)
                });
                let on = condition.node.on.node.clone();
                set(types, Some(&on), &mut inline.node.selection_set.node);
            }
            Selection::FragmentSpread(_) => {}
        }
    }
}
