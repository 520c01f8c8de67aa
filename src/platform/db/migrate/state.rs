//! How far a database is.

use std::collections::HashSet;

use migration::Migration;
use sea_orm::{ConnectionTrait, sqlx};

use super::Session;
use crate::platform::{
    db::Db,
    error::{Error, Result},
};

/// What a database says of its schema.
#[derive(Debug, Default)]
pub struct State {
    made: HashSet<String>,
    /// How many migrations a binary must know to serve on it.
    pub floor: usize,
    /// Whether it has a place for the floor.
    pub has_floor: bool,
}

const MADE: &str = "SELECT version FROM seaql_migrations";
const FLOOR: &str = "SELECT CAST(floor AS text) AS floor FROM schema_state";

impl State {
    /// Reads it on the connection of a migration, perhaps before there is anything.
    pub async fn read(session: &mut Session) -> sqlx::Result<Self> {
        let mut state = Self::default();
        if session.has("seaql_migrations").await? {
            state.made = session.texts(MADE).await?.into_iter().collect();
        }
        state.has_floor = session.has("schema_state").await?;
        if state.has_floor {
            state.floor = floor(session.texts(FLOOR).await?.first());
        }
        Ok(state)
    }

    /// Reads it as a reader.
    pub async fn ask(db: &Db) -> Result<Self> {
        let column = async |sql: &str, name: &str| {
            let rows = db.system().query_all_raw(db.sql(sql).statement()).await;
            let rows = rows.map_err(Error::from)?;
            let texts = rows.iter().map(|row| row.try_get::<String>("", name));
            texts.collect::<std::result::Result<Vec<_>, _>>().map_err(Error::from)
        };
        let read = async {
            Ok(Self {
                made: column(MADE, "version").await?.into_iter().collect(),
                floor: floor(column(FLOOR, "floor").await?.first()),
                has_floor: true,
            })
        };
        let lacks = match db.is_postgres() {
            true => "SELECT 1 WHERE to_regclass('schema_state') IS NULL",
            false => "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'schema_state')",
        };
        match read.await {
            Err(error @ Error::Internal(_)) => {
                let lacks = db.system().query_one_raw(db.sql(lacks).statement()).await?;
                Err(lacks.map_or(error, |_| {
                    Error::broken(
                        "the schema is that of an earlier release, or there is none yet; run `sojourn migrate`",
                    )
                }))
            }
            read => read,
        }
    }

    /// Whether nothing was ever made.
    pub fn is_empty(&self) -> bool {
        self.made.is_empty()
    }

    /// How many migrations were made that are not among those `known`.
    pub fn unknown(&self, known: &[Migration]) -> usize {
        let is_known = |name: &&String| known.iter().any(|known| known.name == **name);
        self.made.len() - self.made.iter().filter(is_known).count()
    }

    /// Those of `known` that are still to be made, in order.
    ///
    /// # Errors
    /// A sentence for the operator: a binary that knows these migrations alone must not touch this database.
    pub fn pending<'a>(&self, known: &'a [Migration]) -> Result<Vec<&'a Migration>> {
        if self.floor > known.len() {
            return Err(Error::broken(format!(
                "the database was migrated by a newer release and needs one that knows at least {} migrations; this one (version \
                 {}) knows {}",
                self.floor,
                env!("CARGO_PKG_VERSION"),
                known.len()
            )));
        }
        let pending: Vec<_> = known.iter().filter(|known| !self.made.contains(known.name)).collect();
        match self.unknown(known) {
            0 => Ok(pending),
            _ if pending.is_empty() => Ok(pending),
            unknown => Err(Error::broken(format!(
                "the database has {unknown} migrations that this release doesn't know, and lacks {} that it has: it is not of an \
                 earlier or later release of this one",
                pending.len()
            ))),
        }
    }
}

fn floor(text: Option<&String>) -> usize {
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}
