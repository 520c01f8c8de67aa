//! Who is shown to whom as what.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use entity::enums::{SpaceRole, SpaceState};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    platform::{
        error::{Error, Reason, Result},
        scalar::LocalTime,
    },
    policy::PresenceHours,
};

/// How long a device is present after it said so. Clients say it every 30 seconds: one that gets lost does no harm.
pub(super) const LIFE: Duration = Duration::from_secs(75);

/// Members that are shown as present, at most.
const MOST: usize = 1_000;

/// What a member does on one of their devices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doing {
    /// The thread that they have before them.
    pub thread: Option<Uuid>,
    /// Whether they write in it.
    pub is_writing: bool,
}

impl Doing {
    /// What a device may say that it does.
    pub(super) fn new(thread: Option<Uuid>, is_writing: bool) -> Result<Self> {
        if is_writing && thread.is_none() {
            let error = Error::invalid(Reason::Required, "It needs the thread in which they write.");
            return Err(error.at(&["threadId"]));
        }
        Ok(Self { thread, is_writing })
    }

    /// The same for somebody who sees only some threads.
    pub(super) fn seen(self, sees: impl FnOnce(Uuid) -> bool) -> Self {
        if self.thread.is_some_and(sees) {
            self
        } else {
            Self::default()
        }
    }
}

/// What a space says about presence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    pub state: SpaceState,
    pub time_zone: String,
    pub hours: Option<PresenceHours>,
}

impl Setting {
    /// Whether anybody can be present at all.
    pub(super) fn is_in_use(&self) -> bool {
        self.state == SpaceState::Active
    }

    /// Whether those with this role are off now.
    pub(super) fn is_off(&self, role: SpaceRole, now: DateTime<Utc>) -> bool {
        role == SpaceRole::Pupil && self.hours.is_some_and(|hours| !self.is_within(hours, now))
    }

    /// By the clock on the wall, whatever it was set to: an hour that is skipped in spring doesn't keep the hours from beginning, and
    /// in one that comes twice in autumn they hold twice.
    fn is_within(&self, PresenceHours { from, to }: PresenceHours, now: DateTime<Utc>) -> bool {
        let minute = LocalTime::minutes_at(now, &self.time_zone);
        if from <= to {
            (from..to).contains(&minute)
        } else {
            minute >= from || minute < to
        }
    }
}

/// What is shown of a member with several devices, what is newest last.
pub(super) fn foremost(devices: &[Doing]) -> Doing {
    let writing = devices.iter().rev().find(|device| device.is_writing);
    writing.or(devices.last()).copied().unwrap_or_default()
}

/// Who is present in a space for somebody with this role, in the order of their ids; `roles` are those of the members of now.
pub(super) fn present(
    setting: &Setting,
    viewer: SpaceRole,
    devices: &[(Uuid, Vec<Doing>)],
    roles: &HashMap<Uuid, SpaceRole>,
    now: DateTime<Utc>,
) -> Vec<(Uuid, Doing)> {
    if !setting.is_in_use() || setting.is_off(viewer, now) {
        return Vec::new();
    }
    let is_shown = |member: &Uuid| roles.get(member).is_some_and(|role| !setting.is_off(*role, now));
    let shown = devices.iter().filter(|(member, _)| is_shown(member));
    shown
        .take(MOST)
        .map(|(member, devices)| (*member, foremost(devices)))
        .collect()
}

/// What somebody was told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub is_off: bool,
    pub is_known: bool,
    pub shown: HashMap<Uuid, Doing>,
}

/// What is to be told to somebody who was told something else before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct News {
    /// Whether what was told before is worth nothing.
    pub is_complete: bool,
    /// Who came, or does something else.
    pub changed: Vec<Uuid>,
    /// Who left.
    pub gone: Vec<Uuid>,
}

/// What is new, if anything is.
pub(super) fn news(before: Option<&Told>, now: &Told) -> Option<News> {
    let mut changed: Vec<Uuid> = now.shown.keys().copied().collect();
    let mut gone = Vec::new();
    let is_alike = |before: &&Told| (before.is_off, before.is_known) == (now.is_off, now.is_known);
    let known = before.filter(is_alike);
    if let Some(known) = known {
        changed.retain(|member| known.shown.get(member) != now.shown.get(member));
        gone.extend(known.shown.keys().filter(|member| !now.shown.contains_key(member)));
    }
    changed.sort_unstable();
    gone.sort_unstable();
    let is_complete = known.is_none();
    (is_complete || !changed.is_empty() || !gone.is_empty()).then_some(News {
        is_complete,
        changed,
        gone,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(from: &str, to: &str) -> Setting {
        let minutes = |time: &str| LocalTime(time.to_owned()).checked().unwrap_or(-1);
        Setting {
            state: SpaceState::Active,
            time_zone: "Europe/Riga".to_owned(),
            hours: Some(PresenceHours {
                from: minutes(from),
                to: minutes(to),
            }),
        }
    }

    fn at(time: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(time).unwrap_or_default().to_utc()
    }

    fn is_off(setting: &Setting, time: &str) -> bool {
        setting.is_off(SpaceRole::Pupil, at(time))
    }

    #[test]
    fn hours_are_those_of_the_clock_in_the_space() {
        let day = setting("07:30", "16:00");
        // Riga is two hours ahead of UTC in winter, three in summer.
        for (time, off) in [
            ("2026-11-23T05:29:59Z", true),
            ("2026-11-23T05:30:00Z", false),
            ("2026-11-23T13:59:59Z", false),
            ("2026-11-23T14:00:00Z", true),
            ("2026-07-01T04:30:00Z", false),
            ("2026-07-01T13:00:00Z", true),
        ] {
            assert_eq!(is_off(&day, time), off, "{time}");
        }
    }

    #[test]
    fn hours_may_be_over_midnight() {
        let night = setting("22:00", "06:00");
        for (time, off) in [
            ("2026-11-23T19:59:00Z", true),
            ("2026-11-23T20:00:00Z", false),
            ("2026-11-23T22:00:00Z", false),
            ("2026-11-24T03:59:00Z", false),
            ("2026-11-24T04:00:00Z", true),
        ] {
            assert_eq!(is_off(&night, time), off, "{time}");
        }
    }

    #[test]
    fn hours_hold_when_clocks_are_set() {
        // 2026-03-29: from 03:00 to 04:00; 2026-10-25: from 04:00 back to 03:00.
        let early = setting("03:30", "05:00");
        assert!(is_off(&early, "2026-03-29T00:59:59Z"));
        assert!(!is_off(&early, "2026-03-29T01:00:00Z"));
        assert!(!is_off(&early, "2026-03-29T01:59:59Z"));
        assert!(is_off(&early, "2026-03-29T02:00:00Z"));
        assert!(!is_off(&early, "2026-10-25T00:30:00Z"));
        assert!(is_off(&early, "2026-10-25T01:00:00Z"));
        assert!(!is_off(&early, "2026-10-25T01:30:00Z"));
    }

    #[test]
    fn hours_are_for_pupils_alone_and_none_are_always() {
        let day = setting("07:30", "16:00");
        let night = at("2026-11-23T23:00:00Z");
        for role in [
            SpaceRole::Coordinator,
            SpaceRole::Teacher,
            SpaceRole::Mentor,
            SpaceRole::Observer,
        ] {
            assert!(!day.is_off(role, night), "{role:?}");
        }
        let always = Setting { hours: None, ..day };
        assert!(!always.is_off(SpaceRole::Pupil, night));
    }

    #[test]
    fn writing_goes_before_reading_and_what_is_newer_before_what_is_older() {
        let [one, two] = [Uuid::from_u128(1), Uuid::from_u128(2)].map(Some);
        let doing = |thread, is_writing| Doing { thread, is_writing };
        assert_eq!(foremost(&[]), Doing::default());
        assert_eq!(foremost(&[doing(one, false), doing(two, false)]), doing(two, false));
        assert_eq!(foremost(&[doing(one, true), doing(two, false)]), doing(one, true));
        assert_eq!(foremost(&[doing(one, true), doing(two, true)]), doing(two, true));
    }

    #[test]
    fn writing_in_a_thread_that_is_not_seen_is_not_seen() {
        let doing = Doing {
            thread: Some(Uuid::nil()),
            is_writing: true,
        };
        assert_eq!(doing.seen(|_| true), doing);
        assert_eq!(doing.seen(|_| false), Doing::default());
        assert!(Doing::new(None, true).is_err());
    }

    #[test]
    fn only_members_of_now_who_are_not_off_are_shown_and_pupils_who_are_off_see_nobody() {
        let [pupil, teacher, gone] = [1, 2, 3].map(Uuid::from_u128);
        let devices: Vec<_> = [pupil, teacher, gone]
            .map(|member| (member, vec![Doing::default()]))
            .into();
        let roles = HashMap::from([(pupil, SpaceRole::Pupil), (teacher, SpaceRole::Teacher)]);
        let shown = |setting: &Setting, viewer, time| {
            let present = present(setting, viewer, &devices, &roles, at(time));
            present.into_iter().map(|(member, _)| member).collect::<Vec<_>>()
        };
        let (day, noon, night) = (
            setting("07:30", "16:00"),
            "2026-11-23T10:00:00Z",
            "2026-11-23T23:00:00Z",
        );
        assert_eq!(shown(&day, SpaceRole::Pupil, noon), [pupil, teacher]);
        assert_eq!(shown(&day, SpaceRole::Observer, night), [teacher]);
        assert_eq!(shown(&day, SpaceRole::Pupil, night), Vec::<Uuid>::new());
        let closed = Setting {
            state: SpaceState::Closed,
            ..day
        };
        assert_eq!(shown(&closed, SpaceRole::Teacher, noon), Vec::<Uuid>::new());
    }

    #[test]
    fn nobody_is_told_what_they_know() {
        let told = |is_off, members: &[u128]| Told {
            is_off,
            is_known: true,
            shown: members
                .iter()
                .map(|&member| (Uuid::from_u128(member), Doing::default()))
                .collect(),
        };
        let ids = |members: &[u128]| {
            members
                .iter()
                .map(|&member| Uuid::from_u128(member))
                .collect::<Vec<_>>()
        };
        let told_news = |is_complete, changed: &[u128], gone: &[u128]| {
            Some(News {
                is_complete,
                changed: ids(changed),
                gone: ids(gone),
            })
        };
        assert_eq!(news(None, &told(false, &[])), told_news(true, &[], &[]));
        assert_eq!(news(None, &told(false, &[2, 1])), told_news(true, &[1, 2], &[]));
        assert_eq!(news(Some(&told(false, &[1])), &told(false, &[1])), None);
        assert_eq!(
            news(Some(&told(false, &[1])), &told(false, &[2])),
            told_news(false, &[2], &[1])
        );
        assert_eq!(
            news(Some(&told(false, &[1])), &told(true, &[])),
            told_news(true, &[], &[])
        );
        assert_eq!(news(Some(&told(true, &[])), &told(true, &[])), None);
        let mut unknown = told(false, &[1]);
        unknown.is_known = false;
        assert_eq!(news(Some(&told(false, &[1])), &unknown), told_news(true, &[1], &[]));
        assert_eq!(news(Some(&unknown), &unknown), None);
        let mut moved = told(false, &[1]);
        moved.shown.insert(
            Uuid::from_u128(1),
            Doing {
                thread: Some(Uuid::nil()),
                is_writing: false,
            },
        );
        assert_eq!(news(Some(&told(false, &[1])), &moved), told_news(false, &[1], &[]));
    }
}
