//! Assignments that ended because the work went out of sight, and what came instead. To nodes of the release before they have expired.

use crate::{Change, Database, Migration};

/// The migration.
pub(crate) fn migration(database: Database) -> Migration {
    Migration::new(module_path!(), 18, Change::statements(database, SQL))
}

const SQL: &str = "
ALTER TABLE review ADD COLUMN excuse text NULL;
ALTER TABLE review ADD COLUMN replaces_id {uuid} NULL;
";
