//! Making safe versions of what was uploaded.

use std::{path::PathBuf, time::Duration};

use entity::{
    enums::{MediaFailure, MediaState, MediaVariant},
    media_file::{self, Variant, Variants},
};
use sea_orm::ActiveValue::{Set, Unchanged};
use tokio::sync::watch;
use uuid::Uuid;

use super::{
    super::{
        rules,
        store::{self, FileRow},
    },
    key,
    upload::{fetch, release, take_over_parts},
};
use crate::{
    app::App,
    features::contribution::{file_is, file_progressed, file_step},
    platform::{
        db::{Gate, Tx},
        error::{Error, Result},
        job::{Job, Lease, Outcome},
        media::{self as maker, Derivative, Input, Limits, Processed, Refusal},
    },
};

/// How files are processed.
#[derive(Clone, Debug, Default)]
pub struct Processing {
    /// Where clamd listens, `tcp://host:port` or `unix:/path`; without it nothing looks for viruses.
    pub clamd_url: Option<String>,
    /// The program that makes posters of videos; without it they have none.
    pub ffmpeg: Option<PathBuf>,
}

/// How long clamd may take.
const SCAN_LIMIT: Duration = Duration::from_secs(120);
/// Its uploader is told at every such step, in per cent.
const STEP: i32 = 25;

/// What became of a file.
enum Fate {
    Ready(Processed),
    Refused(MediaFailure, bool),
}

/// Processes the file of an item. It may have been tried before.
///
/// # Errors
/// The store's or the database's; it is tried again then.
pub async fn process(app: &App, job: &Job, lease: &Lease) -> Result<Outcome> {
    let (item, Some(space)) = (job.subject_id, job.space_id) else {
        return Ok(Outcome::Park("no space"));
    };
    let Some(file) = begin(app, item, space).await? else {
        return Ok(Outcome::Done);
    };
    take_over_parts(app, (item, space), &file).await?;
    let folder = app.scratch().await?;
    let path = folder.path().join("upload");
    let fate = if fetch(app, &key::source(item), &file, &path).await? {
        match make(app, (item, space), &file, path, lease).await? {
            Ok(fate) => judged(app, &file, fate),
            Err(why) => return Ok(Outcome::Retry(why)),
        }
    } else {
        Fate::Refused(MediaFailure::ChecksumMismatch, false)
    };
    if let Fate::Ready(made) = &fate {
        for derivative in &made.files {
            let key = key::variant(item, variant(derivative), derivative.media_type);
            app.storage.store(&derivative.path, &key, derivative.media_type).await?;
        }
    }
    let is_kept =
        matches!(fate, Fate::Refused(failure, is_quarantined) if is_quarantined || rules::may_be_retried(failure));
    let (fate, file) = (&fate, &file);
    let ended = app
        .db
        .write(Some(space), |tx| {
            Box::pin(async move {
                tx.gate(space, Gate::Shared).await?;
                settle(tx, space, file, fate).await?;
                lease.complete(tx).await
            })
        })
        .await?;
    if !is_kept && let Err(error) = app.storage.delete(&[&key::source(item)]).await {
        tracing::warn!(?error, "an original could not be deleted yet");
    }
    Ok(ended.into())
}

/// Takes a file on, if it is still wanted.
async fn begin(app: &App, item: Uuid, space: Uuid) -> Result<Option<FileRow>> {
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                tx.gate(space, Gate::Shared).await?;
                let from = [MediaState::Uploaded, MediaState::Processing];
                if !file_step(tx, item, &from, MediaState::Processing).await? {
                    return Ok(None);
                }
                store::file(tx, item).await
            })
        })
        .await
}

/// The fate of a file by what it has turned out to be.
fn judged(app: &App, file: &FileRow, fate: Fate) -> Fate {
    match fate {
        Fate::Ready(made) if file.size > app.quotas.largest(rules::kind_of(made.kind)) => {
            Fate::Refused(MediaFailure::TooLarge, false)
        }
        fate => fate,
    }
}

/// Scans a file and makes safe versions of it, or says why it has to be tried again.
async fn make(
    app: &App,
    (item, space): (Uuid, Uuid),
    file: &FileRow,
    path: PathBuf,
    lease: &Lease,
) -> Result<std::result::Result<Fate, &'static str>> {
    let mut is_scanned = true;
    if let Some(url) = &app.processing.clamd_url {
        match maker::clamd::scan(url, &path, SCAN_LIMIT).await {
            Ok(maker::clamd::Scan::Clean) => {}
            Ok(maker::clamd::Scan::Found(virus)) => {
                tracing::info!(%item, virus, "a virus was found");
                return Ok(Ok(Fate::Refused(MediaFailure::Infected, true)));
            }
            Ok(maker::clamd::Scan::TooLarge) => is_scanned = false,
            Err(error) => {
                tracing::warn!(%error, "clamd could not scan");
                return Ok(Err("clamd could not scan"));
            }
        }
    }
    let (tell, mut told) = watch::channel(0_u8);
    let (over, ffmpeg) = (lease.clone(), app.processing.ffmpeg.clone());
    let (size, declared, name) = (
        file.size.unsigned_abs(),
        file.declared_type.clone(),
        file.file_name.clone(),
    );
    let work = tokio::task::spawn_blocking(move || {
        let limits = Limits::default();
        let work_dir = path.parent().map(PathBuf::from).unwrap_or_default();
        maker::process(&Input {
            path: &path,
            size,
            declared_type: &declared,
            file_name: &name,
            work_dir: &work_dir,
            limits: &limits,
            is_cancelled: &|| over.is_over(),
            progress: &|percent| {
                tell.send_replace(percent);
            },
            ffmpeg: ffmpeg.as_deref(),
        })
    });
    let mut last = 0;
    while told.changed().await.is_ok() {
        let percent = i32::from(*told.borrow_and_update());
        if percent >= last + STEP && percent < 100 {
            last = percent;
            progressed(app, (item, space), percent).await?;
        }
    }
    Ok(match work.await.map_err(Error::internal)? {
        // Whatever is not a document is made anew.
        Ok(made) if made.kind == maker::Kind::Document && !is_scanned => {
            Ok(Fate::Refused(MediaFailure::TooLarge, false))
        }
        Ok(made) => Ok(Fate::Ready(made)),
        Err(Refusal::Refused(reason, why)) => {
            tracing::info!(%item, ?reason, why, "a file was refused");
            Ok(Fate::Refused(failure(reason), reason.is_quarantined()))
        }
        Err(Refusal::Cancelled) => Err("called off"),
        Err(Refusal::Io(error)) => {
            tracing::warn!(%error, "a file could not be processed");
            Err("the disk or ffmpeg failed")
        }
    })
}

async fn progressed(app: &App, (item, space): (Uuid, Uuid), percent: i32) -> Result<()> {
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                tx.gate(space, Gate::Shared).await?;
                let row = media_file::ActiveModel {
                    contribution_id: Unchanged(item),
                    progress: Set(percent),
                    ..Default::default()
                };
                store::update(tx, row).await?;
                file_progressed(tx, item).await
            })
        })
        .await
}

/// Notes what became of a file.
async fn settle(tx: &mut Tx<'_>, space: Uuid, file: &FileRow, fate: &Fate) -> Result<()> {
    let item = file.contribution_id;
    let pixels = |count: Option<u32>| count.and_then(|count| i32::try_from(count).ok());
    let (row, state) = match fate {
        Fate::Ready(made) => {
            let variants = made.files.iter().map(|derivative| Variant {
                variant: variant(derivative),
                media_type: derivative.media_type.to_owned(),
                width: pixels(derivative.width),
                height: pixels(derivative.height),
                size: i64::try_from(derivative.size).unwrap_or(i64::MAX),
            });
            let variants: Vec<Variant> = variants.collect();
            file_is(tx, item, rules::kind_of(made.kind)).await?;
            let row = media_file::ActiveModel {
                contribution_id: Unchanged(item),
                file_name: Set(maker::fitting(&file.file_name, made.media_type)),
                progress: Set(100),
                media_type: Set(variants.first().map(|original| original.media_type.clone())),
                width: Set(pixels(made.width)),
                height: Set(pixels(made.height)),
                duration_ms: Set(made
                    .duration
                    .and_then(|duration| i64::try_from(duration.as_millis()).ok())),
                blurhash: Set(made.blurhash.clone()),
                variants: Set(Variants(variants)),
                ..Default::default()
            };
            (row, MediaState::Ready)
        }
        Fate::Refused(failure, is_quarantined) => {
            let row = media_file::ActiveModel {
                contribution_id: Unchanged(item),
                failure: Set(Some(*failure)),
                ..Default::default()
            };
            let state = if *is_quarantined {
                MediaState::Quarantined
            } else {
                MediaState::Failed
            };
            (row, state)
        }
    };
    store::update(tx, row).await?;
    let is_step = file_step(tx, item, &[MediaState::Processing], state).await?;
    if let Fate::Refused(failure, false) = fate
        && is_step
        && !rules::may_be_retried(*failure)
    {
        release(tx, space, file);
    }
    Ok(())
}

/// Notes that a file can't be processed, for now.
///
/// # Errors
/// The database's.
pub async fn give_up(tx: &mut Tx<'_>, job: &Job) -> Result<()> {
    let (item, Some(space)) = (job.subject_id, job.space_id) else {
        return Ok(());
    };
    tx.gate(space, Gate::Shared).await?;
    let row = media_file::ActiveModel {
        contribution_id: Unchanged(item),
        failure: Set(Some(MediaFailure::Unavailable)),
        ..Default::default()
    };
    store::update(tx, row).await?;
    let from = [MediaState::Uploaded, MediaState::Processing];
    file_step(tx, item, &from, MediaState::Failed).await?;
    Ok(())
}

fn variant(derivative: &Derivative) -> MediaVariant {
    match derivative.variant {
        maker::Variant::Original => MediaVariant::Original,
        maker::Variant::Small => MediaVariant::Small,
        maker::Variant::Medium => MediaVariant::Medium,
        maker::Variant::Large => MediaVariant::Large,
        maker::Variant::Poster => MediaVariant::Poster,
    }
}

fn failure(reason: maker::Reason) -> MediaFailure {
    match reason {
        maker::Reason::TypeMismatch => MediaFailure::TypeMismatch,
        maker::Reason::UnsupportedType => MediaFailure::UnsupportedType,
        maker::Reason::TooManyPixels => MediaFailure::TooManyPixels,
        maker::Reason::TooLarge => MediaFailure::TooLarge,
        maker::Reason::Corrupt => MediaFailure::Corrupt,
        maker::Reason::Unsafe => MediaFailure::Unsafe,
        maker::Reason::Infected => MediaFailure::Infected,
        maker::Reason::TimedOut => MediaFailure::TimedOut,
    }
}
