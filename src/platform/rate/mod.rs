//! How much of the server anybody may use: budgets of points that refill steadily, and counts of failed guesses.
//!
//! Counted in this process, or in Redis, so that all nodes share the counts. While Redis is away each node counts alone:
//! limits are looser then, and nobody is refused for it.

mod memory;
mod shared;

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};

use self::{memory::Memory, shared::Shared};
use super::clock::Clock;

/// How long a node doesn't ask Redis again after a failure.
const PAUSE: Duration = Duration::from_secs(2);

/// A budget that is full after `period` without use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// What a full budget holds.
    pub points: u64,
    /// How long it takes to fill.
    pub period: Duration,
}

/// What became of a request for points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// How long to wait until there are as many points; zero if they were taken.
    pub wait: Duration,
    /// Points that are left.
    pub remaining: u64,
    /// When the budget is full again.
    pub reset_at: DateTime<Utc>,
}

/// Failures of one kind of guess.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// How many.
    pub count: u32,
    /// When they are counted from, in microseconds since 1970: the last one, or the first of a window.
    at: i64,
}

impl Failures {
    /// How long ago the last one was, or the first of a window.
    #[must_use]
    pub fn age(&self, now: DateTime<Utc>) -> Duration {
        micros(now.timestamp_micros() - self.at)
    }
}

/// The counts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Rates(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    memory: Memory,
    shared: Option<Shared>,
    /// Until when Redis is not asked, in microseconds since 1970; 0 while it works.
    away_until: AtomicI64,
}

impl Rates {
    /// Counts of this process alone.
    #[must_use]
    pub fn in_process(clock: Clock) -> Self {
        Self::new(clock, None)
    }

    /// Counts that nodes share through Redis; `prefix` starts every key.
    ///
    /// # Errors
    /// `url` is none of Redis; the text is for the operator.
    pub fn over_redis(clock: Clock, url: &str, prefix: &str) -> std::result::Result<Self, String> {
        Ok(Self::new(clock, Some(Shared::new(url, prefix)?)))
    }

    fn new(clock: Clock, shared: Option<Shared>) -> Self {
        Self(Arc::new(Inner {
            clock,
            memory: Memory::default(),
            shared,
            away_until: AtomicI64::new(0),
        }))
    }

    /// The time by which it counts.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.0.clock.now()
    }

    /// Takes points out of somebody's budget, or nothing if there are too few.
    pub async fn take(&self, budget: Budget, key: &str, points: u64) -> Grant {
        let now = self.now().timestamp_micros();
        let period = i64::try_from(budget.period.as_micros()).unwrap_or(i64::MAX).max(1);
        let capacity = budget.points.max(1);
        let scale = |value: u128, by: u128, through: u128| i64::try_from(value * by / through).unwrap_or(i64::MAX);
        // The budget as a time: the moment at which it is full again ("virtual scheduling", ITU-T I.371).
        let increment = scale(points.into(), budget.period.as_micros(), capacity.into());
        let ask = Ask { now, increment, period };
        let taken = match self.shared() {
            Some(shared) => self.heard(shared.take(key, ask).await),
            None => None,
        };
        let taken = taken.unwrap_or_else(|| self.0.memory.take(key, ask));
        let left = u128::try_from(period - taken.used).unwrap_or_default();
        Grant {
            wait: micros(taken.wait),
            remaining: u64::try_from(left * u128::from(capacity) / budget.period.as_micros().max(1))
                .unwrap_or_default(),
            reset_at: DateTime::from_timestamp_micros(now + taken.used).unwrap_or_default(),
        }
    }

    /// The failures of guesses.
    pub async fn failures<const N: usize>(&self, keys: [&str; N]) -> [Failures; N] {
        let known = match self.shared() {
            Some(shared) => self.heard(shared.failures(&keys).await),
            None => None,
        };
        let known = known.unwrap_or_else(|| self.0.memory.failures(&keys, self.now().timestamp_micros()));
        std::array::from_fn(|place| known.get(place).copied().unwrap_or_default())
    }

    /// Counts a failure under each key, and forgets each key so long after its first failure (`is_window`) or its last.
    pub async fn failed(&self, keys: &[(&str, Duration, bool)]) {
        let now = self.now().timestamp_micros();
        let told = match self.shared() {
            Some(shared) => self.heard(shared.failed(keys, now).await),
            None => None,
        };
        if told.is_none() {
            self.0.memory.failed(keys, now);
        }
    }

    /// Forgets failures.
    pub async fn forget(&self, key: &str) {
        if let Some(shared) = self.shared() {
            self.heard(shared.forget(key).await);
        }
        self.0.memory.forget(key);
    }

    fn shared(&self) -> Option<&Shared> {
        let is_away = self.0.away_until.load(Ordering::Relaxed) > Utc::now().timestamp_micros();
        self.0.shared.as_ref().filter(|_| !is_away)
    }

    /// Notes whether Redis is there.
    fn heard<T>(&self, outcome: std::result::Result<T, String>) -> Option<T> {
        match outcome {
            Ok(value) => {
                if self.0.away_until.swap(0, Ordering::Relaxed) != 0 {
                    tracing::info!("limits are shared between nodes again");
                }
                Some(value)
            }
            Err(cause) => {
                let until = Utc::now() + PAUSE;
                if self.0.away_until.swap(until.timestamp_micros(), Ordering::Relaxed) == 0 {
                    tracing::warn!(cause, "limits are counted by each node alone while Redis is away");
                }
                None
            }
        }
    }
}

/// A request for points, all in microseconds.
#[derive(Clone, Copy, Debug)]
struct Ask {
    now: i64,
    increment: i64,
    period: i64,
}

/// What became of it, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Taken {
    wait: i64,
    /// How much of the period is used up.
    used: i64,
}

fn micros(micros: i64) -> Duration {
    Duration::from_micros(u64::try_from(micros).unwrap_or_default())
}
