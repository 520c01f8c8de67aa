//! Uploading, describing and retrying media.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::{
    enums::{Audience as Audience_, ContributionKind},
    revision::Detail,
};

use super::{
    super::{
        rules::{Announced, PART},
        service::{self, NewUpload, Signed, Uploading},
    },
    MediaItem,
    item::{Licence, now},
};
use crate::{
    app::{App, app},
    features::{
        contribution::{self, Patch, Text, graphql::Audience},
        space::graphql::{Phase, Space, surroundings},
    },
    platform::{
        auth::Actor,
        error::{Refusal, Result},
        graphql::{actor, cleared, input_id, kept, reader, settle, settle_created},
        id::Kind,
        idempotency::{Created, Key},
        scalar::{ByteCount, DateTime, LanguageTag},
    },
};

/// A header of a request.
#[derive(SimpleObject, Clone, Debug)]
pub struct UploadHeader {
    /// Name.
    name: String,
    /// Value.
    value: String,
}

/// A request that the client sends with its own HTTP client, not through GraphQL: exactly this method, URL and headers, and as its
/// body the bytes of the file from `offset` on, `size` of them. Status 412 says that something has arrived there already, as when an answer
/// was lost: ask `mediaUploadParts`, which tells what it is.
#[derive(SimpleObject, Clone, Debug)]
pub struct UploadRequest {
    /// The part of the file, from 1; null for the whole.
    part_number: Option<i32>,
    /// Where the body begins in the file.
    offset: ByteCount,
    /// Bytes of the body.
    size: ByteCount,
    /// The method: `PUT`.
    method: String,
    /// The URL.
    url: String,
    /// All headers that must be sent with exactly these values, at most 5.
    headers: Vec<UploadHeader>,
    /// Until when it is good: 15 minutes. `mediaUploadParts` signs anew.
    expires_at: DateTime,
}

impl From<Signed> for UploadRequest {
    fn from(signed: Signed) -> Self {
        let headers = signed.request.headers.into_iter();
        Self {
            part_number: signed.part,
            offset: signed.offset.into(),
            size: signed.size.into(),
            method: signed.request.method.to_string(),
            url: signed.request.url,
            headers: headers.map(|(name, value)| UploadHeader { name, value }).collect(),
            expires_at: signed.request.expires_at.into(),
        }
    }
}

/// A part of a file that has arrived.
#[derive(SimpleObject, Clone, Debug)]
pub struct UploadPart {
    /// The part, from 1. A file in one piece is part 1.
    part_number: i32,
    /// Bytes.
    size: ByteCount,
    /// SHA-256 of what has arrived, 64 hexadecimal digits, of a file in one piece: it is the one that was announced. Null for other parts,
    /// whose whole is checked by the processing.
    sha256: Option<String>,
}

/// How a file is uploaded: send all `requests`, in any order, then call `mediaUploadComplete`.
#[derive(SimpleObject, Clone, Debug)]
pub struct MediaUpload {
    /// Whether the file comes in parts: if it is larger than 16 MiB.
    is_multipart: bool,
    /// Bytes of every part but the last, if it comes in parts.
    part_size: Option<ByteCount>,
    /// What is still to be sent: one for a file in one piece, else one for each missing part, at most 120. Empty once all has arrived.
    requests: Vec<UploadRequest>,
    /// Parts that have arrived, at most 120.
    arrived: Vec<UploadPart>,
}

impl From<Uploading> for MediaUpload {
    fn from(uploading: Uploading) -> Self {
        let arrived = uploading.arrived.into_iter();
        Self {
            is_multipart: uploading.is_in_parts,
            part_size: uploading.is_in_parts.then(|| PART.into()),
            requests: uploading.requests.into_iter().map(Into::into).collect(),
            arrived: arrived
                .map(|part| UploadPart {
                    part_number: part.part,
                    size: part.size.into(),
                    sha256: part.sha256,
                })
                .collect(),
        }
    }
}

/// Input of `mediaUploadRequest`.
#[derive(InputObject)]
pub struct MediaUploadRequestInput {
    /// The space.
    space_id: ID,
    /// The phase, of that space.
    phase_id: ID,
    /// What the file is called, without folders, 1 to 200 characters.
    file_name: String,
    /// Its media type, such as `image/jpeg`, as the browser tells it (`File.type`), which may be empty. Parameters (`audio/webm;codecs=opus`)
    /// and case don't matter. It is a guess: what the file is, its content says, and `fileName`, `mediaType` and `kind` of the file are
    /// corrected before it is `READY`. Refused with `UNSUPPORTED_TYPE` is what no content makes good, such as `text/html` or the type of
    /// a program.
    media_type: String,
    /// Its bytes: images up to 25 MB, videos up to 2 GB, everything else up to 100 MB, unless the operator says otherwise. Judged again by
    /// the content: a sound that was announced as a video of 200 MB is `TOO_LARGE`.
    size: ByteCount,
    /// SHA-256 of its bytes, 64 hexadecimal digits.
    sha256: String,
    /// What it shows, for those who can't see it, at most 1,000 characters.
    alt_text: Option<String>,
    /// What it shows or tells, as CommonMark, at most 2,000 characters.
    caption: Option<String>,
    /// Language of caption and `altText`; by default the author's first.
    language: Option<LanguageTag>,
    /// Who sees it once it is published; by default `SPACE`.
    audience: Option<Audience>,
    /// Under which terms others may use it.
    licence: Option<Licence>,
    /// Whom to name with it, at most 200 characters.
    attribution: Option<String>,
    /// Where it comes from, at most 500 characters; required for the licence `OTHER`.
    source: Option<String>,
    /// 16 to 64 characters, new for every file: a repeated call with the same key and input makes nothing twice, and signs anew.
    idempotency_key: Option<String>,
}

/// Answer of `mediaUploadRequest`.
#[derive(SimpleObject)]
pub struct MediaUploadRequestPayload {
    /// The new item, a draft.
    media_item: Option<MediaItem>,
    /// How to upload its file. Null if it has arrived before, or can't be sent any more.
    upload: Option<MediaUpload>,
    /// Its phase.
    phase: Option<Phase>,
    /// Its space, with its `mediaUsage`.
    space: Option<Space>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `mediaUploadParts`.
#[derive(InputObject)]
pub struct MediaUploadPartsInput {
    /// The item.
    media_item_id: ID,
    /// Parts to sign, from 1, at most 120; absent = all that are missing.
    part_numbers: Option<Vec<i32>>,
    /// True calls the upload off: what has arrived is thrown away, and nothing can be uploaded any more. False by default.
    abort: Option<bool>,
}

/// Answer of `mediaUploadParts`.
#[derive(SimpleObject)]
pub struct MediaUploadPartsPayload {
    /// The item as it is now.
    media_item: Option<MediaItem>,
    /// What has arrived, and what is still to be sent. Null if the upload was called off.
    upload: Option<MediaUpload>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `mediaUploadComplete`.
#[derive(InputObject)]
pub struct MediaUploadCompleteInput {
    /// The item.
    media_item_id: ID,
}

/// Answer of `mediaUploadComplete`.
#[derive(SimpleObject)]
pub struct MediaUploadCompletePayload {
    /// The item as it is now.
    media_item: Option<MediaItem>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `mediaRetry`.
#[derive(InputObject)]
pub struct MediaRetryInput {
    /// The item.
    media_item_id: ID,
}

/// Answer of `mediaRetry`.
#[derive(SimpleObject)]
pub struct MediaRetryPayload {
    /// The item as it is now.
    media_item: Option<MediaItem>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `mediaItemUpdate`.
#[derive(InputObject)]
pub struct MediaItemUpdateInput {
    /// The item.
    media_item_id: ID,
    /// Its `version` as the author has seen it.
    expected_version: i32,
    /// What it shows, for those who can't see it, at most 1,000 characters; absent = unchanged, null = nothing is said.
    alt_text: MaybeUndefined<String>,
    /// What it shows or tells, as CommonMark, at most 2,000 characters; absent = unchanged, null = none.
    caption: MaybeUndefined<String>,
    /// Language of caption and `altText`; absent = unchanged.
    language: MaybeUndefined<LanguageTag>,
    /// Who sees it once it is published; absent = unchanged. Narrowing is possible in a closed phase too.
    audience: MaybeUndefined<Audience>,
    /// Under which terms others may use it; absent = unchanged.
    licence: MaybeUndefined<Licence>,
    /// Whom to name with it, at most 200 characters; absent = unchanged, null = nobody.
    attribution: MaybeUndefined<String>,
    /// Where it comes from, at most 500 characters; absent = unchanged, null = not said.
    source: MaybeUndefined<String>,
}

/// Answer of `mediaItemUpdate`.
#[derive(SimpleObject)]
pub struct MediaItemUpdatePayload {
    /// The item as it is now.
    media_item: Option<MediaItem>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// What is still to be sent of an item, if it can be.
async fn uploading(app: &App, actor: &Actor, item: Option<&MediaItem>) -> Result<Option<MediaUpload>> {
    let is_awaited = |item: &&MediaItem| item.0.file_state == Some(entity::enums::MediaState::Requested);
    let Some(item) = item.filter(is_awaited) else {
        return Ok(None);
    };
    // The store is asked: nobody waits for that with a connection in their hands.
    item.0.0.reader().release().await;
    match service::arrived(app, actor, item.0.0.id, None).await {
        Ok(uploading) => Ok(Some(uploading.into())),
        // The item is made, or was before: that something has come between since, such as a phase that was closed, doesn't take that back.
        Err(error) => error.into_refusals().map(|_| None),
    }
}

/// Mutations of media.
#[derive(Default)]
pub struct MediaMutation;

#[Object]
impl MediaMutation {
    /// Announces a file: makes its item, as a draft, and says where to upload the bytes, with which headers and until when. They go
    /// straight to the store, never through GraphQL. Call `mediaUploadComplete` when they have arrived; what has not arrived within 24
    /// hours expires. Refused with `QUOTA_EXCEEDED` if there is no room.
    async fn media_upload_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: MediaUploadRequestInput,
    ) -> Result<Option<MediaUploadRequestPayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let phase_id = input_id("phaseId", &[Kind::Phase], &input.phase_id);
        let known = phase_id.as_ref().ok().copied();
        let work = async {
            let key = Key::new("mediaUploadRequest", input.idempotency_key.as_deref(), &input)?;
            let language = input.language.map(|tag| tag.checked()).transpose();
            let new = NewUpload {
                space_id: input_id("spaceId", &[Kind::Space], &input.space_id)?,
                phase_id: phase_id?,
                announced: Announced {
                    file_name: input.file_name,
                    media_type: input.media_type,
                    size: input.size.into(),
                    sha256: input.sha256,
                },
                text: Text {
                    body: input.caption.unwrap_or_default(),
                    language: language.map_err(|error| error.at(&["language"]))?,
                    detail: Detail {
                        alt_text: input.alt_text,
                        licence: input.licence.map(Into::into),
                        attribution: input.attribution,
                        source: input.source,
                        ..Detail::default()
                    },
                    ..Text::default()
                },
                audience: input.audience.map_or(Audience_::Space, Into::into),
            };
            service::request(app, actor, new, key).await
        };
        let (created, mut user_errors) = settle_created(ctx, work).await?;
        let found = now(ctx, created.map(|created| created.id)).await?;
        let media_item = Created::read_back(created, found, &mut user_errors)?;
        let upload = match (uploading(app, actor, media_item.as_ref()).await, created) {
            (Err(error), Some(Created { id, is_replay: false })) => {
                if let Err(error) = service::undo(app, actor, id).await {
                    tracing::warn!(?error, "an announcement without requests could not be taken back");
                }
                return Err(error);
            }
            (upload, _) => upload?,
        };
        let (phase, space) = surroundings(reader(ctx)?, known).await?;
        Ok(Some(MediaUploadRequestPayload {
            media_item,
            upload,
            phase,
            space,
            user_errors,
        }))
    }

    /// Tells what has arrived of an own file, and signs requests for what hasn't: after a broken connection, or when the first ones
    /// have expired. Once `mediaUploadComplete` was done, all has arrived. Or calls the upload off, that of a file too which
    /// failed with `UNAVAILABLE` or `CHECKSUM_MISMATCH`.
    async fn media_upload_parts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: MediaUploadPartsInput,
    ) -> Result<Option<MediaUploadPartsPayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("mediaItemId", &[Kind::MediaItem], &input.media_item_id);
        let known = id.as_ref().ok().copied();
        let work = async {
            let id = id?;
            let done = async {
                if input.abort.unwrap_or(false) {
                    service::abort(app, actor, id).await?;
                    return Ok(None);
                }
                service::arrived(app, actor, id, input.part_numbers.as_deref())
                    .await
                    .map(Some)
            };
            done.await.map_err(|error| error.missing("mediaItemId"))
        };
        let (uploading, user_errors) = settle(ctx, work).await?;
        Ok(Some(MediaUploadPartsPayload {
            media_item: now(ctx, known).await?,
            upload: uploading.flatten().map(Into::into),
            user_errors,
        }))
    }

    /// Says that the bytes of an own file have arrived: their number and SHA-256 are checked, and the file is processed, which events of
    /// the kinds `MEDIA_STATUS_CHANGED` and `MEDIA_PROGRESSED` tell about. Repeating it is success. `UPLOAD_INCOMPLETE` means that
    /// something is missing; `UPLOAD_MISMATCH` that something else has arrived: it is thrown away, and can be sent again. The SHA-256
    /// of a file in parts is checked by the processing, which then fails with `CHECKSUM_MISMATCH`.
    async fn media_upload_complete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: MediaUploadCompleteInput,
    ) -> Result<Option<MediaUploadCompletePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("mediaItemId", &[Kind::MediaItem], &input.media_item_id);
        let known = id.as_ref().ok().copied();
        let work = async {
            let done = service::complete(app, actor, id?).await;
            done.map_err(|error| error.missing("mediaItemId"))
        };
        let (_, user_errors) = settle(ctx, work).await?;
        Ok(Some(MediaUploadCompletePayload {
            media_item: now(ctx, known).await?,
            user_errors,
        }))
    }

    /// Processes an own file again that failed with `UNAVAILABLE` or `CHECKSUM_MISMATCH`: what arrived is read once more. Repeating it is
    /// success.
    async fn media_retry(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: MediaRetryInput,
    ) -> Result<Option<MediaRetryPayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("mediaItemId", &[Kind::MediaItem], &input.media_item_id);
        let known = id.as_ref().ok().copied();
        let work = async {
            let done = service::retry(app, actor, id?).await;
            done.map_err(|error| error.missing("mediaItemId"))
        };
        let (_, user_errors) = settle(ctx, work).await?;
        Ok(Some(MediaRetryPayload {
            media_item: now(ctx, known).await?,
            user_errors,
        }))
    }

    /// Changes what is said about a media item, or its audience. Where texts are pre-moderated, the published text stays until a
    /// moderator approves the new one.
    async fn media_item_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: MediaItemUpdateInput,
    ) -> Result<Option<MediaItemUpdatePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("mediaItemId", &[Kind::MediaItem], &input.media_item_id);
        let known = id.as_ref().ok().copied();
        let work = async {
            let language = kept("language", input.language)?.map(|tag| tag.checked()).transpose();
            let change = Patch {
                body: cleared(input.caption).map(Option::unwrap_or_default),
                language: language.map_err(|error| error.at(&["language"]))?,
                audience: kept("audience", input.audience)?.map(Into::into),
                alt_text: cleared(input.alt_text),
                licence: kept("licence", input.licence)?.map(Into::into),
                attribution: cleared(input.attribution),
                source: cleared(input.source),
                ..Patch::default()
            };
            let kind = ContributionKind::MediaItem;
            contribution::update(app, actor, id?, kind, input.expected_version, change)
                .await
                .map_err(|error| error.missing("mediaItemId"))
        };
        let (_, user_errors) = settle(ctx, work).await?;
        Ok(Some(MediaItemUpdatePayload {
            media_item: now(ctx, known).await?,
            user_errors,
        }))
    }
}
