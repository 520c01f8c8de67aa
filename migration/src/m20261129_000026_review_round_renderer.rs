//! Which version of the renderer has made the HTML of instructions: none that is known, for what is there and what nodes of the release
//! before write.

use crate::{Change, Database, Migration};

/// The migration.
pub(crate) fn migration(database: Database) -> Migration {
    Migration::new(module_path!(), 18, Change::statements(database, SQL))
}

const SQL: &str = "ALTER TABLE review_round ADD COLUMN renderer integer NOT NULL DEFAULT 0;";
