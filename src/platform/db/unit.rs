//! The unit of work: every change is one transaction that ends with its jobs, audit records and events.

use std::{
    marker::PhantomData,
    ops::Deref,
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use sea_orm::{ConnectionTrait, FromQueryResult, SqliteTransactionMode, TransactionOptions};
use uuid::Uuid;

use super::{Db, Sql, Txn};
use crate::platform::{
    audit::{self, Record},
    clock::Clock,
    error::{Error, Result},
    job::{self, FAN_OUT, NewJob},
    stream::{self, NewEvent},
    telemetry::Stats,
};

/// How often a unit runs again when the database asks for it.
const RETRIES: u32 = 3;

/// How a unit relates to the facts of a space (its state, phases, members).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// It relies on them: nobody changes them meanwhile.
    Shared,
    /// It changes them: it waits for those who rely on them, and they wait for it.
    Exclusive,
}

/// A transaction of a unit of work. Committing is not in its reach.
#[derive(Debug)]
pub struct Tx<'a> {
    txn: Txn,
    clock: Clock,
    db: Db,
    stream: Option<Uuid>,
    events: Vec<NewEvent>,
    records: Vec<(Uuid, Record)>,
    jobs: Vec<NewJob>,
    _surroundings: PhantomData<&'a ()>,
}

impl Deref for Tx<'_> {
    type Target = Txn;

    fn deref(&self) -> &Txn {
        &self.txn
    }
}

impl Tx<'_> {
    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// A new statement.
    #[must_use]
    pub fn sql(&self, text: &str) -> Sql {
        self.db.sql(text)
    }

    /// The lock clause for rows that this unit will change; on SQLite the one writer is the lock.
    #[must_use]
    pub fn for_update(&self) -> &'static str {
        if self.db.is_postgres() {
            " FOR NO KEY UPDATE"
        } else {
            ""
        }
    }

    /// Passes the gate of a space. Facts are read in *later* statements, or they may be older than the gate.
    ///
    /// # Errors
    /// The gate stayed shut for five seconds.
    pub async fn gate(&self, space: Uuid, gate: Gate) -> Result<()> {
        if self.db.is_postgres() {
            let function = match gate {
                Gate::Shared => "SELECT pg_advisory_xact_lock_shared(",
                Gate::Exclusive => "SELECT pg_advisory_xact_lock(",
            };
            let mut sql = self.sql(function);
            #[expect(clippy::cast_possible_wrap, reason = "the low 64 bits serve as a name")]
            sql.bind(space.as_u64_pair().1 as i64).push(")");
            self.txn.query_one_raw(sql.statement()).await?;
        }
        Ok(())
    }

    /// The rows of a statement.
    ///
    /// # Errors
    /// The database's.
    pub async fn rows<T: FromQueryResult>(&self, sql: Sql) -> Result<Vec<T>> {
        let found = self.txn.query_all_raw(sql.statement()).await?;
        Stats::add_rows(found.len());
        found
            .iter()
            .map(|row| T::from_query_result(row, "").map_err(Error::from))
            .collect()
    }

    /// The first row of a statement.
    ///
    /// # Errors
    /// The database's.
    pub async fn row<T: FromQueryResult>(&self, sql: Sql) -> Result<Option<T>> {
        Ok(self.rows(sql).await?.into_iter().next())
    }

    /// Adds an event to the one stream that this unit appends to.
    pub fn emit(&mut self, stream: Uuid, event: NewEvent) {
        debug_assert!(
            self.stream.is_none_or(|known| known == stream),
            "a unit appends to one stream"
        );
        self.stream = Some(stream);
        if event.is_fanned_out {
            self.enqueue(NewJob {
                kind: FAN_OUT,
                subject_id: event.id,
                space_id: Some(stream),
                due_at: event.occurred_at,
            });
        }
        self.events.push(event);
    }

    /// Adds a record to a chain of the audit trail: a space's, an organisation's, or the installation's.
    pub fn audit(&mut self, chain: Uuid, record: Record) {
        self.records.push((chain, record));
    }

    /// Asks for a job. It begins soon after the commit, or when it is due.
    pub fn enqueue(&mut self, job: NewJob) {
        self.jobs.push(job);
    }
}

impl Db {
    /// Runs a unit of work: begins, runs `unit`, appends its jobs and events, commits, wakes listeners. With an error nothing of it
    /// stays. `unit` may run several times: it must not keep anything from a run before.
    ///
    /// `space` is the space that it writes in, if any: the number of writers of one space is bounded.
    ///
    /// # Errors
    /// What `unit` returns; [`Error::Unavailable`] when the outcome of the commit is unknown, in which case repeating with
    /// the same idempotency key is safe.
    pub async fn write<'a, T, F>(&'a self, space: Option<Uuid>, unit: F) -> Result<T>
    where
        T: Send,
        F: for<'t> Fn(&'t mut Tx<'a>) -> BoxFuture<'t, Result<T>> + Send + Sync,
    {
        let _place = match space {
            Some(space) => Some(self.queue(space).await?),
            None => None,
        };
        let mut tries = 0;
        loop {
            let result = match self.begin().await {
                Ok(mut tx) => match unit(&mut tx).await {
                    Ok(value) => self.finish(tx).await.map(|()| value),
                    // Dropped, it is rolled back before anybody gets its connection.
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            };
            match result {
                Err(Error::Contended) if tries < RETRIES => {
                    tries += 1;
                    let most = 10_u64 << tries;
                    tokio::time::sleep(Duration::from_millis(rand::random_range(most / 2..most))).await;
                }
                Err(Error::Contended) => return Err(Error::Unavailable(Duration::from_secs(1))),
                other => return other,
            }
        }
    }

    /// Runs a unit of work again and again until it finds nothing to do, and returns how much it did in all: what an earlier release has
    /// left, some rows at a time.
    ///
    /// # Errors
    /// Those of [`Self::write`]: what was done stays, and the next call goes on.
    pub async fn write_all<'a, F>(&'a self, unit: F) -> Result<usize>
    where
        F: for<'t> Fn(&'t mut Tx<'a>) -> BoxFuture<'t, Result<usize>> + Send + Sync,
    {
        let mut count = 0;
        loop {
            let begun = Instant::now();
            let done = self.write(None, &unit).await?;
            if done == 0 {
                return Ok(count);
            }
            count += done;
            // Half of the time belongs to others.
            tokio::time::sleep(begun.elapsed()).await;
        }
    }

    async fn begin<'a>(&self) -> Result<Tx<'a>> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let options = if self.is_postgres() {
            TransactionOptions::default()
        } else {
            options
        };
        let txn = Txn::begin(&self.writer, options).await?;
        let (clock, db) = (self.clock.clone(), self.clone());
        Ok(Tx {
            txn,
            clock,
            db,
            stream: None,
            events: Vec::new(),
            records: Vec::new(),
            jobs: Vec::new(),
            _surroundings: PhantomData,
        })
    }

    /// Appends jobs, records and events, commits and wakes in a task of its own, so that a client that hangs up can't part them.
    async fn finish(&self, tx: Tx<'_>) -> Result<()> {
        let Tx {
            txn,
            stream,
            events,
            records,
            jobs,
            db,
            ..
        } = tx;
        let stats = Stats::current();
        let task = async move {
            let asks = !jobs.is_empty();
            job::append(&db, &txn, jobs).await?;
            audit::append(&db, &txn, records).await?;
            let mut last = None;
            if let Some(stream) = stream {
                last = Some((stream, stream::append(&db, &txn, stream, events).await?));
            }
            txn.commit().await?;
            if let Some((stream, seq)) = last {
                db.live.committed(stream, seq);
            }
            if asks {
                db.job_bell.notify_one();
            }
            Ok(())
        };
        tokio::spawn(async move { stats.count(task).await })
            .await
            .map_err(Error::internal)?
    }
}
