//! The events of a space, as one member gets them.

use std::{collections::VecDeque, sync::Arc};

use async_graphql::Response;
use async_trait::async_trait;
use tokio::time::Instant;
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
    auth::{Actor, seat::Seat},
    db::{Db, Reader, Vantage},
    error::{Error, Result},
    feed::{Answer, Item, Teller},
    live::{AnswerKey, Common, Listener, Shared},
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

/// What events are about, as it was seen from a seat when they were loaded.
struct Loaded {
    shared: Arc<Shared>,
    /// None if it was loaded by the member.
    seat: Option<Arc<Seat>>,
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

    /// What the first waiting events are about, as it is seen now from a seat, or with `None` by this member.
    async fn load(&mut self, seat: Option<&Arc<Seat>>, turn: &Turn<'_>) -> Result<Arc<Batch>> {
        let is_good = |loaded: &&Loaded| {
            turn.event.seq <= loaded.last && Arc::ptr_eq(&loaded.shared, &turn.shared) && loaded.seat.as_ref() == seat
        };
        if let Some(loaded) = self.loaded.as_ref().filter(is_good) {
            return Ok(Arc::clone(&loaded.batch));
        }
        let reader = match seat {
            Some(seat) => self.seated.among_all_in(seat, &turn.shared),
            None => self.seated.among(&turn.shared),
        };
        let events: Vec<_> = turn.waiting.iter().take(LOADED).cloned().collect();
        let last = events.last().map_or(turn.event.seq, |event| event.seq);
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
            shared: Arc::clone(&turn.shared),
            seat: seat.cloned(),
            batch: Arc::clone(&batch),
            last,
        });
        Ok(batch)
    }

    /// What is answered to who sits in a seat, or with `None` to this member, and the reader who found it; no answer if the event isn't
    /// for them.
    async fn run(&mut self, seat: Option<&Arc<Seat>>, turn: &Turn<'_>) -> Result<(Arc<Reader>, Option<Response>)> {
        let batch = self.load(seat, turn).await?;
        let seat = seat.unwrap_or(self.seated.seat());
        let response = match batch.deliver(seat, turn.event, turn.cursor) {
            Some(item) => Some(turn.teller.tell(&batch.reader, Box::new(item)).await),
            None => None,
        };
        Ok((Arc::clone(&batch.reader), response))
    }

    /// What is told to all who sit in a seat.
    async fn make(&mut self, seat: &Arc<Seat>, turn: &Turn<'_>) -> Result<Common> {
        let (reader, response) = match self.run(Some(seat), turn).await {
            // It depends on who asks.
            Err(Error::Unauthenticated) => return Ok(Common::Differs),
            done => done?,
        };
        let told = response.as_ref().map(Answer::text);
        if told == Some(None) {
            return Ok(Common::Differs);
        }
        let is_nobodys = seat.member_id != self.seated.seat().member_id;
        let concerned = reader.vantage().filter(|_| is_nobodys).map(Vantage::concerned);
        Ok(Common::Same {
            told: told.flatten(),
            except: concerned.unwrap_or_default(),
            made: Instant::now(),
        })
    }

    /// What this member is told as all are who sit in a seat; `None` if that isn't the same for all of them.
    async fn tell_from(&mut self, seat: &Arc<Seat>, turn: &Turn<'_>) -> Result<Option<Option<Arc<str>>>> {
        let member = self.seated.seat().member_id;
        let cell = turn.shared.answer(AnswerKey {
            selection: turn.teller.selection(),
            cursor: turn.cursor,
            seat: Arc::clone(seat),
        });
        if let Some(common) = cell.get() {
            return Ok(common.to(member));
        }
        let make = async {
            let common = self.make(seat, turn).await?;
            turn.shared.made(&common);
            Result::Ok(common)
        };
        // In a box: what is needed for a moment would be part of each delivery.
        let common = Box::pin(cell.get_or_try_init(|| make)).await?;
        Ok(common.to(member))
    }

    /// What this member is told: as all like them if the event concerns others, else as on all their sockets.
    async fn tell_first(&mut self, turn: &Turn<'_>) -> Result<Option<Answer>> {
        let own = Arc::clone(self.seated.seat());
        let event = turn.event;
        let concerned = [event.actor_id, event.member_id, event.author_id, event.root_author_id];
        let all_like = self.seated.all_like().cloned();
        let all_like = all_like.filter(|_| !concerned.contains(&Some(own.member_id)));
        for seat in all_like.iter().chain([&own]) {
            if let Some(told) = self.tell_from(seat, turn).await? {
                return Ok(told.map(Answer::Shared));
            }
        }
        // It depends on more than their seat, or something fails: they are told what.
        let (_, response) = Box::pin(self.run(None, turn)).await?;
        Ok(response.map(Into::into))
    }
}

/// An event whose turn it is.
struct Turn<'a> {
    event: &'a Event,
    cursor: Cursor,
    /// It and those behind it.
    waiting: &'a VecDeque<Arc<Event>>,
    shared: Arc<Shared>,
    teller: &'a dyn Teller,
}

#[async_trait]
impl Channel for Member {
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
        teller: &dyn Teller,
    ) -> Result<Option<Answer>> {
        let Some(event) = waiting.front() else { return Ok(None) };
        let turn = Turn {
            event,
            cursor,
            waiting,
            shared: listener.shared()?,
            teller,
        };
        let told = self.tell_first(&turn).await?;
        if waiting.len() == 1 {
            self.loaded = None;
        }
        Ok(told)
    }

    fn control(&self, cursor: Cursor, what: Control) -> (Arc<Reader>, Item) {
        let reader = self.seated.passing();
        let said: SpaceEvent = control(&reader, cursor, what).into();
        (reader, Box::new(said))
    }
}
