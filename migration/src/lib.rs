//! Schema changes, one file each, in order. Every change runs on SQLite and PostgreSQL.
//!
//! A migration is data: what is to be done, and how old a binary may be that runs on the result. The server carries it out. There
//! is no way back but the older binary: a change that only adds to the schema (*expand*) is one that the release before lives
//! with, and what takes something away (*contract*) comes at the earliest one release after the last code that used it. A migration
//! changes one table that requests use: one that held a first and waited for a second would stop those who hold the second.

#[cfg(test)]
mod lint;
mod m20261121_000001_people;
mod m20261121_000002_spaces;
mod m20261121_000003_contributions;
mod m20261121_000004_streams;
mod m20261122_000005_discussion;
mod m20261122_000006_journal_rhythm;
mod m20261122_000007_audit;
mod m20261122_000008_grants;
mod m20261122_000009_reports;
mod m20261122_000010_thread_kinds;
mod m20261122_000011_overdue_reports;
mod m20261122_000012_jobs;
mod m20261122_000013_media;
mod m20261122_000014_notifications;
mod m20261123_000015_presence;
mod m20261123_000016_reviews;
mod m20261123_000017_review_lists;
mod m20261129_000018_upgrades;
mod m20261129_000019_signed_uploads;
mod m20261129_000020_login_keys;
mod m20261129_000020_login_keys_unique;
mod m20261129_000020_password_changes;
mod m20261129_000020_recent_login_changes;
mod m20261129_000021_session_links;
mod m20261129_000022_known_networks;
mod m20261129_000022_media_releasing;
mod m20261129_000023_stale_renderings;
mod m20261129_000024_gone_notifications;
mod m20261129_000024_gone_notifications_lists;
mod m20261129_000024_gone_notifications_rows;
mod m20261129_000024_review_excuses;
mod m20261129_000025_letters_account;
mod m20261129_000025_letters_organisation;
mod m20261129_000025_letters_places;
mod m20261129_000026_review_renderer;
mod m20261129_000026_review_round_renderer;
mod m20261129_000026_stale_reviews;
mod m20261129_000027_stale_renderings;
mod rule;
#[cfg(debug_assertions)]
pub mod test_releases;

pub use self::rule::Rule;

/// The migrations of this release, in order.
#[must_use]
pub fn all(database: Database) -> Vec<Migration> {
    let all: [fn(Database) -> Migration; _] = [
        m20261121_000001_people::migration,
        m20261121_000002_spaces::migration,
        m20261121_000003_contributions::migration,
        m20261121_000004_streams::migration,
        m20261122_000005_discussion::migration,
        m20261122_000006_journal_rhythm::migration,
        m20261122_000007_audit::migration,
        m20261122_000008_grants::migration,
        m20261122_000009_reports::migration,
        m20261122_000010_thread_kinds::migration,
        m20261122_000011_overdue_reports::migration,
        m20261122_000012_jobs::migration,
        m20261122_000013_media::migration,
        m20261122_000014_notifications::migration,
        m20261123_000015_presence::migration,
        m20261123_000016_reviews::migration,
        m20261123_000017_review_lists::migration,
        m20261129_000018_upgrades::migration,
        m20261129_000019_signed_uploads::migration,
        m20261129_000020_login_keys::migration,
        m20261129_000020_login_keys_unique::migration,
        m20261129_000020_password_changes::migration,
        m20261129_000020_recent_login_changes::migration,
        m20261129_000021_session_links::migration,
        m20261129_000022_known_networks::migration,
        m20261129_000022_media_releasing::migration,
        m20261129_000023_stale_renderings::migration,
        m20261129_000024_gone_notifications::migration,
        m20261129_000024_gone_notifications_lists::migration,
        m20261129_000024_gone_notifications_rows::migration,
        m20261129_000024_review_excuses::migration,
        m20261129_000025_letters_account::migration,
        m20261129_000025_letters_organisation::migration,
        m20261129_000025_letters_places::migration,
        m20261129_000026_review_renderer::migration,
        m20261129_000026_review_round_renderer::migration,
        m20261129_000026_stale_reviews::migration,
        m20261129_000027_stale_renderings::migration,
    ];
    all.iter().map(|migration| migration(database)).collect()
}

/// For which database a change is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    /// PostgreSQL.
    Postgres,
    /// SQLite.
    Sqlite,
}

/// A change of the schema.
#[derive(Clone, Debug)]
pub struct Migration {
    /// The name by which a database remembers that it was made: its file's.
    pub name: &'static str,
    /// How many migrations the oldest binary knows that can still run on the result. At most the number of this one.
    pub needs: usize,
    /// Names of earlier migrations whose [backfill](Change::Backfill) is run once more, over what is left, before this one
    /// begins.
    pub completes: Vec<&'static str>,
    /// Rules that it has to break, and why that hurts nobody.
    pub exceptions: Vec<(Rule, &'static str)>,
    /// What is to be done.
    pub change: Change,
}

impl Migration {
    /// A migration with the name of a file, given as its `module_path!()`.
    #[must_use]
    pub fn new(module: &'static str, needs: usize, change: Change) -> Self {
        Self {
            name: module.rsplit("::").next().unwrap_or(module),
            needs,
            completes: Vec::new(),
            exceptions: Vec::new(),
            change,
        }
    }
}

/// What a migration does.
#[derive(Clone, Debug)]
pub enum Change {
    /// These statements, in one transaction.
    Statements(String),
    /// These indexes, each outside of a transaction, while their tables are written to.
    Indexes(Vec<Index>),
    /// A job that brings rows to a new form while the server runs.
    Backfill(Backfill),
}

impl Change {
    /// SQL statements after replacing `{uuid}`, `{time}`, `{json}`, `{bytes}`, `{no_bytes}`, `{key}` (text in the order of its bytes, whatever
    /// the locale of the database), `{hot}` (storage parameters of a table whose one row is updated all the time) and
    /// `{random}` (a number from 1 on) by what the database calls them.
    #[must_use]
    pub fn statements(database: Database, sql: &str) -> Self {
        let names = match database {
            Database::Postgres => [
                ("{uuid}", "uuid"),
                ("{time}", "timestamptz"),
                ("{json}", "jsonb"),
                ("{bytes}", "bytea"),
                ("{no_bytes}", "''"),
                ("{key}", "text COLLATE \"C\""),
                ("{hot}", "WITH (fillfactor = 50)"),
                ("{random}", "(1 + floor(random() * 2147483646))::integer"),
            ],
            Database::Sqlite => [
                ("{uuid}", "blob"),
                ("{time}", "text"),
                ("{json}", "text"),
                ("{bytes}", "blob"),
                ("{no_bytes}", "x''"),
                ("{key}", "text"),
                ("{hot}", ""),
                ("{random}", "(1 + abs(random() % 2147483646))"),
            ],
        };
        let write = |sql: String, (key, name): &(&str, &str)| sql.replace(key, name);
        Self::Statements(names.iter().fold(sql.to_owned(), write))
    }
}

/// A change of an index.
#[derive(Clone, Debug)]
pub enum Index {
    /// There is one.
    Build {
        /// Its name.
        name: &'static str,
        /// Whether no two rows may be equal in it.
        is_unique: bool,
        /// `table (columns) WHERE …`
        on: &'static str,
    },
    /// There is none.
    Drop {
        /// Its name.
        name: &'static str,
    },
}

impl Index {
    /// The statement for it. Only PostgreSQL builds and drops indexes concurrently.
    #[must_use]
    pub fn statement(&self, is_concurrent: bool) -> String {
        let how = if is_concurrent { "CONCURRENTLY" } else { "" };
        match self {
            Self::Build { name, is_unique, on } => {
                let unique = if *is_unique { "UNIQUE " } else { "" };
                format!("CREATE {unique}INDEX {how} {name} ON {on}")
            }
            Self::Drop { name } => format!("DROP INDEX {how} IF EXISTS {name}"),
        }
    }
}

/// Brings rows to a new form, some at a time.
#[derive(Clone, Debug)]
pub struct Backfill {
    /// The table whose rows are gone through.
    pub table: &'static str,
    /// Its column of unique ids.
    pub key: &'static str,
    /// One statement for the rows of a part of the table: `{range}` in it is a condition on the key. It may run again on rows
    /// that it was run on before.
    pub sql: &'static str,
}

/// Names of all tables, and of all functions, that migrations make.
#[must_use]
pub fn made(migrations: &[Migration]) -> (Vec<&str>, Vec<&str>) {
    let names = |prefix: &'static str| {
        let texts = migrations.iter().filter_map(|migration| match &migration.change {
            Change::Statements(sql) => Some(sql.split(prefix).skip(1)),
            Change::Indexes(_) | Change::Backfill(_) => None,
        });
        let end = |sign: char| !(sign.is_alphanumeric() || sign == '_');
        let names = texts.flatten().map(|rest| rest.split(end).next().unwrap_or_default());
        names.collect()
    };
    (names("CREATE TABLE "), names("CREATE FUNCTION "))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_migration_names_a_binary_that_is_not_younger_than_itself_and_knows_the_floor() {
        for database in [Database::Postgres, Database::Sqlite] {
            for (place, migration) in all(database).iter().enumerate() {
                assert!(migration.needs <= place + 1, "{migration:?}");
                assert!(migration.needs >= (place + 1).min(18), "{migration:?}");
            }
        }
    }

    #[test]
    fn both_databases_have_the_same_migrations() {
        let names = |database| all(database).iter().map(|migration| migration.name).collect::<Vec<_>>();
        assert_eq!(names(Database::Postgres), names(Database::Sqlite));
        let unique: BTreeSet<_> = names(Database::Sqlite).into_iter().collect();
        assert_eq!(unique.len(), all(Database::Sqlite).len());
        assert!(unique.iter().all(|name| name.starts_with("m2026")));
    }
}
