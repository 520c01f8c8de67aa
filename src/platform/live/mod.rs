//! Live delivery: everybody who listens to a stream gets each of its events once, in order.
//!
//! It is pull, not push. A commit here, or word of one from another node, only raises the *mark* of a stream: how far it is
//! heard of. One task per listened stream and node reads the events from the primary database into a window and moves the
//! *place*: how far it is read. A [`Listener`] has a cursor of its own and pulls what lies between the two, from the window
//! or, when it is further behind, from the database. So replay and live are one path, a slow listener costs no memory, and
//! a lost message delays an event but never loses one: every two seconds the places are compared with the database.

mod hub;
mod listener;
mod redis;
mod session;
mod shared;
mod topic;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::{hub::Hub, redis::Bus};
pub use self::{
    listener::{Listener, Next, ResetReason},
    session::SessionWatch,
    shared::{AnswerKey, Common, Personal, Shared},
    topic::Window,
};
use super::{db::Db, error::Result, redis::Redis, stream::Cursor};

/// The hub of a node. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Live(Arc<Hub>);

impl Live {
    /// A hub that hears of this process's commits only: for a single node.
    #[must_use]
    pub fn in_process(window: Window) -> Self {
        Self(Arc::new(Hub::new(None, window)))
    }

    /// A hub whose nodes tell each other through Redis. Connects later, in [`Live::run`].
    #[must_use]
    pub fn over_redis(redis: Redis, window: Window) -> Self {
        Self(Arc::new(Hub::new(Some(Bus::new(redis)), window)))
    }

    /// Says that `stream` has grown up to `seq`, after the commit. Never fails and never waits: what gets lost on the way
    /// to other nodes, they find by themselves.
    pub fn committed(&self, stream: Uuid, seq: i64) {
        self.0.heard(stream, seq);
        if let Some(bus) = self.0.bus() {
            bus.publish(stream, seq);
        }
    }

    /// The background work of a node, until `stop` is cancelled: keeps in touch with the other nodes, and every two seconds
    /// compares all listened streams and all watched sessions with the database, by one statement each. Afterwards every
    /// listener ends. Run it once.
    pub async fn run(&self, db: Db, stop: CancellationToken) {
        let hub = &*self.0;
        let messages = async {
            if let Some(bus) = hub.bus() {
                tokio::join!(bus.run_publisher(), bus.run_subscriber(hub));
            }
        };
        let work = async { tokio::join!(hub.run_stream_checks(&db), hub.run_session_checks(&db), messages) };
        stop.run_until_cancelled(work).await;
        hub.stop();
    }

    /// Starts to listen to `stream` behind `after`, or from now on. A cursor that can't be continued from is no error: the
    /// listener then begins with [`Next::Reset`].
    ///
    /// # Errors
    /// `NOT_FOUND` if there is no such stream, `INVALID`/`MALFORMED` at `after` if the cursor belongs to another one, or the
    /// database's.
    pub async fn listen(&self, db: &Db, stream: Uuid, after: Option<Cursor>) -> Result<Listener> {
        Listener::start(&self.0, db, stream, after).await
    }

    /// Waits for the turn to read for one who catches up: few do so at once, so that those who are up to date, and queries, go on as
    /// usual when all come back together.
    ///
    /// # Errors
    /// `UNAVAILABLE` if that takes too long: come back later.
    pub async fn turn(&self) -> Result<impl Drop + Send> {
        self.0.turn().await
    }

    /// Watches whether a session ends, on whichever node that happens.
    #[must_use]
    pub fn watch_session(&self, session: Uuid) -> SessionWatch {
        self.0.watch_session(session)
    }
}
