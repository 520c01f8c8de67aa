//! What all tasks of a run count together.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hdrhistogram::Histogram;
use serde::Serialize;

/// Kinds of problems that are told apart; nobody reads more.
const KINDS: usize = 30;

/// A number that many tasks raise.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What all tasks of a run count together.
#[derive(Debug)]
pub(super) struct Tally {
    /// Events that a socket heard for the first time.
    pub delivered: Count,
    pub repeated: Count,
    pub out_of_order: Count,
    /// From the commit until the client has the event, which it waited for.
    pub live: Latency,
    /// The same for events that were written while the socket was away.
    pub replayed: Latency,
    /// From the beginning of a connection to `connection_ack`.
    pub opening: Latency,
    /// Sockets whose subscription is known to run: they have heard something.
    pub ready: Count,
    /// Sockets that were cut on purpose.
    pub cuts: Count,
    /// From the storm's beginning until a socket has heard what it had missed.
    pub catching_up: Latency,
    /// From the first try of a write to its acknowledgement.
    pub writes: Latency,
    pub queries: Latency,
    /// The queries during the storm.
    pub storm_queries: Latency,
    problems: Mutex<BTreeMap<String, u64>>,
}

impl Tally {
    /// # Errors
    /// Never in practice.
    pub(super) fn new() -> Result<Self, String> {
        Ok(Self {
            delivered: Count::default(),
            repeated: Count::default(),
            out_of_order: Count::default(),
            live: Latency::new()?,
            replayed: Latency::new()?,
            opening: Latency::new()?,
            ready: Count::default(),
            cuts: Count::default(),
            catching_up: Latency::new()?,
            writes: Latency::new()?,
            queries: Latency::new()?,
            storm_queries: Latency::new()?,
            problems: Mutex::default(),
        })
    }

    /// Takes note of something that shouldn't happen, and after which the run goes on.
    pub(super) fn problem(&self, what: &str) {
        let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = problems.contains_key(what) || problems.len() < KINDS;
        let what = if is_known { what } else { "others" };
        *problems.entry(what.to_owned()).or_default() += 1;
    }

    pub(super) fn problems(&self) -> BTreeMap<String, u64> {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// How long something takes, over and over.
#[derive(Debug)]
pub(super) struct Latency(Mutex<Histogram<u64>>);

impl Latency {
    fn new() -> Result<Self, String> {
        // Microseconds, to three digits.
        let histogram = Histogram::new(3).map_err(|error| error.to_string())?;
        Ok(Self(Mutex::new(histogram)))
    }

    pub(super) fn note(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let mut histogram = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // It grows as it has to, up to centuries.
        let _ = histogram.record(micros);
    }

    /// How often it happened.
    pub(super) fn count(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Nothing if it never happened.
    pub(super) fn summary(&self) -> Option<Summary> {
        let histogram = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let millis = |quantile| histogram.value_at_quantile(quantile) as f64 / 1000.0;
        (!histogram.is_empty()).then(|| Summary {
            count: histogram.len(),
            p50_ms: millis(0.5),
            p99_ms: millis(0.99),
            max_ms: millis(1.0),
        })
    }
}

/// Percentiles, in milliseconds.
#[derive(Serialize, Clone, Copy, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// How often.
    pub count: u64,
    /// Half of them took no longer.
    pub p50_ms: f64,
    /// 99 of 100 took no longer.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics says where")]

    use super::*;

    #[test]
    fn percentiles_are_right_to_three_digits() {
        let latency = Latency::new().unwrap();
        assert_eq!(latency.summary(), None);
        for millis in 1..=1000 {
            latency.note(Duration::from_millis(millis));
        }
        let summary = latency.summary().unwrap();
        assert_eq!(summary.count, 1000);
        for (found, right) in [
            (summary.p50_ms, 500.0),
            (summary.p99_ms, 990.0),
            (summary.max_ms, 1000.0),
        ] {
            assert!((found - right).abs() <= right / 1000.0, "{found} is not {right}");
        }
    }

    #[test]
    fn equal_problems_are_counted_and_there_are_only_so_many_kinds() {
        let tally = Tally::new().unwrap();
        for kind in 0..100 {
            tally.problem(&format!("problem {kind}"));
            tally.problem("problem 1");
        }
        let problems = tally.problems();
        assert_eq!(problems["problem 1"], 101);
        assert_eq!(problems.len(), KINDS + 1);
        assert_eq!(problems.values().sum::<u64>(), 200);
    }
}
