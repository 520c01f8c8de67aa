//! Several nodes, and a Redis that is away; in production.

use std::time::Duration;

use serde_json::json;

use super::View;
use crate::support::{Flow, Person, Socket, World, errors, eventually, is_production, mutation};

/// How long anything may take that has no bound of its own.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn nodes_see_the_same_members() {
    if !is_production() {
        return;
    }
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let second = world.second_node().await;
    let mut here = world.view(&cast.teacher, &cast).await;
    let mut there = View::new(&second, &cast.observer, &cast.space).await;
    world.present(&cast.mobile, &cast, json!({ "threadId": thread })).await;
    let input = json!({ "spaceId": cast.space, "threadId": thread, "isWriting": true });
    let payload = second.mutate(&cast.stayer, "presenceSet", input, "").await;
    assert_eq!(payload["userErrors"], json!([]));
    for view in [&mut here, &mut there] {
        view.shows(&[
            (&cast.mobile, Some(&thread), false),
            (&cast.stayer, Some(&thread), true),
        ])
        .await;
    }
    // A device that said it at one node says goodbye at another.
    let input = json!({ "spaceId": cast.space, "isOnline": false });
    second.mutate(&cast.mobile, "presenceSet", input, "").await;
    for view in [&mut here, &mut there] {
        view.shows(&[(&cast.stayer, Some(&thread), true)]).await;
    }
    let input = json!({ "membershipId": cast.stayer.member });
    world.done(&cast.coordinator, "memberRemove", input, "").await;
    for view in [&mut here, &mut there] {
        view.shows(&[]).await;
    }
}

#[tokio::test]
async fn without_redis_it_is_told_that_nobody_knows_who_is_present_and_all_else_works() {
    if !is_production() {
        return;
    }
    let world = World::without_redis().await;
    let cast = world.make_cast().await;
    let input = json!({ "input": { "spaceId": cast.space } });
    let answer = world
        .send(Some(&cast.mobile.token), &mutation("presenceSet", "expiresAt"), input)
        .await;
    assert_eq!(errors(&answer), ["UNAVAILABLE"]);
    let mut view = world.view(&cast.teacher, &cast).await;
    let wanted = json!({ "isComplete": true, "isOff": false, "isKnown": false, "present": [], "goneMemberIds": [] });
    assert_eq!(view.hear().await, wanted);
    world.thread(&cast.teacher, &cast.during, "Bread").await;
}

#[tokio::test]
async fn while_redis_hangs_who_is_present_is_told_as_unknown_and_known_again_afterwards() {
    if !is_production() {
        return;
    }
    let (world, cast) = World::with_cast().await;
    let (server, wires) = world.into_wired_server().await;
    let present = async |who: &Person| {
        let input = json!({ "spaceId": cast.space });
        let answer = server.http.call(who, "presenceSet", &input, "expiresAt").await;
        errors(&answer.unwrap().1)
    };
    let view = async |who: &Person| {
        let socket = Socket::open(server.http.address.parse().unwrap(), who).await.unwrap();
        View::over(socket, &cast.space).await
    };
    eventually(PATIENCE, "Redis is there", async || {
        present(&cast.mobile).await.is_empty()
    })
    .await;
    let mut early = view(&cast.teacher).await;
    early.shows(&[(&cast.mobile, None, false)]).await;
    assert!(early.is_known);

    wires.redis.set(Flow::Hung);
    assert_eq!(present(&cast.stayer).await, ["UNAVAILABLE"]);
    // Who was present for all that is known, and who asks only now.
    let update = early.hear().await;
    assert_eq!(
        (&update["isKnown"], &update["isComplete"]),
        (&json!(false), &json!(true))
    );
    early.shows(&[(&cast.mobile, None, false)]).await;
    let mut late = view(&cast.observer).await;
    assert_eq!(late.hear().await["isKnown"], false);

    wires.redis.set(Flow::Running);
    eventually(PATIENCE, "Redis is back", async || {
        present(&cast.stayer).await.is_empty()
    })
    .await;
    for view in [&mut early, &mut late] {
        view.shows(&[(&cast.mobile, None, false), (&cast.stayer, None, false)])
            .await;
        assert!(view.is_known);
    }
}
