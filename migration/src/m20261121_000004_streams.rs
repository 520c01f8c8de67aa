//! Event streams and idempotency keys.

use crate::{Change, Database, Migration};

/// The migration.
pub(crate) fn migration(database: Database) -> Migration {
    Migration::new(module_path!(), 4, Change::statements(database, SQL))
}

const SQL: &str = r#"
CREATE TABLE stream (
    id {uuid} NOT NULL PRIMARY KEY,
    last_seq bigint NOT NULL,
    last_event_id {uuid} NULL,
    epoch integer NOT NULL
) {hot};

CREATE TABLE event (
    stream_id {uuid} NOT NULL CONSTRAINT fk_event_stream REFERENCES stream (id),
    seq bigint NOT NULL,
    id {uuid} NOT NULL,
    kind text NOT NULL,
    occurred_at {time} NOT NULL,
    actor_id {uuid} NULL,
    is_moderation boolean NOT NULL,
    contribution_id {uuid} NULL,
    contribution_kind text NULL,
    root_id {uuid} NULL,
    phase_id {uuid} NULL,
    member_id {uuid} NULL,
    author_id {uuid} NULL,
    root_author_id {uuid} NULL,
    state_before text NULL,
    state_after text NULL,
    audience_before text NULL,
    audience_after text NULL,
    CONSTRAINT pk_event PRIMARY KEY (stream_id, seq)
);

CREATE TABLE idempotency (
    account_id {uuid} NOT NULL CONSTRAINT fk_idempotency_account REFERENCES account (id),
    key text NOT NULL,
    mutation text NOT NULL,
    input_hash {bytes} NOT NULL,
    subject_id {uuid} NOT NULL,
    created_at {time} NOT NULL,
    CONSTRAINT pk_idempotency PRIMARY KEY (account_id, key)
);
"#;
