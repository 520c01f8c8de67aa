//! When the login of an account was changed, and whether its owner knows.

use crate::{Change, Database, Migration};

/// The migration.
pub(crate) fn migration(database: Database) -> Migration {
    Migration::new(module_path!(), 18, Change::statements(database, SQL))
}

const SQL: &str = r#"
ALTER TABLE account ADD COLUMN login_changed_at {time} NULL;
ALTER TABLE account ADD COLUMN login_changed_before {time} NULL;
ALTER TABLE account ADD COLUMN is_login_change_untold boolean NOT NULL DEFAULT false;
"#;
