//! When things are due. A day is a day of the calendar where people live, not 24 hours: a reminder at eight in the evening stays one when
//! clocks change.

use chrono::{DateTime, Days, LocalResult, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use crate::{
    platform::error::{Error, Reason, Result},
    policy::REACT_WITHIN,
};

/// The deadlines of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Until when reviews are to be submitted.
    pub reviews: DateTime<Utc>,
    /// When authors begin to react; what was handed on late is due by then.
    pub reflection: DateTime<Utc>,
    /// When the round is closed.
    pub close: DateTime<Utc>,
}

/// Days before a deadline on which reviewers are reminded.
const REMIND_DAYS: u64 = 1;

impl Deadlines {
    /// Whether they stand in their order, and those that differ from `before` haven't passed.
    ///
    /// # Errors
    /// `INVALID`/`OUT_OF_RANGE` at the first that doesn't.
    pub fn checked(self, before: Option<Self>, now: DateTime<Utc>) -> Result<()> {
        let late = |field: &str, words: &str| Err(Error::invalid(Reason::OutOfRange, words).at(&[field]));
        let fields = [
            ("reviewsDueAt", self.reviews, before.map(|before| before.reviews)),
            ("reflectionAt", self.reflection, before.map(|before| before.reflection)),
            ("closesAt", self.close, before.map(|before| before.close)),
        ];
        for (field, time, before) in fields {
            if time <= now && Some(time) != before {
                return late(field, "It is in the future.");
            }
        }
        if self.reflection < self.reviews {
            return late("reflectionAt", "The reflection begins when reviews are due, or later.");
        }
        if self.close <= self.reflection {
            return late("closesAt", "The round is closed after the reflection has begun.");
        }
        Ok(())
    }

    /// Until when a review is due that is assigned at a time.
    #[must_use]
    pub fn due(&self, assigned: DateTime<Utc>) -> DateTime<Utc> {
        if assigned < self.reviews {
            self.reviews
        } else {
            self.reflection
        }
    }

    /// Until when authors react to reviews in a phase that was closed at a time: 7 days later, at the same time of day in the time zone.
    #[must_use]
    pub fn reactions_end(closed: DateTime<Utc>, zone: &str) -> DateTime<Utc> {
        shifted(closed, zone, |local| local.checked_add_days(REACT_WITHIN))
    }
}

/// When a reviewer is reminded of a deadline: the day before, at the same time of day in their time zone.
#[must_use]
pub fn reminder(due: DateTime<Utc>, zone: &str) -> DateTime<Utc> {
    shifted(due, zone, |local| local.checked_sub_days(Days::new(REMIND_DAYS)))
}

fn shifted(
    time: DateTime<Utc>,
    zone: &str,
    shift: impl FnOnce(NaiveDateTime) -> Option<NaiveDateTime>,
) -> DateTime<Utc> {
    let zone = zone.parse::<Tz>().unwrap_or(chrono_tz::UTC);
    let Some(local) = shift(time.with_timezone(&zone).naive_local()) else {
        return time;
    };
    match zone.from_local_datetime(&local) {
        LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => time.to_utc(),
        // The clocks skip it: as late after the jump as it would have been after its begin.
        LocalResult::None => {
            let before = zone.from_local_datetime(&(local - TimeDelta::hours(3))).earliest();
            before.map_or(time, |before| before.to_utc() + TimeDelta::hours(3))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap_or_default()
    }

    #[test]
    fn a_reminder_keeps_its_time_of_day_when_clocks_change() {
        // Summer time begins on 29 March 2026 in Europe, and ends on 25 October.
        for (due, reminded) in [
            ("2026-03-29T18:00:00Z", "2026-03-28T19:00:00Z"),
            ("2026-10-25T19:00:00Z", "2026-10-24T18:00:00Z"),
            ("2026-06-10T18:00:00Z", "2026-06-09T18:00:00Z"),
        ] {
            assert_eq!(reminder(at(due), "Europe/Madrid"), at(reminded), "{due}");
        }
    }

    #[test]
    fn a_time_that_clocks_skip_or_repeat_is_still_one() {
        // 02:30 of 29 March doesn't exist in Madrid; of 25 October there are two.
        assert_eq!(
            reminder(at("2026-03-30T00:30:00Z"), "Europe/Madrid"),
            at("2026-03-29T01:30:00Z")
        );
        assert_eq!(
            reminder(at("2026-10-26T01:30:00Z"), "Europe/Madrid"),
            at("2026-10-25T00:30:00Z")
        );
    }

    #[test]
    fn no_such_zone_is_utc() {
        assert_eq!(
            reminder(at("2026-03-29T18:00:00Z"), "Nowhere/City"),
            at("2026-03-28T18:00:00Z")
        );
    }

    #[test]
    fn reactions_end_a_week_later_on_the_clock() {
        assert_eq!(
            Deadlines::reactions_end(at("2026-03-27T11:00:00Z"), "Europe/Paris"),
            at("2026-04-03T10:00:00Z")
        );
    }

    #[test]
    fn deadlines_stand_in_their_order() {
        let now = at("2026-03-01T00:00:00Z");
        let days = |count| now + TimeDelta::days(count);
        let taken = |reviews, reflection, close| {
            let deadlines = Deadlines {
                reviews: days(reviews),
                reflection: days(reflection),
                close: days(close),
            };
            deadlines.checked(None, now).is_ok()
        };
        assert!(taken(1, 1, 2));
        assert!(taken(1, 2, 3));
        for (reviews, reflection, close) in [(0, 1, 2), (2, 1, 3), (1, 2, 2)] {
            assert!(!taken(reviews, reflection, close), "{reviews} {reflection} {close}");
        }
        let before = Deadlines {
            reviews: days(-2),
            reflection: days(1),
            close: days(2),
        };
        let later = Deadlines {
            close: days(5),
            ..before
        };
        assert!(later.checked(Some(before), now).is_ok(), "what has passed stays");
        let back = Deadlines {
            reviews: days(-1),
            ..before
        };
        assert!(back.checked(Some(before), now).is_err());
    }

    #[test]
    fn what_is_assigned_late_is_due_when_the_reflection_begins() {
        let deadlines = Deadlines {
            reviews: at("2026-03-10T18:00:00Z"),
            reflection: at("2026-03-12T18:00:00Z"),
            close: at("2026-03-20T18:00:00Z"),
        };
        assert_eq!(deadlines.due(at("2026-03-05T00:00:00Z")), deadlines.reviews);
        assert_eq!(deadlines.due(deadlines.reviews), deadlines.reflection);
    }
}
