//! Statements over `audit_record` and `audit_head`.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::enums::AuditAct;
use sea_orm::{DbErr, FromQueryResult, QueryResult};
use uuid::Uuid;

use crate::{
    features::space::{push_viewer, viewing},
    platform::{
        audit::Entry,
        db::{Db, Reader},
        error::Result,
        page::{Cut, Key, KeyType, Order, Page},
    },
};

/// A record as coordinators see it.
#[derive(Clone, Debug, FromQueryResult)]
pub struct RecordRow {
    pub id: Uuid,
    chain_id: Uuid,
    seq: i64,
    pub occurred_at: DateTime<Utc>,
    pub act: AuditAct,
    /// The membership of who did it, in this space.
    pub actor_member_id: Option<Uuid>,
    pub subject_kind: String,
    pub subject_id: Uuid,
    pub state_before: Option<String>,
    pub state_after: Option<String>,
    pub previous_hash: Option<Vec<u8>>,
    pub hash: Vec<u8>,
}

impl RecordRow {
    /// Place in its chain.
    pub fn number(&self) -> i32 {
        i32::try_from(self.seq).unwrap_or(i32::MAX)
    }
}

const COLUMNS: &str = "x.id, x.chain_id, x.seq, x.occurred_at, x.act, x.subject_kind, x.subject_id, x.state_before, x.state_after, \
    x.previous_hash, x.hash, \
    (SELECT w.id FROM membership w WHERE w.space_id = x.chain_id AND w.account_id = x.actor_id) AS actor_member_id";
const COORDINATOR: &str = " AND m.role = 'COORDINATOR'";

pub(super) const ORDER: Order = Order {
    tag: 40,
    // Of one chain.
    columns: &[("seq", KeyType::Number)],
    is_descending: true,
};

/// The trails of spaces, newest first; for coordinators only.
pub(super) async fn page(reader: &Reader, spaces: &[Uuid], page: &Page) -> Result<HashMap<Uuid, Cut<RecordRow>>> {
    let account = reader.actor()?.account_id;
    let mut sql = reader.sql("");
    let columns = (COLUMNS, "audit_record x", "");
    sql.for_each(spaces, viewing(account, "space"), columns, |sql, parent| {
        sql.push("SELECT x.id FROM audit_record x WHERE x.chain_id = ")
            .push(parent)
            .push(COORDINATOR);
        page.push(sql, "x");
    });
    let rows = reader.rows::<RecordRow>(sql).await?;
    Ok(page.cut_by(rows, |row| row.chain_id, |row| vec![Key::Number(row.number())]))
}

#[derive(FromQueryResult)]
struct CountBy {
    parent: Uuid,
    count: i64,
}

/// How long the trails of spaces are.
pub(super) async fn counts(reader: &Reader, spaces: &[Uuid]) -> Result<HashMap<Uuid, i64>> {
    let account = reader.actor()?.account_id;
    let mut sql = reader.sql("");
    sql.count_each(spaces, viewing(account, "space"), |sql, parent| {
        sql.push("audit_record x WHERE x.chain_id = ")
            .push(parent)
            .push(COORDINATOR);
    });
    let counts = reader.rows::<CountBy>(sql).await?;
    Ok(counts.into_iter().map(|row| (row.parent, row.count)).collect())
}

/// Records that the viewer may look up: coordinators.
pub(super) async fn by_ids(reader: &Reader, ids: &[Uuid]) -> Result<Vec<RecordRow>> {
    let mut sql = reader.sql("SELECT ");
    sql.push(COLUMNS).push(" FROM audit_record x");
    push_viewer(&mut sql, reader.actor()?.account_id, "x.chain_id");
    sql.push("WHERE ").is_in("x.id", ids).push(COORDINATOR);
    reader.rows(sql).await
}

// --------------------------------------------------------------------------------------------------------- verification

/// A chain that there is, or that there should be.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct ChainRow {
    pub id: Uuid,
    /// What it belongs to: `space`, `organisation`, or nothing that is known.
    pub kind: String,
}

/// The chains of all spaces and organisations, and those that only heads or records know of.
pub(super) async fn system_chains(db: &Db) -> Result<Vec<ChainRow>> {
    let sql = db.sql(
        "SELECT c.id, MIN(c.kind) AS kind FROM (SELECT id, 'space' AS kind FROM space \
         UNION ALL SELECT id, 'organisation' FROM organisation UNION ALL SELECT chain_id, 'unknown' FROM audit_head \
         UNION ALL SELECT DISTINCT chain_id, 'unknown' FROM audit_record) c GROUP BY c.id ORDER BY c.id",
    );
    Reader::passing(db, None).rows(sql).await
}

/// Where a chain should stand.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct HeadRow {
    pub last_seq: i64,
    pub last_hash: Option<Vec<u8>>,
}

/// Where a chain should stand, if anything says so.
pub(super) async fn system_head(reader: &Reader, chain: Uuid) -> Result<Option<HeadRow>> {
    let mut sql = reader.sql("SELECT last_seq, last_hash FROM audit_head WHERE chain_id = ");
    sql.bind(chain);
    reader.row(sql).await
}

/// What is stored of a record.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct Stored {
    id: Uuid,
    occurred_at: DateTime<Utc>,
    act: String,
    actor_id: Option<Uuid>,
    subject_kind: String,
    subject_id: Uuid,
    state_before: Option<String>,
    state_after: Option<String>,
    pub previous_hash: Option<Vec<u8>>,
    pub hash: Vec<u8>,
}

/// A record of a chain; `stored` is none if something stands there that was never written.
#[derive(Clone, Debug)]
pub(super) struct StoredRow {
    pub seq: i64,
    pub stored: Option<Stored>,
}

impl FromQueryResult for StoredRow {
    fn from_query_result(row: &QueryResult, prefix: &str) -> std::result::Result<Self, DbErr> {
        Ok(Self {
            seq: row.try_get(prefix, "seq")?,
            stored: Stored::from_query_result(row, prefix).ok(),
        })
    }
}

impl Stored {
    /// The hash that it must have at this place.
    pub fn expected_hash(&self, (chain, seq): (Uuid, i64), previous: Option<&[u8]>) -> Vec<u8> {
        let entry = Entry {
            chain,
            seq,
            id: self.id,
            occurred_at: self.occurred_at,
            act: &self.act,
            actor: self.actor_id,
            subject: (&self.subject_kind, self.subject_id),
            states: (self.state_before.as_deref(), self.state_after.as_deref()),
        };
        entry.hash(previous)
    }
}

/// The next records of a chain behind a place, at most `limit`.
pub(super) async fn system_records(reader: &Reader, chain: Uuid, after: i64, limit: usize) -> Result<Vec<StoredRow>> {
    let mut sql = reader.sql("");
    sql.select::<entity::audit_record::Entity>()
        .push(" WHERE chain_id = ")
        .bind(chain)
        .push(" AND seq > ")
        .bind(after)
        .push(" ORDER BY seq")
        .limit(limit);
    reader.rows(sql).await
}
