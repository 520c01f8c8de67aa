//! The index of texts whose HTML is of an earlier version of the renderer, for version 4 in place of 3.

use crate::{Change, Database, Index, Migration, Rule};

/// The migration.
pub(crate) fn migration(_: Database) -> Migration {
    let indexes = vec![
        Index::Drop {
            name: "ix_revision_stale",
        },
        Index::Build {
            name: "ix_revision_stale",
            is_unique: false,
            on: "revision (id) WHERE renderer < 4",
        },
    ];
    Migration {
        exceptions: vec![(
            Rule::Drop,
            "Until it is built anew, the job that renders anew reads the texts in the order of their ids.",
        )],
        ..Migration::new(module_path!(), 18, Change::Indexes(indexes))
    }
}
