//! Ordinary queries while everything else goes on.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval},
};

use super::{account::Account, api::Api, stage::Stream, subscriber::Phase, tally::Tally};

/// The page of a space with its latest threads.
const PAGE: &str = "query Bench($space: ID!) { space(id: $space) { title eventCursor viewerMembership { displayName role } \
    phases { kind state viewerCan { threadCreate { allowed reason } } threads(first: 2) { pageInfo { hasNextPage endCursor } \
    nodes { id title commentCount byline { name organisation { name } } lastComment { excerpt } } } } } }";

/// Somebody who looks at the page again and again.
pub(super) struct Probe {
    pub api: Api,
    pub account: Arc<Account>,
    pub tally: Arc<Tally>,
    pub stream: Arc<Stream>,
    pub phases: watch::Receiver<Phase>,
}

impl Probe {
    /// Asks for ever, from one node after the other.
    pub(super) async fn run(self, every: Duration) {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for node in 0.. {
            ticks.tick().await;
            let is_storm = matches!(*self.phases.borrow(), Phase::Return(_));
            let (start, token) = (Instant::now(), self.account.token());
            let variables = json!({ "space": self.stream.space });
            match self.api.ask(node, Some(&token), PAGE, &variables).await {
                Ok(_) => {
                    let took = start.elapsed();
                    self.tally.queries.note(took);
                    if is_storm {
                        self.tally.storm_queries.note(took);
                    }
                }
                Err(error) => self.tally.problem(&format!("query: {error}")),
            }
        }
    }
}
