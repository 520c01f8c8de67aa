//! An organisation's part in a space: invited, then accepted or declined.

use sea_orm::entity::prelude::*;

use crate::enums::InvitationState;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "space_organisation")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The space.
    pub space_id: Uuid,
    /// Who is invited.
    pub organisation_id: Uuid,
    /// The organisation that invites.
    pub invited_by_id: Uuid,
    /// Where it stands.
    pub state: InvitationState,
    /// When it was invited last.
    pub created_at: DateTimeUtc,
    /// When it accepted or declined.
    pub answered_at: Option<DateTimeUtc>,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
