//! Since when somebody doesn't see what they were told of. Nodes of the release before leave it as it is.

use crate::{Change, Database, Migration};

/// The migration.
pub(crate) fn migration(database: Database) -> Migration {
    Migration::new(module_path!(), 18, Change::statements(database, SQL))
}

const SQL: &str = "ALTER TABLE notification ADD COLUMN gone_at {time} NULL;";
