//! A server that is killed while everybody writes.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use http::StatusCode;
use sea_orm::{ConnectionTrait, Statement};
use tokio::task::JoinSet;

use super::{PATIENCE, are_all_and_once, comment, insist, key, reach};
use crate::support::{Cast, Http, Person, World, eventually, is_long, is_production};

const WRITERS: usize = 6;
/// How many writes of a round are acknowledged before the kill, at least.
const ACKNOWLEDGED: usize = 20;
/// From the start of the process to the first request that it can serve.
const READY: Duration = Duration::from_secs(2);

/// Writes until the server is gone: what was acknowledged, and what was not.
async fn write(
    http: Http,
    who: Person,
    thread: String,
    count: Arc<AtomicUsize>,
) -> (BTreeMap<String, String>, Person, String) {
    let mut written = BTreeMap::new();
    loop {
        let key = key();
        match comment(&http, &who, &thread, &key).await {
            Ok(id) => {
                count.fetch_add(1, Ordering::Relaxed);
                written.insert(key, id)
            }
            Err(_) => return (written, who, key),
        };
    }
}

fn writers(cast: &Cast) -> [&Person; 3] {
    [&cast.mobile, &cast.stayer, &cast.teacher]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whenever_the_server_is_killed_what_was_acknowledged_stays_and_nothing_is_done_twice() {
    let rounds: u64 = if is_long() { 50 } else { 5 };
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let mut server = world.into_server(&[]).await;
    let (mut written, mut unknown, mut took) = (BTreeMap::new(), 0, Vec::new());
    for round in 0..rounds {
        let (mut all, count) = (JoinSet::new(), Arc::new(AtomicUsize::new(0)));
        for number in 0..WRITERS {
            let who = writers(&cast)[number % 3].clone();
            all.spawn(write(server.http.clone(), who, thread.clone(), Arc::clone(&count)));
        }
        reach(&count, ACKNOWLEDGED).await;
        // Not always at the same place of their work.
        tokio::time::sleep(Duration::from_millis(round * 37 % 53)).await;
        server.kill();
        let mut open = Vec::new();
        for (some, who, key) in all.join_all().await {
            written.extend(some);
            open.push((who, key));
        }
        let begun = Instant::now();
        server.start_again().await;
        let is_ready = async || {
            server
                .http
                .ready()
                .await
                .is_ok_and(|(status, _)| status == StatusCode::OK)
        };
        eventually(PATIENCE, "ready", is_ready).await;
        took.push(begun.elapsed());
        let database = server.database().await;
        // What was not acknowledged may be there all the same: what is there of it, is there as a whole.
        super::streams_are_whole(&database).await;
        unknown += open.len();
        for (who, key) in open {
            let id = insist(&server.http, &who, &thread, &key).await;
            written.insert(key, id);
        }
        are_all_and_once(&database, &cast, &thread, &written).await;
        database.close().await.unwrap();
    }
    took.sort();
    let (median, slowest) = (took[took.len() / 2], took[took.len() - 1]);
    eprintln!(
        "{rounds} rounds: {} writes, {unknown} of them not acknowledged at first, ready after {median:?}, {slowest:?} at most",
        written.len()
    );
    // The median: tests beside this one may take a moment from it.
    assert!(median < READY, "ready after {median:?}");
}

/// With an operating system that does what it says, no power cut takes away what was acknowledged either.
#[tokio::test]
async fn what_is_acknowledged_is_on_the_disk() {
    let world = World::new().await;
    let database = world.app().db.primary();
    let setting = async |sql: &str, column: &str| {
        let statement = Statement::from_string(database.get_database_backend(), sql);
        database
            .query_one_raw(statement)
            .await
            .unwrap()
            .unwrap()
            .try_get_by::<String, _>(column)
    };
    if is_production() {
        assert_eq!(
            setting("SHOW synchronous_commit", "synchronous_commit").await.unwrap(),
            "on"
        );
    } else {
        let number = "SELECT CAST(synchronous AS TEXT) AS synchronous FROM pragma_synchronous";
        assert_eq!(setting(number, "synchronous").await.unwrap(), "2");
        assert_eq!(setting("PRAGMA journal_mode", "journal_mode").await.unwrap(), "wal");
    }
}
