//! Trying again until it works: for loops that must not end.

use std::{fmt::Debug, time::Duration};

/// The first and the longest pause between two tries.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// Something between one and three times `pause`, so that those who are told to come back don't come all at once.
pub(super) fn spread(pause: Duration) -> Duration {
    pause.mul_f64(rand::random_range(1.0..3.0))
}

/// Pauses between tries, longer each time and at random, so that the nodes don't come back all at once; logs the beginning
/// and the end of an outage, not every try.
#[derive(Debug)]
pub(super) struct Retry {
    what: &'static str,
    pause: Duration,
    is_out: bool,
}

impl Retry {
    /// `what` names the work in the log.
    pub(super) fn new(what: &'static str) -> Self {
        Self {
            what,
            pause: PAUSES.0,
            is_out: false,
        }
    }

    /// It failed: waits before the next try.
    pub(super) async fn failed(&mut self, cause: &impl Debug) {
        if !self.is_out {
            tracing::warn!(what = self.what, ?cause, "failed, trying until it works");
        }
        self.is_out = true;
        let pause = self.pause.mul_f64(rand::random_range(0.5..1.0));
        self.pause = (self.pause * 2).min(PAUSES.1);
        tokio::time::sleep(pause).await;
    }

    /// It worked.
    pub(super) fn worked(&mut self) {
        if self.is_out {
            tracing::info!(what = self.what, "works again");
        }
        self.is_out = false;
        self.pause = PAUSES.0;
    }
}
