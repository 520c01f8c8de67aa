//! The working area of a project.

use sea_orm::entity::prelude::*;

use crate::enums::SpaceState;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "space")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Title.
    pub title: String,
    /// What the project is about.
    pub description: String,
    /// Where it stands.
    pub state: SpaceState,
    /// IANA time zone of its weeks and dates.
    pub time_zone: String,
    /// Counts changes of its settings.
    pub version: i32,
    /// When it was closed.
    pub closed_at: Option<DateTimeUtc>,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// Bytes of the media in it.
    pub media_bytes: i64,
    /// Minute of the day from which pupils are shown as present; none = always.
    pub presence_from: Option<i32>,
    /// Minute of the day from which they are not.
    pub presence_to: Option<i32>,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
