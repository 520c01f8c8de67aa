//! Reading on behalf of somebody.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use sea_orm::{ConnectionTrait, FromQueryResult, TransactionOptions};
use tokio::sync::Mutex;

use super::{Db, Sql, Txn, Vantage};
use crate::platform::{
    auth::Actor,
    error::{Error, Result},
    telemetry::{Holding, Stats},
};

/// Who reads, and how: by default through one connection with one snapshot of the data, taken at the first statement, so
/// that an answer never contradicts itself and its event cursor fits everything in it.
#[derive(Debug)]
pub struct Reader {
    db: Db,
    actor: Option<Actor>,
    source: Mutex<Source>,
    vantage: Option<Vantage>,
}

/// Where the next statement of a reader runs.
#[derive(Debug)]
enum Source {
    /// In a snapshot that it takes.
    NewSnapshot,
    /// In the snapshot that was taken.
    Snapshot(
        Txn,
        #[expect(dead_code, reason = "counts the connection for as long as it is held")] Holding,
    ),
    /// On any connection, given back at once.
    Passing,
}

impl Reader {
    /// A reader with one snapshot, on behalf of nobody yet.
    #[must_use]
    pub fn open(db: &Db) -> Self {
        Self {
            db: db.clone(),
            actor: None,
            source: Mutex::new(Source::NewSnapshot),
            vantage: None,
        }
    }

    /// The same reader on behalf of somebody.
    #[must_use]
    pub fn acting(self, actor: Actor) -> Arc<Self> {
        Arc::new(Self {
            actor: Some(actor),
            ..self
        })
    }

    /// A reader with one snapshot, for a request that ends soon.
    #[must_use]
    pub fn new(db: &Db, actor: Option<Actor>) -> Arc<Self> {
        Arc::new(Self {
            actor,
            ..Self::open(db)
        })
    }

    /// A reader that holds no connection between its statements, for what may stay open long.
    #[must_use]
    pub fn passing(db: &Db, actor: Option<Actor>) -> Arc<Self> {
        Arc::new(Self {
            db: db.clone(),
            actor,
            source: Mutex::new(Source::Passing),
            vantage: None,
        })
    }

    /// A passing reader who takes what was read for all who listen; nobody, where it is read for all like one of them.
    #[must_use]
    pub fn among(db: &Db, vantage: Vantage) -> Arc<Self> {
        Arc::new(Self {
            db: db.clone(),
            actor: vantage.actor().cloned(),
            source: Mutex::new(Source::Passing),
            vantage: Some(vantage),
        })
    }

    /// Those with whom this one listens.
    #[must_use]
    pub fn vantage(&self) -> Option<&Vantage> {
        self.vantage.as_ref()
    }

    /// The database.
    #[must_use]
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// Who reads.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if nobody has signed in.
    pub fn actor(&self) -> Result<&Actor> {
        self.actor.as_ref().ok_or(Error::Unauthenticated)
    }

    /// A new statement.
    #[must_use]
    pub fn sql(&self, text: &str) -> Sql {
        self.db.sql(text)
    }

    /// The rows of a statement. Boxed, so that the futures of all fields above stay small.
    pub fn rows<T: FromQueryResult + Send>(&self, sql: Sql) -> BoxFuture<'_, Result<Vec<T>>> {
        async move {
            let statement = sql.statement();
            let mut source = self.source.lock().await;
            if let Source::NewSnapshot = *source {
                let holding = Stats::hold_connection();
                let txn = Txn::begin(&self.db.reader, TransactionOptions::default()).await?;
                *source = Source::Snapshot(txn, holding);
            }
            let found = match &*source {
                Source::Snapshot(txn, _) => txn.query_all_raw(statement).await?,
                _ => {
                    drop(source);
                    Stats::take_connection();
                    self.db.reader.query_all_raw(statement).await?
                }
            };
            Stats::add_rows(found.len());
            found
                .iter()
                .map(|row| T::from_query_result(row, "").map_err(Error::from))
                .collect()
        }
        .boxed()
    }

    /// The first row of a statement.
    pub fn row<T: FromQueryResult + Send>(&self, sql: Sql) -> BoxFuture<'_, Result<Option<T>>> {
        async move { Ok(self.rows(sql).await?.into_iter().next()) }.boxed()
    }

    /// Gives the connection back; the next statement takes a new snapshot. Before a write, so that no request waits for one
    /// connection while it holds another, and so that what is read afterwards includes the write.
    pub async fn release(&self) {
        let mut source = self.source.lock().await;
        if !matches!(*source, Source::Passing) {
            *source = Source::NewSnapshot;
        }
    }

    /// Gives the connection back for good: from now on this reader is [passing](Self::passing).
    pub async fn pass(&self) {
        *self.source.lock().await = Source::Passing;
    }
}
