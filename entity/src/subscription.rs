//! How much a member wants to hear of a thread.

use sea_orm::entity::prelude::*;

use crate::enums::SubscriptionLevel;

/// A row; none means the default.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "subscription")]
pub struct Model {
    /// Who.
    #[sea_orm(primary_key, auto_increment = false)]
    pub membership_id: Uuid,
    /// Of what.
    #[sea_orm(primary_key, auto_increment = false)]
    pub thread_id: Uuid,
    /// How much.
    pub level: SubscriptionLevel,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
