//! What was out of sight before this was kept: to all but its author and staff what was hidden or removed, and what hangs on a root
//! that is no longer published for them.

use crate::{Backfill, Change, Database, Migration};

/// The migration.
pub(crate) fn migration(_: Database) -> Migration {
    Migration::new(module_path!(), 18, Change::Backfill(BACKFILL))
}

const BACKFILL: Backfill = Backfill {
    table: "notification",
    key: "id",
    sql: "UPDATE notification SET gone_at = occurred_at WHERE {range} AND gone_at IS NULL AND contribution_id IS NOT NULL \
        AND NOT EXISTS (SELECT 1 FROM contribution c LEFT JOIN contribution r ON r.id = c.root_id \
            JOIN membership m ON m.id = notification.member_id WHERE c.id = notification.contribution_id \
            AND (c.author_id = m.id OR c.state = 'PUBLISHED' \
                OR c.state IN ('PENDING', 'HIDDEN', 'REMOVED') AND m.role IN ('COORDINATOR', 'TEACHER')) \
            AND (COALESCE(r.author_id, c.author_id) = m.id \
                OR COALESCE(r.audience, c.audience) = 'SPACE' AND COALESCE(r.state, 'PUBLISHED') = 'PUBLISHED' \
                OR COALESCE(r.audience, c.audience) <> 'AUTHOR' AND COALESCE(r.state, c.state) <> 'DRAFT' \
                    AND m.role IN ('COORDINATOR', 'TEACHER')))",
};
