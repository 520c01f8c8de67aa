//! What a process finds when it starts, and says of it.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    time::Duration,
};

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, Statement};
use serde_json::json;
use sojourn::platform::db::Soundness;

use super::{comment, key};
use crate::support::{Server, World, inner, is_production};

async fn open(path: &Path) -> DatabaseConnection {
    let mut options = ConnectOptions::new(format!("sqlite://{}", path.display()));
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.unwrap()
}

async fn number(database: &DatabaseConnection, sql: &str) -> i64 {
    let statement = Statement::from_string(database.get_database_backend(), sql);
    database
        .query_one_raw(statement)
        .await
        .unwrap()
        .unwrap()
        .try_get_by_index(0)
        .unwrap()
}

/// An embedded server that was ended, with a page of this table or index overwritten: what it holds, and where.
async fn damaged(name: &str) -> (Server, PathBuf, PathBuf) {
    let (world, cast) = World::with_cast().await;
    world.thread(&cast.teacher, &cast.during, "Bread").await;
    let mut server = world.into_server(&[]).await;
    server.terminate();
    assert!(server.ended().await.success());
    let file = server.folder().join("sojourn.db");
    let database = open(&file).await;
    // Into the file, so that what is in it counts.
    database
        .execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)")
        .await
        .unwrap();
    let root = format!("SELECT rootpage FROM sqlite_schema WHERE name = '{name}'");
    let (root, size) = (
        number(&database, &root).await,
        number(&database, "PRAGMA page_size").await,
    );
    database.close().await.unwrap();
    let good = server.folder().join("good.db");
    fs::copy(&file, &good).unwrap();
    let bytes = OpenOptions::new().read(true).write(true).open(&file).unwrap();
    let at = u64::try_from((root - 1) * size).unwrap();
    let mut page = vec![0; 400];
    bytes.read_exact_at(&mut page, at).unwrap();
    page.iter_mut().for_each(|byte| *byte ^= 0x5a);
    bytes.write_all_at(&page, at).unwrap();
    (server, file, good)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_database_is_not_served_until_it_was_restored() {
    if is_production() {
        return;
    }
    for name in ["contribution", "uq_event_id"] {
        let (mut server, file, good) = damaged(name).await;
        let before = fs::read(&file).unwrap();
        for command in [&["serve", "--listen=127.0.0.1:0"][..], &["admin", "quick-check"]] {
            let (is_done, said) = server.run(command);
            assert!(!is_done, "{name}: {said}");
            assert!(said.contains("the database is damaged"), "{name}: {said}");
            assert!(said.contains("backup"), "{name}: {said}");
        }
        assert!(fs::read(&file).unwrap() == before, "{name}: it was written to");
        fs::copy(&good, &file).unwrap();
        let (is_done, said) = server.run(&["admin", "quick-check"]);
        assert!(is_done && said.contains("whole"), "{said}");
        server.start_again().await;
        assert_eq!(server.http.ready().await.unwrap().1["status"], "ready");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_database_that_is_served_all_the_same_is_told() {
    if is_production() {
        return;
    }
    let (mut server, ..) = damaged("uq_event_id").await;
    server.also("--serve-damaged");
    server.start_again().await;
    let (status, told) = server.http.ready().await.unwrap();
    assert_eq!((status, &told["status"]), (http::StatusCode::OK, &json!("degraded")));
    assert_eq!(told["checks"]["database"], "damaged");
    assert!(server.log().contains("the database is damaged"), "{}", server.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_no_database_is_told() {
    if is_production() {
        return;
    }
    let (server, file, _) = damaged("contribution").await;
    fs::write(&file, "x".repeat(8192)).unwrap();
    let (is_done, said) = server.run(&["admin", "quick-check"]);
    assert!(!is_done && said.contains("the database is damaged"), "{said}");
}

#[tokio::test]
async fn a_check_that_takes_too_long_ends_and_leaves_its_connection_as_it_was() {
    if is_production() {
        return;
    }
    let (world, _) = World::with_cast().await;
    let db = &world.app().db;
    for _ in 0..10 {
        assert_eq!(
            db.quick_check(Some(Duration::ZERO)).await.unwrap(),
            Soundness::Unfinished
        );
    }
    assert_eq!(db.quick_check(None).await.unwrap(), Soundness::Whole);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_says_what_its_checksums_have_shown() {
    if !is_production() {
        return;
    }
    let (world, _) = World::with_cast().await;
    let server = world.into_server(&[]).await;
    let database = server.database().await;
    let are_on = number(
        &database,
        "SELECT CASE current_setting('data_checksums') WHEN 'on' THEN 1::bigint ELSE 0 END",
    )
    .await;
    database.close().await.unwrap();
    let (is_done, said) = server.run(&["admin", "quick-check"]);
    if are_on == 1 {
        assert!(is_done && said.contains("whole"), "{said}");
    } else {
        assert!(!is_done && said.contains("data checksums are off"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_start_logs_the_newest_event_and_what_is_missing_of_those_that_were_known() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let mut server = world.into_server(&[]).await;
    let comment = comment(&server.http, &cast.mobile, &thread, &key()).await.unwrap();
    server.terminate();
    assert!(server.ended().await.success());
    server.start_again().await;
    let log = server.log();
    assert!(log.contains("the newest event"), "{log}");
    assert!(!log.contains("events are missing"), "{log}");
    server.terminate();
    assert!(server.ended().await.success());

    let newest = cut(&server, &comment).await;
    server.start_again().await;
    let log = server.log();
    let told = log
        .lines()
        .find(|line| line.contains("events are missing"))
        .unwrap_or_default();
    assert!(told.contains(&newest), "{newest}: {log}");
    // At each start until there are newer ones: somebody may have looked away.
    server.kill();
    server.start_again().await;
    assert!(server.log().contains("events are missing"), "{}", server.log());
    super::comment(&server.http, &cast.mobile, &thread, &key())
        .await
        .unwrap();
    for _ in 0..2 {
        server.terminate();
        assert!(server.ended().await.success());
        server.start_again().await;
    }
    assert!(!server.log().contains("events are missing"), "{}", server.log());
}

/// Cuts off the events from that of a comment on; returns the id of the newest.
async fn cut(server: &Server, comment: &str) -> String {
    let id = inner(comment);
    let database = if is_production() {
        server.database().await
    } else {
        open(&server.folder().join("sojourn.db")).await
    };
    let backend = database.get_database_backend();
    let newest = Statement::from_string(backend, "SELECT id FROM event ORDER BY id DESC LIMIT 1");
    let of_it = "SELECT id FROM event WHERE contribution_id = $1 ORDER BY id LIMIT 1";
    let of_it = Statement::from_sql_and_values(backend, of_it, [id.into()]);
    let mut found = Vec::new();
    for statement in [newest, of_it] {
        let row = database.query_one_raw(statement).await.unwrap().unwrap();
        found.push(row.try_get::<uuid::Uuid>("", "id").unwrap());
    }
    let delete = "DELETE FROM event WHERE id >= $1";
    let delete = Statement::from_sql_and_values(backend, delete, [found[1].into()]);
    assert!(database.execute_raw(delete).await.unwrap().rows_affected() > 0);
    database.close().await.unwrap();
    found[0].to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_without_redis_is_for_one_node_and_says_so() {
    if !is_production() {
        return;
    }
    let (mut world, _) = World::with_cast().await;
    world.unset("--redis-url=");
    let server = world.into_server(&[]).await;
    assert!(
        server.log().contains("without --redis-url there may be one node only"),
        "{}",
        server.log()
    );
    let (status, told) = server.http.ready().await.unwrap();
    assert_eq!(status, http::StatusCode::OK);
    assert_eq!(
        told["checks"],
        json!({ "database": "ok", "schema": "ok", "media": "ok" })
    );
}
