//! An account in a space. The row of somebody who left stays, so that authors still resolve.

use sea_orm::entity::prelude::*;

use crate::enums::{MobilityStatus, SpaceRole};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "membership")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The space.
    pub space_id: Uuid,
    /// Who.
    pub account_id: Uuid,
    /// The organisation they stand for.
    pub organisation_id: Uuid,
    /// What they are here.
    pub role: SpaceRole,
    /// Whether they travel; pupils only.
    pub mobility_status: Option<MobilityStatus>,
    /// Until when their texts wait for a moderator, whatever the phase says.
    pub pre_moderated_until: Option<DateTimeUtc>,
    /// When they were removed.
    pub left_at: Option<DateTimeUtc>,
    /// Counts changes of role, status and removal.
    pub version: i32,
    /// When they were added.
    pub created_at: DateTimeUtc,
    /// Bytes of the media that they have uploaded.
    pub media_bytes: i64,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
