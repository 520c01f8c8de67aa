//! What a login is looked up by, whatever case and form it is typed in, and whether two logins are the same in that form. Nodes of the
//! release before write neither: such a row is found by its login, as before, until it is looked after.

use crate::{Change, Database, Migration};

/// The migration.
pub(crate) fn migration(database: Database) -> Migration {
    Migration::new(module_path!(), 18, Change::statements(database, SQL))
}

const SQL: &str = r#"
ALTER TABLE account ADD COLUMN login_key {key} NULL;
ALTER TABLE account ADD COLUMN has_login_collision boolean NOT NULL DEFAULT false;
"#;
