//! Clearing away what nobody waits for.

use chrono::TimeDelta;
use entity::enums::MediaState;
use futures_util::TryStreamExt;
use uuid::Uuid;

use super::{
    super::store::{self, Stale},
    DELETE, key,
    upload::{ARRIVES_WITHIN, clear},
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
        end(app, &unused, MediaState::Requested, MediaState::Expired).await?;
        count += 1;
    }
    for state in [MediaState::Deleted, MediaState::Quarantined, MediaState::Failed] {
        for old in store::system_stale(&app.db, state, now - KEPT_FOR).await? {
            clear(app, old.id, old.upload_id.as_deref()).await?;
            purge(app, old.id).await?;
            end(app, &old, state, MediaState::Deleted).await?;
            count += 1;
        }
    }
    for folder in [key::STAGING, key::SOURCE, key::MEDIA] {
        count += orphans(app, folder).await?;
    }
    Ok(count)
}

/// Ends the file of an item: nothing of it is stored any more.
async fn end(app: &App, stale: &Stale, from: MediaState, to: MediaState) -> Result<()> {
    let (id, space) = (stale.id, stale.space_id);
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                tx.gate(space, Gate::Shared).await?;
                if from != to {
                    file_step(tx, id, &[from], to).await?;
                }
                store::discharge(tx, id).await?;
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

/// Deletes all objects of an item that is deleted.
///
/// # Errors
/// The store's or the database's.
pub async fn delete(app: &App, item: Uuid) -> Result<()> {
    let Some(file) = store::system_file(&app.db, item).await? else {
        return Ok(());
    };
    clear(app, item, file.upload_id.as_deref()).await?;
    purge(app, item).await?;
    end(app, &file, MediaState::Deleted, MediaState::Deleted).await
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
async fn orphans(app: &App, folder: &str) -> Result<usize> {
    let old = app.storage.list(folder, app.clock.system() - ARRIVES_WITHIN * 2);
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
