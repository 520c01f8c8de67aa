//! Ordered streams of events: a sequence without gaps, written in the transaction of the change.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    enums::{Audience, ContentState, ContributionKind, EventKind},
    event,
};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, FromQueryResult};
use uuid::Uuid;

pub use entity::event::Model as Event;

use super::{
    db::{Db, Sql, Txn},
    error::{Error, Reason, Result},
};

/// An event before it has its place in a stream. Ids and enum values only: personal text never enters a stream.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Its id.
    pub id: Uuid,
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub occurred_at: DateTime<Utc>,
    /// Who did it.
    pub actor_id: Option<Uuid>,
    /// Whether the actor acted as a moderator.
    pub is_moderation: bool,
    /// Subject: contribution.
    pub contribution: Option<ContributionFacts>,
    /// Subject: phase.
    pub phase_id: Option<Uuid>,
    /// Subject: membership.
    pub member_id: Option<Uuid>,
    /// Subject: report.
    pub report_id: Option<Uuid>,
    /// Subject: review round.
    pub round_id: Option<Uuid>,
    /// Subject: assignment or review of that round.
    pub review_id: Option<Uuid>,
    /// Whether some are told of it in their inboxes.
    pub is_fanned_out: bool,
}

/// What an event says of the contribution that it is about.
#[derive(Clone, Debug)]
pub struct ContributionFacts {
    /// The contribution.
    pub id: Uuid,
    /// The phase that it is in.
    pub phase_id: Uuid,
    /// What it is.
    pub kind: ContributionKind,
    /// Its root, if it is none.
    pub root_id: Option<Uuid>,
    /// Its author.
    pub author_id: Uuid,
    /// The author of its root (or of itself).
    pub root_author_id: Uuid,
    /// Its state, before and after.
    pub state: (ContentState, ContentState),
    /// The audience of its root, before and after.
    pub audience: (Audience, Audience),
}

impl ContributionFacts {
    /// Whether others may see it, or no longer see it, because of what happened.
    #[must_use]
    pub fn changes_sight(&self) -> bool {
        self.state.0 != self.state.1 || self.audience.0 != self.audience.1
    }
}

/// Starts a stream.
///
/// # Errors
/// The database's.
pub async fn create(txn: &Txn, id: Uuid) -> Result<()> {
    let row = entity::stream::ActiveModel {
        id: Set(id),
        last_seq: Set(0),
        last_event_id: Set(None),
        epoch: Set(rand::random_range(1..i32::MAX)),
    };
    entity::stream::Entity::insert(row).exec_without_returning(txn).await?;
    Ok(())
}

/// Appends events and returns the number of the last. The stream's row stays locked until the commit: call it last.
pub(super) async fn append(db: &Db, txn: &Txn, stream: Uuid, events: Vec<NewEvent>) -> Result<i64> {
    let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
    let mut sql = db.sql("UPDATE stream SET last_seq = last_seq + ");
    sql.bind(count)
        .push(", last_event_id = ")
        .bind(events.last().map(|event| event.id));
    sql.push(" WHERE id = ").bind(stream).push(" RETURNING last_seq");
    let row = txn
        .query_one_raw(sql.statement())
        .await?
        .ok_or_else(|| Error::internal("append to no stream"))?;
    let last: i64 = row.try_get("", "last_seq")?;
    let rows = events.into_iter().zip(last - count + 1..).map(|(new, seq)| {
        let facts = new.contribution;
        let of = |id: fn(&ContributionFacts) -> Uuid| facts.as_ref().map(id);
        event::ActiveModel {
            stream_id: Set(stream),
            seq: Set(seq),
            id: Set(new.id),
            kind: Set(new.kind),
            occurred_at: Set(new.occurred_at),
            actor_id: Set(new.actor_id),
            is_moderation: Set(new.is_moderation),
            contribution_id: Set(of(|facts| facts.id)),
            contribution_kind: Set(facts.as_ref().map(|facts| facts.kind)),
            root_id: Set(facts.as_ref().and_then(|facts| facts.root_id)),
            phase_id: Set(new.phase_id.or(of(|facts| facts.phase_id))),
            member_id: Set(new.member_id),
            report_id: Set(new.report_id),
            round_id: Set(new.round_id),
            review_id: Set(new.review_id),
            author_id: Set(of(|facts| facts.author_id)),
            root_author_id: Set(of(|facts| facts.root_author_id)),
            state_before: Set(facts.as_ref().map(|facts| facts.state.0)),
            state_after: Set(facts.as_ref().map(|facts| facts.state.1)),
            audience_before: Set(facts.as_ref().map(|facts| facts.audience.0)),
            audience_after: Set(facts.as_ref().map(|facts| facts.audience.1)),
        }
    });
    event::Entity::insert_many(rows).exec_without_returning(txn).await?;
    Ok(last)
}

/// For how long events are kept, and how many of a stream.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// How old they become.
    pub age: TimeDelta,
    /// How many there are at most.
    pub count: i64,
}

impl Default for Retention {
    /// The figures of the domain: 30 days, 100,000.
    fn default() -> Self {
        Self {
            age: TimeDelta::days(30),
            count: 100_000,
        }
    }
}

/// Events that are deleted at once.
const SWEEP: i64 = 1_000;

#[derive(FromQueryResult)]
struct Oldest {
    stream_id: Uuid,
    seq: i64,
    last_seq: i64,
}

/// Deletes events that are kept no longer, from the beginning of each stream, and returns how many. Whoever comes back with a cursor
/// from before is told that it has expired. The newest event of a stream stays however old it is: who has seen it has missed nothing,
/// and only its row tells that the cursor is of this past.
///
/// # Errors
/// The database's; the next time goes on.
pub async fn expire(db: &Db, retention: Retention) -> Result<u64> {
    let before = db.clock().now() - retention.age;
    let mut sql = db.sql(
        "SELECT s.id AS stream_id, e.seq, s.last_seq FROM stream s JOIN event e ON e.stream_id = s.id \
         AND e.seq = (SELECT MIN(x.seq) FROM event x WHERE x.stream_id = s.id) WHERE e.seq < s.last_seq AND (e.occurred_at < ",
    );
    sql.bind(before)
        .push(" OR s.last_seq - e.seq >= ")
        .bind(retention.count)
        .push(")");
    let mut count = 0;
    for oldest in rows::<Oldest>(db, sql).await? {
        count += expire_one(db, &oldest, (before, retention.count)).await?;
    }
    Ok(count)
}

/// The same for one stream, step by step, so that nobody who writes waits for long.
async fn expire_one(db: &Db, oldest: &Oldest, (before, most): (DateTime<Utc>, i64)) -> Result<u64> {
    let (stream, mut from, mut count) = (oldest.stream_id, oldest.seq, 0);
    loop {
        let end = (from + SWEEP).min(oldest.last_seq);
        // Only what comes before everything that is kept: a stream has no hole.
        let mut sql = db.sql("DELETE FROM event WHERE stream_id = ");
        sql.bind(stream)
            .push(" AND seq < COALESCE((SELECT MIN(x.seq) FROM event x WHERE x.stream_id = ")
            .bind(stream);
        sql.push(" AND x.seq > ")
            .bind(oldest.last_seq - most)
            .push(" AND x.occurred_at >= ")
            .bind(before);
        sql.push(" AND x.seq < ").bind(end).push("), ").bind(end).push(")");
        let statement = &sql.statement();
        let deleted = db
            .write(None, |tx| {
                Box::pin(async move { Ok(tx.execute_raw(statement.clone()).await?.rows_affected()) })
            })
            .await?;
        count += deleted;
        from += SWEEP;
        if deleted < SWEEP.unsigned_abs() || from >= oldest.last_seq {
            return Ok(count);
        }
    }
}

/// Where a stream stands.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Position {
    /// The stream.
    pub id: Uuid,
    /// Number of the newest event.
    pub last_seq: i64,
    /// Which sequence it is.
    pub epoch: i32,
    /// Id of the newest event.
    pub last_event_id: Option<Uuid>,
}

impl Position {
    /// The cursor of the newest event.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor {
            stream: self.id,
            epoch: self.epoch,
            seq: self.last_seq,
            tag: tag(self.last_event_id),
        }
    }
}

/// Reads the `count` events behind `after`, or those of them that there are, in order. On the primary: replicas may be behind what was
/// heard of.
pub(super) async fn read(db: &Db, stream: Uuid, after: i64, count: u64) -> Result<Vec<Arc<event::Model>>> {
    let mut sql = db.sql("");
    sql.select::<event::Entity>()
        .push(" WHERE stream_id = ")
        .bind(stream)
        .push(" AND seq > ")
        .bind(after)
        .push(" AND seq <= ")
        .bind(after.saturating_add_unsigned(count))
        .push(" ORDER BY seq");
    Ok(rows::<event::Model>(db, sql).await?.into_iter().map(Arc::new).collect())
}

/// Where streams stand.
pub(super) async fn positions(db: &Db, streams: &[Uuid]) -> Result<Vec<Position>> {
    let mut sql = db.sql("SELECT id, last_seq, epoch, last_event_id FROM stream WHERE ");
    sql.is_in("id", streams);
    rows(db, sql).await
}

async fn rows<T: FromQueryResult>(db: &Db, sql: Sql) -> Result<Vec<T>> {
    let found = db.newest().query_all_raw(sql.statement()).await?;
    found
        .iter()
        .map(|row| T::from_query_result(row, "").map_err(Error::from))
        .collect()
}

/// A place in a stream, opaque to clients: version, stream, epoch, number and four bytes of that event's id, by which a
/// restored backup is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// The stream.
    pub stream: Uuid,
    /// Which sequence.
    pub epoch: i32,
    /// The event's number; 0 is the place before the first.
    pub seq: i64,
    /// Four bytes of the event's id; 0 before the first.
    pub tag: u32,
}

const CURSOR_VERSION: u8 = 1;

/// What a cursor keeps of an event's id: its last bytes, which are random.
#[must_use]
pub fn tag(id: Option<Uuid>) -> u32 {
    id.map_or(0, |id| u32::try_from(id.as_u128() & 0xffff_ffff).unwrap_or_default())
}

impl Cursor {
    /// The public form.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut bytes = vec![CURSOR_VERSION];
        bytes.extend(self.stream.as_bytes());
        bytes.extend(self.epoch.to_be_bytes());
        bytes.extend(self.seq.to_be_bytes());
        bytes.extend(self.tag.to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads the public form.
    ///
    /// # Errors
    /// `INVALID`/`MALFORMED` for anything that [`Cursor::encode`] doesn't make.
    pub fn decode(text: &str) -> Result<Self> {
        let parse = || {
            let bytes: [u8; 33] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
            let seq = i64::from_be_bytes(bytes[21..29].try_into().ok()?);
            (bytes[0] == CURSOR_VERSION && seq >= 0).then_some(())?;
            Some(Self {
                stream: Uuid::from_slice(&bytes[1..17]).ok()?,
                epoch: i32::from_be_bytes(bytes[17..21].try_into().ok()?),
                seq,
                tag: u32::from_be_bytes(bytes[29..33].try_into().ok()?),
            })
        };
        parse().ok_or_else(|| Error::invalid(Reason::Malformed, "This is not an event cursor."))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn cursors_come_back(stream: u128, epoch: i32, seq in 0..i64::MAX, tag: u32) {
            let cursor = Cursor { stream: Uuid::from_u128(stream), epoch, seq, tag };
            prop_assert!(matches!(Cursor::decode(&cursor.encode()), Ok(read) if read == cursor));
        }

        #[test]
        fn nothing_else_is_a_cursor(bytes in proptest::collection::vec(any::<u8>(), 0..40), text in "\\PC*") {
            for text in [URL_SAFE_NO_PAD.encode(&bytes), text] {
                if let Ok(cursor) = Cursor::decode(&text) {
                    prop_assert_eq!(cursor.encode(), text);
                }
            }
        }
    }
}
