//! Reports in the API.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Description, Enum, ID, Object, SimpleObject};
use uuid::Uuid;

use super::super::{
    job::PATIENCE,
    store::{self, ReportRow, Sight},
};
use crate::{
    features::{
        contribution::graphql::{Contribution, ModerationReason, contributions},
        review::graphql::{Review, review_nodes},
        space::graphql::{Membership, members},
    },
    platform::{
        db::Reader,
        error::{Error, Result},
        id::{self, Kind},
        level::{At, Level, Link},
        permission::ActionPermission,
        scalar::DateTime,
    },
    policy::{self, ReportDeed},
};

/// Where a report stands.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::ReportState")]
pub enum ReportState {
    /// Nobody has decided.
    Open,
    /// A moderator agreed with the reporter.
    Upheld,
    /// A moderator found nothing wrong.
    Dismissed,
    /// Was passed on to the coordinators, who alone decide.
    Escalated,
}

/// What is done about a contribution when a report about it is upheld.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::ReportAction")]
pub enum ReportAction {
    /// Nothing: it stays as it is now.
    None,
    /// It is taken out of sight, or stays so; a moderator can bring it back.
    Hide,
    /// It is removed for good.
    Remove,
}

/// What belongs to reports.
#[derive(Debug, Default)]
pub struct ReportLinks {
    members: Link<HashMap<Uuid, Membership>>,
    contributions: Link<HashMap<Uuid, Contribution>>,
    subjects: Link<HashMap<Uuid, Contribution>>,
    reviews: Link<HashMap<Uuid, Review>>,
}

/// What a member finds wrong with one version of a contribution, or an author with a review of it. Seen by the moderators who may decide about it and, unless a pupil
/// has reported something unsafe, by the reporter; never by the author. One about what staff wrote is for the coordinators of the
/// other schools and of the reporter's; one of something unsafe, or of a review, for staff alone.
#[derive(Clone, Debug, Description)]
pub struct Report(pub At<ReportRow, ReportLinks>);

impl Report {
    async fn member(&self, id: Option<Uuid>) -> Result<Option<Membership>> {
        let Some(id) = id else { return Ok(None) };
        let level = self.0.level();
        let ids = || {
            let of = |row: &ReportRow| [Some(row.reporter_id), row.decided_by_id];
            level.rows.iter().flat_map(of).flatten().collect::<Vec<_>>()
        };
        let load = || Box::pin(async move { members(&level.reader, &ids()).await }) as _;
        Ok(level.links.members.load(load).await?.get(&id).cloned())
    }
}

#[Object(use_type_description)]
impl Report {
    /// Opaque id.
    pub async fn id(&self) -> ID {
        id::encode(Kind::Report, self.0.id)
    }

    /// What it is about, as it is now; with a `review`, the work that was reviewed. Null if the viewer doesn't see it any more.
    pub async fn contribution(&self) -> Result<Option<Contribution>> {
        let level = self.0.level();
        let ids = || level.rows.iter().map(|row| row.contribution_id).collect::<Vec<_>>();
        let load = || Box::pin(async move { contributions(&level.reader, &ids()).await }) as _;
        let known = level.links.contributions.load(load).await?;
        Ok(known.get(&self.0.contribution_id).cloned())
    }

    /// Why.
    async fn reason(&self) -> ModerationReason {
        self.0.reason.into()
    }

    /// The reporter's words.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }

    /// Who reports. For staff and the reporter; null for pupils who co-moderate.
    async fn reporter(&self) -> Result<Option<Membership>> {
        let is_told = self.0.is_staff || !self.0.is_judge;
        self.member(Some(self.0.reporter_id).filter(|_| is_told)).await
    }

    /// The version that was reported: the text may have changed since.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// Title of that version. Null for comments.
    async fn title(&self) -> Option<&str> {
        self.0.title.as_deref()
    }

    /// Text of that version as CommonMark; with a `review`, what that says, as plain paragraphs.
    async fn body(&self) -> String {
        let Some(said) = &self.0.review_answers else {
            return self.0.body.clone();
        };
        let words = said.0.iter().map(|answer| answer.body.as_str());
        words.filter(|words| !words.is_empty()).collect::<Vec<_>>().join("\n\n")
    }

    /// The review that it is about. Null if it is about the contribution itself, and for the reporter, from whom the review is hidden.
    pub async fn review(&self) -> Result<Option<Review>> {
        let Some(id) = self.0.review_id else { return Ok(None) };
        let level = self.0.level();
        let ids = || level.rows.iter().filter_map(|row| row.review_id).collect::<Vec<_>>();
        let load = || Box::pin(async move { review_nodes(&level.reader, &ids()).await }) as _;
        Ok(level.links.reviews.load(load).await?.get(&id).cloned())
    }

    /// Where it stands.
    async fn state(&self) -> ReportState {
        self.0.state.into()
    }

    /// When it was made.
    pub async fn submitted_at(&self) -> DateTime {
        self.0.submitted_at.into()
    }

    /// Whether nobody has decided for 24 hours.
    async fn is_overdue(&self) -> bool {
        use entity::enums::ReportState as S;
        let now = self.0.reader().db().clock().now();
        matches!(self.0.state, S::Open | S::Escalated) && now - self.0.submitted_at >= PATIENCE
    }

    /// What was done about the contribution. Null unless it was upheld.
    async fn action(&self) -> Option<ReportAction> {
        self.0.action.map(Into::into)
    }

    /// Why it was decided so, or passed on. For moderators; null for the reporter.
    async fn decision_note(&self) -> Option<&str> {
        self.0.decision_note.as_deref().filter(|_| self.0.is_judge)
    }

    /// Who decided, or passed it on. For moderators; null for the reporter.
    async fn decided_by(&self) -> Result<Option<Membership>> {
        self.member(self.0.decided_by_id.filter(|_| self.0.is_judge)).await
    }

    /// When it was decided.
    async fn decided_at(&self) -> Option<DateTime> {
        self.0.decided_at.map(Into::into)
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self) -> Result<ReportViewerCan> {
        let level = self.0.level();
        let ids = || level.rows.iter().map(|row| row.contribution_id).collect::<Vec<_>>();
        let load = || Box::pin(async move { contributions(&level.reader, &ids()).await }) as _;
        let known = level.links.subjects.load(load).await?;
        let contribution = known.get(&self.0.contribution_id);
        let can = |deed| -> ActionPermission {
            match contribution {
                Some(contribution) => {
                    let content = &contribution.spine().0;
                    let facts = self.0.facts(content.author_org_id);
                    policy::report(deed, &content.viewer(), &content.phase(), &facts, &content.content()).into()
                }
                // What only its author sees any more can still be judged as it was reported.
                None if self.0.is_judge => Ok(()).into(),
                None => Err(crate::platform::error::Reason::RoleNotAllowed).into(),
            }
        };
        Ok(ReportViewerCan {
            report_decide: can(ReportDeed::Decide),
            report_escalate: can(ReportDeed::Escalate),
        })
    }
}

/// What the viewer may do with a report.
#[derive(SimpleObject)]
pub struct ReportViewerCan {
    /// Uphold or dismiss it.
    report_decide: ActionPermission,
    /// Pass it on to the coordinators.
    report_escalate: ActionPermission,
}

/// Reports by id, as far as the viewer may see them.
///
/// # Errors
/// The database's.
pub async fn reports(reader: &Arc<Reader>, ids: &[Uuid]) -> Result<HashMap<Uuid, Report>> {
    let level = Level::new(reader, store::by_ids(reader, ids, Sight::Usual).await?);
    Ok(level.all().into_iter().map(|row| (row.id, Report(row))).collect())
}

/// A report that the viewer has made just now.
pub(super) async fn made(reader: &Arc<Reader>, id: Uuid) -> Result<Report> {
    let level = Level::new(reader, store::by_ids(reader, &[id], Sight::Made).await?);
    level.first().map(Report).ok_or_else(Error::not_found)
}
