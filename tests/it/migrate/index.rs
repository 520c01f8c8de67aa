//! Indexes that are built while everybody writes.

use std::process::Stdio;

use migration::{Change, Index, Migration};
use sea_orm::{ConnectionTrait, TransactionTrait};

use super::{PATIENCE, Place, expand, known, made, names, texts, words};
use crate::support::{eventually, is_production};

/// A migration that changes indexes.
pub fn indexes() -> Migration {
    let index = |name, on| Index::Build {
        name,
        is_unique: false,
        on,
    };
    let indexes = vec![
        index("ix_test_city", "organisation (city, id)"),
        index("ix_test_country", "organisation (country) WHERE country <> 'FR'"),
        Index::Drop {
            name: "ix_organisation_name",
        },
    ];
    Migration::new("test_indexes", known(), Change::Indexes(indexes))
}

/// The indexes of a name that can be used.
async fn valid(db: &sojourn::platform::db::Db, name: &str) -> Vec<String> {
    let sql = format!("SELECT indisvalid::text AS text FROM pg_index WHERE indexrelid = to_regclass('{name}')");
    texts(db.primary(), &sql).await
}

#[tokio::test]
async fn indexes_are_built_and_dropped() {
    let place = Place::migrated().await;
    let db = place.release(&[indexes()]).await;
    db.migrate().await.unwrap();
    let names = names(&db).await;
    let has = |name: &str| names.iter().any(|known| known == name);
    assert!(has("ix_test_city") && has("ix_test_country") && !has("ix_organisation_name"));
    assert!(made(&db).await.contains(&"test_indexes".to_owned()));
    db.migrate().await.unwrap();
}

#[tokio::test]
async fn writers_and_open_transactions_are_not_disturbed_by_an_index() {
    if !is_production() {
        return;
    }
    let place = Place::migrated().await;
    let (old, watch) = (place.connect().await, place.connect().await);
    let open = old.begin().await.unwrap();
    let row = |number: u8| {
        format!(
            "INSERT INTO organisation (id, kind, name, name_key, city, country, time_zone, created_at)
             VALUES ('00000000-0000-7000-8000-00000000000{number}', 'SCHOOL', 'A', 'a', 'B', 'FR', 'UTC', now())"
        )
    };
    open.execute_unprepared(&row(1)).await.unwrap();
    let db = place.release(&[indexes()]).await;
    let migrating = tokio::spawn({
        let db = db.clone();
        async move { db.migrate().await }
    });
    let waits = async || {
        let sql = "SELECT pid::text AS text FROM pg_stat_activity WHERE datname = current_database()
            AND wait_event_type = 'Lock' AND query LIKE 'CREATE INDEX CONCURRENTLY%'";
        texts(&watch, sql).await
    };
    eventually(PATIENCE, "it waits", async || !waits().await.is_empty()).await;
    let first = waits().await;
    for number in 2..5 {
        db.primary().execute_unprepared(&row(number)).await.unwrap();
    }
    // It waits on, however long that takes: it doesn't begin anew.
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(waits().await, first);
    open.commit().await.unwrap();
    migrating.await.unwrap().unwrap();
    assert_eq!(valid(&db, "ix_test_city").await, ["true"]);
}

#[tokio::test]
async fn an_index_whose_builder_was_killed_is_built_again() {
    if !is_production() {
        return;
    }
    let place = Place::migrated().await;
    let old = place.connect().await;
    let open = old.begin().await.unwrap();
    let lock = "LOCK TABLE contribution IN ROW EXCLUSIVE MODE";
    open.execute_unprepared(lock).await.unwrap();
    let mut builder = place
        .program(&["migrate", "--test-migrations=index"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut options = crate::support::config(&place.arguments);
    options.test_migrations = vec!["index".to_owned()];
    let db = place.open(options.database().unwrap()).await;
    let is_half_built = async || valid(&db, "ix_test_contribution").await == ["false"];
    eventually(PATIENCE, "the index is half built", is_half_built).await;
    builder.kill().unwrap();
    builder.wait().unwrap();
    let migrating = tokio::spawn({
        let db = db.clone();
        async move { db.migrate().await }
    });
    // Its connection, and its lock with it, goes though it waits for a transaction that stays open.
    let builders = async || {
        let sql = "SELECT pid::text AS text FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'CREATE INDEX%'";
        texts(db.primary(), sql).await
    };
    let dead = builders().await;
    eventually(PATIENCE, "the dead one is gone", async || builders().await != dead).await;
    assert_eq!(valid(&db, "ix_test_contribution").await, ["false"]);
    open.commit().await.unwrap();
    migrating.await.unwrap().unwrap();
    assert_eq!(valid(&db, "ix_test_contribution").await, ["true"]);
    assert_eq!(valid(&db, "uq_test_event").await, ["true"]);
    assert!(made(&db).await.contains(&"test_index".to_owned()));
}

#[tokio::test]
async fn a_unique_index_over_equal_rows_is_refused_and_leaves_nothing() {
    let place = Place::migrated().await;
    let rows = expand(
        "test_rows",
        "CREATE TABLE test_rows (n integer); INSERT INTO test_rows VALUES (1), (1)",
    );
    let unique = vec![Index::Build {
        name: "uq_test_rows",
        is_unique: true,
        on: "test_rows (n)",
    }];
    let list = [rows, Migration::new("test_unique", known(), Change::Indexes(unique))];
    let db = place.release(&list).await;
    let said = words(db.migrate().await);
    assert!(said.contains("test_unique"), "{said}");
    assert!(!names(&db).await.contains(&"uq_test_rows".to_owned()));
    assert!(!made(&db).await.contains(&"test_unique".to_owned()));
    db.primary().execute_unprepared("DELETE FROM test_rows").await.unwrap();
    db.migrate().await.unwrap();
    assert!(names(&db).await.contains(&"uq_test_rows".to_owned()));
}
