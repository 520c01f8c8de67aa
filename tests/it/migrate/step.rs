//! One migration: all of it or nothing, for as long as it takes, and out of everybody's way.

use sea_orm::{ConnectionTrait, TransactionTrait};

use super::{PATIENCE, Place, close, database, expand, known, made, names, texts, words};
use crate::support::{eventually, is_long, is_production};

const COLUMN: &str = "ALTER TABLE organisation ADD COLUMN test_note text NULL";

#[tokio::test]
async fn all_migrations_are_made_once_and_their_names_kept() {
    let place = Place::new().await;
    let db = place.release(&[]).await;
    db.migrate().await.unwrap();
    let first = (names(&db).await, made(&db).await);
    let all: Vec<_> = migration::all(database())
        .iter()
        .map(|migration| migration.name)
        .collect();
    assert_eq!(first.1, all);
    db.migrate().await.unwrap();
    assert_eq!((names(&db).await, made(&db).await), first);
}

#[tokio::test]
async fn a_migration_that_fails_half_way_leaves_nothing_and_can_be_repeated() {
    let place = Place::migrated().await;
    let list = [
        expand("test_good", "CREATE TABLE test_good (n integer)"),
        expand(
            "test_half",
            "CREATE TABLE test_half (n integer); ALTER TABLE space ADD COLUMN test_half text; INSERT INTO test_half SELECT n FROM \
             test_marker",
        ),
        expand("test_last", "CREATE TABLE test_last (n integer)"),
    ];
    let db = place.release(&list).await;
    for _ in 0..2 {
        let said = words(db.migrate().await);
        assert!(said.contains("test_half") && said.contains("test_marker"), "{said}");
        // What came before it stays.
        let names = names(&db).await;
        let tests: Vec<_> = names.iter().filter(|name| name.starts_with("test_")).collect();
        assert_eq!(tests, ["test_good"]);
        assert_eq!(made(&db).await.len(), known() + 1);
        let space = "SELECT COUNT(test_half) AS text FROM space";
        assert!(db.primary().execute_unprepared(space).await.is_err());
    }
    let marker = "CREATE TABLE test_marker (n integer)";
    db.primary().execute_unprepared(marker).await.unwrap();
    db.migrate().await.unwrap();
    assert_eq!(made(&db).await.len(), known() + 3);
    assert!(names(&db).await.contains(&"test_half".to_owned()));
}

#[tokio::test]
async fn a_statement_of_a_migration_may_take_longer_than_one_of_a_request() {
    let place = Place::migrated().await;
    let seconds = if is_long() { 12 } else { 1 };
    let sql = if is_production() {
        format!(
            "CREATE TABLE test_limit AS SELECT name || '=' || setting AS text FROM pg_settings
             WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout');
             SELECT pg_sleep({seconds})"
        )
    } else {
        format!(
            "CREATE TABLE test_limit AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {seconds}000000) \
             SELECT 'rows=' || COUNT(*) AS text FROM n"
        )
    };
    let db = place.release(&[expand("test_limit", &sql)]).await;
    db.migrate().await.unwrap();
    let limits = texts(db.primary(), "SELECT text FROM test_limit ORDER BY text").await;
    if is_production() {
        assert_eq!(
            limits,
            [
                "idle_in_transaction_session_timeout=0",
                "lock_timeout=2000",
                "statement_timeout=0"
            ]
        );
    } else {
        assert_eq!(limits, [format!("rows={seconds}000000")]);
    }
}

#[tokio::test]
async fn a_migration_steps_back_from_a_lock_so_that_writers_go_on() {
    if !is_production() {
        return;
    }
    let place = Place::migrated().await;
    let (old, watch) = (place.connect().await, place.connect().await);
    let open = old.begin().await.unwrap();
    open.execute_unprepared("SELECT * FROM organisation").await.unwrap();
    let db = place.release(&[expand("test_column", COLUMN)]).await;
    let migrating = tokio::spawn({
        let db = db.clone();
        async move { db.migrate().await }
    });
    let waits = async || {
        let sql = "SELECT pid::text AS text FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'ALTER TABLE organisation%'";
        !texts(&watch, sql).await.is_empty()
    };
    for number in 0..2 {
        eventually(PATIENCE, "it waits for the lock", &waits).await;
        // A request of the server, which stands behind it.
        let row = format!(
            "INSERT INTO organisation (id, kind, name, name_key, city, country, time_zone, created_at)
             VALUES ('00000000-0000-7000-8000-00000000000{number}', 'SCHOOL', 'A', 'a', 'B', 'FR', 'UTC', now())"
        );
        db.primary().execute_unprepared(&row).await.unwrap();
        eventually(PATIENCE, "it steps back", async || !waits().await).await;
    }
    assert!(!migrating.is_finished());
    open.rollback().await.unwrap();
    migrating.await.unwrap().unwrap();
    assert!(made(&db).await.contains(&"test_column".to_owned()));
}

#[tokio::test]
async fn a_migration_waits_for_whoever_writes_to_the_file() {
    if is_production() {
        return;
    }
    let place = Place::migrated().await;
    let other = place.connect().await;
    other.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
    let db = place.release(&[expand("test_column", COLUMN)]).await;
    let migrating = tokio::spawn({
        let db = db.clone();
        async move { db.migrate().await }
    });
    // Longer than SQLite itself waits.
    tokio::time::sleep(std::time::Duration::from_secs(if is_long() { 8 } else { 1 })).await;
    assert!(!migrating.is_finished());
    other.execute_unprepared("COMMIT").await.unwrap();
    migrating.await.unwrap().unwrap();
    assert!(made(&db).await.contains(&"test_column".to_owned()));
}

#[tokio::test]
async fn a_table_that_is_made_anew_takes_no_rows_of_others_with_it_and_leaves_no_key_that_leads_nowhere() {
    if is_production() {
        return;
    }
    let place = Place::migrated().await;
    let tables = expand(
        "test_tables",
        "CREATE TABLE test_parent (id integer PRIMARY KEY);
         CREATE TABLE test_child (id integer PRIMARY KEY REFERENCES test_parent (id) ON DELETE CASCADE);
         INSERT INTO test_parent VALUES (1), (2); INSERT INTO test_child VALUES (1), (2)",
    );
    let anew = |filter: &str| {
        format!(
            "CREATE TABLE test_next (id integer PRIMARY KEY, note text); INSERT INTO test_next SELECT id, NULL FROM test_parent {filter};
             DROP TABLE test_parent; ALTER TABLE test_next RENAME TO test_parent"
        )
    };
    let db = place
        .release(&[tables.clone(), expand("test_anew", &anew("WHERE id = 1"))])
        .await;
    let said = words(db.migrate().await);
    assert!(said.contains("test_anew") && said.contains("test_child"), "{said}");
    close(db).await;
    let db = place.release(&[tables, expand("test_anew", &anew(""))]).await;
    db.migrate().await.unwrap();
    assert_eq!(
        texts(db.primary(), "SELECT id || '' AS text FROM test_child").await,
        ["1", "2"]
    );
}

#[tokio::test]
async fn several_nodes_migrate_at_once_and_each_change_is_made_once() {
    if !is_production() {
        return;
    }
    let place = Place::new().await;
    let mut list = vec![expand(
        "test_slow",
        "SELECT pg_sleep(1); CREATE TABLE test_slow (n integer)",
    )];
    list.push(super::index::indexes());
    let mut nodes = tokio::task::JoinSet::new();
    for _ in 0..5 {
        let db = place.release(&list).await;
        nodes.spawn(async move { db.migrate().await.map_err(super::sentence) });
    }
    let mut counts: Vec<_> = nodes.join_all().await.into_iter().map(Result::unwrap).collect();
    counts.sort_unstable();
    assert_eq!(counts, [0, 0, 0, 0, known() + 2]);
    let db = place.release(&list).await;
    db.check_schema().await.unwrap();
    assert_eq!(made(&db).await.len(), known() + 2);
    // Nobody holds the lock any more.
    let locks = "SELECT pid::text AS text FROM pg_locks WHERE locktype = 'advisory' AND database = \
        (SELECT oid FROM pg_database WHERE datname = current_database())";
    let free = async || texts(db.primary(), locks).await.is_empty();
    eventually(PATIENCE, "the lock is free", free).await;
}

#[tokio::test]
async fn a_database_with_tables_of_others_is_left_as_it_is() {
    let place = Place::new().await;
    let db = place.release(&[]).await;
    db.primary()
        .execute_unprepared("CREATE TABLE books (title text)")
        .await
        .unwrap();
    let before = names(&db).await;
    let said = super::words(db.migrate().await);
    assert!(said.contains("left as it is") && said.contains("(books, …)"), "{said}");
    assert_eq!(names(&db).await, before);
    db.primary().execute_unprepared("DROP TABLE books").await.unwrap();
    db.migrate().await.unwrap();
}

#[tokio::test]
async fn a_reset_leaves_nothing_of_the_schema() {
    let place = Place::new().await;
    let db = place.release(&[]).await;
    let empty = names(&db).await;
    db.migrate().await.unwrap();
    db.wipe().await.unwrap();
    assert_eq!(names(&db).await, empty);
    if is_production() {
        let functions = "SELECT proname::text AS text FROM pg_proc WHERE pronamespace = 'public'::regnamespace";
        assert_eq!(texts(db.primary(), functions).await, Vec::<String>::new());
    }
    db.migrate().await.unwrap();
    db.check_schema().await.unwrap();
}
