//! A school or another body that takes part in projects.

use sea_orm::entity::prelude::*;

use crate::enums::OrganisationKind;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "organisation")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What it is.
    pub kind: OrganisationKind,
    /// Its name.
    pub name: String,
    /// Lower-case name and city: what nodes of the release before order by and look into.
    pub name_key: String,
    /// Its place in lists; empty until a row of an earlier release is filled.
    pub sort_key: Vec<u8>,
    /// What a search for name and city looks into.
    pub search_key: String,
    /// By which rules the two were computed; 0 if they weren't.
    pub letters_version: i32,
    /// Town.
    pub city: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// IANA time zone.
    pub time_zone: String,
    /// When it was made.
    pub created_at: DateTimeUtc,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
