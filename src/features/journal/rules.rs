//! Pure decisions about prompts: their lengths, their languages, and the sets that are ready to use.

use std::sync::LazyLock;

use entity::enums::KeyCompetence;
use serde::Deserialize;
use uuid::Uuid;

use crate::platform::{
    error::{Checks, Error, Reason, Result},
    text,
};

/// Prompts of one week and language at most.
pub(super) const MOST_PROMPTS: usize = 10;
/// Sentence starters of a prompt at most.
const MOST_STARTERS: usize = 10;
/// Characters of a question at most.
const LONGEST_QUESTION: usize = 500;
/// Characters of an answer at most.
const LONGEST_ANSWER: usize = 5_000;
/// Characters of a sentence starter at most.
const LONGEST_STARTER: usize = 200;

/// The words of a prompt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wording {
    /// What is asked.
    pub question: String,
    /// How an answer may begin.
    pub starters: Vec<String>,
    /// What it aims at.
    pub key_competences: Vec<KeyCompetence>,
}

/// A prompt as it shall be.
#[derive(Clone, Debug)]
pub struct NewPrompt {
    /// The prompt that is kept or changed; none makes a new one.
    pub id: Option<Uuid>,
    /// Its words.
    pub wording: Wording,
}

/// A prompt as it is.
#[derive(Clone, Debug)]
pub struct Known {
    /// Which.
    pub id: Uuid,
    /// Its newest version.
    pub version: i32,
    /// Its place; none if it belongs to its set no more.
    pub position: Option<i32>,
    /// Its words.
    pub wording: Wording,
}

/// Checks and tidies what a set shall be.
///
/// # Errors
/// `INVALID` at the fields that break a rule.
pub(super) fn checked(prompts: Vec<NewPrompt>) -> Result<Vec<NewPrompt>> {
    let at_most = |count: usize, most: usize| {
        let refusal = || Error::invalid(Reason::TooLong, format!("At most {most}."));
        if count > most { Err(refusal()) } else { Ok(()) }
    };
    at_most(prompts.len(), MOST_PROMPTS).map_err(|error| error.at(&["prompts"]))?;
    let mut checks = Checks::default();
    let mut tidy: Vec<NewPrompt> = Vec::with_capacity(prompts.len());
    for (position, mut prompt) in prompts.into_iter().enumerate() {
        let mut own = Checks::default();
        let wording = &mut prompt.wording;
        if prompt.id.is_some() && tidy.iter().any(|other| other.id == prompt.id) {
            own.field(
                "id",
                Err::<(), _>(Error::invalid(Reason::OutOfRange, "Each prompt once.")),
            )?;
        }
        let question = own.field("question", text::line(&wording.question, LONGEST_QUESTION))?;
        wording.question = question.unwrap_or_default();
        own.field("starters", at_most(wording.starters.len(), MOST_STARTERS))?;
        for (place, starter) in wording.starters.iter_mut().enumerate().take(MOST_STARTERS) {
            let mut inner = Checks::default();
            let text = inner.field(&place.to_string(), text::line(starter, LONGEST_STARTER))?;
            *starter = text.unwrap_or_default();
            own.field("starters", inner.done())?;
        }
        wording.key_competences.sort_unstable();
        wording.key_competences.dedup();
        let mut path = Checks::default();
        path.field(&position.to_string(), own.done())?;
        checks.field("prompts", path.done())?;
        tidy.push(prompt);
    }
    checks.done()?;
    Ok(tidy)
}

/// Checks and tidies the texts of answers, each with its prompt.
///
/// # Errors
/// `INVALID` at the fields that break a rule.
pub(super) fn answered(answers: &[(Uuid, &str)]) -> Result<Vec<String>> {
    if answers.len() > MOST_PROMPTS {
        return Err(Error::invalid(Reason::TooLong, format!("At most {MOST_PROMPTS}.")).at(&["answers"]));
    }
    let mut checks = Checks::default();
    let mut bodies = Vec::with_capacity(answers.len());
    for (place, (prompt, body)) in answers.iter().enumerate() {
        let mut own = Checks::default();
        if answers[..place].iter().any(|(other, _)| other == prompt) {
            let error = Error::invalid(Reason::OutOfRange, "One answer to each prompt.");
            own.field("promptId", Err::<(), _>(error))?;
        }
        let body = own.field("body", text::required(body, LONGEST_ANSWER).and_then(text::readable))?;
        bodies.push(body.unwrap_or_default());
        let mut path = Checks::default();
        path.field(&place.to_string(), own.done())?;
        checks.field("answers", path.done())?;
    }
    checks.done()?;
    Ok(bodies)
}

/// Which of the languages that there are to show somebody who asks for `wanted`, the dearest first: the same, or else one of the
/// same primary language; English if there is none; else the first by name.
pub(super) fn language<'a>(wanted: &[String], known: &[&'a str]) -> Option<&'a str> {
    let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_owned();
    let english = "en".to_owned();
    for wanted in wanted.iter().chain([&english]) {
        let same = known.iter().find(|known| *known == wanted);
        let near = || known.iter().filter(|known| primary(known) == primary(wanted)).min();
        if let Some(found) = same.or_else(near) {
            return Some(found);
        }
    }
    known.iter().min().copied()
}

// ------------------------------------------------------------------------------------------------------------ ready sets

/// For which time of a stay a ready set is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PromptSetKind {
    /// The first week abroad.
    FirstWeek,
    /// A week in the middle.
    MiddleWeek,
    /// The last week.
    LastWeek,
}

/// Prompts that are ready to use.
#[derive(Debug, Deserialize)]
pub struct ReadySet {
    /// For when.
    pub kind: PromptSetKind,
    prompts: Vec<Ready>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ready {
    key_competences: Vec<KeyCompetence>,
    texts: Texts,
}

#[derive(Debug, Deserialize)]
struct Texts {
    en: Text,
    fr: Text,
    es: Text,
}

#[derive(Debug, Deserialize)]
struct Text {
    question: String,
    starters: Vec<String>,
}

/// The languages of the ready sets.
pub(super) const READY_LANGUAGES: &[&str] = &["en", "fr", "es"];

static READY: LazyLock<Vec<ReadySet>> =
    LazyLock::new(|| serde_json::from_str(include_str!("prompt_sets.json")).unwrap_or_default());

/// The three ready sets, in order of time.
#[must_use]
pub fn ready_sets() -> &'static [ReadySet] {
    &READY
}

impl ReadySet {
    /// Its prompts in one of [`READY_LANGUAGES`].
    #[must_use]
    pub fn wordings(&self, language: &str) -> Vec<Wording> {
        let wording = |ready: &Ready| {
            let text = match language {
                "fr" => &ready.texts.fr,
                "es" => &ready.texts.es,
                _ => &ready.texts.en,
            };
            Wording {
                question: text.question.clone(),
                starters: text.starters.clone(),
                key_competences: ready.key_competences.clone(),
            }
        };
        self.prompts.iter().map(wording).collect()
    }
}

/// The prompts of a ready set, as new ones.
///
/// # Errors
/// `INVALID`/`OUT_OF_RANGE` for a language that the sets are not written in.
pub(super) fn ready(kind: PromptSetKind, tag: &str) -> Result<Vec<NewPrompt>> {
    let primary = tag.split('-').next().unwrap_or_default();
    let set = ready_sets().iter().find(|set| set.kind == kind);
    let (Some(set), true) = (set, READY_LANGUAGES.contains(&primary)) else {
        let message = "The ready sets are in English, French and Spanish.";
        return Err(Error::invalid(Reason::OutOfRange, message).at(&["language"]));
    };
    let new = |wording| NewPrompt { id: None, wording };
    Ok(set.wordings(primary).into_iter().map(new).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ready_sets_keep_the_rules() {
        assert_eq!(ready_sets().len(), 3);
        for set in ready_sets() {
            for language in READY_LANGUAGES {
                let prompts = ready(set.kind, language).unwrap_or_default();
                assert_eq!(prompts.len(), 5);
                let is_full =
                    |new: &NewPrompt| new.wording.starters.len() >= 2 && !new.wording.key_competences.is_empty();
                assert!(prompts.iter().all(is_full));
                assert!(checked(prompts).is_ok());
            }
        }
    }

    #[test]
    fn somebody_gets_the_nearest_language_that_there_is() {
        let pick = |wanted: &[&str], known: &[&'static str]| {
            let wanted: Vec<_> = wanted.iter().map(|tag| (*tag).to_owned()).collect();
            language(&wanted, known)
        };
        assert_eq!(pick(&["es"], &["en", "es", "fr"]), Some("es"));
        assert_eq!(pick(&["es-MX"], &["en", "es-ES", "es"]), Some("es"));
        assert_eq!(pick(&["es"], &["en", "es-MX"]), Some("es-MX"));
        assert_eq!(pick(&["lv", "fr"], &["en", "fr"]), Some("fr"));
        assert_eq!(pick(&["lv"], &["fr", "en-GB"]), Some("en-GB"));
        assert_eq!(pick(&["lv"], &["fr", "es"]), Some("es"));
        assert_eq!(pick(&["lv"], &[]), None);
    }
}
