//! A stream that somebody on this node listens to.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use entity::event;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{hub::Hub, shared::Shared};
use crate::platform::{
    db::Db,
    retry::Retry,
    stream::{self, Cursor, Position, tag},
};

/// What a node keeps of what has happened, for those who listen and those who come back soon.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Events of a stream, at most.
    pub events: usize,
    /// Bytes of the events of all streams together, at most: each gets an equal part.
    pub bytes: usize,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            events: 1_000,
            bytes: 64 << 20,
        }
    }
}

/// What an event takes: the row, its counters, and its place in the window.
const EVENT_BYTES: usize = size_of::<event::Model>() + 3 * size_of::<usize>();

impl Window {
    /// The events of each of `streams` that are kept, at least one.
    pub(super) fn of_each(&self, streams: usize) -> usize {
        (self.bytes / EVENT_BYTES / streams.max(1)).clamp(1, self.events.max(1))
    }
}

/// Events that are read at once.
const FILL: u64 = 500;

/// Events that a listener gets at once, at most.
pub(super) const BATCH: usize = 100;

/// The first and the longest pause when what was heard of can't be read yet.
const ABSENCES: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(80));

/// How far a stream is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Behind the last event that was read.
    pub(super) cursor: Cursor,
    /// Goes up when the stream turns out to have another past than the one that was read: a restored backup.
    pub(super) life: u64,
}

/// What is known of a stream at one moment, to be compared with a statement that begins later.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    pub(super) place: Place,
    mark: i64,
}

/// What there is for a listener.
#[derive(Debug)]
pub(super) enum Pull {
    /// The next events, without a gap.
    Events(Vec<Arc<event::Model>>),
    /// This many events are to be read from the database.
    Behind(u64),
    /// Everything was handed out.
    Nothing,
    /// The past isn't the one that the listener has seen.
    OtherPast(Place),
}

#[derive(Debug)]
struct State {
    place: Place,
    /// The events up to `place`, without a gap.
    window: VecDeque<Arc<event::Model>>,
    /// Where reading began.
    began_at: i64,
    /// The last event about each member since, and the last about phases or the space.
    members: HashMap<Uuid, i64>,
    surroundings: i64,
}

/// A stream that somebody on this node listens to.
#[derive(Debug)]
pub(super) struct Topic {
    id: Uuid,
    hub: Weak<Hub>,
    /// How far the stream is heard of: a hint, which may be too low, and after a restored backup too high.
    mark: watch::Sender<i64>,
    /// How far it is read; none before the first look at the database.
    state: Mutex<Option<State>>,
    /// What was read for all listeners, and is still good.
    shared: Mutex<Option<Arc<Shared>>>,
    /// Wakes listeners when `state` has changed.
    progress: watch::Sender<()>,
    end: CancellationToken,
}

impl Topic {
    pub(super) fn new(id: Uuid, hub: Weak<Hub>, end: CancellationToken) -> Self {
        Self {
            id,
            hub,
            mark: watch::Sender::new(0),
            state: Mutex::new(None),
            shared: Mutex::new(None),
            progress: watch::Sender::new(()),
            end,
        }
    }

    fn state(&self) -> MutexGuard<'_, Option<State>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn place(&self) -> Option<Place> {
        self.state().as_ref().map(|state| state.place)
    }

    pub(super) fn view(&self) -> Option<View> {
        let mark = *self.mark.borrow();
        self.place().map(|place| View { place, mark })
    }

    /// How far the stream is known to go: events are read that nobody has told of yet.
    fn known_up_to(&self, place: Place) -> i64 {
        place.cursor.seq.max(*self.mark.borrow())
    }

    /// What was read for all listeners; begun anew when more is known of the stream since.
    pub(super) fn shared(&self) -> Option<Arc<Shared>> {
        let place = self.place()?;
        let known = self.known_up_to(place);
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let is_good = |shared: &&Arc<Shared>| shared.known == known && !shared.is_full();
        if let Some(good) = shared.as_ref().filter(is_good) {
            return Some(Arc::clone(good));
        }
        let new = Arc::new(Shared::new(known, place.cursor));
        *shared = Some(Arc::clone(&new));
        Some(new)
    }

    /// Lets go of what was read for all listeners, and of all but the newest `most` events; those who use some of it keep that.
    pub(super) fn trim(&self, most: usize) {
        drop(self.shared.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(State { window, .. }) = &mut *self.state() {
            window.drain(..window.len().saturating_sub(most));
            window.shrink_to(most);
        }
    }

    /// Whether something may have happened behind `since` to a member, or if `is_near` to phases or the space.
    pub(super) fn has_moved(&self, member: Uuid, is_near: bool, since: i64) -> bool {
        let state = self.state();
        let Some(state) = &*state else { return false };
        let own = state.members.get(&member).copied().unwrap_or(0);
        state.began_at > since || own > since || (is_near && state.surroundings > since)
    }

    /// Tells when there may be something new to pull.
    pub(super) fn progress(&self) -> watch::Receiver<()> {
        self.progress.subscribe()
    }

    /// Ends every listener.
    pub(super) fn end(&self) {
        self.end.cancel();
    }

    /// Whether listeners have to end. When that becomes so, they are woken.
    pub(super) fn has_ended(&self) -> bool {
        self.end.is_cancelled()
    }

    /// The stream is heard of up to `seq`.
    pub(super) fn raise(&self, seq: i64) {
        self.mark.send_if_modified(|mark| {
            let is_higher = seq > *mark;
            *mark = seq.max(*mark);
            is_higher
        });
    }

    /// Starts to read behind `cursor` unless that has begun already; returns the life that reading is in.
    pub(super) fn start(self: &Arc<Self>, db: &Db, cursor: Cursor) -> u64 {
        {
            let mut state = self.state();
            if let Some(state) = &*state {
                return state.place.life;
            }
            *state = Some(State::at(Place { cursor, life: 0 }));
        }
        let fill = fill(Arc::downgrade(self), db.clone(), self.mark.subscribe());
        let end = self.end.clone();
        let topic = Arc::downgrade(self);
        tokio::spawn(async move {
            end.run_until_cancelled(fill).await;
            if let Some(topic) = topic.upgrade() {
                topic.progress.send_replace(());
            }
        });
        if let Some(hub) = self.hub.upgrade() {
            hub.audience_changed(self.id);
        }
        0
    }

    /// Compares what was known (`then`) with where the stream stands, as a later statement says (`now`).
    pub(super) fn compare(&self, now: &Position, then: &View) {
        let (current, known) = (now.cursor(), then.place.cursor);
        let is_same_past = current.epoch == known.epoch
            && (current.seq > known.seq || (current.seq == known.seq && current.tag == known.tag));
        if !is_same_past {
            self.restart(then.place, current);
        }
        self.mark.send_if_modified(|mark| {
            // Too high, and nobody has raised it since: it is worth nothing.
            let is_false = *mark == then.mark && *mark > current.seq;
            let right = if is_false { current.seq } else { current.seq.max(*mark) };
            std::mem::replace(mark, right) != right
        });
    }

    /// Begins anew at `now`, unless that happened since `then`.
    fn restart(&self, then: Place, now: Cursor) {
        {
            let mut state = self.state();
            let Some(state) = state.as_mut().filter(|state| state.place.life == then.life) else {
                return;
            };
            let life = then.life + 1;
            *state = State::at(Place { cursor: now, life });
        }
        tracing::warn!(stream = %self.id, ?then, ?now, "live: the stream has another past now, its listeners are reset");
        drop(self.shared.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.progress.send_replace(());
        // Wakes the filler even if the mark is right.
        self.mark.send_modify(|mark| *mark = now.seq.max(*mark));
    }

    /// What there is behind `after` for a listener that began in `life`.
    pub(super) fn pull(&self, life: u64, after: i64) -> Pull {
        let state = self.state();
        let Some(State { place, window, .. }) = &*state else {
            return Pull::Nothing;
        };
        if place.life != life {
            return Pull::OtherPast(*place);
        }
        let Some(missing @ 1..) = u64::try_from(place.cursor.seq - after).ok() else {
            return Pull::Nothing;
        };
        let offset = window.front().map(|first| usize::try_from(after + 1 - first.seq));
        match offset {
            Some(Ok(offset)) => Pull::Events(window.iter().skip(offset).take(BATCH).cloned().collect()),
            _ => Pull::Behind(missing),
        }
    }

    /// Adds what was read at `from`: the event there, if it still exists, and those behind it. Returns whether there was
    /// anything new.
    fn absorb(&self, from: Place, rows: Vec<Arc<event::Model>>) -> bool {
        let most = self.hub.upgrade().map_or(1, |hub| hub.window());
        let mut state = self.state();
        let Some(State {
            place,
            window,
            members,
            surroundings,
            ..
        }) = state.as_mut().filter(|state| state.place == from)
        else {
            return true;
        };
        let known = rows.iter().take_while(|row| row.seq <= from.cursor.seq).count();
        let (known, new) = rows.split_at(known);
        let Some(last) = new.last() else {
            return false;
        };
        let cursor = Cursor {
            seq: last.seq,
            tag: tag(Some(last.id)),
            ..from.cursor
        };
        if known.iter().any(|event| tag(Some(event.id)) != from.cursor.tag) {
            drop(state);
            self.restart(from, cursor);
            return true;
        }
        if new.first().is_some_and(|first| first.seq != from.cursor.seq + 1) {
            tracing::warn!(stream = %self.id, ?from, "live: events are gone before they were read");
            window.clear();
        }
        for event in new {
            match event.member_id {
                Some(member) => _ = members.insert(member, event.seq),
                None if [event.contribution_id, event.report_id, event.round_id] == [None; 3] => {
                    *surroundings = event.seq;
                }
                None => {}
            }
        }
        window.extend(new.iter().cloned());
        window.drain(..window.len().saturating_sub(most));
        place.cursor = cursor;
        drop(state);
        self.progress.send_replace(());
        true
    }
}

impl Drop for Topic {
    fn drop(&mut self) {
        self.end.cancel();
        if let Some(hub) = self.hub.upgrade() {
            hub.topics.forget(self.id);
            hub.audience_changed(self.id);
        }
    }
}

impl State {
    fn at(place: Place) -> Self {
        Self {
            place,
            window: VecDeque::new(),
            began_at: place.cursor.seq,
            members: HashMap::new(),
            surroundings: 0,
        }
    }
}

/// Reads what a topic has heard of, until it is gone. Progress is made by rows, never by marks.
async fn fill(topic: Weak<Topic>, db: Db, mut mark: watch::Receiver<i64>) {
    let mut retry = Retry::new("reading a stream");
    let mut absence = ABSENCES.0;
    loop {
        let heard = *mark.borrow_and_update();
        let Some(from) = topic.upgrade().and_then(|topic| topic.place()) else {
            return;
        };
        if heard <= from.cursor.seq {
            if mark.changed().await.is_err() {
                return;
            }
            continue;
        }
        // From the last known event on: it shows whether the past is still the same.
        match stream::read(&db, from.cursor.stream, from.cursor.seq - 1, FILL + 1).await {
            Ok(rows) => {
                retry.worked();
                match topic.upgrade().map(|topic| topic.absorb(from, rows)) {
                    Some(true) => absence = ABSENCES.0,
                    Some(false) => {
                        tokio::time::sleep(absence).await;
                        absence = (absence * 2).min(ABSENCES.1);
                    }
                    None => return,
                }
            }
            Err(error) => retry.failed(&error).await,
        }
    }
}
