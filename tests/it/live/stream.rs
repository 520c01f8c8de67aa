//! One order, no gap, whatever way events take.

use futures_util::future::join_all;
use serde_json::{Value, json};
use sojourn::platform::stream::Cursor;

use super::{mark, short, until};
use crate::support::{Cast, Node, World, is_production};

fn numbers(events: &[Value]) -> Vec<i64> {
    let seq = |event: &Value| Cursor::decode(event["cursor"].as_str().unwrap()).unwrap().seq;
    events.iter().map(seq).collect()
}

fn number(cursor: &str) -> i64 {
    Cursor::decode(cursor).unwrap().seq
}

async fn comment(node: &Node, cast: &Cast, thread: &str, body: &str) {
    let input = json!({ "rootId": thread, "body": body });
    let payload = node.mutate(&cast.mobile, "commentCreate", input, "").await;
    assert_eq!(payload["userErrors"], json!([]));
}

#[tokio::test]
async fn events_come_in_order_with_rising_cursors() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let before = world.node.newest(&cast.stayer, &cast.space).await;
    let mut live = world.node.watch(&cast.stayer, &cast.space, Some(&before)).await;
    join_all((0..40).map(|round| {
        let body = format!("Word {round}.");
        let (world, cast, thread) = (&world, &cast, &thread);
        async move { comment(&world.node, cast, thread, &body).await }
    }))
    .await;
    let last = mark(&world, &cast).await;
    let events = until(&mut live, &last).await;
    let expected: Vec<_> = (number(&before) + 1..number(&last)).collect();
    assert_eq!(expected.len(), 40);
    assert_eq!(numbers(&events), expected);
}

/// A thread with 150 comments, the cursor before them, and the one behind them.
async fn long(world: &World, cast: &Cast) -> (String, String) {
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let before = world.node.newest(&cast.stayer, &cast.space).await;
    for round in 0..150 {
        comment(&world.node, cast, &thread, &format!("Word {round}.")).await;
    }
    (before, mark(world, cast).await)
}

#[tokio::test]
async fn more_events_than_are_read_at_once_are_replayed_in_order() {
    let (world, cast) = World::with_cast().await;
    let (before, last) = long(&world, &cast).await;
    let mut replay = world.node.watch(&cast.stayer, &cast.space, Some(&before)).await;
    let events = until(&mut replay, &last).await;
    let bodies: Vec<_> = events
        .iter()
        .map(|event| event["contribution"]["body"].clone())
        .collect();
    assert_eq!(
        bodies,
        (0..150).map(|round| format!("Word {round}.")).collect::<Vec<_>>()
    );
    // The replay goes on live.
    let thread = events[0]["root"]["id"].as_str().unwrap();
    comment(&world.node, &cast, thread, "And one more.").await;
    assert_eq!(replay.event().await["contribution"]["body"], "And one more.");
}

#[tokio::test]
async fn without_a_cursor_a_stream_begins_with_the_place_of_that_moment() {
    let (world, cast) = World::with_cast().await;
    let newest = world.node.newest(&cast.stayer, &cast.space).await;
    let mut live = world.node.watch(&cast.stayer, &cast.space, None).await;
    let first = live.hear().await["payload"]["data"]["spaceEvents"].clone();
    assert_eq!(
        (&first["kind"], &first["cursor"]),
        (&json!("HEARTBEAT"), &json!(newest))
    );
    let last = mark(&world, &cast).await;
    assert_eq!(live.event().await["cursor"], last);
    // Whoever brings a cursor needs none.
    let mut live = world.node.watch(&cast.stayer, &cast.space, Some(&newest)).await;
    let first = live.hear().await["payload"]["data"]["spaceEvents"].clone();
    assert_eq!(first["cursor"], last);
}

#[tokio::test]
async fn a_stream_goes_on_behind_any_of_its_cursors() {
    let (world, cast) = World::with_cast().await;
    let (before, last) = long(&world, &cast).await;
    let mut replay = world.node.watch(&cast.stayer, &cast.space, Some(&before)).await;
    let events = until(&mut replay, &last).await;
    for place in [0, 1, 49, 99, 100, 101, 148, 149] {
        let cursor = events[place]["cursor"].as_str().unwrap();
        let mut resumed = world.node.watch(&cast.stayer, &cast.space, Some(cursor)).await;
        assert_eq!(until(&mut resumed, &last).await, events[place + 1..], "behind {place}");
    }
}

#[tokio::test]
async fn the_first_cursor_of_a_space_leads_to_all_of_its_events() {
    let (world, cast) = World::with_cast().await;
    let now = world.node.newest(&cast.teacher, &cast.space).await;
    let first = Cursor {
        seq: 0,
        tag: 0,
        ..Cursor::decode(&now).unwrap()
    };
    let mut replay = world
        .node
        .watch(&cast.teacher, &cast.space, Some(&first.encode()))
        .await;
    let last = mark(&world, &cast).await;
    let events = until(&mut replay, &last).await;
    assert_eq!(numbers(&events), (1..number(&last)).collect::<Vec<_>>());
    let kinds = short(&events);
    assert!(
        kinds.contains(&"PHASE_OPENED".to_owned()) && kinds.contains(&"MEMBER_ADDED".to_owned()),
        "{kinds:?}"
    );
}

#[tokio::test]
async fn without_a_cursor_the_stream_begins_now() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    comment(&world.node, &cast, &thread, "Old").await;
    let mut live = world.node.watch(&cast.stayer, &cast.space, None).await;
    // Nothing tells a client that its subscription has begun: one of these is the first that it hears of.
    let writing = async {
        loop {
            comment(&world.node, &cast, &thread, "New").await;
        }
    };
    let event = tokio::select! {
        event = live.event() => event,
        () = writing => unreachable!(),
    };
    assert_eq!(event["contribution"]["body"], "New");
}

#[tokio::test]
async fn a_cursor_ahead_of_the_stream_resets_it() {
    let (world, cast) = World::with_cast().await;
    let now = world.node.newest(&cast.teacher, &cast.space).await;
    let ahead = Cursor {
        seq: number(&now) + 1000,
        ..Cursor::decode(&now).unwrap()
    };
    let mut live = world
        .node
        .watch(&cast.teacher, &cast.space, Some(&ahead.encode()))
        .await;
    let event = live.event().await;
    assert_eq!(
        (&event["__typename"], &event["resetReason"]),
        (&json!("StreamReset"), &json!("FUTURE"))
    );
    assert_eq!(event["resumeCursor"], now);
    world.thread(&cast.mobile, &cast.during, "Bread").await;
    assert_eq!(short(&[live.event().await]), ["PUBLISHED PUBLISHED"]);
}

/// Writes on one node and listens on the other, both ways.
async fn across(world: &World, cast: &Cast) {
    let second = world.second_node().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    for (here, there) in [(&world.node, &second), (&second, &world.node)] {
        let before = there.newest(&cast.stayer, &cast.space).await;
        let mut live = there.watch(&cast.stayer, &cast.space, Some(&before)).await;
        for round in 0..20 {
            comment(here, cast, &thread, &format!("Word {round}.")).await;
        }
        for round in 0..20 {
            let event = live.event().await;
            assert_eq!(event["contribution"]["body"], format!("Word {round}."));
        }
    }
}

#[tokio::test]
async fn what_is_written_on_one_node_is_told_on_the_other() {
    if is_production() {
        let (world, cast) = World::with_cast().await;
        across(&world, &cast).await;
    }
}

#[tokio::test]
async fn without_redis_what_is_written_on_one_node_is_told_on_the_other_all_the_same() {
    if is_production() {
        let world = World::without_redis().await;
        let cast = world.make_cast().await;
        across(&world, &cast).await;
    }
}
