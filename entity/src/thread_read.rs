//! How far a member has read a thread.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "thread_read")]
pub struct Model {
    /// Who reads.
    #[sea_orm(primary_key, auto_increment = false)]
    pub membership_id: Uuid,
    /// What.
    #[sea_orm(primary_key, auto_increment = false)]
    pub thread_id: Uuid,
    /// Place of the last comment that was read.
    pub listed_at: DateTimeUtc,
    /// That comment: the rest of the place.
    pub comment_id: Uuid,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
