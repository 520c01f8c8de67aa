//! A kind of notification that an account doesn't want.

use sea_orm::entity::prelude::*;

use crate::enums::NotificationKind;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notification_mute")]
pub struct Model {
    /// Whose choice.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// What they don't want.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: NotificationKind,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
