//! A server that is killed while everybody writes.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use http::StatusCode;
use tokio::task::JoinSet;

use super::{are_all_and_once, comment, insist, key};
use crate::support::{Cast, Http, Person, World, eventually, is_long};

const WRITERS: usize = 6;
/// From the start of the process to the first request that it can serve.
const READY: Duration = Duration::from_secs(2);

/// Writes until the server is gone: what was acknowledged, and what was not.
async fn write(http: Http, who: Person, thread: String) -> (BTreeMap<String, String>, Person, String) {
    let mut written = BTreeMap::new();
    loop {
        let key = key();
        match comment(&http, &who, &thread, &key).await {
            Ok(id) => written.insert(key, id),
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
    let (mut written, mut slowest, mut unknown) = (BTreeMap::new(), Duration::ZERO, 0);
    for round in 0..rounds {
        let mut all = JoinSet::new();
        for number in 0..WRITERS {
            let who = writers(&cast)[number % 3].clone();
            all.spawn(write(server.http.clone(), who, thread.clone()));
        }
        // Not always at the same place of their work.
        tokio::time::sleep(Duration::from_millis(300 + round * 37 % 211)).await;
        server.kill();
        let mut open = Vec::new();
        for (some, who, key) in all.join_all().await {
            written.extend(some);
            open.push((who, key));
        }
        let begun = Instant::now();
        server.start_again().await;
        let is_ready = async || server.http.ready().await.is_ok_and(|(status, _)| status == StatusCode::OK);
        eventually(READY, "ready", is_ready).await;
        slowest = slowest.max(begun.elapsed());
        assert!(begun.elapsed() < READY, "ready after {:?}", begun.elapsed());
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
    eprintln!(
        "{rounds} rounds: {} writes, {unknown} of them without an answer at first, ready after {slowest:?} at most",
        written.len()
    );
    // Most of them before a kill.
    assert!(written.len() > unknown, "nothing was written");
}
