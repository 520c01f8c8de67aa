//! A room that somebody on this node watches.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Notify, watch},
    time::{sleep, timeout},
};
use uuid::Uuid;

use super::{Holders, Inner, Picture, Value};

/// How often a room is read: leases end, and other nodes change it.
const EVERY: Duration = Duration::from_secs(1);
/// The pause between two readings at least, however much changes.
const PAUSE: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub(super) struct Room<T: Value> {
    id: Uuid,
    leases: Weak<Inner<T>>,
    /// None before it was read first.
    picture: watch::Sender<Option<Arc<Picture<T>>>>,
    /// Rung when there is a reason to read it now.
    bell: Arc<Notify>,
    is_read: AtomicBool,
}

impl<T: Value> Room<T> {
    pub(super) fn new(id: Uuid, leases: Weak<Inner<T>>) -> Self {
        Self {
            id,
            leases,
            picture: watch::Sender::new(None),
            bell: Arc::default(),
            is_read: AtomicBool::new(false),
        }
    }

    /// Reads it soon.
    pub(super) fn look(&self) {
        self.bell.notify_one();
    }

    fn show(&self, holders: &Holders<T>, is_known: bool) {
        let of = |(holder, held): &(Uuid, Vec<super::Held<T>>)| {
            let values = held.iter().map(|held| held.value.clone()).collect();
            (*holder, values)
        };
        let mut holders: Vec<_> = holders.iter().map(of).collect();
        holders.sort_unstable_by_key(|(holder, _)| *holder);
        let picture = Picture { is_known, holders };
        self.picture.send_if_modified(|old| {
            let is_new = old.as_deref() != Some(&picture);
            if is_new {
                *old = Some(Arc::new(picture));
            }
            is_new
        });
    }
}

impl<T: Value> Drop for Room<T> {
    fn drop(&mut self) {
        // Its task sees that it is gone.
        self.bell.notify_one();
        if let Some(leases) = self.leases.upgrade() {
            leases.rooms.forget(self.id);
        }
    }
}

/// Reads a room for as long as somebody watches it.
async fn read<T: Value>(room: Weak<Room<T>>, bell: Arc<Notify>) {
    let mut known = Vec::new();
    loop {
        // Held during the reading alone, or the room would never go.
        let Some(room) = room.upgrade() else { return };
        let Some(leases) = room.leases.upgrade() else { return };
        let read = leases.read(room.id).await;
        let is_known = read.is_ok();
        if let Ok(holders) = read {
            known = holders;
        } else {
            let now = leases.clock.system().timestamp_millis();
            known.retain_mut(|(_, held): &mut (Uuid, Vec<super::Held<T>>)| {
                held.retain(|held| held.ends_at > now);
                !held.is_empty()
            });
        }
        room.show(&known, is_known);
        drop((room, leases));
        sleep(PAUSE).await;
        let _ = timeout(EVERY - PAUSE, bell.notified()).await;
    }
}

/// Watches a room.
#[derive(Debug)]
pub struct Watch<T: Value> {
    picture: watch::Receiver<Option<Arc<Picture<T>>>>,
    /// The room is read while somebody holds it.
    room: Arc<Room<T>>,
}

impl<T: Value> Watch<T> {
    pub(super) fn new(room: Arc<Room<T>>) -> Self {
        if !room.is_read.swap(true, Ordering::Relaxed) {
            tokio::spawn(read(Arc::downgrade(&room), Arc::clone(&room.bell)));
        }
        let mut picture = room.picture.subscribe();
        // What is there already is new to this one.
        picture.mark_changed();
        Self { picture, room }
    }

    /// What the room looks like; none before it was read first.
    pub fn picture(&mut self) -> Option<Arc<Picture<T>>> {
        self.picture.borrow_and_update().clone()
    }

    /// Completes when the room looks different from what [`Self::picture`] gave last. Cancel safe.
    pub async fn changed(&mut self) {
        if self.picture.changed().await.is_err() {
            // The room has the other end, and is held here.
            tracing::error!(room = ?self.room.id, "nobody reads a room that is watched");
            std::future::pending::<()>().await;
        }
    }
}
