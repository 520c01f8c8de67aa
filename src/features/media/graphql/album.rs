//! Albums: selections of media, in an order.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::{
    enums::{Audience as Audience_, ContributionKind},
    revision::Detail,
};
use uuid::Uuid;

use super::MediaItem;
use crate::{
    app::app,
    features::{
        contribution::{
            self, List, ListKind, NewRoot, Patch, Text,
            graphql::{
                Audience, Contribution, Lists, Spine, by_id, changed_items, commentable_object, item_ids, listed,
                viewer_can,
            },
        },
        space::graphql::{Phase, Space, surroundings},
    },
    platform::{
        db::Reader,
        error::{Refusal, Result},
        graphql::{actor, cleared, input_id, kept, reader, settle, settle_created},
        id::{self, Kind},
        idempotency::{Created, Key},
        page::{Listed, PageArgs},
        scalar::LanguageTag,
    },
};

viewer_can! {
    /// What the viewer may do with an album.
    AlbumViewerCan {
        /// Edit it, or what it holds.
        album_update = Update,
        /// Comment on it.
        comment_create = CommentCreate,
    }
}

/// A selection of photos, videos and files of a space, in an order. It shows to each viewer those items that they see anyway: an item
/// doesn't become visible by being in an album.
#[derive(Clone, Debug, Description)]
pub struct Album(pub Spine);

impl Album {
    /// What all contributions share.
    pub(in crate::features) fn spine(&self) -> &Spine {
        &self.0
    }
}

commentable_object! { Album {
    /// What it is called. Null where the viewer sees a placeholder.
    async fn title(&self) -> Option<&str> {
        self.0.title.as_deref().filter(|_| self.0.is_readable())
    }

    /// What it is about, as CommonMark: the same as `body`. Null where the viewer sees a placeholder.
    async fn description(&self) -> Option<&str> {
        Some(self.0.body.as_str()).filter(|_| self.0.is_readable())
    }

    /// What it holds, in the order of its author, as far as the viewer sees it: at most 100.
    async fn items(&self) -> Result<Vec<MediaItem>> {
        self.0.attachments().await
    }

    /// What the viewer may do with it.
    pub async fn viewer_can(&self) -> AlbumViewerCan {
        AlbumViewerCan::of(&self.0)
    }
} }

/// Which albums; what is absent doesn't filter.
#[derive(InputObject, Default)]
pub struct AlbumFilterInput {
    /// Only of this phase.
    phase_id: Option<ID>,
    /// Only of this member.
    author_id: Option<ID>,
}

/// The albums of spaces or phases.
pub async fn albums(
    lists: &Arc<Lists>,
    reader: &Arc<Reader>,
    parents: (Vec<Uuid>, Uuid),
    (kind, filter): (ListKind, Option<AlbumFilterInput>),
    args: &PageArgs,
) -> Result<Listed<Album>> {
    let filter = filter.unwrap_or_default();
    let id = |kind, id: Option<ID>| id.map(|id| id::decode_as(&[kind], &id)).transpose();
    let list = List {
        phase_id: id(Kind::Phase, filter.phase_id)?,
        author_id: id(Kind::Membership, filter.author_id)?,
        ..List::all(kind)
    };
    let (cut, total) = listed(lists, reader, parents, list, args).await?;
    Ok(cut.map(|album| Album(Spine(album))).connection(total))
}

/// Input of `albumCreate`.
#[derive(InputObject)]
pub struct AlbumCreateInput {
    /// The phase.
    phase_id: ID,
    /// What it is called, 1 to 200 characters.
    title: String,
    /// What it is about, as CommonMark, at most 2,000 characters.
    description: Option<String>,
    /// What it holds, in this order, at most 100: own media items, and published ones of others.
    media_item_ids: Option<Vec<ID>>,
    /// Language of title and description; by default the author's first.
    language: Option<LanguageTag>,
    /// Who sees it; by default `SPACE`.
    audience: Option<Audience>,
    /// False keeps it as a draft; true by default.
    publish: Option<bool>,
    /// 16 to 64 characters, new for every album: a repeated call with the same key and input makes nothing twice.
    idempotency_key: Option<String>,
}

/// Answer of `albumCreate`.
#[derive(SimpleObject)]
pub struct AlbumCreatePayload {
    /// The new album; its `state` tells whether it waits for a moderator.
    album: Option<Album>,
    /// Its phase.
    phase: Option<Phase>,
    /// Its space.
    space: Option<Space>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `albumUpdate`.
#[derive(InputObject)]
pub struct AlbumUpdateInput {
    /// The album.
    album_id: ID,
    /// Its `version` as the author has seen it.
    expected_version: i32,
    /// What it is called, 1 to 200 characters; absent = unchanged.
    title: MaybeUndefined<String>,
    /// What it is about, as CommonMark, at most 2,000 characters; absent = unchanged, null = nothing is said.
    description: MaybeUndefined<String>,
    /// All that it holds, in this order, at most 100; absent = unchanged, null = nothing.
    media_item_ids: MaybeUndefined<Vec<ID>>,
    /// Language of title and description; absent = unchanged.
    language: MaybeUndefined<LanguageTag>,
    /// Who sees it; absent = unchanged. Narrowing is possible in a closed phase too.
    audience: MaybeUndefined<Audience>,
}

/// Answer of `albumUpdate`.
#[derive(SimpleObject)]
pub struct AlbumUpdatePayload {
    /// The album as it is now.
    album: Option<Album>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// An album as the viewer sees it now.
async fn now(ctx: &Context<'_>, id: Option<Uuid>) -> Result<Option<Album>> {
    if actor(ctx)?.ready().is_err() {
        return Ok(None);
    }
    Ok(match by_id(reader(ctx)?, id).await? {
        Some(Contribution::Album(album)) => Some(album),
        _ => None,
    })
}

/// Mutations of albums.
#[derive(Default)]
pub struct AlbumMutation;

#[Object]
impl AlbumMutation {
    /// Makes an album. Where texts are pre-moderated, a pupil's album waits for a moderator.
    async fn album_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: AlbumCreateInput,
    ) -> Result<Option<AlbumCreatePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let phase_id = input_id("phaseId", &[Kind::Phase], &input.phase_id);
        let known = phase_id.as_ref().ok().copied();
        let work = async {
            let key = Key::new("albumCreate", input.idempotency_key.as_deref(), &input)?;
            let language = input.language.map(|tag| tag.checked()).transpose();
            let new = NewRoot {
                kind: ContributionKind::Album,
                phase_id: phase_id?,
                text: Text {
                    title: Some(input.title),
                    body: input.description.unwrap_or_default(),
                    language: language.map_err(|error| error.at(&["language"]))?,
                    detail: Detail {
                        attachments: item_ids("mediaItemIds", &input.media_item_ids.unwrap_or_default())?,
                        ..Detail::default()
                    },
                    ..Text::default()
                },
                audience: input.audience.map_or(Audience_::Space, Into::into),
                is_published: input.publish.unwrap_or(true),
                co_authors: Vec::new(),
                thread_kind: None,
            };
            contribution::root_create(app, actor, new, key).await
        };
        let (created, mut user_errors) = settle_created(ctx, work).await?;
        let (phase, space) = surroundings(reader(ctx)?, known).await?;
        let found = now(ctx, created.map(|created| created.id)).await?;
        Ok(Some(AlbumCreatePayload {
            album: Created::read_back(created, found, &mut user_errors)?,
            phase,
            space,
            user_errors,
        }))
    }

    /// Edits an album, what it holds, in which order, or who sees it. Where texts are pre-moderated, the published version stays until
    /// a moderator approves the new one.
    async fn album_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: AlbumUpdateInput,
    ) -> Result<Option<AlbumUpdatePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("albumId", &[Kind::Album], &input.album_id);
        let known = id.as_ref().ok().copied();
        let work = async {
            let language = kept("language", input.language)?.map(|tag| tag.checked()).transpose();
            let change = Patch {
                title: kept("title", input.title)?,
                body: cleared(input.description).map(Option::unwrap_or_default),
                attachments: changed_items("mediaItemIds", input.media_item_ids)?,
                language: language.map_err(|error| error.at(&["language"]))?,
                audience: kept("audience", input.audience)?.map(Into::into),
                ..Patch::default()
            };
            let kind = ContributionKind::Album;
            contribution::update(app, actor, id?, kind, input.expected_version, change)
                .await
                .map_err(|error| error.missing("albumId"))
        };
        let (_, user_errors) = settle(ctx, work).await?;
        Ok(Some(AlbumUpdatePayload {
            album: now(ctx, known).await?,
            user_errors,
        }))
    }
}
