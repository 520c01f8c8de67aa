//! What threads are for.

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
            "DROP INDEX ix_contribution_answers; ALTER TABLE contribution DROP COLUMN thread_kind",
        )
        .await
    }
}

const SQL: &str = r#"
ALTER TABLE contribution ADD COLUMN thread_kind text NULL;
UPDATE contribution SET thread_kind = 'OPEN' WHERE kind = 'THREAD';
CREATE INDEX ix_contribution_answers ON contribution (root_id, author_id) WHERE depth = 0;
"#;
