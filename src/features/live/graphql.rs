//! The events of a space in the API.

use std::{collections::HashMap, ops::Deref, sync::Arc};

use async_graphql::{Enum, ID, Interface, Object, SimpleObject};
use entity::enums::{ContributionKind, EventKind};
use uuid::Uuid;

use crate::{
    features::{
        contribution::graphql::{Commentable, Contribution, contributions},
        space::graphql::{Membership, Phase, Space, members, phases},
    },
    platform::{
        db::Reader,
        error::Result,
        id::{self, Kind},
        level::Link,
        live::ResetReason,
        scalar::DateTime,
        stream::Cursor,
    },
    policy::{self, Member},
};

/// What happened: `<SUBJECT>_<PAST VERB>`. Further values may appear.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpaceEventKind {
    /// Something waits for a moderator. For its author and staff.
    ContributionSubmitted,
    /// Others can see it from now on.
    ContributionPublished,
    /// Its text has changed.
    ContributionUpdated,
    /// A moderator gave it back to its author. For its author and staff.
    ContributionReturned,
    /// A moderator took it out of sight.
    ContributionHidden,
    /// A moderator brought it back.
    ContributionRestored,
    /// Its author took it back into the drafts.
    ContributionWithdrawn,
    /// It was removed for good.
    ContributionRemoved,
    /// Its audience has changed.
    ContributionAudienceChanged,
    /// A thread takes no more comments.
    ThreadLocked,
    /// A thread takes comments again.
    ThreadUnlocked,
    /// A thread stands first in lists.
    ThreadPinned,
    /// A thread is back in its place.
    ThreadUnpinned,
    /// Members write in a phase from now on.
    PhaseOpened,
    /// Nobody writes in a phase any more.
    PhaseClosed,
    /// Members write in a phase again.
    PhaseReopened,
    /// The settings of a phase have changed.
    PhaseUpdated,
    /// Somebody has come into the space.
    MemberAdded,
    /// Somebody's role or status has changed.
    MemberUpdated,
    /// Somebody has left the space.
    MemberRemoved,
    /// Settings or state of the space have changed.
    SpaceUpdated,
    /// An organisation takes part from now on.
    OrganisationAccepted,
    /// Nothing, for a while: keeps the cursor fresh.
    Heartbeat,
    /// Events were skipped: load the page again, then go on.
    StreamReset,
    /// No more events will come.
    StreamEnded,
}

impl From<EventKind> for SpaceEventKind {
    fn from(kind: EventKind) -> Self {
        match kind {
            EventKind::ContributionSubmitted => Self::ContributionSubmitted,
            EventKind::ContributionPublished => Self::ContributionPublished,
            EventKind::ContributionUpdated => Self::ContributionUpdated,
            EventKind::ContributionReturned => Self::ContributionReturned,
            EventKind::ContributionHidden => Self::ContributionHidden,
            EventKind::ContributionRestored => Self::ContributionRestored,
            EventKind::ContributionWithdrawn => Self::ContributionWithdrawn,
            EventKind::ContributionRemoved => Self::ContributionRemoved,
            EventKind::ContributionAudienceChanged => Self::ContributionAudienceChanged,
            EventKind::ThreadLocked => Self::ThreadLocked,
            EventKind::ThreadUnlocked => Self::ThreadUnlocked,
            EventKind::ThreadPinned => Self::ThreadPinned,
            EventKind::ThreadUnpinned => Self::ThreadUnpinned,
            EventKind::PhaseOpened => Self::PhaseOpened,
            EventKind::PhaseClosed => Self::PhaseClosed,
            EventKind::PhaseReopened => Self::PhaseReopened,
            EventKind::PhaseUpdated => Self::PhaseUpdated,
            EventKind::MemberAdded => Self::MemberAdded,
            EventKind::MemberUpdated => Self::MemberUpdated,
            EventKind::MemberRemoved => Self::MemberRemoved,
            EventKind::SpaceUpdated => Self::SpaceUpdated,
            EventKind::OrganisationAccepted => Self::OrganisationAccepted,
        }
    }
}

/// Why events were skipped.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamResetReason {
    /// The cursor is older than what is kept.
    Expired,
    /// The stream was started anew, for instance from a backup.
    OtherEpoch,
    /// The cursor is of an event that hasn't happened, for instance before a backup was restored.
    Future,
}

impl From<ResetReason> for StreamResetReason {
    fn from(reason: ResetReason) -> Self {
        match reason {
            ResetReason::Expired => Self::Expired,
            ResetReason::OtherEpoch => Self::OtherEpoch,
            ResetReason::Future => Self::Future,
        }
    }
}

/// Why no more events will come.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEndReason {
    /// The viewer is no member any more.
    MembershipEnded,
    /// The viewer's session has ended: sign in again.
    SessionEnded,
}

/// Something that happened in a space. Events come in order, one in each `next` message, and are safe to apply twice: their
/// objects are loaded as the viewer is now, with absolute counters.
#[derive(Interface, Clone, Debug)]
#[graphql(
    field(
        name = "cursor",
        ty = "String",
        desc = "Place in the stream: subscribe with `after` this to go on."
    ),
    field(name = "kind", ty = "SpaceEventKind", desc = "What happened."),
    field(name = "occurred_at", ty = "DateTime", desc = "When."),
    field(
        name = "actor",
        ty = "Option<Membership>",
        desc = "Who did it. Null for the system, and for acts of moderation to all but staff and the author."
    )
)]
pub enum SpaceEvent {
    /// About a contribution that the viewer sees.
    Contribution(ContributionEvent),
    /// About a contribution of which the viewer sees nothing any more.
    Gone(ContributionGone),
    /// About a phase.
    Phase(PhaseEvent),
    /// About a member.
    Member(MemberEvent),
    /// About the space itself.
    Settings(SpaceSettingsEvent),
    /// Nothing happened.
    Heartbeat(Heartbeat),
    /// Events were skipped.
    Reset(StreamReset),
    /// The end.
    Ended(StreamEnded),
}

/// Events that were loaded together, and what belongs to them: one statement each for all of them.
#[derive(Debug)]
pub struct Batch {
    reader: Arc<Reader>,
    events: Vec<Arc<entity::event::Model>>,
    actors: Link<HashMap<Uuid, Membership>>,
    subjects: Link<HashMap<Uuid, Membership>>,
    phases: Link<HashMap<Uuid, Phase>>,
}

impl Batch {
    fn new(reader: &Arc<Reader>, events: Vec<Arc<entity::event::Model>>) -> Arc<Self> {
        let reader = Arc::clone(reader);
        Arc::new(Self {
            reader,
            events,
            actors: Link::default(),
            subjects: Link::default(),
            phases: Link::default(),
        })
    }

    fn ids(&self, id: fn(&entity::event::Model) -> Option<Uuid>) -> Vec<Uuid> {
        let mut ids: Vec<Uuid> = self.events.iter().filter_map(|event| id(event)).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

/// The fields of `SpaceEvent`.
#[derive(Clone, Debug)]
pub struct Head {
    cursor: Cursor,
    kind: SpaceEventKind,
    occurred_at: chrono::DateTime<chrono::Utc>,
    actor: Option<Uuid>,
    batch: Arc<Batch>,
}

#[Object]
impl Head {
    /// Place in the stream: subscribe with `after` this to go on.
    pub async fn cursor(&self) -> String {
        self.cursor.encode()
    }

    /// What happened.
    pub async fn kind(&self) -> SpaceEventKind {
        self.kind
    }

    /// When.
    pub async fn occurred_at(&self) -> DateTime {
        self.occurred_at.into()
    }

    /// Who did it. Null for the system, and for acts of moderation to all but staff and the author.
    pub async fn actor(&self) -> Result<Option<Membership>> {
        let Some(actor) = self.actor else { return Ok(None) };
        let batch = &self.batch;
        let load = || Box::pin(async { members(&batch.reader, &batch.ids(|event| event.actor_id)).await }) as _;
        Ok(batch.actors.load(load).await?.get(&actor).cloned())
    }
}

/// Something happened to a contribution that the viewer sees (a placeholder counts).
#[derive(Clone, Debug)]
pub struct ContributionEvent {
    head: Head,
    contribution: Contribution,
}

impl Deref for ContributionEvent {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.head
    }
}

#[Object]
impl ContributionEvent {
    #[graphql(flatten)]
    async fn head(&self) -> &Head {
        &self.head
    }

    /// The contribution as the viewer sees it now.
    async fn contribution(&self) -> Option<Contribution> {
        Some(self.contribution.clone())
    }

    /// Its root with absolute counters; itself unless it is a comment.
    async fn root(&self) -> Result<Option<Commentable>> {
        self.contribution.root().await
    }
}

/// The viewer sees nothing of a contribution any more: take it, and what hangs on it, off the screen.
#[derive(Clone, Debug)]
pub struct ContributionGone {
    head: Head,
    deleted: ID,
    root: Option<Contribution>,
}

impl Deref for ContributionGone {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.head
    }
}

#[Object]
impl ContributionGone {
    #[graphql(flatten)]
    async fn head(&self) -> &Head {
        &self.head
    }

    /// What is gone.
    async fn deleted_contribution_id(&self) -> &ID {
        &self.deleted
    }

    /// The root of a comment that is gone, with absolute counters, if the viewer sees it.
    async fn root(&self) -> Option<Commentable> {
        self.root.clone().and_then(Contribution::commentable)
    }
}

/// Something happened to a phase: ask again for the `viewerCan` on the screen.
#[derive(Clone, Debug)]
pub struct PhaseEvent {
    head: Head,
    phase: Option<Uuid>,
}

impl Deref for PhaseEvent {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.head
    }
}

#[Object]
impl PhaseEvent {
    #[graphql(flatten)]
    async fn head(&self) -> &Head {
        &self.head
    }

    /// The phase as it is now.
    async fn phase(&self) -> Result<Option<Phase>> {
        let Some(phase) = self.phase else { return Ok(None) };
        let batch = &self.head.batch;
        let load = || Box::pin(async { phases(&batch.reader, &batch.ids(|event| event.phase_id)).await }) as _;
        Ok(batch.phases.load(load).await?.get(&phase).cloned())
    }
}

/// Something happened to a member. If it is the viewer: ask again for the `viewerCan` on the screen.
#[derive(Clone, Debug)]
pub struct MemberEvent {
    head: Head,
    member: Option<Uuid>,
}

impl Deref for MemberEvent {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.head
    }
}

#[Object]
impl MemberEvent {
    #[graphql(flatten)]
    async fn head(&self) -> &Head {
        &self.head
    }

    /// The member as it is now.
    async fn member(&self) -> Result<Option<Membership>> {
        let Some(member) = self.member else { return Ok(None) };
        let batch = &self.head.batch;
        let load = || Box::pin(async { members(&batch.reader, &batch.ids(|event| event.member_id)).await }) as _;
        Ok(batch.subjects.load(load).await?.get(&member).cloned())
    }
}

/// Settings, state or organisations of the space have changed.
#[derive(Clone, Debug)]
pub struct SpaceSettingsEvent {
    head: Head,
    space: Space,
}

impl Deref for SpaceSettingsEvent {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.head
    }
}

#[Object]
impl SpaceSettingsEvent {
    #[graphql(flatten)]
    async fn head(&self) -> &Head {
        &self.head
    }

    /// The space as it is now.
    async fn space(&self) -> Option<Space> {
        Some(self.space.clone())
    }
}

/// Nothing has happened for a while; `cursor` is the newest place.
#[derive(SimpleObject, Clone, Debug)]
pub struct Heartbeat {
    #[graphql(flatten)]
    head: Head,
}

impl Deref for Heartbeat {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.head
    }
}

/// Events were skipped: load the page again; what comes next follows `resumeCursor`.
#[derive(Clone, Debug)]
pub struct StreamReset {
    head: Head,
    reason: StreamResetReason,
}

impl Deref for StreamReset {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.head
    }
}

#[Object]
impl StreamReset {
    #[graphql(flatten)]
    async fn head(&self) -> &Head {
        &self.head
    }

    /// Why.
    async fn reason(&self) -> StreamResetReason {
        self.reason
    }

    /// Where the stream goes on.
    async fn resume_cursor(&self) -> String {
        self.head.cursor.encode()
    }
}

/// No more events will come; the subscription is complete after this.
#[derive(Clone, Debug)]
pub struct StreamEnded {
    head: Head,
    reason: StreamEndReason,
}

impl Deref for StreamEnded {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.head
    }
}

#[Object]
impl StreamEnded {
    #[graphql(flatten)]
    async fn head(&self) -> &Head {
        &self.head
    }

    /// Why.
    async fn reason(&self) -> StreamEndReason {
        self.reason
    }
}

/// Makes the events that one viewer gets of a batch, in order.
///
/// # Errors
/// The database's.
pub(super) async fn deliver(
    reader: &Arc<Reader>,
    (viewer, space): (&Member, &Space),
    from: Cursor,
    events: Vec<Arc<entity::event::Model>>,
) -> Result<Vec<SpaceEvent>> {
    let batch = Batch::new(reader, events);
    let mut ids = batch.ids(|event| event.contribution_id);
    ids.extend(batch.ids(|event| event.root_id));
    let known = if ids.is_empty() {
        HashMap::new()
    } else {
        contributions(reader, &ids).await?
    };
    let delivered = batch.events.iter().filter_map(|event| {
        let is_told = !event.is_moderation || viewer.is_staff() || event.author_id == Some(viewer.id);
        let head = Head {
            cursor: Cursor {
                seq: event.seq,
                tag: crate::platform::stream::tag(Some(event.id)),
                ..from
            },
            kind: event.kind.into(),
            occurred_at: event.occurred_at,
            actor: event.actor_id.filter(|_| is_told),
            batch: Arc::clone(&batch),
        };
        if let Some(id) = event.contribution_id {
            return of_contribution(
                viewer,
                event,
                head,
                known.get(&id),
                event.root_id.and_then(|root| known.get(&root)),
            );
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
    event: &entity::event::Model,
    head: Head,
    contribution: Option<&Contribution>,
    root: Option<&Contribution>,
) -> Option<SpaceEvent> {
    if let Some(contribution) = contribution {
        // What waits, or came back, is between the author and staff.
        let is_backstage = matches!(
            event.kind,
            EventKind::ContributionSubmitted | EventKind::ContributionReturned
        );
        if is_backstage && !contribution.spine().is_backstage() {
            return None;
        }
        return Some(SpaceEvent::Contribution(ContributionEvent {
            head,
            contribution: contribution.clone(),
        }));
    }
    let root_author = event.root_id.and(event.root_author_id);
    let (state, audience, author) = (event.state_before?, event.audience_before?, event.author_id?);
    if !policy::may_have_seen(viewer, state, audience, author, root_author) {
        return None;
    }
    let kind = match event.contribution_kind? {
        ContributionKind::Thread => Kind::Thread,
        ContributionKind::Comment => Kind::Comment,
        ContributionKind::JournalEntry => Kind::JournalEntry,
    };
    let deleted = id::encode(kind, event.contribution_id?);
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
