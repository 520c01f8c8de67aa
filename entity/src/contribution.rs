//! What a member makes in a space: the spine that threads, comments and journal entries share.

use sea_orm::entity::prelude::*;

use crate::enums::{Audience, ContentState, ContributionKind, MediaKind, MediaState, ThreadKind};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contribution")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The space.
    pub space_id: Uuid,
    /// The phase.
    pub phase_id: Uuid,
    /// What it is.
    pub kind: ContributionKind,
    /// What a comment belongs to; none for roots.
    pub root_id: Option<Uuid>,
    /// The comment that was answered.
    pub reply_to_id: Option<Uuid>,
    /// 0 for answers to the root, at most 4.
    pub depth: i32,
    /// The author's membership.
    pub author_id: Uuid,
    /// The author's account.
    pub author_account_id: Uuid,
    /// The author's organisation when it was written.
    pub author_org_id: Uuid,
    /// Whether the author was staff when it was written: pupils never moderate it.
    pub author_is_staff: bool,
    /// What it is for; threads only.
    pub thread_kind: Option<ThreadKind>,
    /// What its file is; media items only.
    pub media_kind: Option<MediaKind>,
    /// Where its file stands; media items only.
    pub file_state: Option<MediaState>,
    /// Since when, as long as time changes it.
    pub file_state_at: Option<DateTimeUtc>,
    /// Whether somebody has reported it as unsafe: for staff alone to judge.
    pub is_sealed: bool,
    /// Where it stands.
    pub state: ContentState,
    /// Who sees it; a comment's own value is unused.
    pub audience: Audience,
    /// BCP 47 tag of the text.
    pub language: Option<String>,
    /// ISO week of a journal entry, `2026-W47`.
    pub week: Option<String>,
    /// Whether a thread stands first.
    pub is_pinned: bool,
    /// Whether a thread takes no more comments.
    pub is_locked: bool,
    /// Newest content version.
    pub version: i32,
    /// The version everybody reads.
    pub published_version: Option<i32>,
    /// The version that waits for a moderator.
    pub pending_version: Option<i32>,
    /// Published comments of a root.
    pub comment_count: i32,
    /// Place in feeds: submission, moved once to the first approval.
    pub listed_at: Option<DateTimeUtc>,
    /// Newest publication below this root.
    pub last_activity_at: DateTimeUtc,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// When it was first published.
    pub published_at: Option<DateTimeUtc>,
    /// Last edit that classmates are told about.
    pub edited_at: Option<DateTimeUtc>,
    /// The client's idempotency key: unique for good among an author's contributions.
    pub client_key: Option<String>,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
