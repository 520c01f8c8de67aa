//! Files of media items, as they are read.

use std::fmt::Write;

use async_graphql::{Context, Description, Enum, Object};
use entity::{
    enums::{MediaState as State, MediaVariant as Variant_},
    media_file::Variant,
};
use uuid::Uuid;

use super::super::{
    service::{VALID_FOR, key},
    store::FileRow,
};
use crate::{
    app::app,
    features::contribution::graphql::Spine,
    platform::{
        error::Result,
        media,
        scalar::{ByteCount, DateTime},
        storage::Download,
    },
};

/// What a media file is.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::MediaKind")]
pub enum MediaKind {
    /// An image.
    Image,
    /// A video.
    Video,
    /// A sound.
    Audio,
    /// A text, table or other document.
    Document,
}

/// Where a media file stands.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::MediaState")]
pub enum MediaState {
    /// It may be uploaded.
    Requested,
    /// It has arrived, and waits to be processed.
    Uploaded,
    /// It is checked, and made anew without what the camera added.
    Processing,
    /// It can be seen.
    Ready,
    /// It is not what it says it is, or dangerous: nobody gets it. `failureReason` says why.
    Quarantined,
    /// It can't be used. `failureReason` says why.
    Failed,
    /// It was not uploaded within 24 hours.
    Expired,
    /// It was removed; it is deleted for good after 30 days.
    Deleted,
}

/// Why a media file can't be used. Unknown values may appear.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::MediaFailure")]
pub enum MediaFailureReason {
    /// What arrived is not what was announced: `mediaRetry` reads it once more, else send the file anew.
    ChecksumMismatch,
    /// It is of another type than its uploader said, and not for sure a file of any type that is taken; or it is called like a program.
    TypeMismatch,
    /// No file of this type is taken.
    UnsupportedType,
    /// It is too large.
    TooLarge,
    /// It has too many pixels: a JPEG more than 110 million, another image more than 50 million; or it is encoded in a way that
    /// takes too much memory for as many as it has, such as a progressive JPEG of more than 27 million, or 13 million with
    /// colours at full resolution.
    TooManyPixels,
    /// It is damaged, or not complete.
    Corrupt,
    /// It holds something that could do harm, such as a script, a second file or a bomb.
    Unsafe,
    /// A virus was found in it.
    Infected,
    /// It takes too long.
    TimedOut,
    /// The server could not do it: `mediaRetry` may help.
    Unavailable,
}

/// A version of a media file.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::MediaVariant")]
pub enum MediaVariant {
    /// As large as it was uploaded, up to a limit; without what the camera added.
    Original,
    /// An image of at most 320 pixels on its longer side.
    Small,
    /// An image of at most 960 pixels on its longer side.
    Medium,
    /// An image of at most 1920 pixels on its longer side.
    Large,
    /// A frame of a video, if the server makes them.
    Poster,
}

/// How a smaller image is encoded.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageFormat {
    /// WebP, which all browsers know.
    Webp,
    /// JPEG, for everything else.
    Jpeg,
}

impl ImageFormat {
    fn media_type(self) -> &'static str {
        match self {
            Self::Webp => "image/webp",
            Self::Jpeg => "image/jpeg",
        }
    }
}

/// The file of a media item.
#[derive(Clone, Debug, Description)]
pub struct MediaFile {
    row: FileRow,
    item: Uuid,
    kind: MediaKind,
    state: State,
    is_given: bool,
    is_backstage: bool,
}

impl MediaFile {
    pub(super) fn new(row: FileRow, item: &Spine) -> Self {
        let state = item.file_state.unwrap_or(State::Deleted);
        Self {
            row,
            item: item.0.id,
            kind: item.media_kind.unwrap_or(entity::enums::MediaKind::Document).into(),
            state,
            is_given: state == State::Ready && item.is_readable(),
            is_backstage: item.is_backstage(),
        }
    }

    fn variant(&self, wanted: Variant_, format: Option<ImageFormat>) -> Option<&Variant> {
        let format = format.unwrap_or(ImageFormat::Webp).media_type();
        let fits = |variant: &&Variant| {
            let is_any = matches!(wanted, Variant_::Original | Variant_::Poster);
            variant.variant == wanted && (is_any || variant.media_type == format)
        };
        self.row.variants.0.iter().find(fits).filter(|_| self.is_given)
    }

    async fn url_of(&self, ctx: &Context<'_>, variant: &Variant) -> Result<String> {
        let is_shown = !matches!(self.kind, MediaKind::Document);
        let download = Download {
            key: &key::variant(self.item, variant.variant, &variant.media_type),
            media_type: &variant.media_type,
            file_name: &media::fitting(&self.row.file_name, &variant.media_type),
            is_inline: is_shown,
            valid_for: VALID_FOR,
        };
        app(ctx)?.storage.download_url(&download).await
    }
}

#[Object(use_type_description)]
impl MediaFile {
    /// Where it stands. A `MEDIA_STATUS_CHANGED` event tells of each step.
    async fn status(&self) -> MediaState {
        self.state.into()
    }

    /// Why it can't be used. For its uploader and staff; null for everybody else, and unless it failed or was quarantined.
    async fn failure_reason(&self) -> Option<MediaFailureReason> {
        self.row.failure.filter(|_| self.is_backstage).map(Into::into)
    }

    /// How much of the processing is done, in per cent: 100 when it is ready.
    async fn progress(&self) -> i32 {
        self.row.progress
    }

    /// What it is: a guess by `mediaType` and `fileName` of `mediaUploadRequest` until it is ready, from then on what its content is.
    async fn kind(&self) -> MediaKind {
        self.kind
    }

    /// What its uploader calls it. Once it is ready its ending fits what was uploaded, whatever it was before: `photo.heic` with the content
    /// of a JPEG is `photo.jpg`. What is fetched from `url` is called the same, with the ending of its own type.
    async fn file_name(&self) -> Option<&str> {
        Some(self.row.file_name.as_str()).filter(|name| !name.is_empty() && (self.is_given || self.is_backstage))
    }

    /// Its media type (RFC 6838), such as `image/jpeg`: of `ORIGINAL` once it is ready, before that as its uploader says.
    async fn media_type(&self) -> &str {
        self.row.media_type.as_deref().unwrap_or(&self.row.declared_type)
    }

    /// Bytes: of `ORIGINAL` once it is ready, before that as its uploader says.
    async fn size(&self) -> ByteCount {
        let original = self
            .row
            .variants
            .0
            .iter()
            .find(|variant| variant.variant == Variant_::Original);
        original.map_or(self.row.size, |original| original.size).into()
    }

    /// Pixels, as it is shown. Null for sounds and documents, and until it is ready.
    async fn width(&self) -> Option<i32> {
        self.row.width
    }

    /// Pixels, as it is shown. Null for sounds and documents, and until it is ready.
    async fn height(&self) -> Option<i32> {
        self.row.height
    }

    /// Milliseconds. Null for images and documents, until it is ready, and if it is not known.
    async fn duration_ms(&self) -> Option<i32> {
        self.row.duration_ms.and_then(|duration| i32::try_from(duration).ok())
    }

    /// What to show until the image is there (<https://blurha.sh>). Images only.
    async fn blurhash(&self) -> Option<&str> {
        self.row.blurhash.as_deref().filter(|_| self.is_given)
    }

    /// Where to fetch it, until `urlsExpireAt`; anybody who has the URL can. Null until it is ready, for a version that there
    /// isn't, and where the viewer sees a placeholder. Ask again for a new one.
    async fn url(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which version; by default `ORIGINAL`.")] variant: Option<MediaVariant>,
        #[graphql(desc = "How `SMALL`, `MEDIUM` and `LARGE` are encoded; by default `WEBP`.")] format: Option<
            ImageFormat,
        >,
    ) -> Result<Option<String>> {
        let wanted = variant.map_or(Variant_::Original, Into::into);
        match self.variant(wanted, format) {
            Some(variant) => self.url_of(ctx, variant).await.map(Some),
            None => Ok(None),
        }
    }

    /// Smaller versions for the attribute `srcset` of `<img>`: URLs with their widths. Null for everything but images that are ready.
    async fn srcset(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How they are encoded; by default `WEBP`.")] format: Option<ImageFormat>,
    ) -> Result<Option<String>> {
        let (mut srcset, mut last) = (String::new(), None);
        for wanted in [Variant_::Small, Variant_::Medium, Variant_::Large] {
            let Some(variant) = self.variant(wanted, format) else {
                continue;
            };
            // Nothing is enlarged: of a small image, all versions are the same.
            let Some(width) = variant.width.filter(|width| last != Some(*width)) else {
                continue;
            };
            last = Some(width);
            let separator = if srcset.is_empty() { "" } else { ", " };
            let url = self.url_of(ctx, variant).await?;
            // Writing into a string doesn't fail.
            let _ = write!(srcset, "{separator}{url} {width}w");
        }
        Ok(Some(srcset).filter(|srcset| !srcset.is_empty()))
    }

    /// Until when the URLs of this answer are good: at most 5 minutes.
    async fn urls_expire_at(&self, ctx: &Context<'_>) -> Result<Option<DateTime>> {
        // As they are signed.
        let now = app(ctx)?.clock.system();
        Ok(self.is_given.then(|| (now + VALID_FOR).into()))
    }
}
