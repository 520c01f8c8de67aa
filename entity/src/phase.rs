//! One of the four dated parts of a space.

use sea_orm::entity::prelude::*;

use crate::enums::{ModerationMode, PhaseKind, PhaseState};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "phase")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The space.
    pub space_id: Uuid,
    /// Which of the four.
    pub kind: PhaseKind,
    /// Where it stands.
    pub state: PhaseState,
    /// Title.
    pub title: String,
    /// What happens in it.
    pub description: String,
    /// Planned start; advice, not a rule.
    pub starts_at: Option<DateTimeUtc>,
    /// Planned end; advice, not a rule.
    pub ends_at: Option<DateTimeUtc>,
    /// Whether pupils' texts wait for a moderator.
    pub moderation: ModerationMode,
    /// Whether pupils may open threads.
    pub allows_pupil_threads: bool,
    /// Whether pupils may comment.
    pub allows_pupil_comments: bool,
    /// Whether pupils upload media.
    pub allows_pupil_uploads: bool,
    /// Why it was opened again, in the coordinator's words.
    pub reopen_reason: Option<String>,
    /// When it was closed last; none while it is planned or open.
    pub closed_at: Option<DateTimeUtc>,
    /// Counts changes of its settings and state.
    pub version: i32,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
