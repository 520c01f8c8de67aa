//! Bringing the schema up to date: beside servers that go on, in steps that can be repeated, and only as far as those can follow who serve.
//!
//! Tests that need two processes on one database, or locks of tables, run in production alone.

mod backfill;
mod copy;
mod floor;
mod index;
mod letters;
mod logins;
mod nodes;
mod serve;
mod step;

use std::{process::Command, sync::Arc, time::Duration};

use migration::{Change, Database, Migration};
use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, Statement};
use sojourn::{
    app::sentence,
    platform::{
        clock::Clock,
        db::{self, Db},
        error::Error,
        live::{Live, Window},
    },
};
use tempfile::TempDir;

use crate::support::{arguments_for_nothing, config, is_production};

/// How long anything may take that has no bound of its own.
const PATIENCE: Duration = Duration::from_secs(60);

/// A database, and what a program is told to use it.
struct Place {
    folder: Arc<TempDir>,
    arguments: Vec<String>,
}

fn database() -> Database {
    if is_production() {
        Database::Postgres
    } else {
        Database::Sqlite
    }
}

/// How many migrations this release has.
fn known() -> usize {
    migration::all(database()).len()
}

/// A migration of the next release with which this one can live.
fn expand(name: &'static str, sql: &str) -> Migration {
    Migration::new(name, known(), Change::statements(database(), sql))
}

/// What an operator is told.
fn words<T>(result: Result<T, Error>) -> String {
    match result {
        Ok(_) => panic!("it was done"),
        Err(error) => sentence(error),
    }
}

/// The column `text` of a query.
async fn texts(connection: &DatabaseConnection, sql: &str) -> Vec<String> {
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let rows = connection.query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| row.try_get("", "text").unwrap()).collect()
}

/// The names of all tables and indexes.
async fn names(db: &Db) -> Vec<String> {
    let sql = if is_production() {
        "SELECT relname::text AS text FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
    } else {
        "SELECT name AS text FROM sqlite_schema ORDER BY 1"
    };
    texts(db.primary(), sql).await
}

async fn made(db: &Db) -> Vec<String> {
    texts(db.primary(), "SELECT version AS text FROM seaql_migrations ORDER BY 1").await
}

async fn close(db: Db) {
    db.close().await;
}

impl Place {
    /// Without a schema.
    async fn new() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let arguments = arguments_for_nothing(&folder).await;
        Self { folder, arguments }
    }

    /// With the schema of this release.
    async fn migrated() -> Self {
        let place = Self::new().await;
        let db = place.release(&[]).await;
        db.migrate().await.unwrap();
        close(db).await;
        place
    }

    /// What a release opens that has further migrations. An embedded database has one process: close one before the next.
    async fn release(&self, further: &[Migration]) -> Db {
        let mut options = config(&self.arguments).database().unwrap();
        options.migrations.extend_from_slice(further);
        self.open(options).await
    }

    async fn open(&self, options: db::Options) -> Db {
        for attempt in 0.. {
            let live = Live::in_process(Window {
                events: 10,
                bytes: 1 << 20,
            });
            match Db::connect(&options, Clock::default(), live).await {
                Ok(db) => return db,
                // The last task of the one before still holds the file.
                Err(_) if attempt < 100 => tokio::time::sleep(Duration::from_millis(20)).await,
                Err(error) => panic!("{}", sentence(error)),
            }
        }
        unreachable!()
    }

    /// A connection beside all others, without limits of time.
    async fn connect(&self) -> DatabaseConnection {
        let url = match config(&self.arguments).database_url().strip_prefix("sqlite:") {
            Some(path) => format!("sqlite://{path}"),
            None => config(&self.arguments).database_url(),
        };
        let mut options = ConnectOptions::new(url);
        options.max_connections(1).sqlx_logging(false);
        sea_orm::Database::connect(options).await.unwrap()
    }

    /// The program itself.
    fn program(&self, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sojourn"));
        command.args(more).args(&self.arguments).arg("--log=info");
        command
    }

    /// What the program says when it ends, and whether it is content.
    fn run(&self, more: &[&str]) -> (bool, String) {
        let output = self.program(more).output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    }
}
