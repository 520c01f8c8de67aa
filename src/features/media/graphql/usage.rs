//! Quotas in the API.

use std::{collections::HashMap, sync::Arc};

use async_graphql::SimpleObject;
use uuid::Uuid;

use super::super::store;
use crate::{
    features::media::Quotas,
    platform::{db::Reader, error::Result, scalar::ByteCount},
};

/// How much room media take, and how much there is.
#[derive(SimpleObject, Clone, Debug)]
pub struct MediaUsage {
    /// Bytes of all media of the space.
    used: ByteCount,
    /// Bytes of `used` that will be free again: of files that were called off, expired or failed, within a quarter of an hour, when nothing
    /// can arrive any more; of removed ones, 30 days after. What `mediaRetry` may help counts until it is removed.
    releasing: ByteCount,
    /// Bytes that all media of the space may take.
    quota: ByteCount,
    /// Bytes of the media that the viewer has uploaded to the space.
    used_by_viewer: ByteCount,
    /// Bytes that the media of one member may take.
    quota_per_member: ByteCount,
}

/// What spaces of the viewer have used.
///
/// # Errors
/// The database's.
pub async fn usages(reader: &Arc<Reader>, quotas: &Quotas, spaces: &[Uuid]) -> Result<HashMap<Uuid, MediaUsage>> {
    let usages = store::usages(reader, spaces).await?.into_iter();
    let usage = |(space, row): (Uuid, store::UsageRow)| {
        let usage = MediaUsage {
            used: row.space_bytes.into(),
            releasing: row.releasing_bytes.into(),
            quota: quotas.space.into(),
            used_by_viewer: row.member_bytes.into(),
            quota_per_member: quotas.member.into(),
        };
        (space, usage)
    };
    Ok(usages.map(usage).collect())
}
