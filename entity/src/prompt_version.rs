//! One wording of a prompt. Kept for good, so that answers stay tied to what was asked.

use sea_orm::entity::prelude::*;

use crate::enums::KeyCompetence;

/// Beginnings of sentences, as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, sea_orm::FromJsonQueryResult)]
pub struct Starters(pub Vec<String>);

/// Key competences, as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, sea_orm::FromJsonQueryResult)]
pub struct KeyCompetences(pub Vec<KeyCompetence>);

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "prompt_version")]
pub struct Model {
    /// The prompt.
    #[sea_orm(primary_key, auto_increment = false)]
    pub prompt_id: Uuid,
    /// Counts its wordings.
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i32,
    /// What is asked.
    pub question: String,
    /// How an answer may begin.
    pub starters: Starters,
    /// What it aims at.
    pub key_competences: KeyCompetences,
    /// When it was written.
    pub created_at: DateTimeUtc,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
