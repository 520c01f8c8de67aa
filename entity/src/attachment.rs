//! Which media items are shown with a version of a contribution.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "attachment")]
pub struct Model {
    /// What the item is shown with.
    #[sea_orm(primary_key, auto_increment = false)]
    pub host_id: Uuid,
    /// The version of that.
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i32,
    /// Place, from 0.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    /// The media item.
    pub item_id: Uuid,
    /// Whether both have the same author: then whoever sees the one sees the other.
    pub is_own: bool,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
