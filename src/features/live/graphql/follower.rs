//! One subscriber's way through a stream.

use std::{collections::VecDeque, pin::Pin, sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;
use uuid::Uuid;

use super::{StreamEndReason, deliver::Control};
use crate::platform::{
    auth::Actor,
    db::{Db, Reader},
    error::{Error, Result},
    feed::{Answer, Feed, Item, Teller},
    live::{Listener, Next, SessionWatch},
    stream::{Cursor, Event, tag},
};

/// After so long without an event, a subscriber gets a heartbeat.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// What a subscriber is told of a stream.
#[async_trait]
pub trait Channel: Send + Sync {
    /// Whether they want to hear of an event.
    fn wants(&self, event: &Event) -> bool;

    /// Whether they may still listen. Asked before every event; looks only if something happened that may have changed it.
    ///
    /// # Errors
    /// The database's.
    async fn is_open(&mut self, listener: &Listener) -> Result<bool>;

    /// The past turned out to be another one: what was known of it is worth nothing.
    fn forget(&mut self);

    /// What they are told of the first of `waiting`, now that its turn has come; `cursor` is its place.
    ///
    /// # Errors
    /// The database's.
    async fn tell(
        &mut self,
        listener: &Listener,
        waiting: &VecDeque<Arc<Event>>,
        cursor: Cursor,
        teller: &dyn Teller,
    ) -> Result<Option<Answer>>;

    /// What the stream says about itself, and to whom.
    fn control(&self, cursor: Cursor, what: Control) -> (Arc<Reader>, Item);
}

/// A subscriber. While the client is slow, at most a batch of bare events waits for it.
pub struct Follower<C> {
    channel: C,
    listener: Listener,
    session: SessionWatch,
    /// Completes when the session has ended. It and the pulse wait once for all events: to begin anew for each would take longer than
    /// to tell it.
    ending: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Completes when a heartbeat may be due.
    pulse: Pin<Box<Sleep>>,
    /// Events that wait for their turn.
    waiting: VecDeque<Arc<Event>>,
    /// Behind the last event that had its turn.
    cursor: Cursor,
    /// When the client heard something last.
    told_at: Instant,
    /// Whether the client has no cursor yet: it gets one at once, so that it can come back to where it began.
    is_unplaced: bool,
    is_ended: bool,
}

impl<C: Channel> Follower<C> {
    /// Starts behind `after`, or from now. Whether the actor may listen was asked before.
    ///
    /// # Errors
    /// `INVALID` for a cursor of something else.
    pub async fn new(db: &Db, actor: &Actor, (stream, after): (Uuid, Option<Cursor>), channel: C) -> Result<Self> {
        let session = db.live().watch_session(actor.session_id);
        let listener = db.live().listen(db, stream, after).await?;
        Ok(Self {
            channel,
            cursor: listener.cursor(),
            listener,
            ending: session.ending(),
            session,
            pulse: Box::pin(sleep(HEARTBEAT)),
            waiting: VecDeque::new(),
            told_at: Instant::now(),
            is_unplaced: after.is_none(),
            is_ended: false,
        })
    }

    /// What comes next; nothing after the end.
    async fn proceed(&mut self, teller: &dyn Teller) -> Result<Option<Answer>> {
        if self.is_ended {
            return Ok(None);
        }
        let control = loop {
            if self.session.has_ended() {
                break self.end(StreamEndReason::SessionEnded);
            }
            if !self.channel.is_open(&self.listener).await? {
                break self.end(StreamEndReason::MembershipEnded);
            }
            if let Some(event) = self.waiting.front() {
                let cursor = Cursor {
                    seq: event.seq,
                    tag: tag(Some(event.id)),
                    ..self.cursor
                };
                let told = self.channel.tell(&self.listener, &self.waiting, cursor, teller).await?;
                self.waiting.pop_front();
                self.cursor = cursor;
                if told.is_some() {
                    self.told_at = Instant::now();
                    return Ok(told);
                }
                continue;
            }
            self.cursor = self.listener.cursor();
            if std::mem::take(&mut self.is_unplaced) {
                break Control::Heartbeat;
            }
            let next = tokio::select! {
                biased;
                () = &mut self.ending => continue,
                next = self.listener.proceed() => next?,
                () = &mut self.pulse => {
                    let is_quiet = self.told_at.elapsed() >= HEARTBEAT;
                    let since = if is_quiet { Instant::now() } else { self.told_at };
                    self.pulse.as_mut().reset(since + HEARTBEAT);
                    if is_quiet {
                        break Control::Heartbeat;
                    }
                    continue;
                }
            };
            match next {
                Next::Events(events) => {
                    let channel = &self.channel;
                    self.waiting
                        .extend(events.into_iter().filter(|event| channel.wants(event)));
                }
                Next::Reset { reason, resume } => {
                    self.channel.forget();
                    self.cursor = resume;
                    break Control::Reset(reason);
                }
                Next::Idle => {}
            }
            // Much happens that isn't wanted: the cursor moves all the same.
            if self.waiting.is_empty() && self.told_at.elapsed() >= HEARTBEAT {
                self.cursor = self.listener.cursor();
                break Control::Heartbeat;
            }
        };
        self.told_at = Instant::now();
        let (reader, item) = self.channel.control(self.cursor, control);
        Ok(Some(Answer::from(teller.tell(&reader, item).await)))
    }

    fn end(&mut self, reason: StreamEndReason) -> Control {
        self.is_ended = true;
        Control::Ended(reason)
    }
}

#[async_trait]
impl<C: Channel> Feed for Follower<C> {
    async fn next(&mut self, teller: &dyn Teller) -> Option<Result<Answer>> {
        let told = self.proceed(teller).await;
        // The stream ends; the client comes back with its cursor.
        self.is_ended |= told.is_err();
        told.map_err(unavailable).transpose()
    }
}

/// A failed read of a stream is a reason to come back, not a fault of the client.
pub fn unavailable(error: Error) -> Error {
    match error {
        Error::Internal(cause) => {
            tracing::error!(%cause, "a stream of events broke");
            Error::Unavailable(Duration::from_secs(1))
        }
        other => other,
    }
}
