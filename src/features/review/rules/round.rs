//! The settings of a round, and when they may change.

use chrono::{DateTime, Utc};
use entity::{
    enums::{Anonymity, ReleasePolicy, RoundState},
    review_value::{Criterion, Plan},
};
use uuid::Uuid;

use super::{criteria, deadline::Deadlines};
use crate::platform::{
    error::{Checks, Error, Reason, Result},
    text,
};

const LONGEST_TITLE: usize = 200;
const LONGEST_INSTRUCTIONS: usize = 5_000;
/// Reviews that a target wants at most.
pub const MOST_REVIEWS: i32 = 10;
/// Entries of each list of a plan at most.
pub const MOST_NAMED: usize = 500;

/// What staff decide about a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Title.
    pub title: String,
    /// What reviewers are told, as CommonMark.
    pub instructions: String,
    /// Whose names are hidden.
    pub anonymity: Anonymity,
    /// Whether names are shown once it is closed.
    pub reveals_names: bool,
    /// Whether all members of the space see released reviews.
    pub is_shared: bool,
    /// When authors get to read reviews.
    pub release_policy: ReleasePolicy,
    /// Reviews that each target wants.
    pub reviews_wanted: i32,
    /// Reviewers from a school of the authors that each target wants.
    pub home_min: i32,
    /// Reviewers from other schools that each target wants.
    pub partner_min: i32,
    /// Decides where the rules of the allocation leave a choice.
    pub seed: i64,
    /// What reviewers are asked.
    pub criteria: Vec<Criterion>,
    /// What is reviewed, and by whom.
    pub plan: Plan,
    /// Its deadlines.
    pub deadlines: Deadlines,
}

impl Settings {
    /// The same with no ids but known ones: a new criterion has another one each time that it is sent.
    #[must_use]
    pub fn without_new_ids(&self, known: &[Criterion]) -> Self {
        let mut settings = self.clone();
        for criterion in &mut settings.criteria {
            if known.iter().all(|known| known.id != criterion.id) {
                criterion.id = Uuid::nil();
            }
        }
        settings
    }

    /// Checks and tidies them. The deadlines are for [`Deadlines::checked`].
    ///
    /// # Errors
    /// `INVALID` at the fields that break a rule.
    pub fn checked(mut self) -> Result<Self> {
        let mut checks = Checks::default();
        let title = checks.field("title", text::line(&self.title, LONGEST_TITLE))?;
        self.title = title.unwrap_or_default();
        let instructions = text::optional(&self.instructions, LONGEST_INSTRUCTIONS).and_then(text::nested);
        self.instructions = checks.field("instructions", instructions)?.unwrap_or_default();
        let counts = [
            ("reviewsWanted", 1, self.reviews_wanted),
            ("homeMin", 0, self.home_min),
            ("partnerMin", 0, self.partner_min),
        ];
        for (field, least, value) in counts {
            checks.field(field, within(least, value))?;
        }
        if self.home_min.saturating_add(self.partner_min) > self.reviews_wanted {
            let words = "homeMin and partnerMin together are at most reviewsWanted.";
            checks.field("partnerMin", Err::<(), _>(Error::invalid(Reason::OutOfRange, words)))?;
        }
        for (field, length) in lists(&self.plan) {
            checks.field("plan", at_most(length).map_err(|error| error.at(&[field])))?;
        }
        checks.done()?;
        self.criteria = criteria::checked(self.criteria)?;
        Ok(self)
    }

    /// Why authors can't be hidden from reviewers, whatever `anonymity` says: their work is signed where it is read.
    #[must_use]
    pub fn anonymity_limit(&self) -> Option<AnonymityLimit> {
        let has_entries = self.plan.entries.is_some();
        match self.anonymity {
            Anonymity::DoubleHidden if has_entries => Some(AnonymityLimit::JournalsTellWhoWrites),
            Anonymity::DoubleHidden => Some(AnonymityLimit::SignedInSpace),
            _ => None,
        }
    }
}

/// What keeps authors from being unknown to reviewers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnonymityLimit {
    /// Journals are told in the first person, show faces and places, and classmates know who travels.
    JournalsTellWhoWrites,
    /// What is reviewed is published in the space with the name of its author.
    SignedInSpace,
}

fn within(least: i32, value: i32) -> Result<()> {
    if (least..=MOST_REVIEWS).contains(&value) {
        Ok(())
    } else {
        Err(Error::invalid(
            Reason::OutOfRange,
            format!("{least} to {MOST_REVIEWS}."),
        ))
    }
}

fn lists(plan: &Plan) -> [(&'static str, usize); 4] {
    let authors = plan.entries.iter().filter_map(|filter| filter.authors.as_ref());
    [
        ("targetIds", plan.chosen.len()),
        ("targetFilter", authors.map(Vec::len).sum()),
        ("reviewerIds", plan.reviewers.as_ref().map_or(0, Vec::len)),
        ("pairs", plan.pairs.len()),
    ]
}

fn at_most(length: usize) -> Result<()> {
    if length > MOST_NAMED {
        return Err(Error::invalid(Reason::TooLong, format!("At most {MOST_NAMED}.")));
    }
    Ok(())
}

/// What changes in the settings; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct Patch {
    /// Title.
    pub title: Option<String>,
    /// What reviewers are told, as CommonMark.
    pub instructions: Option<String>,
    /// Whose names are hidden.
    pub anonymity: Option<Anonymity>,
    /// Whether names are shown once it is closed.
    pub reveals_names: Option<bool>,
    /// Whether all members of the space see released reviews.
    pub is_shared: Option<bool>,
    /// When authors get to read reviews.
    pub release_policy: Option<ReleasePolicy>,
    /// Reviews that each target wants.
    pub reviews_wanted: Option<i32>,
    /// Reviewers from a school of the authors that each target wants.
    pub home_min: Option<i32>,
    /// Reviewers from other schools that each target wants.
    pub partner_min: Option<i32>,
    /// Decides where the rules of the allocation leave a choice.
    pub seed: Option<i64>,
    /// What reviewers are asked.
    pub criteria: Option<Vec<Criterion>>,
    /// What is reviewed, and by whom.
    pub plan: Option<Plan>,
    /// Until when reviews are to be submitted.
    pub reviews_due_at: Option<DateTime<Utc>>,
    /// When authors begin to react.
    pub reflection_at: Option<DateTime<Utc>>,
    /// When it is closed.
    pub closes_at: Option<DateTime<Utc>>,
}

impl Patch {
    /// The settings after it.
    ///
    /// # Errors
    /// `FORBIDDEN`/`STATE_NOT_ALLOWED` at what can't be changed any more.
    pub fn apply(self, state: RoundState, before: Settings) -> Result<Settings> {
        if let Some(field) = self.frozen(state) {
            return Err(Error::forbidden(Reason::StateNotAllowed).at(&[field]));
        }
        let deadlines = Deadlines {
            reviews: self.reviews_due_at.unwrap_or(before.deadlines.reviews),
            reflection: self.reflection_at.unwrap_or(before.deadlines.reflection),
            close: self.closes_at.unwrap_or(before.deadlines.close),
        };
        Ok(Settings {
            title: self.title.unwrap_or(before.title),
            instructions: self.instructions.unwrap_or(before.instructions),
            anonymity: self.anonymity.unwrap_or(before.anonymity),
            reveals_names: self.reveals_names.unwrap_or(before.reveals_names),
            is_shared: self.is_shared.unwrap_or(before.is_shared),
            release_policy: self.release_policy.unwrap_or(before.release_policy),
            reviews_wanted: self.reviews_wanted.unwrap_or(before.reviews_wanted),
            home_min: self.home_min.unwrap_or(before.home_min),
            partner_min: self.partner_min.unwrap_or(before.partner_min),
            seed: self.seed.unwrap_or(before.seed),
            criteria: self.criteria.unwrap_or(before.criteria),
            plan: self.plan.unwrap_or(before.plan),
            deadlines,
        })
    }

    /// The first field that is frozen: what reviewers have been promised or asked, once the round is open; a deadline once it has passed.
    fn frozen(&self, state: RoundState) -> Option<&'static str> {
        let is_setup = state == RoundState::Setup;
        let is_reviewed = matches!(state, RoundState::Setup | RoundState::Open);
        let fields = [
            ("anonymity", self.anonymity.is_some(), is_setup),
            ("revealsNames", self.reveals_names.is_some(), is_setup),
            ("isShared", self.is_shared.is_some(), is_setup),
            ("releasePolicy", self.release_policy.is_some(), is_setup),
            ("reviewsWanted", self.reviews_wanted.is_some(), is_setup),
            ("homeMin", self.home_min.is_some(), is_setup),
            ("partnerMin", self.partner_min.is_some(), is_setup),
            ("seed", self.seed.is_some(), is_setup),
            ("criteria", self.criteria.is_some(), is_setup),
            ("plan", self.plan.is_some(), is_setup),
            ("reviewsDueAt", self.reviews_due_at.is_some(), is_reviewed),
            ("reflectionAt", self.reflection_at.is_some(), is_reviewed),
        ];
        let is_frozen = |(_, is_changed, is_free): &&(&str, bool, bool)| *is_changed && !is_free;
        fields.iter().find(is_frozen).map(|(field, ..)| *field)
    }
}
