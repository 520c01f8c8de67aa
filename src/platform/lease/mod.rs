//! Leases: what somebody holds for as long as they say so again and again, for instance that they are here.
//!
//! A *room* has *holders*, a holder has *devices*, and each device holds a small value until a time. Nobody has to take it back: it
//! ends by itself. Leases are kept in this process, or in Redis, so that all nodes see them, and never in the database.
//!
//! Whoever watches a room has its newest *picture*. One task per watched room and node reads it, every second and soon after a change
//! that was made on this node, however many watch; it ends with the last of them. While Redis is away nothing can be held, and what was
//! read last, less what has ended since, is a picture that says of itself that it isn't known.

mod memory;
mod room;
mod shared;

use std::{fmt::Debug, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

pub use self::room::Watch;
use self::{memory::Memory, room::Room, shared::Shared};
use super::{
    clock::Clock,
    error::{Error, Result},
    redis::Redis,
    registry::Registry,
    retry::spread,
};

/// Devices of one holder that count in a room: of more, those are forgotten that did something new the longest ago.
pub const DEVICES: usize = 5;

/// What a device can hold.
pub trait Value: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {}

impl<T: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static> Value for T {}

/// What a room looks like.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture<T> {
    /// Whether it is what is held now. False while Redis is away: it is what was read last then, if anything was.
    pub is_known: bool,
    /// The holders in the order of their ids: of each what their devices hold, what is newest last.
    pub holders: Vec<(Uuid, Vec<T>)>,
}

/// What one device holds.
#[derive(Clone, Debug, PartialEq)]
struct Held<T> {
    device: Uuid,
    /// In milliseconds since 1970.
    ends_at: i64,
    value: T,
}

/// The devices of each holder.
type Holders<T> = Vec<(Uuid, Vec<Held<T>>)>;

/// The leases of a process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Leases<T: Value>(Arc<Inner<T>>);

#[derive(Debug)]
struct Inner<T: Value> {
    clock: Clock,
    kept: Kept<T>,
    /// Rooms that somebody on this node watches.
    rooms: Registry<Room<T>>,
}

#[derive(Debug)]
enum Kept<T> {
    Here(Memory<T>),
    InRedis(Shared),
}

impl<T: Value> Leases<T> {
    /// Leases of this process alone.
    #[must_use]
    pub fn in_process(clock: Clock) -> Self {
        Self::new(clock, Kept::Here(Memory::default()))
    }

    /// Leases that all nodes see, through Redis.
    #[must_use]
    pub fn over_redis(clock: Clock, redis: Redis) -> Self {
        Self::new(clock, Kept::InRedis(Shared::new(redis)))
    }

    fn new(clock: Clock, kept: Kept<T>) -> Self {
        Self(Arc::new(Inner {
            clock,
            kept,
            rooms: Registry::new(),
        }))
    }

    /// Lets a device hold a value for some time from now on, instead of what it held before. Returns when that ends. Holding the same
    /// again doesn't make it newer.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if Redis doesn't answer within a second.
    pub async fn hold(
        &self,
        room: Uuid,
        (holder, device): (Uuid, Uuid),
        value: T,
        life: Duration,
    ) -> Result<DateTime<Utc>> {
        let now = self.0.clock.system();
        let ends = now + life;
        let held = Held {
            device,
            ends_at: ends.timestamp_millis(),
            value,
        };
        match &self.0.kept {
            Kept::Here(memory) => memory.put(room, holder, held, now.timestamp_millis()),
            Kept::InRedis(shared) => {
                let line = shared::line(&held)?;
                let put = shared.put(room, (holder, device), &line, now, life).await;
                put.map_err(|_| away())?;
            }
        }
        self.changed(room);
        Ok(ends)
    }

    /// Ends what a device holds.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if Redis doesn't answer within a second: it ends by itself then.
    pub async fn let_go(&self, room: Uuid, (holder, device): (Uuid, Uuid)) -> Result<()> {
        let now = self.0.clock.system();
        match &self.0.kept {
            Kept::Here(memory) => memory.end(room, holder, device),
            Kept::InRedis(shared) => {
                let life = Duration::from_secs(1);
                let put = shared.put(room, (holder, device), "", now, life).await;
                put.map_err(|_| away())?;
            }
        }
        self.changed(room);
        Ok(())
    }

    /// Watches a room, together with all others on this node who do.
    #[must_use]
    pub fn watch(&self, room: Uuid) -> Watch<T> {
        let make = || Room::new(room, Arc::downgrade(&self.0));
        Watch::new(self.0.rooms.get_or_insert(room, make))
    }

    fn changed(&self, room: Uuid) {
        if let Some(room) = self.0.rooms.get(room) {
            room.look();
        }
    }
}

/// What somebody hears whose lease can't be kept.
fn away() -> Error {
    Error::Unavailable(spread(Duration::from_secs(1)))
}

impl<T: Value> Inner<T> {
    /// What is held in a room.
    async fn read(&self, room: Uuid) -> std::result::Result<Holders<T>, String> {
        let now = self.clock.system().timestamp_millis();
        match &self.kept {
            Kept::Here(memory) => Ok(memory.read(room, now)),
            Kept::InRedis(shared) => shared.read(room, now).await,
        }
    }
}
