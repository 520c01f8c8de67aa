//! PostgreSQL plans each statement once per connection, not for each set of values.

use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement, TransactionTrait};
use sojourn::{demo, platform::db::Db};

use super::full::Full;
use crate::support::{World, is_production};

/// How often a connection runs each statement. PostgreSQL decides at the sixth whether it goes on planning it.
const TIMES: i64 = 20;

/// Runs a statement on one connection again and again; `(general, special)` plans that it took.
async fn plans(txn: &DatabaseTransaction, statement: &Statement) -> (i64, i64) {
    for _ in 0..TIMES {
        // Repeated writes may be refused: they have been planned by then.
        let attempt = txn.begin().await.unwrap();
        let _ = attempt.query_all_raw(statement.clone()).await;
        attempt.rollback().await.unwrap();
    }
    let known = Statement::from_sql_and_values(
        statement.db_backend,
        "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = $1",
        [statement.sql.clone().into()],
    );
    let row = txn.query_one_raw(known).await.unwrap();
    let row = row.unwrap_or_else(|| panic!("not prepared: {}", statement.sql));
    let number = |column| row.try_get("", column).unwrap();
    (number("generic_plans"), number("custom_plans"))
}

/// Whether a reader sends it.
fn is_read(statement: &Statement) -> bool {
    statement.sql.starts_with("SELECT") && !statement.sql.contains(" FOR ") && !statement.sql.contains("_lock")
}

/// Checks statements on one connection of each pool.
async fn check(db: &Db, statements: &[Statement]) {
    let (read, write): (Vec<_>, Vec<_>) = statements.iter().partition(|statement| is_read(statement));
    for (pool, statements) in [(db.system(), read), (db.primary(), write)] {
        let txn = pool.begin().await.unwrap();
        for statement in statements {
            let (general, special) = plans(&txn, statement).await;
            assert!(general >= TIMES, "{general}: {}", statement.sql);
            assert_eq!(special, 0, "{}", statement.sql);
        }
        txn.rollback().await.unwrap();
    }
}

/// Each text once.
fn distinct(mut statements: Vec<Statement>) -> Vec<Statement> {
    let mut texts = std::collections::HashSet::new();
    statements.retain(|statement| texts.insert(statement.sql.clone()));
    statements
}

#[tokio::test]
async fn postgres_plans_what_lists_read_once_per_connection() {
    if !is_production() {
        return;
    }
    let full = Full::new().await;
    let statements = full.statements().await;
    assert!(statements.len() > 80, "{}", statements.len());
    check(full.db(), &statements).await;
}

#[tokio::test]
async fn postgres_plans_what_a_whole_project_writes_once_per_connection() {
    if !is_production() {
        return;
    }
    let world = World::new().await;
    let db = &world.app().db;
    let _ = db.recorded();
    demo::prepare(world.app(), world.folder(), false).await.unwrap();
    let statements = distinct(db.recorded());
    let writes = statements.iter().filter(|statement| !is_read(statement)).count();
    assert!(writes > 40, "{writes} of {}", statements.len());
    check(db, &statements).await;
}
