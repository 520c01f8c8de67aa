//! Statements over `contribution`, `revision` and `decision`.

mod read;
mod write;

pub use self::read::{CoAuthorRow, ContributionRow, List, ListKind};
pub(super) use self::{
    read::{
        DecisionRow, QUEUE_ORDER, REVISION_ORDER, RevisionRow, by_ids, co_authors_of, counts, decisions, is_returned,
        last_comments, page, queue, queue_counts, revision_counts, revisions, revisions_by_id, revisions_of,
    },
    write::{
        Locked, add_comment, by_client_key, co_authors, confirm, confirmed, delete, forget_draft, has_children, insert,
        insert_decision, insert_revision, latest_decision, lock, name, revision, set_revision, unname, update,
        update_draft,
    },
};
