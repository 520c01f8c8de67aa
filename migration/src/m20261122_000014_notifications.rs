//! Inboxes.

use crate::{Change, Database, Migration};

/// The migration.
pub(crate) fn migration(database: Database) -> Migration {
    Migration::new(module_path!(), 14, Change::statements(database, SQL))
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
