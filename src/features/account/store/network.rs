//! Statements over `known_network`.

use chrono::{DateTime, Utc};
use entity::known_network;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, sea_query::OnConflict,
};
use uuid::Uuid;

use crate::platform::{
    db::{Reader, Tx},
    error::Result,
};

/// Takes note of a sign-in.
pub(in super::super) async fn remember_network(
    tx: &Tx<'_>,
    account: Uuid,
    (hash, network): (Vec<u8>, Vec<u8>),
) -> Result<()> {
    let row = known_network::ActiveModel {
        hash: Set(hash),
        network_hash: Set(network),
        account_id: Set(account),
        seen_at: Set(tx.clock().system()),
    };
    let newest = OnConflict::column(known_network::Column::Hash)
        .update_columns([known_network::Column::SeenAt, known_network::Column::AccountId])
        .to_owned();
    known_network::Entity::insert(row)
        .on_conflict(newest)
        .exec_without_returning(&**tx)
        .await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct Count {
    count: i64,
}

/// Whether there was a sign-in since.
pub(in super::super) async fn is_network_known(reader: &Reader, hash: &[u8], since: DateTime<Utc>) -> Result<bool> {
    let mut sql = reader.sql("SELECT COUNT(*) AS count FROM known_network WHERE hash = ");
    sql.bind(hash.to_vec()).push(" AND seen_at > ").bind(since);
    Ok(reader.row::<Count>(sql).await?.is_some_and(|row| row.count > 0))
}

/// Accounts that have signed in from a network since: those of the organisation that has most.
pub(in super::super) async fn accounts_of_network(
    reader: &Reader,
    network: &[u8],
    since: DateTime<Utc>,
) -> Result<i64> {
    let mut sql = reader.sql(
        "SELECT COUNT(DISTINCT k.account_id) AS count FROM known_network k JOIN account a ON a.id = k.account_id \
         WHERE k.network_hash = ",
    );
    sql.bind(network.to_vec()).push(" AND k.seen_at > ").bind(since);
    sql.push(" AND a.organisation_id IS NOT NULL GROUP BY a.organisation_id ORDER BY count DESC")
        .limit(1);
    Ok(reader.row::<Count>(sql).await?.map_or(0, |row| row.count))
}

/// Deletes what is older, and returns how many rows.
pub(in super::super) async fn delete_networks_before(tx: &Tx<'_>, before: DateTime<Utc>) -> Result<u64> {
    let mut sql = tx.sql("DELETE FROM known_network WHERE seen_at <= ");
    sql.bind(before);
    Ok(tx.execute_raw(sql.statement()).await?.rows_affected())
}

/// Deletes what is known of an account.
pub(super) async fn delete_networks(tx: &Tx<'_>, account: Uuid) -> Result<()> {
    known_network::Entity::delete_many()
        .filter(known_network::Column::AccountId.eq(account))
        .exec(&**tx)
        .await?;
    Ok(())
}
