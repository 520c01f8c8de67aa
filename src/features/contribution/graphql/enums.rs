//! Enums of contributions.

use async_graphql::Enum;

/// Who sees a root contribution, from narrow to wide. Narrowing is always possible; widening follows the rules of publishing.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::Audience")]
pub enum Audience {
    /// Its author alone; not even staff.
    Author,
    /// Its author and the staff of the space.
    Staff,
    /// All members of the space.
    Space,
}

/// Where a contribution stands.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::ContentState")]
pub enum ContentState {
    /// Seen by its author alone.
    Draft,
    /// Waits for a moderator; seen by its author and staff.
    Pending,
    /// Seen by its audience.
    Published,
    /// Taken out of sight by a moderator; its author and staff still see it, others a placeholder (comments) or nothing.
    Hidden,
    /// Removed for good by its author or a moderator; seen like `HIDDEN`.
    Removed,
}

/// Where one version of a text stands.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevisionState {
    /// Waits for a moderator.
    Pending,
    /// Is, or was, the text that everybody reads.
    Published,
    /// A moderator gave it back to its author with a note.
    Returned,
    /// Replaced by a later version before a moderator decided.
    Superseded,
}

impl From<entity::enums::RevisionState> for RevisionState {
    fn from(state: entity::enums::RevisionState) -> Self {
        use entity::enums::RevisionState as Stored;
        match state {
            // Drafts never leave the store; shown as what they will be.
            Stored::Draft | Stored::Pending => Self::Pending,
            Stored::Published => Self::Published,
            Stored::Returned => Self::Returned,
            Stored::Superseded => Self::Superseded,
        }
    }
}

/// What was decided about a contribution.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::DecisionKind")]
pub enum DecisionKind {
    /// Published what waited.
    Approved,
    /// Given back to its author with a note.
    Returned,
    /// Taken out of sight.
    Hidden,
    /// Brought back into sight.
    Restored,
    /// Removed for good.
    Removed,
}

/// Why a moderator acted.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::ModerationReason")]
pub enum ModerationReason {
    /// It hurts somebody.
    Unkind,
    /// It belongs somewhere else.
    OffTopic,
    /// It gives away something personal.
    Privacy,
    /// It uses somebody else's work without right.
    Copyright,
    /// It puts somebody in danger.
    Unsafe,
    /// It is advertising or noise.
    Spam,
    /// Something else; see the note.
    Other,
}

/// How to show who wrote something; clients translate it.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum BylineKind {
    /// A member: show `name` and `organisation`.
    Member,
    /// Somebody who has left the space: show `name`, marked.
    FormerMember,
    /// The author is not shown to this viewer; `name` is null.
    Withheld,
    /// A review round hides the name: show `number`, for instance as "Reviewer 4821". The same person has the same number all over the round.
    Pseudonym,
}
