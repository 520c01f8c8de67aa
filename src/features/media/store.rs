//! The files of media items.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::{
    enums::{MediaFailure, MediaState},
    media_file::{self, Variants},
};
use sea_orm::{ActiveEnum, ActiveModelTrait, ConnectionTrait, EntityTrait, FromQueryResult};
use uuid::Uuid;

use super::rules::RETRIED;
use crate::platform::{
    db::{Db, Reader, Tx},
    error::Result,
};

/// A file as those read it who see its item.
#[derive(Clone, Debug, FromQueryResult)]
pub struct FileRow {
    /// The media item.
    pub contribution_id: Uuid,
    /// What its uploader calls it.
    pub file_name: String,
    /// Media type as declared.
    pub declared_type: String,
    /// Bytes as declared.
    pub size: i64,
    /// SHA-256 as declared, in hexadecimal.
    pub sha256: String,
    /// The upload in parts, while it goes on.
    pub upload_id: Option<String>,
    /// Until when a signed request for it is good.
    pub signed_until: Option<DateTime<Utc>>,
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
    /// What to show until the image is there.
    pub blurhash: Option<String>,
    /// What is given out.
    pub variants: Variants,
}

const COLUMNS: &str = "SELECT f.contribution_id, f.file_name, f.declared_type, f.size, f.sha256, f.upload_id, f.signed_until, f.failure, \
    f.progress, f.media_type, f.width, f.height, f.duration_ms, f.blurhash, f.variants FROM media_file f ";

/// The files of media items that the viewer was found to see.
pub(super) async fn files(reader: &Reader, items: &[Uuid]) -> Result<HashMap<Uuid, FileRow>> {
    let mut sql = reader.sql(COLUMNS);
    sql.push("WHERE ").is_in("f.contribution_id", items);
    let rows = reader.rows::<FileRow>(sql).await?;
    Ok(rows.into_iter().map(|row| (row.contribution_id, row)).collect())
}

/// The file of an item.
pub(super) async fn file(tx: &Tx<'_>, item: Uuid) -> Result<Option<FileRow>> {
    let mut sql = tx.sql(COLUMNS);
    sql.push("WHERE f.contribution_id = ").bind(item);
    tx.row(sql).await
}

pub(super) async fn insert(tx: &Tx<'_>, row: media_file::ActiveModel) -> Result<()> {
    media_file::Entity::insert(row).exec_without_returning(&**tx).await?;
    Ok(())
}

/// Deletes the row of a file; its item goes in the same unit.
pub(super) async fn delete(tx: &Tx<'_>, item: Uuid) -> Result<()> {
    media_file::Entity::delete_by_id(item).exec(&**tx).await?;
    Ok(())
}

pub(super) async fn update(tx: &Tx<'_>, row: media_file::ActiveModel) -> Result<()> {
    row.update(&**tx).await?;
    Ok(())
}

/// Notes the upload in parts of a file that has none yet. Returns whether it was this one.
pub(super) async fn begin_parts(tx: &Tx<'_>, item: Uuid, upload: &str) -> Result<bool> {
    let mut sql = tx.sql("UPDATE media_file SET upload_id = ");
    sql.bind(upload)
        .push(" WHERE upload_id IS NULL AND contribution_id = ")
        .bind(item);
    Ok(tx.execute_raw(sql.statement()).await?.rows_affected() > 0)
}

#[derive(FromQueryResult)]
struct Used {
    media_bytes: i64,
}

/// Charges bytes to a space and a member, or gives them back. Returns what both have used then.
pub(super) async fn charge(tx: &Tx<'_>, (space, member): (Uuid, Uuid), bytes: i64) -> Result<(i64, i64)> {
    let mut used = [0; 2];
    for (used, (table, id)) in used.iter_mut().zip([("space", space), ("membership", member)]) {
        let mut sql = tx.sql("UPDATE ");
        sql.push(table).push(" SET media_bytes = media_bytes + ").bind(bytes);
        sql.push(" WHERE id = ").bind(id).push(" RETURNING media_bytes");
        *used = tx.row::<Used>(sql).await?.map_or(0, |row| row.media_bytes);
    }
    Ok(used.into())
}

#[derive(FromQueryResult)]
struct Charged {
    charged: i64,
    space_id: Uuid,
    author_id: Uuid,
}

/// Gives back what a file was charged, once. It is the last trace of its bytes.
pub(super) async fn discharge(tx: &Tx<'_>, item: Uuid) -> Result<()> {
    let mut sql = tx.sql(
        "SELECT f.charged, c.space_id, c.author_id FROM media_file f JOIN contribution c ON c.id = f.contribution_id \
         WHERE f.contribution_id = ",
    );
    sql.bind(item);
    let Some(known) = tx.row::<Charged>(sql).await? else {
        return Ok(());
    };
    if known.charged > 0 {
        charge(tx, (known.space_id, known.author_id), -known.charged).await?;
        let mut sql = tx.sql("UPDATE media_file SET charged = 0 WHERE contribution_id = ");
        sql.bind(item);
        tx.execute_raw(sql.statement()).await?;
    }
    Ok(())
}

/// Items among these that have a file.
pub(super) async fn filed(tx: &Tx<'_>, items: &[Uuid]) -> Result<Vec<Uuid>> {
    let mut sql = tx.sql("SELECT f.contribution_id AS id FROM media_file f WHERE ");
    sql.is_in("f.contribution_id", items)
        .push(" ORDER BY f.contribution_id");
    let rows = tx.rows::<Id>(sql).await?.into_iter();
    Ok(rows.map(|row| row.id).collect())
}

#[derive(FromQueryResult)]
struct Id {
    id: Uuid,
}

/// Takes out of files what tells of a person: the name, what recognises the content, and how it looks.
pub(super) async fn blank(tx: &Tx<'_>, items: &[Uuid]) -> Result<()> {
    let mut sql = tx.sql("UPDATE media_file SET file_name = '', sha256 = '', blurhash = NULL, variants = '[]' WHERE ");
    sql.is_in("contribution_id", items);
    tx.execute_raw(sql.statement()).await?;
    Ok(())
}

const STALE: &str = "SELECT c.id, c.space_id, c.file_state, f.upload_id, f.failure FROM contribution c \
    JOIN media_file f ON f.contribution_id = c.id WHERE c.file_state ";

/// The file of an item, if it has come to an end.
pub(super) async fn system_file(db: &Db, item: Uuid) -> Result<Option<Stale>> {
    let mut sql = db.sql(STALE);
    sql.push("IN ('EXPIRED', 'FAILED', 'DELETED') AND c.id = ").bind(item);
    let rows = Reader::passing(db, None).rows(sql).await?;
    Ok(rows.into_iter().next())
}

/// Notes that time changes nothing more about the file of an item.
pub(super) async fn settle(tx: &Tx<'_>, item: Uuid) -> Result<()> {
    let mut sql = tx.sql("UPDATE contribution SET file_state_at = NULL WHERE id = ");
    sql.bind(item);
    tx.execute_raw(sql.statement()).await?;
    Ok(())
}

/// What a space and the viewer have used of their quotas.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub(super) struct UsageRow {
    pub(super) space_id: Uuid,
    pub(super) space_bytes: i64,
    pub(super) releasing_bytes: i64,
    pub(super) member_bytes: i64,
}

/// The same for several spaces of the viewer.
pub(super) async fn usages(reader: &Reader, spaces: &[Uuid]) -> Result<HashMap<Uuid, UsageRow>> {
    let [one, other] = RETRIED.map(|failure| failure.to_value());
    let mut sql = reader.sql(
        "SELECT s.id AS space_id, s.media_bytes AS space_bytes, m.media_bytes AS member_bytes, \
         (SELECT CAST(COALESCE(SUM(f.charged), 0) AS bigint) FROM contribution c JOIN media_file f ON f.contribution_id = c.id \
          WHERE c.space_id = s.id AND c.file_state IN ('EXPIRED', 'FAILED', 'DELETED') AND c.file_state_at IS NOT NULL \
          AND (c.file_state <> 'FAILED' OR f.failure NOT IN (",
    );
    // What failed and may be processed again is kept.
    sql.bind(one).push(", ").bind(other).push(
        "))) AS releasing_bytes FROM space s \
         JOIN membership m ON m.space_id = s.id AND m.left_at IS NULL AND m.account_id = ",
    );
    sql.bind(reader.actor()?.account_id);
    sql.push(" WHERE ").is_in("s.id", spaces);
    let rows = reader.rows::<UsageRow>(sql).await?;
    Ok(rows.into_iter().map(|row| (row.space_id, row)).collect())
}

/// An item whose file waits for time to pass.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct Stale {
    pub(super) id: Uuid,
    pub(super) space_id: Uuid,
    pub(super) file_state: MediaState,
    pub(super) upload_id: Option<String>,
    pub(super) failure: Option<MediaFailure>,
}

/// Items whose file has been in a state since before, at most 500.
pub(super) async fn system_stale(db: &Db, state: MediaState, before: DateTime<Utc>) -> Result<Vec<Stale>> {
    let mut sql = db.sql(STALE);
    sql.push("= ")
        .bind(state.to_value())
        .push(" AND c.file_state_at < ")
        .bind(before);
    sql.push(" ORDER BY c.file_state_at LIMIT 500");
    Reader::passing(db, None).rows(sql).await
}

#[derive(FromQueryResult)]
struct Kept {
    id: Uuid,
    file_state: MediaState,
}

/// Where the files of items stand, of those that there are.
pub(super) async fn system_states(db: &Db, items: &[Uuid]) -> Result<HashMap<Uuid, MediaState>> {
    let mut sql = db.sql("SELECT c.id, c.file_state FROM contribution c WHERE c.kind = 'MEDIA_ITEM' AND ");
    sql.is_in("c.id", items);
    let rows = Reader::passing(db, None).rows::<Kept>(sql).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.file_state)).collect())
}
