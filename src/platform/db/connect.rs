//! Opening the database that a URL names.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use migration::Migration;
use sea_orm::{
    ConnectOptions, ConnectionTrait,
    sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous},
};
use tokio::sync::Notify;
use uuid::Uuid;

use super::{Db, Inner, Pool, Url, check::not_opened, migrate, recorder::Recorder};
use crate::platform::{
    clock::Clock,
    error::{Error, Result},
    live::Live,
    telemetry::Stats,
};

/// How long a pool may take to close.
const CLOSED: Duration = Duration::from_secs(3);

/// How to open a database.
#[derive(Clone, Debug)]
pub struct Options {
    /// `sqlite:<path>` or `postgres://…`.
    pub url: String,
    /// Connections for writing (PostgreSQL; SQLite has one).
    pub writers: u32,
    /// Connections for reading.
    pub readers: u32,
    /// How long a request waits for a connection.
    pub acquire_timeout: Duration,
    /// The migrations of this release: [`migration::all`].
    pub migrations: Vec<Migration>,
    /// Where the process is found, for whoever looks for its node.
    pub place: String,
}

impl Db {
    /// Opens the database.
    ///
    /// # Errors
    /// It can't be reached, or another process has the SQLite file open.
    pub async fn connect(options: &Options, clock: Clock, live: Live) -> Result<Self> {
        let (mut writer, mut reader, lock) = match file_of(&options.url) {
            Some(path) => {
                let lock = lock_file(path)?;
                // The writer first: it makes the file and puts it into WAL mode.
                let writer = Pool::open(sqlite(options, path, 1, true)?).await.map_err(not_opened)?;
                (
                    writer,
                    Pool::open(sqlite(options, path, options.readers, false)?)
                        .await
                        .map_err(not_opened)?,
                    Some(lock),
                )
            }
            None => {
                // A pool knows only that it has waited for too long.
                migrate::reach(&options.url).await?;
                let writer = Pool::open(postgres(options, options.writers, true))
                    .await
                    .map_err(not_opened)?;
                (
                    writer,
                    Pool::open(postgres(options, options.readers, false))
                        .await
                        .map_err(not_opened)?,
                    None,
                )
            }
        };
        let recorder = Recorder::default();
        for pool in [&mut writer, &mut reader] {
            let recorder = recorder.clone();
            pool.set_metric_callback(move |info| {
                Stats::add_statement();
                recorder.add(info.statement);
            });
        }
        let queues = Mutex::new(HashMap::new());
        Ok(Self(Arc::new(Inner {
            writer,
            reader,
            clock,
            live,
            queues,
            job_bell: Notify::new(),
            recorder,
            url: Url(options.url.clone()),
            migrations: options.migrations.clone(),
            node: Uuid::now_v7(),
            place: options.place.clone(),
            writes: super::node::Writes::default(),
            _lock: lock,
        })))
    }

    /// After an erasure: empties the write-ahead log of SQLite, which keeps earlier states of pages. If readers are in the way, the
    /// next checkpoint does it. PostgreSQL cleans up by itself (vacuum).
    pub async fn scrub(&self) {
        if !self.is_postgres()
            && let Err(error) = self.writer.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await
        {
            tracing::warn!(?error, "the write-ahead log could not be emptied");
        }
    }

    /// Closes all connections. One that hangs is left to the end of the process.
    pub async fn close(&self) {
        let close = async |pool: &Pool| {
            let closed = tokio::time::timeout(CLOSED, (**pool).clone().close()).await;
            closed.is_ok()
        };
        if !close(&self.reader).await || !close(&self.writer).await {
            tracing::warn!("a connection to the database hangs: it is not closed properly");
        }
    }
}

fn lock_file(path: &Path) -> Result<std::fs::File> {
    // Not on the database file itself: closing any descriptor of it would drop SQLite's own locks.
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = std::fs::File::create(&name).map_err(|error| Error::broken(format!("{}: {error}", path.display())))?;
    file.try_lock()
        .map_err(|_| Error::broken(format!("{} is in use by another process", path.display())))?;
    Ok(file)
}

/// The file of an SQLite database, as it is written in its URL: nothing in it is decoded.
pub(super) fn file_of(url: &str) -> Option<&Path> {
    Some(Path::new(url.strip_prefix("sqlite:")?.trim_start_matches("//")))
}

fn sqlite(options: &Options, path: &Path, connections: u32, is_writer: bool) -> Result<ConnectOptions> {
    let named = |error: std::io::Error| Error::broken(format!("{}: {error}", path.display()));
    // Behind a host, and with signs that mean nothing, whatever the folder is called.
    let whole = std::path::absolute(path).map_err(named)?;
    let whole: String = url::form_urlencoded::byte_serialize(whole.as_os_str().as_encoded_bytes()).collect();
    let whole = whole.replace('+', "%20").replace("%2F", "/");
    let mut connect = ConnectOptions::new(format!("sqlite://{whole}?mode=rwc"));
    connect.max_connections(connections).min_connections(1);
    connect.acquire_timeout(options.acquire_timeout).sqlx_logging(false);
    connect.map_sqlx_sqlite_opts(move |sqlite| {
        let sqlite = sqlite
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            .statement_cache_capacity(256);
        if is_writer {
            // What is deleted or replaced leaves nothing readable behind in the file.
            let sqlite = sqlite.pragma("secure_delete", "ON");
            // FULL: a commit that was acknowledged survives a power cut.
            sqlite
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
        } else {
            sqlite.pragma("query_only", "ON")
        }
    });
    connect.map_sqlx_sqlite_pool_opts(|pool| pool.idle_timeout(None).max_lifetime(None));
    Ok(connect)
}

fn postgres(options: &Options, connections: u32, is_writer: bool) -> ConnectOptions {
    let mut connect = ConnectOptions::new(options.url.clone());
    connect.max_connections(connections).min_connections(1);
    connect.acquire_timeout(options.acquire_timeout).sqlx_logging(false);
    connect.map_sqlx_postgres_opts(move |postgres| {
        let isolation = if is_writer { "read committed" } else { "repeatable read" };
        let read_only = if is_writer { "off" } else { "on" };
        postgres.statement_cache_capacity(256).options([
            ("default_transaction_isolation", isolation),
            ("default_transaction_read_only", read_only),
            ("synchronous_commit", "on"),
            ("lock_timeout", "5s"),
            ("statement_timeout", "10s"),
            // Every list has an index in its order. At the default, which is for spinning disks, PostgreSQL gathers short
            // lists by a bitmap and sorts them, and the plan changes as they grow.
            ("random_page_cost", "1"),
            // Joins by hash and by merge lose that order: they are chosen for lists that are short on average, and sort the long ones.
            ("enable_hashjoin", "off"),
            ("enable_mergejoin", "off"),
            // Statements are small and many: compiling one costs more than it.
            ("jit", "off"),
            // One plan per statement and connection. PostgreSQL would plan each five times with its values, and those for ever
            // whose general plan it thinks costs more: several times the work of running them.
            ("plan_cache_mode", "force_generic_plan"),
            ("idle_in_transaction_session_timeout", "15s"),
        ])
    });
    connect
}
