//! Spaces: the working area of a project, with its phases, organisations and members.
//!
//! A space has exactly four **phases**, opened and closed by coordinators: dates are advice, the state is the rule. An
//! **organisation** takes part once its own staff have accepted. A **member** is an account in a space with a role; pupils are
//! added only by staff of their own school, and the row of somebody who left stays, so that authors still resolve.
//!
//! Invariants: every organisation of a space keeps at least one coordinator; whatever changes these facts passes the space's
//! gate alone, so that nobody writes under facts that have changed.

pub mod graphql;
mod job;
mod rules;
mod service;
mod store;

pub(crate) use self::store::viewer_columns;
pub use self::{
    job::{TellRenamed, archive_closed},
    rules::NewMember,
    service::{
        MemberPatch, PhasePatch, SpacePatch, archive, close, create, leave, member_add, member_remove, member_update,
        membership_of, organisation_accept, organisation_decline, organisation_invite, phase_close, phase_ids,
        phase_open, phase_reopen, phase_update, reopen, space_of_member, stays, update,
    },
    store::{
        Facts, GrantRow, Listed, MemberRow, NewGrant, PhaseRow, Stay, ViewerRow, change_grant, count_phase_change,
        facts, grant, grants_by_id, grants_in_force, grants_of, insert_grant, listed, membership, phase_facts,
        push_viewer, reach, relocate_grants, seat, space_of_phase, travellers, viewing,
    },
};
