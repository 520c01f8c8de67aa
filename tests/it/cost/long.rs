//! What a page of a thread costs, however long the thread is.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use entity::enums::ContentState;
use sea_orm::{
    ConnectionTrait,
    sqlx::{self, Sqlite, pool::PoolConnection},
};
use serde_json::json;
use sojourn::platform::{db::Db, id::Kind};

use super::{bulk::Bulk, cost, plan, public};
use crate::support::{Cast, World, is_production};

const SHORT: usize = 60;
const LONG: usize = 5_000;
/// Most buffers (of 8 KiB) that PostgreSQL may touch for a page of [`LONG`].
const BUFFERS: u64 = 2_000;
/// Most steps of SQLite's machine for a page of 50. Were the page found anew for each of its rows, it would be three times as many.
const STEPS: u64 = 40_000;

/// A thread of each length, in a space with many more comments; public ids.
async fn threads() -> (World, Cast, [String; 2]) {
    let (world, cast) = World::with_cast().await;
    let mut bulk = Bulk::new(&world, &cast, 20).await;
    let phase = bulk.phases[1];
    let threads = [SHORT, LONG].map(|length| {
        let thread = bulk.thread(phase, ContentState::Published);
        bulk.discuss(thread, length);
        public(Kind::Thread, thread)
    });
    bulk.forum(50, 10);
    bulk.journal(500, 5);
    bulk.save().await;
    world.app().db.primary().execute_unprepared("ANALYZE").await.unwrap();
    (world, cast, threads)
}

/// The pages at both ends of a thread.
fn pages() -> [String; 2] {
    ["first: 50", "last: 50"].map(|page| {
        format!(
            "query($thread: ID!) {{ node(id: $thread) {{ ... on Thread {{ title
                comments({page}) {{ pageInfo {{ hasNextPage }} nodes {{ id body author {{ displayName }} replyTo {{ id }} }} }} }} }} }}"
        )
    })
}

/// Counts what SQLite's machine does for those who read: a few steps for each row that it visits.
async fn count_steps(db: &Db) -> Arc<AtomicU64> {
    let steps = Arc::new(AtomicU64::new(0));
    let pool = db.system().get_sqlite_connection_pool();
    let mut connections: Vec<PoolConnection<Sqlite>> = Vec::new();
    for _ in 0..pool.options().get_max_connections() {
        connections.push(pool.acquire().await.unwrap());
    }
    for connection in &mut connections {
        // The first statement of a connection reads the schema.
        sqlx::query("SELECT id FROM contribution LIMIT 1")
            .fetch_all(&mut **connection)
            .await
            .unwrap();
        let steps = Arc::clone(&steps);
        connection
            .lock_handle()
            .await
            .unwrap()
            .set_progress_handler(1, move || {
                steps.fetch_add(1, Ordering::Relaxed);
                true
            });
    }
    steps
}

#[tokio::test]
async fn a_page_of_a_long_thread_costs_sqlite_what_one_of_a_short_thread_costs() {
    if is_production() {
        return;
    }
    let (world, cast, threads) = threads().await;
    let db = &world.app().db;
    let steps = count_steps(db).await;
    for query in pages() {
        for who in [&cast.stayer, &cast.teacher] {
            let mut taken = Vec::new();
            for thread in &threads {
                let _ = db.recorded();
                let before = steps.load(Ordering::Relaxed);
                let (page, _) = cost(&world, who, &query, json!({ "thread": thread })).await;
                assert_eq!(page["node"]["comments"]["nodes"].as_array().unwrap().len(), 50);
                taken.push(steps.load(Ordering::Relaxed) - before);
                for statement in db.recorded() {
                    for plan in plan::plans(db, &statement).await {
                        assert!(!plan.contains("TEMP B-TREE"), "{}\n{plan}", statement.sql);
                    }
                }
            }
            let [short, long] = taken[..] else { unreachable!() };
            eprintln!("{short} steps for a page of {SHORT}, {long} for one of {LONG}");
            assert!(short > 1_000 && long * 2 <= short * 3, "{short}, {long}");
            assert!(long <= STEPS, "{long}");
        }
    }
}

#[tokio::test]
async fn a_page_of_a_long_thread_takes_few_buffers_of_postgres() {
    if !is_production() {
        return;
    }
    let (world, cast, [_, thread]) = threads().await;
    let db = &world.app().db;
    for query in pages() {
        for who in [&cast.stayer, &cast.teacher] {
            let _ = db.recorded();
            cost(&world, who, &query, json!({ "thread": thread })).await;
            let mut all = 0;
            for statement in db.recorded() {
                all += plan::buffers(db, &statement).await;
            }
            eprintln!("{all} buffers for a page of {LONG}");
            assert!(all > 100 && all <= BUFFERS, "{all}");
        }
    }
}
