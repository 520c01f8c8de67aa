//! Reports, and decisions that nobody took: what reports hide.

use crate::{Change, Database, Migration};

/// The migration.
pub(crate) fn migration(database: Database) -> Migration {
    Migration::new(module_path!(), 9, Change::statements(database, SQL))
}

// SQLite can't make a column nullable in place.
const SQL: &str = r#"
CREATE TABLE report (
    id {uuid} NOT NULL PRIMARY KEY,
    space_id {uuid} NOT NULL CONSTRAINT fk_report_space REFERENCES space (id),
    contribution_id {uuid} NOT NULL CONSTRAINT fk_report_contribution REFERENCES contribution (id) ON DELETE CASCADE,
    version integer NOT NULL,
    reporter_id {uuid} NOT NULL CONSTRAINT fk_report_reporter REFERENCES membership (id),
    reporter_organisation_id {uuid} NOT NULL CONSTRAINT fk_report_organisation REFERENCES organisation (id),
    reporter_is_staff boolean NOT NULL,
    reason text NOT NULL,
    note text NULL,
    state text NOT NULL,
    submitted_at {time} NOT NULL,
    action text NULL,
    decision_note text NULL,
    decided_by_id {uuid} NULL CONSTRAINT fk_report_decided_by REFERENCES membership (id),
    decided_at {time} NULL,
    CONSTRAINT uq_report_reporter UNIQUE (contribution_id, version, reporter_id)
);
CREATE INDEX ix_report_queue ON report (space_id, submitted_at, id) WHERE state IN ('OPEN', 'ESCALATED');
CREATE INDEX ix_report_reporter ON report (reporter_id);

ALTER TABLE contribution ADD COLUMN is_sealed boolean NOT NULL DEFAULT FALSE;
ALTER TABLE event ADD COLUMN report_id {uuid} NULL;

CREATE TABLE decision_by_all (
    id {uuid} NOT NULL PRIMARY KEY,
    space_id {uuid} NOT NULL CONSTRAINT fk_decision_space REFERENCES space (id),
    contribution_id {uuid} NOT NULL CONSTRAINT fk_decision_contribution REFERENCES contribution (id) ON DELETE CASCADE,
    kind text NOT NULL,
    reason text NULL,
    note text NULL,
    decided_by_id {uuid} NULL CONSTRAINT fk_decision_decided_by REFERENCES membership (id),
    decided_at {time} NOT NULL,
    version integer NOT NULL
);
INSERT INTO decision_by_all SELECT id, space_id, contribution_id, kind, reason, note, decided_by_id, decided_at, version FROM decision;
DROP TABLE decision;
ALTER TABLE decision_by_all RENAME TO decision;
CREATE INDEX ix_decision_contribution ON decision (contribution_id, decided_at DESC, id DESC);
CREATE INDEX ix_decision_space ON decision (space_id, decided_at DESC, id DESC);
"#;
