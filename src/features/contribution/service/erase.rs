//! What is left of somebody's work when they are erased: its place, so that what others answered still makes sense.

use std::collections::BTreeSet;

use entity::enums::{ContentState, EventKind};
use uuid::Uuid;

use super::{super::store, resight};
use crate::{
    event,
    features::space::Stay,
    platform::{db::Tx, error::Result},
};

/// Forgets what a member follows and noted as a moderator, and tells what they wrote. Only behind the gate, alone, and once they
/// have left, so that nothing comes after it.
///
/// # Errors
/// The database's.
pub async fn forget(tx: &Tx<'_>, stay: Stay) -> Result<Vec<Uuid>> {
    store::forget_member(tx, stay.space_id, stay.member_id).await?;
    store::authored(tx, stay.member_id).await
}

/// Removes contributions with every text of every version. Drafts go as a whole. The same statements for one as for hundreds; what
/// is erased already costs nothing and makes no event. Only behind the gate, alone: it stands for the locks of the rows.
///
/// # Errors
/// The database's.
pub async fn erase(tx: &mut Tx<'_>, space: Uuid, ids: &[Uuid]) -> Result<()> {
    let (gone, kept): (Vec<_>, Vec<_>) = store::condemned(tx, ids)
        .await?
        .into_iter()
        .partition(|found| found.is_deleted());
    let gone: Vec<Uuid> = gone.iter().map(|found| found.id).collect();
    store::delete_all(tx, &gone).await?;
    let ids: Vec<Uuid> = kept.iter().map(|found| found.id).collect();
    store::blank(tx, &ids).await?;
    let counted = kept.iter().filter(|found| found.state == ContentState::Published);
    resight(tx, &ids).await?;
    let roots: BTreeSet<Uuid> = counted.filter_map(|found| found.root_id).collect();
    store::count_anew(tx, &Vec::from_iter(roots)).await?;
    for found in kept.iter().filter(|found| found.state != ContentState::Draft) {
        let facts = found.facts();
        let kind = EventKind::ContributionRemoved;
        tx.emit(space, event::contribution(tx.clock(), kind, None, false, facts));
    }
    Ok(())
}
