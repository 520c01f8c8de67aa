//! What releases that run side by side must know: how far back the schema goes, which nodes run, and which rows still have to be
//! brought to a new form.

use crate::{Change, Database, Migration};

/// The migration.
pub(crate) fn migration(database: Database) -> Migration {
    // No release before this one knows what a floor is.
    Migration::new(module_path!(), 18, Change::statements(database, SQL))
}

const SQL: &str = r#"
CREATE TABLE schema_state (
    id integer NOT NULL PRIMARY KEY CONSTRAINT ck_schema_state_one CHECK (id = 1),
    floor integer NOT NULL
);
INSERT INTO schema_state (id, floor) VALUES (1, 0);

CREATE TABLE node (
    id {uuid} NOT NULL PRIMARY KEY,
    place text NOT NULL,
    version text NOT NULL,
    migrations integer NOT NULL,
    clock {time} NOT NULL,
    seen_at {time} NOT NULL
) {hot};

CREATE TABLE backfill (
    id {uuid} NOT NULL PRIMARY KEY,
    name text NOT NULL CONSTRAINT uq_backfill_name UNIQUE,
    reached_id {uuid} NOT NULL,
    done_at {time} NULL
);
"#;
