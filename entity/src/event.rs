//! One fact in a stream: ids and enum values only, never personal text.

use sea_orm::entity::prelude::*;

use crate::enums::{Audience, ContentState, ContributionKind, EventKind};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event")]
pub struct Model {
    /// The stream (a space).
    #[sea_orm(primary_key, auto_increment = false)]
    pub stream_id: Uuid,
    /// Place in the stream, without gaps.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    /// Unique id.
    pub id: Uuid,
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub occurred_at: DateTimeUtc,
    /// Who did it (membership).
    pub actor_id: Option<Uuid>,
    /// Whether the actor acted as a moderator: shown to staff and the author only.
    pub is_moderation: bool,
    /// Subject: contribution.
    pub contribution_id: Option<Uuid>,
    /// What the contribution is.
    pub contribution_kind: Option<ContributionKind>,
    /// The subject's root; none if it is one.
    pub root_id: Option<Uuid>,
    /// Subject: phase; or the phase that the contribution was in.
    pub phase_id: Option<Uuid>,
    /// Subject: membership.
    pub member_id: Option<Uuid>,
    /// Subject: report.
    pub report_id: Option<Uuid>,
    /// Subject: review round.
    pub round_id: Option<Uuid>,
    /// Subject: assignment or review of that round.
    pub review_id: Option<Uuid>,
    /// The contribution's author (membership).
    pub author_id: Option<Uuid>,
    /// The root's author (membership).
    pub root_author_id: Option<Uuid>,
    /// The contribution's state before.
    pub state_before: Option<ContentState>,
    /// The contribution's state after.
    pub state_after: Option<ContentState>,
    /// The root's audience before.
    pub audience_before: Option<Audience>,
    /// The root's audience after.
    pub audience_after: Option<Audience>,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
