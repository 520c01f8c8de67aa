//! The moderation queue: versions of texts and reports, in one list.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Enum, ID, InputObject, SimpleObject};
use uuid::Uuid;

use super::{
    super::store::{self, Filter, ReportRow},
    Report,
    object::ReportLinks,
};
use crate::{
    features::contribution::{
        self, QUEUE_ORDER, RevisionRow, Waiting,
        graphql::{ModerationItem, ModerationReason, Revision, RevisionLinks},
    },
    platform::{
        db::Reader,
        error::Result,
        id::{self, Kind},
        level::{Level, Listing},
        page::{Cut, Key, Listed, Page, PageArgs},
    },
};

/// What kind of thing waits for a moderator.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModerationItemKind {
    /// A `Revision` of something new.
    Submission,
    /// A `Revision` of something that was published before.
    Edit,
    /// A `Report`.
    Report,
}

/// Which items of the moderation queue.
#[derive(InputObject, Clone, Debug)]
pub struct ModerationQueueFilterInput {
    /// Only of this kind.
    kind: Option<ModerationItemKind>,
    /// Only in this phase.
    phase_id: Option<ID>,
    /// Only reports for this reason.
    reason: Option<ModerationReason>,
}

/// How many items of each kind wait for the viewer to decide.
#[derive(SimpleObject, Clone, Copy, Debug)]
pub struct ModerationCounts {
    /// What is new.
    submissions: i32,
    /// Edits of what was published before.
    edits: i32,
    /// Reports.
    reports: i32,
}

/// What a queue is made of: versions and reports, each if wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Which {
    waiting: Option<Waiting>,
    reports: Option<Filter>,
}

impl Which {
    fn new(filter: Option<&ModerationQueueFilterInput>) -> Result<Self> {
        let phase = filter.and_then(|filter| filter.phase_id.as_ref());
        let phase_id = phase.map(|id| id::decode_as(&[Kind::Phase], id)).transpose()?;
        let reason = filter.and_then(|filter| filter.reason).map(Into::into);
        let kind = filter.and_then(|filter| filter.kind);
        let is_edit = match kind {
            Some(ModerationItemKind::Edit) => Some(true),
            Some(ModerationItemKind::Submission) => Some(false),
            _ => None,
        };
        let waiting = Waiting { is_edit, phase_id };
        let reports = Filter { phase_id, reason };
        Ok(Self {
            waiting: (kind != Some(ModerationItemKind::Report) && reason.is_none()).then_some(waiting),
            reports: matches!(kind, None | Some(ModerationItemKind::Report)).then_some(reports),
        })
    }

    async fn page(
        self,
        reader: &Arc<Reader>,
        spaces: &[Uuid],
        page: &Page,
    ) -> Result<HashMap<Uuid, Cut<ModerationItem>>> {
        let revisions = match self.waiting {
            Some(which) => contribution::waiting(reader, spaces, which, page).await?,
            None => Vec::new(),
        };
        let reports = match self.reports {
            Some(which) => store::waiting(reader, spaces, which, page).await?,
            None => Vec::new(),
        };
        let revisions = Level::<RevisionRow, RevisionLinks>::new(reader, revisions)
            .all()
            .into_iter();
        let reports = Level::<ReportRow, ReportLinks>::new(reader, reports).all().into_iter();
        let revisions = revisions.map(|row| ModerationItem::Revision(Revision(row)));
        let items = revisions
            .chain(reports.map(|row| ModerationItem::Report(Report(row))))
            .collect();
        Ok(page.cut_by(items, space, place))
    }

    async fn count(self, reader: &Reader, spaces: &[Uuid]) -> Result<HashMap<Uuid, i64>> {
        let mut counts = match self.waiting {
            Some(which) => contribution::waiting_counts(reader, spaces, which).await?,
            None => HashMap::new(),
        };
        if let Some(which) = self.reports {
            for (space, count) in store::waiting_counts(reader, spaces, which).await? {
                *counts.entry(space).or_default() += count;
            }
        }
        Ok(counts)
    }
}

fn space(item: &ModerationItem) -> Uuid {
    match item {
        ModerationItem::Revision(revision) => revision.0.space_id,
        ModerationItem::Report(report) => report.0.space_id,
    }
}

fn place(item: &ModerationItem) -> Vec<Key> {
    match item {
        ModerationItem::Revision(revision) => revision.0.place(),
        ModerationItem::Report(report) => report.0.place(),
    }
}

/// The queues of the spaces of a level.
pub type Queue = Listing<Which, ModerationItem>;

/// The moderation queue of one space, oldest first, as far as the viewer moderates.
///
/// # Errors
/// `INVALID` for faulty arguments.
pub async fn queue(
    lists: &Arc<Queue>,
    reader: &Arc<Reader>,
    (parents, parent): (Vec<Uuid>, Uuid),
    filter: Option<&ModerationQueueFilterInput>,
    args: &PageArgs,
) -> Result<Listed<ModerationItem>> {
    let (page, which) = (args.page(QUEUE_ORDER)?, Which::new(filter)?);
    let parents = Arc::new(parents);
    let load = || Box::pin(async { which.page(reader, &parents, &page).await }) as _;
    let (reader_, parents_) = (Arc::clone(reader), Arc::clone(&parents));
    let count = move || {
        let (reader, parents) = (Arc::clone(&reader_), Arc::clone(&parents_));
        Box::pin(async move { which.count(&reader, &parents).await }) as _
    };
    let (cut, total) = lists.page((which, page.clone()), parent, load, count).await?;
    Ok(cut.connection(total))
}

/// How much waits in spaces, by kind.
///
/// # Errors
/// The database's.
pub async fn counts(reader: &Arc<Reader>, spaces: &[Uuid]) -> Result<HashMap<Uuid, ModerationCounts>> {
    let of = |is_edit| Waiting {
        is_edit: Some(is_edit),
        phase_id: None,
    };
    let submissions = contribution::waiting_counts(reader, spaces, of(false)).await?;
    let edits = contribution::waiting_counts(reader, spaces, of(true)).await?;
    let reports = store::waiting_counts(reader, spaces, Filter::default()).await?;
    let count = |counts: &HashMap<Uuid, i64>, space: &Uuid| {
        i32::try_from(counts.get(space).copied().unwrap_or_default()).unwrap_or(i32::MAX)
    };
    let of_space = |space: &Uuid| ModerationCounts {
        submissions: count(&submissions, space),
        edits: count(&edits, space),
        reports: count(&reports, space),
    };
    Ok(spaces.iter().map(|space| (*space, of_space(space))).collect())
}
