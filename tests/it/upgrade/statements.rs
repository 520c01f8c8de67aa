//! What a release sends is understood by the schema of the next one, for as long as both serve.

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;
use sojourn::demo;

use crate::support::World;

/// Every statement, once, that this release sends to make the demo, to sign its people in, and to show it to them.
async fn sent() -> Vec<Statement> {
    let world = World::new().await;
    let _ = world.app().db.recorded();
    let accounts = demo::prepare(world.app(), world.folder(), false).await.unwrap();
    for account in &accounts {
        let (_, token) = world.sign_in(&account.login, &account.password).await;
        let page = "query($id: ID!) { viewer { account { login } memberships { nodes { space { title } } } notifications { nodes { kind } } }
            space(id: $id) { title eventCursor phases { kind } organisations { nodes { name } }
            members { nodes { displayName account { login } } } moderationQueue { nodes { id } } auditLog { nodes { act } }
            threads { nodes { title unreadCount comments { nodes { body replyTo { body } } } revisions { nodes { version } } } }
            journalEntries { nodes { title answers { question body } attachments { caption } } }
            media { nodes { caption file { status url } } } albums { nodes { items { caption } } }
            reviewRounds { nodes { title reviews { nodes { state } } } } } }";
        let answer = world.send(Some(&token), page, json!({ "id": account.space })).await;
        assert!(answer.get("errors").is_none(), "{answer}");
    }
    let (mut statements, mut texts) = (world.app().db.recorded(), BTreeSet::new());
    statements.retain(|statement| texts.insert(statement.sql.clone()));
    statements
}

/// What the next schema, with this change to it, doesn't understand of these. Each time a database of its own: what SQLite has prepared to
/// be explained still stands on tables that are gone once they have changed.
async fn not_understood(change: &str, statements: &[Statement]) -> Vec<String> {
    let next = World::with_flags(&["--test-migrations=expand,backfill,index,contract"]).await;
    let db = &next.app().db;
    db.migrate().await.unwrap();
    db.primary().execute_unprepared(change).await.unwrap();
    let mut refused = Vec::new();
    for statement in statements {
        let verb = statement.sql.split_whitespace().next().unwrap_or_default();
        if !["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].contains(&verb) {
            continue;
        }
        let mut plan = statement.clone();
        plan.sql = format!("EXPLAIN {}", statement.sql);
        if let Err(error) = db.primary().query_all_raw(plan).await {
            refused.push(format!("{}\n{error}", statement.sql));
        }
    }
    refused
}

#[tokio::test]
async fn the_next_schema_understands_all_that_this_release_sends() {
    let statements = sent().await;
    assert!(statements.len() > 150, "{} statements", statements.len());
    let refused = not_understood("SELECT 1", &statements).await;
    assert!(refused.is_empty(), "{}", refused.join("\n\n"));
    // A floor that is too low would let this release serve on a schema that lacks something.
    let lacking = "ALTER TABLE phase DROP COLUMN closed_at";
    assert!(!not_understood(lacking, &statements).await.is_empty());
}
