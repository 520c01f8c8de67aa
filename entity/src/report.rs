//! What a member finds wrong with a contribution.

use sea_orm::entity::prelude::*;

use crate::enums::{ModerationReason, ReportAction, ReportState};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "report")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// In which space.
    pub space_id: Uuid,
    /// About what.
    pub contribution_id: Uuid,
    /// The review that it is about; none if it is about the contribution itself.
    pub review_id: Option<Uuid>,
    /// The version that the reporter saw.
    pub version: i32,
    /// The reporter's membership.
    pub reporter_id: Uuid,
    /// Whom the reporter stood for.
    pub reporter_organisation_id: Uuid,
    /// Whether the reporter was staff.
    pub reporter_is_staff: bool,
    /// Why.
    pub reason: ModerationReason,
    /// The reporter's words.
    pub note: Option<String>,
    /// Where it stands.
    pub state: ReportState,
    /// When it was made.
    pub submitted_at: DateTimeUtc,
    /// What was done about the contribution when it was upheld.
    pub action: Option<ReportAction>,
    /// The decider's words, or those of who passed it on.
    pub decision_note: Option<String>,
    /// The membership of who decided, or passed it on.
    pub decided_by_id: Option<Uuid>,
    /// When it was decided.
    pub decided_at: Option<DateTimeUtc>,
    /// When the coordinators were told that it waits too long.
    pub told_at: Option<DateTimeUtc>,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
