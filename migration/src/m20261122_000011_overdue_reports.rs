//! When the coordinators were told that a report waits too long.

use sea_orm_migration::prelude::*;

use crate::run;

/// The change.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, SQL).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(
            manager,
            "DROP INDEX ix_report_untold; ALTER TABLE report DROP COLUMN told_at",
        )
        .await
    }
}

const SQL: &str = r#"
ALTER TABLE report ADD COLUMN told_at {time} NULL;
CREATE INDEX ix_report_untold ON report (submitted_at) WHERE told_at IS NULL AND state IN ('OPEN', 'ESCALATED');
"#;
