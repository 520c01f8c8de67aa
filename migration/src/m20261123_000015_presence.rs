//! When pupils are shown as present.

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
ALTER TABLE space ADD COLUMN presence_from integer NULL;
ALTER TABLE space ADD COLUMN presence_to integer NULL;
"#;

const BACK: &str = r#"
ALTER TABLE space DROP COLUMN presence_from;
ALTER TABLE space DROP COLUMN presence_to;
"#;
