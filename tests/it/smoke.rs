//! The whole path once: HTTP, socket, live.

use serde_json::json;

use crate::support::World;

#[tokio::test]
async fn a_classmate_sees_a_comment_live_and_on_replay() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let cursor = world.node.newest(&cast.stayer, &cast.space).await;
    let mut live = world.node.watch(&cast.stayer, &cast.space, Some(&cursor)).await;
    world.comment(&cast.mobile, &thread, None, "Dark bread!").await;
    let event = live.event().await;
    assert_eq!(event["kind"], "CONTRIBUTION_PUBLISHED");
    assert_eq!(event["contribution"]["body"], "Dark bread!");
    assert_eq!(event["root"], json!({ "id": thread, "commentCount": 1 }));
    let mut replay = world.node.watch(&cast.stayer, &cast.space, Some(&cursor)).await;
    assert_eq!(replay.event().await, event);
}
