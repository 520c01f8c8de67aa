//! What pupils may do beyond their role.

use crate::{Change, Database, Migration};

/// The migration.
pub(crate) fn migration(database: Database) -> Migration {
    Migration::new(module_path!(), 8, Change::statements(database, SQL))
}

const SQL: &str = r#"
CREATE TABLE capability_grant (
    id {uuid} NOT NULL PRIMARY KEY,
    space_id {uuid} NOT NULL CONSTRAINT fk_capability_grant_space REFERENCES space (id),
    member_id {uuid} NOT NULL CONSTRAINT fk_capability_grant_member REFERENCES membership (id),
    capability text NOT NULL,
    scope_id {uuid} NOT NULL,
    phase_id {uuid} CONSTRAINT fk_capability_grant_phase REFERENCES phase (id),
    thread_id {uuid} CONSTRAINT fk_capability_grant_thread REFERENCES contribution (id) ON DELETE CASCADE,
    granted_by_id {uuid} NOT NULL CONSTRAINT fk_capability_grant_granted_by REFERENCES membership (id),
    created_at {time} NOT NULL,
    ends_at {time},
    revoked_by_id {uuid} CONSTRAINT fk_capability_grant_revoked_by REFERENCES membership (id)
);
CREATE INDEX ix_capability_grant_member ON capability_grant (member_id);
CREATE INDEX ix_capability_grant_space ON capability_grant (space_id);
CREATE INDEX ix_capability_grant_thread ON capability_grant (thread_id);
"#;
