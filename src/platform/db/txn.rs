//! A transaction that commits only what was written as a whole.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement,
    TransactionOptions, TransactionTrait, sqlx,
};

use super::pool::{Pool, Trust};
use crate::platform::error::{self, Error};

/// How long a commit may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A transaction. It is rolled back when it is dropped.
#[derive(Debug)]
pub struct Txn {
    txn: DatabaseTransaction,
    trust: Trust,
    /// A statement failed. SQLite may have ended the transaction with it, so that what follows stands on its own; PostgreSQL would
    /// answer a commit with success and roll back.
    is_failed: AtomicBool,
}

impl Txn {
    /// Begins one, in a task of its own: a request that is dropped before the database has answered would leave it open there,
    /// and whoever gets the connection next would read from its old snapshot.
    pub(super) async fn begin(pool: &Pool, options: TransactionOptions) -> error::Result<Self> {
        let (connections, trust) = ((**pool).clone(), pool.trust.clone());
        let begun = tokio::spawn({
            let trust = trust.clone();
            async move {
                let begun = trust.answer(connections.begin_with_options(options)).await;
                // It may begin yet. Or the connection came to be while nothing could be written, and keeps to that.
                if let Err(error) = &begun
                    && (matches!(error, DbErr::Conn(_)) || error::keeps_nothing(error))
                {
                    trust.lose();
                }
                begun
            }
        });
        match begun.await.map_err(Error::internal)? {
            Ok(txn) => Ok(Self {
                txn,
                trust,
                is_failed: AtomicBool::new(false),
            }),
            Err(error) => {
                let error = Error::from(error);
                let Error::Internal(cause) = &error else {
                    return Err(error);
                };
                // Something is open already on the connection that was had: the next one is another.
                trust.lose();
                tracing::error!(%cause, "a transaction could not begin");
                Err(Error::Contended)
            }
        }
    }

    /// Commits, if every statement was done.
    ///
    /// # Errors
    /// [`Error::Unavailable`] also when the outcome is unknown.
    pub(super) async fn commit(self) -> error::Result<()> {
        if self.is_failed.into_inner() {
            return Err(Error::broken("a unit of work went on after a statement that failed"));
        }
        let error = match tokio::time::timeout(PATIENCE, self.txn.commit()).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => {
                self.trust.note(&error);
                Some(error)
            }
            Err(_) => None,
        };
        self.trust.lose();
        Err(commit_error(error))
    }

    async fn answer<T>(&self, statement: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        let answer = self.trust.answer(statement).await;
        if answer.is_err() {
            self.is_failed.store(true, Ordering::Relaxed);
        }
        answer
    }
}

/// A commit that failed without an answer of the database may have happened.
fn commit_error(error: Option<DbErr>) -> Error {
    match error {
        Some(DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)))
            if matches!(&*cause, sqlx::Error::Database(_)) =>
        {
            DbErr::Exec(RuntimeErr::SqlxError(cause)).into()
        }
        error => {
            tracing::warn!(?error, "the outcome of a commit is unknown");
            Error::Unavailable(Duration::from_secs(1))
        }
    }
}

#[async_trait]
impl ConnectionTrait for Txn {
    fn get_database_backend(&self) -> DbBackend {
        self.txn.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.answer(self.txn.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.answer(self.txn.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.answer(self.txn.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.answer(self.txn.query_all_raw(statement)).await
    }
}
