//! Spaces, their organisations, phases and members.

use crate::{Change, Database, Migration};

/// The migration.
pub(crate) fn migration(database: Database) -> Migration {
    Migration::new(module_path!(), 2, Change::statements(database, SQL))
}

const SQL: &str = r#"
CREATE TABLE space (
    id {uuid} NOT NULL PRIMARY KEY,
    title text NOT NULL,
    description text NOT NULL,
    state text NOT NULL,
    time_zone text NOT NULL,
    version integer NOT NULL,
    closed_at {time} NULL,
    created_at {time} NOT NULL
);

CREATE TABLE space_organisation (
    id {uuid} NOT NULL PRIMARY KEY,
    space_id {uuid} NOT NULL CONSTRAINT fk_space_organisation_space REFERENCES space (id),
    organisation_id {uuid} NOT NULL CONSTRAINT fk_space_organisation_organisation REFERENCES organisation (id),
    invited_by_id {uuid} NOT NULL CONSTRAINT fk_space_organisation_invited_by REFERENCES organisation (id),
    state text NOT NULL,
    created_at {time} NOT NULL,
    answered_at {time} NULL,
    CONSTRAINT uq_space_organisation UNIQUE (space_id, organisation_id)
);
CREATE INDEX ix_space_organisation_list ON space_organisation (space_id, created_at, id);
CREATE INDEX ix_space_organisation_invited ON space_organisation (organisation_id, created_at, id) WHERE state = 'INVITED';

CREATE TABLE phase (
    id {uuid} NOT NULL PRIMARY KEY,
    space_id {uuid} NOT NULL CONSTRAINT fk_phase_space REFERENCES space (id),
    kind text NOT NULL,
    state text NOT NULL,
    title text NOT NULL,
    description text NOT NULL,
    starts_at {time} NULL,
    ends_at {time} NULL,
    moderation text NOT NULL,
    allows_pupil_threads boolean NOT NULL,
    allows_pupil_comments boolean NOT NULL,
    reopen_reason text NULL,
    version integer NOT NULL,
    CONSTRAINT uq_phase_kind UNIQUE (space_id, kind)
);

CREATE TABLE membership (
    id {uuid} NOT NULL PRIMARY KEY,
    space_id {uuid} NOT NULL CONSTRAINT fk_membership_space REFERENCES space (id),
    account_id {uuid} NOT NULL CONSTRAINT fk_membership_account REFERENCES account (id),
    organisation_id {uuid} NOT NULL CONSTRAINT fk_membership_organisation REFERENCES organisation (id),
    role text NOT NULL,
    mobility_status text NULL,
    pre_moderated_until {time} NULL,
    left_at {time} NULL,
    version integer NOT NULL,
    created_at {time} NOT NULL,
    CONSTRAINT uq_membership UNIQUE (space_id, account_id),
    CONSTRAINT ck_membership_mobility CHECK (mobility_status IS NULL OR role = 'PUPIL')
);
CREATE INDEX ix_membership_list ON membership (space_id, created_at, id);
CREATE INDEX ix_membership_account ON membership (account_id, created_at, id);
"#;
