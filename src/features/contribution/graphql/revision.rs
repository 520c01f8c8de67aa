//! Versions of texts, decisions about them, and what waits for a moderator.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Description, ID, Interface, Object, SimpleObject};
use uuid::Uuid;

use super::{
    super::store::{self, DecisionRow, RevisionRow},
    Contribution, DecisionKind, ModerationReason, RevisionState, contributions,
    spine::{media_items, mentioned, name},
};
use crate::{
    features::{
        journal::graphql::PromptAnswer,
        media::graphql::MediaItem,
        report::graphql::Report,
        space::graphql::{Membership, members},
    },
    platform::{
        db::Reader,
        error::Result,
        id::{self, Kind},
        level::{At, Level, Link, Listing, objects},
        page::{Listed, PageArgs},
        scalar::DateTime,
        text,
    },
};

/// What belongs to revisions.
#[derive(Debug, Default)]
pub struct RevisionLinks {
    contributions: Link<HashMap<Uuid, Contribution>>,
    mentioned: Link<HashMap<Uuid, Membership>>,
    attached: Link<HashMap<Uuid, Contribution>>,
}

/// Something that waits for a moderator.
#[derive(Interface, Clone, Debug)]
#[graphql(
    field(name = "id", ty = "ID", desc = "Opaque id."),
    field(name = "contribution", ty = "Option<Contribution>", desc = "What it is about."),
    field(name = "submitted_at", ty = "DateTime", desc = "Since when it waits.")
)]
pub enum ModerationItem {
    /// A version of a text.
    Revision(Revision),
    /// A report.
    Report(Report),
}

/// One version of a contribution's text. For its author and staff; while it waits also for pupils who co-moderate it.
#[derive(Clone, Debug, Description)]
pub struct Revision(pub At<RevisionRow, RevisionLinks>);

#[Object(use_type_description)]
impl Revision {
    /// Opaque id.
    pub async fn id(&self) -> ID {
        id::encode(Kind::Revision, self.0.id)
    }

    /// Whose text it is.
    pub async fn contribution(&self) -> Result<Option<Contribution>> {
        let level = self.0.level();
        let ids = || level.rows.iter().map(|row| row.contribution_id).collect::<Vec<_>>();
        let load = || Box::pin(async move { contributions(&level.reader, &ids()).await }) as _;
        Ok(level
            .links
            .contributions
            .load(load)
            .await?
            .get(&self.0.contribution_id)
            .cloned())
    }

    /// Number of this version: send it as `expectedVersion` when you approve or return it.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// Where it stands.
    async fn state(&self) -> RevisionState {
        self.0.state.into()
    }

    /// Title; null for comments.
    async fn title(&self) -> Option<&str> {
        self.0.title.as_deref()
    }

    /// CommonMark.
    async fn body(&self) -> Option<&str> {
        Some(&self.0.body)
    }

    /// The same as HTML that is safe to insert into a page.
    async fn body_html(&self) -> Result<Option<String>> {
        let level = self.0.level();
        let texts = || level.rows.iter().map(|row| row.body_html.as_str());
        let load = || Box::pin(async move { mentioned(&level.reader, texts()).await }) as _;
        let known = level.links.mentioned.load(load).await?;
        let html = text::with_names(&self.0.body_html, |id| name(known, self.0.space_id, id));
        Ok(Some(html))
    }

    /// Answers to the prompts of the journal, at most 10; none for other kinds.
    async fn answers(&self) -> Vec<PromptAnswer> {
        PromptAnswer::all(&self.0.detail)
    }

    /// The media items that are shown with it, or that an album holds, in the order of its author: at most 100.
    async fn attachments(&self) -> Result<Vec<MediaItem>> {
        let level = self.0.level();
        let items = || level.rows.iter().flat_map(|row| row.detail.attachments.iter().copied());
        let load = || Box::pin(async move { contributions(&level.reader, &items().collect::<Vec<_>>()).await }) as _;
        if self.0.detail.attachments.is_empty() {
            return Ok(Vec::new());
        }
        let known = level.links.attached.load(load).await?;
        Ok(media_items(&self.0.detail.attachments, known))
    }

    /// What it asks everybody; icebreakers only.
    async fn prompt(&self) -> Option<&str> {
        self.0.detail.prompt.as_deref()
    }

    /// When it was handed in.
    pub async fn submitted_at(&self) -> DateTime {
        self.0.submitted_at.unwrap_or(self.0.created_at).into()
    }

    /// Whether an earlier version was published before.
    async fn is_edit(&self) -> bool {
        self.0.is_edit
    }
}

/// What a moderator decided.
#[derive(SimpleObject, Clone, Debug)]
pub struct ModerationDecision {
    /// What.
    kind: DecisionKind,
    /// Why.
    reason: Option<ModerationReason>,
    /// Words to the author.
    note: Option<String>,
    /// Who decided. Null if reports of members have hidden it by themselves.
    decided_by: Option<Membership>,
    /// When.
    decided_at: DateTime,
    /// The version that it is about.
    version: i32,
}

impl From<(DecisionRow, Option<Membership>)> for ModerationDecision {
    fn from((row, decided_by): (DecisionRow, Option<Membership>)) -> Self {
        Self {
            kind: row.kind.into(),
            reason: row.reason.map(Into::into),
            note: row.note,
            decided_by,
            decided_at: row.decided_at.into(),
            version: row.version,
        }
    }
}

/// What belongs to decisions.
#[derive(Debug, Default)]
pub struct DecisionLinks {
    deciders: Link<HashMap<Uuid, Membership>>,
    contributions: Link<HashMap<Uuid, Contribution>>,
}

/// A decision of a moderator about somebody's text, as staff look it up later.
#[derive(Clone, Debug, Description)]
pub struct ModerationLogEntry(pub At<DecisionRow, DecisionLinks>);

#[Object(use_type_description)]
impl ModerationLogEntry {
    /// Opaque id.
    pub async fn id(&self) -> ID {
        id::encode(Kind::Decision, self.0.id)
    }

    /// What was decided, by whom, when and why.
    async fn decision(&self) -> Result<Option<ModerationDecision>> {
        let level = self.0.level();
        let ids = || {
            level
                .rows
                .iter()
                .filter_map(|row| row.decided_by_id)
                .collect::<Vec<_>>()
        };
        let load = || Box::pin(async move { members(&level.reader, &ids()).await }) as _;
        let deciders = level.links.deciders.load(load).await?;
        let decider = self.0.decided_by_id.and_then(|id| deciders.get(&id)).cloned();
        Ok(Some(ModerationDecision::from(((*self.0).clone(), decider))))
    }

    /// What it is about; null if the viewer no longer sees it.
    async fn contribution(&self) -> Result<Option<Contribution>> {
        let level = self.0.level();
        let ids = || level.rows.iter().map(|row| row.contribution_id).collect::<Vec<_>>();
        let load = || Box::pin(async move { contributions(&level.reader, &ids()).await }) as _;
        let contributions = level.links.contributions.load(load).await?;
        Ok(contributions.get(&self.0.contribution_id).cloned())
    }
}

/// Lists of decisions below the objects of a level.
pub type Decisions = Listing<(), At<DecisionRow, DecisionLinks>>;

/// What was decided in one space, newest first; empty for all but staff.
///
/// # Errors
/// `INVALID` for faulty page arguments.
pub async fn log(
    lists: &Arc<Decisions>,
    reader: &Arc<Reader>,
    (parents, parent): (Vec<Uuid>, Uuid),
    args: &PageArgs,
) -> Result<Listed<ModerationLogEntry>> {
    let page = args.page(store::LOG_ORDER)?;
    let parents = Arc::new(parents);
    let load = || Box::pin(async { Ok(objects(reader, store::log(reader, &parents, &page).await?)) }) as _;
    let (reader_, parents_) = (Arc::clone(reader), Arc::clone(&parents));
    let count = move || {
        let (reader, parents) = (Arc::clone(&reader_), Arc::clone(&parents_));
        Box::pin(async move { store::log_counts(&reader, &parents).await }) as _
    };
    let (cut, total) = lists.page(((), page.clone()), parent, load, count).await?;
    Ok(cut.map(ModerationLogEntry).connection(total))
}

/// Lists of revisions below the objects of a level.
pub type Revisions = Listing<(), At<RevisionRow, RevisionLinks>>;

/// The versions of one contribution, newest first.
pub(super) async fn versions(
    lists: &Arc<Revisions>,
    reader: &Arc<Reader>,
    (parents, parent): (Vec<Uuid>, Uuid),
    args: &PageArgs,
) -> Result<Listed<Revision>> {
    let page = args.page(store::REVISION_ORDER)?;
    let parents = Arc::new(parents);
    let load = || Box::pin(async { Ok(objects(reader, store::revisions(reader, &parents, &page).await?)) }) as _;
    let (reader_, parents_) = (Arc::clone(reader), Arc::clone(&parents));
    let count = move || {
        let (reader, parents) = (Arc::clone(&reader_), Arc::clone(&parents_));
        Box::pin(async move { store::revision_counts(&reader, &parents).await }) as _
    };
    let (cut, total) = lists.page(((), page.clone()), parent, load, count).await?;
    Ok(cut.map(Revision).connection(total))
}

/// Entries of moderation logs, as far as the viewer may see them.
///
/// # Errors
/// The database's.
pub async fn log_nodes(reader: &Arc<Reader>, ids: &[Uuid]) -> Result<HashMap<Uuid, ModerationLogEntry>> {
    let level = Level::new(reader, store::decisions_by_id(reader, ids).await?);
    Ok(level
        .all()
        .into_iter()
        .map(|row| (row.id, ModerationLogEntry(row)))
        .collect())
}

/// Revisions, as far as the viewer may see them.
///
/// # Errors
/// The database's.
pub async fn revision_nodes(reader: &Arc<Reader>, ids: &[Uuid]) -> Result<HashMap<Uuid, Revision>> {
    let level = Level::new(reader, store::revisions_by_id(reader, ids).await?);
    Ok(level.all().into_iter().map(|row| (row.id, Revision(row))).collect())
}
