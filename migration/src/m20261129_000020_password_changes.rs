//! The last change of each password, for a client that repeats it because the answer was lost.

use crate::{Change, Database, Migration};

/// The migration.
pub(crate) fn migration(database: Database) -> Migration {
    Migration::new(module_path!(), 18, Change::statements(database, SQL))
}

const SQL: &str = r#"
CREATE TABLE password_change (
    account_id {uuid} NOT NULL PRIMARY KEY CONSTRAINT fk_password_change_account REFERENCES account (id),
    session_id {uuid} NOT NULL,
    pair_hash text NOT NULL,
    password_hash text NOT NULL,
    changed_at {time} NOT NULL
);
CREATE INDEX ix_password_change_at ON password_change (changed_at);
"#;
