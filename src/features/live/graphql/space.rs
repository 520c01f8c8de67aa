//! The events of a space, as one member gets them.

use std::{collections::VecDeque, sync::Arc};

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
    seat: Arc<Seat>,
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

    /// What the first waiting events are about, as it is seen now from `seat`: this member's, or that of all like this one.
    async fn load(
        &mut self,
        (seat, shared): (&Arc<Seat>, Arc<Shared>),
        waiting: &VecDeque<Arc<Event>>,
        next: &Event,
    ) -> Result<Arc<Batch>> {
        let is_good =
            |loaded: &&Loaded| next.seq <= loaded.last && Arc::ptr_eq(&loaded.shared, &shared) && loaded.seat == *seat;
        if let Some(loaded) = self.loaded.as_ref().filter(is_good) {
            return Ok(Arc::clone(&loaded.batch));
        }
        let reader = if Arc::ptr_eq(seat, self.seated.seat()) {
            self.seated.among(&shared)
        } else {
            self.seated.among_all_like(seat, &shared)
        };
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
            seat: Arc::clone(seat),
            batch: Arc::clone(&batch),
            last,
        });
        Ok(batch)
    }

    /// What this member is told of the first waiting event as all like them are; `None` if that isn't the same for this one.
    async fn tell_as_others(
        &mut self,
        shared: &Arc<Shared>,
        waiting: &VecDeque<Arc<Event>>,
        (event, cursor): (&Event, Cursor),
        teller: &dyn Teller,
    ) -> Result<Option<Option<Arc<str>>>> {
        let member = self.seated.seat().member_id;
        let concerned = [event.actor_id, event.member_id, event.author_id, event.root_author_id];
        let Some(seat) = self
            .seated
            .all_like()
            .cloned()
            .filter(|_| !concerned.contains(&Some(member)))
        else {
            return Ok(None);
        };
        let key = AnswerKey {
            selection: teller.selection(),
            cursor,
            seat: Arc::clone(&seat),
        };
        let make = async {
            let batch = match self.load((&seat, Arc::clone(shared)), waiting, event).await {
                // It depends on who asks.
                Err(Error::Unauthenticated) => return Ok(Common::Differs),
                batch => batch?,
            };
            let told = match batch.deliver(&seat, event, cursor) {
                Some(item) => {
                    let response = teller.tell(&batch.reader, Box::new(item)).await;
                    let Some(text) = Answer::text(&response) else {
                        return Ok(Common::Differs);
                    };
                    Some(text)
                }
                None => None,
            };
            Ok(Common::Same {
                told,
                except: batch.reader.vantage().map(Vantage::concerned).unwrap_or_default(),
                made: Instant::now(),
            })
        };
        shared.answer((key, member), make).await
    }
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
        let shared = listener.shared()?;
        let common = self.tell_as_others(&shared, waiting, (event, cursor), teller).await?;
        let told = if let Some(common) = common {
            common.map(Answer::Shared)
        } else {
            let seat = Arc::clone(self.seated.seat());
            let batch = self.load((&seat, shared), waiting, event).await?;
            match batch.deliver(&seat, event, cursor) {
                Some(item) => Some(Answer::from(teller.tell(&batch.reader, Box::new(item)).await)),
                None => None,
            }
        };
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
