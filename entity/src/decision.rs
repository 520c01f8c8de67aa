//! What was decided about a contribution, by whom, and why.

use sea_orm::entity::prelude::*;

use crate::enums::{DecisionKind, ModerationReason};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "decision")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// In which space.
    pub space_id: Uuid,
    /// About what.
    pub contribution_id: Uuid,
    /// What.
    pub kind: DecisionKind,
    /// Why.
    pub reason: Option<ModerationReason>,
    /// Words to the author.
    pub note: Option<String>,
    /// The decider's membership; none if reports did it by themselves.
    pub decided_by_id: Option<Uuid>,
    /// When.
    pub decided_at: DateTimeUtc,
    /// The version it is about.
    pub version: i32,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
