//! The audit trail, and when accounts were erased.

use crate::{Change, Database, Migration};

/// The migration.
pub(crate) fn migration(database: Database) -> Migration {
    let guard = match database {
        Database::Postgres => POSTGRES_GUARD,
        Database::Sqlite => SQLITE_GUARD,
    };
    Migration::new(
        module_path!(),
        7,
        Change::statements(database, &format!("{SQL}{guard}")),
    )
}

const SQL: &str = r#"
ALTER TABLE account ADD COLUMN erased_at {time} NULL;

CREATE TABLE audit_head (
    chain_id {uuid} NOT NULL PRIMARY KEY,
    last_seq bigint NOT NULL,
    last_hash {bytes} NULL
) {hot};
-- A chain that is gone as a whole is missed by its head.
INSERT INTO audit_head (chain_id, last_seq) SELECT id, 0 FROM space UNION ALL SELECT id, 0 FROM organisation;

CREATE TABLE audit_record (
    chain_id {uuid} NOT NULL,
    seq bigint NOT NULL,
    id {uuid} NOT NULL,
    occurred_at {time} NOT NULL,
    act text NOT NULL,
    actor_id {uuid} NULL,
    subject_kind text NOT NULL,
    subject_id {uuid} NOT NULL,
    state_before text NULL,
    state_after text NULL,
    previous_hash {bytes} NULL,
    hash {bytes} NOT NULL,
    CONSTRAINT pk_audit_record PRIMARY KEY (chain_id, seq),
    CONSTRAINT uq_audit_record UNIQUE (id)
);
CREATE INDEX ix_audit_record_subject ON audit_record (subject_id, occurred_at);
"#;

const POSTGRES_GUARD: &str = r#"
CREATE FUNCTION audit_record_is_kept() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'audit records are never changed or removed'; END $$;
CREATE TRIGGER audit_record_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_record
    FOR EACH STATEMENT EXECUTE FUNCTION audit_record_is_kept();
"#;

const SQLITE_GUARD: &str = r#"
CREATE TRIGGER audit_record_is_not_changed BEFORE UPDATE ON audit_record
    BEGIN SELECT RAISE(ABORT, 'audit records are never changed or removed'); END;
CREATE TRIGGER audit_record_is_not_removed BEFORE DELETE ON audit_record
    BEGIN SELECT RAISE(ABORT, 'audit records are never changed or removed'); END;
"#;
