//! Spaces in the API.

mod member;
mod mutation;
mod phase;
mod space;

pub use self::{
    member::{
        MemberMutation, Membership, MobilePupils, MobilityStatus, SpaceRole, members, mobile_pupils, own_memberships,
    },
    mutation::{InvitationMutation, SpaceMutation},
    phase::{Phase, PhaseMutation, PhaseViewerCan, phases, surroundings},
    space::{PresenceHours, Space, SpaceInvitation, SpaceViewerCan, invitation_nodes, invitations, spaces},
};
