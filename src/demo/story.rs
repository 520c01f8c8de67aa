//! The shape of `story.json`.

use entity::enums::{
    Audience, Capability, Ka1PupilOutcome, KeyCompetence, Licence, MobilityStatus, ModerationMode, ModerationReason,
    Mood, OrganisationKind, PhaseKind, SpaceRole,
};
use serde::Deserialize;
use std::collections::HashMap;

use super::{paint::Scene, review::Reviews};

#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub(super) struct Story {
    pub organisations: Vec<Organisation>,
    pub staff: Vec<Staff>,
    pub pupils: Vec<Pupil>,
    pub spaces: Vec<Space>,
}

#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub(super) struct Organisation {
    pub key: String,
    pub kind: OrganisationKind,
    pub name: String,
    pub city: String,
    pub country: String,
    pub time_zone: String,
}

#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub(super) struct Staff {
    pub key: String,
    pub organisation: String,
    pub email: String,
    pub display_name: String,
    pub languages: Vec<String>,
    pub role: SpaceRole,
}

#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pupil {
    pub key: String,
    pub organisation: String,
    pub given_name: String,
    pub family_initial: String,
    pub birth_year: i32,
    pub languages: Vec<String>,
    pub mobility_status: MobilityStatus,
}

#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub(super) struct Space {
    pub title: String,
    pub description: String,
    pub time_zone: String,
    pub founder: String,
    pub organisations: Vec<String>,
    pub members: Vec<String>,
    pub phases: HashMap<PhaseKind, Phase>,
    pub threads: Vec<Thread>,
    pub journal: Vec<Entry>,
    #[serde(default)]
    pub gallery: Vec<Published>,
    #[serde(default)]
    pub albums: Vec<Album>,
    #[serde(default)]
    pub grants: Vec<Grant>,
    #[serde(default)]
    pub reports: Vec<Report>,
    pub reviews: Option<Reviews>,
}

/// What a pupil may do beyond their role, in a phase or in the nth thread.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub(super) struct Grant {
    pub member: String,
    pub capability: Capability,
    pub phase: Option<PhaseKind>,
    pub thread: Option<usize>,
}

/// What somebody reports: a comment on the nth thread.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    pub reporter: String,
    pub thread: usize,
    pub comment: usize,
    pub reason: ModerationReason,
    pub note: String,
}

/// A picture, and what is said about it.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub(super) struct Photo {
    pub file_name: String,
    pub scene: Scene,
    pub hue: f64,
    #[serde(default)]
    pub values: Vec<f64>,
    pub caption: String,
    pub alt_text: String,
}

/// A picture that stands by itself.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub(super) struct Published {
    pub author: String,
    pub phase: PhaseKind,
    pub licence: Licence,
    pub attribution: Option<String>,
    pub photo: Photo,
}

/// A selection: the nth pictures of the gallery.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub(super) struct Album {
    pub author: String,
    pub phase: PhaseKind,
    pub title: String,
    pub description: String,
    pub gallery: Vec<usize>,
}

#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub(super) struct Phase {
    pub title: String,
    pub description: String,
    pub moderation: ModerationMode,
}

#[derive(Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Fate {
    Published,
    Draft,
    Pending,
    Returned,
    Hidden,
    Removed,
}

/// What became of a text, and who decided it.
#[derive(Deserialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub(super) struct End {
    pub fate: Fate,
    pub reason: Option<ModerationReason>,
    pub note: Option<String>,
    pub moderator: Option<String>,
    pub pending_edit: Option<Edit>,
}

#[derive(Deserialize, Clone, Debug)]
pub(super) struct Edit {
    pub body: String,
}

#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub(super) struct Thread {
    pub phase: PhaseKind,
    pub author: String,
    pub language: String,
    pub title: String,
    pub body: String,
    pub hours_ago: i64,
    #[serde(default)]
    pub is_pinned: bool,
    #[serde(default)]
    pub is_locked: bool,
    pub audience: Audience,
    #[serde(flatten)]
    pub end: End,
    #[serde(default)]
    pub comments: Vec<Comment>,
}

#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub(super) struct Comment {
    pub author: String,
    pub language: String,
    pub body: String,
    pub hours_ago: Option<i64>,
    pub days_after: Option<i64>,
    pub reply_to: Option<usize>,
    #[serde(flatten)]
    pub end: End,
}

#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    pub author: String,
    pub phase: PhaseKind,
    pub language: String,
    pub title: String,
    pub body: String,
    pub weeks_ago: i64,
    pub day_of_week: i64,
    pub mood: Option<Mood>,
    pub key_competences: Vec<KeyCompetence>,
    pub ka1_outcomes: Vec<Ka1PupilOutcome>,
    pub audience: Audience,
    #[serde(default)]
    pub co_authors: Vec<String>,
    #[serde(default)]
    pub confirmed_by: Vec<String>,
    #[serde(default)]
    pub photos: Vec<Photo>,
    #[serde(flatten)]
    pub end: End,
    #[serde(default)]
    pub comments: Vec<Comment>,
}
