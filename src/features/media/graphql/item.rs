//! Media items, as they are read.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Description, Enum, ID, InputObject};
use entity::enums::ContributionKind;
use uuid::Uuid;

use super::{
    super::store::{self, FileRow},
    MediaFile,
    file::MediaKind,
};
use crate::{
    features::contribution::{
        List, ListKind,
        graphql::{Contribution, Lists, Spine, by_id, commentable_object, listed, viewer_can},
    },
    platform::{
        db::Reader,
        error::{Error, Result},
        graphql::{actor, reader},
        id::{self, Kind},
        level::Link,
        page::{Listed, PageArgs},
    },
};

/// Under which terms others may use something.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::Licence")]
pub enum Licence {
    /// Made by who uploaded it, who keeps all rights; the space may use it.
    OwnWork,
    /// CC0 1.0: no rights are kept.
    #[graphql(name = "CC0")]
    Cc0,
    /// CC BY 4.0: name the author.
    CcBy,
    /// CC BY-SA 4.0: name the author, pass it on alike.
    CcBySa,
    /// CC BY-ND 4.0: name the author, change nothing.
    CcByNd,
    /// CC BY-NC 4.0: name the author, not for profit.
    CcByNc,
    /// CC BY-NC-SA 4.0: name the author, not for profit, pass it on alike.
    CcByNcSa,
    /// CC BY-NC-ND 4.0: name the author, not for profit, change nothing.
    CcByNcNd,
    /// Other terms: `source` says where they are found.
    Other,
}

/// What belongs to media items alone.
#[derive(Debug, Default)]
pub struct MediaLinks {
    files: Link<HashMap<Uuid, FileRow>>,
}

viewer_can! {
    /// What the viewer may do with a media item.
    MediaItemViewerCan {
        /// Send its file, or call that off.
        media_upload_parts = Upload,
        /// Say that its file has arrived.
        media_upload_complete = Upload,
        /// Have its file processed again, which is still refused unless `failureReason` is `UNAVAILABLE` or `CHECKSUM_MISMATCH`.
        media_retry = Retry,
        /// Edit what is said about it.
        media_item_update = Update,
        /// Comment on it.
        comment_create = CommentCreate,
    }
}

/// A photo, video or file, with what is said about it. A draft until it is published to the gallery; attached to a thread, comment or
/// journal entry it is seen by exactly those who see that, published or not.
#[derive(Clone, Debug, Description)]
pub struct MediaItem(pub Spine);

impl MediaItem {
    /// What all contributions share.
    pub(in crate::features) fn spine(&self) -> &Spine {
        &self.0
    }
}

commentable_object! { MediaItem {
    /// What it shows or tells, as CommonMark: the same as `body`. Null where the viewer sees a placeholder.
    async fn caption(&self) -> Option<&str> {
        Some(self.0.body.as_str()).filter(|_| self.0.is_readable())
    }

    /// What it shows, for those who can't see it. Null if nothing is said, and where the viewer sees a placeholder.
    async fn alt_text(&self) -> Option<&str> {
        self.0.detail.alt_text.as_deref().filter(|_| self.0.is_readable())
    }

    /// Under which terms others may use it. Null if nothing is said.
    async fn licence(&self) -> Option<Licence> {
        self.0.detail.licence.filter(|_| self.0.is_readable()).map(Into::into)
    }

    /// Whom to name with it.
    async fn attribution(&self) -> Option<&str> {
        self.0.detail.attribution.as_deref().filter(|_| self.0.is_readable())
    }

    /// Where it comes from, or where its terms are found.
    async fn source(&self) -> Option<&str> {
        self.0.detail.source.as_deref().filter(|_| self.0.is_readable())
    }

    /// Its file.
    async fn file(&self) -> Result<MediaFile> {
        let level = self.0.0.level();
        let items = level.rows.iter().filter(|row| row.kind == ContributionKind::MediaItem);
        let items: Vec<Uuid> = items.map(|row| row.id).collect();
        let load = || Box::pin(async move { store::files(&level.reader, &items).await }) as _;
        let files = level.links.media.files.load(load).await?;
        let row = files.get(&self.0.0.id).cloned().ok_or_else(Error::not_found)?;
        Ok(MediaFile::new(row, &self.0))
    }

    /// What the viewer may do with it.
    pub async fn viewer_can(&self) -> MediaItemViewerCan {
        MediaItemViewerCan::of(&self.0)
    }
} }

/// Which media; what is absent doesn't filter.
#[derive(InputObject, Default)]
pub struct MediaFilterInput {
    /// Only of this phase.
    phase_id: Option<ID>,
    /// Only of this member.
    author_id: Option<ID>,
    /// Only of this kind.
    kind: Option<MediaKind>,
    /// True: only what is attached to something that the viewer sees. False: only what isn't.
    is_attached: Option<bool>,
}

/// The media of spaces.
pub async fn media(
    lists: &Arc<Lists>,
    reader: &Arc<Reader>,
    parents: (Vec<Uuid>, Uuid),
    filter: Option<MediaFilterInput>,
    args: &PageArgs,
) -> Result<Listed<MediaItem>> {
    let filter = filter.unwrap_or_default();
    let id = |kind, id: Option<ID>| id.map(|id| id::decode_as(&[kind], &id)).transpose();
    let list = List {
        phase_id: id(Kind::Phase, filter.phase_id)?,
        author_id: id(Kind::Membership, filter.author_id)?,
        media_kind: filter.kind.map(Into::into),
        is_attached: filter.is_attached,
        ..List::all(ListKind::Media)
    };
    let (cut, total) = listed(lists, reader, parents, list, args).await?;
    Ok(cut.map(|item| MediaItem(Spine(item))).connection(total))
}

/// An item as the viewer sees it now.
pub(super) async fn now(ctx: &Context<'_>, id: Option<Uuid>) -> Result<Option<MediaItem>> {
    if actor(ctx)?.ready().is_err() {
        return Ok(None);
    }
    Ok(match by_id(reader(ctx)?, id).await? {
        Some(Contribution::MediaItem(item)) => Some(item),
        _ => None,
    })
}
