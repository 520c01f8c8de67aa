//! What is told of presence.

use async_graphql::{ID, SimpleObject};

use crate::features::{forum::graphql::Thread, space::graphql::Membership};

/// What a member who is present does.
#[derive(SimpleObject, Clone, Debug)]
pub struct MemberPresence {
    /// Who.
    pub(super) member: Membership,
    /// The thread that they have before them. Null if it is none, or one that the viewer doesn't see.
    pub(super) thread: Option<Thread>,
    /// Whether they write in it now.
    pub(super) is_writing: bool,
}

/// Who is present in a space, or what has changed of it.
#[derive(SimpleObject, Clone, Debug)]
pub struct PresenceUpdate {
    /// Whether this is everybody: replace what you have by `present`. Otherwise it is what has changed since the message before.
    pub(super) is_complete: bool,
    /// Whether the viewer is off: a pupil outside of the `presenceHours` of the space, who sees nobody and is seen by nobody.
    pub(super) is_off: bool,
    /// Whether it is known who is present. False while the server can't find out: `present` is then what was known last, if anything was,
    /// less what has ended since; say so, or show nobody. A complete message follows when it is known again.
    pub(super) is_known: bool,
    /// Who is present, or came, or does something else; the viewer too. At most 1000: of more members who are present at the
    /// same time the others are not shown.
    pub(super) present: Vec<MemberPresence>,
    /// Who is not present any more: ids of members, at most 1000.
    pub(super) gone_member_ids: Vec<ID>,
}
