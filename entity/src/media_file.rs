//! The file of a media item.

use sea_orm::entity::prelude::*;

use crate::enums::{MediaFailure, MediaVariant};

/// A stored object that is given out.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Variant {
    /// Which.
    pub variant: MediaVariant,
    /// Media type.
    pub media_type: String,
    /// Pixels.
    pub width: Option<i32>,
    /// Pixels.
    pub height: Option<i32>,
    /// Bytes.
    pub size: i64,
}

/// All of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, sea_orm::FromJsonQueryResult)]
pub struct Variants(pub Vec<Variant>);

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "media_file")]
pub struct Model {
    /// The media item.
    #[sea_orm(primary_key, auto_increment = false)]
    pub contribution_id: Uuid,
    /// What its uploader calls it.
    pub file_name: String,
    /// Media type as declared.
    pub declared_type: String,
    /// Bytes as declared; checked on completion.
    pub size: i64,
    /// SHA-256 as declared, in hexadecimal; checked on completion.
    pub sha256: String,
    /// Bytes that count for the quota; 0 once nothing is stored.
    pub charged: i64,
    /// The upload in parts, while it goes on.
    pub upload_id: Option<String>,
    /// Until when a signed request for it is good: it may arrive until then, whatever has become of it.
    pub signed_until: Option<DateTimeUtc>,
    /// Why it can't be used.
    pub failure: Option<MediaFailure>,
    /// Per cent.
    pub progress: i32,
    /// Media type as found.
    pub media_type: Option<String>,
    /// Pixels.
    pub width: Option<i32>,
    /// Pixels.
    pub height: Option<i32>,
    /// Milliseconds.
    pub duration_ms: Option<i64>,
    /// What to show until the image is there (blurha.sh).
    pub blurhash: Option<String>,
    /// What is given out.
    pub variants: Variants,
}

/// Relations are joined by hand in the stores.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
