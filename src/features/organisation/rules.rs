//! What organisations and pupils may be called.

use chrono::Datelike;
use entity::enums::OrganisationKind;

use crate::platform::{
    error::{Checks, Error, Reason, Result},
    scalar::{CountryCode, languages, time_zone},
    text,
};

/// Rows of one batch at most.
pub(super) const MOST_ROWS: usize = 200;

/// An organisation to be made.
#[derive(Clone, Debug)]
pub struct NewOrganisation {
    /// What it is.
    pub kind: OrganisationKind,
    /// Its name.
    pub name: String,
    /// Town.
    pub city: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// IANA time zone.
    pub time_zone: String,
}

/// A pupil to be made.
#[derive(Clone, Debug)]
pub struct PupilRow {
    /// Given name.
    pub given_name: String,
    /// First letter of the family name.
    pub family_initial: String,
    /// Year of birth.
    pub birth_year: i32,
    /// Language tags, the preferred one first.
    pub languages: Vec<String>,
}

pub(super) fn organisation(new: NewOrganisation) -> Result<NewOrganisation> {
    let mut checks = Checks::default();
    let name = checks.field("name", name(&new.name))?;
    let city = checks.field("city", text::line(&new.city, 100))?;
    let country = checks.field("country", CountryCode(new.country).checked())?;
    let time_zone = checks.field("timeZone", time_zone(&new.time_zone))?;
    checks.done()?;
    let or_empty = Option::unwrap_or_default;
    Ok(NewOrganisation {
        kind: new.kind,
        name: or_empty(name),
        city: or_empty(city),
        country: or_empty(country),
        time_zone: or_empty(time_zone),
    })
}

/// The name of an organisation.
pub(super) fn name(text: &str) -> Result<String> {
    text::line(text, 200)
}

/// What nodes of the release before order lists by, and look into.
pub(super) fn name_key(name: &str, city: &str) -> String {
    format!("{name} {city}").to_lowercase()
}

/// A pupil's row, cleaned. The family name is one letter, so that nothing more is known than classmates need.
pub(super) fn pupil(row: &PupilRow, year: i32) -> Result<PupilRow> {
    let mut checks = Checks::default();
    let given_name = checks.field("givenName", text::line(&row.given_name, 60))?;
    let family_initial = checks.field("familyInitial", text::initial(&row.family_initial))?;
    checks.field("birthYear", birth_year(row.birth_year, year))?;
    let languages = checks.field("languages", languages(&row.languages))?;
    checks.done()?;
    Ok(PupilRow {
        given_name: given_name.unwrap_or_default(),
        family_initial: family_initial.unwrap_or_default(),
        birth_year: row.birth_year,
        languages: languages.unwrap_or_default(),
    })
}

/// Pupils are children and young adults; anything else is a slip of the pen.
fn birth_year(year: i32, now: i32) -> Result<()> {
    if (now - 25..=now - 5).contains(&year) {
        Ok(())
    } else {
        Err(Error::invalid(
            Reason::OutOfRange,
            format!("Expected a year between {} and {}.", now - 25, now - 5),
        ))
    }
}

/// The year of a moment.
pub(super) fn year(now: chrono::DateTime<chrono::Utc>) -> i32 {
    now.year()
}
