//! What rounds and reviews keep as JSON: criteria, plans, reasons and answers. No table.

use sea_orm::prelude::Uuid;

use crate::enums::{CriterionKind, PairRuleKind};

/// What reviewers are asked, in their order, as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, sea_orm::FromJsonQueryResult)]
pub struct Criteria(pub Vec<Criterion>);

/// One thing that reviewers are asked.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Criterion {
    /// Its id in answers.
    pub id: Uuid,
    /// What it asks for.
    pub kind: CriterionKind,
    /// Its name.
    pub title: String,
    /// What to look at; may be empty.
    pub description: String,
    /// Whether a review without it can't be submitted.
    pub is_required: bool,
    /// The least length of the comment to it, in characters; 0 = it may be left out.
    pub min_length: i32,
    /// The levels of a rubric, from the lowest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<CriterionLevel>,
    /// The items of a checklist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<String>,
    /// The steps of a scale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<CriterionScale>,
    /// How a comment may begin, by language.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub starters: Vec<CriterionStarters>,
}

/// A level of a rubric.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CriterionLevel {
    /// Its name.
    pub title: String,
    /// What it looks like.
    pub description: String,
}

/// The steps of a scale.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CriterionScale {
    /// The first step.
    pub min: i32,
    /// The last one.
    pub max: i32,
    /// What the first means.
    pub min_label: String,
    /// What the last means.
    pub max_label: String,
}

/// How a comment may begin, in one language.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CriterionStarters {
    /// BCP 47 tag.
    pub language: String,
    /// Beginnings of sentences.
    pub texts: Vec<String>,
}

/// What is reviewed, by whom, and by whom not, as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, sea_orm::FromJsonQueryResult)]
pub struct Plan {
    /// Journal entries that are targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entries: Option<EntryFilter>,
    /// Other targets: chosen contributions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chosen: Vec<Uuid>,
    /// The reviewers (memberships); none = all who may review.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewers: Option<Vec<Uuid>>,
    /// What a teacher says of pairs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pairs: Vec<PairRule>,
}

/// Which journal entries; what is none doesn't filter.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct EntryFilter {
    /// Of this ISO week or a later one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_week: Option<String>,
    /// Of this ISO week or an earlier one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_week: Option<String>,
    /// By these members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authors: Option<Vec<Uuid>>,
    /// By pupils of this organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<Uuid>,
}

/// What a teacher says of a reviewer and somebody's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PairRule {
    /// Whether they must or must never.
    pub kind: PairRuleKind,
    /// Who reviews.
    pub reviewer: Uuid,
    /// Whose work; none if it is about one contribution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<Uuid>,
    /// Which contribution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contribution: Option<Uuid>,
}

/// Why this reviewer, as JSON: what weighs most first.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, sea_orm::FromJsonQueryResult)]
pub struct Reasons(pub Vec<PairReason>);

/// One reason for a pair.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PairReason {
    /// A teacher wanted it.
    Must,
    /// Nobody else who may review it would have fewer reviews.
    LeastLoaded,
    /// Everybody who may review it does.
    OnlyEligible,
    /// The reviewer is from a school of the authors.
    OwnSchool,
    /// The reviewer is from another school.
    PartnerSchool,
    /// The reviewer reviewed none of the authors in the last 3 rounds.
    NewPair,
    /// They did; without it, others would have too much.
    RepeatedPair,
    /// A language that both have.
    SharedLanguage(String),
    /// Somebody else has declined, or has not written it in time.
    Reoffered,
    /// It joined after the round was opened.
    LateEntry,
}

/// What a reviewer says, as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, sea_orm::FromJsonQueryResult)]
pub struct Answers(pub Vec<CriterionAnswer>);

/// What a reviewer says to one criterion.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CriterionAnswer {
    /// The criterion.
    pub criterion_id: Uuid,
    /// The comment, as CommonMark; may be empty.
    pub body: String,
    /// The same as safe HTML.
    pub body_html: String,
    /// The level of a rubric, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<i32>,
    /// The items of a checklist that are met, from 0; none if it was not gone through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked: Option<Vec<i32>>,
    /// The step of a scale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<i32>,
}
