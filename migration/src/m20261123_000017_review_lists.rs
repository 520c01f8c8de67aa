//! What a reviewer still has to write, and what they have in one round, each along an index.

use crate::{Change, Database, Migration};

/// The migration.
pub(crate) fn migration(database: Database) -> Migration {
    Migration::new(module_path!(), 17, Change::statements(database, SQL))
}

const SQL: &str = r#"
CREATE INDEX ix_review_account_waiting ON review (reviewer_account_id, due_at, id) WHERE state IN ('ASSIGNED', 'STARTED');
CREATE INDEX ix_review_account_round ON review (reviewer_account_id, round_id, due_at, id);
"#;
