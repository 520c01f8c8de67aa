//! Where somebody is signed in, and ending one of these sessions.

use chrono::TimeDelta;
use http::StatusCode;
use serde_json::{Value, json};

use super::{ended, move_clock, refresh, session_of, status, stop_the_clock, with_token};
use crate::support::{Person, World, faults};

const LIST: &str = "{ viewer { sessions { totalCount nodes { id createdAt lastUsedAt expiresAt isCurrent } } } }";

async fn sessions(world: &World, who: &Person) -> Vec<Value> {
    let list = world.ask(who, LIST, json!({})).await["viewer"]["sessions"].clone();
    let nodes = list["nodes"].as_array().unwrap().clone();
    assert_eq!(list["totalCount"], nodes.len());
    nodes
}

async fn ids(world: &World, who: &Person) -> Vec<Value> {
    let nodes = sessions(world, who).await;
    nodes.iter().map(|session| session["id"].clone()).collect()
}

#[tokio::test]
async fn everybody_sees_where_they_are_signed_in() {
    let (world, cast) = World::with_cast().await;
    let now = stop_the_clock(&world);
    let time = |minutes: i64| (now + TimeDelta::minutes(minutes)).to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
    let before = ids(&world, &cast.stayer).await;
    let session = session_of(&world, &cast.stayer).await;
    let here = with_token(&cast.stayer, &session);
    move_clock(&world, now + TimeDelta::minutes(14));
    refresh(&world, &session["refreshToken"]).await;
    let all = sessions(&world, &here).await;
    assert_eq!(all.len(), before.len() + 1);
    // The newest sign-in first.
    let expires =
        (now + TimeDelta::minutes(14) + TimeDelta::days(60)).to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
    let id = &all[0]["id"];
    assert_eq!(
        all[0],
        json!({ "id": id, "createdAt": time(0), "lastUsedAt": time(14), "expiresAt": expires, "isCurrent": true })
    );
    assert!(all[1..].iter().all(|session| session["isCurrent"] == false));
    // Others see other ones.
    assert!(!ids(&world, &cast.teacher).await.contains(id));
}

#[tokio::test]
async fn sessions_come_in_pages_and_end_with_their_time() {
    let (world, cast) = World::with_cast().await;
    let now = stop_the_clock(&world);
    for minute in 0..3 {
        move_clock(&world, now + TimeDelta::minutes(minute));
        session_of(&world, &cast.stayer).await;
    }
    let all = ids(&world, &cast.stayer).await;
    assert!(all.len() >= 3);
    let mut found = Vec::new();
    let mut after = Value::Null;
    loop {
        let query = "query($after: String) { viewer { sessions(first: 2, after: $after) { nodes { id } \
            pageInfo { hasNextPage endCursor } } } }";
        let page = world.ask(&cast.stayer, query, json!({ "after": after })).await["viewer"]["sessions"].clone();
        found.extend(page["nodes"].as_array().unwrap().iter().map(|node| node["id"].clone()));
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    assert_eq!(found, all);
    move_clock(&world, now - TimeDelta::days(60));
    session_of(&world, &cast.stayer).await;
    move_clock(&world, now - TimeDelta::seconds(1));
    assert_eq!(ids(&world, &cast.stayer).await.len(), all.len() + 1);
    move_clock(&world, now);
    assert_eq!(ids(&world, &cast.stayer).await, all);
}

#[tokio::test]
async fn one_of_the_own_sessions_can_be_ended_from_another() {
    let (world, cast) = World::with_cast().await;
    let (here, there) = (
        session_of(&world, &cast.stayer).await,
        session_of(&world, &cast.stayer).await,
    );
    let (me, other) = (with_token(&cast.stayer, &here), with_token(&cast.stayer, &there));
    let id = sessions(&world, &other)
        .await
        .into_iter()
        .find(|session| session["isCurrent"] == true);
    let id = id.unwrap()["id"].clone();
    let now = world.node.newest(&other, &cast.space).await;
    world.thread(&cast.mobile, &cast.during, "Bread").await;
    let mut live = world.node.watch(&other, &cast.space, Some(&now)).await;
    assert_eq!(live.event().await["kind"], "CONTRIBUTION_PUBLISHED");
    // Again is success.
    for _ in 0..2 {
        let input = json!({ "sessionId": id });
        let payload = world
            .done(&me, "sessionRevoke", input, "deletedSessionId account { id }")
            .await;
        assert_eq!(payload["deletedSessionId"], id);
        assert_eq!(payload["account"]["id"], cast.stayer.account);
    }
    assert_eq!(live.event().await["reason"], "SESSION_ENDED");
    assert_eq!(status(&world, &there).await, StatusCode::UNAUTHORIZED);
    assert_eq!(faults(&refresh(&world, &there["refreshToken"]).await), ended());
    assert_eq!(status(&world, &here).await, StatusCode::OK);
    assert!(!ids(&world, &me).await.contains(&id));
    let query = "query($id: ID!) { node(id: $id) { id } }";
    assert_eq!(world.ask(&me, query, json!({ "id": id })).await["node"], Value::Null);
}

#[tokio::test]
async fn nobody_ends_or_sees_sessions_of_others() {
    let (world, cast) = World::with_cast().await;
    let id = ids(&world, &cast.stayer).await[0].clone();
    // Not even staff of the same school, who end them with a new secret.
    for who in [&cast.teacher, &cast.mobile, &cast.foreigner] {
        let payload = world
            .mutate(who, "sessionRevoke", json!({ "sessionId": id }), "deletedSessionId")
            .await;
        assert_eq!(faults(&payload), ["NOT_FOUND at sessionId"]);
        assert_eq!(payload["deletedSessionId"], Value::Null);
        let query = "query($id: ID!) { node(id: $id) { id } }";
        assert_eq!(world.ask(who, query, json!({ "id": id })).await["node"], Value::Null);
    }
    assert!(ids(&world, &cast.stayer).await.contains(&id));
}

#[tokio::test]
async fn what_names_no_session_ends_none() {
    let (world, cast) = World::with_cast().await;
    let before = ids(&world, &cast.stayer).await;
    for (input, fault) in [
        (json!({ "sessionId": "x" }), "INVALID/MALFORMED at sessionId"),
        (json!({ "sessionId": cast.space }), "INVALID/MALFORMED at sessionId"),
        (
            json!({ "sessionId": before[0], "allSessions": true }),
            "INVALID/OUT_OF_RANGE at sessionId",
        ),
    ] {
        let payload = world.mutate(&cast.stayer, "sessionRevoke", input, "").await;
        assert_eq!(faults(&payload), [fault]);
    }
    assert_eq!(ids(&world, &cast.stayer).await, before);
}
