//! When the coordinators were told that a report waits too long.

use crate::{Change, Database, Migration};

/// The migration.
pub(crate) fn migration(database: Database) -> Migration {
    Migration::new(module_path!(), 11, Change::statements(database, SQL))
}

const SQL: &str = r#"
ALTER TABLE report ADD COLUMN told_at {time} NULL;
CREATE INDEX ix_report_untold ON report (submitted_at) WHERE told_at IS NULL AND state IN ('OPEN', 'ESCALATED');
"#;
