//! Old refresh tokens lead to the current one for a minute.

use crate::{Change, Database, Migration};

/// The migration.
pub(crate) fn migration(database: Database) -> Migration {
    Migration::new(module_path!(), 18, Change::statements(database, SQL))
}

const SQL: &str = r#"
ALTER TABLE session ADD COLUMN sibling_hash {bytes} NULL;

CREATE TABLE session_link (
    id {uuid} NOT NULL PRIMARY KEY,
    session_id {uuid} NOT NULL CONSTRAINT fk_session_link_session REFERENCES session (id) ON DELETE CASCADE,
    hash {bytes} NOT NULL,
    salt {bytes} NOT NULL,
    used_at {time} NOT NULL
);
CREATE INDEX ix_session_link_session ON session_link (session_id);
CREATE INDEX ix_session_link_used ON session_link (used_at);
"#;
