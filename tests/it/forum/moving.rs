//! Moving threads between phases.

use serde_json::{Value, json};

use super::why_not;
use crate::support::{Person, World, faults, ids};

const MOVED: &str = "thread { id phase { id } } phase { id } previousPhase { id } space { id }";

async fn threads(world: &World, who: &Person, phase: &str) -> Vec<String> {
    let query = "query($id: ID!) { node(id: $id) { ... on Phase { threads { totalCount nodes { id } } } } }";
    let found = world.ask(who, query, json!({ "id": phase })).await["node"]["threads"].clone();
    let ids = ids(&found);
    assert_eq!(found["totalCount"], json!(ids.len()));
    ids
}

#[tokio::test]
async fn a_thread_moves_with_its_comments_and_both_phases_say_so() {
    let (world, cast) = World::with_stage().await;
    let other = world.thread(&cast.teacher, &cast.during, "Other").await;
    let thread = world.thread(&cast.mobile, &cast.during, "Bread").await;
    let comment = world.comment(&cast.stayer, &thread, None, "Said.").await;
    let reply = world.comment(&cast.mobile, &thread, Some(&comment), "Yes.").await;
    let read = json!({ "threadId": thread, "upToCommentId": comment });
    world.done(&cast.observer, "threadMarkRead", read, "").await;
    let input = json!({ "threadId": thread, "phaseId": cast.after });
    let before = world.events().await;
    let payload = world.done(&cast.teacher, "threadMove", input.clone(), MOVED).await;
    assert_eq!(
        payload["thread"],
        json!({ "id": thread, "phase": { "id": cast.after } })
    );
    assert_eq!(payload["phase"]["id"], json!(cast.after));
    assert_eq!(payload["previousPhase"]["id"], json!(cast.during));
    assert_eq!(payload["space"]["id"], json!(cast.space));
    for who in [&cast.stayer, &cast.partner] {
        assert_eq!(threads(&world, who, &cast.during).await, [&*other]);
        assert_eq!(threads(&world, who, &cast.after).await, [&*thread]);
    }
    for id in [&comment, &reply] {
        assert_eq!(
            world.seen(&cast.stayer, id, "phase { id }").await["phase"]["id"],
            json!(cast.after)
        );
    }
    let seen = world
        .seen(
            &cast.observer,
            &thread,
            "version commentCount unreadCount comments { totalCount }",
        )
        .await;
    assert_eq!(
        (&seen["version"], &seen["commentCount"], &seen["unreadCount"]),
        (&json!(1), &json!(2), &json!(1))
    );
    assert_eq!(seen["comments"]["totalCount"], 2);
    assert_eq!(world.events().await, before + 1);
    // The rules of the new phase hold: here, texts of pupils wait.
    let waits = world.comment(&cast.stayer, &thread, None, "Waits.").await;
    assert_eq!(world.field(&cast.stayer, &waits, "state").await, "PENDING");
}

#[tokio::test]
async fn moving_a_thread_to_where_it_is_changes_nothing() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.mobile, &cast.during, "Bread").await;
    let before = world.events().await;
    let input = json!({ "threadId": thread, "phaseId": cast.during });
    let payload = world.done(&cast.teacher, "threadMove", input, MOVED).await;
    assert_eq!(payload["previousPhase"], Value::Null);
    assert_eq!(payload["thread"]["phase"]["id"], json!(cast.during));
    assert_eq!(world.events().await, before);
}

#[tokio::test]
async fn a_thread_moves_into_open_and_closed_phases_but_not_into_planned_or_foreign_ones() {
    let (world, cast) = World::with_stage().await;
    let thread = world.thread(&cast.mobile, &cast.during, "Bread").await;
    let refused = async |phase: &str| {
        let input = json!({ "threadId": thread, "phaseId": phase });
        faults(&world.mutate(&cast.teacher, "threadMove", input, "").await)
    };
    assert_eq!(
        refused(&cast.preparation).await,
        ["FORBIDDEN/PHASE_NOT_OPEN at phaseId"]
    );
    assert_eq!(refused(&cast.foreign_phase).await, ["NOT_FOUND at phaseId"]);
    assert_eq!(refused(&thread).await, ["INVALID/MALFORMED at phaseId"]);
    world
        .done(&cast.coordinator, "phaseClose", json!({ "phaseId": cast.after }), "")
        .await;
    assert_eq!(refused(&cast.after).await, [""; 0]);
    // And out of a closed one.
    assert_eq!(refused(&cast.during).await, [""; 0]);
}

#[tokio::test]
async fn a_phase_of_another_space_of_the_same_teacher_is_no_place_for_a_thread() {
    let (world, cast) = World::with_cast().await;
    let input = json!({ "title": "Second" });
    let payload = world
        .done(&cast.coordinator, "spaceCreate", input, "space { phases { id } }")
        .await;
    let phase = payload["space"]["phases"][0]["id"].clone();
    world
        .done(&cast.coordinator, "phaseOpen", json!({ "phaseId": phase }), "")
        .await;
    let thread = world.thread(&cast.mobile, &cast.during, "Bread").await;
    let input = json!({ "threadId": thread, "phaseId": phase });
    let payload = world.mutate(&cast.coordinator, "threadMove", input, "").await;
    assert_eq!(faults(&payload), ["NOT_FOUND at phaseId"]);
}

#[tokio::test]
async fn only_staff_move_threads() {
    let (world, cast) = World::with_stage().await;
    let thread = world.thread(&cast.mobile, &cast.during, "Bread").await;
    let input = json!({ "threadId": thread, "phaseId": cast.after });
    for who in [&cast.mobile, &cast.stayer, &cast.mentor, &cast.observer] {
        let reason = why_not(&cast, who);
        assert_eq!(
            world.refused(who, "threadMove", input.clone()).await,
            [format!("FORBIDDEN/{reason}")]
        );
        let can = world
            .seen(who, &thread, "viewerCan { threadMove { allowed reason } }")
            .await;
        let refused = json!({ "allowed": false, "reason": reason });
        assert_eq!(can["viewerCan"]["threadMove"], refused);
    }
    assert_eq!(
        world.refused(&cast.foreigner, "threadMove", input.clone()).await,
        ["NOT_FOUND"]
    );
    world.done(&cast.partner, "threadMove", input, "").await;
}
