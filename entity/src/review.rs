//! An assignment of a reviewer to a snapshot, and the review that comes of it: one row, one id, so that an id tells nothing of when a review
//! was written.

use sea_orm::entity::prelude::*;

use crate::{
    enums::{AssignmentState, DeclineReason, ReviewExcuse, ReviewReaction},
    review_value::{Answers, Reasons},
};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "review")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The round.
    pub round_id: Uuid,
    /// The snapshot.
    pub target_id: Uuid,
    /// The contribution of the snapshot.
    pub contribution_id: Uuid,
    /// Who reviews (membership).
    pub reviewer_id: Uuid,
    /// Their account.
    pub reviewer_account_id: Uuid,
    /// Where it stands.
    pub state: AssignmentState,
    /// Why this reviewer.
    pub reasons: Reasons,
    /// When it was assigned.
    pub assigned_at: DateTimeUtc,
    /// Until when it is to be submitted.
    pub due_at: DateTimeUtc,
    /// When the reviewer was reminded.
    pub reminded_at: Option<DateTimeUtc>,
    /// When the reviewer began to write.
    pub started_at: Option<DateTimeUtc>,
    /// When it was submitted first.
    pub submitted_at: Option<DateTimeUtc>,
    /// When its author got to read it first.
    pub released_at: Option<DateTimeUtc>,
    /// When it was declined, expired or voided.
    pub ended_at: Option<DateTimeUtc>,
    /// Why it was declined.
    pub decline_reason: Option<DeclineReason>,
    /// The reviewer's words to that.
    pub decline_note: Option<String>,
    /// What staff say to a hold or a void.
    pub staff_note: Option<String>,
    /// Counts what was saved.
    pub version: i32,
    /// What the reviewer says.
    pub answers: Answers,
    /// What the author finds of it.
    pub reaction: Option<ReviewReaction>,
    /// What the author will change.
    pub reaction_note: Option<String>,
    /// When the author reacted first.
    pub reacted_at: Option<DateTimeUtc>,
    /// The version of the contribution that followed.
    pub change_version: Option<i32>,
    /// Why it doesn't count against the reviewer that it ended.
    pub excuse: Option<ReviewExcuse>,
    /// The assignment that ended and that this one came instead of.
    pub replaces_id: Option<Uuid>,
    /// Version of the renderer that made the HTML of the answers.
    pub renderer: i32,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
