//! Where the objects of a media item are.

use entity::enums::MediaVariant;
use sea_orm::ActiveEnum;
use uuid::Uuid;

/// What clients upload to; nothing reads it but what copies it.
pub(super) const STAGING: &str = "staging";
/// What arrived, out of the reach of clients, until a safe version is made of it.
pub(super) const SOURCE: &str = "source";
/// What is given out.
pub(super) const MEDIA: &str = "media";

pub(super) fn staging(item: Uuid) -> String {
    format!("{STAGING}/{item}")
}

pub(super) fn source(item: Uuid) -> String {
    format!("{SOURCE}/{item}")
}

/// One version of a file.
pub fn variant(item: Uuid, variant: MediaVariant, media_type: &str) -> String {
    let name = variant.to_value().to_ascii_lowercase();
    let form = media_type.rsplit('/').next().unwrap_or_default();
    format!("{MEDIA}/{item}/{name}-{form}")
}

/// The item that a key belongs to.
pub(super) fn item(key: &str) -> Option<Uuid> {
    key.split('/').nth(1).and_then(|id| id.parse().ok())
}
