//! Pools that use a connection again only if its state is known.
//!
//! A driver counts what it was told of transactions; the database may have ended one by itself (a full disk, an error of the
//! disk), or never have answered. A connection that is handed out as if nothing had happened would put the next unit of work into
//! what is left of another one, and its commit would store nothing. So every pool asks before it hands a connection out.

use std::{
    ops::{Deref, DerefMut},
    sync::{
        Arc, Mutex, Once, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use futures_util::{FutureExt, future::BoxFuture};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult,
    RuntimeErr, Statement, sqlx,
};
use sqlx::{
    Connection,
    pool::{PoolConnectionMetadata, PoolOptions},
};

use crate::platform::error;

/// Connections that were idle for so long are tested before they are used: a server that was restarted has dropped them.
const TEST_IF_IDLE: Duration = Duration::from_secs(1);
/// How long a connection may take to answer that test. Several may be tested while one request waits.
const ANSWER: Duration = Duration::from_secs(1);
/// How long an answer of PostgreSQL may take, with the wait for a connection: longer than both have of their own. If none came then,
/// none comes: the other end is gone, and nobody has heard of it.
const NO_ANSWER: Duration = Duration::from_secs(16);
/// How long a connection that may hang is waited for when it is given back.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is said that a transaction did not end.
const SAY_EVERY: Duration = Duration::from_secs(10);
/// For how long a connection is doubted that was given back in the middle of a statement: it is on its way back then.
const DOUBT: Duration = Duration::from_secs(1);

/// A pool of connections.
#[derive(Debug)]
pub struct Pool {
    connections: DatabaseConnection,
    pub(super) trust: Trust,
}

impl Pool {
    /// Opens a pool.
    pub(super) async fn open(mut options: ConnectOptions) -> Result<Self, DbErr> {
        count_crashes();
        let is_remote = DbBackend::Postgres.is_prefix_of(options.get_url());
        let trust = Trust {
            limit: is_remote.then_some(NO_ANSWER),
            ..Trust::default()
        };
        // The pool's own test would test each time, and wait for ever.
        options.test_before_acquire(false);
        trust.watch(&mut options);
        let connections = Database::connect(options).await?;
        Ok(Self { connections, trust })
    }
}

impl Deref for Pool {
    type Target = DatabaseConnection;

    fn deref(&self) -> &DatabaseConnection {
        &self.connections
    }
}

impl DerefMut for Pool {
    fn deref_mut(&mut self) -> &mut DatabaseConnection {
        &mut self.connections
    }
}

#[async_trait]
impl ConnectionTrait for Pool {
    fn get_database_backend(&self) -> DbBackend {
        self.connections.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.trust.answer(self.connections.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.trust.answer(self.connections.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.trust.answer(self.connections.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.trust.answer(self.connections.query_all_raw(statement)).await
    }
}

/// What is known about the connections of one pool.
#[derive(Clone, Debug, Default)]
pub(super) struct Trust {
    known: Arc<Mutex<Known>>,
    limit: Option<Duration>,
}

#[derive(Debug, Default)]
struct Known {
    /// No connection is used again that was open then.
    lost: Option<Instant>,
    /// When a statement was last abandoned before its answer.
    abandoned: Option<Instant>,
    /// When the database last refused to keep something.
    refused: Option<Instant>,
    /// When it last found that it is damaged.
    damaged: Option<Instant>,
    /// When it was last said that a transaction did not end.
    said: Option<Instant>,
}

impl Trust {
    /// A transaction didn't end as it should: every connection that is open now is closed before it is used again.
    pub(super) fn lose(&self) {
        self.known(|known| known.lost = Some(Instant::now()));
    }

    /// The answer of a statement. If nobody waits for it any longer, its connection is doubted.
    pub(super) async fn answer<T>(&self, statement: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        let crashes = CRASHES.load(Ordering::Acquire);
        // Dropped after `waiting`, so that its connection is given back when it is doubted already.
        let mut statement = std::pin::pin!(statement);
        let mut waiting = Waiting(Some(self));
        let answer = match self.limit {
            Some(limit) => tokio::time::timeout(limit, statement.as_mut()).await,
            None => Ok(statement.as_mut().await),
        };
        let Ok(answer) = answer else {
            return Err(DbErr::Conn(RuntimeErr::Internal(
                "the database doesn't answer".to_owned(),
            )));
        };
        waiting.0 = None;
        if let Err(error) = &answer {
            self.note(error);
        }
        if CRASHES.load(Ordering::Acquire) == crashes {
            return answer;
        }
        answer.and(Err(DbErr::Conn(RuntimeErr::Internal(
            "a connection crashed: rows may be missing".to_owned(),
        ))))
    }

    /// Notes what an error tells of the database itself.
    pub(super) fn note(&self, error: &DbErr) {
        let now = Some(Instant::now());
        if error::keeps_nothing(error) {
            self.known(|known| known.refused = now);
        }
        if error::is_damage(error) {
            self.known(|known| known.damaged = now);
        }
    }

    /// Whether the database has refused to keep something within this time.
    pub(super) fn has_refused(&self, within: Duration) -> bool {
        self.known(|known| known.refused.is_some_and(|at| at.elapsed() < within))
    }

    /// Whether it has found itself damaged within this time.
    pub(super) fn has_found_damage(&self, within: Duration) -> bool {
        self.known(|known| known.damaged.is_some_and(|at| at.elapsed() < within))
    }

    /// Lets a pool hand out only connections whose state is known.
    fn watch(&self, connect: &mut ConnectOptions) {
        let (sqlite, postgres) = (self.clone(), self.clone());
        connect.map_sqlx_sqlite_before_acquire(move |connection, meta| sqlite.check(connection, &meta));
        connect.map_sqlx_postgres_before_acquire(move |connection, meta| postgres.check(connection, &meta));
        let trust = self.clone();
        connect.map_sqlx_postgres_pool_opts(move |pool| trust.bound(pool));
    }

    /// Whether a connection may be handed out. What was queued on it is done by now: the pool has waited for that when it was
    /// given back.
    fn check<'c, C: Connection + Send>(
        &self,
        connection: &'c mut C,
        meta: &PoolConnectionMetadata,
    ) -> BoxFuture<'c, Result<bool, sqlx::Error>> {
        let opened = Instant::now().checked_sub(meta.age);
        let is_lost = self.known(|known| {
            known
                .lost
                .is_some_and(|lost| opened.is_none_or(|opened| opened <= lost))
        });
        let is_idle = meta.idle_for >= TEST_IF_IDLE;
        if connection.is_in_transaction() {
            // On a full disk it is so with every unit of work.
            let is_said = self.known(|known| {
                let is_said = known.said.is_some_and(|said| said.elapsed() < SAY_EVERY);
                known.said = known.said.filter(|_| is_said).or_else(|| Some(Instant::now()));
                is_said
            });
            if !is_said {
                tracing::error!("a connection to the database is closed: a transaction did not end on it");
            }
            return std::future::ready(Ok(false)).boxed();
        }
        async move {
            if is_idle && !is_lost {
                ping(connection, ANSWER).await?;
            }
            Ok(!is_lost)
        }
        .boxed()
    }

    /// A server that hangs never answers what is left to be said on a connection: whoever waits for it would keep its place in the
    /// pool for as long as the network takes to notice.
    fn bound(&self, pool: PoolOptions<sqlx::Postgres>) -> PoolOptions<sqlx::Postgres> {
        let trust = self.clone();
        pool.after_release(move |connection, _| {
            let is_doubted = trust.known(|known| known.abandoned.is_some_and(|since| since.elapsed() < DOUBT));
            async move {
                if !is_doubted {
                    return Ok(true);
                }
                ping(connection, PATIENCE).await.map(|()| true)
            }
            .boxed()
        })
    }

    fn known<T>(&self, with: impl FnOnce(&mut Known) -> T) -> T {
        with(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Threads of connections to SQLite that have panicked. The driver takes what one has sent until then for the whole answer
/// (without memory to copy a value, it panics), so none is believed that came meanwhile.
static CRASHES: AtomicU64 = AtomicU64::new(0);

fn count_crashes() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if std::thread::current()
                .name()
                .is_some_and(|name| name.starts_with("sqlx-sqlite-worker"))
            {
                CRASHES.fetch_add(1, Ordering::Release);
            }
            hook(panic);
        }));
    });
}

/// An error closes the connection.
async fn ping<C: Connection>(connection: &mut C, patience: Duration) -> Result<(), sqlx::Error> {
    let answered = tokio::time::timeout(patience, connection.ping()).await;
    answered.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

/// Somebody waits for the answer of a statement.
struct Waiting<'a>(Option<&'a Trust>);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(trust) = self.0 {
            trust.known(|known| known.abandoned = Some(Instant::now()));
        }
    }
}
