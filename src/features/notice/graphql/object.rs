//! Notifications.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Description, Enum, ID, Object, SimpleObject};
use sea_orm::Iterable;
use uuid::Uuid;

use super::super::store::{self, NotificationRow};
use crate::{
    features::{
        contribution::graphql::{Commentable, Contribution, contributions},
        report::graphql::{Report, reports},
        review::graphql::{Review, ReviewAssignment, ReviewRound, Reviewed, reviewed, round_nodes},
        space::graphql::{Membership, Phase, Space, members, phases, spaces},
    },
    platform::{
        db::Reader,
        error::{Error, Result},
        id::{self, Kind},
        level::{At, Level, Link},
        page::{Listed, PageArgs, Total},
        scalar::DateTime,
    },
};

/// Why somebody is told of something. Further values may appear.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::NotificationKind")]
pub enum NotificationKind {
    /// Somebody has answered what the viewer wrote.
    Reply,
    /// Somebody has mentioned the viewer.
    Mention,
    /// A moderator has decided about what the viewer wrote.
    Decision,
    /// Members write in a phase from now on, or again.
    PhaseOpened,
    /// The viewer has another role, or a grant was given or taken back.
    RoleChanged,
    /// A report waits for a decision of the viewer, or has waited for a day.
    ReportToDecide,
    /// The viewer is asked to review something: `reviewAssignment`, or all that `reviewRound` has for them.
    ReviewAssigned,
    /// A review that the viewer is asked for is due within a day.
    ReviewDue,
    /// The viewer can read what somebody says of their work: `review`, or all of `reviewRound`.
    ReviewReleased,
    /// The author has said what they find of the viewer's review.
    ReviewReacted,
}

/// What belongs to notifications.
#[derive(Debug, Default)]
pub struct NotificationLinks {
    members: Link<HashMap<Uuid, Membership>>,
    spaces: Link<HashMap<Uuid, Space>>,
    phases: Link<HashMap<Uuid, Phase>>,
    contributions: Link<HashMap<Uuid, Contribution>>,
    reports: Link<HashMap<Uuid, Report>>,
    rounds: Link<HashMap<Uuid, ReviewRound>>,
    reviews: Link<HashMap<Uuid, Reviewed>>,
}

/// Something that the viewer is told of, once. It is theirs alone. What it is about is given as the viewer sees it now, and null where
/// they see nothing of it any more.
#[derive(Clone, Debug, Description)]
pub struct Notification(pub At<NotificationRow, NotificationLinks>);

impl Notification {
    async fn member(&self, id: Uuid) -> Result<Option<Membership>> {
        let level = self.0.level();
        let ids = || {
            let of = |row: &NotificationRow| [Some(row.member_id), row.actor_id];
            level.rows.iter().flat_map(of).flatten().collect::<Vec<_>>()
        };
        let load = || Box::pin(async move { members(&level.reader, &ids()).await }) as _;
        Ok(level.links.members.load(load).await?.get(&id).cloned())
    }

    async fn reviewed(&self) -> Result<Option<&Reviewed>> {
        let Some(id) = self.0.review_id else { return Ok(None) };
        let level = self.0.level();
        let ids = || level.rows.iter().filter_map(|row| row.review_id).collect::<Vec<_>>();
        let load = || Box::pin(async move { reviewed(&level.reader, &ids()).await }) as _;
        Ok(level.links.reviews.load(load).await?.get(&id))
    }

    async fn about(&self) -> Result<Option<Contribution>> {
        let Some(id) = self.0.contribution_id else {
            return Ok(None);
        };
        let level = self.0.level();
        let ids = || {
            level
                .rows
                .iter()
                .filter_map(|row| row.contribution_id)
                .collect::<Vec<_>>()
        };
        let load = || Box::pin(async move { contributions(&level.reader, &ids()).await }) as _;
        Ok(level.links.contributions.load(load).await?.get(&id).cloned())
    }
}

#[Object(use_type_description)]
impl Notification {
    /// Opaque id.
    pub async fn id(&self) -> ID {
        id::encode(Kind::Notification, self.0.id)
    }

    /// Why the viewer is told.
    async fn kind(&self) -> NotificationKind {
        self.0.kind.into()
    }

    /// When it happened.
    pub async fn occurred_at(&self) -> DateTime {
        self.0.occurred_at.into()
    }

    /// When the viewer has read it. Null if they haven't.
    async fn read_at(&self) -> Option<DateTime> {
        self.0.read_at.map(Into::into)
    }

    /// When what was written went out of the viewer's sight, because it was hidden, removed or shown to fewer: it no longer counts as
    /// unread. Null for what they can read, also once it is back, and for all that isn't about a text.
    async fn gone_at(&self) -> Option<DateTime> {
        self.0.gone_at.map(Into::into)
    }

    /// Where it happened.
    async fn space(&self) -> Result<Option<Space>> {
        let level = self.0.level();
        let ids = || level.rows.iter().map(|row| row.space_id).collect::<Vec<_>>();
        let load = || Box::pin(async move { spaces(&level.reader, &ids()).await }) as _;
        Ok(level.links.spaces.load(load).await?.get(&self.0.space_id).cloned())
    }

    /// The viewer's own membership there.
    async fn membership(&self) -> Result<Option<Membership>> {
        self.member(self.0.member_id).await
    }

    /// Who did it; for answers and mentions, who wrote them, whoever let them through. Null for the system, as long as the viewer doesn't read
    /// the `contribution`, and for reports and reviews, which tell who made them to those who may know.
    async fn actor(&self) -> Result<Option<Membership>> {
        use entity::enums::NotificationKind::{Mention, Reply};

        let Some(actor) = self.0.actor_id else { return Ok(None) };
        if self.0.contribution_id.is_none() {
            return self.member(actor).await;
        }
        let about = self.about().await?;
        match about
            .as_ref()
            .map(Contribution::spine)
            .filter(|spine| spine.is_readable())
        {
            Some(spine) if matches!(self.0.kind, Reply | Mention) => spine.author().await,
            Some(_) => self.member(actor).await,
            None => Ok(None),
        }
    }

    /// What was written: the answer, what mentions the viewer, or their own that was decided about.
    async fn contribution(&self) -> Result<Option<Contribution>> {
        self.about().await
    }

    /// The root of that; itself unless it is a comment.
    async fn root(&self) -> Result<Option<Commentable>> {
        match self.about().await? {
            Some(contribution) => contribution.root().await,
            None => Ok(None),
        }
    }

    /// The phase that was opened.
    async fn phase(&self) -> Result<Option<Phase>> {
        let Some(phase) = self.0.phase_id else { return Ok(None) };
        let level = self.0.level();
        let ids = || level.rows.iter().filter_map(|row| row.phase_id).collect::<Vec<_>>();
        let load = || Box::pin(async move { phases(&level.reader, &ids()).await }) as _;
        Ok(level.links.phases.load(load).await?.get(&phase).cloned())
    }

    /// The report that waits.
    async fn report(&self) -> Result<Option<Report>> {
        let Some(report) = self.0.report_id else {
            return Ok(None);
        };
        let level = self.0.level();
        let ids = || level.rows.iter().filter_map(|row| row.report_id).collect::<Vec<_>>();
        let load = || Box::pin(async move { reports(&level.reader, &ids()).await }) as _;
        Ok(level.links.reports.load(load).await?.get(&report).cloned())
    }

    /// The round of peer review that it is about.
    async fn review_round(&self) -> Result<Option<ReviewRound>> {
        let Some(round) = self.0.round_id else { return Ok(None) };
        let level = self.0.level();
        let ids = || level.rows.iter().filter_map(|row| row.round_id).collect::<Vec<_>>();
        let load = || Box::pin(async move { round_nodes(&level.reader, &ids()).await }) as _;
        Ok(level.links.rounds.load(load).await?.get(&round).cloned())
    }

    /// What the viewer is asked to review. Null if it is about a whole round, and for authors.
    async fn review_assignment(&self) -> Result<Option<ReviewAssignment>> {
        Ok(self.reviewed().await?.and_then(Reviewed::assignment))
    }

    /// The review that it is about. Null if it is about a whole round, and as long as it isn't submitted.
    async fn review(&self) -> Result<Option<Review>> {
        Ok(self.reviewed().await?.and_then(Reviewed::review))
    }
}

/// Whether the viewer wants to be told of something.
#[derive(SimpleObject, Clone, Debug)]
pub struct NotificationPreference {
    /// Of what.
    kind: NotificationKind,
    /// Whether they want it; so by default.
    is_wanted: bool,
}

/// What the viewer wants to be told of, each kind once.
///
/// # Errors
/// The database's.
pub async fn preferences(reader: &Reader) -> Result<Vec<NotificationPreference>> {
    let muted = store::muted(reader).await?;
    let preference = |kind: entity::enums::NotificationKind| NotificationPreference {
        is_wanted: !muted.contains(&kind),
        kind: kind.into(),
    };
    Ok(entity::enums::NotificationKind::iter().map(preference).collect())
}

/// What the viewer was told of, newest first.
///
/// # Errors
/// `INVALID` for faulty page arguments.
pub async fn notifications(reader: &Arc<Reader>, is_unread: bool, args: &PageArgs) -> Result<Listed<Notification>> {
    let cut = store::page(reader, is_unread, &args.page(store::ORDER)?).await?;
    let level = Level::new(reader, cut.rows.clone());
    let reader = Arc::clone(reader);
    let total = Total::new(move || {
        let reader = Arc::clone(&reader);
        Box::pin(async move { store::count(&reader, is_unread).await })
    });
    Ok(cut
        .with(level.all().into_iter().map(Notification).collect())
        .connection(total))
}

/// How much the viewer has not read of what they can read.
///
/// # Errors
/// The database's.
pub async fn unread_count(reader: &Reader) -> Result<i32> {
    Ok(i32::try_from(store::count(reader, true).await?).unwrap_or(i32::MAX))
}

/// The viewer's own notifications by id.
///
/// # Errors
/// The database's.
pub async fn notification_nodes(reader: &Arc<Reader>, ids: &[Uuid]) -> Result<HashMap<Uuid, Notification>> {
    let level = Level::new(reader, store::by_ids(reader, ids).await?);
    Ok(level.all().into_iter().map(|row| (row.id, Notification(row))).collect())
}

/// Where the viewer's inbox stands, in the snapshot of the request.
///
/// # Errors
/// The database's.
pub async fn inbox_cursor(reader: &Reader) -> Result<String> {
    let position = store::position(reader).await?.ok_or_else(Error::not_found)?;
    Ok(position.cursor().encode())
}
