//! The nodes that serve on a database: their versions, and when each was last seen. Nothing in it is about a person.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::Db;
use crate::platform::error::{Error, Result};

/// For how long the database counts as one that only reads after it has refused to keep something: some of what is written finds
/// room on a full disk, above all what is as small as the row of a node.
const REFUSES: Duration = Duration::from_secs(5);
/// For how long it counts as damaged after it has said so.
const DAMAGED: Duration = Duration::from_secs(60);
/// How long it holds whether what is written is stored.
const FOUND_HOLDS: Duration = Duration::from_secs(1);

/// Whether what was written is stored, and when that was found.
pub(super) type Writes = tokio::sync::Mutex<Option<(Instant, Result<()>)>>;

impl Db {
    /// The id of this process among the nodes.
    #[must_use]
    pub fn node(&self) -> Uuid {
        self.node
    }

    /// Says that this node is alive, and which binary it is: one statement, on a connection for writing. Returns its clock as it
    /// was written.
    ///
    /// # Errors
    /// The database's.
    pub async fn beat(&self) -> Result<DateTime<Utc>> {
        let clock = self.clock.now();
        let migrations = i32::try_from(self.migrations.len()).map_err(Error::internal)?;
        let mut sql = self.sql("INSERT INTO node (id, place, version, migrations, clock, seen_at) VALUES (");
        sql.bind(self.node).push(", ").bind(self.place.clone());
        sql.push(", ").bind(env!("CARGO_PKG_VERSION"));
        sql.push(", ").bind(migrations).push(", ").bind(clock);
        // By the clock of the database, so that nodes compare.
        let seen = if self.is_postgres() { ", now())" } else { ", :now)" };
        sql.push(seen)
            .push(" ON CONFLICT (id) DO UPDATE SET clock = excluded.clock, seen_at = excluded.seen_at");
        self.writer.execute_raw(sql.statement()).await?;
        Ok(clock)
    }

    /// This node's clock as it was written last and as readers see it; none if it was not.
    ///
    /// # Errors
    /// The database's.
    pub async fn last_beat(&self) -> Result<Option<DateTime<Utc>>> {
        let mut sql = self.sql("SELECT clock FROM node WHERE id = ");
        sql.bind(self.node);
        let row = self.reader.query_one_raw(sql.statement()).await?;
        Ok(row.map(|row| row.try_get("", "clock")).transpose()?)
    }

    /// Whether what is written is stored: this node's row, written and read back through a reader. What was found holds for a moment, so
    /// that those who ask often don't write often.
    ///
    /// # Errors
    /// It isn't, with the reason for the log.
    pub async fn check_writes(&self) -> Result<()> {
        if self.refuses() {
            return Err(Error::broken("something was refused within the last five seconds"));
        }
        let mut found = self.writes.lock().await;
        match &*found {
            Some((at, found)) if at.elapsed() < FOUND_HOLDS => found.clone(),
            _ => {
                let outcome = self.write_and_read().await;
                *found = Some((Instant::now(), outcome.clone()));
                outcome
            }
        }
    }

    /// Whether the database has refused to keep something just now.
    #[must_use]
    pub fn refuses(&self) -> bool {
        self.writer.trust.has_refused(REFUSES)
    }

    /// Whether it has come upon damage lately.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        [&self.writer, &self.reader]
            .iter()
            .any(|pool| pool.trust.has_found_damage(DAMAGED))
    }

    async fn write_and_read(&self) -> Result<()> {
        let written = self.beat().await?;
        match self.last_beat().await? {
            Some(read) if read >= written => Ok(()),
            read => Err(Error::broken(format!("{written} was written, {read:?} is read"))),
        }
    }

    /// Takes this node from those that serve.
    ///
    /// # Errors
    /// The database's.
    pub async fn leave(&self) -> Result<()> {
        let mut sql = self.sql("DELETE FROM node WHERE id = ");
        sql.bind(self.node);
        self.writer.execute_raw(sql.statement()).await?;
        Ok(())
    }

    /// Forgets nodes that were not seen for a day, by the clock of the database; on SQLite, every other one, since this process has the file for itself.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_nodes(&self) -> Result<()> {
        let mut sql = self.sql("DELETE FROM node WHERE id <> ");
        sql.bind(self.node);
        if self.is_postgres() {
            sql.push(" AND seen_at < now() - interval '1 day'");
        }
        self.writer.execute_raw(sql.statement()).await?;
        Ok(())
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// It doesn't, with the reason for the log.
    pub async fn check_database(&self) -> Result<()> {
        self.reader.execute_unprepared("SELECT 1").await?;
        Ok(())
    }
}
