//! When pupils are shown as present.

use crate::{Change, Database, Migration};

/// The migration.
pub(crate) fn migration(database: Database) -> Migration {
    Migration::new(module_path!(), 15, Change::statements(database, SQL))
}

const SQL: &str = r#"
ALTER TABLE space ADD COLUMN presence_from integer NULL;
ALTER TABLE space ADD COLUMN presence_to integer NULL;
"#;
