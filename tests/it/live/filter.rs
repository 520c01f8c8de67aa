//! Streams of which only some events are wanted.

use serde_json::{Value, json};

use super::{mark, short};
use crate::support::{Cast, Person, World};

const QUERY: &str =
    "subscription S($space: ID!, $after: String, $kinds: [SpaceEventKind!], $phases: [ID!], $thread: ID) {
    spaceEvents(spaceId: $space, after: $after, kinds: $kinds, phaseIds: $phases, threadId: $thread) {
        __typename kind cursor
        ... on ContributionEvent { contribution { id state body } } ... on PhaseEvent { phase { id } }
        ... on StreamEnded { reason } } }";

/// What somebody is told behind a cursor until the space changes, by a filter.
async fn told(world: &World, cast: &Cast, who: &Person, before: &str, mut filter: Value) -> Vec<String> {
    // The mark at the end is wanted as well.
    if let Some(kinds) = filter["kinds"].as_array_mut() {
        kinds.push(json!("SPACE_UPDATED"));
    }
    let mut variables = json!({ "space": cast.space, "after": before });
    variables
        .as_object_mut()
        .unwrap()
        .extend(filter.as_object().unwrap().clone());
    let mut socket = world.node.socket(who).await;
    socket.subscribe(QUERY, variables).await;
    let last = mark(world, cast).await;
    let mut events = Vec::new();
    loop {
        let event = socket.event().await;
        if event["cursor"] == last {
            return short(&events);
        }
        // An earlier mark is none of the news.
        if event["kind"] != "SPACE_UPDATED" {
            events.push(event);
        }
    }
}

/// Two threads with comments in two phases, one of which is closed then.
async fn live(world: &World, cast: &Cast) -> (String, String) {
    let before = world.node.newest(&cast.coordinator, &cast.space).await;
    world
        .done(&cast.coordinator, "phaseOpen", json!({ "phaseId": cast.after }), "")
        .await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let other = world.thread(&cast.teacher, &cast.after, "Butter").await;
    world.comment(&cast.stayer, &thread, None, "Dark").await;
    world.comment(&cast.stayer, &other, None, "Salted").await;
    world
        .done(&cast.coordinator, "phaseClose", json!({ "phaseId": cast.after }), "")
        .await;
    (before, thread)
}

#[tokio::test]
async fn of_some_kinds_alone() {
    let (world, cast) = World::with_cast().await;
    let (before, _) = live(&world, &cast).await;
    let kinds = json!({ "kinds": ["PHASE_OPENED", "PHASE_CLOSED"] });
    let all = told(&world, &cast, &cast.stayer, &before, json!({})).await;
    assert_eq!(all.len(), 6, "{all:?}");
    let some = told(&world, &cast, &cast.stayer, &before, kinds).await;
    assert_eq!(some.len(), 2, "{some:?}");
    let none = told(&world, &cast, &cast.stayer, &before, json!({ "kinds": [] })).await;
    assert_eq!(none, Vec::<String>::new());
}

/// The kinds of what somebody is told, when the mark itself isn't wanted: heartbeats are the only other news.
async fn kinds_of(world: &World, cast: &Cast, before: &str, filter: Value, count: usize) -> Vec<String> {
    let mut variables = json!({ "space": cast.space, "after": before });
    variables
        .as_object_mut()
        .unwrap()
        .extend(filter.as_object().unwrap().clone());
    let mut socket = world.node.socket(&cast.stayer).await;
    socket.subscribe(QUERY, variables).await;
    let mut kinds = Vec::new();
    for _ in 0..count {
        kinds.push(socket.event().await["kind"].as_str().unwrap().to_owned());
    }
    // The stream ends for who leaves, whatever is wanted: nothing came in between.
    let input = json!({ "membershipId": cast.stayer.member });
    world.done(&cast.coordinator, "memberRemove", input, "").await;
    assert_eq!(socket.event().await["reason"], "MEMBERSHIP_ENDED");
    kinds
}

#[tokio::test]
async fn of_some_phases_alone() {
    let (world, cast) = World::with_cast().await;
    let (before, _) = live(&world, &cast).await;
    let kinds = kinds_of(&world, &cast, &before, json!({ "phases": [cast.after] }), 4).await;
    assert_eq!(
        kinds,
        [
            "PHASE_OPENED",
            "CONTRIBUTION_PUBLISHED",
            "CONTRIBUTION_PUBLISHED",
            "PHASE_CLOSED"
        ]
    );
}

#[tokio::test]
async fn of_one_thread_alone() {
    let (world, cast) = World::with_cast().await;
    let (before, thread) = live(&world, &cast).await;
    let kinds = kinds_of(&world, &cast, &before, json!({ "thread": thread }), 2).await;
    assert_eq!(kinds, ["CONTRIBUTION_PUBLISHED", "CONTRIBUTION_PUBLISHED"]);
}

#[tokio::test]
async fn a_thread_that_moves_away_is_news_where_it_was() {
    let (world, cast) = World::with_cast().await;
    let (_, thread) = live(&world, &cast).await;
    let before = world.node.newest(&cast.coordinator, &cast.space).await;
    let input = json!({ "threadId": thread, "phaseId": cast.after });
    world.done(&cast.teacher, "threadMove", input, "").await;
    let kinds = kinds_of(&world, &cast, &before, json!({ "phases": [cast.during] }), 1).await;
    assert_eq!(kinds, ["THREAD_MOVED"]);
}

#[tokio::test]
async fn what_is_no_phase_or_thread_is_refused() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    for (filter, field) in [
        (json!({ "phases": [thread] }), "phaseIds"),
        (json!({ "phases": vec![&cast.during; 5] }), "phaseIds"),
        (json!({ "thread": cast.during }), "threadId"),
    ] {
        let mut variables = json!({ "space": cast.space });
        variables
            .as_object_mut()
            .unwrap()
            .extend(filter.as_object().unwrap().clone());
        let mut socket = world.node.socket(&cast.stayer).await;
        socket.subscribe(QUERY, variables).await;
        let message = socket.hear().await;
        let code = &message["payload"][0]["extensions"]["code"];
        assert_eq!(
            (&message["type"], code),
            (&json!("error"), &json!("INVALID")),
            "{field}: {message}"
        );
    }
}
