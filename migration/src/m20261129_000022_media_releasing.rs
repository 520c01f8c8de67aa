//! The files of a space whose room will be free soon.

use crate::{Change, Database, Index, Migration};

/// The migration.
pub(crate) fn migration(_: Database) -> Migration {
    let index = Index::Build {
        name: "ix_media_releasing",
        is_unique: false,
        on: "contribution (space_id, author_id) \
             WHERE file_state IN ('EXPIRED', 'FAILED', 'DELETED') AND file_state_at IS NOT NULL",
    };
    Migration::new(module_path!(), 18, Change::Indexes(vec![index]))
}
