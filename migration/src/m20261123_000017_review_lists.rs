//! What a reviewer still has to write, and what they have in one round, each along an index.

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
        run(manager, BACK).await
    }
}

const SQL: &str = r#"
CREATE INDEX ix_review_account_waiting ON review (reviewer_account_id, due_at, id) WHERE state IN ('ASSIGNED', 'STARTED');
CREATE INDEX ix_review_account_round ON review (reviewer_account_id, round_id, due_at, id);
"#;

const BACK: &str = r#"
DROP INDEX ix_review_account_waiting;
DROP INDEX ix_review_account_round;
"#;
