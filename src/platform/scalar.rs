//! Custom scalars. Input is taken as it comes and checked by the use case, so that a faulty value is an ordinary user error
//! with its field instead of a refusal of the whole document.

use async_graphql::{Description, InputType, InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{Datelike, IsoWeek as Week, NaiveDate, SecondsFormat, SubsecRound, Timelike, Utc, Weekday};
use icu_locale_core::LanguageIdentifier;

use super::error::{Error, Reason, Result};

fn string<T: ScalarType + InputType>(value: Value, wrap: fn(String) -> T) -> InputValueResult<T> {
    match value {
        Value::String(text) => Ok(wrap(text)),
        other => Err(InputValueError::expected_type(other)),
    }
}

/// Whether a scalar of this name is written as text.
#[must_use]
pub fn is_text(name: &str) -> bool {
    matches!(
        name,
        "CountryCode" | "DateTime" | "IsoWeek" | "LanguageTag" | "LocalTime"
    )
}

/// A number of bytes: a whole number up to 2^53, which is more than `Int` can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Description)]
pub struct ByteCount(i64);

#[Scalar(
    name = "ByteCount",
    specified_by_url = "https://www.rfc-editor.org/rfc/rfc8259#section-6",
    use_type_description
)]
impl ScalarType for ByteCount {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::Number(number) => match number.as_i64() {
                Some(bytes) => Ok(Self(bytes)),
                None => Err(InputValueError::custom("Expected a whole number of bytes.")),
            },
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        self.0.into()
    }
}

impl From<i64> for ByteCount {
    fn from(bytes: i64) -> Self {
        Self(bytes)
    }
}

impl From<ByteCount> for i64 {
    fn from(bytes: ByteCount) -> Self {
        bytes.0
    }
}

/// A moment in UTC, RFC 3339: `2026-11-21T09:30:00.123456Z`. Input may carry another offset, lies between the years 1970 and 2200, and is
/// cut to milliseconds: what a `Date` of JavaScript holds comes back as it was sent. A leap second (`23:59:60`) is refused.
#[derive(Clone, Debug, PartialEq, Eq, Description)]
pub struct DateTime(String);

#[Scalar(
    name = "DateTime",
    specified_by_url = "https://scalars.graphql.org/andimarek/date-time",
    use_type_description
)]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        string(value, Self)
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

impl From<chrono::DateTime<Utc>> for DateTime {
    fn from(time: chrono::DateTime<Utc>) -> Self {
        Self(time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

/// Those of a second. A leap second is written as one that has more.
const NANOSECONDS: u32 = 1_000_000_000;

impl DateTime {
    /// The moment, to the millisecond.
    ///
    /// # Errors
    /// `INVALID`/`MALFORMED`; `OUT_OF_RANGE` outside the years 1970 to 2200, and for a leap second.
    pub fn checked(&self) -> Result<chrono::DateTime<Utc>> {
        let time = chrono::DateTime::parse_from_rfc3339(&self.0)
            .map_err(|_| Error::invalid(Reason::Malformed, "Expected a date and time like 2026-11-21T09:30:00Z."))?
            .to_utc();
        let refused = |what| Err(Error::invalid(Reason::OutOfRange, what));
        if !(1970..=2200).contains(&time.year()) {
            return refused("Expected a year between 1970 and 2200.");
        }
        // Neither database has it, nor a Date.
        if time.nanosecond() >= NANOSECONDS {
            return refused("Expected a second between 0 and 59.");
        }
        Ok(time.trunc_subsecs(3))
    }
}

/// A week as ISO 8601 counts them, Monday to Sunday: `2026-W47`.
#[derive(Clone, Debug, PartialEq, Eq, Description)]
pub struct IsoWeek(pub String);

#[Scalar(
    name = "IsoWeek",
    specified_by_url = "https://www.iso.org/iso-8601-date-and-time-format.html",
    use_type_description
)]
impl ScalarType for IsoWeek {
    fn parse(value: Value) -> InputValueResult<Self> {
        string(value, Self)
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

impl IsoWeek {
    /// The week, if the year has it.
    ///
    /// # Errors
    /// `INVALID`/`MALFORMED`, or `OUT_OF_RANGE` for a week that the year doesn't have.
    pub fn checked(&self) -> Result<String> {
        let parse = || {
            let (year, week) = self.0.split_once("-W")?;
            let is_number = |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
            (is_number(year, 4) && is_number(week, 2)).then_some(())?;
            Some((year.parse().ok()?, week.parse().ok()?))
        };
        let (year, week) =
            parse().ok_or_else(|| Error::invalid(Reason::Malformed, "Expected an ISO week like 2026-W47."))?;
        if NaiveDate::from_isoywd_opt(year, week, Weekday::Mon).is_none() || !(1970..=2200).contains(&year) {
            return Err(Error::invalid(Reason::OutOfRange, "That year has no such week."));
        }
        Ok(self.0.clone())
    }

    /// The week of a moment in a time zone; in UTC if there is no such zone.
    #[must_use]
    pub fn at(time: chrono::DateTime<Utc>, zone: &str) -> Self {
        let zone = zone.parse::<chrono_tz::Tz>().unwrap_or(chrono_tz::UTC);
        Self(Self::name(time.with_timezone(&zone).iso_week()))
    }

    /// The name of a week.
    #[must_use]
    pub fn name(week: Week) -> String {
        format!("{:04}-W{:02}", week.year(), week.week())
    }
}

/// A time of day as clocks on the wall show it, 24 hours, `HH:MM`: `07:30`. In which time zone, the field says.
#[derive(Clone, Debug, PartialEq, Eq, Description)]
pub struct LocalTime(pub String);

#[Scalar(
    name = "LocalTime",
    specified_by_url = "https://scalars.graphql.org/andimarek/local-time",
    use_type_description
)]
impl ScalarType for LocalTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        string(value, Self)
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

impl LocalTime {
    /// Minutes since midnight.
    ///
    /// # Errors
    /// `INVALID`/`MALFORMED`.
    pub fn checked(&self) -> Result<i32> {
        let number = |text: &str, below: i32| -> Option<i32> {
            let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            let number = text.parse().ok().filter(|_| is_number)?;
            (number < below).then_some(number)
        };
        let parse = || {
            let (hour, minute) = self.0.split_once(':')?;
            Some(number(hour, 24)? * 60 + number(minute, 60)?)
        };
        parse().ok_or_else(|| Error::invalid(Reason::Malformed, "Expected a time of day like 07:30."))
    }

    /// The time of day at so many minutes since midnight.
    #[must_use]
    pub fn of_minutes(minutes: i32) -> Self {
        Self(format!("{:02}:{:02}", minutes / 60, minutes % 60))
    }

    /// The minutes since midnight that clocks in a time zone show at a moment; those of UTC if there is no such zone.
    #[must_use]
    pub fn minutes_at(time: chrono::DateTime<Utc>, zone: &str) -> i32 {
        let zone = zone.parse::<chrono_tz::Tz>().unwrap_or(chrono_tz::UTC);
        let time = time.with_timezone(&zone);
        i32::try_from(time.hour() * 60 + time.minute()).unwrap_or_default()
    }
}

/// A language, BCP 47: `es`, `pt-BR`, `sr-Latn`.
#[derive(Clone, Debug, PartialEq, Eq, Description)]
pub struct LanguageTag(pub String);

#[Scalar(
    name = "LanguageTag",
    specified_by_url = "https://www.rfc-editor.org/rfc/bcp/bcp47",
    use_type_description
)]
impl ScalarType for LanguageTag {
    fn parse(value: Value) -> InputValueResult<Self> {
        string(value, Self)
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

impl LanguageTag {
    /// The tag in canonical case.
    ///
    /// # Errors
    /// `INVALID`/`MALFORMED`.
    pub fn checked(&self) -> Result<String> {
        let tag = self
            .0
            .parse::<LanguageIdentifier>()
            .ok()
            .filter(|tag| !tag.language.is_unknown());
        let tag = tag.map(|tag| tag.to_string()).filter(|_| !self.0.contains('_'));
        tag.ok_or_else(|| Error::invalid(Reason::Malformed, "Expected a language tag like es or pt-BR."))
    }
}

/// Languages of one person at most.
const MOST_LANGUAGES: usize = 10;

/// The languages of a person in canonical form, each once.
///
/// # Errors
/// `INVALID`: none, too many, or no language tag.
pub fn languages(tags: &[String]) -> Result<Vec<String>> {
    if tags.is_empty() {
        return Err(Error::invalid(Reason::Required, "At least one language."));
    }
    if tags.len() > MOST_LANGUAGES {
        return Err(Error::invalid(
            Reason::TooLong,
            format!("At most {MOST_LANGUAGES} languages."),
        ));
    }
    let mut known: Vec<String> = Vec::with_capacity(tags.len());
    for (position, tag) in tags.iter().enumerate() {
        let tag = LanguageTag(tag.clone())
            .checked()
            .map_err(|error| error.at(&[&position.to_string()]))?;
        if !known.contains(&tag) {
            known.push(tag);
        }
    }
    Ok(known)
}

/// A country, ISO 3166-1 alpha-2: `LV`.
#[derive(Clone, Debug, PartialEq, Eq, Description)]
pub struct CountryCode(pub String);

#[Scalar(
    name = "CountryCode",
    specified_by_url = "https://www.iso.org/iso-3166-country-codes.html",
    use_type_description
)]
impl ScalarType for CountryCode {
    fn parse(value: Value) -> InputValueResult<Self> {
        string(value, Self)
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// The officially assigned codes of ISO 3166-1 (as of 2026).
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV \
    BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR \
    GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG \
    KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX \
    MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG \
    SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG \
    VI VN VU WF WS YE YT ZA ZM ZW";

impl CountryCode {
    /// The code, if it is assigned.
    ///
    /// # Errors
    /// `INVALID`/`MALFORMED`.
    pub fn checked(&self) -> Result<String> {
        if self.0.len() == 2 && COUNTRIES.split_whitespace().any(|known| known == self.0) {
            Ok(self.0.clone())
        } else {
            Err(Error::invalid(Reason::Malformed, "Expected a country code like LV."))
        }
    }
}

/// Checks the name of a time zone.
///
/// # Errors
/// `INVALID`/`MALFORMED` unless the IANA database has it.
pub fn time_zone(name: &str) -> Result<String> {
    name.parse::<chrono_tz::Tz>()
        .map(|zone| zone.name().to_owned())
        .map_err(|_| Error::invalid(Reason::Malformed, "Expected an IANA time zone like Europe/Riga."))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics says where")]
mod tests {
    use super::*;

    #[test]
    fn languages_are_canonical_or_refused() {
        let checked = |tag: &str| LanguageTag(tag.to_owned()).checked().ok();
        assert_eq!(checked("PT-br").as_deref(), Some("pt-BR"));
        assert_eq!(checked("sr-latn").as_deref(), Some("sr-Latn"));
        for wrong in ["", "und", "english", "e", "es_ES", "xx-", "🇪🇸"] {
            assert_eq!(checked(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_moment_has_one_form_or_is_refused() {
        let read = |time: &str| DateTime(time.to_owned()).checked().map(|time| DateTime::from(time).0);
        for (written, form) in [
            ("2026-11-21T09:30:00Z", "2026-11-21T09:30:00Z"),
            ("2026-11-21t09:30:00z", "2026-11-21T09:30:00Z"),
            ("2026-11-21 09:30:00Z", "2026-11-21T09:30:00Z"),
            ("2026-11-21T09:30:00-00:00", "2026-11-21T09:30:00Z"),
            ("2026-11-21T09:30:00+14:00", "2026-11-20T19:30:00Z"),
            ("2026-11-21T09:30:00-23:59", "2026-11-22T09:29:00Z"),
            ("2026-11-21T09:30:00\u{2212}01:00", "2026-11-21T10:30:00Z"),
            ("2026-11-21T09:30:00.100Z", "2026-11-21T09:30:00.100Z"),
            ("2026-11-21T09:30:00.000000001Z", "2026-11-21T09:30:00Z"),
            ("2026-11-21T23:59:59.999999999999Z", "2026-11-21T23:59:59.999Z"),
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
            ("2201-01-01T00:59:59.9+01:00", "2200-12-31T23:59:59.900Z"),
            ("2028-02-29T00:00:00Z", "2028-02-29T00:00:00Z"),
        ] {
            assert_eq!(read(written).ok().as_deref(), Some(form), "{written}");
        }
        for (wrong, reason) in [
            ("2016-12-31T23:59:60Z", Reason::OutOfRange),
            ("2016-12-31T23:59:60.5Z", Reason::OutOfRange),
            ("2017-01-01T00:59:60+01:00", Reason::OutOfRange),
            ("2026-11-21T09:30:60Z", Reason::OutOfRange),
            ("1969-12-31T23:59:59.999Z", Reason::OutOfRange),
            ("1970-01-01T00:00:00+00:01", Reason::OutOfRange),
            ("2200-12-31T23:59:59-00:01", Reason::OutOfRange),
            ("0000-01-01T00:00:00Z", Reason::OutOfRange),
            ("9999-12-31T23:59:59Z", Reason::OutOfRange),
            ("-001-01-01T00:00:00Z", Reason::Malformed),
            ("+12026-11-21T09:30:00Z", Reason::Malformed),
            ("2026-11-21T24:00:00Z", Reason::Malformed),
            ("2026-11-21T09:60:00Z", Reason::Malformed),
            ("2026-11-21T09:30:61Z", Reason::Malformed),
            ("2023-02-29T00:00:00Z", Reason::Malformed),
            ("2023-02-30T00:00:00Z", Reason::Malformed),
            ("2026-13-01T00:00:00Z", Reason::Malformed),
            ("2026-11-00T00:00:00Z", Reason::Malformed),
            ("2026-11-21T09:30:00", Reason::Malformed),
            ("2026-11-21T09:30Z", Reason::Malformed),
            ("2026-11-21", Reason::Malformed),
            ("2026-11-21T09:30:00.Z", Reason::Malformed),
            ("2026-11-21T09:30:00,5Z", Reason::Malformed),
            ("2026-11-21T09:30:00+24:00", Reason::Malformed),
            ("2026-11-21T09:30:00+01:60", Reason::Malformed),
            ("2026-11-21T09:30:00+0100", Reason::Malformed),
            ("2026-11-21T09:30:00+1", Reason::Malformed),
            ("２026-11-21T09:30:00Z", Reason::Malformed),
            (" 2026-11-21T09:30:00Z", Reason::Malformed),
            ("2026-11-21T09:30:00Z ", Reason::Malformed),
            ("2026-W47", Reason::Malformed),
            ("1795219200", Reason::Malformed),
            ("", Reason::Malformed),
        ] {
            let error = read(wrong).unwrap_err();
            assert!(
                format!("{error:?}").contains(&format!("{reason:?}")),
                "{wrong}: {error:?}"
            );
        }
    }

    #[test]
    fn a_time_of_day_is_on_the_clock_or_refused() {
        let checked = |time: &str| LocalTime(time.to_owned()).checked().ok();
        assert_eq!(checked("00:00"), Some(0));
        assert_eq!(checked("23:59"), Some(1_439));
        assert_eq!(LocalTime::of_minutes(450).0, "07:30");
        for wrong in [
            "24:00", "7:30", "07:60", "07:3", "0730", "07:30:00", "+7:30", "", "07-30", "：：",
        ] {
            assert_eq!(checked(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_week_exists_or_is_refused() {
        let is_week = |week: &str| IsoWeek(week.to_owned()).checked().is_ok();
        assert!(is_week("2026-W53") && is_week("2026-W01"));
        for wrong in [
            "2025-W53", "2026-W00", "2026-W1", "2026W47", "26-W47", "2026-W+1", "", "2026-W54",
        ] {
            assert!(!is_week(wrong), "{wrong}");
        }
    }
}
