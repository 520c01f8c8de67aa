//! What threads are for.

use crate::{Change, Database, Migration};

/// The migration.
pub(crate) fn migration(database: Database) -> Migration {
    Migration::new(module_path!(), 10, Change::statements(database, SQL))
}

const SQL: &str = r#"
ALTER TABLE contribution ADD COLUMN thread_kind text NULL;
UPDATE contribution SET thread_kind = 'OPEN' WHERE kind = 'THREAD';
CREATE INDEX ix_contribution_answers ON contribution (root_id, author_id) WHERE depth = 0;
"#;
