//! The events of a space, as one member gets them.

use std::{collections::VecDeque, sync::Arc};

use async_trait::async_trait;
use uuid::Uuid;

use super::{
    SpaceEvent,
    deliver::{Control, control},
    event::Batch,
    filter::Filter,
    follower::Channel,
    seated::{Seated, Sitting},
};
use crate::platform::{
    auth::Actor,
    db::Db,
    error::Result,
    live::{Listener, Shared},
    stream::{Cursor, Event},
};

/// Events whose objects are loaded at once: what a slow client keeps in memory.
const LOADED: usize = 25;

/// A member who listens to a space.
pub(super) struct Member {
    db: Db,
    filter: Filter,
    seated: Seated,
    /// What the first of the waiting events are about, and since when.
    loaded: Option<Loaded>,
}

/// What events are about as the viewer saw it when they were loaded.
struct Loaded {
    shared: Arc<Shared>,
    batch: Arc<Batch>,
    /// The last of them.
    last: i64,
}

impl Member {
    /// # Errors
    /// `NOT_FOUND` for all but members.
    pub(super) async fn new(db: &Db, actor: &Actor, space: Uuid, filter: Filter) -> Result<Self> {
        Ok(Self {
            db: db.clone(),
            filter,
            seated: Seated::new(db, actor, space).await?,
            loaded: None,
        })
    }

    /// What the first waiting events are about, as the viewer sees it now.
    async fn load(&mut self, listener: &Listener, waiting: &VecDeque<Arc<Event>>, next: &Event) -> Result<Arc<Batch>> {
        let is_good = |loaded: &&Loaded| next.seq <= loaded.last && listener.is_current(&loaded.shared);
        if let Some(loaded) = self.loaded.as_ref().filter(is_good) {
            return Ok(Arc::clone(&loaded.batch));
        }
        let shared = listener.shared()?;
        let reader = self.seated.among(self.seated.vantage(&shared));
        let events: Vec<_> = waiting.iter().take(LOADED).cloned().collect();
        let last = events.last().map_or(next.seq, |event| event.seq);
        let batch = {
            let live = self.db.live();
            let _turn = if events.len() > 1 {
                Some(live.turn().await?)
            } else {
                None
            };
            Batch::load(&reader, events).await?
        };
        self.loaded = Some(Loaded {
            shared,
            batch: Arc::clone(&batch),
            last,
        });
        Ok(batch)
    }
}

#[async_trait]
impl Channel for Member {
    type Told = SpaceEvent;

    fn wants(&self, event: &Event) -> bool {
        self.filter.wants(event)
    }

    async fn is_open(&mut self, listener: &Listener) -> Result<bool> {
        let sitting = self.seated.renew(listener).await?;
        if sitting == Sitting::Renewed {
            self.loaded = None;
        }
        Ok(sitting != Sitting::Over)
    }

    fn forget(&mut self) {
        self.seated.forget();
    }

    async fn tell(
        &mut self,
        listener: &Listener,
        waiting: &VecDeque<Arc<Event>>,
        cursor: Cursor,
    ) -> Result<Option<SpaceEvent>> {
        let Some(event) = waiting.front() else { return Ok(None) };
        let batch = self.load(listener, waiting, event).await?;
        if waiting.len() == 1 {
            self.loaded = None;
        }
        Ok(batch.deliver(self.seated.seat(), event, cursor))
    }

    fn control(&self, cursor: Cursor, what: Control) -> SpaceEvent {
        control(&self.seated.passing(), cursor, what).into()
    }
}
