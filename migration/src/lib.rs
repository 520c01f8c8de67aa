//! Schema changes, one file each, in order. Every change runs on SQLite and PostgreSQL.
//!
//! A change is plain SQL in which the few types that differ are written in braces, see [`run`].

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

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

/// The list of changes.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_people::Migration),
            Box::new(m20261121_000002_spaces::Migration),
            Box::new(m20261121_000003_contributions::Migration),
            Box::new(m20261121_000004_streams::Migration),
            Box::new(m20261122_000005_discussion::Migration),
            Box::new(m20261122_000006_journal_rhythm::Migration),
            Box::new(m20261122_000007_audit::Migration),
            Box::new(m20261122_000008_grants::Migration),
            Box::new(m20261122_000009_reports::Migration),
            Box::new(m20261122_000010_thread_kinds::Migration),
            Box::new(m20261122_000011_overdue_reports::Migration),
            Box::new(m20261122_000012_jobs::Migration),
            Box::new(m20261122_000013_media::Migration),
            Box::new(m20261122_000014_notifications::Migration),
            Box::new(m20261123_000015_presence::Migration),
            Box::new(m20261123_000016_reviews::Migration),
            Box::new(m20261123_000017_review_lists::Migration),
        ]
    }
}

/// Runs SQL statements after replacing `{uuid}`, `{time}`, `{json}`, `{bytes}`, `{key}` (text in the order of its bytes,
/// whatever the locale of the database), `{hot}` (storage parameters of a table whose one row is updated all the time) and `{random}` (a
/// number from 1 on) by what the database calls them.
async fn run(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    let names = match manager.get_database_backend() {
        DbBackend::Postgres => [
            "uuid",
            "timestamptz",
            "jsonb",
            "bytea",
            "text COLLATE \"C\"",
            "WITH (fillfactor = 50)",
            "(1 + floor(random() * 2147483646))::integer",
        ],
        _ => [
            "blob",
            "text",
            "text",
            "blob",
            "text",
            "",
            "(1 + abs(random() % 2147483646))",
        ],
    };
    let mut sql = sql.to_owned();
    for (key, name) in ["{uuid}", "{time}", "{json}", "{bytes}", "{key}", "{hot}", "{random}"]
        .iter()
        .zip(names)
    {
        sql = sql.replace(key, name);
    }
    manager.get_connection().execute_unprepared(&sql).await?;
    Ok(())
}

/// Drops tables, the last made first.
async fn drop_tables(manager: &SchemaManager<'_>, tables: &[&str]) -> Result<(), DbErr> {
    for table in tables.iter().rev() {
        run(manager, &format!("DROP TABLE {table}")).await?;
    }
    Ok(())
}
