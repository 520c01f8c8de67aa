//! Somebody who is named as co-author of a journal entry.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "co_author")]
pub struct Model {
    /// The entry.
    #[sea_orm(primary_key, auto_increment = false)]
    pub contribution_id: Uuid,
    /// Who.
    #[sea_orm(primary_key, auto_increment = false)]
    pub member_id: Uuid,
    /// Place among the co-authors.
    pub position: i32,
    /// The published version that they have confirmed.
    pub confirmed_version: Option<i32>,
    /// When.
    pub confirmed_at: Option<DateTimeUtc>,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
