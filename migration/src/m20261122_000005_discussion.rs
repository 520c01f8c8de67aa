//! What members have read, how they react, and what they follow.

use crate::{Change, Database, Migration};

/// The migration.
pub(crate) fn migration(database: Database) -> Migration {
    Migration::new(module_path!(), 5, Change::statements(database, SQL))
}

const SQL: &str = r#"
CREATE TABLE thread_read (
    membership_id {uuid} NOT NULL CONSTRAINT fk_thread_read_membership REFERENCES membership (id),
    thread_id {uuid} NOT NULL CONSTRAINT fk_thread_read_thread REFERENCES contribution (id) ON DELETE CASCADE,
    listed_at {time} NOT NULL,
    comment_id {uuid} NOT NULL,
    CONSTRAINT pk_thread_read PRIMARY KEY (membership_id, thread_id)
);
CREATE INDEX ix_thread_read_thread ON thread_read (thread_id);

CREATE TABLE reaction (
    contribution_id {uuid} NOT NULL CONSTRAINT fk_reaction_contribution REFERENCES contribution (id) ON DELETE CASCADE,
    kind text NOT NULL,
    membership_id {uuid} NOT NULL CONSTRAINT fk_reaction_membership REFERENCES membership (id),
    created_at {time} NOT NULL,
    CONSTRAINT pk_reaction PRIMARY KEY (contribution_id, kind, membership_id)
);
CREATE INDEX ix_reaction_membership ON reaction (membership_id);

CREATE TABLE subscription (
    membership_id {uuid} NOT NULL CONSTRAINT fk_subscription_membership REFERENCES membership (id),
    thread_id {uuid} NOT NULL CONSTRAINT fk_subscription_thread REFERENCES contribution (id) ON DELETE CASCADE,
    level text NOT NULL,
    CONSTRAINT pk_subscription PRIMARY KEY (membership_id, thread_id)
);
CREATE INDEX ix_subscription_thread ON subscription (thread_id, level);
"#;
