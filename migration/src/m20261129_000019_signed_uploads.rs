//! Until when somebody may still send a file: its room is free once that is over and nothing of it is stored.

use crate::{Change, Database, Migration};

/// The migration.
pub(crate) fn migration(database: Database) -> Migration {
    Migration::new(module_path!(), 18, Change::statements(database, SQL))
}

const SQL: &str = r#"
ALTER TABLE media_file ADD COLUMN signed_until {time} NULL;
"#;
