//! What members have read.

use sea_orm_migration::prelude::*;

use crate::{drop_tables, run};

/// The change.
#[derive(DeriveMigrationName)]
pub struct Migration;

const TABLES: &[&str] = &["thread_read"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, SQL).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, TABLES).await
    }
}

const SQL: &str = r#"
CREATE TABLE thread_read (
    membership_id {uuid} NOT NULL CONSTRAINT fk_thread_read_membership REFERENCES membership (id),
    thread_id {uuid} NOT NULL CONSTRAINT fk_thread_read_thread REFERENCES contribution (id) ON DELETE CASCADE,
    listed_at {time} NOT NULL,
    comment_id {uuid} NOT NULL,
    CONSTRAINT pk_thread_read PRIMARY KEY (membership_id, thread_id)
);
CREATE INDEX ix_thread_read_thread ON thread_read (thread_id);
"#;
