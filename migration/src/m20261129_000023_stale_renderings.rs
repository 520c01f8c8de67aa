//! Texts that were rendered by an earlier version of the renderer are found without reading the others. It is empty most of the time.

use crate::{Change, Database, Index, Migration};

/// The migration.
pub(crate) fn migration(_: Database) -> Migration {
    let index = Index::Build {
        name: "ix_revision_stale",
        is_unique: false,
        on: "revision (id) WHERE renderer < 3",
    };
    Migration::new(module_path!(), 18, Change::Indexes(vec![index]))
}
