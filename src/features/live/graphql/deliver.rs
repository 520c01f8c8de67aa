//! From rows of a stream to the events that one viewer gets.

use std::{collections::HashMap, sync::Arc};

use entity::enums::{EventKind, SpaceRole};
use uuid::Uuid;

use super::{
    SpaceEventKind, StreamEndReason,
    event::{
        Batch, ContributionEvent, ContributionGone, Head, Heartbeat, MemberEvent, PhaseEvent, ReportEvent, ReviewEvent,
        ReviewRoundEvent, SpaceEvent, SpaceSettingsEvent, StreamEnded, StreamReset,
    },
};
use crate::{
    features::{
        contribution::graphql::{Contribution, contributions, kinds},
        report::graphql::reports,
        review::graphql::{Reviewed, reviewed, round_nodes},
        space::ViewerRow,
    },
    platform::{
        auth::seat::Seat,
        db::Reader,
        error::Result,
        id,
        level::Link,
        live::ResetReason,
        stream::{Cursor, Event},
    },
    policy::{self, Member},
};

impl Batch {
    fn of_nothing(reader: &Arc<Reader>) -> Arc<Self> {
        Arc::new(Self::new(reader, Vec::new()))
    }

    fn new(reader: &Arc<Reader>, events: Vec<Arc<Event>>) -> Self {
        Self {
            reader: Arc::clone(reader),
            events,
            contributions: HashMap::new(),
            roots: HashMap::new(),
            reports: HashMap::new(),
            rounds: HashMap::new(),
            reviews: HashMap::new(),
            actors: Link::default(),
            subjects: Link::default(),
            phases: Link::default(),
        }
    }

    /// Loads what events are about, as far as the reader sees it now.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn load(reader: &Arc<Reader>, events: Vec<Arc<Event>>) -> Result<Arc<Self>> {
        let mut batch = Self::new(reader, events);
        let mut about = batch.ids(|event| event.contribution_id);
        let roots = batch.ids(|event| event.root_id);
        about.extend(&roots);
        if !about.is_empty() {
            batch.contributions = contributions(reader, &about).await?;
            batch.roots = kinds(reader, &roots).await?;
        }
        // Loaded when an event's turn comes, what was answered could be out of sight meanwhile.
        let mut known = batch.contributions.values();
        if let Some(answer) = known.find(|known| known.spine().reply_to_id.is_some()) {
            answer.spine().answered().await?;
        }
        let about = batch.ids(|event| event.report_id);
        if !about.is_empty() {
            batch.reports = reports(reader, &about).await?;
        }
        let about = batch.ids(|event| event.round_id);
        if !about.is_empty() {
            batch.rounds = round_nodes(reader, &about).await?;
        }
        let about = batch.ids(|event| event.review_id);
        if !about.is_empty() {
            batch.reviews = reviewed(reader, &about).await?;
        }
        Ok(Arc::new(batch))
    }

    pub(super) fn ids(&self, id: fn(&Event) -> Option<Uuid>) -> Vec<Uuid> {
        let mut ids: Vec<Uuid> = self.events.iter().filter_map(|event| id(event)).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// One of the events, at `cursor`, for the one who sits there; none if it isn't for them.
    pub(super) fn deliver(self: &Arc<Self>, seat: &Seat, event: &Event, cursor: Cursor) -> Option<SpaceEvent> {
        let now = self.reader.db().clock().now();
        let places = [
            Some(seat.space_id),
            event.phase_id,
            event.root_id.or(event.contribution_id),
        ];
        let scopes: Vec<Uuid> = places.into_iter().flatten().collect();
        let viewer = ViewerRow::seated(seat, Some(&scopes), now).member();
        let is_told = !event.is_moderation || viewer.is_staff() || event.author_id == Some(viewer.id);
        let head = Head {
            cursor,
            kind: event.kind.into(),
            occurred_at: event.occurred_at,
            actor: event.actor_id.filter(|_| is_told),
            batch: Arc::clone(self),
        };
        if let Some(id) = event.contribution_id {
            return of_contribution(&viewer, event, head, self.contributions.get(&id));
        }
        if let Some(id) = event.report_id {
            let is_for_coordinators = event.kind == EventKind::ReportDelayed;
            if is_for_coordinators && viewer.role != SpaceRole::Coordinator {
                return None;
            }
            let report = self.reports.get(&id)?.clone();
            return Some(SpaceEvent::Report(ReportEvent { head, report }));
        }
        if let Some(id) = event.review_id {
            return of_review(&viewer, event, head, self.reviews.get(&id)?);
        }
        if let Some(id) = event.round_id {
            let round = self.rounds.get(&id)?.clone();
            return Some(SpaceEvent::ReviewRound(ReviewRoundEvent { head, round }));
        }
        Some(if event.phase_id.is_some() {
            let phase = event.phase_id;
            SpaceEvent::Phase(PhaseEvent { head, phase })
        } else if event.member_id.is_some() {
            let member = event.member_id;
            SpaceEvent::Member(MemberEvent { head, member })
        } else {
            let space = seat.space_id;
            SpaceEvent::Settings(SpaceSettingsEvent { head, space })
        })
    }
}

fn of_review(viewer: &Member, event: &Event, mut head: Head, review: &Reviewed) -> Option<SpaceEvent> {
    use EventKind::{ReviewDue, ReviewHeld, ReviewReacted, ReviewReleased};

    let is_for_them = match event.kind {
        ReviewDue => review.is_of(viewer.id),
        _ if review.assignment().is_some() => true,
        // What was held before anybody had read it, and all else that isn't theirs, they don't hear of.
        ReviewHeld | ReviewReleased | ReviewReacted => review.was_read_by(event.occurred_at),
        _ => false,
    };
    // To hear who acts would be to learn who reviews, or whose work it is.
    head.actor = event.actor_id.filter(|&actor| viewer.is_staff() || actor == viewer.id);
    let round = event.round_id.and_then(|id| head.batch.rounds.get(&id)).cloned();
    let review = review.clone();
    is_for_them.then_some(SpaceEvent::Review(ReviewEvent { head, review, round }))
}

fn of_contribution(
    viewer: &Member,
    event: &Event,
    mut head: Head,
    contribution: Option<&Contribution>,
) -> Option<SpaceEvent> {
    // Mostly its author, who is withheld with the text.
    head.actor = head
        .actor
        .filter(|_| contribution.is_some_and(|one| one.spine().is_readable()));
    let root_author = event.root_id.and(event.root_author_id);
    let before = event.state_before.zip(event.audience_before)?;
    let after = event.state_after.zip(event.audience_after)?;
    let author = event.author_id?;
    let saw = |(state, audience)| policy::may_have_seen(viewer, state, audience, author, root_author);
    let root = event
        .root_id
        .and_then(|root| head.batch.contributions.get(&root))
        .cloned();
    if let (Some(id), None) = (event.root_id, &root) {
        // The root is out of sight, perhaps for a moment: with it all that hangs on it, whatever happened to that meanwhile.
        let kind = *head.batch.roots.get(&id)?;
        let deleted = id::encode(kind.into(), id);
        let is_near = saw(before) || saw(after);
        return is_near.then_some(SpaceEvent::Gone(ContributionGone { head, deleted, root }));
    }
    // A root that went out of sight and is back: what hangs on it may have been loaded, or told of, in between. Gone here, it
    // comes back, with all of that, by the event of its return, which stands behind this one.
    let went = event.root_id.is_none() && saw(before) && !saw(after);
    let contribution = contribution.filter(|contribution| !went || contribution.spine().is_decider());
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
    Some(SpaceEvent::Gone(ContributionGone { head, deleted, root }))
}

/// What a stream says about itself, as an event.
pub enum Said {
    /// Nothing has happened.
    Heartbeat(Heartbeat),
    /// Events were skipped.
    Reset(StreamReset),
    /// The end.
    Ended(StreamEnded),
}

impl From<Said> for SpaceEvent {
    fn from(said: Said) -> Self {
        match said {
            Said::Heartbeat(heartbeat) => Self::Heartbeat(heartbeat),
            Said::Reset(reset) => Self::Reset(reset),
            Said::Ended(ended) => Self::Ended(ended),
        }
    }
}

/// An event that the stream itself sends.
pub fn control(reader: &Arc<Reader>, cursor: Cursor, control: Control) -> Said {
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
        batch: Batch::of_nothing(reader),
    };
    match control {
        Control::Heartbeat => Said::Heartbeat(Heartbeat { head }),
        Control::Reset(reason) => Said::Reset(StreamReset {
            head,
            reason: reason.into(),
        }),
        Control::Ended(reason) => Said::Ended(StreamEnded { head, reason }),
    }
}

/// What a stream says about itself.
#[derive(Clone, Copy, Debug)]
pub enum Control {
    /// Nothing has happened.
    Heartbeat,
    /// Events were skipped.
    Reset(ResetReason),
    /// The end.
    Ended(StreamEndReason),
}
