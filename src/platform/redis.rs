//! A connection to Redis that is made when it is needed, and given up when it hangs.

use std::{
    fmt::{Debug, Display},
    future::Future,
    time::Duration,
};

use redis::{AsyncConnectionConfig, Client, FromRedisValue, Pipeline, aio::MultiplexedConnection};
use tokio::{sync::Mutex, time::timeout};

/// How long Redis may take for anything.
const LIMIT: Duration = Duration::from_secs(1);

/// What Redis says, or a sentence for the log.
pub(super) type Outcome<T> = std::result::Result<T, String>;

/// One connection, shared by all who ask.
pub(super) struct Redis {
    client: Client,
    connection: Mutex<Option<MultiplexedConnection>>,
}

/// Without the client, which knows the password.
impl Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redis")
    }
}

impl Redis {
    pub(super) fn new(url: &str) -> Outcome<Self> {
        Ok(Self {
            client: Client::open(url).map_err(|error| error.to_string())?,
            connection: Mutex::new(None),
        })
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Sends commands and reads their answers.
    pub(super) async fn run<T: FromRedisValue>(&self, commands: &Pipeline) -> Outcome<T> {
        let outcome = limited(async {
            let mut connection = self.connection().await?;
            commands.query_async(&mut connection).await
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

    async fn connection(&self) -> redis::RedisResult<MultiplexedConnection> {
        let mut connection = self.connection.lock().await;
        if let Some(connection) = &*connection {
            return Ok(connection.clone());
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        let new = self.client.get_multiplexed_async_connection_with_config(&config);
        Ok(connection.insert(new.await?).clone())
    }
}

/// Gives up after a second.
pub(super) async fn limited<T, E: Display>(work: impl Future<Output = std::result::Result<T, E>>) -> Outcome<T> {
    match timeout(LIMIT, work).await {
        Ok(outcome) => outcome.map_err(|error| error.to_string()),
        Err(_) => Err("no answer within a second".to_owned()),
    }
}
