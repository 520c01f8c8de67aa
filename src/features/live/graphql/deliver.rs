//! From rows of a stream to the events that one viewer gets.

use std::{collections::HashMap, sync::Arc};

use entity::enums::{Capability, EventKind, SpaceRole};

use super::{
    SpaceEventKind, StreamEndReason,
    event::{
        Batch, ContributionEvent, ContributionGone, Head, Heartbeat, MemberEvent, PhaseEvent, ReportEvent, SpaceEvent,
        SpaceSettingsEvent, StreamEnded, StreamReset,
    },
};
use crate::{
    features::{
        contribution::graphql::{Contribution, contributions},
        report::graphql::reports,
        space::{graphql::Space, reach},
    },
    platform::{
        db::Reader,
        error::Result,
        id,
        live::ResetReason,
        stream::{self, Cursor, Event},
    },
    policy::{self, Member},
};

/// Makes the events that one viewer gets of a batch, in order.
///
/// # Errors
/// The database's.
pub(super) async fn deliver(
    reader: &Arc<Reader>,
    (viewer, space): (&Member, &Space),
    from: Cursor,
    events: Vec<Arc<Event>>,
) -> Result<Vec<SpaceEvent>> {
    let batch = Batch::new(reader, events);
    let mut ids = batch.ids(|event| event.contribution_id);
    ids.extend(batch.ids(|event| event.root_id));
    let known = if ids.is_empty() {
        HashMap::new()
    } else {
        contributions(reader, &ids).await?
    };
    // In the same snapshot: loaded when an event's turn comes, what was answered could be out of sight meanwhile.
    if let Some(answer) = known.values().find(|known| known.spine().reply_to_id.is_some()) {
        answer.spine().answered().await?;
    }
    let about = batch.ids(|event| event.report_id);
    let known_reports = if about.is_empty() {
        HashMap::new()
    } else {
        reports(reader, &about).await?
    };
    let reach = if viewer.has(Capability::Moderate) {
        reach(reader, viewer.id, Capability::Moderate).await?
    } else {
        Vec::new()
    };
    let delivered = batch.events.iter().filter_map(|event| {
        let is_told = !event.is_moderation || viewer.is_staff() || event.author_id == Some(viewer.id);
        let head = Head {
            cursor: Cursor {
                seq: event.seq,
                tag: stream::tag(Some(event.id)),
                ..from
            },
            kind: event.kind.into(),
            occurred_at: event.occurred_at,
            actor: event.actor_id.filter(|_| is_told),
            batch: Arc::clone(&batch),
        };
        if let Some(id) = event.contribution_id {
            let places = [Some(space.0.id), event.phase_id, event.root_id.or(Some(id))];
            let is_reached = places.into_iter().flatten().any(|place| reach.contains(&place));
            let mut viewer = viewer.clone();
            viewer
                .capabilities
                .retain(|capability| is_reached || *capability != Capability::Moderate);
            return of_contribution(
                &viewer,
                event,
                head,
                known.get(&id),
                event.root_id.and_then(|root| known.get(&root)),
            );
        }
        if let Some(id) = event.report_id {
            let is_for_coordinators = event.kind == EventKind::ReportDelayed;
            if is_for_coordinators && viewer.role != SpaceRole::Coordinator {
                return None;
            }
            let report = known_reports.get(&id)?.clone();
            return Some(SpaceEvent::Report(ReportEvent { head, report }));
        }
        Some(if event.phase_id.is_some() {
            SpaceEvent::Phase(PhaseEvent {
                head,
                phase: event.phase_id,
            })
        } else if event.member_id.is_some() {
            SpaceEvent::Member(MemberEvent {
                head,
                member: event.member_id,
            })
        } else {
            SpaceEvent::Settings(SpaceSettingsEvent {
                head,
                space: space.clone(),
            })
        })
    });
    Ok(delivered.collect())
}

fn of_contribution(
    viewer: &Member,
    event: &Event,
    head: Head,
    contribution: Option<&Contribution>,
    root: Option<&Contribution>,
) -> Option<SpaceEvent> {
    let root_author = event.root_id.and(event.root_author_id);
    let before = event.state_before.zip(event.audience_before)?;
    let after = event.state_after.zip(event.audience_after)?;
    let author = event.author_id?;
    let saw = |(state, audience)| policy::may_have_seen(viewer, state, audience, author, root_author);
    if let Some(contribution) = contribution {
        // What waits, or came back, is between the author and those who decide.
        let is_backstage = matches!(
            event.kind,
            EventKind::ContributionSubmitted | EventKind::ContributionReturned
        ) || !(saw(before) || saw(after));
        if is_backstage && !contribution.spine().is_decider() {
            return None;
        }
        return Some(SpaceEvent::Contribution(ContributionEvent {
            head,
            contribution: contribution.clone(),
        }));
    }
    if !saw(before) {
        return None;
    }
    let deleted = id::encode(event.contribution_kind?.into(), event.contribution_id?);
    Some(SpaceEvent::Gone(ContributionGone {
        head,
        deleted,
        root: root.cloned(),
    }))
}

/// An event that the stream itself sends.
pub(super) fn control(reader: &Arc<Reader>, cursor: Cursor, control: Control) -> SpaceEvent {
    let kind = match control {
        Control::Heartbeat => SpaceEventKind::Heartbeat,
        Control::Reset(_) => SpaceEventKind::StreamReset,
        Control::Ended(_) => SpaceEventKind::StreamEnded,
    };
    let occurred_at = reader.db().clock().now();
    let head = Head {
        cursor,
        kind,
        occurred_at,
        actor: None,
        batch: Batch::new(reader, Vec::new()),
    };
    match control {
        Control::Heartbeat => SpaceEvent::Heartbeat(Heartbeat { head }),
        Control::Reset(reason) => SpaceEvent::Reset(StreamReset {
            head,
            reason: reason.into(),
        }),
        Control::Ended(reason) => SpaceEvent::Ended(StreamEnded { head, reason }),
    }
}

/// What a stream says about itself.
#[derive(Clone, Copy, Debug)]
pub(super) enum Control {
    /// Nothing has happened.
    Heartbeat,
    /// Events were skipped.
    Reset(ResetReason),
    /// The end.
    Ended(StreamEndReason),
}
