//! Organisations by name, and rows whose letters nobody has computed by today's rules: there are none most of the time. The index by which
//! nodes of the release before read organisations goes with the column that they write for it, a release later.

use crate::{Change, Database, Index, Migration};

/// The migration.
pub(crate) fn migration(_: Database) -> Migration {
    let indexes = [
        ("ix_organisation_letters", "organisation (sort_key, id)"),
        (
            "ix_organisation_letters_stale",
            "organisation (id) WHERE letters_version < 1",
        ),
        ("ix_account_letters_stale", "account (id) WHERE letters_version < 1"),
    ];
    let build = |(name, on)| Index::Build {
        name,
        is_unique: false,
        on,
    };
    Migration::new(module_path!(), 18, Change::Indexes(indexes.map(build).to_vec()))
}
