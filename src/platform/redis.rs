//! The connection of a node to Redis: made when it is needed, given up when it hangs, and left alone while Redis is away.
//!
//! Whoever finds that Redis doesn't do what it is asked for says so for all: from then on commands fail at once, so that no further request
//! waits for it, and one task tries until it takes a write again. A server that answers but takes no writes (`maxmemory` is reached, it
//! has become a replica) is as good as away.

use std::{
    fmt::{Debug, Display},
    future::Future,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use redis::{AsyncConnectionConfig, Client, FromRedisValue, Pipeline, aio::MultiplexedConnection};
use tokio::{
    sync::Mutex,
    time::{sleep, timeout},
};

use super::{
    error::{Error, Result},
    retry::spread,
};

/// How long Redis may take for anything.
const LIMIT: Duration = Duration::from_secs(1);
/// The shortest pause between two tries while it is away.
const PAUSE: Duration = Duration::from_millis(250);
/// How long the key is kept that is written to see whether writes are taken.
const PROOF: Duration = Duration::from_secs(60);

/// What Redis says, or a sentence for the log.
pub(super) type Outcome<T> = std::result::Result<T, String>;

/// One connection, shared by all who ask. Cheap to clone.
#[derive(Clone)]
pub struct Redis(Arc<Inner>);

struct Inner {
    client: Client,
    /// Beginning of all names of keys and channels.
    prefix: String,
    connection: Mutex<Option<MultiplexedConnection>>,
    /// How often it has gone away and come back: odd while it is left alone until a try of [`come_back`] has worked.
    turns: AtomicU64,
}

/// Without the client, which knows the password.
impl Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redis")
    }
}

impl Redis {
    /// A Redis in which all names begin with `prefix`, so that several installations can share a server. Connects when it is needed.
    ///
    /// # Errors
    /// `url` is none of Redis; the text is for the operator.
    pub fn new(url: &str, prefix: &str) -> Outcome<Self> {
        Ok(Self(Arc::new(Inner {
            client: Client::open(url).map_err(|error| error.to_string())?,
            prefix: prefix.to_owned(),
            connection: Mutex::new(None),
            turns: AtomicU64::new(0),
        })))
    }

    pub(super) fn client(&self) -> &Client {
        &self.0.client
    }

    pub(super) fn prefix(&self) -> &str {
        &self.0.prefix
    }

    /// Sends commands and reads their answers.
    pub(super) async fn run<T: FromRedisValue>(&self, commands: &Pipeline) -> Outcome<T> {
        let turn = self.0.turns.load(Ordering::Relaxed);
        if turn % 2 == 1 {
            return Err("Redis is away".to_owned());
        }
        let outcome = self.0.ask(commands).await;
        let is_first = |turn: u64| {
            let order = Ordering::Relaxed;
            // A command that was sent before Redis came back says nothing of it.
            self.0.turns.compare_exchange(turn, turn + 1, order, order).is_ok()
        };
        if let Err(cause) = &outcome
            && is_first(turn)
        {
            tracing::warn!(
                cause,
                "Redis is away: each node counts limits alone, live events of other nodes come up to two seconds late, and nobody knows \
                 who is present"
            );
            tokio::spawn(come_back(Arc::downgrade(&self.0)));
        }
        outcome
    }

    /// Whether it takes writes, within a second.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; the cause is in the log.
    pub async fn check(&self) -> Result<()> {
        let written = self.run::<()>(&self.0.proof()).await;
        written.map_err(|_| Error::Unavailable(spread(LIMIT)))
    }
}

impl Inner {
    async fn ask<T: FromRedisValue>(&self, commands: &Pipeline) -> Outcome<T> {
        let outcome = limited(async {
            let (mut connection, is_new) = self.connection().await?;
            match commands.query_async(&mut connection).await {
                // It was closed while nobody used it, which says nothing of the next one.
                Err(error) if error.is_io_error() && !is_new => {
                    self.connection.lock().await.take();
                    let (mut connection, _) = self.connection().await?;
                    commands.query_async(&mut connection).await
                }
                outcome => outcome,
            }
        });
        let outcome = outcome.await;
        if outcome.is_err() {
            // It may be hung rather than closed. Whoever holds the lock is making a new one already.
            if let Ok(mut connection) = self.connection.try_lock() {
                *connection = None;
            }
        }
        outcome
    }

    /// The connection, and whether it was made just now.
    async fn connection(&self) -> redis::RedisResult<(MultiplexedConnection, bool)> {
        let mut connection = self.connection.lock().await;
        if let Some(connection) = &*connection {
            return Ok((connection.clone(), false));
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        let new = self.client.get_multiplexed_async_connection_with_config(&config);
        Ok((connection.insert(new.await?).clone(), true))
    }

    /// A write: a full Redis answers reads, and pings.
    fn proof(&self) -> Pipeline {
        let mut commands = redis::pipe();
        let command = commands.cmd("SET").arg(format!("{}:check", self.prefix)).arg("");
        command.arg("EX").arg(PROOF.as_secs()).ignore();
        commands
    }
}

/// Tries until Redis takes a write, or nobody needs it any more.
async fn come_back(redis: Weak<Inner>) {
    loop {
        sleep(spread(PAUSE)).await;
        let Some(redis) = redis.upgrade() else { return };
        if redis.ask::<()>(&redis.proof()).await.is_ok() {
            redis.turns.fetch_add(1, Ordering::Relaxed);
            tracing::info!("Redis is back");
            return;
        }
    }
}

/// Gives up after a second.
pub(super) async fn limited<T, E: Display>(work: impl Future<Output = std::result::Result<T, E>>) -> Outcome<T> {
    match timeout(LIMIT, work).await {
        Ok(outcome) => outcome.map_err(|error| error.to_string()),
        Err(_) => Err("no answer within a second".to_owned()),
    }
}
