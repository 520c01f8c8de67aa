//! The events of a space in the API.

use std::{collections::HashMap, ops::Deref, sync::Arc};

use async_graphql::{Description, ID, Interface, Object, SimpleObject};
use entity::enums::ContributionKind;
use uuid::Uuid;

use super::{SpaceEventKind, StreamEndReason, StreamResetReason};
use crate::{
    features::{
        contribution::graphql::{Commentable, Contribution},
        report::graphql::Report,
        review::graphql::{Review, ReviewAssignment, ReviewRound, Reviewed},
        space::graphql::{Membership, Phase, Space, members, phases, spaces},
    },
    platform::{
        db::Reader,
        error::Result,
        level::Link,
        scalar::DateTime,
        stream::{self, Cursor},
    },
};

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
        desc = "Who did it. Null for the system; where the viewer doesn't read the contribution; for acts of moderation to all but staff and the author; for all about reviews to all but staff and the one who did it."
    )
)]
pub enum SpaceEvent {
    /// About a contribution that the viewer sees.
    Contribution(ContributionEvent),
    /// About a contribution that went out of the viewer's sight.
    Gone(ContributionGone),
    /// About a phase.
    Phase(PhaseEvent),
    /// About a member.
    Member(MemberEvent),
    /// About a report that the viewer sees.
    Report(ReportEvent),
    /// About a round of peer review that the viewer sees.
    ReviewRound(ReviewRoundEvent),
    /// About a review, or the assignment that it comes of, of which the viewer sees something or saw it before.
    Review(ReviewEvent),
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
    pub(super) reader: Arc<Reader>,
    pub(super) events: Vec<Arc<stream::Event>>,
    pub(super) contributions: HashMap<Uuid, Contribution>,
    /// What roots are, also those that the viewer doesn't see.
    pub(super) roots: HashMap<Uuid, ContributionKind>,
    pub(super) reports: HashMap<Uuid, Report>,
    pub(super) rounds: HashMap<Uuid, ReviewRound>,
    pub(super) reviews: HashMap<Uuid, Reviewed>,
    pub(super) actors: Link<HashMap<Uuid, Membership>>,
    pub(super) subjects: Link<HashMap<Uuid, Membership>>,
    pub(super) phases: Link<HashMap<Uuid, Phase>>,
}

/// The fields of `SpaceEvent`.
#[derive(Clone, Debug)]
pub struct Head {
    pub(super) cursor: Cursor,
    pub(super) kind: SpaceEventKind,
    pub(super) occurred_at: chrono::DateTime<chrono::Utc>,
    pub(super) actor: Option<Uuid>,
    pub(super) batch: Arc<Batch>,
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

    /// Who did it. Null for the system; where the viewer doesn't read the contribution; for acts of moderation to all but staff and the author;
    /// for all about reviews to all but staff and the one who did it.
    pub async fn actor(&self) -> Result<Option<Membership>> {
        let Some(actor) = self.actor else { return Ok(None) };
        let batch = &self.batch;
        let load = || Box::pin(async { members(&batch.reader, &batch.ids(|event| event.actor_id)).await }) as _;
        Ok(batch.actors.load(load).await?.get(&actor).cloned())
    }
}

/// Something happened to a contribution that the viewer sees (a placeholder counts).
#[derive(Clone, Debug, Description)]
pub struct ContributionEvent {
    pub(super) head: Head,
    pub(super) contribution: Contribution,
}

impl Deref for ContributionEvent {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.head
    }
}

#[Object(use_type_description)]
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

/// A contribution went out of the viewer's sight: take it, and what hangs on it, off the screen. When something happens to a
/// comment whose root is out of sight, that root is what is gone. What comes back, or is back by now, comes as a
/// `ContributionEvent` later in the stream: load the comments of a root that is new on the screen.
#[derive(Clone, Debug, Description)]
pub struct ContributionGone {
    pub(super) head: Head,
    pub(super) deleted: ID,
    pub(super) root: Option<Contribution>,
}

impl Deref for ContributionGone {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.head
    }
}

#[Object(use_type_description)]
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
#[derive(Clone, Debug, Description)]
pub struct PhaseEvent {
    pub(super) head: Head,
    pub(super) phase: Option<Uuid>,
}

impl Deref for PhaseEvent {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.head
    }
}

#[Object(use_type_description)]
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
#[derive(Clone, Debug, Description)]
pub struct MemberEvent {
    pub(super) head: Head,
    pub(super) member: Option<Uuid>,
}

impl Deref for MemberEvent {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.head
    }
}

#[Object(use_type_description)]
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

/// Something happened to a report that the viewer sees, as a moderator or because it is their own.
#[derive(Clone, Debug, Description)]
pub struct ReportEvent {
    pub(super) head: Head,
    pub(super) report: Report,
}

impl Deref for ReportEvent {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.head
    }
}

#[Object(use_type_description)]
impl ReportEvent {
    #[graphql(flatten)]
    async fn head(&self) -> &Head {
        &self.head
    }

    /// The report as it is now.
    async fn report(&self) -> Option<Report> {
        Some(self.report.clone())
    }
}

/// Something happened to a review, or to the assignment that it comes of. What comes for many at once, as reviews are handed out or a
/// reflection begins, is one `ReviewRoundEvent` instead: ask its round for `assignments` and `reviews`.
#[derive(Clone, Debug, Description)]
pub struct ReviewEvent {
    pub(super) head: Head,
    pub(super) review: Reviewed,
    pub(super) round: Option<ReviewRound>,
}

impl Deref for ReviewEvent {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.head
    }
}

#[Object(use_type_description)]
impl ReviewEvent {
    #[graphql(flatten)]
    async fn head(&self) -> &Head {
        &self.head
    }

    /// Id of the review, also if the viewer doesn't see it any more, or not yet.
    async fn review_id(&self) -> ID {
        self.review.review_id()
    }

    /// The review as it is now. Null if the viewer sees nothing of it any more, or it isn't submitted.
    async fn review(&self) -> Option<Review> {
        self.review.review()
    }

    /// The assignment as it is now. Null for all but its reviewer and staff.
    async fn assignment(&self) -> Option<ReviewAssignment> {
        self.review.assignment()
    }

    /// The round as it is now.
    async fn round(&self) -> Option<ReviewRound> {
        self.round.clone()
    }
}

/// Something happened to a round of peer review that the viewer sees: ask again for the `viewerCan` on the screen.
#[derive(Clone, Debug, Description)]
pub struct ReviewRoundEvent {
    pub(super) head: Head,
    pub(super) round: ReviewRound,
}

impl Deref for ReviewRoundEvent {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.head
    }
}

#[Object(use_type_description)]
impl ReviewRoundEvent {
    #[graphql(flatten)]
    async fn head(&self) -> &Head {
        &self.head
    }

    /// The round as it is now.
    async fn round(&self) -> Option<ReviewRound> {
        Some(self.round.clone())
    }
}

/// Settings, state or organisations of the space have changed.
#[derive(Clone, Debug, Description)]
pub struct SpaceSettingsEvent {
    pub(super) head: Head,
    pub(super) space: Uuid,
}

impl Deref for SpaceSettingsEvent {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.head
    }
}

#[Object(use_type_description)]
impl SpaceSettingsEvent {
    #[graphql(flatten)]
    async fn head(&self) -> &Head {
        &self.head
    }

    /// The space as it is now.
    async fn space(&self) -> Result<Option<Space>> {
        Ok(spaces(&self.head.batch.reader, &[self.space])
            .await?
            .remove(&self.space))
    }
}

/// Nothing has happened for a while; `cursor` is the newest place.
#[derive(SimpleObject, Clone, Debug)]
pub struct Heartbeat {
    #[graphql(flatten)]
    pub(super) head: Head,
}

impl Deref for Heartbeat {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.head
    }
}

/// Events were skipped: load the page again; what comes next follows `resumeCursor`.
#[derive(Clone, Debug, Description)]
pub struct StreamReset {
    pub(super) head: Head,
    pub(super) reason: StreamResetReason,
}

impl Deref for StreamReset {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.head
    }
}

#[Object(use_type_description)]
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
#[derive(Clone, Debug, Description)]
pub struct StreamEnded {
    pub(super) head: Head,
    pub(super) reason: StreamEndReason,
}

impl Deref for StreamEnded {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.head
    }
}

#[Object(use_type_description)]
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
