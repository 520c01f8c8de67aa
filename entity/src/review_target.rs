//! A snapshot: the version of somebody's work that a round is about.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "review_target")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The round.
    pub round_id: Uuid,
    /// The contribution.
    pub contribution_id: Uuid,
    /// Its version that is reviewed, however it changes afterwards.
    pub version: i32,
    /// Its author (membership).
    pub author_id: Uuid,
    /// Whether it came after the round was opened.
    pub is_late: bool,
    /// When it came.
    pub created_at: DateTimeUtc,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
