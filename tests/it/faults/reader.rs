//! Somebody who follows a space, whatever happens to their socket.

use std::{net::SocketAddr, time::Duration};

use sojourn::platform::stream::Cursor;
use tokio::sync::watch;
use uuid::Uuid;

use super::PATIENCE;
use crate::support::{Person, Socket, inner};

/// What somebody was told, as they were told it.
pub struct Reader {
    pub who: Person,
    pub space: String,
    /// Where the next socket is opened: one after the other.
    pub addresses: Vec<SocketAddr>,
    /// How long they do something else after each so many events.
    pub rests: Option<(usize, Duration)>,
    /// Behind which event they read on.
    pub cursor: String,
    /// Numbers of all events, and what contribution each was about.
    pub told: Vec<(i64, Option<Uuid>)>,
    pub sockets: usize,
}

impl Reader {
    pub fn new(who: &Person, space: &str, addresses: &[SocketAddr], cursor: &str) -> Self {
        Self {
            who: who.clone(),
            space: space.to_owned(),
            addresses: addresses.to_vec(),
            rests: None,
            cursor: cursor.to_owned(),
            told: Vec::new(),
            sockets: 0,
        }
    }

    /// Reads until it was told of the last event, once its number is known.
    pub async fn read(mut self, mut last: watch::Receiver<Option<i64>>) -> Self {
        let mut until = last.clone();
        let ended = async {
            until.wait_for(Option::is_some).await.unwrap();
            tokio::time::sleep(PATIENCE).await;
        };
        let read = async {
            while !self.is_done(&last) {
                let address = self.addresses[self.sockets % self.addresses.len()];
                self.sockets += 1;
                if let Err(why) = self.follow(address, &mut last).await {
                    assert!(!why.contains("StreamReset"), "{why}");
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::select! {
            () = read => {}
            () = ended => {}
        }
        self
    }

    fn number(&self) -> i64 {
        Cursor::decode(&self.cursor).unwrap().seq
    }

    fn is_done(&self, last: &watch::Receiver<Option<i64>>) -> bool {
        last.borrow().is_some_and(|last| self.number() >= last)
    }

    /// Follows through one socket, until it is lost.
    async fn follow(&mut self, address: SocketAddr, last: &mut watch::Receiver<Option<i64>>) -> Result<(), String> {
        let mut socket = Socket::open(address, &self.who).await?;
        socket.watch(&self.space, Some(&self.cursor)).await?;
        while !self.is_done(last) {
            let message = tokio::select! {
                message = socket.try_hear() => message?,
                Ok(()) = last.changed() => continue,
            };
            let event = &message["payload"]["data"]["spaceEvents"];
            if message["type"] != "next" || !event.is_object() || event["__typename"] == "StreamReset" {
                return Err(message.to_string());
            }
            if event["__typename"] == "Heartbeat" {
                continue;
            }
            event["cursor"].as_str().unwrap().clone_into(&mut self.cursor);
            let subject = event["contribution"]["id"].as_str().map(inner);
            self.told.push((self.number(), subject));
            if let Some((events, rest)) = self.rests
                && self.told.len().is_multiple_of(events)
            {
                tokio::time::sleep(rest).await;
            }
        }
        Ok(())
    }
}
