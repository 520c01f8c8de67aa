//! What a node listens to, and the comparison of all of it with the database.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Interval, MissedTickBehavior, interval, timeout},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    redis::Bus,
    session::{self, SessionWatch, Watched},
    topic::{Topic, Window},
};
use crate::platform::{
    db::Db,
    error::{Error, Result},
    registry::{Inbox, Registry},
    retry::{Retry, spread},
    stream,
};

/// How often streams and sessions are compared with the database. Always, not only during an outage: a hung Redis gives no
/// error.
const CHECK: Duration = Duration::from_secs(2);

/// Statements of listeners that run at the same time, per node: when thousands come back at once, writers keep their
/// connections.
const LISTENER_STATEMENTS: usize = 4;

/// How long a listener waits for its turn.
const TURN: Duration = Duration::from_secs(10);

/// Shared by everything live of a node.
#[derive(Debug)]
pub(super) struct Hub {
    pub(super) topics: Registry<Topic>,
    pub(super) sessions: Registry<Watched>,
    /// Streams to compare with the database now.
    pub(super) due: Inbox,
    bus: Option<Bus>,
    window: Window,
    statements: Semaphore,
    stop: CancellationToken,
}

impl Hub {
    pub(super) fn new(bus: Option<Bus>, window: Window) -> Self {
        Self {
            topics: Registry::new(),
            sessions: Registry::new(),
            due: Inbox::default(),
            bus,
            window,
            statements: Semaphore::new(LISTENER_STATEMENTS),
            stop: CancellationToken::new(),
        }
    }

    pub(super) fn bus(&self) -> Option<&Bus> {
        self.bus.as_ref()
    }

    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    /// Events that are kept of each stream.
    pub(super) fn window(&self) -> usize {
        self.window.of_each(self.topics.len())
    }

    /// The stream as this node knows it.
    pub(super) fn topic(self: &Arc<Self>, stream: Uuid) -> Arc<Topic> {
        let make = || Topic::new(stream, Arc::downgrade(self), self.stop.child_token());
        self.topics.get_or_insert(stream, make)
    }

    /// Somebody has started or stopped to listen to `stream`.
    pub(super) fn audience_changed(&self, stream: Uuid) {
        if let Some(bus) = &self.bus {
            bus.audience_changed(stream);
        }
    }

    /// Word has come that `stream` goes up to `seq`.
    pub(super) fn heard(&self, stream: Uuid, seq: i64) {
        if let Some(topic) = self.topics.get(stream) {
            topic.raise(seq);
        }
    }

    pub(super) fn watch_session(self: &Arc<Self>, session: Uuid) -> SessionWatch {
        let make = || Watched::new(session, Arc::downgrade(self));
        SessionWatch(self.sessions.get_or_insert(session, make))
    }

    /// Waits for a listener's turn to ask the database; [`Error::Unavailable`] if that takes too long.
    pub(super) async fn turn(&self) -> Result<SemaphorePermit<'_>> {
        match timeout(TURN, self.statements.acquire()).await {
            Ok(turn) => turn.map_err(Error::internal),
            Err(_) => Err(come_back()),
        }
    }

    /// Compares listened streams with the database for ever.
    pub(super) async fn run_stream_checks(&self, db: &Db) {
        let mut retry = Retry::new("comparing the streams");
        let mut tick = ticks();
        loop {
            let topics = tokio::select! {
                _ = tick.tick() => {
                    let topics = self.topics.all();
                    for topic in topics.iter().filter_map(|(_, topic)| topic.upgrade()) {
                        topic.trim(self.window.of_each(topics.len()));
                    }
                    topics
                }
                due = self.due.wait() => {
                    let find = |id: Uuid| self.topics.get(id).map(|topic| (id, Arc::downgrade(&topic)));
                    due.into_keys().filter_map(find).collect()
                }
            };
            match compare(db, topics).await {
                Ok(()) => retry.worked(),
                Err(error) => retry.failed(&error).await,
            }
        }
    }

    /// Looks for ended sessions for ever.
    pub(super) async fn run_session_checks(&self, db: &Db) {
        let mut retry = Retry::new("looking for ended sessions");
        let mut tick = ticks();
        loop {
            tick.tick().await;
            let ids = self.sessions.ids();
            if ids.is_empty() {
                continue;
            }
            match session::alive(db, &ids).await {
                Ok(alive) => {
                    retry.worked();
                    self.end_sessions(&ids, alive);
                }
                Err(error) => retry.failed(&error).await,
            }
        }
    }

    fn end_sessions(&self, watched: &[Uuid], mut alive: Vec<Uuid>) {
        alive.sort_unstable();
        let ended = watched.iter().filter(|id| alive.binary_search(id).is_err());
        for &id in ended {
            if let Some(session) = self.sessions.get(id) {
                session.end();
            }
        }
    }
}

/// What a listener hears that can't be served now.
pub(super) fn come_back() -> Error {
    Error::Unavailable(spread(Duration::from_secs(1)))
}

fn ticks() -> Interval {
    let mut ticks = interval(CHECK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Compares what is known of streams with where they stand, by one statement.
async fn compare(db: &Db, topics: Vec<(Uuid, Weak<Topic>)>) -> Result<()> {
    // What is known is noted before the statement, or a commit in between would look like a restored backup.
    let mut known = HashMap::new();
    for (id, topic) in topics {
        if let Some(view) = topic.upgrade().and_then(|topic| topic.view()) {
            known.insert(id, (topic, view));
        }
    }
    if known.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = known.keys().copied().collect();
    for position in stream::positions(db, &ids).await? {
        if let Some((topic, view)) = known.remove(&position.id)
            && let Some(topic) = topic.upgrade()
        {
            topic.compare(&position, &view);
        }
    }
    for (topic, _) in known.into_values() {
        if let Some(topic) = topic.upgrade() {
            topic.end();
        }
    }
    Ok(())
}
