//! The spine: contributions, their revisions and decisions.

use crate::{Change, Database, Migration};

/// The migration.
pub(crate) fn migration(database: Database) -> Migration {
    Migration::new(module_path!(), 3, Change::statements(database, SQL))
}

const SQL: &str = r#"
CREATE TABLE contribution (
    id {uuid} NOT NULL PRIMARY KEY,
    space_id {uuid} NOT NULL CONSTRAINT fk_contribution_space REFERENCES space (id),
    phase_id {uuid} NOT NULL CONSTRAINT fk_contribution_phase REFERENCES phase (id),
    kind text NOT NULL,
    root_id {uuid} NULL CONSTRAINT fk_contribution_root REFERENCES contribution (id),
    reply_to_id {uuid} NULL CONSTRAINT fk_contribution_reply_to REFERENCES contribution (id) ON DELETE SET NULL,
    depth integer NOT NULL,
    author_id {uuid} NOT NULL CONSTRAINT fk_contribution_author REFERENCES membership (id),
    author_account_id {uuid} NOT NULL CONSTRAINT fk_contribution_author_account REFERENCES account (id),
    author_org_id {uuid} NOT NULL CONSTRAINT fk_contribution_author_org REFERENCES organisation (id),
    author_is_staff boolean NOT NULL,
    state text NOT NULL,
    audience text NOT NULL,
    language text NULL,
    week text NULL,
    is_pinned boolean NOT NULL,
    is_locked boolean NOT NULL,
    version integer NOT NULL,
    published_version integer NULL,
    pending_version integer NULL,
    comment_count integer NOT NULL,
    listed_at {time} NULL,
    last_activity_at {time} NOT NULL,
    created_at {time} NOT NULL,
    published_at {time} NULL,
    edited_at {time} NULL,
    client_key text NULL,
    CONSTRAINT ck_contribution_root CHECK ((kind = 'COMMENT') = (root_id IS NOT NULL)),
    CONSTRAINT ck_contribution_listed CHECK (state = 'DRAFT' OR listed_at IS NOT NULL)
);
CREATE INDEX ix_contribution_space ON contribution (space_id, kind, listed_at DESC, id DESC);
CREATE INDEX ix_contribution_phase ON contribution (phase_id, kind, listed_at DESC, id DESC);
CREATE INDEX ix_contribution_author ON contribution (author_id, kind, listed_at DESC, id DESC);
CREATE INDEX ix_contribution_org ON contribution (space_id, kind, author_org_id, listed_at DESC, id DESC);
CREATE INDEX ix_contribution_week ON contribution (space_id, kind, week, listed_at DESC, id DESC);
CREATE INDEX ix_contribution_space_activity ON contribution (space_id, kind, is_pinned DESC, last_activity_at DESC, id DESC);
CREATE INDEX ix_contribution_phase_activity ON contribution (phase_id, kind, is_pinned DESC, last_activity_at DESC, id DESC);
CREATE INDEX ix_contribution_comments ON contribution (root_id, listed_at, id) WHERE root_id IS NOT NULL;
CREATE INDEX ix_contribution_replies ON contribution (reply_to_id, listed_at, id) WHERE reply_to_id IS NOT NULL;
CREATE UNIQUE INDEX uq_contribution_client_key ON contribution (author_id, client_key) WHERE client_key IS NOT NULL;
CREATE INDEX ix_contribution_drafts ON contribution (author_account_id, created_at DESC, id DESC) WHERE state = 'DRAFT';

CREATE TABLE revision (
    id {uuid} NOT NULL PRIMARY KEY,
    contribution_id {uuid} NOT NULL CONSTRAINT fk_revision_contribution REFERENCES contribution (id) ON DELETE CASCADE,
    space_id {uuid} NOT NULL CONSTRAINT fk_revision_space REFERENCES space (id),
    version integer NOT NULL,
    state text NOT NULL,
    title text NULL,
    body text NOT NULL,
    body_html text NOT NULL,
    excerpt text NOT NULL,
    language text NULL,
    audience text NULL,
    week text NULL,
    detail {json} NOT NULL,
    renderer integer NOT NULL,
    is_edit boolean NOT NULL,
    created_at {time} NOT NULL,
    submitted_at {time} NULL,
    CONSTRAINT uq_revision_version UNIQUE (contribution_id, version)
);
CREATE INDEX ix_revision_queue ON revision (space_id, submitted_at, id) WHERE state = 'PENDING';

CREATE TABLE decision (
    id {uuid} NOT NULL PRIMARY KEY,
    space_id {uuid} NOT NULL CONSTRAINT fk_decision_space REFERENCES space (id),
    contribution_id {uuid} NOT NULL CONSTRAINT fk_decision_contribution REFERENCES contribution (id) ON DELETE CASCADE,
    kind text NOT NULL,
    reason text NULL,
    note text NULL,
    decided_by_id {uuid} NOT NULL CONSTRAINT fk_decision_decided_by REFERENCES membership (id),
    decided_at {time} NOT NULL,
    version integer NOT NULL
);
CREATE INDEX ix_decision_contribution ON decision (contribution_id, decided_at DESC, id DESC);
CREATE INDEX ix_decision_space ON decision (space_id, decided_at DESC, id DESC);
"#;
