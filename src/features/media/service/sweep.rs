//! Clearing away what nobody waits for.

use chrono::TimeDelta;
use entity::enums::MediaState;
use futures_util::TryStreamExt;
use uuid::Uuid;

use super::{
    super::{
        rules,
        store::{self, Stale},
    },
    DELETE, key,
    upload::{ARRIVES_WITHIN, clear, release},
};
use crate::{
    app::App,
    features::contribution::file_step,
    platform::{
        db::{Gate, Tx},
        error::Result,
        job::NewJob,
    },
};

/// How long a removed or refused file is kept.
const KEPT_FOR: TimeDelta = TimeDelta::days(30);
/// How long after its announcement, at the latest, nothing arrives any more for a file that isn't waited for: longer than requests are good.
const NOTHING_ARRIVES_AFTER: TimeDelta = TimeDelta::hours(1);
/// Objects that are asked for at once.
const BATCH: usize = 500;

/// Lets unused uploads expire, deletes what was removed or refused long ago, and objects that belong to nothing. Returns how many.
///
/// # Errors
/// The store's or the database's; the next sweep goes on.
pub async fn sweep(app: &App) -> Result<usize> {
    let now = app.clock.now();
    let mut count = 0;
    for unused in store::system_stale(&app.db, MediaState::Requested, now - ARRIVES_WITHIN).await? {
        clear(app, unused.id, unused.upload_id.as_deref()).await?;
        expire(app, &unused).await?;
        count += 1;
    }
    for state in [MediaState::Deleted, MediaState::Quarantined, MediaState::Failed] {
        for old in store::system_stale(&app.db, state, now - KEPT_FOR).await? {
            clear(app, old.id, old.upload_id.as_deref()).await?;
            purge(app, old.id).await?;
            end(app, &old, MediaState::Deleted).await?;
            count += 1;
        }
    }
    for (folder, age) in [
        (key::STAGING, NOTHING_ARRIVES_AFTER),
        (key::SOURCE, ARRIVES_WITHIN * 2),
        (key::MEDIA, ARRIVES_WITHIN * 2),
    ] {
        count += orphans(app, folder, age).await?;
    }
    Ok(count)
}

/// Notes that a file was not sent in time. Its room is free when nothing can be sent any more.
async fn expire(app: &App, unused: &Stale) -> Result<()> {
    let (id, space) = (unused.id, unused.space_id);
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                tx.gate(space, Gate::Shared).await?;
                if file_step(tx, id, &[MediaState::Requested], MediaState::Expired).await?
                    && let Some(file) = store::file(tx, id).await?
                {
                    release(tx, space, &file);
                }
                Ok(())
            })
        })
        .await
}

/// Ends the file of an item: nothing of it is stored any more.
async fn end(app: &App, stale: &Stale, to: MediaState) -> Result<()> {
    let (id, space, from) = (stale.id, stale.space_id, stale.file_state);
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                tx.gate(space, Gate::Shared).await?;
                if from != to {
                    file_step(tx, id, &[from], to).await?;
                }
                store::discharge(tx, id).await?;
                // Why it failed can be read for a while.
                if to == MediaState::Failed {
                    return Ok(());
                }
                store::settle(tx, id).await
            })
        })
        .await
}

/// Has the files among these contributions deleted at once, and takes out what tells of who uploaded them. Only behind the gate.
///
/// # Errors
/// The database's.
pub async fn erase(tx: &mut Tx<'_>, space: Uuid, contributions: &[Uuid]) -> Result<()> {
    let items = store::filed(tx, contributions).await?;
    store::blank(tx, &items).await?;
    let due_at = tx.clock().now();
    for subject_id in items {
        tx.enqueue(NewJob {
            kind: DELETE,
            subject_id,
            space_id: Some(space),
            due_at,
        });
    }
    Ok(())
}

/// Deletes all objects of an item whose file has come to an end, and gives its room back.
///
/// # Errors
/// The store's or the database's.
pub async fn delete(app: &App, item: Uuid) -> Result<()> {
    let Some(file) = store::system_file(&app.db, item).await? else {
        return Ok(());
    };
    // Somebody may have it processed again.
    if file.file_state == MediaState::Failed && file.failure.is_some_and(rules::may_be_retried) {
        return Ok(());
    }
    clear(app, item, file.upload_id.as_deref()).await?;
    purge(app, item).await?;
    end(app, &file, file.file_state).await
}

/// Deletes all objects of an item.
async fn purge(app: &App, item: Uuid) -> Result<()> {
    let folder = format!("{}/{item}", key::MEDIA);
    let objects: Vec<_> = app.storage.list(&folder, app.clock.now()).try_collect().await?;
    let (staging, source) = (key::staging(item), key::source(item));
    let mut keys: Vec<&str> = objects.iter().map(|object| object.key.as_str()).collect();
    keys.extend([staging.as_str(), source.as_str()]);
    app.storage.delete(&keys).await
}

/// Deletes objects of a folder that no file in a fitting state stands for.
async fn orphans(app: &App, folder: &str, age: TimeDelta) -> Result<usize> {
    let old = app.storage.list(folder, app.clock.system() - age);
    let mut batches = std::pin::pin!(old.try_ready_chunks(BATCH));
    let mut count = 0;
    while let Some(batch) = batches.try_next().await.map_err(|error| error.1)? {
        let items: Vec<Uuid> = batch.iter().filter_map(|object| key::item(&object.key)).collect();
        let states = store::system_states(&app.db, &items).await?;
        let is_kept = |key: &str| match key::item(key).and_then(|item| states.get(&item)) {
            None => false,
            Some(MediaState::Requested) => folder == key::STAGING,
            Some(MediaState::Uploaded | MediaState::Processing) => true,
            // What came in parts may not have been copied yet when it failed.
            Some(MediaState::Failed) => folder != key::MEDIA,
            Some(MediaState::Quarantined) => folder == key::SOURCE,
            Some(MediaState::Ready | MediaState::Deleted) => folder == key::MEDIA,
            Some(MediaState::Expired) => false,
        };
        let orphans: Vec<&str> = batch
            .iter()
            .map(|object| object.key.as_str())
            .filter(|key| !is_kept(key))
            .collect();
        app.storage.delete(&orphans).await?;
        count += orphans.len();
    }
    Ok(count)
}
