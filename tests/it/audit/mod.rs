//! The audit trail: what it keeps, who reads it, and that nobody changes it unnoticed.

mod acts;
mod chain;

use entity::audit_record;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Person, World, inner};

/// The records of a chain, oldest first.
async fn records(world: &World, chain: Uuid) -> Vec<audit_record::Model> {
    let records = audit_record::Entity::find()
        .filter(audit_record::Column::ChainId.eq(chain))
        .order_by_asc(audit_record::Column::Seq);
    records.all(world.app().db.primary()).await.unwrap()
}

/// The trail of a space as somebody reads it, newest first.
async fn trail(world: &World, who: &Person, space: &str) -> Value {
    let query = "query($id: ID!) { space(id: $id) { auditLog(first: 100) { totalCount nodes { id seq occurredAt act \
        actor { id } subjectId before after hash previousHash } } } }";
    world.ask(who, query, json!({ "id": space })).await["space"]["auditLog"].clone()
}

/// `act subject before -> after by actor` of the records of a space from a place on, oldest first.
async fn since(world: &World, who: &Person, space: &str, place: usize) -> Vec<String> {
    let list = trail(world, who, space).await;
    let mut nodes = list["nodes"].as_array().unwrap().clone();
    nodes.reverse();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let line = |node: &Value| {
        let of = |name: &str| text(&node[name]);
        format!("{} {} {} > {}", of("act"), of("subjectId"), of("before"), of("after"))
    };
    nodes.iter().skip(place).map(line).collect()
}

/// How many records a space has.
async fn length(world: &World, space: &str) -> usize {
    records(world, inner(space)).await.len()
}
