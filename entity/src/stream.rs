//! One ordered sequence of events; its row is locked by every append.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "stream")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Number of the newest event.
    pub last_seq: i64,
    /// Id of the newest event.
    pub last_event_id: Option<Uuid>,
    /// Random; another one means that the sequence was started anew.
    pub epoch: i32,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
