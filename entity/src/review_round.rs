//! One round of peer review in a phase.

use sea_orm::entity::prelude::*;

use crate::{
    enums::{Anonymity, ReleasePolicy, RoundState},
    review_value::{Criteria, Plan},
};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "review_round")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The space.
    pub space_id: Uuid,
    /// The phase.
    pub phase_id: Uuid,
    /// Title.
    pub title: String,
    /// What reviewers are told, as CommonMark.
    pub instructions: String,
    /// The same as safe HTML.
    pub instructions_html: String,
    /// Version of the renderer that made that.
    pub renderer: i32,
    /// Where it stands.
    pub state: RoundState,
    /// Counts changes of its settings and state.
    pub version: i32,
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
    pub criteria: Criteria,
    /// What is reviewed, and by whom.
    pub plan: Plan,
    /// Until when reviews are to be submitted.
    pub reviews_due_at: DateTimeUtc,
    /// When authors begin to react.
    pub reflection_at: DateTimeUtc,
    /// When it is closed.
    pub closes_at: DateTimeUtc,
    /// Who made it (membership).
    pub created_by_id: Uuid,
    /// When.
    pub created_at: DateTimeUtc,
    /// When it was opened.
    pub opened_at: Option<DateTimeUtc>,
    /// When the reflection began.
    pub reflected_at: Option<DateTimeUtc>,
    /// When it was closed or cancelled.
    pub ended_at: Option<DateTimeUtc>,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
