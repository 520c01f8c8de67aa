//! Announcing, uploading and completing files.

use std::{path::Path, time::Duration};

use chrono::TimeDelta;
use entity::{
    enums::{Audience, MediaState},
    media_file::{self, Variants},
};
use sea_orm::ActiveValue::{Set, Unchanged};
use uuid::Uuid;

use super::{
    super::{
        rules::{self, Announced},
        store::{self, FileRow},
    },
    DELETE, PROCESS, key,
};
use crate::{
    app::App,
    features::{
        contribution::{ContributionRow, Place, Text, file_step, item_delete, item_insert, item_text, lock, place},
        space::{phase_facts, space_of_phase},
    },
    platform::{
        auth::Actor,
        db::{Gate, Tx},
        error::{Code, Error, Reason, Result},
        idempotency::{self, Claim, Created, Key},
        job::NewJob,
        media::Label,
        storage::{NewPart, Part, SignedRequest, Upload},
    },
    policy::{self, ContentAction, PhaseAction},
};

/// How long a signed upload is good.
const SIGNED_FOR: Duration = Duration::from_secs(900);
/// How often a file is read that has other bytes than were announced.
const READS: usize = 2;
/// How long after its announcement a file may arrive.
pub(super) const ARRIVES_WITHIN: TimeDelta = TimeDelta::hours(24);

/// A file to be uploaded.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// The space.
    pub space_id: Uuid,
    /// The phase, of that space.
    pub phase_id: Uuid,
    /// What its uploader says of the file.
    pub announced: Announced,
    /// Caption, and what else is said about it.
    pub text: Text,
    /// Who sees it once it is published.
    pub audience: Audience,
}

/// A request that a client sends, with the part of the file that belongs into it.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The part, from 1; `None` for the whole.
    pub part: Option<i32>,
    /// Where it begins in the file.
    pub offset: i64,
    /// Bytes.
    pub size: i64,
    /// Where and how.
    pub request: SignedRequest,
}

/// What has arrived of a file.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// The part, from 1; the whole is one part.
    pub part: i32,
    /// Bytes.
    pub size: i64,
    /// SHA-256 of the whole, in hexadecimal.
    pub sha256: Option<String>,
}

/// How a file is uploaded.
#[derive(Clone, Debug)]
pub struct Uploading {
    /// What has arrived, by number.
    pub arrived: Vec<Arrived>,
    /// What is still to be sent.
    pub requests: Vec<Signed>,
    /// Whether the file comes in parts.
    pub is_in_parts: bool,
}

/// Makes a media item whose file is to be uploaded. Nothing is signed yet.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `INVALID`, `CONFLICT`/`KEY_REUSED`.
pub async fn request(app: &App, actor: &Actor, new: NewUpload, key: Option<Key>) -> Result<Created> {
    let (announced, kind) = rules::checked(new.announced, &app.quotas)?;
    let (text, rendered) = item_text(new.text, actor).await?;
    let reader = crate::platform::db::Reader::passing(&app.db, Some(actor.clone()));
    let (space, phase_id, audience) = (new.space_id, new.phase_id, new.audience);
    let no_phase = || Error::not_found().at(&["phaseId"]);
    match space_of_phase(&reader, phase_id).await? {
        None => return Err(no_phase()),
        Some(found) if found != space => return Err(no_phase()),
        Some(_) => {}
    }
    let (id, announced, text, key) = (app.clock.new_id(), &announced, (&text, &rendered), &key);
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                if let Claim::Replay(id) = idempotency::claim(tx, actor.account_id, key.as_ref(), id).await? {
                    return Ok(id);
                }
                tx.gate(space, Gate::Shared).await?;
                let phase = phase_facts(tx, actor.account_id, phase_id)
                    .await
                    .map_err(|_| no_phase())?;
                let author = phase.viewer.member();
                policy::phase(PhaseAction::MediaUpload, &author, &phase.facts()).map_err(Error::forbidden)?;
                let of = (id, space, phase_id);
                let made = item_insert(tx, of, (actor, &author), (kind, audience), text, key.as_ref()).await?;
                if made != id {
                    return Ok(made);
                }
                let row = media_file::ActiveModel {
                    contribution_id: Set(id),
                    file_name: Set(announced.file_name.clone()),
                    declared_type: Set(announced.media_type.clone()),
                    size: Set(announced.size),
                    sha256: Set(announced.sha256.clone()),
                    charged: Set(announced.size),
                    upload_id: Set(None),
                    signed_until: Set(None),
                    failure: Set(None),
                    progress: Set(0),
                    media_type: Set(None),
                    width: Set(None),
                    height: Set(None),
                    duration_ms: Set(None),
                    blurhash: Set(None),
                    variants: Set(Variants::default()),
                };
                store::insert(tx, row).await?;
                let (in_space, by_member) = store::charge(tx, (space, author.id), announced.size).await?;
                if in_space > app.quotas.space || by_member > app.quotas.member {
                    let error = Error::refused(Code::Conflict, Reason::QuotaExceeded, "There is no room left for it.");
                    return Err(error.at(&["size"]));
                }
                Ok(id)
            })
        })
        .await
        .map(|made| Created::of(made, id))
}

/// An own item with its file, locked.
async fn own_locked(tx: &Tx<'_>, actor: &Actor, place: &Place, id: Uuid) -> Result<(ContributionRow, FileRow)> {
    let known = lock(tx, actor, place, id).await?;
    let file = store::file(tx, id).await?.ok_or_else(Error::not_found)?;
    if known.viewer().id != known.author_id {
        return Err(Error::forbidden(Reason::NotAuthor));
    }
    Ok((known, file))
}

/// Undoes an announcement of which nothing could be signed: whoever gives up has no draft and no less room, and the key is as if it had
/// never been used.
///
/// # Errors
/// The database's.
pub async fn undo(app: &App, actor: &Actor, id: Uuid) -> Result<()> {
    let place = &place(app, actor, id).await?;
    app.db
        .write(Some(place.space), |tx| {
            Box::pin(async move {
                let (known, file) = own_locked(tx, actor, place, id).await?;
                if known.file_state != Some(MediaState::Requested) {
                    return Ok(());
                }
                idempotency::release(tx, actor.account_id, id).await?;
                if file.upload_id.is_none() {
                    store::discharge(tx, id).await?;
                    store::delete(tx, id).await?;
                    return item_delete(tx, id).await;
                }
                // The store has heard of it, and is told to forget it.
                file_step(tx, id, &[MediaState::Requested], MediaState::Expired).await?;
                release(tx, place.space, &file);
                Ok(())
            })
        })
        .await
}

/// An own item whose file is about to be sent, or was. What is signed next is good for as long as is noted here.
async fn own_to_send(app: &App, actor: &Actor, id: Uuid) -> Result<(ContributionRow, FileRow)> {
    let place = &place(app, actor, id).await?;
    app.db
        .write(Some(place.space), |tx| {
            Box::pin(async move {
                let (known, file) = own_locked(tx, actor, place, id).await?;
                if is_under_way(&known) {
                    return Ok((known, file));
                }
                known.allows(ContentAction::Upload).map_err(Error::forbidden)?;
                // The requests are signed by another clock than the database's, and a moment later.
                let until = tx.clock().now() + TimeDelta::seconds(60) + SIGNED_FOR;
                let row = media_file::ActiveModel {
                    contribution_id: Unchanged(id),
                    signed_until: Set(Some(until)),
                    ..Default::default()
                };
                store::update(tx, row).await?;
                Ok((known, file))
            })
        })
        .await
}

/// An own item, as it is now.
async fn own(app: &App, actor: &Actor, id: Uuid) -> Result<(ContributionRow, FileRow)> {
    let place = &place(app, actor, id).await?;
    app.db
        .write(Some(place.space), |tx| {
            Box::pin(async move { own_locked(tx, actor, place, id).await })
        })
        .await
}

/// Whether a file has arrived, and nothing speaks against it yet.
fn is_under_way(item: &ContributionRow) -> bool {
    let state = item.file_state;
    matches!(
        state,
        Some(MediaState::Uploaded | MediaState::Processing | MediaState::Ready)
    )
}

/// What has arrived of an own file, and signed requests for what hasn't: for all of it, or for the parts that are wished for.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `INVALID`; `UNAVAILABLE` if the store doesn't answer.
pub async fn arrived(app: &App, actor: &Actor, id: Uuid, wished: Option<&[i32]>) -> Result<Uploading> {
    let (known, file) = own_to_send(app, actor, id).await?;
    let is_in_parts = rules::is_in_parts(file.size);
    if is_under_way(&known) {
        // All of it is there: the answer to its completion was lost.
        let sha256 = (!is_in_parts).then_some(&file.sha256);
        let arrived = rules::parts(file.size).map(|(part, _, size)| Arrived {
            part,
            size,
            sha256: sha256.cloned(),
        });
        return Ok(Uploading {
            arrived: arrived.collect(),
            requests: Vec::new(),
            is_in_parts,
        });
    }
    let key = key::staging(id);
    if !is_in_parts {
        if let Some(arrived) = arrived_whole(app, &key, &file).await? {
            return Ok(Uploading {
                arrived: vec![arrived],
                requests: Vec::new(),
                is_in_parts,
            });
        }
        let upload = Upload {
            key: &key,
            media_type: &signed_type(&file.declared_type)?,
            size: file.size.unsigned_abs(),
            sha256: rules::digest(&file.sha256),
            valid_for: SIGNED_FOR,
        };
        let request = app.storage.upload_url(&upload).await?;
        return Ok(Uploading {
            arrived: Vec::new(),
            requests: vec![Signed {
                part: None,
                offset: 0,
                size: file.size,
                request,
            }],
            is_in_parts,
        });
    }
    let upload_id = upload_id(app, known.space_id, id, &file).await?;
    let there = app.storage.list_parts(&key, &upload_id).await?;
    let arrived: Vec<Arrived> = there.iter().filter_map(whole(file.size)).collect();
    for (place, wish) in wished.unwrap_or_default().iter().enumerate() {
        if !rules::parts(file.size).any(|(number, ..)| number == *wish) {
            let error = Error::invalid(Reason::OutOfRange, "The file has no such part.");
            return Err(error.at(&["partNumbers", &place.to_string()]));
        }
    }
    let missing = rules::parts(file.size).filter(|(number, ..)| match wished {
        Some(wished) => wished.contains(number),
        None => !arrived.iter().any(|there| there.part == *number),
    });
    let missing: Vec<_> = missing.collect();
    let parts: Vec<NewPart> = missing
        .iter()
        .map(|(number, _, size)| NewPart {
            number: number.unsigned_abs(),
            size: size.unsigned_abs(),
            // The whole is checked instead: stores take no mixture of parts with and without.
            sha256: None,
        })
        .collect();
    let signed = app.storage.part_urls(&key, &upload_id, &parts, SIGNED_FOR).await?;
    let requests = missing
        .into_iter()
        .zip(signed)
        .map(|((number, offset, size), request)| Signed {
            part: Some(number),
            offset,
            size,
            request,
        });
    Ok(Uploading {
        arrived,
        requests: requests.collect(),
        is_in_parts,
    })
}

/// The type that a store is told. Earlier releases kept it as it was declared.
fn signed_type(declared: &str) -> Result<String> {
    let label = Label::of(declared).ok_or_else(|| Error::broken("a file of a type that isn't taken"))?;
    Ok(label.media_type)
}

/// Parts as they should be: those of another size have to be sent again.
fn whole(size: i64) -> impl Fn(&Part) -> Option<Arrived> {
    move |part| {
        let found = (i32::try_from(part.number).ok()?, i64::try_from(part.size).ok()?);
        let is_whole = rules::parts(size).any(|(number, _, size)| (number, size) == found);
        is_whole.then_some(Arrived {
            part: found.0,
            size: found.1,
            sha256: None,
        })
    }
}

/// A file that has arrived in one piece, if it is the one that was announced. Another one is thrown away, so that it can be sent again.
async fn arrived_whole(app: &App, key: &str, file: &FileRow) -> Result<Option<Arrived>> {
    let Some(found) = app.storage.head(key).await? else {
        return Ok(None);
    };
    if found.size == file.size.unsigned_abs() && is_announced(app, key, file).await? {
        return Ok(Some(Arrived {
            part: 1,
            size: file.size,
            sha256: Some(file.sha256.clone()),
        }));
    }
    app.storage.delete(&[key]).await?;
    Ok(None)
}

/// The upload in parts of a file, begun if there is none.
async fn upload_id(app: &App, space: Uuid, id: Uuid, file: &FileRow) -> Result<String> {
    if let Some(known) = &file.upload_id {
        return Ok(known.clone());
    }
    let key = &key::staging(id);
    let begun = &app
        .storage
        .begin_parts(key, &signed_type(&file.declared_type)?, false)
        .await?;
    let kept = app
        .db
        .write(Some(space), |tx| {
            Box::pin(async move {
                tx.gate(space, Gate::Shared).await?;
                if store::begin_parts(tx, id, begun).await? {
                    return Ok(Some(begun.clone()));
                }
                Ok(store::file(tx, id).await?.and_then(|file| file.upload_id))
            })
        })
        .await?
        .ok_or_else(Error::not_found)?;
    if kept != *begun {
        app.storage.abort_parts(key, begun).await?;
    }
    Ok(kept)
}

/// Calls an upload off: what has arrived is thrown away. Its room is free when nothing can be sent any more. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`; `UNAVAILABLE` if the store doesn't answer.
pub async fn abort(app: &App, actor: &Actor, id: Uuid) -> Result<()> {
    let place = &place(app, actor, id).await?;
    let upload = app
        .db
        .write(Some(place.space), |tx| {
            Box::pin(async move {
                let (known, file) = own_locked(tx, actor, place, id).await?;
                if known.file_state != Some(MediaState::Expired) {
                    // What might be processed again is kept until its uploader gives it up.
                    let is_waiting = file.failure.is_some_and(rules::may_be_retried);
                    let from = match known.file_state {
                        Some(MediaState::Requested) => MediaState::Requested,
                        Some(MediaState::Failed) if is_waiting => MediaState::Failed,
                        _ => return Err(Error::forbidden(Reason::StateNotAllowed)),
                    };
                    known.allows(ContentAction::Remove).map_err(Error::forbidden)?;
                    file_step(tx, id, &[from], MediaState::Expired).await?;
                    release(tx, place.space, &file);
                }
                Ok(file.upload_id)
            })
        })
        .await?;
    clear(app, id, upload.as_deref()).await
}

/// Throws away what has arrived of a file.
pub(super) async fn clear(app: &App, id: Uuid, upload: Option<&str>) -> Result<()> {
    let key = key::staging(id);
    if let Some(upload) = upload {
        app.storage.abort_parts(&key, upload).await?;
    }
    app.storage.delete(&[&key]).await
}

/// Puts a file where its uploader would send it: for what the server itself brings along.
///
/// # Errors
/// The store's.
pub async fn deliver(app: &App, item: Uuid, media_type: &str, content: Vec<u8>) -> Result<()> {
    let folder = app.scratch().await?;
    let path = folder.path().join("upload");
    tokio::fs::write(&path, content).await.map_err(Error::internal)?;
    app.storage.store(&path, &key::staging(item), media_type).await
}

/// Takes over an own file that has arrived, and has it processed. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`; `CONFLICT`/`UPLOAD_INCOMPLETE` or `UPLOAD_MISMATCH`; `UNAVAILABLE` if the store doesn't answer.
pub async fn complete(app: &App, actor: &Actor, id: Uuid) -> Result<()> {
    let (known, file) = own(app, actor, id).await?;
    if is_under_way(&known) {
        return Ok(());
    }
    known.allows(ContentAction::Upload).map_err(Error::forbidden)?;
    if let Some(upload) = &file.upload_id {
        // Putting them together takes as long as it takes: it is part of the work on the file.
        whole_parts(app, id, upload, &file).await?;
    } else {
        take_over(app, id, &file).await?;
    }
    let space = known.space_id;
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                tx.gate(space, Gate::Shared).await?;
                if file_step(tx, id, &[MediaState::Requested], MediaState::Uploaded).await? {
                    enqueue(tx, space, id);
                }
                Ok(())
            })
        })
        .await?;
    if file.upload_id.is_none() {
        clear_staging(app, id).await;
    }
    Ok(())
}

/// Copies a file that has arrived in one piece, if it is the one that was announced.
async fn take_over(app: &App, id: Uuid, file: &FileRow) -> Result<()> {
    let (staging, source) = (key::staging(id), key::source(id));
    let incomplete = || Error::refused(Code::Conflict, Reason::UploadIncomplete, "The file has not arrived.");
    let found = app.storage.head(&staging).await?.ok_or_else(incomplete)?;
    let mismatch = || {
        Error::refused(
            Code::Conflict,
            Reason::UploadMismatch,
            "What has arrived is not what was announced.",
        )
    };
    if found.size != file.size.unsigned_abs() {
        app.storage.delete(&[&staging]).await?;
        return Err(mismatch());
    }
    // Whatever is sent to the staging key from now on changes nothing.
    app.storage.copy(&staging, &source).await?;
    if !is_announced(app, &source, file).await? {
        app.storage.delete(&[&staging, &source]).await?;
        return Err(mismatch());
    }
    Ok(())
}

/// Puts a file together that has arrived in parts, where no client writes to. What an earlier attempt has done stays done.
///
/// # Errors
/// The store's or the database's.
pub(super) async fn take_over_parts(app: &App, (id, space): (Uuid, Uuid), file: &FileRow) -> Result<()> {
    let Some(upload) = &file.upload_id else {
        return Ok(());
    };
    let (staging, source) = (key::staging(id), key::source(id));
    if app.storage.head(&source).await?.is_none() {
        if app.storage.head(&staging).await?.is_none() {
            let parts = whole_parts(app, id, upload, file).await?;
            app.storage.complete_parts(&staging, upload, &parts).await?;
        }
        app.storage.copy(&staging, &source).await?;
    }
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                let row = media_file::ActiveModel {
                    contribution_id: Unchanged(id),
                    upload_id: Set(None),
                    ..Default::default()
                };
                store::update(tx, row).await
            })
        })
        .await?;
    clear_staging(app, id).await;
    Ok(())
}

/// Deletes what was uploaded once it was copied. If this fails, the sweep does it.
async fn clear_staging(app: &App, id: Uuid) {
    if let Err(error) = app.storage.delete(&[&key::staging(id)]).await {
        tracing::warn!(?error, "an uploaded object could not be cleared away");
    }
}

/// The parts of a file, all of which must have arrived.
async fn whole_parts(app: &App, id: Uuid, upload: &str, file: &FileRow) -> Result<Vec<Part>> {
    let there = app.storage.list_parts(&key::staging(id), upload).await?;
    let is_whole = whole(file.size);
    let parts: Vec<Part> = there.into_iter().filter(|part| is_whole(part).is_some()).collect();
    if parts.len() != rules::parts(file.size).count() {
        let message = "Not all parts have arrived.";
        return Err(Error::refused(Code::Conflict, Reason::UploadIncomplete, message));
    }
    Ok(parts)
}

/// Whether an object has the bytes that were announced.
async fn is_announced(app: &App, key: &str, file: &FileRow) -> Result<bool> {
    let folder = app.scratch().await?;
    fetch(app, key, file, &folder.path().join("upload")).await
}

/// Reads an object, and tells whether it has the bytes that were announced. One wrong read proves nothing: it is read again.
///
/// # Errors
/// The store's.
pub(super) async fn fetch(app: &App, key: &str, file: &FileRow, path: &Path) -> Result<bool> {
    for attempt in 1..=READS {
        let fetched = app.storage.fetch(key, path, file.size.unsigned_abs()).await?;
        if fetched.sha256 == rules::digest(&file.sha256) {
            return Ok(true);
        }
        tracing::warn!(key, attempt, "an upload has other bytes than were announced");
    }
    Ok(false)
}

/// Has the objects of a file that has ended deleted, and its room given back: once nothing can be sent any more.
pub(super) fn release(tx: &mut Tx<'_>, space: Uuid, file: &FileRow) {
    let now = tx.clock().now();
    tx.enqueue(NewJob {
        kind: DELETE,
        subject_id: file.contribution_id,
        space_id: Some(space),
        due_at: file.signed_until.map_or(now, |until| until.max(now)),
    });
}

fn enqueue(tx: &mut Tx<'_>, space: Uuid, id: Uuid) {
    let due_at = tx.clock().now();
    tx.enqueue(NewJob {
        kind: PROCESS,
        subject_id: id,
        space_id: Some(space),
        due_at,
    });
}

/// Processes an own file again that failed for a reason that may have gone: a store that was away, or that gave other bytes.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`.
pub async fn retry(app: &App, actor: &Actor, id: Uuid) -> Result<()> {
    let place = &place(app, actor, id).await?;
    app.db
        .write(Some(place.space), |tx| {
            Box::pin(async move {
                let (known, file) = own_locked(tx, actor, place, id).await?;
                if is_under_way(&known) {
                    return Ok(());
                }
                known.allows(ContentAction::Retry).map_err(Error::forbidden)?;
                if !file.failure.is_some_and(rules::may_be_retried) {
                    return Err(Error::forbidden(Reason::StateNotAllowed));
                }
                let row = media_file::ActiveModel {
                    contribution_id: Unchanged(id),
                    failure: Set(None),
                    progress: Set(0),
                    ..Default::default()
                };
                store::update(tx, row).await?;
                file_step(tx, id, &[MediaState::Failed], MediaState::Uploaded).await?;
                enqueue(tx, place.space, id);
                Ok(())
            })
        })
        .await
}
