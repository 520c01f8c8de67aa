//! The rows of jobs.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use entity::job;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::{Job, NewJob};
use crate::platform::{
    db::{Db, Sql, Tx, Txn},
    error::Result,
};

/// Rows that one statement inserts.
const ROWS: usize = 500;

/// How long a job that was given up is kept, for whoever asks why.
const KEPT: TimeDelta = TimeDelta::days(30);

/// Adds the jobs of a unit of work.
pub(in crate::platform) async fn append(db: &Db, txn: &Txn, jobs: Vec<NewJob>) -> Result<()> {
    // Each once, and always in the same order, so that no two units wait for each other.
    let mut first = BTreeMap::<_, NewJob>::new();
    let (now, system) = (db.clock().now(), db.clock().system());
    for mut job in jobs {
        // Jobs go by the system's clock, which may be behind that of their causes.
        if job.due_at <= now {
            job.due_at = job.due_at.min(system);
        }
        let known = first.entry((job.kind, job.subject_id)).or_insert(job);
        known.due_at = known.due_at.min(job.due_at);
    }
    let jobs: Vec<_> = first.into_values().collect();
    for jobs in jobs.chunks(ROWS) {
        txn.execute_raw(insert(db, jobs).statement()).await?;
    }
    Ok(())
}

fn insert(db: &Db, jobs: &[NewJob]) -> Sql {
    let mut sql = db.sql("INSERT INTO job (id, kind, subject_id, space_id, due_at, attempts, created_at) VALUES");
    for (place, job) in jobs.iter().enumerate() {
        sql.push(if place == 0 { " (" } else { ", (" })
            .bind(db.clock().new_id());
        sql.push(", ").bind(job.kind).push(", ").bind(job.subject_id);
        sql.push(", ").bind(job.space_id).push(", ").bind(job.due_at);
        sql.push(", 0, :now)");
    }
    // A new cause deserves all attempts. Who works on it may have read too early: it is done again.
    sql.push(
        " ON CONFLICT (kind, subject_id) WHERE parked_at IS NULL DO UPDATE SET
        attempts = CASE WHEN job.claim_id IS NULL THEN 0 ELSE job.attempts END,
        due_at = CASE WHEN job.claim_id IS NULL AND excluded.due_at < job.due_at
            THEN excluded.due_at ELSE job.due_at END,
        again_at = CASE WHEN job.claim_id IS NULL THEN NULL WHEN job.again_at < excluded.due_at
            THEN job.again_at ELSE excluded.due_at END",
    );
    sql
}

/// Whether anything is due among what there are places for.
pub(super) async fn is_due(db: &Db, places: &[(&'static str, usize)]) -> Result<bool> {
    let mut sql = db.sql("");
    due(&mut sql, places, (db.clock().system(), ""));
    sql.push(" LIMIT 1");
    Ok(db.newest().query_one_raw(sql.statement()).await?.is_some())
}

/// Claims what is due until `until`, at most as many of each kind as there are places for.
pub(super) async fn claim(
    tx: &Tx<'_>,
    claim: Uuid,
    until: DateTime<Utc>,
    places: &[(&'static str, usize)],
) -> Result<Vec<Job>> {
    let mut sql = tx.sql("UPDATE job SET attempts = attempts + 1, claim_id = ");
    sql.bind(claim).push(", due_at = ").bind(until);
    let now = tx.clock().system();
    if sql.is_postgres() {
        // An array is read once; PostgreSQL may read a set again and again, each time with other rows.
        sql.push(" WHERE id = ANY(ARRAY(");
        due(&mut sql, places, (now, " FOR NO KEY UPDATE SKIP LOCKED"));
        sql.push("))");
    } else {
        sql.push(" WHERE id IN (");
        due(&mut sql, places, (now, ""));
        sql.push(")");
    }
    sql.push(" RETURNING ").columns::<job::Entity>();
    tx.rows(sql).await
}

/// Adds a query for the ids of what is due, one range of an index for each kind.
fn due(sql: &mut Sql, places: &[(&'static str, usize)], (now, lock): (DateTime<Utc>, &str)) {
    for (place, &(kind, free)) in places.iter().enumerate() {
        sql.push(if place == 0 { "" } else { " UNION ALL " });
        sql.push("SELECT id FROM (SELECT id FROM job WHERE parked_at IS NULL AND kind = ")
            .bind(kind);
        sql.push(" AND due_at <= ").bind(now).push(" ORDER BY due_at, id");
        sql.limit(free).push(lock).push(") AS due");
    }
}

/// Ends the claims of a process that is gone: only for a database that has one process at a time.
pub(super) async fn end_claims(db: &Db) -> Result<()> {
    db.write(None, |tx| {
        Box::pin(async move {
            let mut sql = tx.sql("UPDATE job SET claim_id = NULL, due_at = ");
            sql.bind(tx.clock().system()).push(" WHERE claim_id IS NOT NULL");
            tx.execute_raw(sql.statement()).await?;
            Ok(())
        })
    })
    .await
}

/// Deletes jobs that were given up 30 days ago.
///
/// # Errors
/// The database's.
pub async fn forget_parked(db: &Db) -> Result<()> {
    let before = db.clock().now() - KEPT;
    db.write(None, |tx| {
        Box::pin(async move {
            let mut sql = tx.sql("DELETE FROM job WHERE parked_at < ");
            sql.bind(before);
            tx.execute_raw(sql.statement()).await?;
            Ok(())
        })
    })
    .await
}
