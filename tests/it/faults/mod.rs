//! What breaks around a server, and the server itself: every request is answered in time, what was acknowledged stays, what
//! was not is done once when it is repeated, and nobody has to start anything again.

mod clock;
mod connections;
#[cfg(target_os = "linux")]
mod disk;
mod drain;
mod events;
mod full;
mod kill;
mod outage;
pub mod reader;
mod start;
mod tls;

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use entity::{contribution, event};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, Statement};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Cast, Http, Person, errors, faults, id_of, inner};

/// How long anything may take that has no bound of its own.
const PATIENCE: Duration = Duration::from_secs(60);

/// Writes a comment under a key: its id, or why it is not acknowledged.
pub async fn comment(http: &Http, who: &Person, thread: &str, key: &str) -> Result<String, String> {
    let input = json!({ "rootId": thread, "body": key, "idempotencyKey": key });
    let (_, answer) = http.call(who, "commentCreate", &input, "comment { id }").await?;
    if let Some(code) = errors(&answer).first() {
        return Err(code.clone());
    }
    let payload = &answer["data"]["commentCreate"];
    assert_eq!(faults(payload), Vec::<String>::new());
    Ok(id_of(&payload["comment"]))
}

/// The same until it is acknowledged.
async fn insist(http: &Http, who: &Person, thread: &str, key: &str) -> String {
    let write = async {
        loop {
            match comment(http, who, thread, key).await {
                Ok(id) => return id,
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    };
    let written = tokio::time::timeout(PATIENCE, write).await;
    written.unwrap_or_else(|_| panic!("{key} is not written"))
}

/// Waits until so much is written.
async fn reach(count: &AtomicUsize, wanted: usize) {
    let (mut known, mut since) = (0, Instant::now());
    while known < wanted {
        assert!(
            since.elapsed() < PATIENCE,
            "nobody writes any more: {known} of {wanted}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
        let now = count.load(Ordering::Relaxed);
        if now > known {
            (known, since) = (now, Instant::now());
        }
    }
}

/// The place from which all events of the space are replayed that come later.
pub async fn newest(http: &Http, cast: &Cast) -> String {
    let query = "query($id: ID!) { space(id: $id) { eventCursor } }";
    let answer = http.send(&cast.stayer, query, json!({ "id": cast.space })).await;
    let (_, answer) = answer.unwrap();
    answer["data"]["space"]["eventCursor"].as_str().unwrap().to_owned()
}

/// The events of the space as they are stored: numbers, and what contribution each is about.
pub async fn stored(database: &DatabaseConnection, cast: &Cast) -> Vec<(i64, Option<Uuid>)> {
    let events = event::Entity::find().filter(event::Column::StreamId.eq(inner(&cast.space)));
    let events = events.order_by_asc(event::Column::Seq).all(database).await.unwrap();
    let short = |event: event::Model| (event.seq, event.contribution_id);
    events.into_iter().map(short).collect()
}

/// The comments of a thread as they are stored, by key.
async fn comments(database: &DatabaseConnection, thread: &str) -> Vec<(String, Uuid)> {
    let comments = contribution::Entity::find().filter(contribution::Column::RootId.eq(inner(thread)));
    let mut comments: Vec<_> = (comments.all(database).await.unwrap().into_iter())
        .map(|comment| (comment.client_key.unwrap(), comment.id))
        .collect();
    comments.sort();
    comments
}

/// The comments of a thread are these, by key and id, and each is there once: in the table, in the counter, in the stream.
pub async fn are_all_and_once(
    database: &DatabaseConnection,
    cast: &Cast,
    thread: &str,
    written: &BTreeMap<String, String>,
) {
    let expected: Vec<_> = written.iter().map(|(key, id)| (key.clone(), inner(id))).collect();
    assert_eq!(comments(database, thread).await, expected);
    let root = contribution::Entity::find_by_id(inner(thread))
        .one(database)
        .await
        .unwrap();
    assert_eq!(usize::try_from(root.unwrap().comment_count).unwrap(), written.len());
    let mut told: Vec<_> = (stored(database, cast).await.into_iter())
        .filter_map(|(_, subject)| subject.filter(|&id| id != inner(thread)))
        .collect();
    told.sort();
    let mut ids: Vec<_> = expected.into_iter().map(|(_, id)| id).collect();
    ids.sort();
    assert_eq!(told, ids);
    streams_are_whole(database).await;
}

/// The numbers of each stream begin with 1 and have neither gap nor repeat.
async fn streams_are_whole(database: &DatabaseConnection) {
    // One statement: inboxes may grow.
    let sql = "SELECT s.id FROM stream s LEFT JOIN event e ON e.stream_id = s.id GROUP BY s.id, s.last_seq \
        HAVING s.last_seq <> COUNT(e.seq) OR s.last_seq <> COUNT(DISTINCT e.seq) OR s.last_seq <> COALESCE(MAX(e.seq), 0)";
    let statement = Statement::from_string(database.get_database_backend(), sql);
    let broken = database.query_all_raw(statement).await.unwrap();
    assert_eq!(broken.len(), 0, "streams with gaps");
}

/// A new key of a write.
pub fn key() -> String {
    format!("{}", Uuid::now_v7().simple())
}

/// What `/readyz` calls not good.
fn bad(checks: &Value) -> Vec<String> {
    let checks = checks["checks"].as_object().unwrap().iter();
    let bad = checks.filter(|(_, word)| **word != "ok");
    bad.map(|(name, _)| name.clone()).collect()
}
