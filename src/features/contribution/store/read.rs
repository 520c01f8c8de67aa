//! Reading contributions: every statement starts with the viewer's membership and what it gives sight of.

use std::{collections::HashMap, ops::Deref, sync::Arc};

use chrono::{DateTime, Utc};
use entity::{
    enums::{
        Audience, ContentState, ContributionKind, DecisionKind, MediaKind, MediaState, ModerationMode,
        ModerationReason, PhaseState, RevisionState, SpaceState, ThreadKind,
    },
    revision::Detail,
};
use sea_orm::{ActiveEnum, DbErr, FromQueryResult, QueryResult};
use uuid::Uuid;

use super::{super::rules, shared};
use crate::{
    features::space::{ViewerRow, push_viewer, viewer_columns, viewing},
    platform::{
        auth::seat::Seat,
        db::{Reader, Sql},
        error::Result,
        page::{Cut, Key, KeyType, Order, Page},
    },
    policy::{self, has_answered, has_host, shown_by_host},
};

/// A contribution as one viewer sees it, with all facts that rules ask for.
#[derive(Clone, Debug)]
pub struct ContributionRow {
    facts: Arc<Facts>,
    is_co_author: bool,
    root_hides_answers: bool,
    is_shown_by_host: bool,
    viewer: ViewerRow,
    /// The list that it was found in.
    parent_id: Option<Uuid>,
}

impl FromQueryResult for ContributionRow {
    fn from_query_result(row: &QueryResult, prefix: &str) -> std::result::Result<Self, DbErr> {
        Ok(Self {
            facts: Arc::new(Facts::from_query_result(row, prefix)?),
            is_co_author: row.try_get(prefix, "is_co_author")?,
            root_hides_answers: row.try_get(prefix, "root_hides_answers")?,
            is_shown_by_host: row.try_get(prefix, "is_shown_by_host")?,
            viewer: ViewerRow::from_query_result(row, prefix)?,
            parent_id: row.try_get(prefix, "parent_id")?,
        })
    }
}

impl Deref for ContributionRow {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        &self.facts
    }
}

/// What a contribution is for everybody.
#[derive(Debug, FromQueryResult)]
pub struct Facts {
    /// Primary key.
    pub id: Uuid,
    /// The space.
    pub space_id: Uuid,
    /// The phase.
    pub phase_id: Uuid,
    /// What it is.
    pub kind: ContributionKind,
    /// Its root, if it is a comment.
    pub root_id: Option<Uuid>,
    /// What it answers.
    pub reply_to_id: Option<Uuid>,
    /// 0 for answers to the root.
    pub depth: i32,
    /// Its author's membership.
    pub author_id: Uuid,
    /// Whether its author was staff.
    pub author_is_staff: bool,
    is_sealed: bool,
    has_report: bool,
    has_open_report: bool,
    /// Whom its author stands for.
    pub author_org_id: Uuid,
    /// Where it stands.
    pub state: ContentState,
    audience: Audience,
    /// BCP 47.
    pub language: Option<String>,
    /// ISO week.
    pub week: Option<String>,
    /// Whether a thread stands first.
    pub is_pinned: bool,
    is_locked: bool,
    /// Newest content version.
    pub version: i32,
    /// The version that everybody reads.
    pub published_version: Option<i32>,
    /// The version that waits.
    pub pending_version: Option<i32>,
    /// Published comments below it.
    pub comment_count: i32,
    has_replies: bool,
    /// Place in feeds.
    pub listed_at: Option<DateTime<Utc>>,
    /// Newest publication below it.
    pub last_activity_at: DateTime<Utc>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was first published.
    pub published_at: Option<DateTime<Utc>>,
    /// Last edit that classmates are told about.
    pub edited_at: Option<DateTime<Utc>>,
    /// The key that its author made it with.
    pub client_key: Option<String>,
    /// Title of the version that is read.
    pub title: Option<String>,
    /// Body of the version that is read.
    pub body: String,
    /// The same as safe HTML.
    pub body_html: String,
    /// Its first words.
    pub excerpt: String,
    /// What the kind keeps beside its text.
    pub detail: Detail,
    root_state: Option<ContentState>,
    root_audience: Option<Audience>,
    root_author_id: Option<Uuid>,
    root_is_locked: Option<bool>,
    root_author_is_staff: Option<bool>,
    root_is_sealed: Option<bool>,
    root_is_open_question: bool,
    /// What it is for; threads only.
    pub thread_kind: Option<ThreadKind>,
    /// What its file is; media items only.
    pub media_kind: Option<MediaKind>,
    /// Where its file stands; media items only.
    pub file_state: Option<MediaState>,
    root_pending_version: Option<i32>,
    phase_state: PhaseState,
    moderation: ModerationMode,
    allows_pupil_threads: bool,
    allows_pupil_comments: bool,
    allows_pupil_uploads: bool,
    space_state: SpaceState,
}

pub(super) const COLUMNS: &str = concat!(
    "c.id, c.space_id, c.phase_id, c.kind, c.root_id, c.reply_to_id, c.depth, c.author_id, c.author_is_staff, c.is_sealed, c.author_org_id, c.state, \
    c.audience, c.language, c.week, c.is_pinned, c.is_locked, c.version, c.published_version, c.pending_version, \
    c.comment_count, (c.kind IN ('THREAD', 'MEDIA_ITEM', 'ALBUM') AND EXISTS (SELECT 1 FROM contribution k WHERE k.root_id = c.id \
        AND k.state IN ('PUBLISHED', 'PENDING', 'HIDDEN'))) AS has_replies, \
    (c.kind = 'JOURNAL_ENTRY' AND EXISTS (SELECT 1 FROM co_author k WHERE k.contribution_id = c.id \
        AND k.member_id = m.id)) AS is_co_author, c.listed_at, c.last_activity_at, c.created_at, c.published_at, c.edited_at, c.client_key, \
    v.title, v.body, v.body_html, v.excerpt, v.detail, \
    r.state AS root_state, r.audience AS root_audience, r.author_id AS root_author_id, r.is_locked AS root_is_locked, \
    r.author_is_staff AS root_author_is_staff, r.is_sealed AS root_is_sealed, \
    COALESCE(r.thread_kind = 'QUESTION' AND NOT r.is_locked, FALSE) AS root_is_open_question, \
    COALESCE(r.thread_kind = 'QUESTION' AND NOT r.is_locked AND NOT ",
    has_answered!(),
    ", FALSE) AS root_hides_answers, c.thread_kind, c.media_kind, c.file_state, ",
    shown_by_host!("v.contribution_id"),
    " AS is_shown_by_host, \
    (c.state = 'HIDDEN' AND EXISTS (SELECT 1 FROM report k WHERE k.contribution_id = c.id AND k.review_id IS NULL \
        AND k.state <> 'DISMISSED')) AS has_report, \
    (c.state = 'HIDDEN' AND EXISTS (SELECT 1 FROM report k WHERE k.contribution_id = c.id AND k.review_id IS NULL \
        AND k.state IN ('OPEN', 'ESCALATED'))) AS has_open_report, r.pending_version AS root_pending_version, \
    p.state AS phase_state, p.moderation, p.allows_pupil_threads, p.allows_pupil_comments, p.allows_pupil_uploads, s.state AS space_state, ",
    viewer_columns!("c.space_id, c.phase_id, COALESCE(c.root_id, c.id)")
);

pub(super) const JOINS: &str = "JOIN revision v ON v.contribution_id = c.id AND v.version = COALESCE(c.published_version, c.version) \
    JOIN phase p ON p.id = c.phase_id JOIN space s ON s.id = c.space_id LEFT JOIN contribution r ON r.id = c.root_id";

/// What one statement can't say of a contribution for everybody, but only for each member.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Relation {
    pub(super) is_co_author: bool,
    pub(super) has_answered: bool,
    pub(super) is_shown_by_host: bool,
}

impl ContributionRow {
    /// The same as somebody else sees it, who listens to its space; none if they don't.
    pub(super) fn seen_from(&self, seat: &Seat, relation: Relation, now: DateTime<Utc>) -> Option<Self> {
        let scopes = [self.space_id, self.phase_id, self.root_id.unwrap_or(self.id)];
        let row = Self {
            facts: Arc::clone(&self.facts),
            is_co_author: relation.is_co_author,
            root_hides_answers: self.root_is_open_question && !relation.has_answered,
            is_shown_by_host: relation.is_shown_by_host,
            viewer: ViewerRow::seated(seat, Some(&scopes), now),
            parent_id: None,
        };
        policy::sees(&row.viewer(), &row.content()).then_some(row)
    }

    /// Whether members stand to it in different ways, apart from writing it.
    pub(super) fn has_relations(&self) -> bool {
        self.root_is_open_question || matches!(self.kind, ContributionKind::JournalEntry | ContributionKind::MediaItem)
    }

    /// Who sees it: for a comment, who sees its root.
    #[must_use]
    pub fn audience(&self) -> Audience {
        self.root_audience.unwrap_or(self.audience)
    }

    /// Who sees it in effect: staff see what waits.
    #[must_use]
    pub fn effective_audience(&self) -> Audience {
        let pending = match self.root_id {
            Some(_) => self.root_pending_version,
            None => self.pending_version,
        };
        policy::effective(self.audience(), pending.is_some())
    }

    /// Whether it, or its root, takes no more comments.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.root_is_locked.unwrap_or(self.is_locked)
    }

    /// The author of its root, or of itself.
    #[must_use]
    pub fn root_author_id(&self) -> Uuid {
        self.root_author_id.unwrap_or(self.author_id)
    }

    /// Who reads.
    #[must_use]
    pub fn viewer(&self) -> policy::Member {
        self.viewer.member()
    }

    /// Its phase, for the policy.
    #[must_use]
    pub fn phase(&self) -> policy::Phase {
        policy::Phase {
            space: self.space_state,
            state: self.phase_state,
            moderation: self.moderation,
            allows_pupil_threads: self.allows_pupil_threads,
            allows_pupil_comments: self.allows_pupil_comments,
            allows_pupil_uploads: self.allows_pupil_uploads,
        }
    }

    /// Itself, for the policy.
    #[must_use]
    pub fn content(&self) -> policy::Content {
        let root = match (
            self.root_state,
            self.root_audience,
            self.root_author_id,
            self.root_is_locked,
        ) {
            (Some(state), Some(audience), Some(author_id), Some(is_locked)) => Some(policy::Root {
                state,
                audience,
                author_id,
                is_by_staff: self.root_author_is_staff.unwrap_or_default(),
                is_sealed: self.root_is_sealed.unwrap_or_default(),
                hides_answers: self.root_hides_answers,
                has_pending_version: self.root_pending_version.is_some(),
                is_locked,
            }),
            _ => None,
        };
        policy::Content {
            kind: self.kind,
            state: self.state,
            audience: self.audience,
            author_id: self.author_id,
            is_by_staff: self.author_is_staff,
            is_sealed: self.is_sealed,
            has_pending_version: self.pending_version.is_some(),
            has_replies: self.has_replies,
            is_locked: self.is_locked,
            is_co_author: self.is_co_author,
            has_report: self.has_report,
            has_open_report: self.has_open_report,
            file: self.file_state,
            is_shown_by_host: self.is_shown_by_host,
            lacks_alt_text: rules::is_seen(self.media_kind) && self.detail.alt_text.is_none(),
            root,
        }
    }

    /// What the policy says about the viewer doing something with it.
    ///
    /// # Errors
    /// Why not.
    pub fn allows(&self, action: policy::ContentAction) -> policy::Verdict {
        policy::content(action, &self.viewer(), &self.phase(), &self.content())
    }

    /// Whether the viewer reads the text, or sees a placeholder.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        policy::sees_text(&self.viewer(), &self.content())
    }

    /// Whether the viewer sees what waits.
    #[must_use]
    pub fn is_decider(&self) -> bool {
        policy::decides(&self.viewer(), &self.content())
    }

    /// Whether the viewer moderates it: what they repeat is success.
    #[must_use]
    pub fn is_moderated(&self) -> bool {
        let viewer = self.viewer();
        viewer.is_staff() || viewer.id != self.author_id && self.is_decider()
    }

    /// Whether the viewer sees decisions and earlier versions.
    #[must_use]
    pub fn is_backstage(&self) -> bool {
        policy::sees_backstage(&self.viewer(), &self.content())
    }
}

/// Behind `SELECT `: one contribution as an account sees it.
pub(super) fn one(sql: Sql, account: Uuid, id: Uuid) -> Sql {
    let mut sql = visible(sql, account);
    sql.push(" AND c.id = ").bind(id);
    sql
}

/// Behind `SELECT `: one contribution of a space of an account, whether they see it or not.
pub(super) fn any(mut sql: Sql, account: Uuid, id: Uuid) -> Sql {
    push_members(&mut sql, account);
    sql.push("WHERE c.id = ").bind(id);
    sql
}

fn visible(mut sql: Sql, account: Uuid) -> Sql {
    push_members(&mut sql, account);
    sql.push("WHERE (")
        .push(policy::VISIBLE)
        .push(" OR ")
        .push(shown_by_host!("v.contribution_id"))
        .push(")");
    sql
}

fn push_members(sql: &mut Sql, account: Uuid) {
    sql.push(COLUMNS)
        .push(", NULL AS parent_id FROM contribution c ")
        .push(JOINS);
    push_viewer(sql, account, "c.space_id");
}

/// Contributions that the viewer may see.
pub(in super::super) async fn by_ids(reader: &Reader, ids: &[Uuid]) -> Result<Vec<ContributionRow>> {
    match reader.vantage() {
        Some(vantage) => shared::by_ids(reader, vantage, ids).await,
        None => own_by_ids(reader, ids).await,
    }
}

/// The same by a statement for the viewer alone.
pub(super) async fn own_by_ids(reader: &Reader, ids: &[Uuid]) -> Result<Vec<ContributionRow>> {
    let mut sql = visible(reader.sql("SELECT "), reader.actor()?.account_id);
    sql.push(" AND ").is_in("c.id", ids);
    reader.rows(sql).await
}

/// Which list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListKind {
    /// Threads of a space.
    SpaceThreads,
    /// Threads of a phase.
    PhaseThreads,
    /// Journal entries of a space.
    SpaceEntries,
    /// Journal entries of a phase.
    PhaseEntries,
    /// Journal entries of a member.
    MemberEntries,
    /// Journal entries that count for a member: their own, and those that they have confirmed as co-author.
    MemberWeek,
    /// Comments below a root, oldest first.
    Comments,
    /// Direct answers to a comment, oldest first.
    Replies,
    /// The own drafts; the parent is the account.
    Drafts,
    /// Media of a space: what is published, and what is attached to what the viewer sees.
    Media,
    /// Albums of a space.
    SpaceAlbums,
    /// Albums of a phase.
    PhaseAlbums,
}

/// A list of contributions, with its filters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// Which.
    pub kind: ListKind,
    /// Comments: only down to this depth.
    pub max_depth: Option<i32>,
    /// Journal entries: only of this phase.
    pub phase_id: Option<Uuid>,
    /// Journal entries: only of this member.
    pub author_id: Option<Uuid>,
    /// Journal entries: only of members of this organisation.
    pub organisation_id: Option<Uuid>,
    /// Journal entries: only of this week.
    pub week: Option<String>,
    /// Journal entries: only in these states.
    pub states: Option<Vec<ContentState>>,
    /// Drafts: only of this space.
    pub space_id: Option<Uuid>,
    /// Media: only of this kind.
    pub media_kind: Option<MediaKind>,
    /// Media: only what is attached to something that the viewer sees, or only what isn't.
    pub is_attached: Option<bool>,
}

const BY_ACTIVITY: &[(&str, KeyType)] = &[
    ("is_pinned", KeyType::Bool),
    ("last_activity_at", KeyType::Time),
    ("id", KeyType::Id),
];
const BY_LISTED: &[(&str, KeyType)] = &[("listed_at", KeyType::Time), ("id", KeyType::Id)];
const BY_CREATED: &[(&str, KeyType)] = &[("created_at", KeyType::Time), ("id", KeyType::Id)];

impl List {
    /// A list without filters.
    #[must_use]
    pub fn all(kind: ListKind) -> Self {
        Self {
            kind,
            max_depth: None,
            phase_id: None,
            author_id: None,
            organisation_id: None,
            week: None,
            states: None,
            space_id: None,
            media_kind: None,
            is_attached: None,
        }
    }

    /// How it is ordered.
    #[must_use]
    pub fn order(&self) -> Order {
        let (tag, columns, is_descending) = match self.kind {
            ListKind::SpaceThreads | ListKind::PhaseThreads => (10, BY_ACTIVITY, true),
            ListKind::SpaceEntries | ListKind::PhaseEntries | ListKind::MemberEntries | ListKind::MemberWeek => {
                (11, BY_LISTED, true)
            }
            ListKind::SpaceAlbums | ListKind::PhaseAlbums => (31, BY_LISTED, true),
            ListKind::Comments | ListKind::Replies => (12, BY_LISTED, false),
            ListKind::Drafts => (13, BY_CREATED, true),
            ListKind::Media => (29, BY_CREATED, true),
        };
        Order {
            tag,
            columns,
            is_descending,
        }
    }

    fn place(&self, row: &ContributionRow) -> Vec<Key> {
        let listed = || Key::Time(row.listed_at.unwrap_or(row.created_at));
        match self.kind {
            ListKind::SpaceThreads | ListKind::PhaseThreads => {
                vec![
                    Key::Bool(row.is_pinned),
                    Key::Time(row.last_activity_at),
                    Key::Id(row.id),
                ]
            }
            ListKind::Drafts | ListKind::Media => vec![Key::Time(row.created_at), Key::Id(row.id)],
            _ => vec![listed(), Key::Id(row.id)],
        }
    }

    /// The column that names the parent, and the table of parents; none if the list is over all spaces of the viewer.
    fn parent(&self) -> (&'static str, Option<&'static str>) {
        match self.kind {
            ListKind::SpaceThreads | ListKind::SpaceEntries | ListKind::Media | ListKind::SpaceAlbums => {
                ("c.space_id", Some("space"))
            }
            ListKind::PhaseThreads | ListKind::PhaseEntries | ListKind::PhaseAlbums => ("c.phase_id", Some("phase")),
            ListKind::MemberEntries | ListKind::MemberWeek => ("c.author_id", Some("membership")),
            ListKind::Comments => ("c.root_id", Some("contribution")),
            ListKind::Replies => ("c.reply_to_id", Some("contribution")),
            ListKind::Drafts => ("c.author_account_id", None),
        }
    }

    /// Writes which rows belong to a parent.
    fn push_parent(&self, sql: &mut Sql, parent: &str) {
        let is_week = self.kind == ListKind::MemberWeek;
        sql.push(if is_week { "(" } else { "" }).push(self.parent().0);
        sql.push(" = ").push(parent);
        if is_week {
            sql.push(" OR c.id IN (SELECT k.contribution_id FROM co_author k WHERE k.confirmed_at IS NOT NULL AND k.member_id = ")
                .push(parent)
                .push("))");
        }
    }

    /// Writes who looks, if that is the same for all rows of a parent.
    fn push_once(&self, sql: &mut Sql, account: Uuid, parent: &str) {
        if let Some(table) = self.parent().1 {
            viewing(account, table)(sql, parent);
        }
    }

    /// Writes who looks at each row, if that has not been written.
    fn push_each(&self, sql: &mut Sql, account: Uuid) {
        if self.parent().1.is_none() {
            push_viewer(sql, account, "c.space_id");
        }
    }

    /// Writes from what the list is taken.
    fn push_from(&self, sql: &mut Sql, account: Uuid) {
        sql.push("contribution c LEFT JOIN contribution r ON r.id = c.root_id ");
        if self.kind == ListKind::Media {
            sql.push("JOIN media_file f ON f.contribution_id = c.id ");
        }
        self.push_each(sql, account);
    }

    /// Writes what the viewer sees of it.
    fn push_sight(&self, sql: &mut Sql) {
        if self.kind == ListKind::Media {
            sql.push("(c.state IN ('PUBLISHED', 'PENDING') AND ")
                .push(policy::VISIBLE)
                .push(" OR ")
                .push(shown_by_host!("f.contribution_id"))
                .push(")");
        } else {
            sql.push(policy::VISIBLE);
        }
    }

    /// Writes the conditions of the list behind those of sight.
    fn push(&self, sql: &mut Sql) {
        let kind = match self.kind {
            ListKind::SpaceThreads | ListKind::PhaseThreads => Some("THREAD"),
            ListKind::SpaceEntries | ListKind::PhaseEntries | ListKind::MemberEntries | ListKind::MemberWeek => {
                Some("JOURNAL_ENTRY")
            }
            ListKind::Media => Some("MEDIA_ITEM"),
            ListKind::SpaceAlbums | ListKind::PhaseAlbums => Some("ALBUM"),
            ListKind::Comments | ListKind::Replies | ListKind::Drafts => None,
        };
        if let Some(kind) = kind {
            sql.push(" AND c.kind = '").push(kind).push("'");
        }
        match (self.kind, &self.states) {
            (ListKind::Drafts, _) => {
                // What is attached to a draft goes with it.
                sql.push(
                    " AND c.state = 'DRAFT' AND NOT (c.kind = 'MEDIA_ITEM' \
                    AND EXISTS (SELECT 1 FROM attachment a WHERE a.is_own AND a.item_id = c.id))",
                );
            }
            (ListKind::Media, _) => {
                if let Some(kind) = self.media_kind {
                    sql.push(" AND c.media_kind = ").bind(kind.to_value());
                }
                match self.is_attached {
                    None => {}
                    Some(true) => {
                        sql.push(" AND ").push(has_host!("f.contribution_id", ""));
                    }
                    Some(false) => {
                        sql.push(" AND NOT ").push(has_host!("f.contribution_id", ""));
                    }
                }
            }
            (ListKind::Comments | ListKind::Replies, _) => {
                sql.push(" AND c.state <> 'DRAFT'");
            }
            (_, None) => {
                sql.push(" AND c.state IN ('PUBLISHED', 'PENDING')");
            }
            (_, Some(states)) => {
                sql.push(" AND c.state IN ('-'");
                for state in states {
                    sql.push(", ").bind(state.to_value());
                }
                sql.push(")");
            }
        }
        if let Some(depth) = self.max_depth {
            sql.push(" AND c.depth <= ").bind(depth);
        }
        let ids = [
            ("c.phase_id", self.phase_id),
            ("c.author_id", self.author_id),
            ("c.author_org_id", self.organisation_id),
            ("c.space_id", self.space_id),
        ];
        for (column, id) in ids {
            if let Some(id) = id {
                sql.push(" AND ").push(column).push(" = ").bind(id);
            }
        }
        if let Some(week) = &self.week {
            sql.push(" AND c.week = ").bind(week.clone());
        }
    }
}

/// A page of a list for each of its parents, by one statement.
pub(in super::super) async fn page(
    reader: &Reader,
    list: &List,
    page: &Page,
    parents: &[Uuid],
) -> Result<HashMap<Uuid, Cut<ContributionRow>>> {
    let account = reader.actor()?.account_id;
    let mut sql = reader.sql("");
    let once = |sql: &mut Sql, parent: &str| list.push_once(sql, account, parent);
    sql.for_each(parents, once, (COLUMNS, "contribution c", JOINS), |sql, parent| {
        sql.push("SELECT c.id FROM ");
        list.push_from(sql, account);
        sql.push("WHERE ");
        list.push_parent(sql, parent);
        sql.push(" AND ");
        list.push_sight(sql);
        list.push(sql);
        page.push(sql, "c");
    });
    list.push_each(&mut sql, account);
    let rows = reader.rows::<ContributionRow>(sql).await?;
    Ok(page.cut_by(rows, |row| row.parent_id.unwrap_or_default(), |row| list.place(row)))
}

#[derive(FromQueryResult)]
struct CountBy {
    parent: Uuid,
    count: i64,
}

async fn count_by(reader: &Reader, sql: Sql) -> Result<HashMap<Uuid, i64>> {
    Ok(reader
        .rows::<CountBy>(sql)
        .await?
        .into_iter()
        .map(|row| (row.parent, row.count))
        .collect())
}

/// How long a list is for each of its parents.
pub(in super::super) async fn counts(reader: &Reader, list: &List, parents: &[Uuid]) -> Result<HashMap<Uuid, i64>> {
    let account = reader.actor()?.account_id;
    let mut sql = reader.sql("");
    let once = |sql: &mut Sql, parent: &str| list.push_once(sql, account, parent);
    sql.count_each(parents, once, |sql, parent| {
        list.push_from(sql, account);
        sql.push("WHERE ");
        list.push_parent(sql, parent);
        sql.push(" AND ");
        list.push_sight(sql);
        list.push(sql);
    });
    count_by(reader, sql).await
}

/// The newest published comment of each root.
pub(in super::super) async fn last_comments(reader: &Reader, roots: &[Uuid]) -> Result<Vec<ContributionRow>> {
    match reader.vantage() {
        Some(vantage) => shared::last_comments(reader, vantage, roots).await,
        None => own_last_comments(reader, roots).await,
    }
}

async fn own_last_comments(reader: &Reader, roots: &[Uuid]) -> Result<Vec<ContributionRow>> {
    let account = reader.actor()?.account_id;
    let mut sql = reader.sql("");
    let columns = (COLUMNS, "contribution c", JOINS);
    sql.for_each(roots, viewing(account, "contribution"), columns, |sql, parent| {
        sql.push("SELECT c.id FROM contribution c WHERE c.state = 'PUBLISHED' AND c.root_id = ")
            .push(parent);
        sql.push(" ORDER BY c.listed_at DESC, c.id DESC LIMIT 1");
    });
    sql.push(" WHERE ").push(policy::VISIBLE);
    reader.rows(sql).await
}

/// A co-author of an entry.
#[derive(Clone, Debug, FromQueryResult)]
pub struct CoAuthorRow {
    /// The entry.
    pub contribution_id: Uuid,
    /// Their membership.
    pub member_id: Uuid,
    /// The version that they have confirmed.
    pub confirmed_version: Option<i32>,
    /// When.
    pub confirmed_at: Option<DateTime<Utc>>,
}

/// The co-authors of entries that the viewer sees, in their order.
pub(in super::super) async fn co_authors_of(reader: &Reader, entries: &[Uuid]) -> Result<Vec<CoAuthorRow>> {
    let mut sql =
        reader.sql("SELECT k.contribution_id, k.member_id, k.confirmed_version, k.confirmed_at FROM co_author k ");
    sql.push("JOIN contribution c ON c.id = k.contribution_id LEFT JOIN contribution r ON r.id = c.root_id");
    push_viewer(&mut sql, reader.actor()?.account_id, "c.space_id");
    sql.push("WHERE ").push(policy::VISIBLE).push(" AND ");
    sql.is_in("k.contribution_id", entries).push(" ORDER BY k.position");
    reader.rows(sql).await
}

/// Whether a moderator gave this version of something new back to its author, who has not handed it in again; for
/// staff, and for who gave it back.
pub(in super::super) async fn is_returned(reader: &Reader, contribution: Uuid, version: i32) -> Result<bool> {
    let mut sql = reader.sql("SELECT c.id AS parent, COUNT(*) AS count FROM contribution c");
    sql.push(" JOIN decision x ON x.contribution_id = c.id AND x.kind = 'RETURNED' AND x.version = ")
        .bind(version);
    push_viewer(&mut sql, reader.actor()?.account_id, "c.space_id");
    sql.push(
        "WHERE c.state = 'DRAFT' AND (m.role IN ('COORDINATOR', 'TEACHER') OR x.decided_by_id = m.id) AND c.id = ",
    )
    .bind(contribution)
    .push(" GROUP BY c.id");
    Ok(!count_by(reader, sql).await?.is_empty())
}

// ------------------------------------------------------------------------------------------------------------ revisions

/// A revision as the author or staff see it.
#[derive(Clone, Debug, FromQueryResult)]
pub struct RevisionRow {
    /// Primary key.
    pub id: Uuid,
    /// Whose version.
    pub contribution_id: Uuid,
    /// The space.
    pub space_id: Uuid,
    /// Its number.
    pub version: i32,
    /// Where it stands.
    pub state: RevisionState,
    /// Title.
    pub title: Option<String>,
    /// `CommonMark`.
    pub body: String,
    /// The same as safe HTML.
    pub body_html: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was handed in.
    pub submitted_at: Option<DateTime<Utc>>,
    /// Whether an earlier version was published before.
    pub is_edit: bool,
    /// What the kind keeps beside its text.
    pub detail: Detail,
}

const REVISION_COLUMNS: &str = "x.id, x.contribution_id, x.space_id, x.version, x.state, x.title, x.body, x.body_html, x.created_at, \
    x.submitted_at, x.is_edit, x.detail";

const OF_CONTRIBUTION: &str =
    "JOIN contribution c ON c.id = x.contribution_id LEFT JOIN contribution r ON r.id = c.root_id";

fn backstage(reader: &Reader) -> Result<Sql> {
    let mut sql = reader.sql("SELECT ");
    sql.push(REVISION_COLUMNS)
        .push(" FROM revision x ")
        .push(OF_CONTRIBUTION);
    push_viewer(&mut sql, reader.actor()?.account_id, "c.space_id");
    push_backstage(&mut sql);
    Ok(sql)
}

fn push_backstage(sql: &mut Sql) {
    sql.push(" WHERE x.state <> 'DRAFT' AND ")
        .push(policy::VISIBLE)
        .push(" AND ");
}

/// Revisions that the viewer may see.
pub(in super::super) async fn revisions_by_id(reader: &Reader, ids: &[Uuid]) -> Result<Vec<RevisionRow>> {
    let mut sql = backstage(reader)?;
    sql.push("(")
        .push(policy::BACKSTAGE)
        .push(" OR (x.state = 'PENDING' AND ")
        .push(policy::DECIDES)
        .push(")) AND ")
        .is_in("x.id", ids);
    reader.rows(sql).await
}

/// The revisions that wait for a moderator, of contributions that the viewer may see behind the stage.
pub(in super::super) async fn revisions_of(reader: &Reader, contributions: &[Uuid]) -> Result<Vec<RevisionRow>> {
    let mut sql = backstage(reader)?;
    sql.push(policy::DECIDES)
        .push(" AND x.state = 'PENDING' AND ")
        .is_in("x.contribution_id", contributions);
    reader.rows(sql).await
}

pub(in super::super) const REVISION_ORDER: Order = Order {
    tag: 14,
    // Of one contribution: with the id behind it, the index on both would not give the order.
    columns: &[("version", KeyType::Number)],
    is_descending: true,
};

/// Versions of contributions, newest first.
pub(in super::super) async fn revisions(
    reader: &Reader,
    contributions: &[Uuid],
    page: &Page,
) -> Result<HashMap<Uuid, Cut<RevisionRow>>> {
    let account = reader.actor()?.account_id;
    let mut sql = reader.sql("");
    let columns = (REVISION_COLUMNS, "revision x", OF_CONTRIBUTION);
    sql.for_each(
        contributions,
        viewing(account, "contribution"),
        columns,
        |sql, parent| {
            sql.push("SELECT x.id FROM revision x WHERE x.state <> 'DRAFT' AND x.contribution_id = ")
                .push(parent);
            page.push(sql, "x");
        },
    );
    sql.push(" WHERE ")
        .push(policy::VISIBLE)
        .push(" AND ")
        .push(policy::BACKSTAGE);
    let rows = reader.rows::<RevisionRow>(sql).await?;
    Ok(page.cut_by(rows, |row| row.contribution_id, |row| vec![Key::Number(row.version)]))
}

/// How many versions contributions have.
pub(in super::super) async fn revision_counts(reader: &Reader, contributions: &[Uuid]) -> Result<HashMap<Uuid, i64>> {
    let account = reader.actor()?.account_id;
    let mut sql = reader.sql("");
    sql.count_each(contributions, viewing(account, "contribution"), |sql, parent| {
        sql.push("revision x ").push(OF_CONTRIBUTION);
        push_backstage(sql);
        sql.push(policy::BACKSTAGE)
            .push(" AND x.contribution_id = ")
            .push(parent);
    });
    count_by(reader, sql).await
}

/// The order of what waits for a moderator, whatever it is: oldest first.
pub const QUEUE_ORDER: Order = Order {
    tag: 15,
    columns: &[("submitted_at", KeyType::Time), ("id", KeyType::Id)],
    is_descending: false,
};

/// What moderators can decide about now: an edit of something hidden waits until that is restored, and nobody decides about
/// their own work.
const IN_QUEUE: &str = "c.state IN ('PENDING', 'PUBLISHED') AND (m.role IN ('COORDINATOR', 'TEACHER') OR (c.author_id <> m.id \
    AND NOT EXISTS (SELECT 1 FROM co_author k WHERE k.contribution_id = c.id AND k.member_id = m.id)))";

/// Which versions that wait: only edits or only what is new, only in one phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Only edits (`true`), or only what is new.
    pub is_edit: Option<bool>,
    /// Only in this phase.
    pub phase_id: Option<Uuid>,
}

/// Writes the versions `x` that wait in the space in `parent` for the viewer to decide.
fn push_waiting(sql: &mut Sql, parent: &str, waiting: Waiting) {
    sql.push("revision x ").push(OF_CONTRIBUTION);
    sql.push(" WHERE x.state = 'PENDING' AND x.space_id = ").push(parent);
    for condition in [policy::VISIBLE, policy::DECIDES, IN_QUEUE] {
        sql.push(" AND ").push(condition);
    }
    if let Some(is_edit) = waiting.is_edit {
        sql.push(" AND x.is_edit = ").bind(is_edit);
    }
    if let Some(phase) = waiting.phase_id {
        sql.push(" AND c.phase_id = ").bind(phase);
    }
}

/// The versions that wait in spaces for the viewer to decide, enough of each for a page of the queue.
///
/// # Errors
/// The database's.
pub async fn waiting(reader: &Reader, spaces: &[Uuid], waiting: Waiting, page: &Page) -> Result<Vec<RevisionRow>> {
    let account = reader.actor()?.account_id;
    let mut sql = reader.sql("");
    let columns = (REVISION_COLUMNS, "revision x", "");
    sql.for_each(spaces, viewing(account, "space"), columns, |sql, parent| {
        sql.push("SELECT x.id FROM ");
        push_waiting(sql, parent, waiting);
        page.push(sql, "x");
    });
    reader.rows(sql).await
}

/// How many versions wait.
///
/// # Errors
/// The database's.
pub async fn waiting_counts(reader: &Reader, spaces: &[Uuid], waiting: Waiting) -> Result<HashMap<Uuid, i64>> {
    let account = reader.actor()?.account_id;
    let mut sql = reader.sql("");
    sql.count_each(spaces, viewing(account, "space"), |sql, parent| {
        push_waiting(sql, parent, waiting)
    });
    count_by(reader, sql).await
}

impl RevisionRow {
    /// Its place in the queue.
    #[must_use]
    pub fn place(&self) -> Vec<Key> {
        vec![
            Key::Time(self.submitted_at.unwrap_or(self.created_at)),
            Key::Id(self.id),
        ]
    }
}

#[derive(FromQueryResult)]
struct Stored {
    count: i64,
}

/// Whether there is such a contribution, whoever sees it.
pub async fn system_exists(reader: &Reader, id: Uuid) -> Result<bool> {
    let mut sql = reader.sql("SELECT COUNT(*) AS count FROM contribution WHERE id = ");
    sql.bind(id);
    Ok(reader.row::<Stored>(sql).await?.is_some_and(|row| row.count > 0))
}

/// What a moderator decided last.
#[derive(Clone, Debug, FromQueryResult)]
pub struct DecisionRow {
    pub id: Uuid,
    space_id: Uuid,
    pub contribution_id: Uuid,
    pub kind: DecisionKind,
    pub reason: Option<ModerationReason>,
    pub note: Option<String>,
    pub decided_by_id: Option<Uuid>,
    pub decided_at: DateTime<Utc>,
    pub version: i32,
}

const DECISION_COLUMNS: &str =
    "x.id, x.space_id, x.contribution_id, x.kind, x.reason, x.note, x.decided_by_id, x.decided_at, x.version";

pub(in super::super) const LOG_ORDER: Order = Order {
    tag: 16,
    columns: &[("decided_at", KeyType::Time), ("id", KeyType::Id)],
    is_descending: true,
};

/// What was decided in spaces, newest first; for staff only.
pub(in super::super) async fn log(
    reader: &Reader,
    spaces: &[Uuid],
    page: &Page,
) -> Result<HashMap<Uuid, Cut<DecisionRow>>> {
    let account = reader.actor()?.account_id;
    let mut sql = reader.sql("");
    let columns = (DECISION_COLUMNS, "decision x", "");
    sql.for_each(spaces, viewing(account, "space"), columns, |sql, parent| {
        sql.push("SELECT x.id FROM decision x WHERE x.space_id = ")
            .push(parent)
            .push(STAFF);
        page.push(sql, "x");
    });
    let rows = reader.rows::<DecisionRow>(sql).await?;
    let place = |row: &DecisionRow| vec![Key::Time(row.decided_at), Key::Id(row.id)];
    Ok(page.cut_by(rows, |row| row.space_id, place))
}

/// How much was decided.
pub(in super::super) async fn log_counts(reader: &Reader, spaces: &[Uuid]) -> Result<HashMap<Uuid, i64>> {
    let account = reader.actor()?.account_id;
    let mut sql = reader.sql("");
    sql.count_each(spaces, viewing(account, "space"), |sql, parent| {
        sql.push("decision x WHERE x.space_id = ").push(parent).push(STAFF);
    });
    count_by(reader, sql).await
}

/// Decisions that the viewer may look up: staff.
pub(in super::super) async fn decisions_by_id(reader: &Reader, ids: &[Uuid]) -> Result<Vec<DecisionRow>> {
    let mut sql = reader.sql("SELECT ");
    sql.push(DECISION_COLUMNS).push(" FROM decision x");
    push_viewer(&mut sql, reader.actor()?.account_id, "x.space_id");
    sql.push("WHERE ").is_in("x.id", ids).push(STAFF);
    reader.rows(sql).await
}

const STAFF: &str = " AND m.role IN ('COORDINATOR', 'TEACHER')";

/// The last decision about each contribution, for its author and staff.
pub(in super::super) async fn decisions(reader: &Reader, contributions: &[Uuid]) -> Result<Vec<DecisionRow>> {
    let account = reader.actor()?.account_id;
    let mut sql = reader.sql("");
    let columns = (DECISION_COLUMNS, "decision x", OF_CONTRIBUTION);
    sql.for_each(
        contributions,
        viewing(account, "contribution"),
        columns,
        |sql, parent| {
            sql.push("SELECT x.id FROM decision x WHERE x.contribution_id = ")
                .push(parent);
            sql.push(" ORDER BY x.decided_at DESC, x.id DESC LIMIT 1");
        },
    );
    sql.push(" WHERE ")
        .push(policy::VISIBLE)
        .push(" AND ")
        .push(policy::BACKSTAGE);
    reader.rows(sql).await
}
