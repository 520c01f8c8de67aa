//! Rows that are brought to a new form while the server runs.

use std::{sync::Arc, time::Duration};

use migration::{Backfill, Change, Migration};
use sea_orm::ConnectionTrait;
use sojourn::platform::{
    db::{Db, RunBackfill},
    job::Runner,
};
use tokio_util::sync::CancellationToken;

use super::{PATIENCE, Place, close, database, expand, known, texts};
use crate::support::{eventually, is_production};

/// Two and a half units.
const ROWS: usize = 2_500;

/// A table with rows that are gone through; each counts how often.
fn list() -> [Migration; 2] {
    let ids = if is_production() {
        "SELECT gen_random_uuid(), 0 FROM generate_series(1, 2500)"
    } else {
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) SELECT randomblob(16), 0 FROM n"
    };
    let table = format!(
        "CREATE TABLE test_rows (id {{uuid}} NOT NULL PRIMARY KEY, times integer NOT NULL, note text NULL); INSERT INTO test_rows (id, \
         times) {ids}"
    );
    let backfill = Backfill {
        table: "test_rows",
        key: "id",
        sql: "UPDATE test_rows SET note = 'new', times = times + 1 WHERE note IS NULL AND {range}",
    };
    [
        expand("test_rows", &table),
        Migration::new("test_backfill", known(), Change::Backfill(backfill)),
    ]
}

fn runner(db: &Db) -> Runner {
    Runner::new(db, vec![Arc::new(RunBackfill(db.clone()))])
}

/// How many rows are new, done more than once, and whether the job is there and the backfill done.
async fn progress(db: &Db) -> Vec<String> {
    let sql = "SELECT CAST(COUNT(note) AS text) AS text FROM test_rows \
        UNION ALL SELECT CAST(COUNT(*) AS text) FROM test_rows WHERE times > 1 \
        UNION ALL SELECT CAST(COUNT(*) AS text) FROM job WHERE kind = 'backfill' \
        UNION ALL SELECT CAST(COUNT(done_at) AS text) FROM backfill";
    texts(db.primary(), sql).await
}

#[tokio::test]
async fn a_backfill_is_a_job_that_goes_over_all_rows_once() {
    let place = Place::migrated().await;
    let db = place.release(&list()).await;
    db.migrate().await.unwrap();
    assert_eq!(progress(&db).await, ["0", "0", "1", "0"]);
    assert_eq!(runner(&db).run_due(&CancellationToken::new()).await.unwrap(), 1);
    assert_eq!(progress(&db).await, [&*ROWS.to_string(), "0", "0", "1"]);
    assert_eq!(runner(&db).run_due(&CancellationToken::new()).await.unwrap(), 0);
}

#[tokio::test]
async fn a_backfill_goes_on_where_a_process_that_died_has_left_it() {
    let place = Place::migrated().await;
    let db = place.release(&list()).await;
    db.migrate().await.unwrap();
    let dying = tokio::spawn({
        let runner = runner(&db).with_lease(Duration::from_secs(2));
        async move { runner.run(CancellationToken::new()).await }
    });
    let has_begun = async || progress(&db).await[0] != "0";
    eventually(PATIENCE, "it has begun", has_begun).await;
    dying.abort();
    let _ = dying.await;
    close(db).await;
    let db = place.release(&list()).await;
    let stop = CancellationToken::new();
    let next = tokio::spawn({
        let (runner, stop) = (runner(&db), stop.clone());
        async move { runner.run(stop).await }
    });
    let is_done = async || progress(&db).await[3] == "1";
    eventually(PATIENCE, "it is done", is_done).await;
    stop.cancel();
    next.await.unwrap();
    assert_eq!(progress(&db).await, [&*ROWS.to_string(), "0", "0", "1"]);
}

#[tokio::test]
async fn a_node_that_does_not_know_a_backfill_leaves_it_to_others() {
    let place = Place::migrated().await;
    let db = place.release(&list()).await;
    db.migrate().await.unwrap();
    close(db).await;
    let old = place.release(&[]).await;
    for _ in 0..8 {
        assert_eq!(runner(&old).run_due(&CancellationToken::new()).await.unwrap(), 1);
        let job = "SELECT attempts || ' ' || (parked_at IS NULL) || ' ' || (claim_id IS NULL) AS text FROM job";
        let yes = if is_production() { "true" } else { "1" };
        assert_eq!(texts(old.primary(), job).await, [format!("0 {yes} {yes}")]);
        assert_eq!(runner(&old).run_due(&CancellationToken::new()).await.unwrap(), 0);
        let now = if is_production() {
            "UPDATE job SET due_at = now()"
        } else {
            "UPDATE job SET due_at = '2020-01-01T00:00:00+00:00'"
        };
        old.primary().execute_unprepared(now).await.unwrap();
    }
    close(old).await;
    let db = place.release(&list()).await;
    assert_eq!(runner(&db).run_due(&CancellationToken::new()).await.unwrap(), 1);
    assert_eq!(progress(&db).await, [&*ROWS.to_string(), "0", "0", "1"]);
}

#[tokio::test]
async fn a_migration_that_narrows_runs_what_is_left_before() {
    for is_done in [false, true] {
        let place = Place::migrated().await;
        let db = place.release(&list()).await;
        db.migrate().await.unwrap();
        if is_done {
            runner(&db).run_due(&CancellationToken::new()).await.unwrap();
            // A node of the release before goes on writing in the old form.
            let id = if is_production() {
                "gen_random_uuid()"
            } else {
                "randomblob(16)"
            };
            let row = format!("INSERT INTO test_rows (id, times) VALUES ({id}, 0)");
            db.primary().execute_unprepared(&row).await.unwrap();
        }
        close(db).await;
        let sql = "CREATE TABLE test_left AS SELECT CAST(COUNT(*) AS text) AS text FROM test_rows WHERE note IS NULL; \
            ALTER TABLE test_rows DROP COLUMN note";
        let mut contract = Migration::new("test_contract", known() + 2, Change::statements(database(), sql));
        contract.completes.push("test_backfill");
        let [rows, backfill] = list();
        let db = place.release(&[rows, backfill, contract]).await;
        db.migrate().await.unwrap();
        assert_eq!(texts(db.primary(), "SELECT text FROM test_left").await, ["0"]);
        // Nobody begins again with what can't be done any more.
        let left = "SELECT kind AS text FROM job WHERE kind = 'backfill' UNION ALL SELECT name FROM backfill WHERE done_at IS NULL";
        assert_eq!(texts(db.primary(), left).await, Vec::<String>::new());
    }
}
