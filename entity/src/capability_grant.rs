//! What a pupil may do beyond their role: in a space, a phase or a thread, for a time.

use sea_orm::entity::prelude::*;

use crate::enums::Capability;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "capability_grant")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The space.
    pub space_id: Uuid,
    /// Whose it is.
    pub member_id: Uuid,
    /// What for.
    pub capability: Capability,
    /// Where: the id of the space, the phase or the thread.
    pub scope_id: Uuid,
    /// The phase that it is for, or that its thread is in; none for all of the space.
    pub phase_id: Option<Uuid>,
    /// The thread that it is for.
    pub thread_id: Option<Uuid>,
    /// Who gave it (membership).
    pub granted_by_id: Uuid,
    /// When.
    pub created_at: DateTimeUtc,
    /// When it ends, or ended; none if it lasts as long as what it is for.
    pub ends_at: Option<DateTimeUtc>,
    /// Who took it back (membership).
    pub revoked_by_id: Option<Uuid>,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
