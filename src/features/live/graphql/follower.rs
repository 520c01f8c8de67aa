//! One subscriber's way through the stream of a space.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use tokio::time::Instant;
use uuid::Uuid;

use super::{
    SpaceEvent, StreamEndReason,
    deliver::{Control, control, deliver},
    filter::Filter,
};
use crate::{
    features::space::graphql::spaces,
    platform::{
        auth::Actor,
        db::{Db, Reader},
        error::{Error, Result},
        live::{Listener, Next, SessionWatch},
        stream::{Cursor, Event},
    },
};

/// After so long without an event, a subscriber gets a heartbeat.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// A subscriber. Its place in the stream is all that it remembers.
pub(super) struct Follower {
    db: Db,
    actor: Actor,
    space: Uuid,
    filter: Filter,
    listener: Listener,
    session: SessionWatch,
    ready: VecDeque<SpaceEvent>,
    /// When the client heard something last.
    told_at: Instant,
    is_ended: bool,
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
        if !spaces(&reader, &[space]).await?.contains_key(&space) {
            return Err(Error::not_found());
        }
        let session = db.live().watch_session(actor.session_id);
        let listener = db.live().listen(db, space, after).await?;
        let (db, actor) = (db.clone(), actor.clone());
        Ok(Self {
            db,
            actor,
            space,
            filter,
            listener,
            session,
            ready: VecDeque::new(),
            told_at: Instant::now(),
            is_ended: false,
        })
    }

    /// The next event; none after the end.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn next(&mut self) -> Result<Option<SpaceEvent>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                self.told_at = Instant::now();
                return Ok(Some(event));
            }
            if self.is_ended {
                return Ok(None);
            }
            let from = self.listener.cursor();
            let next = tokio::select! {
                biased;
                () = self.session.ended() => None,
                next = self.listener.next(HEARTBEAT.saturating_sub(self.told_at.elapsed())) => Some(next?),
            };
            let reader = Reader::new(&self.db, Some(self.actor.clone()));
            match next {
                None => self.end(&reader, from, StreamEndReason::SessionEnded),
                Some(Next::Idle) => self
                    .ready
                    .push_back(control(&reader, self.listener.cursor(), Control::Heartbeat)),
                Some(Next::Reset { reason, resume }) => {
                    self.ready.push_back(control(&reader, resume, Control::Reset(reason)));
                }
                Some(Next::Events(events)) => self.take(&reader, from, events).await?,
            }
        }
    }

    /// Loads what events are about as the viewer is now; who is no member any more gets none of them.
    async fn take(&mut self, reader: &Arc<Reader>, from: Cursor, mut events: Vec<Arc<Event>>) -> Result<()> {
        events.retain(|event| self.filter.wants(event));
        match spaces(reader, &[self.space]).await?.remove(&self.space) {
            None => self.end(reader, from, StreamEndReason::MembershipEnded),
            Some(space) => {
                let viewer = space.viewer();
                self.ready
                    .extend(deliver(reader, (&viewer, &space), from, events).await?);
            }
        }
        // The client takes the events at its own pace: no connection waits for it.
        reader.pass().await;
        // Much happens that isn't wanted: the cursor moves all the same.
        if self.ready.is_empty() && self.told_at.elapsed() >= HEARTBEAT {
            let cursor = self.listener.cursor();
            self.ready.push_back(control(reader, cursor, Control::Heartbeat));
        }
        Ok(())
    }

    fn end(&mut self, reader: &Arc<Reader>, cursor: Cursor, reason: StreamEndReason) {
        self.ready.push_back(control(reader, cursor, Control::Ended(reason)));
        self.is_ended = true;
    }
}
