//! Pure decisions about texts and their versions.

use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    enums::{Audience, ContributionKind, Licence, MediaKind, ThreadKind},
    revision::{Answer, Detail},
};
use uuid::Uuid;

use crate::platform::{
    error::{Checks, Error, Reason, Result},
    text,
};

/// Characters of a title at most.
const LONGEST_TITLE: usize = 200;
/// Characters of the body of a root at most.
const LONGEST_BODY: usize = 50_000;
/// Characters of the prompt of an icebreaker at most.
const LONGEST_PROMPT: usize = 500;
/// Characters of a comment at most.
const LONGEST_COMMENT: usize = 10_000;
/// Characters of a caption at most.
const LONGEST_CAPTION: usize = 2_000;
/// Characters of a description for those who can't see at most.
const LONGEST_ALT_TEXT: usize = 1_000;
/// Characters of a name that is to be given at most.
const LONGEST_ATTRIBUTION: usize = 200;
/// Characters of a source at most.
const LONGEST_SOURCE: usize = 500;
/// Media items that are shown with a text at most.
const MOST_ATTACHMENTS: usize = 20;
/// Media items of an album at most.
const MOST_ITEMS: usize = 100;
/// Characters of a moderator's note at most.
pub(super) const LONGEST_NOTE: usize = 2_000;
/// Edits so soon after the first publication are not marked for classmates.
const UNMARKED: TimeDelta = TimeDelta::minutes(30);
/// Answers below this depth stay at it.
pub(super) const DEEPEST: i32 = 4;

/// What is versioned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// Title; roots only.
    pub title: Option<String>,
    /// CommonMark.
    pub body: String,
    /// BCP 47, canonical.
    pub language: Option<String>,
    /// ISO week; journal entries only.
    pub week: Option<String>,
    /// What the kind keeps beside its text.
    pub detail: Detail,
}

/// An answer to a prompt as its author gives it.
#[derive(Clone, Debug)]
pub struct Given {
    /// The answer, to the newest wording unless its author named one.
    pub answer: Answer,
    /// The phase of the prompt.
    pub phase_id: Uuid,
    /// Whether its author named the wording.
    pub is_exact: bool,
}

impl Given {
    /// The answer that is kept: one that hasn't changed stays tied to the words that it was given to.
    fn over(&self, known: &[Answer]) -> Answer {
        let same = |known: &&Answer| known.prompt_id == self.answer.prompt_id && known.body == self.answer.body;
        let kept = known.iter().find(same).filter(|_| !self.is_exact);
        kept.unwrap_or(&self.answer).clone()
    }
}

/// What changes in a text; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct Patch {
    /// Title.
    pub title: Option<String>,
    /// CommonMark.
    pub body: Option<String>,
    /// BCP 47, canonical.
    pub language: Option<String>,
    /// Audience; roots only.
    pub audience: Option<Audience>,
    /// ISO week; `Some(None)` clears it.
    pub week: Option<Option<String>>,
    /// Mood; `Some(None)` clears it.
    pub mood: Option<Option<entity::enums::Mood>>,
    /// Key competences.
    pub key_competences: Option<Vec<entity::enums::KeyCompetence>>,
    /// Key Action 1 outcomes.
    pub ka1_outcomes: Option<Vec<entity::enums::Ka1PupilOutcome>>,
    /// Answers to prompts, all of them.
    pub answers: Option<Vec<Given>>,
    /// Memberships of all co-authors; journal entries only.
    pub co_authors: Option<Vec<Uuid>>,
    /// What an icebreaker asks everybody.
    pub prompt: Option<String>,
    /// Media items that are shown with it, all of them.
    pub attachments: Option<Vec<Uuid>>,
    /// What a media item shows; `Some(None)` clears it.
    pub alt_text: Option<Option<String>>,
    /// Terms of a media item.
    pub licence: Option<entity::enums::Licence>,
    /// Whom to name with a media item; `Some(None)` clears it.
    pub attribution: Option<Option<String>>,
    /// Where a media item comes from; `Some(None)` clears it.
    pub source: Option<Option<String>>,
}

impl Patch {
    /// The text with the changes.
    pub(super) fn apply(&self, text: &Text) -> Text {
        Text {
            title: self.title.clone().or_else(|| text.title.clone()),
            body: self.body.clone().unwrap_or_else(|| text.body.clone()),
            language: self.language.clone().or_else(|| text.language.clone()),
            week: self.week.clone().unwrap_or_else(|| text.week.clone()),
            detail: Detail {
                mood: self.mood.unwrap_or(text.detail.mood),
                key_competences: self
                    .key_competences
                    .clone()
                    .unwrap_or_else(|| text.detail.key_competences.clone()),
                ka1_outcomes: self
                    .ka1_outcomes
                    .clone()
                    .unwrap_or_else(|| text.detail.ka1_outcomes.clone()),
                answers: match &self.answers {
                    Some(given) => given.iter().map(|given| given.over(&text.detail.answers)).collect(),
                    None => text.detail.answers.clone(),
                },
                prompt: self.prompt.clone().or_else(|| text.detail.prompt.clone()),
                attachments: self
                    .attachments
                    .clone()
                    .unwrap_or_else(|| text.detail.attachments.clone()),
                alt_text: self.alt_text.clone().unwrap_or_else(|| text.detail.alt_text.clone()),
                licence: self.licence.or(text.detail.licence),
                attribution: self
                    .attribution
                    .clone()
                    .unwrap_or_else(|| text.detail.attribution.clone()),
                source: self.source.clone().unwrap_or_else(|| text.detail.source.clone()),
            },
        }
    }
}

/// Checks lengths and emptiness, and trims.
pub(super) fn checked(text: Text, kind: ContributionKind) -> Result<Text> {
    let mut checks = Checks::default();
    let title = match (kind, &text.title) {
        (ContributionKind::Comment | ContributionKind::MediaItem, _) => None,
        (_, title) => checks.field("title", text::line(title.as_deref().unwrap_or_default(), LONGEST_TITLE))?,
    };
    let body = checks.field(body_field(kind), body(&text.body, kind))?;
    let prompt = text
        .detail
        .prompt
        .as_deref()
        .map(|prompt| text::required(prompt, LONGEST_PROMPT));
    let prompt = checks.field("prompt", prompt.transpose())?;
    let alt_text = about(
        &mut checks,
        "altText",
        text.detail.alt_text.as_deref(),
        LONGEST_ALT_TEXT,
    )?;
    let attribution = about(
        &mut checks,
        "attribution",
        text.detail.attribution.as_deref(),
        LONGEST_ATTRIBUTION,
    )?;
    let source = about(&mut checks, "source", text.detail.source.as_deref(), LONGEST_SOURCE)?;
    if text.detail.licence == Some(Licence::Other) && source.is_none() {
        let error = Error::invalid(Reason::Required, "Where does it come from?");
        checks.field("source", Err::<(), _>(error))?;
    }
    let most = match kind {
        ContributionKind::Album => MOST_ITEMS,
        _ => MOST_ATTACHMENTS,
    };
    if text.detail.attachments.len() > most {
        let error = Error::invalid(Reason::TooLong, format!("At most {most}."));
        checks.field(items_field(kind), Err::<(), _>(error))?;
    }
    checks.done()?;
    let detail = Detail {
        prompt: prompt.flatten(),
        alt_text,
        attribution,
        source,
        ..tidy(text.detail)
    };
    Ok(Text {
        title,
        body: body.unwrap_or_default(),
        detail,
        ..text
    })
}

/// A body as it is stored.
///
/// # Errors
/// `INVALID`: empty or too long, nested too deeply, or with too many mentions.
pub(super) fn body(text: &str, kind: ContributionKind) -> Result<String> {
    let body = match kind {
        ContributionKind::Comment => text::required(text, LONGEST_COMMENT).and_then(text::readable),
        ContributionKind::MediaItem | ContributionKind::Album => {
            text::optional(text, LONGEST_CAPTION).and_then(text::nested)
        }
        ContributionKind::Thread | ContributionKind::JournalEntry => {
            text::required(text, LONGEST_BODY).and_then(text::readable)
        }
    };
    body.and_then(text::mentioning)
}

/// What a client calls the body of a kind.
pub(super) fn body_field(kind: ContributionKind) -> &'static str {
    match kind {
        ContributionKind::MediaItem => "caption",
        ContributionKind::Album => "description",
        ContributionKind::Thread | ContributionKind::Comment | ContributionKind::JournalEntry => "body",
    }
}

/// What a client calls the media items that are shown with a kind.
pub(super) fn items_field(kind: ContributionKind) -> &'static str {
    match kind {
        ContributionKind::Album => "mediaItemIds",
        _ => "attachmentIds",
    }
}

/// Whether there is something to describe for those who can't see it.
pub(super) fn is_seen(kind: Option<MediaKind>) -> bool {
    matches!(kind, Some(MediaKind::Image | MediaKind::Video))
}

/// What is said about a media item; nothing is the same as an empty text.
fn about(checks: &mut Checks, field: &str, text: Option<&str>, longest: usize) -> Result<Option<String>> {
    let text = checks.field(field, text::optional(text.unwrap_or_default(), longest))?;
    Ok(text.filter(|text| !text.is_empty()))
}

/// An icebreaker has a prompt, and nothing else has.
pub(super) fn prompt_fits(text: &Text, kind: Option<ThreadKind>) -> Result<()> {
    let refused = match (kind, &text.detail.prompt) {
        (Some(ThreadKind::Icebreaker), None) => Error::invalid(Reason::Required, "What does it ask everybody?"),
        (Some(ThreadKind::Icebreaker), Some(_)) | (_, None) => return Ok(()),
        (_, Some(_)) => Error::invalid(Reason::OutOfRange, "Only icebreakers have a prompt."),
    };
    Err(refused.at(&["prompt"]))
}

/// Tags without repetitions, in the order of their list.
fn tidy(mut detail: Detail) -> Detail {
    detail.key_competences.sort_unstable();
    detail.key_competences.dedup();
    detail.ka1_outcomes.sort_unstable();
    detail.ka1_outcomes.dedup();
    let mut seen = std::collections::HashSet::new();
    detail.attachments.retain(|&item| seen.insert(item));
    detail
}

/// Whether classmates are told of an edit.
pub(super) fn is_marked(published_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    published_at.is_some_and(|published| now - published > UNMARKED)
}
