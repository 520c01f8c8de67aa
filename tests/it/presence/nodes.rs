//! Several nodes, and a Redis that is away; in production.

use serde_json::json;

use super::{PRESENCE, View};
use crate::support::{World, errors, is_production, mutation};

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
async fn without_redis_nobody_is_present_and_all_else_works() {
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
    let mut socket = world.node.socket(&cast.teacher).await;
    socket.subscribe(PRESENCE, json!({ "space": cast.space })).await;
    let message = socket.hear().await;
    let wanted = json!({ "isComplete": true, "isOff": false, "present": [], "goneMemberIds": [] });
    assert_eq!(message["payload"]["data"]["presence"], wanted, "{message}");
    world.thread(&cast.teacher, &cast.during, "Bread").await;
}
