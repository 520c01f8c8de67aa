//! From where accounts have signed in, so that guesses of others at the same address shut nobody out.

use crate::{Change, Database, Migration};

/// The migration.
pub(crate) fn migration(database: Database) -> Migration {
    Migration::new(module_path!(), 18, Change::statements(database, SQL))
}

const SQL: &str = r#"
CREATE TABLE known_network (
    hash {bytes} NOT NULL PRIMARY KEY,
    network_hash {bytes} NOT NULL,
    account_id {uuid} NOT NULL CONSTRAINT fk_known_network_account REFERENCES account (id),
    seen_at {time} NOT NULL
);
CREATE INDEX ix_known_network_network ON known_network (network_hash);
CREATE INDEX ix_known_network_account ON known_network (account_id);
CREATE INDEX ix_known_network_seen ON known_network (seen_at);
"#;
