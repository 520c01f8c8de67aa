//! Who was told of contributions in their inboxes, and whether they can read them.

use sea_orm::FromQueryResult;
use uuid::Uuid;

use crate::{
    platform::{db::Tx, error::Result},
    policy::{self, shown_by_host},
};

#[derive(FromQueryResult)]
struct Told {
    account_id: Uuid,
}

/// Notes for all who were told of contributions, or of what hangs on them, since when they don't read it any more, or that they do
/// again. Returns the accounts for which that has changed.
pub(in super::super) async fn resight(tx: &Tx<'_>, ids: &[Uuid]) -> Result<Vec<Uuid>> {
    let mut sql = tx.sql(
        "UPDATE notification SET gone_at = CASE WHEN gone_at IS NULL THEN :now END \
         WHERE id IN (SELECT n.id FROM notification n WHERE ",
    );
    sql.is_in("n.contribution_id", ids)
        .push(" UNION ALL SELECT n.id FROM contribution k JOIN notification n ON n.contribution_id = k.id WHERE ")
        .is_in("k.root_id", ids);
    sql.push(
        ") AND (gone_at IS NOT NULL) = EXISTS (SELECT 1 FROM membership m \
         JOIN contribution c ON c.id = notification.contribution_id LEFT JOIN contribution r ON r.id = c.root_id \
         WHERE m.id = notification.member_id AND (",
    );
    sql.push(policy::VISIBLE)
        .push(" OR ")
        .push(shown_by_host!("notification.contribution_id"))
        .push(") AND ")
        .push(policy::SEES_TEXT)
        .push(") RETURNING account_id");
    let told = tx.rows::<Told>(sql).await?.into_iter();
    Ok(told.map(|told| told.account_id).collect())
}
