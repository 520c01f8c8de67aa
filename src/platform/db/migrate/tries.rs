//! Attempts at what others may stand in the way of.

use std::time::Duration;

use migration::Database;
use sea_orm::sqlx;

use super::{
    Watch, failed,
    session::{Session, is_contended},
};
use crate::platform::error::{Error, Result};

/// Attempts at a migration that others stand in the way of.
const TRIES: u32 = 30;
/// Pauses between them, and between attempts to be the one who migrates: in milliseconds, at random.
const PAUSE: std::ops::Range<u64> = 300..1_500;
/// How often it is said that others migrate.
const SAY_EVERY: u32 = 30;
/// The lock of whoever migrates. Releases before the floor hold the same one.
const LOCK: i64 = 7_305_823_100_513;

/// Why an attempt failed.
pub enum Failure {
    /// Somebody stood in the way.
    Contended(sqlx::Error),
    /// The database refuses.
    Failed(sqlx::Error),
    /// It must not be done, for a reason in words.
    Refused(String),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        if is_contended(&error) {
            Self::Contended(error)
        } else {
            Self::Failed(error)
        }
    }
}

/// Attempts at one thing until nobody stands in the way, with pauses in which those who wait behind it go on.
pub struct Tries<'a> {
    name: &'a str,
    watch: &'a Watch,
    failed: u32,
}

impl<'a> Tries<'a> {
    pub fn at(name: &'a str, watch: &'a Watch) -> Self {
        Self { name, watch, failed: 0 }
    }

    /// Whether another attempt is to be made, now, after one that ended so.
    pub async fn again(&mut self, done: std::result::Result<(), Failure>) -> Result<bool> {
        let name = self.name;
        match done {
            Ok(()) => Ok(false),
            Err(Failure::Contended(error)) if self.failed + 1 < TRIES => {
                self.failed += 1;
                let cause = error
                    .as_database_error()
                    .map_or_else(|| error.to_string(), |error| error.message().to_owned());
                tracing::info!(
                    migration = name,
                    failed = self.failed,
                    cause,
                    "a migration is tried again"
                );
                pause().await;
                Ok(true)
            }
            Err(Failure::Contended(_)) => {
                let others = match self.watch.others() {
                    others if others.is_empty() => String::new(),
                    others => format!(" ({others})"),
                };
                Err(Error::broken(format!(
                    "the migration {name} was given up after {TRIES} attempts: others{others} keep locked what it needs. Nothing of it \
                     stays; when they have ended, migrate again"
                )))
            }
            Err(Failure::Failed(error)) => Err(Error::broken(format!("the migration {name} failed: {error}"))),
            Err(Failure::Refused(why)) => Err(Error::broken(format!("the migration {name} was refused: {why}"))),
        }
    }
}

/// Runs statements in one transaction.
pub async fn all_or_nothing(session: &mut Session, sql: &str) -> std::result::Result<(), Failure> {
    session.begin().await?;
    let done = session.run(sql).await.map_err(Failure::from);
    end(session, done).await
}

/// Ends a transaction.
pub async fn end(session: &mut Session, done: std::result::Result<(), Failure>) -> std::result::Result<(), Failure> {
    let done = match done {
        Ok(()) => session.run("COMMIT").await.map_err(Failure::from),
        failed => failed,
    };
    if done.is_err() {
        // SQLite may have ended it by itself. A connection that is lost tells that with the next statement.
        let _ = session.run("ROLLBACK").await;
    }
    done
}

/// Waits until no other process migrates. By asking again and again: a statement that waits would keep an index from being
/// finished, which waits for all older statements.
pub async fn lock(session: &mut Session) -> Result<()> {
    if session.database() == Database::Sqlite {
        // The process has the file for itself.
        return Ok(());
    }
    for tries in 0_u32.. {
        let taken = session
            .texts(format!("SELECT pg_try_advisory_lock({LOCK})::text"))
            .await;
        if taken.map_err(failed)? == ["true"] {
            break;
        }
        if tries % SAY_EVERY == 0 {
            tracing::info!("another process migrates the database: waiting");
        }
        pause().await;
    }
    Ok(())
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(rand::random_range(PAUSE))).await;
}
