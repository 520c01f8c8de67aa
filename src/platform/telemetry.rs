//! Logs, and the figures of one request.

use std::{
    future::Future,
    io::IsTerminal,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

tokio::task_local! {
    static STATS: Arc<Stats>;
}

/// What a request cost so far.
#[derive(Debug, Default)]
pub struct Stats {
    sql: AtomicU64,
    rows: AtomicU64,
    /// Whether it holds a connection.
    is_holding: AtomicBool,
}

impl Stats {
    /// Statements sent to the database.
    pub fn sql(&self) -> u64 {
        self.sql.load(Ordering::Relaxed)
    }

    /// Rows read.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Runs a future and counts what it costs.
    pub async fn count<F: Future>(self: &Arc<Self>, future: F) -> F::Output {
        STATS.scope(Arc::clone(self), future).await
    }

    /// The figures of the running request, for tasks that it spawns.
    #[must_use]
    pub fn current() -> Arc<Self> {
        STATS.try_with(Arc::clone).unwrap_or_default()
    }

    pub(super) fn add_statement() {
        let _ = STATS.try_with(|stats| stats.sql.fetch_add(1, Ordering::Relaxed));
    }

    /// Says of the running request that it takes a connection, and holds it until this is dropped.
    pub(super) fn hold_connection() -> Holding {
        Self::take_connection();
        let stats = Self::current();
        stats.is_holding.store(true, Ordering::Relaxed);
        Holding(stats)
    }

    /// Says of the running request that it takes a connection for a moment. While it holds one it must take no other: as many requests
    /// as there are connections would wait for each other.
    pub(super) fn take_connection() {
        let is_holding = Self::current().is_holding.load(Ordering::Relaxed);
        debug_assert!(!is_holding, "a request that holds a connection takes another");
    }

    pub(super) fn add_rows(count: usize) {
        let _ = STATS.try_with(|stats| stats.rows.fetch_add(count as u64, Ordering::Relaxed));
    }
}

/// That the running request holds a connection.
#[derive(Debug)]
pub(super) struct Holding(Arc<Stats>);

impl Drop for Holding {
    fn drop(&mut self) {
        self.0.is_holding.store(false, Ordering::Relaxed);
    }
}

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts the logs; `filter` is a `tracing` filter such as `info,sojourn=debug`. A second call changes nothing.
pub fn start(filter: &str, format: LogFormat) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let registry = tracing_subscriber::registry().with(filter);
    let _ = match format {
        LogFormat::Text => registry
            .with(
                fmt::layer()
                    .with_ansi(std::io::stderr().is_terminal())
                    .with_writer(std::io::stderr),
            )
            .try_init(),
        LogFormat::Json => registry
            .with(fmt::layer().json().with_writer(std::io::stderr))
            .try_init(),
    };
}
