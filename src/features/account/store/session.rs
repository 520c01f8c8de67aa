//! Statements over `session` and `session_link`.

use chrono::{DateTime, Utc};
use entity::{session, session_link};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter,
};
use uuid::Uuid;

use super::super::rules::SESSION_IDLE;
use crate::platform::{
    auth::secret::RefreshToken,
    db::{Reader, Sql, Tx},
    error::Result,
    page::{Cut, Key, KeyType, Order, Page},
};

/// A session as its owner gets it.
#[derive(Clone, Debug, FromQueryResult)]
pub struct SessionRow {
    /// Primary key.
    pub id: Uuid,
    /// Sign-in.
    pub created_at: DateTime<Utc>,
    /// When its tokens were exchanged last.
    pub rotated_at: DateTime<Utc>,
    /// When it ends if it is not used.
    pub expires_at: DateTime<Utc>,
}

/// The order of sessions in lists.
pub(in super::super) const SESSION_ORDER: Order = Order {
    tag: 63,
    columns: &[("created_at", KeyType::Time), ("id", KeyType::Id)],
    is_descending: true,
};

/// Sessions of the viewer that have not ended.
pub(in super::super) async fn sessions(reader: &Reader, page: &Page) -> Result<Cut<SessionRow>> {
    let mut sql = live(reader, "s.id, s.created_at, s.rotated_at, s.expires_at")?;
    page.push(&mut sql, "s");
    Ok(page.cut(reader.rows(sql).await?, |row: &SessionRow| {
        vec![Key::Time(row.created_at), Key::Id(row.id)]
    }))
}

#[derive(FromQueryResult)]
struct Count {
    count: i64,
}

/// How many they are.
pub(in super::super) async fn count_sessions(reader: &Reader) -> Result<i64> {
    let sql = live(reader, "COUNT(*) AS count")?;
    Ok(reader.row::<Count>(sql).await?.map_or(0, |row| row.count))
}

/// Those of the viewer by id.
pub(in super::super) async fn sessions_by_ids(reader: &Reader, ids: &[Uuid]) -> Result<Vec<SessionRow>> {
    let mut sql = live(reader, "s.id, s.created_at, s.rotated_at, s.expires_at")?;
    sql.push(" AND ").is_in("s.id", ids);
    reader.rows(sql).await
}

fn live(reader: &Reader, columns: &str) -> Result<Sql> {
    let mut sql = reader.sql("SELECT ");
    sql.push(columns)
        .push(" FROM session s WHERE s.account_id = ")
        .bind(reader.actor()?.account_id);
    sql.push(" AND s.ended_at IS NULL AND s.expires_at > :now");
    Ok(sql)
}

/// Starts a session of an account.
pub(in super::super) async fn insert_session(tx: &Tx<'_>, id: Uuid, account: Uuid, token: &RefreshToken) -> Result<()> {
    let now = tx.clock().system();
    let row = session::ActiveModel {
        id: Set(id),
        account_id: Set(account),
        key_hash: Set(token.key_hash()),
        current_hash: Set(token.rotation_hash()),
        sibling_hash: Set(None),
        previous_hash: Set(None),
        rotated_at: Set(now),
        expires_at: Set(now + SESSION_IDLE),
        ended_at: Set(None),
        created_at: Set(now),
    };
    session::Entity::insert(row).exec_without_returning(&**tx).await?;
    Ok(())
}

/// Locks the session that a refresh token belongs to.
pub(in super::super) async fn lock_session(tx: &Tx<'_>, key_hash: Vec<u8>) -> Result<Option<session::Model>> {
    let mut sql = tx.sql("");
    sql.select::<session::Entity>()
        .push(" WHERE key_hash = ")
        .bind(key_hash)
        .push(tx.for_update());
    tx.row(sql).await
}

/// The links of a session, the oldest first.
pub(in super::super) async fn links(tx: &Tx<'_>, session: Uuid) -> Result<Vec<session_link::Model>> {
    let mut sql = tx.sql("");
    sql.select::<session_link::Entity>()
        .push(" WHERE session_id = ")
        .bind(session)
        .push(" ORDER BY id");
    tx.rows(sql).await
}

/// A link that is new.
#[derive(Clone, Debug)]
pub(in super::super) struct NewLink {
    /// Hash of the token's rotation part.
    pub(in super::super) hash: Vec<u8>,
    /// What its successor is made with.
    pub(in super::super) salt: [u8; 32],
    /// When the token was used first.
    pub(in super::super) used_at: DateTime<Utc>,
}

pub(in super::super) async fn insert_links(tx: &Tx<'_>, session: Uuid, links: Vec<NewLink>) -> Result<()> {
    let rows = links.into_iter().map(|link| session_link::ActiveModel {
        id: Set(tx.clock().new_id()),
        session_id: Set(session),
        hash: Set(link.hash),
        salt: Set(link.salt.to_vec()),
        used_at: Set(link.used_at),
    });
    session_link::Entity::insert_many(rows)
        .exec_without_returning(&**tx)
        .await?;
    Ok(())
}

pub(in super::super) async fn delete_links(tx: &Tx<'_>, ids: &[Uuid]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let mut sql = tx.sql("DELETE FROM session_link WHERE ");
    sql.is_in("id", ids);
    tx.execute_raw(sql.statement()).await?;
    Ok(())
}

/// Deletes the links of all sessions that were used first before a time, and returns how many.
pub(in super::super) async fn delete_links_before(tx: &Tx<'_>, before: DateTime<Utc>) -> Result<u64> {
    let mut sql = tx.sql("DELETE FROM session_link WHERE used_at < ");
    sql.bind(before);
    Ok(tx.execute_raw(sql.statement()).await?.rows_affected())
}

/// Replaces the current refresh token, and its sibling if there is one, by the successor of one of them.
pub(in super::super) async fn rotate(tx: &Tx<'_>, id: Uuid, used: Vec<u8>, next: Vec<u8>) -> Result<()> {
    let now = tx.clock().system();
    let row = session::ActiveModel {
        id: Unchanged(id),
        current_hash: Set(next),
        sibling_hash: Set(None),
        previous_hash: Set(Some(used)),
        rotated_at: Set(now),
        expires_at: Set(now + SESSION_IDLE),
        ..Default::default()
    };
    row.update(&**tx).await?;
    Ok(())
}

/// Lets a session live on, if `sibling` is given with a second refresh token that is as good as the current one.
pub(in super::super) async fn prolong(tx: &Tx<'_>, id: Uuid, sibling: Option<Vec<u8>>) -> Result<()> {
    let mut row = session::ActiveModel {
        id: Unchanged(id),
        expires_at: Set(tx.clock().system() + SESSION_IDLE),
        ..Default::default()
    };
    if sibling.is_some() {
        row.sibling_hash = Set(sibling);
    }
    row.update(&**tx).await?;
    Ok(())
}

/// Ends the sessions of an account but the one that is kept.
pub(in super::super) async fn end_sessions(tx: &Tx<'_>, account: Uuid, keep: Option<Uuid>) -> Result<()> {
    let mut update = session::Entity::update_many()
        .col_expr(session::Column::EndedAt, tx.clock().now().into())
        .filter(session::Column::AccountId.eq(account))
        .filter(session::Column::EndedAt.is_null());
    if let Some(keep) = keep {
        update = update.filter(session::Column::Id.ne(keep));
    }
    update.exec(&**tx).await?;
    Ok(())
}

/// Ends one session of an account, and returns whether it was one, ended before or not.
pub(in super::super) async fn end_own_session(tx: &Tx<'_>, account: Uuid, id: Uuid) -> Result<bool> {
    let mut sql = tx.sql("UPDATE session SET ended_at = COALESCE(ended_at, :now) WHERE id = ");
    sql.bind(id).push(" AND account_id = ").bind(account);
    Ok(tx.execute_raw(sql.statement()).await?.rows_affected() > 0)
}

/// Ends one session.
pub(in super::super) async fn end_session(tx: &Tx<'_>, id: Uuid) -> Result<()> {
    session::Entity::update_many()
        .col_expr(session::Column::EndedAt, tx.clock().now().into())
        .filter(session::Column::Id.eq(id))
        .filter(session::Column::EndedAt.is_null())
        .exec(&**tx)
        .await?;
    Ok(())
}

/// Deletes the sessions of an account, and what hangs on them.
pub(super) async fn delete_sessions(tx: &Tx<'_>, account: Uuid) -> Result<()> {
    session::Entity::delete_many()
        .filter(session::Column::AccountId.eq(account))
        .exec(&**tx)
        .await?;
    Ok(())
}
