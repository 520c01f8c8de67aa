//! The right to work on a job, and all that may be done by it.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::ConnectionTrait;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Handler, Job};
use crate::platform::{
    db::{Db, Sql, Tx},
    error::{Error, Result},
};

/// The right to work on a job, which is good for as long as nobody else has claimed it. Nothing that is done by a lost lease has
/// any effect.
#[derive(Clone, Debug)]
pub struct Lease {
    db: Db,
    job: Uuid,
    claim: Uuid,
    over: CancellationToken,
}

/// Proof that a job ended in a unit of work. It comes out of [`Db::write`] only if that was committed.
#[derive(Debug)]
pub struct Completed(());

/// Whether a step was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It was.
    Taken,
    /// Not by this lease: it is lost.
    Lost,
}

impl Lease {
    pub(super) fn new(db: &Db, job: Uuid, claim: Uuid) -> Self {
        Self {
            db: db.clone(),
            job,
            claim,
            over: CancellationToken::new(),
        }
    }

    /// Completes when the handler should come to an end: the server stops, the time is up, or the lease is lost.
    pub async fn ended(&self) {
        self.over.cancelled().await;
    }

    /// Whether that has happened; for work on other threads.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.over.is_cancelled()
    }

    /// Tells the handler to come to an end.
    pub(super) fn call_off(&self) {
        self.over.cancel();
    }

    /// Ends the job in the unit of work that holds its effect, so that both happen, once, or neither. Call it last: its row is
    /// locked after all others.
    ///
    /// # Errors
    /// The lease is lost; nothing of the unit stays then. Or the database's.
    pub async fn complete(&self, tx: &Tx<'_>) -> Result<Completed> {
        match self.finish(tx).await? {
            Step::Taken => Ok(Completed(())),
            Step::Lost => Err(Error::broken("the lease of the job is lost")),
        }
    }

    /// The same in a unit of its own.
    pub(super) async fn end(&self) -> Result<Step> {
        self.db
            .write(None, |tx| Box::pin(async move { self.finish(tx).await }))
            .await
    }

    async fn finish(&self, tx: &Tx<'_>) -> Result<Step> {
        let delete = self.held(tx.sql("DELETE FROM job"), " AND again_at IS NULL");
        if self.step(tx, delete).await? == Step::Taken {
            return Ok(Step::Taken);
        }
        let again = "UPDATE job SET claim_id = NULL, attempts = 0, error = NULL, due_at = again_at, again_at = NULL";
        let again = self.held(tx.sql(again), " AND again_at IS NOT NULL");
        let step = self.step(tx, again).await?;
        if step == Step::Lost {
            self.call_off();
        }
        Ok(step)
    }

    /// Holds on to it until `until`.
    pub(super) async fn renew(&self, until: DateTime<Utc>) -> Result<Step> {
        let mut sql = self.db.sql("UPDATE job SET due_at = ");
        sql.bind(until);
        self.update(sql).await
    }

    /// Gives the job back as if it had never been claimed.
    pub(super) async fn give_back(&self) -> Result<Step> {
        let sql = "UPDATE job SET claim_id = NULL, attempts = attempts - 1, again_at = NULL, due_at = ";
        let mut sql = self.db.sql(sql);
        sql.bind(self.db.clock().system());
        self.update(sql).await
    }

    /// Leaves the rest of the job to a later attempt, which counts as its first.
    pub(super) async fn leave(&self, pause: TimeDelta) -> Result<Step> {
        let mut sql = self
            .db
            .sql("UPDATE job SET claim_id = NULL, attempts = 0, again_at = NULL, due_at = ");
        sql.bind(self.db.clock().system() + pause);
        self.update(sql).await
    }

    /// Notes that an attempt failed, which counts, or doesn't; the next begins after `pause`, or anew if the job was asked for again.
    pub(super) async fn put_off(&self, pause: TimeDelta, why: &'static str, counts: bool) -> Result<Step> {
        let attempts = if counts { "attempts" } else { "attempts - 1" };
        let mut sql = self
            .db
            .sql("UPDATE job SET claim_id = NULL, again_at = NULL, attempts = CASE WHEN again_at IS NULL THEN ");
        sql.push(attempts).push(" ELSE 0 END, due_at = COALESCE(again_at, ");
        sql.bind(self.db.clock().system() + pause);
        sql.push("), error = ").bind(why);
        self.update(sql).await
    }

    /// Gives the job up, together with what its handler makes of that; unless it was asked for again.
    pub(super) async fn park(&self, handler: &dyn Handler, job: &Job, why: &'static str) -> Result<()> {
        self.db
            .write(job.space_id, |tx| {
                Box::pin(async move {
                    handler.given_up(tx, job).await?;
                    let mut sql = tx.sql("UPDATE job SET claim_id = NULL, parked_at = :now, error = ");
                    sql.bind(why);
                    match self.step(tx, self.held(sql, " AND again_at IS NULL")).await? {
                        Step::Taken => Ok(()),
                        Step::Lost => Err(Error::broken("the job was asked for again, or its lease is lost")),
                    }
                })
            })
            .await
    }

    /// An update of the job in a unit of its own.
    async fn update(&self, update: Sql) -> Result<Step> {
        let update = &self.held(update, "");
        self.db
            .write(None, |tx| Box::pin(async move { self.step(tx, update.clone()).await }))
            .await
    }

    /// Limits a statement to the job while it is held.
    fn held(&self, mut sql: Sql, also: &str) -> Sql {
        sql.push(" WHERE id = ").bind(self.job);
        sql.push(" AND claim_id = ").bind(self.claim).push(also);
        sql
    }

    async fn step(&self, tx: &Tx<'_>, sql: Sql) -> Result<Step> {
        match tx.execute_raw(sql.statement()).await?.rows_affected() {
            0 => Ok(Step::Lost),
            _ => Ok(Step::Taken),
        }
    }
}
