//! For whom a migration waits: an operator who knows that ends it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use migration::Database;
use tokio::task::JoinHandle;

use super::Session;

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(1);
/// How often the same is said.
const SAY_EVERY: Duration = Duration::from_secs(30);

/// Looks for as long as it is kept. SQLite's file has one process: only `sqlite3` and the like could be in the way, and nobody knows
/// of them.
#[derive(Debug, Default)]
pub struct Watch {
    others: Arc<Mutex<String>>,
    task: Option<JoinHandle<()>>,
}

impl Watch {
    /// Begins to watch a connection, from another one. Where there is none to be had, nothing is said.
    pub async fn begin(url: &str, session: &mut Session) -> Self {
        let mut watch = Self::default();
        if session.database() == Database::Sqlite {
            return watch;
        }
        let number = session.texts("SELECT pg_backend_pid()::text").await;
        if let (Ok(number), Ok(second)) = (number, Session::open(url).await) {
            let others = Arc::clone(&watch.others);
            watch.task = Some(tokio::spawn(look(second, number.concat(), others)));
        }
        watch
    }

    /// Who was in the way last, for the end of a sentence; empty if that is not known.
    pub fn others(&self) -> String {
        self.others.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

async fn look(mut session: Session, number: String, others: Arc<Mutex<String>>) {
    // Without the rights to see it, other users' transactions have neither state nor age. Those of a moment are none that an operator ends.
    let sql = format!(
        "SELECT concat('process ', pid, ' of ', usename, COALESCE(' (' || NULLIF(application_name, '') || ')', ''), \
            COALESCE(', ' || state, ''), COALESCE(', in a transaction for ' || \
            round(extract(epoch FROM clock_timestamp() - xact_start))::bigint || ' s', '')) \
         FROM pg_stat_activity WHERE pid = ANY (pg_blocking_pids({number})) \
            AND COALESCE(clock_timestamp() - xact_start >= interval '1 second', true) ORDER BY xact_start LIMIT 5"
    );
    let mut said: Option<Instant> = None;
    while let Ok(found) = session.texts(&*sql).await {
        if found.is_empty() {
            // Between two attempts nobody is in the way.
        } else {
            let found = found.join("; ");
            if said.is_none_or(|said| said.elapsed() >= SAY_EVERY) {
                tracing::warn!(others = found, "a migration waits for others: it goes on when they end");
                said = Some(Instant::now());
            }
            *others.lock().unwrap_or_else(PoisonError::into_inner) = found;
        }
        tokio::time::sleep(EVERY).await;
    }
}
