//! A question for the journal entries of one week, in one language. Its texts are in `prompt_version`.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "prompt")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The phase.
    pub phase_id: Uuid,
    /// ISO week.
    pub week: String,
    /// BCP 47 tag.
    pub language: String,
    /// Place in its set; none if it belongs to it no more.
    pub position: Option<i32>,
    /// Its newest version.
    pub version: i32,
    /// When it was made.
    pub created_at: DateTimeUtc,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
