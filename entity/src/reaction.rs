//! A reaction of a member to a contribution.

use sea_orm::entity::prelude::*;

use crate::enums::ReactionKind;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reaction")]
pub struct Model {
    /// To what.
    #[sea_orm(primary_key, auto_increment = false)]
    pub contribution_id: Uuid,
    /// How.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: ReactionKind,
    /// Who.
    #[sea_orm(primary_key, auto_increment = false)]
    pub membership_id: Uuid,
    /// When.
    pub created_at: DateTimeUtc,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
