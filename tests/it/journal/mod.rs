//! Journal entries: who writes them, how drafts are kept, and how they are found.

mod answers;
mod group;
mod lists;
mod prompts;
mod week;
mod writing;

use serde_json::{Value, json};

use crate::support::{Person, World, ids};

/// Entries of a space as somebody sees them, newest first.
async fn entries(world: &World, who: &Person, space: &str, filter: &Value) -> Vec<String> {
    let query = "query($id: ID!, $filter: JournalEntryFilterInput) { space(id: $id) { \
        journalEntries(filter: $filter, first: 100) { totalCount nodes { id } } } }";
    let data = world.ask(who, query, json!({ "id": space, "filter": filter })).await;
    let found = &data["space"]["journalEntries"];
    assert_eq!(found["totalCount"], json!(ids(found).len()), "{filter}");
    ids(found)
}
