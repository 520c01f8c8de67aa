//! Contributions in the API: what threads, comments and journal entries share, and their lifecycle.

mod bulk;
mod comment;
mod enums;
mod list;
mod mutation;
mod object;
mod reaction;
mod revision;
mod spine;

pub(in crate::features) use self::comment::{changed_items, item_ids};
pub(crate) use self::object::{commentable_object, contribution_object, viewer_can};
pub use self::{
    bulk::BulkMutation,
    comment::{Comment, CommentMutation, CommentViewerCan},
    enums::{Audience, BylineKind, ContentState, DecisionKind, ModerationReason, RevisionState},
    list::{Lists, listed},
    mutation::LifecycleMutation,
    reaction::{ReactionCount, ReactionKind, ReactionMutation},
    revision::{
        Decisions, ModerationDecision, ModerationItem, ModerationLogEntry, Revision, RevisionLinks, Revisions, log,
        log_nodes, revision_nodes,
    },
    spine::{
        Byline, Commentable, Contribution, ContributionAt, ContributionLinks, ContributionViewerCan, Spine, by_id,
        contributions, kinds, media_items,
    },
};
