//! Fields that all contributions share.

#![expect(
    clippy::duplicated_attributes,
    reason = "several fields of an interface have the same type"
)]

use std::{collections::HashMap, ops::Deref, sync::Arc};

use async_graphql::{ID, Interface, SimpleObject};
use entity::enums::ContributionKind;
use uuid::Uuid;

use super::{
    super::store::{self, CoAuthorRow, ContributionRow, DecisionRow, List, ListKind, ReactionRow},
    Audience, BylineKind, Comment, CommentViewerCan, ContentState, Lists, ModerationDecision, ReactionCount, Revision,
    listed,
    revision::{RevisionLinks, Revisions, versions},
};
use crate::{
    features::{
        forum::graphql::{Thread, ThreadLinks, ThreadViewerCan},
        journal::graphql::{JournalEntry, JournalEntryViewerCan},
        media::graphql::{Album, AlbumViewerCan, MediaItem, MediaItemViewerCan, MediaLinks},
        organisation::graphql::Organisation,
        review::graphql::{Review, Reviews, reviews_of_contribution},
        space::graphql::{Membership, Phase, Space, members, phases, spaces},
    },
    platform::{
        db::Reader,
        error::{Error, Result},
        id,
        level::{At, Level, Link},
        page::{Listed, PageArgs},
        permission::ActionPermission,
        scalar::{DateTime, LanguageTag},
        text,
    },
    policy::ContentAction,
};

/// A contribution as one row of a level.
pub type ContributionAt = At<ContributionRow, ContributionLinks>;

/// What belongs to contributions.
#[derive(Debug, Default)]
pub struct ContributionLinks {
    spaces: Link<HashMap<Uuid, Space>>,
    phases: Link<HashMap<Uuid, Phase>>,
    authors: Link<HashMap<Uuid, Membership>>,
    last_comments: Link<HashMap<Uuid, Comment>>,
    /// Roots of comments.
    pub(super) roots: Link<HashMap<Uuid, Contribution>>,
    /// Comments that were answered.
    pub(super) answered: Link<HashMap<Uuid, Contribution>>,
    pending: Link<HashMap<Uuid, Revision>>,
    decisions: Link<HashMap<Uuid, (DecisionRow, Option<Membership>)>>,
    co_authors: Link<HashMap<Uuid, Vec<(CoAuthorRow, Membership)>>>,
    versions: Arc<Revisions>,
    mentioned: Link<HashMap<Uuid, Membership>>,
    reactions: Link<HashMap<Uuid, Vec<ReactionRow>>>,
    /// Comments and replies.
    pub(super) lists: Arc<Lists>,
    /// What belongs to threads alone.
    pub(in crate::features) threads: ThreadLinks,
    /// What belongs to media items alone.
    pub(in crate::features) media: MediaLinks,
    attached: Link<HashMap<Uuid, Contribution>>,
    reviews: Arc<Reviews>,
}

/// What a member makes in a space: enough for one client component to show any kind.
#[derive(Interface, Clone, Debug)]
#[graphql(
    field(name = "id", ty = "ID", desc = "Opaque id."),
    field(name = "space", ty = "Space", desc = "The space that it belongs to."),
    field(name = "phase", ty = "Phase", desc = "The phase that it belongs to."),
    field(name = "state", ty = "ContentState", desc = "Where it stands."),
    field(
        name = "audience",
        ty = "Audience",
        desc = "Who sees it; for a comment, who sees its root."
    ),
    field(name = "language", ty = "Option<LanguageTag>", desc = "Language of the text."),
    field(
        name = "author",
        ty = "Option<Membership>",
        desc = "Who wrote it. Null where the viewer sees a placeholder."
    ),
    field(name = "byline", ty = "Byline", desc = "How to show who wrote it."),
    field(
        name = "body",
        ty = "Option<String>",
        desc = "The published text as CommonMark. Null where the viewer sees a placeholder."
    ),
    field(
        name = "body_html",
        ty = "Option<String>",
        desc = "The same as HTML that is safe to insert into a page: no scripts, no images from elsewhere. A line break is a `<br>`; \
            only two tildes on each side strike through."
    ),
    field(
        name = "excerpt",
        ty = "Option<String>",
        desc = "The first words that `bodyHtml` shows, as plain text of at most 200 characters."
    ),
    field(
        name = "mentions",
        ty = "Vec<Membership>",
        desc = "The members that the text mentions as `<@` id `>`, each once, in their order: at most 20. `bodyHtml` and `excerpt` show the names that they have now. Empty where the viewer sees a placeholder."
    ),
    field(
        name = "version",
        ty = "i32",
        desc = "Counts changes of the content: send it as `expectedVersion`."
    ),
    field(
        name = "idempotency_key",
        ty = "Option<&str>",
        desc = "The `idempotencyKey` that it was made with. For its author; null for everybody else, and if it was made without one."
    ),
    field(name = "created_at", ty = "DateTime", desc = "When it was begun."),
    field(
        name = "published_at",
        ty = "Option<DateTime>",
        desc = "When others could see it first."
    ),
    field(
        name = "edited_at",
        ty = "Option<DateTime>",
        desc = "When it was last edited, not counting the first 30 minutes."
    ),
    field(
        name = "pending_revision",
        ty = "Option<Revision>",
        desc = "The version that waits for a moderator. For its author, staff and pupils who co-moderate it; null for everybody else."
    ),
    field(
        name = "last_decision",
        ty = "Option<ModerationDecision>",
        desc = "What a moderator decided last. For its author and staff; null for everybody else."
    ),
    field(
        name = "revisions",
        ty = "Listed<Revision>",
        desc = "Its versions, newest first. For its author and staff; empty for everybody else.",
        arg(
            name = "first",
            ty = "Option<i32>",
            desc = "Number of versions from the start, at most 100; 20 by default."
        ),
        arg(name = "after", ty = "Option<String>", desc = "Only what comes after this cursor."),
        arg(
            name = "last",
            ty = "Option<i32>",
            desc = "Number of versions from the end, at most 100."
        ),
        arg(name = "before", ty = "Option<String>", desc = "Only what comes before this cursor.")
    ),
    field(
        name = "reactions",
        ty = "Vec<ReactionCount>",
        desc = "How members react to it, only ways that somebody has chosen, in the order of the enum: at most 6. Empty where the viewer sees a placeholder."
    ),
    field(
        name = "viewer_can",
        ty = "ContributionViewerCan",
        desc = "What the viewer may do with it."
    )
)]
pub enum Contribution {
    /// A forum thread.
    Thread(Thread),
    /// A comment.
    Comment(Comment),
    /// A journal entry.
    JournalEntry(JournalEntry),
    /// A photo, video or file.
    MediaItem(MediaItem),
    /// A selection of photos, videos and files.
    Album(Album),
}

/// What members comment on.
#[derive(Interface, Clone, Debug)]
#[graphql(
    field(name = "id", ty = "ID", desc = "Opaque id."),
    field(
        name = "comment_count",
        ty = "i32",
        desc = "Number of published comments at any depth; the same for everybody."
    ),
    field(
        name = "last_activity_at",
        ty = "DateTime",
        desc = "When it, or the newest comment, was published."
    ),
    field(
        name = "last_comment",
        ty = "Option<Comment>",
        desc = "The newest published comment."
    ),
    field(
        name = "comments",
        ty = "Listed<Comment>",
        desc = "Comments at any depth in order of time, oldest first: a flat list that clients indent by `depth`. Hidden and removed ones stay as placeholders.",
        arg(
            name = "max_depth",
            ty = "Option<i32>",
            desc = "Only comments of this depth and above; 0 = only answers to the root."
        ),
        arg(
            name = "first",
            ty = "Option<i32>",
            desc = "Number of comments from the start, at most 100; 20 by default."
        ),
        arg(name = "after", ty = "Option<String>", desc = "Only what comes after this cursor."),
        arg(
            name = "last",
            ty = "Option<i32>",
            desc = "Number of comments from the end, at most 100."
        ),
        arg(name = "before", ty = "Option<String>", desc = "Only what comes before this cursor.")
    ),
    field(
        name = "reviews",
        ty = "Listed<Review>",
        desc = "Reviews of it, of all rounds, as far as the viewer sees them, in an order that tells nothing.",
        arg(
            name = "first",
            ty = "Option<i32>",
            desc = "Number of reviews from the start, at most 100; 20 by default."
        ),
        arg(name = "after", ty = "Option<String>", desc = "Only what comes after this cursor."),
        arg(
            name = "last",
            ty = "Option<i32>",
            desc = "Number of reviews from the end, at most 100."
        ),
        arg(name = "before", ty = "Option<String>", desc = "Only what comes before this cursor.")
    )
)]
pub enum Commentable {
    /// A forum thread.
    Thread(Thread),
    /// A journal entry.
    JournalEntry(JournalEntry),
    /// A photo, video or file.
    MediaItem(MediaItem),
    /// A selection of photos, videos and files.
    Album(Album),
}

/// What the viewer may do with a contribution, whatever its kind.
#[derive(Interface)]
#[graphql(
    field(name = "contribution_publish", ty = "ActionPermission", desc = "Publish the draft."),
    field(
        name = "contribution_withdraw",
        ty = "ActionPermission",
        desc = "Take it back into the drafts."
    ),
    field(name = "contribution_remove", ty = "ActionPermission", desc = "Remove it for good."),
    field(
        name = "contribution_approve",
        ty = "ActionPermission",
        desc = "Publish what waits for a moderator."
    ),
    field(
        name = "contribution_return",
        ty = "ActionPermission",
        desc = "Give back what waits, with a note."
    ),
    field(name = "contribution_hide", ty = "ActionPermission", desc = "Take it out of sight."),
    field(
        name = "contribution_restore",
        ty = "ActionPermission",
        desc = "Bring it back into sight."
    ),
    field(
        name = "contribution_report",
        ty = "ActionPermission",
        desc = "Report it to the moderators."
    ),
    field(name = "reaction_add", ty = "ActionPermission", desc = "React to it."),
    field(
        name = "reaction_remove",
        ty = "ActionPermission",
        desc = "Take an own reaction back."
    )
)]
pub enum ContributionViewerCan {
    /// Of a thread.
    Thread(ThreadViewerCan),
    /// Of a comment.
    Comment(CommentViewerCan),
    /// Of a journal entry.
    JournalEntry(JournalEntryViewerCan),
    /// Of a media item.
    MediaItem(MediaItemViewerCan),
    /// Of an album.
    Album(AlbumViewerCan),
}

/// Who wrote something, as this viewer may know it.
#[derive(SimpleObject, Clone, Debug)]
pub struct Byline {
    /// How to show it.
    kind: BylineKind,
    /// The author's name. Null if withheld, or if the person was erased.
    name: Option<String>,
    /// The author's organisation. Null if withheld.
    organisation: Option<Organisation>,
    /// What stands for the name of a `PSEUDONYM`; null for all others. It tells nothing else, and another round has another one.
    number: Option<i32>,
}

impl Byline {
    /// Of a member, or of nobody the viewer may know.
    ///
    /// # Errors
    /// The database's.
    pub async fn of(author: Option<Membership>) -> Result<Self> {
        Ok(match author {
            None => Self {
                kind: BylineKind::Withheld,
                name: None,
                organisation: None,
                number: None,
            },
            Some(author) => Self {
                kind: if author.0.left_at.is_some() {
                    BylineKind::FormerMember
                } else {
                    BylineKind::Member
                },
                name: Some(author.0.display_name.clone()).filter(|name| !name.is_empty()),
                organisation: author.affiliation().await?,
                number: None,
            },
        })
    }

    /// Of somebody whom a review round hides.
    #[must_use]
    pub fn pseudonym(number: Option<i32>) -> Self {
        Self {
            kind: BylineKind::Pseudonym,
            name: None,
            organisation: None,
            number,
        }
    }
}

/// The fields of `Contribution`.
#[derive(Clone, Debug)]
pub struct Spine(pub ContributionAt);

impl Deref for Spine {
    type Target = ContributionRow;

    fn deref(&self) -> &ContributionRow {
        &self.0
    }
}

impl Spine {
    fn ids(&self, id: fn(&ContributionRow) -> Option<Uuid>) -> Vec<Uuid> {
        let mut ids: Vec<Uuid> = self.0.level().rows.iter().filter_map(id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Whether the viewer may do something with it.
    pub fn can(&self, action: ContentAction) -> ActionPermission {
        self.0.allows(action).into()
    }

    /// The author, whether the viewer may know or not.
    async fn writer(&self) -> Result<Option<Membership>> {
        let level = self.0.level();
        let load = || Box::pin(async { members(&level.reader, &self.ids(|row| Some(row.author_id))).await }) as _;
        Ok(level.links.authors.load(load).await?.get(&self.author_id).cloned())
    }

    /// Who is named as co-author, if the viewer may know.
    pub(in crate::features) async fn co_authors(&self) -> Result<Vec<(CoAuthorRow, Membership)>> {
        let level = self.0.level();
        let load = || {
            Box::pin(async {
                let entries = self.ids(|row| (row.kind == ContributionKind::JournalEntry).then_some(row.id));
                let rows = store::co_authors_of(&level.reader, &entries).await?;
                let ids: Vec<Uuid> = rows.iter().map(|row| row.member_id).collect();
                let members = if ids.is_empty() {
                    HashMap::new()
                } else {
                    members(&level.reader, &ids).await?
                };
                let mut by_entry: HashMap<Uuid, Vec<_>> = HashMap::new();
                for row in rows {
                    if let Some(member) = members.get(&row.member_id) {
                        by_entry
                            .entry(row.contribution_id)
                            .or_default()
                            .push((row, member.clone()));
                    }
                }
                Ok(by_entry)
            }) as _
        };
        if !self.is_readable() {
            return Ok(Vec::new());
        }
        let known = level.links.co_authors.load(load).await?;
        Ok(known.get(&self.0.id).cloned().unwrap_or_default())
    }

    /// The media items that are shown with it, as far as the viewer sees them.
    pub(in crate::features) async fn attachments(&self) -> Result<Vec<MediaItem>> {
        let level = self.0.level();
        let load = || {
            Box::pin(async {
                let attached = level.rows.iter().flat_map(|row| row.detail.attachments.iter().copied());
                contributions(&level.reader, &attached.collect::<Vec<_>>()).await
            }) as _
        };
        if !self.is_readable() || self.detail.attachments.is_empty() {
            return Ok(Vec::new());
        }
        let known = level.links.attached.load(load).await?;
        Ok(media_items(&self.detail.attachments, known))
    }

    /// Its root, if it is a comment.
    pub(super) async fn root_contribution(&self) -> Result<Option<Contribution>> {
        let Some(root) = self.root_id else { return Ok(None) };
        let level = self.0.level();
        let load = || Box::pin(async { contributions(&level.reader, &self.ids(|row| row.root_id)).await }) as _;
        Ok(level.links.roots.load(load).await?.get(&root).cloned())
    }

    /// What it answers, if it is a comment.
    ///
    /// # Errors
    /// The database's.
    pub async fn answered(&self) -> Result<Option<Contribution>> {
        let Some(answered) = self.reply_to_id else {
            return Ok(None);
        };
        let level = self.0.level();
        let load = || Box::pin(async { contributions(&level.reader, &self.ids(|row| row.reply_to_id)).await }) as _;
        Ok(level.links.answered.load(load).await?.get(&answered).cloned())
    }
}

impl Spine {
    /// Opaque id.
    pub fn id(&self) -> ID {
        id::encode(self.kind.into(), self.0.id)
    }

    /// The space that it belongs to.
    pub async fn space(&self) -> Result<Space> {
        let level = self.0.level();
        let load = || Box::pin(async { spaces(&level.reader, &self.ids(|row| Some(row.space_id))).await }) as _;
        level
            .links
            .spaces
            .load(load)
            .await?
            .get(&self.space_id)
            .cloned()
            .ok_or_else(Error::not_found)
    }

    /// The phase that it belongs to.
    pub async fn phase(&self) -> Result<Phase> {
        let level = self.0.level();
        let load = || Box::pin(async { phases(&level.reader, &self.ids(|row| Some(row.phase_id))).await }) as _;
        level
            .links
            .phases
            .load(load)
            .await?
            .get(&self.phase_id)
            .cloned()
            .ok_or_else(Error::not_found)
    }

    /// Language of the text.
    pub fn language(&self) -> Option<LanguageTag> {
        self.language.clone().filter(|_| self.is_readable()).map(LanguageTag)
    }

    /// Who wrote it. Null where the viewer sees a placeholder.
    pub async fn author(&self) -> Result<Option<Membership>> {
        if self.is_readable() {
            self.writer().await
        } else {
            Ok(None)
        }
    }

    /// How to show who wrote it.
    pub async fn byline(&self) -> Result<Byline> {
        let author = if self.is_readable() { self.writer().await? } else { None };
        Byline::of(author).await
    }

    /// Counts changes of the content: send it as `expectedVersion`.
    pub fn version(&self) -> i32 {
        if self.is_backstage() {
            self.0.version
        } else {
            self.published_version.unwrap_or(self.0.version)
        }
    }

    /// The version that waits for a moderator: the whole of a new contribution, or an edit of a published one. For its author,
    /// staff and pupils who co-moderate it; null for everybody else.
    pub async fn pending_revision(&self) -> Result<Option<Revision>> {
        let level = self.0.level();
        let load = || {
            Box::pin(async {
                let waiting = self.ids(|row| row.pending_version.map(|_| row.id));
                let rows = store::revisions_of(&level.reader, &waiting).await?;
                let level: Arc<Level<_, RevisionLinks>> = Level::new(&level.reader, rows);
                Ok(level
                    .all()
                    .into_iter()
                    .map(|row| (row.contribution_id, Revision(row)))
                    .collect())
            }) as _
        };
        if self.pending_version.is_none() || !self.is_decider() {
            return Ok(None);
        }
        Ok(level.links.pending.load(load).await?.get(&self.0.id).cloned())
    }

    /// What a moderator decided last. For its author and staff; null for everybody else.
    pub async fn last_decision(&self) -> Result<Option<ModerationDecision>> {
        if !self.is_backstage() {
            return Ok(None);
        }
        let level = self.0.level();
        let load = || {
            Box::pin(async {
                let rows = store::decisions(&level.reader, &self.ids(|row| Some(row.id))).await?;
                let deciders: Vec<Uuid> = rows.iter().filter_map(|row| row.decided_by_id).collect();
                let deciders = members(&level.reader, &deciders).await?;
                let with_decider = |row: DecisionRow| {
                    let decider = row.decided_by_id.and_then(|id| deciders.get(&id)).cloned();
                    (row.contribution_id, (row, decider))
                };
                Ok(rows.into_iter().map(with_decider).collect())
            }) as _
        };
        Ok(level
            .links
            .decisions
            .load(load)
            .await?
            .get(&self.0.id)
            .cloned()
            .map(ModerationDecision::from))
    }

    /// The members that the texts of the level mention; no statement if they mention nobody.
    async fn mentioned(&self) -> Result<&HashMap<Uuid, Membership>> {
        let level = self.0.level();
        let load = || {
            Box::pin(async {
                let readable = level.rows.iter().filter(|row| row.is_readable());
                mentioned(&level.reader, readable.map(|row| row.body_html.as_str())).await
            }) as _
        };
        level.links.mentioned.load(load).await
    }

    /// The text as safe HTML, with the names of members.
    pub async fn body_html(&self) -> Result<Option<String>> {
        if !self.is_readable() {
            return Ok(None);
        }
        let known = self.mentioned().await?;
        let html = text::with_names(&self.0.body_html, |id| name(known, self.space_id, id));
        Ok(Some(html))
    }

    /// Its first words as plain text, with the names of members.
    pub async fn excerpt(&self) -> Result<Option<String>> {
        if !self.is_readable() {
            return Ok(None);
        }
        let known = self.mentioned().await?;
        let excerpt = text::excerpt_with_names(&self.0.excerpt, |id| name(known, self.space_id, id));
        Ok(Some(excerpt))
    }

    /// The members that the text mentions.
    pub async fn mentions(&self) -> Result<Vec<Membership>> {
        if !self.is_readable() {
            return Ok(Vec::new());
        }
        let known = self.mentioned().await?;
        let ids = text::mentioned(&self.0.body_html);
        let members = ids.iter().filter_map(|id| known.get(id));
        Ok(members
            .filter(|member| member.0.space_id == self.space_id)
            .cloned()
            .collect())
    }

    /// How members react to it: in the order of the enum, at most 6.
    pub async fn reactions(&self) -> Result<Vec<ReactionCount>> {
        if !self.is_readable() {
            return Ok(Vec::new());
        }
        let level = self.0.level();
        let load = || {
            Box::pin(async {
                let mut rows = store::reactions(&level.reader, &self.ids(|row| Some(row.id))).await?;
                rows.sort_by_key(|row| row.kind);
                let mut by_contribution: HashMap<Uuid, Vec<ReactionRow>> = HashMap::new();
                for row in rows {
                    by_contribution.entry(row.contribution_id).or_default().push(row);
                }
                Ok(by_contribution)
            }) as _
        };
        let known = level.links.reactions.load(load).await?.get(&self.0.id);
        Ok(known.into_iter().flatten().map(ReactionCount::from).collect())
    }

    /// Its versions, newest first. For its author and staff; empty for everybody else.
    pub async fn revisions(&self, args: &PageArgs) -> Result<Listed<Revision>> {
        let level = self.0.level();
        versions(
            &level.links.versions,
            &level.reader,
            (self.ids(|row| Some(row.id)), self.0.id),
            args,
        )
        .await
    }
}

impl Spine {
    /// The newest published comment.
    pub async fn last_comment(&self) -> Result<Option<Comment>> {
        let level = self.0.level();
        let load = || {
            Box::pin(async {
                let roots = self.ids(|row| (row.comment_count > 0).then_some(row.id));
                let level = Level::new(&level.reader, store::last_comments(&level.reader, &roots).await?);
                let by_root = |comment: ContributionAt| Some((comment.root_id?, Comment(Spine(comment))));
                Ok(level.all().into_iter().filter_map(by_root).collect())
            }) as _
        };
        Ok(level.links.last_comments.load(load).await?.get(&self.0.id).cloned())
    }

    /// Comments at any depth in order of time, oldest first: a flat list that clients indent by `depth`. Hidden and removed
    /// ones stay as placeholders.
    pub async fn comments(&self, max_depth: Option<i32>, args: &PageArgs) -> Result<Listed<Comment>> {
        let level = self.0.level();
        let list = List {
            max_depth,
            ..List::all(ListKind::Comments)
        };
        let parents = (self.ids(|row| Some(row.id)), self.0.id);
        let (cut, total) = listed(&level.links.lists, &level.reader, parents, list, args).await?;
        Ok(cut.map(|comment| Comment(Spine(comment))).connection(total))
    }

    /// Reviews of it, as far as the viewer sees them.
    pub async fn reviews(&self, args: &PageArgs) -> Result<Listed<Review>> {
        let level = self.0.level();
        let parents = (self.ids(|row| row.root_id.is_none().then_some(row.id)), self.0.id);
        reviews_of_contribution(&level.links.reviews, &level.reader, parents, args).await
    }
}

/// The members that texts mention; no statement if they mention nobody.
pub(super) async fn mentioned<'a>(
    reader: &Arc<Reader>,
    texts: impl Iterator<Item = &'a str> + Send,
) -> Result<HashMap<Uuid, Membership>> {
    let mut ids: Vec<Uuid> = texts.flat_map(text::mentioned).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    members(reader, &ids).await
}

/// The name of a member of a space, of nobody else.
pub(super) fn name(known: &HashMap<Uuid, Membership>, space: Uuid, id: Uuid) -> Option<&str> {
    let member = known.get(&id).filter(|member| member.0.space_id == space)?;
    Some(&member.0.display_name)
}

impl From<ContributionAt> for Contribution {
    fn from(row: ContributionAt) -> Self {
        let spine = Spine(row);
        match spine.kind {
            ContributionKind::Thread => Self::Thread(Thread(spine)),
            ContributionKind::Comment => Self::Comment(Comment(spine)),
            ContributionKind::JournalEntry => Self::JournalEntry(JournalEntry(spine)),
            ContributionKind::MediaItem => Self::MediaItem(MediaItem(spine)),
            ContributionKind::Album => Self::Album(Album(spine)),
        }
    }
}

impl Contribution {
    /// What all kinds share.
    #[must_use]
    pub fn spine(&self) -> &Spine {
        match self {
            Self::Thread(thread) => thread.spine(),
            Self::Comment(comment) => comment.spine(),
            Self::JournalEntry(entry) => entry.spine(),
            Self::MediaItem(item) => item.spine(),
            Self::Album(album) => album.spine(),
        }
    }

    /// As something to comment on, unless it is a comment.
    #[must_use]
    pub fn commentable(self) -> Option<Commentable> {
        match self {
            Self::Thread(thread) => Some(Commentable::Thread(thread)),
            Self::JournalEntry(entry) => Some(Commentable::JournalEntry(entry)),
            Self::MediaItem(item) => Some(Commentable::MediaItem(item)),
            Self::Album(album) => Some(Commentable::Album(album)),
            Self::Comment(_) => None,
        }
    }

    /// Its root: itself unless it is a comment.
    ///
    /// # Errors
    /// The database's.
    pub async fn root(&self) -> Result<Option<Commentable>> {
        let root = match self {
            Self::Comment(comment) => comment.0.root_contribution().await?,
            root => Some(root.clone()),
        };
        Ok(root.and_then(Self::commentable))
    }
}

/// Contributions of any kind, as far as the viewer may see them, as one level.
///
/// # Errors
/// The database's.
pub async fn contributions(reader: &Arc<Reader>, ids: &[Uuid]) -> Result<HashMap<Uuid, Contribution>> {
    let level = Level::new(reader, store::by_ids(reader, ids).await?);
    Ok(level.all().into_iter().map(|row| (row.id, row.into())).collect())
}

/// What contributions are, of which one who listens hears that they are gone. Nobody else is told.
///
/// # Errors
/// The database's.
pub async fn kinds(reader: &Arc<Reader>, ids: &[Uuid]) -> Result<HashMap<Uuid, ContributionKind>> {
    match reader.vantage() {
        Some(vantage) => store::kinds(reader, vantage, ids).await,
        None => Ok(HashMap::new()),
    }
}

/// The media items among these, in their order.
pub fn media_items(ids: &[Uuid], known: &HashMap<Uuid, Contribution>) -> Vec<MediaItem> {
    let item = |id: &Uuid| match known.get(id) {
        Some(Contribution::MediaItem(item)) => Some(item.clone()),
        _ => None,
    };
    ids.iter().filter_map(item).collect()
}

/// One contribution, as far as the viewer may see it.
///
/// # Errors
/// The database's.
pub async fn by_id(reader: &Arc<Reader>, id: Option<Uuid>) -> Result<Option<Contribution>> {
    let Some(id) = id else { return Ok(None) };
    Ok(contributions(reader, &[id]).await?.remove(&id))
}
