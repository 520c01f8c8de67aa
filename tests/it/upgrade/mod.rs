//! From one release to the next: what earlier ones have left is brought up to date with all that is in it, and nodes of two releases
//! serve side by side, forward and back.
//!
//! The next release is this program with migrations that are for tests alone, see [`migration::test_releases`].

mod dumps;
mod file;
mod load;
mod nodes;
mod process;
mod schema;
mod statements;

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

use crate::support::{is_long, is_production};

/// The migration that takes its time.
fn slow() -> &'static str {
    if is_long() { "slow=15" } else { "slow=2" }
}

/// The column `text` of a query.
async fn texts(database: &DatabaseConnection, sql: &str) -> Vec<String> {
    let statement = Statement::from_string(database.get_database_backend(), sql);
    let rows = database.query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| row.try_get("", "text").unwrap()).collect()
}

/// Tables with the columns that migrations for tests add to them, and tables that they make.
fn parts() -> &'static str {
    if is_production() {
        "SELECT table_name || '.' || column_name AS text FROM information_schema.columns
            WHERE table_schema = 'public' AND column_name IN ('test_note', 'test_half')
            UNION ALL SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename IN ('test_note', 'test_slow', 'test_half')"
    } else {
        "SELECT m.name || '.' || c.name AS text FROM sqlite_master m JOIN pragma_table_info(m.name) c
            WHERE m.type = 'table' AND c.name IN ('test_note', 'test_half')
            UNION ALL SELECT name FROM sqlite_master WHERE name IN ('test_note', 'test_slow', 'test_half')"
    }
}

/// Which migrations for tests were made; of those that expand, the last. Each was made as a whole: nothing is there of the others.
async fn made(database: &DatabaseConnection) -> Vec<String> {
    let sql = "SELECT version AS text FROM seaql_migrations WHERE version LIKE 'test%'";
    let mut all = texts(database, sql).await;
    let mut expected = BTreeSet::new();
    for name in &all {
        match name.as_str() {
            "test_expand_note" => expected.extend(["test_note".to_owned()]),
            "test_half" => expected.extend(["test_half".to_owned(), "space.test_half".to_owned()]),
            "test_slow" => expected.extend(["test_slow".to_owned()]),
            name => expected.extend((name.strip_prefix("test_expand_")).map(|table| format!("{table}.test_note"))),
        }
    }
    if all.iter().any(|name| name == "test_contract") {
        assert!(expected.remove("test_note") && expected.remove("space.test_note"));
    }
    let found = texts(database, parts()).await;
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected, "{all:?}");
    all.retain(|name| !name.starts_with("test_expand_") || name == "test_expand_note");
    all
}

/// How many migrations a release knows that has these further ones.
fn known(database: migration::Database, further: &[&str]) -> usize {
    let known = migration::all(database).len();
    let names: Vec<_> = further.iter().map(|&name| name.to_owned()).collect();
    known
        + migration::test_releases::further(database, known, &names)
            .unwrap()
            .len()
}
