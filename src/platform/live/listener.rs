//! One who listens to a stream.

use std::{sync::Arc, time::Duration};

use entity::event;
use sea_orm::{ConnectionTrait, FromQueryResult};
use tokio::{sync::watch, time::timeout};
use uuid::Uuid;

use super::{
    hub::{Hub, come_back},
    shared::Shared,
    topic::{BATCH, Place, Pull, Topic},
};
use crate::platform::{
    db::Db,
    error::{Error, Reason, Result},
    stream::{self, Cursor, Position, tag},
};

/// The first listener of a stream that is not further behind than this many events lets the window begin where it is: when
/// all come back after an outage, one reads for those who follow.
const RECENT: i64 = 500;

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// 1 to 100 events, in order, that follow the one before without a gap.
    Events(Vec<Arc<event::Model>>),
    /// The thread is lost: refetch what is shown. The events behind `resume` come next, without listening anew.
    Reset {
        /// Why.
        reason: ResetReason,
        /// Where it goes on: a place that was the newest, or nearly so, before this was handed out.
        resume: Cursor,
    },
    /// Nothing has happened for the whole heartbeat.
    Idle,
}

/// Why a listener can't go on where it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResetReason {
    /// Events behind the cursor were deleted since: it is too old.
    Expired,
    /// The cursor comes from another past: the sequence was started anew, or a backup was restored.
    OtherEpoch,
    /// The cursor is ahead of the stream: a backup was restored.
    Future,
}

/// Listens to one stream. Its cursor is all that it costs while it is slow.
#[derive(Debug)]
pub struct Listener {
    hub: Arc<Hub>,
    db: Db,
    topic: Arc<Topic>,
    progress: watch::Receiver<()>,
    /// The life of the topic that `cursor` belongs to.
    life: u64,
    cursor: Cursor,
    /// To be handed out first.
    reset: Option<(ResetReason, Cursor)>,
}

impl Listener {
    pub(super) async fn start(hub: &Arc<Hub>, db: &Db, stream: Uuid, after: Option<Cursor>) -> Result<Self> {
        if after.is_some_and(|after| after.stream != stream) {
            let error = Error::invalid(Reason::Malformed, "This cursor belongs to another stream.");
            return Err(error.at(&["after"]));
        }
        // The topic first: from now on it hears of commits, those during the statement too.
        let topic = hub.topic(stream);
        let known = topic.view();
        let (now, event) = {
            let _turn = hub.turn().await?;
            locate(db, stream, after.map_or(0, |after| after.seq)).await?
        };
        let reset = after.and_then(|after| judge(&after, &now, event));
        let recent = after.filter(|after| reset.is_none() && now.last_seq - after.seq <= RECENT);
        let life = topic.start(db, recent.unwrap_or_else(|| now.cursor()));
        if let Some(known) = &known {
            topic.compare(&now, known);
        } else {
            topic.raise(now.last_seq);
        }
        Ok(Self {
            hub: Arc::clone(hub),
            db: db.clone(),
            progress: topic.progress(),
            topic,
            life: known.map_or(life, |known| known.place.life),
            cursor: after.unwrap_or_else(|| now.cursor()),
            reset: reset.map(|reason| (reason, now.cursor())),
        })
    }

    /// The place behind the last event that was handed out.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// What was read for all who listen to this stream on this node, as long as nothing more is heard of it.
    ///
    /// # Errors
    /// Never in practice.
    pub fn shared(&self) -> Result<Arc<Shared>> {
        let shared = self.topic.shared();
        shared.ok_or_else(|| Error::internal("a listener of a stream that nobody reads"))
    }

    /// Whether something may have happened behind the event `since` that changes what a member sees: to the member, or, if they hold
    /// grants, to phases or the space.
    #[must_use]
    pub fn has_moved(&self, member: Uuid, has_grants: bool, since: i64) -> bool {
        self.topic.has_moved(member, has_grants, since)
    }

    /// Waits for what comes next, `heartbeat` at most. Cancel safe: what wasn't returned comes again.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the node shuts down or the stream is gone: listen anew with [`Listener::cursor`]. The
    /// database's, only while events are to be read that this node doesn't keep; it may be called again then.
    pub async fn next(&mut self, heartbeat: Duration) -> Result<Next> {
        timeout(heartbeat, self.proceed()).await.unwrap_or(Ok(Next::Idle))
    }

    /// The same however long it takes.
    ///
    /// # Errors
    /// Those of [`Self::next`].
    pub async fn proceed(&mut self) -> Result<Next> {
        loop {
            if self.topic.has_ended() {
                return Err(come_back());
            }
            // Those who never have to wait must not keep the others from running.
            tokio::task::coop::consume_budget().await;
            if let Some((reason, resume)) = self.reset.take() {
                self.cursor = resume;
                return Ok(Next::Reset { reason, resume });
            }
            // Before the pull: what comes after it wakes the wait below.
            self.progress.borrow_and_update();
            match self.topic.pull(self.life, self.cursor.seq) {
                Pull::Events(events) => return Ok(self.hand_out(events)),
                Pull::Behind(missing) => {
                    // In a box: what is needed for a moment would be part of each idle subscription.
                    if let Some(events) = Box::pin(self.read(missing)).await? {
                        return Ok(self.hand_out(events));
                    }
                }
                Pull::OtherPast(place) => self.lose(ResetReason::OtherEpoch, place),
                Pull::Nothing => {
                    // The topic has the other end, and is held here.
                    let _ = self.progress.changed().await;
                }
            }
        }
    }

    fn lose(&mut self, reason: ResetReason, place: Place) {
        self.life = place.life;
        self.reset = Some((reason, place.cursor));
    }

    fn hand_out(&mut self, events: Vec<Arc<event::Model>>) -> Next {
        if let Some(last) = events.last() {
            self.cursor.seq = last.seq;
            self.cursor.tag = tag(Some(last.id));
        }
        Next::Events(events)
    }

    /// The next of `missing` events from the database; none if there is a reason to look again.
    async fn read(&mut self, missing: u64) -> Result<Option<Vec<Arc<event::Model>>>> {
        let after = self.cursor.seq;
        let events = {
            let _turn = self.hub.turn().await?;
            stream::read(&self.db, self.cursor.stream, after, missing.min(BATCH as u64)).await?
        };
        let Some(place) = self.topic.place().filter(|place| place.life == self.life) else {
            return Ok(None);
        };
        let is_complete = !events.is_empty() && events.iter().zip(after + 1..).all(|(event, seq)| event.seq == seq);
        if !is_complete {
            self.lose(ResetReason::Expired, place);
        }
        Ok(is_complete.then_some(events))
    }
}

/// Where a stream stands, and the id of its event `seq` if there is one; one statement.
async fn locate(db: &Db, stream: Uuid, seq: i64) -> Result<(Position, Option<Uuid>)> {
    let mut sql = db.sql("SELECT s.id, s.last_seq, s.epoch, s.last_event_id, e.id AS event_id FROM stream s");
    sql.push(" LEFT JOIN event e ON e.stream_id = s.id AND e.seq = ")
        .bind(seq);
    sql.push(" WHERE s.id = ").bind(stream);
    let row = db.newest().query_one_raw(sql.statement()).await?;
    let row = row.ok_or_else(Error::not_found)?;
    let position = Position::from_query_result(&row, "")?;
    Ok((position, row.try_get("", "event_id")?))
}

/// Why a cursor can't be continued from; `event` is the id of the event that it names, as it is now.
fn judge(cursor: &Cursor, now: &Position, event: Option<Uuid>) -> Option<ResetReason> {
    if cursor.epoch != now.epoch {
        return Some(ResetReason::OtherEpoch);
    }
    if cursor.seq > now.last_seq {
        return Some(ResetReason::Future);
    }
    if cursor.seq == 0 {
        return None;
    }
    match event {
        None => Some(ResetReason::Expired),
        Some(id) if tag(Some(id)) != cursor.tag => Some(ResetReason::OtherEpoch),
        Some(_) => None,
    }
}
