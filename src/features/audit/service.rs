//! Finding out whether the trail is whole.

use std::fmt;

use uuid::Uuid;

use super::store::{self, ChainRow};
use crate::platform::{
    audit::{self, INSTALLATION},
    db::{Db, Reader},
    error::Result,
    id::{self, Kind},
};

/// Records that are read at a time.
const BATCH: usize = 1_000;

/// Whose chain it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    /// A space's.
    Space(Uuid),
    /// An organisation's.
    Organisation(Uuid),
    /// The installation's.
    Installation,
    /// Of something that is not there.
    Unknown(Uuid),
}

impl From<&ChainRow> for Chain {
    fn from(row: &ChainRow) -> Self {
        match row.kind.as_str() {
            "space" => Self::Space(row.id),
            "organisation" => Self::Organisation(row.id),
            _ if row.id == INSTALLATION => Self::Installation,
            _ => Self::Unknown(row.id),
        }
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Space(id) => to.write_str(&id::encode(Kind::Space, *id).0),
            Self::Organisation(id) => to.write_str(&id::encode(Kind::Organisation, *id).0),
            Self::Installation => to.write_str("installation"),
            Self::Unknown(id) => write!(to, "unknown chain {id}"),
        }
    }
}

/// What became of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Whose it is.
    pub chain: Chain,
    /// How many records there are.
    pub records: i64,
    /// The first place at which a record was changed or is missing.
    pub broken_at: Option<i64>,
    /// The hash of the last record. Whoever keeps it elsewhere notices also a chain that was written anew as a whole.
    pub last_hash: Option<Vec<u8>>,
}

impl fmt::Display for Verified {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}: {} records, ", self.chain, self.records)?;
        match self.broken_at {
            None => write!(to, "whole")?,
            Some(seq) => write!(to, "broken at {seq}")?,
        }
        match &self.last_hash {
            None => Ok(()),
            Some(hash) => write!(to, ", last hash {}", audit::hex(hash)),
        }
    }
}

/// Recomputes every chain. Each is read in one snapshot and by parts, so that writers may go on and any length will do.
///
/// # Errors
/// The database's.
pub async fn verify(db: &Db) -> Result<Vec<Verified>> {
    let mut verified = Vec::new();
    for row in store::system_chains(db).await? {
        verified.push(verify_chain(db, &row).await?);
    }
    Ok(verified)
}

async fn verify_chain(db: &Db, row: &ChainRow) -> Result<Verified> {
    let reader = Reader::new(db, None);
    let head = store::system_head(&reader, row.id).await?;
    let (mut records, mut broken_at) = (0, None);
    let (mut last_seq, mut last_hash) = (i64::MIN, None::<Vec<u8>>);
    loop {
        let rows = store::system_records(&reader, row.id, last_seq, BATCH).await?;
        let Some(newest) = rows.last().map(|row| row.seq) else {
            break;
        };
        for found in rows {
            records += 1;
            let place = records;
            let is_whole = found.seq == place
                && found.stored.as_ref().is_some_and(|stored| {
                    stored.previous_hash == last_hash
                        && stored.expected_hash((row.id, place), last_hash.as_deref()) == stored.hash
                });
            if !is_whole {
                broken_at = broken_at.or(Some(place));
            }
            last_hash = found.stored.map(|stored| stored.hash);
        }
        last_seq = newest;
    }
    reader.release().await;
    let (head_seq, head_hash) = head.map_or((None, None), |head| (Some(head.last_seq), head.last_hash));
    if broken_at.is_none() && (head_seq, &head_hash) != (Some(records), &last_hash) {
        // The end was cut, or something was added behind it; at the same length, the last record is another one.
        let known = head_seq.unwrap_or(records);
        broken_at = Some(if known == records && head_seq.is_some() {
            records.max(1)
        } else {
            known.min(records) + 1
        });
    }
    Ok(Verified {
        chain: Chain::from(row),
        records,
        broken_at,
        last_hash,
    })
}
