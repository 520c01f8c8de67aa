//! What organisations and pupils may be called.

use chrono::Datelike;
use entity::enums::OrganisationKind;

use crate::platform::{
    error::{Checks, Error, Reason, Result},
    scalar::{CountryCode, LanguageTag, time_zone},
    text,
};

/// Languages of one person at most.
const MOST_LANGUAGES: usize = 10;
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
    let name = checks.field("name", text::required(&new.name, 200))?;
    let city = checks.field("city", text::required(&new.city, 100))?;
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

/// Language tags in canonical form, at least one.
pub(super) fn languages(tags: &[String]) -> Result<Vec<String>> {
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

/// A pupil's row, cleaned. The family name is one letter, so that nothing more is known than classmates need.
pub(super) fn pupil(row: &PupilRow, year: i32) -> Result<PupilRow> {
    let mut checks = Checks::default();
    let given_name = checks.field("givenName", text::required(&row.given_name, 60))?;
    let family_initial = checks.field("familyInitial", family_initial(&row.family_initial))?;
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

fn family_initial(text: &str) -> Result<String> {
    let initial = text::required(text.trim_end_matches('.'), 3)?;
    let mut letters = initial.chars().filter(|char| char.is_alphabetic());
    match (letters.next(), letters.next()) {
        // One letter, perhaps with combining marks.
        (Some(_), None) => Ok(initial.to_uppercase()),
        _ => Err(Error::invalid(Reason::Malformed, "Expected one letter.")),
    }
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

/// The name that members see.
pub(super) fn display_name(row: &PupilRow) -> String {
    format!("{} {}.", row.given_name, row.family_initial)
}

/// The year of a moment.
pub(super) fn year(now: chrono::DateTime<chrono::Utc>) -> i32 {
    now.year()
}
