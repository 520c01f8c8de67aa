//! Where the files of media items stand, and with what they are shown.

use entity::enums::{Audience, ContentState, ContributionKind, MediaKind, MediaState};
use sea_orm::{ActiveEnum, ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::platform::{db::Tx, error::Result};

/// Moves the file of an item on, if it stands in one of these states. Returns whether it did.
pub(in super::super) async fn step_file(tx: &Tx<'_>, item: Uuid, from: &[MediaState], to: MediaState) -> Result<bool> {
    let mut sql = tx.sql("UPDATE contribution SET file_state = ");
    sql.bind(to.to_value()).push(", file_state_at = ");
    // Nothing becomes of a file that is ready by time alone.
    sql.push(if to == MediaState::Ready { "NULL" } else { ":now" });
    sql.push(" WHERE id = ").bind(item).push(" AND file_state IN ('-'");
    for state in from {
        sql.push(", ").bind(state.to_value());
    }
    sql.push(")");
    Ok(tx.execute_raw(sql.statement()).await?.rows_affected() > 0)
}

/// Notes what the file of an item is.
pub(in super::super) async fn set_media_kind(tx: &Tx<'_>, item: Uuid, kind: MediaKind) -> Result<()> {
    let mut sql = tx.sql("UPDATE contribution SET media_kind = ");
    sql.bind(kind.to_value()).push(" WHERE id = ").bind(item);
    sql.push(" AND media_kind <> ").bind(kind.to_value());
    tx.execute_raw(sql.statement()).await?;
    Ok(())
}

/// An item, or something that it is attached to.
#[derive(Clone, Debug, FromQueryResult)]
pub(in super::super) struct ShownRow {
    pub id: Uuid,
    pub space_id: Uuid,
    pub phase_id: Uuid,
    pub kind: ContributionKind,
    pub root_id: Option<Uuid>,
    pub author_id: Uuid,
    pub state: ContentState,
    pub audience: Audience,
    pub root_author_id: Option<Uuid>,
    pub root_audience: Option<Audience>,
    pub is_pending: bool,
}

/// An item, and those that it is shown with which are more than drafts.
pub(in super::super) async fn shown_with(tx: &Tx<'_>, item: Uuid, has_hosts: bool) -> Result<Vec<ShownRow>> {
    let mut sql = tx.sql(
        "SELECT c.id, c.space_id, c.phase_id, c.kind, c.root_id, c.author_id, c.state, c.audience, \
         r.author_id AS root_author_id, r.audience AS root_audience, \
         CASE WHEN c.root_id IS NULL THEN c.pending_version ELSE r.pending_version END IS NOT NULL AS is_pending \
         FROM contribution c LEFT JOIN contribution r ON r.id = c.root_id WHERE c.id = ",
    );
    sql.bind(item);
    if has_hosts {
        sql.push(
            " OR (c.state IN ('PENDING', 'PUBLISHED') AND c.id IN (SELECT a.host_id FROM attachment a \
             JOIN contribution h ON h.id = a.host_id WHERE a.is_own AND a.item_id = ",
        )
        .bind(item)
        .push(" AND a.version IN (h.published_version, h.pending_version)))");
    }
    sql.push(" ORDER BY c.id");
    tx.rows(sql).await
}
