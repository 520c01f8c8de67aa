//! What of reviews and rounds was rendered by an earlier version of the renderer is found without reading the rest. Mostly it is empty.

use crate::{Change, Database, Index, Migration};

/// The migration.
pub(crate) fn migration(_: Database) -> Migration {
    let indexes = vec![
        Index::Build {
            name: "ix_review_stale",
            is_unique: false,
            on: "review (id) WHERE renderer < 4",
        },
        Index::Build {
            name: "ix_review_round_stale",
            is_unique: false,
            on: "review_round (id) WHERE renderer < 4",
        },
    ];
    Migration::new(module_path!(), 18, Change::Indexes(indexes))
}
