//! What an account hasn't read and can read, and who was told of a contribution.

use crate::{Change, Database, Index, Migration, Rule};

/// The migration.
pub(crate) fn migration(_: Database) -> Migration {
    let indexes = vec![
        Index::Build {
            name: "ix_notification_waiting",
            is_unique: false,
            on: "notification (account_id, occurred_at DESC, id DESC) WHERE read_at IS NULL AND gone_at IS NULL",
        },
        Index::Build {
            name: "ix_notification_contribution",
            is_unique: false,
            on: "notification (contribution_id) WHERE contribution_id IS NOT NULL",
        },
        Index::Drop {
            name: "ix_notification_unread",
        },
    ];
    Migration {
        exceptions: vec![(
            Rule::Drop,
            "While both releases run, the older one reads the few unread of an account along ix_notification_account.",
        )],
        ..Migration::new(module_path!(), 18, Change::Indexes(indexes))
    }
}
