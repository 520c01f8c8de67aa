//! Who can be a member as what.

use entity::enums::{AccountKind, MobilityStatus, SpaceRole};
use uuid::Uuid;

use crate::{
    platform::{
        error::{Checks, Error, Reason, Result},
        scalar::LocalTime,
    },
    policy::{self, Member, PresenceHours},
};

/// Rows of one batch at most.
pub(super) const MOST_ROWS: usize = 200;

/// Somebody to be added.
#[derive(Clone, Debug)]
pub struct NewMember {
    /// Whose account.
    pub account_id: Uuid,
    /// As what.
    pub role: SpaceRole,
    /// Whether they travel; pupils only.
    pub mobility: Option<MobilityStatus>,
}

/// What the space knows of an account that is to be added.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub kind: AccountKind,
    pub organisation_id: Option<Uuid>,
    /// Whether its organisation takes part in the space.
    pub is_partner: bool,
}

/// The role and mobility status that an account may have.
pub(super) fn role_fits(
    kind: AccountKind,
    role: SpaceRole,
    mobility: Option<MobilityStatus>,
) -> Result<Option<MobilityStatus>> {
    let is_pupil = role == SpaceRole::Pupil;
    if kind == AccountKind::Admin || is_pupil != (kind == AccountKind::Pupil) {
        let message = "Pupils have the role PUPIL, staff any other.";
        return Err(Error::invalid(Reason::OutOfRange, message).at(&["role"]));
    }
    if mobility.is_some() && !is_pupil {
        return Err(Error::invalid(Reason::OutOfRange, "Only pupils have a mobility status.").at(&["mobilityStatus"]));
    }
    Ok(if is_pupil {
        Some(mobility.unwrap_or(MobilityStatus::NonMobile))
    } else {
        None
    })
}

/// Whether the viewer may add this account: only their own school's. Accounts of other schools that take part are refused
/// with a reason; all others don't exist for the viewer.
pub(super) fn may_add(viewer: &Member, candidate: Option<&Candidate>) -> Result<()> {
    match candidate {
        Some(candidate) if candidate.organisation_id == Some(viewer.organisation_id) => Ok(()),
        Some(candidate) if candidate.is_partner => Err(Error::forbidden(Reason::OtherSchool)),
        _ => Err(Error::not_found().at(&["accountId"])),
    }
}

/// The permission that adding somebody with this role needs.
pub(super) fn action(role: SpaceRole) -> policy::SpaceAction {
    if role == SpaceRole::Pupil {
        policy::SpaceAction::PupilAdd
    } else {
        policy::SpaceAction::StaffAdd
    }
}

/// The hours of a day in which pupils are shown as present.
pub(super) fn presence_hours(from: &LocalTime, to: &LocalTime) -> Result<PresenceHours> {
    let mut checks = Checks::default();
    let from = checks.field("from", from.checked())?;
    let to = checks.field("to", to.checked())?;
    if from.is_some() && from == to {
        let message = "It is the time at which they begin: hours end at another one.";
        checks.field::<()>("to", Err(Error::invalid(Reason::OutOfRange, message)))?;
    }
    checks.done()?;
    Ok(PresenceHours {
        from: from.unwrap_or_default(),
        to: to.unwrap_or_default(),
    })
}
