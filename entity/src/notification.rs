//! Something that an account is told of, once.

use sea_orm::entity::prelude::*;

use crate::enums::NotificationKind;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notification")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Who is told.
    pub account_id: Uuid,
    /// Their membership of the space.
    pub member_id: Uuid,
    /// The space.
    pub space_id: Uuid,
    /// Why they are told.
    pub kind: NotificationKind,
    /// What it is told of once: the event, or what was written.
    pub cause_id: Uuid,
    /// Who did it (membership).
    pub actor_id: Option<Uuid>,
    /// About which contribution.
    pub contribution_id: Option<Uuid>,
    /// About which phase.
    pub phase_id: Option<Uuid>,
    /// About which report.
    pub report_id: Option<Uuid>,
    /// About which review round.
    pub round_id: Option<Uuid>,
    /// About which assignment or review.
    pub review_id: Option<Uuid>,
    /// When it happened.
    pub occurred_at: DateTimeUtc,
    /// When it was read.
    pub read_at: Option<DateTimeUtc>,
    /// When what was written went out of the sight of who is told; none as long as they read it, and for what isn't about a text.
    pub gone_at: Option<DateTimeUtc>,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
