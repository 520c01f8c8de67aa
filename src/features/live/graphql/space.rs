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
};
use crate::{
    features::space::seat,
    platform::{
        auth::{Actor, seat::Seat},
        db::{Db, Reader, Vantage},
        error::{Error, Result},
        live::{Listener, Shared},
        stream::{Cursor, Event},
    },
};

/// Events whose objects are loaded at once: what a slow client keeps in memory.
const LOADED: usize = 25;

/// A member who listens to a space.
pub(super) struct Member {
    db: Db,
    actor: Actor,
    space: Uuid,
    filter: Filter,
    seat: Arc<Seat>,
    /// The last event that the seat takes into account; none if it has to be read again.
    seated_at: Option<i64>,
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
        let reader = Reader::passing(db, Some(actor.clone()));
        let (seat, seated_at) = seat(&reader, space).await?.ok_or_else(Error::not_found)?;
        Ok(Self {
            db: db.clone(),
            actor: actor.clone(),
            space,
            filter,
            seat: Arc::new(seat),
            seated_at: Some(seated_at),
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
        let vantage = Vantage {
            seat: Arc::clone(&self.seat),
            shared: Arc::clone(&shared),
        };
        let reader = Reader::among(&self.db, &self.actor, vantage);
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
        let (member, has_grants) = (self.seat.member_id, !self.seat.grants.is_empty());
        let is_current = |&since: &i64| !listener.has_moved(member, has_grants, since);
        if self.seated_at.as_ref().is_some_and(is_current) {
            return Ok(true);
        }
        let reader = Reader::passing(&self.db, Some(self.actor.clone()));
        let Some((seat, seated_at)) = seat(&reader, self.space).await? else {
            return Ok(false);
        };
        self.seat = Arc::new(seat);
        self.seated_at = Some(seated_at);
        self.loaded = None;
        Ok(true)
    }

    fn forget(&mut self) {
        self.seated_at = None;
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
        Ok(batch.deliver(&self.seat, event, cursor))
    }

    fn control(&self, cursor: Cursor, what: Control) -> SpaceEvent {
        let reader = Reader::passing(&self.db, Some(self.actor.clone()));
        control(&reader, cursor, what).into()
    }
}
