//! Bringing the schema up to date, and knowing how far it is.
//!
//! Each migration is one transaction together with its row in `seaql_migrations`, on a [connection of its own](Session) that
//! waits shortly for locks, and often; indexes of PostgreSQL are built beside the writers instead. One process migrates at a
//! time: it holds an advisory lock on that connection, so that the lock goes with whatever is left of its work.
//!
//! Each migration names the oldest binary that can run on the result, by the number of migrations that it knows. The largest of these
//! numbers is the *floor* of a database: a binary that knows fewer migrations must not serve on it. One that knows as many serves, also when newer
//! migrations were made than it knows.

mod backfill;
mod copy;
mod index;
mod session;
mod state;
mod tries;
mod watch;

use std::time::Duration;

use migration::{Change, Database, Migration};
use sea_orm::sqlx;

pub use self::backfill::RunBackfill;
use self::{
    session::Session,
    state::State,
    tries::{Failure, Tries, all_or_nothing, end, lock},
    watch::Watch,
};
use super::Db;
use crate::platform::error::{Error, Result};

/// How long the database may take to let a process in when it starts.
const REACHED: Duration = Duration::from_secs(5);

impl Db {
    /// Brings the schema up to date; returns how many migrations were made. Several nodes may call it at once.
    ///
    /// # Errors
    /// A sentence for the operator: a migration failed, of which nothing stays but earlier migrations, or must not be made yet.
    pub async fn migrate(&self) -> Result<usize> {
        let mut session = self.session().await?;
        // Not behind the lock: a node of the release before that starts again while the next one migrates does not wait.
        let state = State::read(&mut session).await.map_err(failed)?;
        if !state.pending(&self.migrations)?.is_empty() {
            let done = self.migrate_alone(&mut session).await;
            // With the connection goes the lock.
            let _ = session.close().await;
            return done;
        }
        let _ = session.close().await;
        Ok(0)
    }

    /// A connection for what takes its time.
    async fn session(&self) -> Result<Session> {
        let session = Session::open(&self.url).await;
        session.map_err(|error| Error::broken(format!("the database can't be opened: {error}")))
    }

    async fn migrate_alone(&self, session: &mut Session) -> Result<usize> {
        lock(session).await?;
        let state = State::read(session).await.map_err(failed)?;
        let pending = state.pending(&self.migrations)?;
        let Some(first) = pending.first() else {
            return Ok(0);
        };
        if state.is_empty() {
            refuse_others(session).await?;
        }
        let floor = pending
            .iter()
            .map(|migration| migration.needs)
            .max()
            .unwrap_or_default();
        if let Some(refusal) = refusal(session, &state, floor).await.map_err(failed)? {
            return Err(Error::broken(refusal));
        }
        if !state.is_empty() {
            let place = self.migrations.iter().position(|known| known.name == first.name);
            self.keep_copy(session, place.unwrap_or_default() + 1).await?;
        }
        // As the library makes it that earlier releases have used.
        let number = match session.database() {
            Database::Postgres => "bigint",
            Database::Sqlite => "integer",
        };
        let table = "CREATE TABLE IF NOT EXISTS seaql_migrations (version varchar NOT NULL PRIMARY KEY, applied_at";
        session
            .run(format!("{table} {number} NOT NULL)"))
            .await
            .map_err(failed)?;
        let watch = Watch::begin(&self.url, session).await;
        let made = pending.len();
        for migration in pending {
            if !state.is_empty() {
                tracing::info!(migration = migration.name, "migrating");
            }
            for name in &migration.completes {
                let known = self.migrations.iter().find(|known| known.name == *name);
                let Some(Change::Backfill(backfill)) = known.map(|known| &known.change) else {
                    return Err(Error::broken(format!(
                        "{} completes {name}, which is no backfill",
                        migration.name
                    )));
                };
                backfill::complete(session, self.clock(), (name, backfill), &watch).await?;
            }
            self.apply(session, migration, &watch).await?;
        }
        Ok(made)
    }

    /// Makes one migration, however often others stand in its way.
    async fn apply(&self, session: &mut Session, migration: &Migration, watch: &Watch) -> Result<()> {
        let mut tries = Tries::at(migration.name, watch);
        while tries.again(self.attempt(session, migration).await).await? {}
        Ok(())
    }

    async fn attempt(&self, session: &mut Session, migration: &Migration) -> std::result::Result<(), Failure> {
        if let (Change::Indexes(indexes), Database::Postgres) = (&migration.change, session.database()) {
            for index in indexes {
                index::change_beside_writers(session, index).await?;
            }
        }
        session.begin().await?;
        let done = self.steps(session, migration).await;
        end(session, done).await
    }

    /// What belongs into the transaction of a migration.
    async fn steps(&self, session: &mut Session, migration: &Migration) -> std::result::Result<(), Failure> {
        match &migration.change {
            Change::Statements(sql) => session.run(sql.as_str()).await?,
            Change::Indexes(indexes) if session.database() == Database::Sqlite => {
                for index in indexes {
                    index::change(session, index).await?;
                }
            }
            // They are there already.
            Change::Indexes(_) => {}
            Change::Backfill(of) => backfill::ask(session, self.clock(), (migration.name, of)).await?,
        }
        let broken = session.broken_keys().await?;
        if !broken.is_empty() {
            let tables = broken.join(", ");
            return Err(Failure::Refused(format!(
                "it leaves keys that lead nowhere in {tables}"
            )));
        }
        let name = migration.name;
        let now = self.clock().now().timestamp();
        let row = format!("INSERT INTO seaql_migrations (version, applied_at) VALUES ('{name}', {now})");
        session.run(row).await?;
        let state = State::read(session).await?;
        if state.has_floor && state.floor < migration.needs {
            // Nobody appears between the look and the commit.
            if session.database() == Database::Postgres {
                session.run("LOCK TABLE node IN SHARE MODE").await?;
            }
            if let Some(refusal) = refusal(session, &state, migration.needs).await? {
                return Err(Failure::Refused(refusal));
            }
            let floor = format!("UPDATE schema_state SET floor = {}", migration.needs);
            session.run(floor).await?;
        }
        Ok(())
    }

    /// Whether every migration of this binary was made, and the database's floor is not above it.
    ///
    /// # Errors
    /// A sentence for the operator, or the database can't be reached.
    pub async fn check_schema(&self) -> Result<()> {
        let state = State::ask(self).await?;
        match state.pending(&self.migrations)?.len() {
            0 => Ok(()),
            missing => Err(Error::broken(format!(
                "the schema is not up to date: {missing} migrations are missing; run `sojourn migrate`"
            ))),
        }
    }

    /// Throws away all data and the schema.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub async fn wipe(&self) -> Result<()> {
        let mut session = self.session().await?;
        lock(&mut session).await?;
        // Refuses for a database of a release that knows further tables.
        let unknown = State::read(&mut session)
            .await
            .map_err(failed)?
            .unknown(&self.migrations);
        if unknown > 0 {
            return Err(Error::broken(
                "a newer release has migrated the database: let that one reset it",
            ));
        }
        let is_postgres = session.database() == Database::Postgres;
        let (tables, functions) = migration::made(&self.migrations);
        let cascade = if is_postgres { " CASCADE" } else { "" };
        let drop = |kind: &str, name: &str| format!("DROP {kind} IF EXISTS {name}{cascade}; ");
        let mut sql: String = tables.iter().map(|name| drop("TABLE", name)).collect();
        sql.push_str(&drop("TABLE", "seaql_migrations"));
        if is_postgres {
            sql.extend(functions.iter().map(|name| drop("FUNCTION", name)));
        }
        let watch = Watch::begin(&self.url, &mut session).await;
        let mut tries = Tries::at("reset", &watch);
        while tries.again(all_or_nothing(&mut session, &sql).await).await? {}
        let _ = session.close().await;
        // All that they hold was thrown away.
        self.delete_copies(Duration::ZERO, "the database begins anew");
        Ok(())
    }
}

/// Whether there is a database at a URL that lets this process in.
///
/// # Errors
/// Why not, in words.
pub(super) async fn reach(url: &str) -> Result<()> {
    let cause = match tokio::time::timeout(REACHED, Session::open(url)).await {
        Ok(Ok(session)) => {
            let _ = session.close().await;
            return Ok(());
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} s", REACHED.as_secs()),
    };
    Err(Error::broken(format!("the database can't be opened: {cause}")))
}

/// Leaves a database alone that belongs to others: an address may be mistyped.
async fn refuse_others(session: &mut Session) -> Result<()> {
    let sql = match session.database() {
        Database::Postgres => {
            "SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') \
             AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')"
        }
        Database::Sqlite => {
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'"
        }
    };
    let mut tables = session.texts(format!("{sql} ORDER BY 1")).await.map_err(failed)?;
    // A first migration that was killed has left its list.
    tables.retain(|table| table != "seaql_migrations");
    tables.truncate(5);
    if tables.is_empty() {
        return Ok(());
    }
    Err(Error::broken(format!(
        "the database is left as it is: it has tables that are not of this program ({}, …). Give an empty one",
        tables.join(", ")
    )))
}

/// Why the floor must not be raised to `floor` yet: a node runs that could not go on.
async fn refusal(session: &mut Session, state: &State, floor: usize) -> sqlx::Result<Option<String>> {
    if !state.has_floor || state.floor >= floor || session.database() == Database::Sqlite {
        // Whoever else had the file of SQLite is gone, or this process would not have it.
        return Ok(None);
    }
    // Later than now is what the clock of the database said when it was wrong.
    let nodes =
        "SELECT id::text || ' (' || place || ', version ' || version || ', ' || migrations || ' migrations)' FROM node";
    let seen = "seen_at > now() - interval '2 minutes' AND seen_at < now() + interval '2 minutes'";
    let seen = format!("{nodes} WHERE migrations < {floor} AND {seen} ORDER BY id");
    let nodes = session.texts(seen).await?;
    Ok((!nodes.is_empty()).then(|| {
        format!(
            "nodes that need an older schema were seen in the last two minutes: {}. Stop them, or upgrade them to a release \
             that knows at least {floor} migrations, and migrate again; for one that has crashed, two minutes later",
            nodes.join(", ")
        )
    }))
}

/// An error of the database in words.
fn failed(error: sqlx::Error) -> Error {
    Error::broken(format!("the schema can't be read or changed: {error}"))
}
