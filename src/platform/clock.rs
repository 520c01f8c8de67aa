//! The one source of time and of new identifiers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, SubsecRound, Utc};
use uuid::{Builder, Uuid};

/// Tells the time: the system's, or one that was set (demo data and tests live through weeks in seconds).
#[derive(Clone, Debug, Default)]
pub struct Clock(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    stopped_at: Option<DateTime<Utc>>,
    /// Millisecond and count of the newest identifier.
    newest: (u64, u16),
}

impl Clock {
    /// Now, cut to microseconds: what both databases keep.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        now(&self.lock())
    }

    /// Stops the clock at `at`; `None` lets it run again.
    pub fn set(&self, at: Option<DateTime<Utc>>) {
        self.lock().stopped_at = at;
    }

    /// A new UUIDv7 of this moment. Of two that this process makes in one millisecond, the later one is the greater (RFC 9562,
    /// 6.2, method 1), so that lists keep the order in which the rows of a batch were made.
    #[must_use]
    pub fn new_id(&self) -> Uuid {
        let mut random: [u8; 10] = rand::random();
        let mut inner = self.lock();
        let millisecond = u64::try_from(now(&inner).timestamp_millis()).unwrap_or_default();
        let count = match inner.newest {
            (same, count) if same == millisecond => count.wrapping_add(1),
            // 11 of the 12 bits: half of them are left to count in.
            _ => u16::from_be_bytes([random[0], random[1]]) & 0x07ff,
        };
        inner.newest = (millisecond, count);
        random[..2].copy_from_slice(&(count & 0x0fff).to_be_bytes());
        Builder::from_unix_timestamp_millis(millisecond, &random).into_uuid()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn now(inner: &Inner) -> DateTime<Utc> {
    inner.stopped_at.unwrap_or_else(Utc::now).trunc_subsecs(6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_of_one_moment_come_in_order() {
        let clock = Clock::default();
        clock.set(DateTime::from_timestamp(1_700_000_000, 0));
        let ids: Vec<Uuid> = (0..2_000).map(|_| clock.new_id()).collect();
        assert!(ids.is_sorted());
        assert_eq!(ids[0].get_version_num(), 7);
        let time = ids[0].get_timestamp().map(|time| time.to_unix());
        assert_eq!(time, Some((1_700_000_000, 0)));
    }
}
