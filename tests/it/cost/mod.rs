//! What lists cost: statements, counted, and the plans by which the databases answer them.

mod bulk;
mod copy;
mod count;
mod full;
mod generic;
mod long;
mod plan;

use serde_json::Value;
use sojourn::platform::id::{self, Kind};
use uuid::Uuid;

use crate::support::{Person, World};

/// The data of an answer, and how many statements it took.
async fn cost(world: &World, who: &Person, query: &str, variables: Value) -> (Value, u64) {
    let answer = world.send(Some(&who.token), query, variables).await;
    assert!(answer.get("errors").is_none(), "{query}: {answer}");
    let statements = answer["extensions"]["stats"]["sql"].as_u64().unwrap();
    (answer["data"].clone(), statements)
}

/// The row behind a public id.
fn row_id(public: &str) -> Uuid {
    id::decode(public).unwrap().1
}

/// The public id of a row.
fn public(kind: Kind, id: Uuid) -> String {
    id::encode(kind, id).0
}
