//! Every fact that leaves a feature. Events carry ids and enum values; listeners load what they need as the viewer is now. What
//! nobody did, but the system, has no actor.

use entity::enums::{ContentState, EventKind};
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
    let actor = actor.into();
    use EventKind as E;
    let is_told = match kind {
        // What mentions somebody, answers somebody, or was let through.
        E::ContributionPublished => true,
        E::ContributionUpdated
        | E::ContributionAudienceChanged
        | E::ContributionReturned
        | E::ContributionHidden
        | E::ContributionRestored
        | E::ContributionRemoved => is_moderation,
        _ => false,
    };
    let was_or_is_seen = [of.state.0, of.state.1].contains(&ContentState::Published);
    // A root may be, or may have been, work that is reviewed.
    let is_followed = of.root_id.is_none() && of.changes_sight() && was_or_is_seen;
    NewEvent {
        is_moderation,
        is_fanned_out: is_told || is_followed,
        contribution: Some(of),
        ..fact(clock, kind, actor)
    }
}

/// Something happened to a phase.
#[must_use]
pub fn phase(clock: &Clock, kind: EventKind, actor: impl Into<Option<Uuid>>, phase: Uuid) -> NewEvent {
    NewEvent {
        phase_id: Some(phase),
        is_fanned_out: matches!(kind, EventKind::PhaseOpened | EventKind::PhaseReopened),
        ..fact(clock, kind, actor)
    }
}

/// Something happened to a membership.
#[must_use]
pub fn member(clock: &Clock, kind: EventKind, actor: impl Into<Option<Uuid>>, member: Uuid) -> NewEvent {
    NewEvent {
        member_id: Some(member),
        // Whoever leaves may have been asked for reviews.
        is_fanned_out: matches!(
            kind,
            EventKind::GrantCreated | EventKind::GrantRevoked | EventKind::MemberRemoved
        ),
        ..fact(clock, kind, actor)
    }
}

/// A member is something else in the space now: their role has changed.
#[must_use]
pub fn role_change(clock: &Clock, actor: impl Into<Option<Uuid>>, of: Uuid) -> NewEvent {
    NewEvent {
        is_fanned_out: true,
        ..member(clock, EventKind::MemberUpdated, actor, of)
    }
}

/// Something happened to a report. Who did it is for staff to know.
#[must_use]
pub fn report(clock: &Clock, kind: EventKind, actor: impl Into<Option<Uuid>>, report: Uuid) -> NewEvent {
    NewEvent {
        report_id: Some(report),
        is_moderation: true,
        is_fanned_out: kind != EventKind::ReportDecided,
        ..fact(clock, kind, actor)
    }
}

/// Something happened to a review round of a phase.
#[must_use]
pub fn round(clock: &Clock, kind: EventKind, actor: impl Into<Option<Uuid>>, (round, phase): (Uuid, Uuid)) -> NewEvent {
    NewEvent {
        round_id: Some(round),
        phase_id: Some(phase),
        // Reviewers are told of what they are asked, authors of what they may read.
        is_fanned_out: matches!(kind, EventKind::ReviewRoundOpened | EventKind::ReviewRoundReflected),
        ..fact(clock, kind, actor)
    }
}

/// Something happened to an assignment of a round in a phase, or to the review that comes of it. Who did it is for those to know who may: see
/// the live stream.
#[must_use]
pub fn review(
    clock: &Clock,
    kind: EventKind,
    actor: impl Into<Option<Uuid>>,
    (review, round, phase): (Uuid, Uuid, Uuid),
) -> NewEvent {
    use EventKind as E;
    NewEvent {
        review_id: Some(review),
        is_fanned_out: matches!(
            kind,
            E::ReviewAssigned | E::ReviewDue | E::ReviewReleased | E::ReviewReacted
        ),
        ..self::round(clock, kind, actor, (round, phase))
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
        round_id: None,
        review_id: None,
        is_fanned_out: false,
    }
}

/// Somebody was told of something: the event has the id of the notification.
#[must_use]
pub fn notification(clock: &Clock, id: Uuid) -> NewEvent {
    NewEvent {
        id,
        ..fact(clock, EventKind::NotificationCreated, None)
    }
}

/// Somebody has read what they were told of, or it went out of their sight, or came back.
#[must_use]
pub fn notifications_changed(clock: &Clock) -> NewEvent {
    fact(clock, EventKind::NotificationsRead, None)
}
