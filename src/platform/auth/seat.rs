//! The place of an actor in one space.

use chrono::{DateTime, Utc};
use entity::enums::{Capability, MobilityStatus, SpaceRole};
use uuid::Uuid;

/// A membership as it was read last, for one who listens to a space: what happens there is compared with it, without a statement.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Seat {
    /// The space.
    pub space_id: Uuid,
    /// The membership.
    pub member_id: Uuid,
    /// What they are.
    pub role: SpaceRole,
    /// Whom they stand for.
    pub organisation_id: Uuid,
    /// Whether they travel.
    pub mobility: Option<MobilityStatus>,
    /// Until when their texts wait for a moderator.
    pub pre_moderated_until: Option<DateTime<Utc>>,
    /// What they may do beyond their role, and where.
    pub grants: Vec<Grant>,
}

/// What a member may do beyond their role.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Grant {
    /// What.
    pub capability: Capability,
    /// The space, phase or thread that it is for.
    pub scope_id: Uuid,
    /// When it ends.
    pub ends_at: Option<DateTime<Utc>>,
}

impl Seat {
    /// The seat of all who differ in nothing but who they are; none for one with grants, whose like is rare.
    #[must_use]
    pub fn of_all_like(&self) -> Option<Self> {
        self.grants.is_empty().then(|| Self {
            member_id: Uuid::nil(),
            ..self.clone()
        })
    }

    /// What grants in force let them do: in these spaces, phases and threads, or anywhere.
    #[must_use]
    pub fn capabilities(&self, scopes: Option<&[Uuid]>, now: DateTime<Utc>) -> Vec<Capability> {
        let is_in_force = |grant: &&Grant| {
            grant.ends_at.is_none_or(|end| end > now) && scopes.is_none_or(|scopes| scopes.contains(&grant.scope_id))
        };
        self.grants
            .iter()
            .filter(is_in_force)
            .map(|grant| grant.capability)
            .collect()
    }
}
