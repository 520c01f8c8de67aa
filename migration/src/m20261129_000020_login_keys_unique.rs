//! One account for each key.

use crate::{Change, Database, Index, Migration, Rule};

/// The migration.
pub(crate) fn migration(_: Database) -> Migration {
    let index = Index::Build {
        name: "uq_account_login_key",
        is_unique: true,
        on: "account (login_key)",
    };
    let reason = "nodes of the release before write no key, and any number of rows may have none";
    Migration {
        exceptions: vec![(Rule::Narrow, reason)],
        ..Migration::new(module_path!(), 18, Change::Indexes(vec![index]))
    }
}
