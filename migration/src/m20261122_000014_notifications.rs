//! Inboxes.

use sea_orm_migration::prelude::*;

use crate::{drop_tables, run};

/// The change.
#[derive(DeriveMigrationName)]
pub struct Migration;

const TABLES: &[&str] = &["notification", "notification_mute"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, SQL).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, TABLES).await?;
        run(manager, BACK).await
    }
}

const SQL: &str = r#"
CREATE UNIQUE INDEX uq_event_id ON event (id);

CREATE TABLE notification (
    id {uuid} NOT NULL PRIMARY KEY,
    account_id {uuid} NOT NULL CONSTRAINT fk_notification_account REFERENCES account (id),
    member_id {uuid} NOT NULL CONSTRAINT fk_notification_member REFERENCES membership (id),
    space_id {uuid} NOT NULL CONSTRAINT fk_notification_space REFERENCES space (id),
    kind text NOT NULL,
    cause_id {uuid} NOT NULL,
    actor_id {uuid} NULL,
    contribution_id {uuid} NULL,
    phase_id {uuid} NULL,
    report_id {uuid} NULL,
    occurred_at {time} NOT NULL,
    read_at {time} NULL,
    CONSTRAINT uq_notification_cause UNIQUE (account_id, kind, cause_id)
);
CREATE INDEX ix_notification_account ON notification (account_id, occurred_at DESC, id DESC);
CREATE INDEX ix_notification_unread ON notification (account_id, occurred_at DESC, id DESC) WHERE read_at IS NULL;

CREATE TABLE notification_mute (
    account_id {uuid} NOT NULL CONSTRAINT fk_notification_mute_account REFERENCES account (id),
    kind text NOT NULL,
    CONSTRAINT pk_notification_mute PRIMARY KEY (account_id, kind)
);

INSERT INTO stream (id, last_seq, epoch) SELECT id, 0, {random} FROM account;
"#;

const BACK: &str = r#"
DROP INDEX uq_event_id;
DELETE FROM event WHERE stream_id IN (SELECT id FROM account);
DELETE FROM stream WHERE id IN (SELECT id FROM account);
"#;
