//! Statements over `contribution`, `revision`, `decision`, `reaction` and `subscription`.

mod erase;
mod media;
mod reaction;
mod read;
mod shared;
mod subscription;
mod told;
mod write;

pub(super) use self::{
    erase::{authored, blank, condemned, count_anew, delete_all, forget_member},
    media::{ShownRow, set_media_kind, shown_with, step_file},
    reaction::{ReactionRow, add_reaction, reactions, remove_reaction},
    read::{
        DecisionRow, LOG_ORDER, REVISION_ORDER, by_ids, co_authors_of, counts, decisions, decisions_by_id, is_returned,
        last_comments, log, log_counts, page, revision_counts, revisions, revisions_by_id, revisions_of, system_exists,
    },
    shared::kinds,
    subscription::subscribe,
    told::resight,
    write::{
        Locked, add_comment, attachable, by_client_key, co_authors, confirm, confirmed, delete, forget_draft,
        has_children, insert, insert_decision, insert_revision, is_latest_human, latest_decision, lock, lock_any,
        lock_rows, name, relocate, revision, set_rendered, set_revision, system_stale_texts, unname, update,
        update_draft,
    },
};
pub use self::{
    read::{CoAuthorRow, ContributionRow, List, ListKind, QUEUE_ORDER, RevisionRow, Waiting, waiting, waiting_counts},
    subscription::subscriptions,
};
