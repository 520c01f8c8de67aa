//! Work that is done later, or again: ids and words of the program, no personal text.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What is to be done.
    pub kind: String,
    /// To what: of a kind, a subject has one job that isn't parked.
    pub subject_id: Uuid,
    /// In which space, if in one.
    pub space_id: Option<Uuid>,
    /// When it may be claimed: when it is its turn, or, while it is claimed, when the claim ends.
    pub due_at: DateTimeUtc,
    /// While it is claimed: when it is to be done once more, because it was asked for again since.
    pub again_at: Option<DateTimeUtc>,
    /// The claim of who works on it, or did when their process died.
    pub claim_id: Option<Uuid>,
    /// How often it was claimed.
    pub attempts: i32,
    /// When it was given up.
    pub parked_at: Option<DateTimeUtc>,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// When it was asked for first.
    pub created_at: DateTimeUtc,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
