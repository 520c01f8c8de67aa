//! The spine: what a member makes in a space and what is seen by the audience ladder.
//!
//! A **contribution** is a thread, a comment, a journal entry, a media item or an album. A **root** stands by itself and has an
//! audience; a **comment** belongs to a root and is seen by whoever sees that root. Each version of a text is a
//! **revision**; a pre-moderated edit is a pending revision while the published one stays. A **decision** is what a moderator
//! did and why. A **reaction** is one of a few kind signs that a member gives to what somebody has written; it stays when the
//! member leaves, as their texts do. A **subscription** is what a member wants to hear of a thread: who writes in it follows it,
//! unless they have chosen otherwise.
//!
//! Invariants: `comment_count` is the number of published comments; `listed_at` moves once, at the first approval; a version
//! number never returns; nobody approves a text that they have not seen; every change that others may see appends one event.

pub mod graphql;
mod rules;
mod service;
mod store;

pub use self::{
    rules::{Given, Patch, Text},
    service::{
        Flag, NewComment, NewRoot, Place, approve, comment_create, confirm, erase, file_is, file_progressed, file_step,
        forget, give_back, hide, hide_reported, hold, item_delete, item_insert, item_text, lock, lock_any, place,
        publish, react, remove, render_anew, restore, restore_reported, root_create, seal, set_flag, thread_move,
        thread_phase, thread_subscribe, update, uphold, withdraw,
    },
    store::{
        CoAuthorRow, ContributionRow, List, ListKind, QUEUE_ORDER, RevisionRow, Waiting, subscriptions, waiting,
        waiting_counts,
    },
};
