//! Every fact that leaves a feature. Events carry ids and enum values; listeners load what they need as the viewer is now. What
//! nobody did, but the system, has no actor.

use entity::enums::EventKind;
use uuid::Uuid;

use crate::platform::{
    clock::Clock,
    stream::{ContributionFacts, NewEvent},
};

/// Something happened to a contribution; `is_moderation` if the actor acted on somebody else's as a moderator.
#[must_use]
pub fn contribution(
    clock: &Clock,
    kind: EventKind,
    actor: impl Into<Option<Uuid>>,
    is_moderation: bool,
    of: ContributionFacts,
) -> NewEvent {
    NewEvent {
        is_moderation,
        contribution: Some(of),
        ..fact(clock, kind, actor)
    }
}

/// Something happened to a phase.
#[must_use]
pub fn phase(clock: &Clock, kind: EventKind, actor: impl Into<Option<Uuid>>, phase: Uuid) -> NewEvent {
    NewEvent {
        phase_id: Some(phase),
        ..fact(clock, kind, actor)
    }
}

/// Something happened to a membership.
#[must_use]
pub fn member(clock: &Clock, kind: EventKind, actor: impl Into<Option<Uuid>>, member: Uuid) -> NewEvent {
    NewEvent {
        member_id: Some(member),
        ..fact(clock, kind, actor)
    }
}

/// Something happened to a report. Who did it is for staff to know.
#[must_use]
pub fn report(clock: &Clock, kind: EventKind, actor: impl Into<Option<Uuid>>, report: Uuid) -> NewEvent {
    NewEvent {
        report_id: Some(report),
        is_moderation: true,
        ..fact(clock, kind, actor)
    }
}

/// Something happened to the space itself.
#[must_use]
pub fn space(clock: &Clock, kind: EventKind, actor: impl Into<Option<Uuid>>) -> NewEvent {
    fact(clock, kind, actor)
}

fn fact(clock: &Clock, kind: EventKind, actor: impl Into<Option<Uuid>>) -> NewEvent {
    NewEvent {
        id: clock.new_id(),
        kind,
        occurred_at: clock.now(),
        actor_id: actor.into(),
        is_moderation: false,
        contribution: None,
        phase_id: None,
        member_id: None,
        report_id: None,
    }
}
