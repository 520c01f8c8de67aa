//! Organisations, accounts and sessions.

use crate::{Change, Database, Migration};

/// The migration.
pub(crate) fn migration(database: Database) -> Migration {
    Migration::new(module_path!(), 1, Change::statements(database, SQL))
}

const SQL: &str = r#"
CREATE TABLE organisation (
    id {uuid} NOT NULL PRIMARY KEY,
    kind text NOT NULL,
    name text NOT NULL,
    name_key {key} NOT NULL,
    city text NOT NULL,
    country text NOT NULL,
    time_zone text NOT NULL,
    created_at {time} NOT NULL
);
CREATE INDEX ix_organisation_name ON organisation (name_key, id);

CREATE TABLE account (
    id {uuid} NOT NULL PRIMARY KEY,
    kind text NOT NULL,
    login text NOT NULL,
    display_name text NOT NULL,
    languages {json} NOT NULL,
    organisation_id {uuid} NULL CONSTRAINT fk_account_organisation REFERENCES organisation (id),
    birth_year integer NULL,
    password_hash text NOT NULL,
    is_password_change_required boolean NOT NULL,
    created_at {time} NOT NULL,
    CONSTRAINT uq_account_login UNIQUE (login),
    CONSTRAINT ck_account_organisation CHECK ((kind = 'ADMIN') = (organisation_id IS NULL))
);
CREATE INDEX ix_account_organisation ON account (organisation_id, created_at, id);

CREATE TABLE session (
    id {uuid} NOT NULL PRIMARY KEY,
    account_id {uuid} NOT NULL CONSTRAINT fk_session_account REFERENCES account (id),
    key_hash {bytes} NOT NULL,
    current_hash {bytes} NOT NULL,
    previous_hash {bytes} NULL,
    rotated_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    ended_at {time} NULL,
    created_at {time} NOT NULL,
    CONSTRAINT uq_session_key UNIQUE (key_hash)
);
CREATE INDEX ix_session_account ON session (account_id);
"#;
