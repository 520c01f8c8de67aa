//! How much of the server anybody may use: budgets of points that refill steadily, and counts of failed guesses.
//!
//! Counted in this process, or in Redis, so that all nodes share the counts. While Redis is away each node counts alone:
//! limits are looser then, and nobody is refused for it.

mod memory;
mod shared;

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};

use self::{memory::Memory, shared::Shared};
use super::{clock::Clock, redis::Redis};

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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
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
}

impl Rates {
    /// Counts of this process alone.
    #[must_use]
    pub fn in_process(clock: Clock) -> Self {
        Self::new(clock, None)
    }

    /// Counts that nodes share through Redis.
    #[must_use]
    pub fn over_redis(clock: Clock, redis: Redis) -> Self {
        Self::new(clock, Some(Shared::new(redis)))
    }

    fn new(clock: Clock, shared: Option<Shared>) -> Self {
        Self(Arc::new(Inner {
            clock,
            memory: Memory::default(),
            shared,
        }))
    }

    /// The time by which it counts: spans, so the system's.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.0.clock.system()
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
        let taken = match &self.0.shared {
            Some(shared) => shared.take(key, ask).await.ok(),
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
        // Those that could not be told to Redis when they happened count when it is back, too.
        let here = self.0.memory.failures(&keys, self.now().timestamp_micros());
        let known = match &self.0.shared {
            Some(shared) => shared.failures(&keys).await.unwrap_or_default(),
            None => Vec::new(),
        };
        let of = |all: &[Failures], place: usize| all.get(place).copied().unwrap_or_default();
        std::array::from_fn(|place| of(&here, place).max(of(&known, place)))
    }

    /// Counts a failure under each key, and forgets each key so long after its first failure (`is_window`) or its last.
    pub async fn failed(&self, keys: &[(&str, Duration, bool)]) {
        let now = self.now().timestamp_micros();
        let is_told = match &self.0.shared {
            Some(shared) => shared.failed(keys, now).await.is_ok(),
            None => false,
        };
        if !is_told {
            self.0.memory.failed(keys, now);
        }
    }

    /// Forgets failures.
    pub async fn forget(&self, key: &str) {
        if let Some(shared) = &self.0.shared {
            // A Redis that is away keeps them for a few minutes more: who knows the password waits a minute at most.
            let _ = shared.forget(key).await;
        }
        self.0.memory.forget(key);
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
