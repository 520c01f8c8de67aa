//! The one source of time and of new identifiers.
//!
//! There are two times. [`Clock::now`] is for everything that has a place among others: what lists, streams and cursors are ordered by. It
//! never steps back: while the system's clock is behind the newest time that is known, it goes on from there in steps of a microsecond until
//! that has caught up, so that what is newer comes after what is older. [`Clock::system`] is for spans of time: tokens, leases, limits. It
//! steps back with the system, so that nobody waits for an hour that comes twice.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use uuid::{Builder, Uuid};

/// How far ahead of the system's clock the newest known time may be, to be gone on from. One that is further ahead was told by a clock that
/// was wrong: rows of then stay before the newer ones, but time doesn't stand still until it comes.
const AHEAD: TimeDelta = TimeDelta::days(1);
/// When there was no server yet, in seconds since 1970: a system's clock from before is wrong (it has no battery, and wasn't set yet), and
/// whatever time is known is better.
const BEGINNING: i64 = 1_795_219_200;
/// How far behind the system's clock has to be before it is worth a line of the log.
const WORTH_TELLING: TimeDelta = TimeDelta::seconds(1);

/// Tells the time: the system's, or one that was set (demo data and tests live through weeks in seconds).
#[derive(Clone, Debug, Default)]
pub struct Clock(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    stopped_at: Option<DateTime<Utc>>,
    /// How wrong the system's clock is. For tests alone.
    shift: TimeDelta,
    /// The newest time that is known.
    newest: DateTime<Utc>,
    /// Whether it is told that the system's clock is behind it.
    is_behind: bool,
    /// Millisecond and count of the newest identifier.
    newest_id: (u64, u16),
}

impl Clock {
    /// Now, among all that was and will be, cut to microseconds: what both databases keep. No two calls give the same while the clock runs.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.lock().now()
    }

    /// Now, by the system's clock alone.
    #[must_use]
    pub fn system(&self) -> DateTime<Utc> {
        self.lock().system()
    }

    /// Takes note of a time that something has which is older than all that is to come.
    pub fn learn(&self, known: DateTime<Utc>) {
        let mut inner = self.lock();
        inner.newest = inner.newest.max(known);
    }

    /// Stops the clock at `at`, however old it is; `None` lets it run again.
    pub fn set(&self, at: Option<DateTime<Utc>>) {
        self.lock().stopped_at = at;
    }

    /// Makes the system's clock wrong by `shift`. For tests alone.
    #[doc(hidden)]
    pub fn shift(&self, shift: TimeDelta) {
        self.lock().shift = shift;
    }

    /// A new UUIDv7 of this moment. Of two that this process makes, the later one is the greater (RFC 9562, 6.2, method 1), so that
    /// lists keep the order in which the rows of a batch were made.
    #[must_use]
    pub fn new_id(&self) -> Uuid {
        let mut random: [u8; 10] = rand::random();
        let mut inner = self.lock();
        // Each call of `now` is a microsecond later: there are no more than a thousand in a millisecond.
        let millisecond = u64::try_from(inner.now().timestamp_millis()).unwrap_or_default();
        let count = match inner.newest_id {
            (same, count) if same == millisecond => count.wrapping_add(1),
            // 11 of the 12 bits: half of them are left to count in.
            _ => u16::from_be_bytes([random[0], random[1]]) & 0x07ff,
        };
        inner.newest_id = (millisecond, count);
        random[..2].copy_from_slice(&(count & 0x0fff).to_be_bytes());
        Builder::from_unix_timestamp_millis(millisecond, &random).into_uuid()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn system(&self) -> DateTime<Utc> {
        let system = || Utc::now() + self.shift;
        self.stopped_at.unwrap_or_else(system).trunc_subsecs(6)
    }

    fn now(&mut self) -> DateTime<Utc> {
        let system = self.system();
        if self.stopped_at.is_some() {
            return system;
        }
        let behind = self.newest - system;
        if behind > AHEAD && system.timestamp() >= BEGINNING {
            tracing::error!(
                newest = %self.newest,
                "the newest time that is known is more than a day ahead of the system's clock: what is new comes before what has that time"
            );
            (self.newest, self.is_behind) = (system, false);
            return system;
        }
        if behind >= WORTH_TELLING && !self.is_behind {
            tracing::warn!(
                seconds = behind.num_seconds(),
                "the system's clock is behind the newest time that is known: what is new has that time until it has caught up"
            );
            self.is_behind = true;
        } else if behind < TimeDelta::zero() && self.is_behind {
            tracing::info!("the system's clock has caught up");
            self.is_behind = false;
        }
        self.newest = system.max(self.newest + TimeDelta::microseconds(1));
        self.newest
    }
}

/// The first moment that is later than all whose UUIDv7 this is the newest of; none for one of another kind.
#[must_use]
pub fn after(id: Uuid) -> Option<DateTime<Utc>> {
    let (seconds, nanos) = id.get_timestamp()?.to_unix();
    let made = DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)?;
    // The identifier has milliseconds alone.
    Some(made + TimeDelta::milliseconds(1))
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

    /// A clock whose system has stepped back by so much since the time that is returned with it.
    fn stepped_back(by: TimeDelta) -> (Clock, DateTime<Utc>, Uuid) {
        let clock = Clock::default();
        clock.shift(by);
        let (time, id) = (clock.now(), clock.new_id());
        clock.shift(TimeDelta::zero());
        (clock, time, id)
    }

    #[test]
    fn neither_times_nor_identifiers_step_back_with_the_system() {
        let (clock, time, id) = stepped_back(TimeDelta::hours(1));
        let times: Vec<_> = (0..10_000).map(|_| clock.now()).collect();
        let ids: Vec<_> = (0..10_000).map(|_| clock.new_id()).collect();
        assert!(times[0] > time && times.is_sorted_by(|one, two| one < two));
        assert!(ids[0] > id && ids.is_sorted_by(|one, two| one < two));
        assert!(clock.system() < time - TimeDelta::minutes(59));
        // It stands still until the system has caught up, and runs then.
        assert!(clock.now() < time + TimeDelta::seconds(1));
        clock.shift(TimeDelta::hours(2));
        assert!(clock.now() > time + TimeDelta::minutes(59));
    }

    #[test]
    fn what_is_known_already_is_older_than_all_that_comes() {
        let (other, time, id) = stepped_back(TimeDelta::hours(5));
        let clock = Clock::default();
        clock.learn(after(id).unwrap_or_default());
        assert!(clock.new_id() > id);
        assert!(clock.now() > time);
        // Less than what is known changes nothing.
        clock.learn(DateTime::UNIX_EPOCH);
        assert!(clock.new_id() > id);
        drop(other);
    }

    #[test]
    fn a_time_of_days_ahead_does_not_hold_time_up() {
        let (clock, time, _) = stepped_back(TimeDelta::days(400));
        assert!(clock.now() < time - TimeDelta::days(399));
        let (one, two) = (clock.new_id(), clock.new_id());
        assert!(one < two);
    }

    #[test]
    fn a_system_from_before_the_first_server_is_believed_less_than_what_is_known() {
        let (clock, time, id) = stepped_back(TimeDelta::zero());
        clock.shift(TimeDelta::days(-20_000));
        assert!(clock.now() > time);
        assert!(clock.new_id() > id);
    }

    #[test]
    fn a_clock_that_was_set_tells_what_it_was_set_to() {
        let (clock, time, _) = stepped_back(TimeDelta::hours(1));
        let then = time.trunc_subsecs(0) - TimeDelta::days(30);
        clock.set(Some(then));
        assert_eq!((clock.now(), clock.system()), (then, then));
        clock.set(None);
        assert!(clock.now() > time);
    }
}
