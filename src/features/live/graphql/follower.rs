//! One subscriber's way through the stream of a space.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use tokio::time::Instant;
use uuid::Uuid;

use super::{
    SpaceEvent, StreamEndReason,
    deliver::{Control, control},
    event::Batch,
    filter::Filter,
};
use crate::{
    features::space::seat,
    platform::{
        auth::{Actor, seat::Seat},
        db::{Db, Reader, Vantage},
        error::{Error, Result},
        live::{Listener, Next, SessionWatch, Shared},
        stream::{self, Cursor, Event},
    },
};

/// After so long without an event, a subscriber gets a heartbeat.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// Events whose objects are loaded at once: what a slow client keeps in memory.
const LOADED: usize = 25;

/// A subscriber. While the client is slow, at most a batch of bare events waits for it.
pub(super) struct Follower {
    db: Db,
    actor: Actor,
    space: Uuid,
    filter: Filter,
    listener: Listener,
    session: SessionWatch,
    seat: Arc<Seat>,
    /// The last event that the seat takes into account.
    seated_at: i64,
    /// Events that wait for their turn.
    waiting: VecDeque<Arc<Event>>,
    /// What the first of them are about, and since when.
    loaded: Option<Loaded>,
    /// Behind the last event that had its turn.
    cursor: Cursor,
    /// When the client heard something last.
    told_at: Instant,
    /// Whether the client has no cursor yet: it gets one at once, so that it can come back to where it began.
    is_unplaced: bool,
    is_ended: bool,
}

/// What events are about as the viewer saw it when they were loaded.
struct Loaded {
    shared: Arc<Shared>,
    batch: Arc<Batch>,
    /// The last of them.
    last: i64,
}

impl Follower {
    /// Starts behind `after`, or from now.
    ///
    /// # Errors
    /// `NOT_FOUND` for all but members; `INVALID` for a cursor of something else.
    pub(super) async fn new(
        db: &Db,
        actor: &Actor,
        (space, after): (Uuid, Option<Cursor>),
        filter: Filter,
    ) -> Result<Self> {
        let reader = Reader::passing(db, Some(actor.clone()));
        let (seat, seated_at) = seat(&reader, space).await?.ok_or_else(Error::not_found)?;
        let session = db.live().watch_session(actor.session_id);
        let listener = db.live().listen(db, space, after).await?;
        Ok(Self {
            db: db.clone(),
            actor: actor.clone(),
            space,
            filter,
            cursor: listener.cursor(),
            listener,
            session,
            seat: Arc::new(seat),
            seated_at,
            waiting: VecDeque::new(),
            loaded: None,
            told_at: Instant::now(),
            is_unplaced: after.is_none(),
            is_ended: false,
        })
    }

    /// The next event; none after the end.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn next(&mut self) -> Result<Option<SpaceEvent>> {
        if self.is_ended {
            return Ok(None);
        }
        let told = loop {
            if self.session.has_ended() {
                break self.end(StreamEndReason::SessionEnded);
            }
            if self.has_moved() && !self.sit_down().await? {
                break self.end(StreamEndReason::MembershipEnded);
            }
            if let Some(event) = self.waiting.front() {
                let event = Arc::clone(event);
                let batch = self.load(&event).await?;
                self.waiting.pop_front();
                if self.waiting.is_empty() {
                    self.loaded = None;
                }
                self.cursor.seq = event.seq;
                self.cursor.tag = stream::tag(Some(event.id));
                match batch.deliver(&self.seat, &event, self.cursor) {
                    Some(told) => break told,
                    None => continue,
                }
            }
            self.cursor = self.listener.cursor();
            if std::mem::take(&mut self.is_unplaced) {
                break self.control(Control::Heartbeat);
            }
            let rest = HEARTBEAT.saturating_sub(self.told_at.elapsed());
            let next = tokio::select! {
                biased;
                () = self.session.ended() => continue,
                next = self.listener.next(rest) => next?,
            };
            match next {
                Next::Events(events) => self
                    .waiting
                    .extend(events.into_iter().filter(|event| self.filter.wants(event))),
                Next::Reset { reason, resume } => {
                    // The past is another one: nothing is known of what happened to the seat.
                    self.seated_at = -1;
                    self.cursor = resume;
                    break self.control(Control::Reset(reason));
                }
                Next::Idle => break self.control(Control::Heartbeat),
            }
            // Much happens that isn't wanted: the cursor moves all the same.
            if self.waiting.is_empty() && self.told_at.elapsed() >= HEARTBEAT {
                self.cursor = self.listener.cursor();
                break self.control(Control::Heartbeat);
            }
        };
        self.told_at = Instant::now();
        Ok(Some(told))
    }

    /// Whether something happened that may have changed what the viewer sees.
    fn has_moved(&self) -> bool {
        let (member, has_grants) = (self.seat.member_id, !self.seat.grants.is_empty());
        self.seated_at < 0 || self.listener.has_moved(member, has_grants, self.seated_at)
    }

    /// Reads the viewer's membership again; whether they still are a member.
    async fn sit_down(&mut self) -> Result<bool> {
        let reader = Reader::passing(&self.db, Some(self.actor.clone()));
        let Some((seat, seated_at)) = seat(&reader, self.space).await? else {
            return Ok(false);
        };
        self.seat = Arc::new(seat);
        self.seated_at = seated_at;
        self.loaded = None;
        Ok(true)
    }

    /// What the first waiting events are about, as the viewer sees it now.
    async fn load(&mut self, next: &Event) -> Result<Arc<Batch>> {
        let is_good = |loaded: &&Loaded| next.seq <= loaded.last && self.listener.is_current(&loaded.shared);
        if let Some(loaded) = self.loaded.as_ref().filter(is_good) {
            return Ok(Arc::clone(&loaded.batch));
        }
        let shared = self.listener.shared()?;
        let vantage = Vantage {
            seat: Arc::clone(&self.seat),
            shared: Arc::clone(&shared),
        };
        let reader = Reader::among(&self.db, &self.actor, vantage);
        let events: Vec<_> = self.waiting.iter().take(LOADED).cloned().collect();
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

    fn control(&self, what: Control) -> SpaceEvent {
        let reader = Reader::passing(&self.db, Some(self.actor.clone()));
        control(&reader, self.cursor, what)
    }

    fn end(&mut self, reason: StreamEndReason) -> SpaceEvent {
        self.is_ended = true;
        self.control(Control::Ended(reason))
    }
}
