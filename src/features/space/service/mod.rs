//! Use cases of spaces, phases, organisations and members.

mod leaving;
mod members;
mod organisations;
mod phases;
mod spaces;

pub(super) use self::spaces::archive_by_time;
pub use self::{
    leaving::{leave, stays},
    members::{MemberPatch, member_add, member_remove, member_update, space_of_member},
    organisations::{organisation_accept, organisation_decline, organisation_invite},
    phases::{PhasePatch, membership_of, phase_close, phase_ids, phase_open, phase_reopen, phase_update},
    spaces::{SpacePatch, archive, close, create, reopen, update},
};
use crate::{
    platform::error::{Error, Result},
    policy::Verdict,
};

/// A verdict as the error that a client gets.
fn allow(verdict: Verdict) -> Result<()> {
    verdict.map_err(Error::forbidden)
}
