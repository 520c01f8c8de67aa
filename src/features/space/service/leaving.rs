//! How somebody leaves all their spaces.

use entity::enums::{EventKind, SpaceState};
use uuid::Uuid;

use super::super::store::{self, Stay};
use crate::{
    event,
    platform::{
        db::{Gate, Tx},
        error::{Error, Reason, Result},
    },
};

/// Everywhere that an account ever was a member, if it may leave: its organisation must have another coordinator in each space that
/// is not archived. Passes the gates of the spaces that it coordinates, so that this holds until the unit ends.
///
/// # Errors
/// `FORBIDDEN`/`LAST_COORDINATOR`.
pub async fn stays(tx: &Tx<'_>, account: Uuid) -> Result<Vec<Stay>> {
    // In the order of the spaces, so that two such units never wait for each other.
    let known = store::coordinated(tx, account).await?;
    for member in &known {
        tx.gate(member.space_id, Gate::Exclusive).await?;
    }
    for member in &store::coordinated(tx, account).await? {
        if !known.iter().any(|known| known.id == member.id) {
            return Err(Error::Contended);
        }
        let is_archived = store::space_state(tx, member.space_id).await? == Some(SpaceState::Archived);
        if !is_archived && store::other_coordinators(tx, member).await? == 0 {
            return Err(Error::forbidden(Reason::LastCoordinator));
        }
    }
    store::stays(tx, account).await
}

/// Ends a membership, whatever the state of the space. Repeating it changes nothing. Only behind the gate, alone.
///
/// # Errors
/// The database's.
pub async fn leave(tx: &mut Tx<'_>, stay: Stay) -> Result<()> {
    let known = store::membership(tx, stay.member_id).await?;
    let Some(known) = known.filter(|known| known.left_at.is_none()) else {
        return Ok(());
    };
    store::end_membership(tx, &known).await?;
    store::end_grants_of_member(tx, known.id).await?;
    let event = event::member(tx.clock(), EventKind::MemberRemoved, None, known.id);
    tx.emit(stay.space_id, event);
    Ok(())
}
