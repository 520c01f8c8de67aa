//! Budgets and counts of failures: alike in memory and over Redis.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sojourn::platform::{
    clock::Clock,
    rate::{Budget, Rates},
    redis::Redis,
};
use uuid::Uuid;

use crate::support::{Flow, Wire, eventually, is_production};

/// How long anything may take that has no bound of its own.
const PATIENCE: Duration = Duration::from_secs(30);

const BUDGET: Budget = Budget {
    points: 60,
    period: Duration::from_secs(60),
};

/// The counts of two nodes (of one, where they can't share), with a clock that stands.
fn nodes() -> (Rates, Rates, Clock) {
    let clock = Clock::default();
    clock.set(DateTime::from_timestamp(1_800_000_000, 0));
    if is_production() {
        let url = std::env::var("SOJOURN_TEST_REDIS_URL").expect("SOJOURN_TEST_REDIS_URL");
        let prefix = Uuid::now_v7().simple().to_string();
        let node = || Rates::over_redis(clock.clone(), Redis::new(&url, &prefix).unwrap());
        (node(), node(), clock)
    } else {
        let node = Rates::in_process(clock.clone());
        (node.clone(), node, clock)
    }
}

fn later(clock: &Clock, seconds: i64) -> DateTime<Utc> {
    let now = clock.now() + TimeDelta::seconds(seconds);
    clock.set(Some(now));
    now
}

#[tokio::test]
async fn a_budget_empties_and_refills_steadily_for_all_nodes() {
    let (one, two, clock) = nodes();
    let first = one.take(BUDGET, "key", 50).await;
    assert_eq!((first.wait, first.remaining), (Duration::ZERO, 10));
    assert_eq!(first.reset_at, clock.now() + TimeDelta::seconds(50));
    let refused = two.take(BUDGET, "key", 20).await;
    assert_eq!((refused.wait, refused.remaining), (Duration::from_secs(10), 10));
    assert_eq!(two.take(BUDGET, "another", 20).await.remaining, 40);
    later(&clock, 10);
    let taken = two.take(BUDGET, "key", 20).await;
    assert_eq!((taken.wait, taken.remaining), (Duration::ZERO, 0));
    later(&clock, 1_000);
    assert_eq!(one.take(BUDGET, "key", 60).await.remaining, 0);
}

#[tokio::test]
async fn what_was_refused_costs_nothing() {
    let (one, _, clock) = nodes();
    one.take(BUDGET, "key", 60).await;
    for _ in 0..10 {
        assert_eq!(one.take(BUDGET, "key", 30).await.wait, Duration::from_secs(30));
    }
    later(&clock, 30);
    assert_eq!(one.take(BUDGET, "key", 30).await.wait, Duration::ZERO);
}

#[tokio::test]
async fn of_many_at_once_no_more_get_points_than_there_are() {
    let (one, two, _) = nodes();
    let asks = (0..100).map(|number| if number % 2 == 0 { &one } else { &two }.take(BUDGET, "key", 5));
    let grants = futures_util::future::join_all(asks).await;
    assert_eq!(grants.iter().filter(|grant| grant.wait.is_zero()).count(), 12);
}

#[tokio::test]
async fn a_clock_that_is_set_back_shuts_nobody_out() {
    let (one, _, clock) = nodes();
    one.take(BUDGET, "key", 60).await;
    later(&clock, -86_400);
    assert_eq!(one.take(BUDGET, "key", 30).await.wait, Duration::ZERO);
}

#[tokio::test]
async fn failures_are_counted_for_all_nodes_and_forgotten() {
    let (one, two, clock) = nodes();
    let long = Duration::from_secs(600);
    one.failed(&[("guess", long, false), ("window", long, true)]).await;
    later(&clock, 30);
    two.failed(&[("guess", long, false), ("window", long, true)]).await;
    later(&clock, 12);
    let [guess, window, none] = one.failures(["guess", "window", "none"]).await;
    assert_eq!((guess.count, window.count, none.count), (2, 2, 0));
    // The last of one kind, the first of the other.
    assert_eq!(guess.age(clock.now()), Duration::from_secs(12));
    assert_eq!(window.age(clock.now()), Duration::from_secs(42));
    two.forget("guess").await;
    let [guess, window] = one.failures(["guess", "window"]).await;
    assert_eq!((guess.count, window.count), (0, 2));
}

#[tokio::test]
async fn without_redis_a_node_counts_for_itself() {
    let nobody = Redis::new("redis://127.0.0.1:1/", "nobody").unwrap();
    let node = Rates::over_redis(Clock::default(), nobody);
    assert_eq!(node.take(BUDGET, "key", 60).await.wait, Duration::ZERO);
    assert!(node.take(BUDGET, "key", 60).await.wait > Duration::from_secs(50));
    node.failed(&[("guess", Duration::from_secs(60), false)]).await;
    assert_eq!(node.failures(["guess"]).await[0].count, 1);
}

/// Redis, by a wire that can break, and two nodes whose only way it is.
async fn wired_nodes() -> (Wire, Redis, [Rates; 2]) {
    let url = std::env::var("SOJOURN_TEST_REDIS_URL").expect("SOJOURN_TEST_REDIS_URL");
    let url = url::Url::parse(&url).unwrap();
    let wire = Wire::new(&format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(6379)));
    let prefix = Uuid::now_v7().simple().to_string();
    let [one, two] = [(), ()].map(|()| Redis::new(&format!("redis://{}/", wire.address), &prefix).unwrap());
    for redis in [&one, &two] {
        eventually(PATIENCE, "Redis is there", async || redis.check().await.is_ok()).await;
    }
    let nodes = [&one, &two].map(|redis| Rates::over_redis(Clock::default(), redis.clone()));
    (wire, one, nodes)
}

#[tokio::test]
async fn while_redis_hangs_or_is_gone_each_node_counts_alone_and_waits_for_it_no_more_than_once() {
    if !is_production() {
        return;
    }
    for flow in [Flow::Hung, Flow::Gone] {
        let (wire, redis, nodes) = wired_nodes().await;
        for node in &nodes {
            assert!(node.take(BUDGET, "before", 1).await.wait.is_zero());
        }
        wire.set(flow);
        for node in &nodes {
            assert!(node.take(BUDGET, "key", 60).await.wait.is_zero(), "{flow:?}");
            assert!(
                node.take(BUDGET, "key", 60).await.wait > Duration::from_secs(50),
                "{flow:?}"
            );
        }
        // A second for each of them would be more than a minute.
        let takes = async {
            for _ in 0..100 {
                nodes[0].take(BUDGET, "another", 0).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), takes)
            .await
            .expect("each of many waits for Redis");
        wire.set(Flow::Running);
        eventually(PATIENCE, "Redis is back", async || redis.check().await.is_ok()).await;
        let shared = async || {
            let key = Uuid::now_v7().to_string();
            nodes[0].take(BUDGET, &key, 60).await;
            !nodes[1].take(BUDGET, &key, 60).await.wait.is_zero()
        };
        eventually(PATIENCE, "the nodes share their counts again", shared).await;
    }
}

#[tokio::test]
async fn failures_while_redis_is_away_count_when_it_is_back() {
    if !is_production() {
        return;
    }
    let (wire, redis, [node, _]) = wired_nodes().await;
    let key = [("guess", Duration::from_secs(600), false)];
    node.failed(&key).await;
    wire.set(Flow::Gone);
    eventually(PATIENCE, "Redis is gone", async || redis.check().await.is_err()).await;
    for _ in 0..3 {
        node.failed(&key).await;
    }
    assert_eq!(node.failures(["guess"]).await[0].count, 3);
    wire.set(Flow::Running);
    eventually(PATIENCE, "Redis is back", async || redis.check().await.is_ok()).await;
    assert_eq!(node.failures(["guess"]).await[0].count, 3);
    node.forget("guess").await;
    assert_eq!(node.failures(["guess"]).await[0].count, 0);
}

#[tokio::test]
async fn a_connection_that_was_closed_is_made_anew_and_nothing_is_counted_apart() {
    if !is_production() {
        return;
    }
    let (wire, _, [one, two]) = wired_nodes().await;
    for number in 0..20 {
        let key = number.to_string();
        assert!(one.take(BUDGET, &key, 60).await.wait.is_zero());
        assert!(!two.take(BUDGET, &key, 60).await.wait.is_zero());
        wire.cut();
        // The node hears of it before it asks again.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
