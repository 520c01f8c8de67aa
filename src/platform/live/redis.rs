//! Telling other nodes, through Redis: "stream X is at 812". Only hints travel; whatever gets lost is found by comparing
//! with the database.

use std::{collections::HashSet, convert::Infallible, time::Duration};

use futures_util::StreamExt;
use redis::{
    Msg,
    aio::{PubSubSink, PubSubStream},
};
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use super::hub::Hub;
use crate::platform::{
    redis::{Outcome, Redis, limited},
    registry::Inbox,
    retry::Retry,
};

/// How often the subscriber's connection is tried: a hung server gives no error.
const PING: Duration = Duration::from_secs(5);

/// Channels that are named in one command.
const CHUNK: usize = 500;

/// The connections of a node to Redis: one to listen, one to tell.
#[derive(Debug)]
pub(super) struct Bus {
    redis: Redis,
    /// What to tell: the highest number of each stream.
    outgoing: Inbox,
    /// Streams that got their first listener or lost their last.
    changed: Inbox,
}

impl Bus {
    pub(super) fn new(redis: Redis) -> Self {
        Self {
            redis,
            outgoing: Inbox::default(),
            changed: Inbox::default(),
        }
    }

    pub(super) fn publish(&self, stream: Uuid, seq: i64) {
        self.outgoing.put(stream, seq);
    }

    pub(super) fn audience_changed(&self, stream: Uuid) {
        self.changed.put(stream, 0);
    }

    /// Publishes for ever. What can't be told now is dropped.
    pub(super) async fn run_publisher(&self) {
        loop {
            let mut pipe = redis::pipe();
            for (stream, seq) in self.outgoing.wait().await {
                pipe.publish(self.channel(stream), seq).ignore();
            }
            // Whoever isn't told finds it in the database.
            let _ = self.redis.run::<()>(&pipe).await;
        }
    }

    /// Listens for ever.
    pub(super) async fn run_subscriber(&self, hub: &Hub) {
        let mut retry = Retry::new("listening to Redis");
        loop {
            let Err(error) = self.subscribe(hub, &mut retry).await;
            retry.failed(&error).await;
        }
    }

    /// Listens until the connection is lost.
    async fn subscribe(&self, hub: &Hub, retry: &mut Retry) -> Outcome<Infallible> {
        let (sink, messages) = limited(self.redis.client().get_async_pubsub()).await?.split();
        tokio::select! {
            outcome = self.hear(hub, messages) => outcome,
            outcome = self.keep(hub, sink, retry) => outcome,
        }
    }

    /// Takes in messages.
    async fn hear(&self, hub: &Hub, mut messages: PubSubStream) -> Outcome<Infallible> {
        while let Some(message) = messages.next().await {
            if let Some((stream, seq)) = self.parse(&message) {
                hub.heard(stream, seq);
            }
        }
        Err("the connection was closed".to_owned())
    }

    /// Keeps the subscriptions equal to what is listened to, and the connection under watch.
    async fn keep(&self, hub: &Hub, mut sink: PubSubSink, retry: &mut Retry) -> Outcome<Infallible> {
        // Forgotten before all ids are taken: what changes from here on comes again.
        drop(self.changed.take());
        let mut subscribed = HashSet::new();
        let ids = hub.topics.ids();
        self.update(hub, &mut sink, &mut subscribed, ids).await?;
        retry.worked();
        let mut ping = interval(PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                changed = self.changed.wait() => {
                    self.update(hub, &mut sink, &mut subscribed, changed.into_keys().collect()).await?;
                }
                _ = ping.tick() => {
                    limited(sink.ping::<redis::Value>()).await?;
                }
            }
        }
    }

    /// Subscribes to those of `streams` that somebody listens to, unsubscribes from the others.
    async fn update(
        &self,
        hub: &Hub,
        sink: &mut PubSubSink,
        subscribed: &mut HashSet<Uuid>,
        streams: Vec<Uuid>,
    ) -> Outcome<()> {
        let (mut wanted, mut unwanted): (Vec<_>, Vec<_>) = streams.into_iter().partition(|&id| hub.topics.contains(id));
        // What was committed before the subscription was in force, nobody has told; nor what came before the topic of a new
        // listener took it in.
        let due: Vec<_> = wanted.iter().map(|&id| (id, 0)).collect();
        wanted.retain(|&id| subscribed.insert(id));
        unwanted.retain(|id| subscribed.remove(id));
        for chunk in wanted.chunks(CHUNK) {
            let channels: Vec<_> = chunk.iter().map(|&id| self.channel(id)).collect();
            limited(sink.subscribe(channels)).await?;
        }
        hub.due.put_all(due);
        for chunk in unwanted.chunks(CHUNK) {
            let channels: Vec<_> = chunk.iter().map(|&id| self.channel(id)).collect();
            limited(sink.unsubscribe(channels)).await?;
        }
        Ok(())
    }

    fn channel(&self, stream: Uuid) -> String {
        format!("{}{}", self.redis.prefix(), stream.simple())
    }

    /// Stream and number of a message; none for what no node has sent.
    fn parse(&self, message: &Msg) -> Option<(Uuid, i64)> {
        let stream = message.get_channel_name().strip_prefix(self.redis.prefix())?;
        let seq = std::str::from_utf8(message.get_payload_bytes()).ok()?;
        Some((Uuid::try_parse(stream).ok()?, seq.parse().ok()?))
    }
}
