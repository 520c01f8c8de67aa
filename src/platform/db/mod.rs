//! The database port: SQLite or PostgreSQL, one way to read, one way to write.
//!
//! * Reads go through a [`Reader`]. On SQLite several `query_only` connections serve them, on PostgreSQL a read-only pool.
//! * Writes go through [`Db::write`], the unit of work: one transaction, events appended as its last write, then the wake-up.

mod check;
mod connect;
mod migrate;
mod node;
mod pool;
mod reader;
mod recorder;
mod sql;
mod txn;
mod unit;
mod vantage;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use migration::Migration;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use tokio::sync::{Notify, Semaphore};
use uuid::Uuid;

use self::recorder::Recorder;
pub use self::{
    check::{Soundness, Tail, damaged},
    connect::Options,
    migrate::RunBackfill,
    pool::Pool,
    reader::Reader,
    sql::Sql,
    txn::Txn,
    unit::{Gate, Tx},
    vantage::Vantage,
};
use super::{
    clock::Clock,
    error::{Error, Result},
    live::Live,
};

/// Writers of one space that may wait for the database at the same time, per node: a hot space must not starve the others.
const WRITERS_PER_SPACE: usize = 4;

/// The database of a process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db(Arc<Inner>);

/// What a [`Db`] holds.
#[derive(Debug)]
pub struct Inner {
    writer: Pool,
    reader: Pool,
    clock: Clock,
    live: Live,
    queues: Mutex<HashMap<Uuid, Weak<Semaphore>>>,
    /// Rung after a commit that asks for jobs.
    job_bell: Notify,
    recorder: Recorder,
    url: Url,
    /// All that this binary knows.
    migrations: Vec<Migration>,
    /// This process among the nodes, and where it is found.
    node: Uuid,
    place: String,
    writes: node::Writes,
    /// Held open: its lock keeps a second process off the same SQLite file.
    _lock: Option<std::fs::File>,
}

/// A database's address, which is not shown: a password may be in it.
struct Url(String);

impl std::fmt::Debug for Url {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Url")
    }
}

impl std::ops::Deref for Url {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl std::ops::Deref for Db {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Db {
    /// The clock that units of work use.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The live hub that units of work wake.
    #[must_use]
    pub fn live(&self) -> &Live {
        &self.live
    }

    /// The pool that readers use; for probes and jobs.
    #[must_use]
    pub fn system(&self) -> &Pool {
        &self.reader
    }

    /// The pool that writers use; for migrations and tests.
    #[must_use]
    pub fn primary(&self) -> &Pool {
        &self.writer
    }

    /// The pool that sees every commit at once: the writers' on PostgreSQL, where readers may be behind; the readers' on
    /// SQLite, where the one writer has a queue.
    #[must_use]
    pub fn newest(&self) -> &Pool {
        if self.is_postgres() { &self.writer } else { &self.reader }
    }

    /// A new statement.
    #[must_use]
    pub fn sql(&self, text: &str) -> Sql {
        Sql::new(self.writer.get_database_backend(), self.clock.now(), text)
    }

    /// The statements sent since the last call, with their values; the first call starts the record. For tests alone.
    #[doc(hidden)]
    #[must_use]
    pub fn recorded(&self) -> Vec<Statement> {
        self.recorder.take()
    }

    /// Completes when a unit of work of this process has asked for jobs since the last time.
    pub(super) async fn jobs_asked_for(&self) {
        self.job_bell.notified().await;
    }

    pub(super) fn is_postgres(&self) -> bool {
        self.writer.get_database_backend() == DbBackend::Postgres
    }

    /// Waits for a place among the writers of a space.
    async fn queue(&self, space: Uuid) -> Result<tokio::sync::OwnedSemaphorePermit> {
        let queue = {
            let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
            match queues.get(&space).and_then(Weak::upgrade) {
                Some(queue) => queue,
                None => {
                    queues.retain(|_, queue| queue.strong_count() > 0);
                    let queue = Arc::new(Semaphore::new(WRITERS_PER_SPACE));
                    queues.insert(space, Arc::downgrade(&queue));
                    queue
                }
            }
        };
        queue.acquire_owned().await.map_err(Error::internal)
    }
}
