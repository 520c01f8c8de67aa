//! Work that is done later, or again.

use crate::{Change, Database, Migration};

/// The migration.
pub(crate) fn migration(database: Database) -> Migration {
    Migration::new(module_path!(), 12, Change::statements(database, SQL))
}

const SQL: &str = r#"
CREATE TABLE job (
    id {uuid} NOT NULL PRIMARY KEY,
    kind text NOT NULL,
    subject_id {uuid} NOT NULL,
    space_id {uuid} NULL,
    due_at {time} NOT NULL,
    again_at {time} NULL,
    claim_id {uuid} NULL,
    attempts integer NOT NULL,
    parked_at {time} NULL,
    error text NULL,
    created_at {time} NOT NULL
);
CREATE UNIQUE INDEX uq_job_subject ON job (kind, subject_id) WHERE parked_at IS NULL;
CREATE INDEX ix_job_due ON job (kind, due_at, id) WHERE parked_at IS NULL;
CREATE INDEX ix_job_parked ON job (parked_at) WHERE parked_at IS NOT NULL;
"#;
