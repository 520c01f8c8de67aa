//! Counts of one process.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{Ask, Failures, Taken};

/// Keys that are kept at most. Beyond it all are forgotten: whoever uses as many addresses isn't held by these limits.
const MOST: usize = 200_000;

#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// When each budget is full again.
    budgets: Bounded<i64>,
    failures: Bounded<Failures>,
}

impl Memory {
    pub(super) fn take(&self, key: &str, ask: Ask) -> Taken {
        let mut inner = self.lock();
        let full_at = inner.budgets.get(key, ask.now).unwrap_or(ask.now);
        // Further ahead than a period only if the clock was set back since.
        let full_at = if (ask.now..=ask.now.saturating_add(ask.period)).contains(&full_at) {
            full_at
        } else {
            ask.now
        };
        let next = full_at.saturating_add(ask.increment);
        let wait = next - ask.now - ask.period;
        if wait > 0 {
            let used = full_at - ask.now;
            return Taken { wait, used };
        }
        inner.budgets.put(key, next, next, ask.now);
        Taken {
            wait: 0,
            used: next - ask.now,
        }
    }

    pub(super) fn failures(&self, keys: &[&str], now: i64) -> Vec<Failures> {
        let inner = self.lock();
        let known = keys.iter().map(|key| inner.failures.get(key, now).unwrap_or_default());
        known.collect()
    }

    pub(super) fn failed(&self, keys: &[(&str, Duration, bool)], now: i64) {
        let mut inner = self.lock();
        for (key, forget, is_window) in keys {
            let known = inner.failures.get(key, now).unwrap_or_default();
            let end = inner.failures.end(key).filter(|_| *is_window && known.count > 0);
            let forget = i64::try_from(forget.as_micros()).unwrap_or(i64::MAX);
            let failures = Failures {
                count: known.count.saturating_add(1),
                at: if end.is_some() { known.at } else { now },
            };
            inner
                .failures
                .put(key, failures, end.unwrap_or(now.saturating_add(forget)), now);
        }
    }

    pub(super) fn forget(&self, key: &str) {
        self.lock().failures.0.remove(key);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Values that end at a time.
#[derive(Debug)]
struct Bounded<T>(HashMap<String, (T, i64)>);

impl<T> Default for Bounded<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Copy> Bounded<T> {
    fn get(&self, key: &str, now: i64) -> Option<T> {
        self.0.get(key).filter(|(_, end)| *end > now).map(|(value, _)| *value)
    }

    fn end(&self, key: &str) -> Option<i64> {
        self.0.get(key).map(|(_, end)| *end)
    }

    fn put(&mut self, key: &str, value: T, end: i64, now: i64) {
        // Only when the table would grow anyhow, so that the cost is spread.
        if self.0.len() == self.0.capacity() {
            self.0.retain(|_, (_, end)| *end > now);
            if self.0.len() >= MOST {
                self.0.clear();
            }
        }
        self.0.insert(key.to_owned(), (value, end));
    }
}
