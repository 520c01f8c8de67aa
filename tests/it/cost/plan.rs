//! How the databases answer the statements behind lists: along an index, without sorting and without reading whole tables.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use chrono::TimeDelta;
use futures_util::FutureExt;
use sea_orm::{ConnectionTrait, Statement, TransactionTrait, Value as SqlValue};
use sojourn::platform::{
    db::Db,
    error::Result,
    job::{self, Handler, Job, Lease, NewJob, Outcome, Runner},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::full::Full;
use crate::support::{World, is_production};

/// Tables that are never read as a whole, with the names that statements give them.
const LARGE: [(&str, &[&str]); 8] = [
    ("contribution", &["c", "r", "contribution"]),
    ("revision", &["v", "x", "revision"]),
    ("event", &["e", "event"]),
    ("audit_record", &["x", "audit_record"]),
    ("job", &["job"]),
    ("notification", &["n", "notification"]),
    ("review", &["v", "d", "review"]),
    ("review_target", &["t", "review_target"]),
];

/// How the database answers a statement: with these values, and (PostgreSQL) with any.
pub async fn plans(db: &Db, statement: &Statement) -> Vec<String> {
    if !is_production() {
        let explain = Statement {
            sql: format!("EXPLAIN QUERY PLAN {}", statement.sql),
            ..statement.clone()
        };
        return vec![lines(db.system(), explain, "detail").await];
    }
    let explain = Statement {
        sql: format!("EXPLAIN (COSTS OFF) {}", statement.sql),
        ..statement.clone()
    };
    let special = lines(db.system(), explain, "QUERY PLAN").await;
    vec![special, general(db, "COSTS OFF", statement).await]
}

/// How PostgreSQL answers a statement with any values.
async fn general(db: &Db, options: &str, statement: &Statement) -> String {
    let txn = db.system().begin().await.unwrap();
    txn.execute_unprepared("SET LOCAL plan_cache_mode = force_generic_plan")
        .await
        .unwrap();
    let (types, values) = arguments(statement);
    let prepare = format!("PREPARE general {types} AS {}", statement.sql);
    txn.execute_unprepared(&prepare).await.unwrap();
    let explain = format!("EXPLAIN ({options}) EXECUTE general {values}");
    let explain = Statement::from_string(statement.db_backend, explain);
    let general = lines(&txn, explain, "QUERY PLAN").await;
    txn.execute_unprepared("DEALLOCATE general").await.unwrap();
    txn.rollback().await.unwrap();
    general
}

/// How many buffers PostgreSQL touches to answer it.
pub async fn buffers(db: &Db, statement: &Statement) -> u64 {
    let plan = general(db, "ANALYZE, BUFFERS, TIMING OFF, COSTS OFF", statement).await;
    // What comes first is of the whole statement.
    let whole = plan
        .lines()
        .find_map(|line| line.trim().strip_prefix("Buffers: shared "));
    let parts = whole
        .unwrap_or_default()
        .split(' ')
        .filter_map(|part| part.split_once('='));
    let touched = parts.filter(|(name, _)| ["hit", "read"].contains(name));
    touched.map(|(_, count)| count.parse::<u64>().unwrap()).sum()
}

/// The types of a statement's values, and the values written out, each in parentheses.
fn arguments(statement: &Statement) -> (String, String) {
    let values = statement.values.clone().map(|values| values.0).unwrap_or_default();
    if values.is_empty() {
        return (String::new(), String::new());
    }
    let types: Vec<_> = values.iter().map(type_name).collect();
    let written = values.iter().map(|value| match value {
        SqlValue::Array(_, Some(items)) => {
            let items = items.iter().map(|item| item.to_string().trim_matches('\'').to_owned());
            SqlValue::from(format!("{{{}}}", items.collect::<Vec<_>>().join(",")))
        }
        other => other.clone(),
    });
    let places: Vec<_> = (1..=values.len()).map(|number| format!("${number}")).collect();
    let places = format!("({})", places.join(", "));
    let written = Statement::from_sql_and_values(statement.db_backend, places, written).to_string();
    (format!("({})", types.join(", ")), written)
}

fn type_name(value: &SqlValue) -> &'static str {
    match value {
        SqlValue::Array(..) => "uuid[]",
        SqlValue::Uuid(_) => "uuid",
        SqlValue::String(_) => "text",
        SqlValue::Bytes(_) => "bytea",
        SqlValue::BigInt(_) => "bigint",
        SqlValue::Int(_) => "integer",
        SqlValue::Bool(_) => "boolean",
        SqlValue::ChronoDateTimeUtc(_) => "timestamptz",
        other => panic!("{other:?}"),
    }
}

async fn lines(connection: &impl ConnectionTrait, explain: Statement, column: &str) -> String {
    let rows = connection.query_all_raw(explain).await.unwrap();
    let lines = rows.iter().map(|row| row.try_get::<String>("", column).unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

/// Lines of a plan that sort or read a whole large table.
fn faults(plan: &str) -> Vec<&str> {
    let is_faulty = |line: &&str| {
        let words: Vec<_> = line
            .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
            .collect();
        let follows = |before: &[&str], names: &[&str]| {
            let is_there = |window: &[&str]| {
                let (head, tail) = window.split_at(before.len());
                head == before && names.contains(&tail[0])
            };
            words.windows(before.len() + 1).any(is_there)
        };
        let sorts = words.contains(&"Sort") || line.contains("USE TEMP B-TREE FOR ORDER BY");
        let scans = LARGE.iter().any(|(table, names)| {
            follows(&["Seq", "Scan", "on"], &[table]) || follows(&["SCAN"], names) || line.contains("AUTOMATIC")
        });
        sorts || scans
    };
    plan.lines().filter(is_faulty).collect()
}

async fn check(full: &Full, statements: &[Statement]) {
    let mut report = Vec::new();
    for statement in statements {
        for plan in plans(full.db(), statement).await {
            let faults = faults(&plan);
            if !faults.is_empty() {
                report.push(format!("{}\n{plan}\n=> {}", statement.sql, faults.join("; ")));
            }
        }
    }
    assert!(report.is_empty(), "{} plans:\n\n{}", report.len(), report.join("\n\n"));
}

#[tokio::test]
async fn lists_are_read_along_an_index() {
    let full = Full::new().await;
    full.analyze().await;
    let statements = full.statements().await;
    assert!(statements.len() > 80, "{}", statements.len());
    check(&full, &statements).await;
    the_newest_event_is_found_along_an_index(full.db()).await;
}

/// Each start asks for it.
async fn the_newest_event_is_found_along_an_index(db: &Db) {
    let _ = db.recorded();
    assert!(db.tail().await.unwrap().event_id.is_some());
    let statements = db.recorded();
    assert_eq!(statements.len(), 1);
    for plan in plans(db, &statements[0]).await {
        let is_indexed = plan.contains("uq_event_id");
        let reads_all = ["Sort", "Seq Scan on event", "TEMP B-TREE"];
        assert!(
            is_indexed && !reads_all.iter().any(|word| plan.contains(word)),
            "{plan}"
        );
    }
}

#[tokio::test]
async fn sqlite_reads_lists_along_an_index_without_statistics_too() {
    if is_production() {
        return;
    }
    let full = Full::new().await;
    check(&full, &full.statements().await).await;
}

/// Fails every other time.
#[derive(Debug)]
struct Wavering(&'static str, AtomicBool);

#[async_trait]
impl Handler for Wavering {
    fn kind(&self) -> &'static str {
        self.0
    }

    async fn run(&self, _: &Job, _: &Lease) -> Result<Outcome> {
        match self.1.fetch_xor(true, Ordering::Relaxed) {
            true => Ok(Outcome::Done),
            false => Ok(Outcome::Retry("NOT_YET")),
        }
    }
}

#[tokio::test]
async fn jobs_are_claimed_and_ended_along_an_index() {
    let world = World::new().await;
    let db = &world.app().db;
    let fill = db.write(None, |tx| {
        let now = tx.clock().now();
        for (kind, hours) in [("one", 0), ("two", 0), ("one", 1), ("two", 1), ("other", -1)] {
            for number in 0..1_000 {
                tx.enqueue(NewJob {
                    kind,
                    subject_id: Uuid::now_v7(),
                    space_id: None,
                    due_at: now + TimeDelta::hours(hours) - TimeDelta::milliseconds(number),
                });
            }
        }
        std::future::ready(Ok(())).boxed()
    });
    fill.await.unwrap();
    db.primary().execute_unprepared("ANALYZE").await.unwrap();
    let handler = |kind| Arc::new(Wavering(kind, AtomicBool::new(false))) as Arc<dyn Handler>;
    let runner = Runner::new(db, vec![handler("one"), handler("two")]);
    let _ = db.recorded();
    assert_eq!(runner.run_due(&CancellationToken::new()).await.unwrap(), 8);
    job::forget_parked(db).await.unwrap();
    let mut texts = std::collections::HashSet::new();
    let statements = db.recorded().into_iter();
    let statements =
        statements.filter(|statement| statement.sql.contains("job") && texts.insert(statement.sql.clone()));
    let mut seen = 0;
    for statement in statements {
        for plan in plans(db, &statement).await {
            let is_indexed = ["ix_job_due", "ix_job_parked", "job_pkey", "autoindex_job"]
                .iter()
                .any(|index| plan.contains(index));
            assert!(is_indexed && faults(&plan).is_empty(), "{}\n{plan}", statement.sql);
        }
        seen += 1;
    }
    assert_eq!(seen, 5, "a look, a claim, an end, a failure, a clearing");
}

#[tokio::test]
async fn a_sort_and_a_scan_would_be_noticed() {
    let (world, _) = World::with_cast().await;
    let db = &world.app().db;
    for sql in [
        "SELECT c.id FROM contribution c ORDER BY c.edited_at",
        "SELECT x.id FROM revision x WHERE x.body = ''",
        "DELETE FROM job WHERE attempts > 3",
    ] {
        let statement = Statement::from_string(db.primary().get_database_backend(), sql);
        for plan in plans(db, &statement).await {
            assert!(!faults(&plan).is_empty(), "{plan}");
        }
    }
}
