//! One version of a contribution's text.

use sea_orm::entity::prelude::*;

use crate::enums::{Audience, Ka1PupilOutcome, KeyCompetence, Licence, Mood, RevisionState};

/// An answer to a prompt, tied to the words that were asked.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Answer {
    /// The prompt.
    pub prompt_id: Uuid,
    /// Which of its wordings.
    pub version: i32,
    /// What was asked.
    pub question: String,
    /// CommonMark.
    pub body: String,
    /// Sanitised HTML of `body`.
    pub body_html: String,
}

/// What a kind keeps beside its text; versioned with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, sea_orm::FromJsonQueryResult)]
pub struct Detail {
    /// Mood of a journal entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mood: Option<Mood>,
    /// Key competences that a journal entry gives evidence of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key_competences: Vec<KeyCompetence>,
    /// Key Action 1 outcomes that a journal entry gives evidence of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ka1_outcomes: Vec<Ka1PupilOutcome>,
    /// What a journal entry answers to prompts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Answer>,
    /// What an icebreaker asks everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// Media items that are shown with it, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Uuid>,
    /// What a media item shows, for those who can't see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alt_text: Option<String>,
    /// Under which terms others may use a media item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<Licence>,
    /// Whom to name with a media item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribution: Option<String>,
    /// Where a media item comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "revision")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose text.
    pub contribution_id: Uuid,
    /// The space, for the moderation queue.
    pub space_id: Uuid,
    /// Version of the contribution.
    pub version: i32,
    /// Where it stands.
    pub state: RevisionState,
    /// Title; none for comments.
    pub title: Option<String>,
    /// CommonMark.
    pub body: String,
    /// Sanitised HTML of `body`.
    pub body_html: String,
    /// First words of `body` as plain text.
    pub excerpt: String,
    /// BCP 47 tag.
    pub language: Option<String>,
    /// The audience that comes with it when it is published; none = unchanged.
    pub audience: Option<Audience>,
    /// ISO week of a journal entry.
    pub week: Option<String>,
    /// What the kind keeps beside its text.
    pub detail: Detail,
    /// Version of the renderer that made `body_html`.
    pub renderer: i32,
    /// Whether an earlier version was published before.
    pub is_edit: bool,
    /// When this version was written.
    pub created_at: DateTimeUtc,
    /// When it was handed to moderators or published.
    pub submitted_at: Option<DateTimeUtc>,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
