//! Backfills: rows that are brought to a new form, some at a time, while the server runs.
//!
//! How far one is stands in its row of `backfill`. The job is done by whatever node knows it; a later migration that needs it to be
//! complete goes over all rows once more, since nodes of the release before may have written some in the old form.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use migration::{Backfill, Change};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};
use uuid::Uuid;

use super::{
    Session, Watch, failed,
    tries::{Failure, Tries, all_or_nothing},
};
use crate::platform::{
    clock::Clock,
    db::{Db, Tx},
    error::Result,
    job::{BACKFILL, Completed, Handler, Job, Lease, Outcome, Terms},
};

/// Rows of a unit.
const ROWS: usize = 1_000;
/// How long an attempt goes on; the next one begins where it ends.
const LENGTH: Duration = Duration::from_secs(60);
/// How long a node that doesn't know a backfill leaves it to others.
const LEFT: Duration = Duration::from_secs(10);

/// The id that no row is after.
const LAST: Uuid = Uuid::max();

/// The end of a part of the table.
fn end_of_part(backfill: &Backfill) -> String {
    let Backfill { table, key, .. } = backfill;
    format!(
        "SELECT {key} AS id FROM {table} WHERE {key} > $1 ORDER BY {key} LIMIT 1 OFFSET {}",
        ROWS - 1
    )
}

/// What is done to it.
fn part(backfill: &Backfill) -> String {
    let key = backfill.key;
    backfill.sql.replace("{range}", &format!("{key} > $1 AND {key} <= $2"))
}

/// Notes that a backfill is to be done, and asks for the job. In an empty table there is nothing to do.
pub(super) async fn ask(
    session: &mut Session,
    clock: &Clock,
    (name, of): (&str, &Backfill),
) -> std::result::Result<(), Failure> {
    let first = format!(
        "SELECT {key} AS id FROM {} WHERE {key} > $1 LIMIT 1",
        of.table,
        key = of.key
    );
    if session.id(&first, Uuid::nil()).await?.is_none() {
        return Ok(());
    }
    let (backfill, job) = (clock.new_id(), clock.new_id());
    let row = format!("INSERT INTO backfill (id, name, reached_id) VALUES ($1, '{name}', $2)");
    session.run_with(&row, &[backfill, Uuid::nil()]).await?;
    let now = clock.now().to_rfc3339();
    let row = format!(
        "INSERT INTO job (id, kind, subject_id, due_at, attempts, created_at) VALUES ($1, '{BACKFILL}', $2, '{now}', 0, '{now}')"
    );
    Ok(session.run_with(&row, &[job, backfill]).await?)
}

/// Goes over all rows, in units of their own: before a migration that would fail, or lose something, if one was left.
pub(super) async fn complete(
    session: &mut Session,
    clock: &Clock,
    (name, backfill): (&str, &Backfill),
    watch: &Watch,
) -> Result<()> {
    tracing::info!(backfill = name, "completing");
    let mut from = Uuid::nil();
    while from < LAST {
        let end = session.id(&end_of_part(backfill), from).await.map_err(failed)?;
        let to = end.unwrap_or(LAST);
        let mut tries = Tries::at(name, watch);
        while tries.again(fill(session, backfill, [from, to]).await).await? {}
        from = to;
    }
    // What comes next may take away what it needs: the job must not begin again.
    let done = format!("(SELECT id FROM backfill WHERE name = '{name}')");
    let now = clock.now().to_rfc3339();
    let sql = format!(
        "UPDATE backfill SET done_at = '{now}' WHERE id = {done}; DELETE FROM job WHERE kind = '{BACKFILL}' AND subject_id = {done}"
    );
    let mut tries = Tries::at(name, watch);
    while tries.again(all_or_nothing(session, &sql).await).await? {}
    Ok(())
}

async fn fill(session: &mut Session, backfill: &Backfill, range: [Uuid; 2]) -> std::result::Result<(), Failure> {
    Ok(session.run_with(&part(backfill), &range).await?)
}

/// Does the jobs of backfills.
#[derive(Debug)]
pub struct RunBackfill(pub Db);

#[derive(FromQueryResult)]
struct Row {
    name: String,
    reached_id: Uuid,
    done_at: Option<DateTime<Utc>>,
}

#[derive(FromQueryResult)]
struct End {
    id: Uuid,
}

/// How a unit ended.
enum Unit {
    /// There is more.
    More,
    /// All is done.
    Completed(Completed),
    /// This binary doesn't know what is to be done.
    Unknown,
}

#[async_trait]
impl Handler for RunBackfill {
    fn kind(&self) -> &'static str {
        BACKFILL
    }

    fn terms(&self) -> Terms {
        Terms {
            at_once: 1,
            // Nobody would ask for it again.
            tries: i32::MAX,
            ..Terms::default()
        }
    }

    async fn run(&self, job: &Job, lease: &Lease) -> Result<Outcome> {
        let begun = Instant::now();
        while !lease.is_over() && begun.elapsed() < LENGTH {
            let unit = Instant::now();
            let write = self.0.write(None, |tx| Box::pin(self.unit(tx, job, lease)));
            match write.await? {
                Unit::More => {}
                Unit::Completed(completed) => return Ok(completed.into()),
                Unit::Unknown => return Ok(Outcome::Later(LEFT)),
            }
            // Half of the time belongs to others.
            tokio::time::sleep(unit.elapsed().min(Duration::from_secs(1))).await;
        }
        Ok(Outcome::Later(Duration::ZERO))
    }
}

impl RunBackfill {
    async fn unit(&self, tx: &mut Tx<'_>, job: &Job, lease: &Lease) -> Result<Unit> {
        let mut sql = tx.sql("SELECT name, reached_id, done_at FROM backfill WHERE id = ");
        sql.bind(job.subject_id).push(tx.for_update());
        let Some(row) = tx.row::<Row>(sql).await? else {
            return Ok(Unit::Completed(lease.complete(tx).await?));
        };
        let known = self.0.migrations.iter().find(|known| known.name == row.name);
        let Some(Change::Backfill(backfill)) = known.map(|known| &known.change) else {
            return Ok(Unit::Unknown);
        };
        if row.done_at.is_some() {
            return Ok(Unit::Completed(lease.complete(tx).await?));
        }
        let (from, backend) = (row.reached_id, tx.get_database_backend());
        let statement = |sql: String, ids: &[Uuid]| {
            let ids = ids.iter().map(|id| Value::from(*id));
            Statement::from_sql_and_values(backend, sql, ids)
        };
        let end = tx.query_one_raw(statement(end_of_part(backfill), &[from])).await?;
        let end = end.map(|row| End::from_query_result(&row, "")).transpose()?;
        let to = end.map_or(LAST, |end| end.id);
        tx.execute_raw(statement(part(backfill), &[from, to])).await?;
        let mut sql = tx.sql("UPDATE backfill SET reached_id = ");
        sql.bind(to);
        if to == LAST {
            sql.push(", done_at = :now");
        }
        sql.push(" WHERE id = ").bind(job.subject_id);
        tx.execute_raw(sql.statement()).await?;
        Ok(if to == LAST {
            tracing::info!(backfill = row.name, "completed");
            Unit::Completed(lease.complete(tx).await?)
        } else {
            Unit::More
        })
    }
}
