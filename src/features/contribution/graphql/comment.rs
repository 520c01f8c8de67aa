//! Comments.

use async_graphql::{Context, Description, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::revision::Detail;
use uuid::Uuid;

use super::{
    super::{
        rules::{Patch, Text},
        service::{self, NewComment},
        store::{List, ListKind},
    },
    Commentable, Contribution, Spine, by_id, contribution_object, listed, viewer_can,
};
use crate::{
    app::app,
    features::media::graphql::MediaItem,
    platform::{
        error::{Refusal, Result},
        graphql::{actor, cleared, input_id, kept, reader, settle, settle_created},
        id::Kind,
        idempotency::{Created, Key},
        page::{Listed, PageArgs},
        scalar::LanguageTag,
    },
};

viewer_can! {
    /// What the viewer may do with a comment.
    CommentViewerCan {
        /// Edit it.
        comment_update = Update,
    }
}

/// A comment on a thread or a journal entry. Hidden and removed ones stay as placeholders without author and text.
#[derive(Clone, Debug, Description)]
pub struct Comment(pub Spine);

impl Comment {
    /// What all contributions share.
    pub(super) fn spine(&self) -> &Spine {
        &self.0
    }
}

contribution_object! { Comment {
    /// What it belongs to.
    async fn root(&self) -> Result<Option<Commentable>> {
        Ok(self.0.root_contribution().await?.and_then(Contribution::commentable))
    }

    /// The comment that it answers, always the very one. Null for an answer to the root.
    async fn reply_to(&self) -> Result<Option<Comment>> {
        Ok(match self.0.answered().await? {
            Some(Contribution::Comment(comment)) => Some(comment),
            _ => None,
        })
    }

    /// The media items that are shown with it, in the order of its author, at most 20. A file that is not ready yet is shown to its
    /// uploader and staff alone.
    async fn attachments(&self) -> Result<Vec<MediaItem>> {
        self.0.attachments().await
    }

    /// How far to indent it: 0 for answers to the root, at most 4.
    async fn depth(&self) -> i32 {
        self.0.depth
    }

    /// Direct answers, oldest first.
    async fn replies(
        &self,
        #[graphql(desc = "Number of comments from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of comments from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Listed<Comment>> {
        let level = self.0.0.level();
        let parents = (level.rows.iter().map(|row| row.id).collect(), self.0.0.id);
        let args = PageArgs { first, after, last, before };
        let list = List::all(ListKind::Replies);
        let (cut, total) = listed(&level.links.lists, &level.reader, parents, list, &args).await?;
        Ok(cut.map(|comment| Comment(Spine(comment))).connection(total))
    }

    /// What the viewer may do with it.
    pub async fn viewer_can(&self) -> CommentViewerCan {
        CommentViewerCan::of(&self.0)
    }
} }

/// Input of `commentCreate`.
#[derive(InputObject)]
pub struct CommentCreateInput {
    /// The thread, journal entry, media item or album.
    root_id: ID,
    /// The comment that is answered; absent = the root itself.
    reply_to_id: Option<ID>,
    /// CommonMark, 1 to 10,000 characters.
    body: String,
    /// Language of the text; by default the author's first.
    language: Option<LanguageTag>,
    /// Media items to show with it, in this order, at most 20: own ones, and published ones of others.
    attachment_ids: Option<Vec<ID>>,
    /// 16 to 64 characters, new for every comment: a repeated call with the same key and input makes nothing twice.
    idempotency_key: Option<String>,
}

/// Answer of `commentCreate`.
#[derive(SimpleObject, Default)]
pub struct CommentCreatePayload {
    /// The new comment; its `state` tells whether it waits for a moderator.
    comment: Option<Comment>,
    /// What it belongs to, with its counters.
    root: Option<Commentable>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `commentUpdate`.
#[derive(InputObject)]
pub struct CommentUpdateInput {
    /// The comment.
    comment_id: ID,
    /// Its `version` as the author has seen it.
    expected_version: i32,
    /// CommonMark, 1 to 10,000 characters; absent = unchanged.
    body: MaybeUndefined<String>,
    /// Language of the text; absent = unchanged.
    language: MaybeUndefined<LanguageTag>,
    /// All media items to show with it, in this order, at most 20; absent = unchanged, null = none.
    attachment_ids: MaybeUndefined<Vec<ID>>,
}

/// Answer of `commentUpdate`.
#[derive(SimpleObject, Default)]
pub struct CommentUpdatePayload {
    /// The comment as it is now.
    comment: Option<Comment>,
    /// What it belongs to, with its counters.
    root: Option<Commentable>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Mutations of comments.
#[derive(Default)]
pub struct CommentMutation;

#[Object]
impl CommentMutation {
    /// Comments on something published that isn't a comment, or answers a comment. Where texts are pre-moderated, a pupil's
    /// comment waits for a moderator.
    async fn comment_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: CommentCreateInput,
    ) -> Result<Option<CommentCreatePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let roots = [Kind::Thread, Kind::JournalEntry, Kind::MediaItem, Kind::Album];
        let root_id = input_id("rootId", &roots, &input.root_id);
        let known_root = root_id.as_ref().ok().copied();
        let work = async {
            let key = Key::new("commentCreate", input.idempotency_key.as_deref(), &input)?;
            let reply_to = input
                .reply_to_id
                .as_ref()
                .map(|id| input_id("replyToId", &[Kind::Comment], id))
                .transpose()?;
            let language = input
                .language
                .map(|tag| tag.checked())
                .transpose()
                .map_err(|error| error.at(&["language"]))?;
            let text = Text {
                body: input.body,
                language,
                detail: Detail {
                    attachments: item_ids("attachmentIds", &input.attachment_ids.unwrap_or_default())?,
                    ..Detail::default()
                },
                ..Text::default()
            };
            service::comment_create(
                app,
                actor,
                NewComment {
                    root_id: root_id?,
                    reply_to_id: reply_to,
                    text,
                },
                key,
            )
            .await
        };
        let (created, mut user_errors) = settle_created(ctx, work).await?;
        let reader = reader(ctx)?;
        let found = comment(by_id(reader, created.map(|created| created.id)).await?);
        let is_hidden = match created.filter(|made| !made.is_replay && found.is_none()) {
            Some(made) => {
                reader.release().await;
                service::is_stored(app, made.id).await?
            }
            None => false,
        };
        let comment = if is_hidden {
            // Made, and no longer theirs to see: somebody has narrowed its root meanwhile.
            None
        } else {
            Created::read_back(created, found, &mut user_errors)?
        };
        let root = match &comment {
            Some(comment) => comment.0.root_contribution().await?,
            None if actor.ready().is_ok() => by_id(reader, known_root).await?,
            None => None,
        };
        Ok(Some(CommentCreatePayload {
            comment,
            root: root.and_then(Contribution::commentable),
            user_errors,
        }))
    }

    /// Edits a comment. Where texts are pre-moderated, the published text stays until a moderator approves the new one.
    async fn comment_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: CommentUpdateInput,
    ) -> Result<Option<CommentUpdatePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("commentId", &[Kind::Comment], &input.comment_id);
        let known = id.as_ref().ok().copied();
        let work = async {
            let language = kept("language", input.language)?
                .map(|tag| tag.checked())
                .transpose()
                .map_err(|error| error.at(&["language"]))?;
            let change = Patch {
                body: kept("body", input.body)?,
                language,
                attachments: changed_items("attachmentIds", input.attachment_ids)?,
                ..Patch::default()
            };
            let kind = entity::enums::ContributionKind::Comment;
            service::update(app, actor, id?, kind, input.expected_version, change)
                .await
                .map_err(|error| error.missing("commentId"))
        };
        let (_, user_errors) = settle(ctx, work).await?;
        let comment = comment(if actor.ready().is_ok() {
            by_id(reader(ctx)?, known).await?
        } else {
            None
        });
        let root = match &comment {
            Some(comment) => comment.0.root_contribution().await?.and_then(Contribution::commentable),
            None => None,
        };
        Ok(Some(CommentUpdatePayload {
            comment,
            root,
            user_errors,
        }))
    }
}

/// Ids of media items.
pub(in crate::features) fn item_ids(field: &str, ids: &[ID]) -> Result<Vec<Uuid>> {
    let read = |(place, id): (usize, &ID)| {
        input_id(&place.to_string(), &[Kind::MediaItem], id).map_err(|error| error.at(&[field]))
    };
    ids.iter().enumerate().map(read).collect()
}

/// Ids of media items in an update; null clears them.
pub(in crate::features) fn changed_items(field: &str, ids: MaybeUndefined<Vec<ID>>) -> Result<Option<Vec<Uuid>>> {
    let ids = cleared(ids).map(Option::<Vec<ID>>::unwrap_or_default);
    ids.map(|ids| item_ids(field, &ids)).transpose()
}

fn comment(contribution: Option<Contribution>) -> Option<Comment> {
    match contribution {
        Some(Contribution::Comment(comment)) => Some(comment),
        _ => None,
    }
}
