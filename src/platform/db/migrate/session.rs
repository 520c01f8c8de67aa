//! The connection on which migrations run: its own, and not the pool's, whose limits are for requests.

use std::{path::Path, str::FromStr, time::Duration};

use migration::Database;
use sea_orm::sqlx::{
    self, AssertSqlSafe, ConnectOptions, Connection, Error, PgConnection, SqliteConnection,
    postgres::PgConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use uuid::Uuid;

use crate::platform::db::connect::file_of;

/// One connection, in autocommit but for [`Session::transaction`].
#[derive(Debug)]
pub enum Session {
    /// To PostgreSQL.
    Postgres(PgConnection),
    /// To SQLite.
    Sqlite(SqliteConnection),
}

/// How long a statement waits for a lock. As long, at most, requests wait behind it.
const LOCK_TIMEOUT: &str = "2s";

/// The same on both databases.
macro_rules! on {
    ($session:expr, $connection:ident => $run:expr) => {
        match $session {
            Session::Postgres($connection) => $run,
            Session::Sqlite($connection) => $run,
        }
    };
}

impl Session {
    /// Connects.
    ///
    /// # Errors
    /// The database's.
    pub async fn open(url: &str) -> Result<Self, Error> {
        match file_of(url) {
            Some(path) => Self::sqlite(path).await,
            None => Self::postgres(url).await,
        }
    }

    async fn postgres(url: &str) -> Result<Self, Error> {
        let options = PgConnectOptions::from_str(url)?.options([
            ("default_transaction_isolation", "read committed"),
            ("default_transaction_read_only", "off"),
            ("synchronous_commit", "on"),
            ("lock_timeout", LOCK_TIMEOUT),
            ("statement_timeout", "0"),
            ("idle_in_transaction_session_timeout", "0"),
            // When this process is gone, or its machine, its lock must not stay.
            ("tcp_keepalives_idle", "30"),
            ("tcp_keepalives_interval", "10"),
            ("tcp_keepalives_count", "3"),
        ]);
        let mut session = Self::Postgres(PgConnection::connect_with(&options.disable_statement_logging()).await?);
        // The same during a long statement. Not every version of PostgreSQL, and not every system, knows it.
        let _ = session
            .run(
                "SELECT set_config(name, '5s', false) FROM pg_settings WHERE name = 'client_connection_check_interval'",
            )
            .await;
        Ok(session)
    }

    async fn sqlite(path: &Path) -> Result<Self, Error> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .busy_timeout(Duration::from_secs(5))
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("secure_delete", "ON")
            // A table that is made anew is dropped before: its rows must not take others with them. Each transaction checks all
            // keys at its end instead.
            .foreign_keys(false);
        Ok(Self::Sqlite(
            SqliteConnection::connect_with(&options.disable_statement_logging()).await?,
        ))
    }

    /// Which database it is.
    pub fn database(&self) -> Database {
        match self {
            Self::Postgres(_) => Database::Postgres,
            Self::Sqlite(_) => Database::Sqlite,
        }
    }

    /// Runs statements.
    ///
    /// # Errors
    /// The database's.
    pub async fn run(&mut self, sql: impl Into<String>) -> Result<(), Error> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.into()));
        on!(self, connection => sql.execute(connection).await.map(drop))
    }

    /// Runs a statement with ids as its values.
    ///
    /// # Errors
    /// The database's.
    pub async fn run_with(&mut self, sql: &str, ids: &[Uuid]) -> Result<(), Error> {
        on!(self, connection => {
            let query = sqlx::query(AssertSqlSafe(sql.to_owned()));
            let query = ids.iter().fold(query, |query, id| query.bind(*id));
            query.execute(connection).await.map(drop)
        })
    }

    /// The one column of a query, which is text.
    ///
    /// # Errors
    /// The database's.
    pub async fn texts(&mut self, sql: impl Into<String>) -> Result<Vec<String>, Error> {
        let sql = AssertSqlSafe(sql.into());
        on!(self, connection => sqlx::query_scalar(sql).persistent(false).fetch_all(connection).await)
    }

    /// The one value of a query with an id as its value, which is an id.
    ///
    /// # Errors
    /// The database's.
    pub async fn id(&mut self, sql: &str, after: Uuid) -> Result<Option<Uuid>, Error> {
        let sql = AssertSqlSafe(sql.to_owned());
        on!(self, connection => sqlx::query_scalar(sql).bind(after).fetch_optional(connection).await)
    }

    /// Whether there is a table, or an index, of this name.
    ///
    /// # Errors
    /// The database's.
    pub async fn has(&mut self, name: &str) -> Result<bool, Error> {
        let sql = match self.database() {
            Database::Postgres => format!("SELECT 'yes' WHERE to_regclass('{name}') IS NOT NULL"),
            Database::Sqlite => format!("SELECT 'yes' FROM sqlite_schema WHERE name = '{name}'"),
        };
        Ok(!self.texts(sql).await?.is_empty())
    }

    /// Begins a transaction that writes.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin(&mut self) -> Result<(), Error> {
        let sql = match self.database() {
            Database::Postgres => "BEGIN",
            Database::Sqlite => "BEGIN IMMEDIATE",
        };
        self.run(sql).await
    }

    /// Whether an open row of a foreign key is left by what the transaction has done; PostgreSQL has checked that by itself.
    ///
    /// # Errors
    /// The database's.
    pub async fn broken_keys(&mut self) -> Result<Vec<String>, Error> {
        match self.database() {
            Database::Postgres => Ok(Vec::new()),
            Database::Sqlite => {
                self.texts(r#"SELECT DISTINCT "table" FROM pragma_foreign_key_check"#)
                    .await
            }
        }
    }

    /// Ends it properly.
    ///
    /// # Errors
    /// The database's.
    pub async fn close(self) -> Result<(), Error> {
        on!(self, connection => connection.close().await)
    }
}

/// Whether somebody else was in the way: it may work the next time.
pub fn is_contended(error: &Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    // PostgreSQL: lock timeout, deadlock, serialization failure. SQLite: busy and its relatives.
    matches!(code.as_deref(), Some("55P03" | "40P01" | "40001" | "5" | "261" | "517"))
}
