//! Whether what the database keeps is still what was written: silent damage is told, not served.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, RuntimeErr, sqlx};
use uuid::Uuid;

use super::Db;
use crate::platform::{
    clock,
    error::{Error, Result},
};

/// Findings that are told at most: the first says enough, the rest how bad it is.
const FINDINGS: usize = 20;
/// Steps of SQLite's machine between two looks at the time.
const STEPS: i32 = 100;

/// What a check of the database has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Soundness {
    /// Nothing is wrong.
    Whole,
    /// The time was over first; nothing was wrong until then.
    Unfinished,
    /// It is damaged: what was found first, in the database's words.
    Damaged(Vec<String>),
    /// Only PostgreSQL itself can tell, and it was not told to: a sentence.
    Unknown(&'static str),
}

/// The newest of what the database keeps. Ids and numbers only.
#[derive(Clone, Debug, Default, FromQueryResult)]
pub struct Tail {
    /// The newest event.
    pub event_id: Option<Uuid>,
    /// Its stream.
    pub stream_id: Option<Uuid>,
    /// Its number in the stream.
    pub seq: Option<i64>,
    /// When it happened.
    pub occurred_at: Option<DateTime<Utc>>,
}

impl Tail {
    /// The first moment that is later than all events.
    fn end(&self) -> Option<DateTime<Utc>> {
        self.event_id.and_then(clock::after).max(self.occurred_at)
    }
}

impl Db {
    /// Looks through the whole database, for as long as `limit` says: on SQLite by its `quick_check`, which reads every page; PostgreSQL
    /// is asked what the checksums of its pages have shown.
    ///
    /// # Errors
    /// The database's.
    pub async fn quick_check(&self, limit: Option<Duration>) -> Result<Soundness> {
        if self.is_postgres() {
            return self.checksums().await;
        }
        let checked = self.look_through(limit).await;
        match checked {
            Ok(findings) if findings == ["ok"] => Ok(Soundness::Whole),
            Ok(findings) => Ok(Soundness::Damaged(findings)),
            Err(error) => match code(&error) {
                // SQLITE_INTERRUPT
                Some(9) => Ok(Soundness::Unfinished),
                _ => damage(&error).map_or_else(
                    || Err(DbErr::Query(RuntimeErr::SqlxError(error.into())).into()),
                    |finding| Ok(Soundness::Damaged(vec![finding])),
                ),
            },
        }
    }

    async fn look_through(&self, limit: Option<Duration>) -> sqlx::Result<Vec<String>> {
        let mut connection = self.reader.get_sqlite_connection_pool().acquire().await?;
        if let Some(limit) = limit {
            let end = Instant::now() + limit;
            let mut handle = connection.lock_handle().await?;
            handle.set_progress_handler(STEPS, move || Instant::now() < end);
        }
        let findings = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("PRAGMA quick_check({FINDINGS})")));
        let findings = findings.fetch_all(&mut *connection).await;
        connection.lock_handle().await?.remove_progress_handler();
        findings
    }

    async fn checksums(&self) -> Result<Soundness> {
        let sql = "SELECT current_setting('data_checksums') = 'on' AS is_on, checksum_failures FROM pg_stat_database \
            WHERE datname = current_database()";
        let row = self.reader.query_one_raw(self.sql(sql).statement()).await?;
        let row = row.ok_or_else(|| Error::broken("PostgreSQL knows nothing of this database"))?;
        let failures: Option<i64> = row.try_get("", "checksum_failures")?;
        Ok(match (row.try_get("", "is_on")?, failures.unwrap_or_default()) {
            (false, _) => Soundness::Unknown(
                "data checksums are off in this PostgreSQL, so nobody can tell: switch them on with `pg_checksums --enable` while it is \
                 stopped, or look with `pg_amcheck --heapallindexed`",
            ),
            (true, 0) => Soundness::Whole,
            (true, failures) => Soundness::Damaged(vec![format!(
                "pages whose checksum was wrong when PostgreSQL read them: {failures}"
            )]),
        })
    }

    /// Reads the newest of what the database keeps, and lets the clock begin after it.
    ///
    /// # Errors
    /// The database's.
    pub async fn tail(&self) -> Result<Tail> {
        let sql = self.sql("SELECT id AS event_id, stream_id, seq, occurred_at FROM event ORDER BY id DESC LIMIT 1");
        let row = self.newest().query_one_raw(sql.statement()).await?;
        let tail = row.map(|row| Tail::from_query_result(&row, "")).transpose()?;
        let tail = tail.unwrap_or_default();
        if let Some(end) = tail.end() {
            self.clock.learn(end);
        }
        Ok(tail)
    }

    /// Lets the clock begin after all else that the database keeps.
    ///
    /// # Errors
    /// The database's.
    pub async fn learn(&self) -> Result<()> {
        let newest =
            MADE.map(|table| format!("SELECT id FROM (SELECT id FROM {table} ORDER BY id DESC LIMIT 1) AS {table}"));
        let sql = self.sql(&newest.join(" UNION ALL "));
        for row in self.newest().query_all_raw(sql.statement()).await? {
            if let Some(end) = clock::after(row.try_get("", "id")?) {
                self.clock.learn(end);
            }
        }
        Ok(())
    }
}

/// Tables whose newest id tells how far time had come, beside those of the [`Tail`].
const MADE: [&str; 12] = [
    "account",
    "contribution",
    "decision",
    "job",
    "membership",
    "notification",
    "organisation",
    "report",
    "review_round",
    "revision",
    "session",
    "space",
];

/// What an operator is told of a database that is damaged.
#[must_use]
pub fn damaged(findings: &[String]) -> String {
    let first = findings.first().map_or("", String::as_str).trim();
    format!(
        "the database is damaged ({} found, the first: {first}). Keep a copy of it as it is, then put the last good backup in its place, \
         without the -wal and -shm files of the damaged one",
        findings.len()
    )
}

/// SQLite's number of an error, without what it adds to it.
fn code(error: &sqlx::Error) -> Option<u32> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

/// What an error says of damage, if it does.
fn damage(error: &sqlx::Error) -> Option<String> {
    // SQLITE_CORRUPT, SQLITE_NOTADB
    let is_damage = matches!(code(error), Some(11 | 26));
    is_damage.then(|| error.to_string())
}

/// Why a database can't be opened.
pub(super) fn not_opened(error: DbErr) -> Error {
    let finding = match &error {
        DbErr::Conn(RuntimeErr::SqlxError(cause)) => damage(cause),
        _ => None,
    };
    match finding {
        Some(finding) => {
            let told = damaged(&[finding]);
            Error::broken(format!(
                "{told}. It can't be opened, not even with --serve-damaged: `sqlite3 sojourn.db .recover` may get something out of a copy"
            ))
        }
        None => Error::broken(format!("the database can't be opened: {error}")),
    }
}
