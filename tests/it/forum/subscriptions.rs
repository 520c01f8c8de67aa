//! Following and muting threads.

use serde_json::json;

use crate::support::{Person, World, faults};

async fn level(world: &World, who: &Person, thread: &str) -> String {
    let level = world.field(who, thread, "viewerSubscription").await;
    level.as_str().unwrap().to_owned()
}

async fn set(world: &World, who: &Person, thread: &str, level: &str) {
    let input = json!({ "threadId": thread, "level": level });
    let payload = world
        .done(who, "threadSubscriptionSet", input, "thread { id viewerSubscription }")
        .await;
    assert_eq!(payload["thread"], json!({ "id": thread, "viewerSubscription": level }));
}

#[tokio::test]
async fn who_writes_in_a_thread_follows_it() {
    let (world, cast) = World::with_stage().await;
    let thread = world.thread(&cast.teacher, &cast.after, "Bread").await;
    assert_eq!(level(&world, &cast.teacher, &thread).await, "FOLLOWING");
    assert_eq!(level(&world, &cast.stayer, &thread).await, "DEFAULT");
    // It waits for a moderator, but it is written.
    world.comment(&cast.stayer, &thread, None, "Said.").await;
    assert_eq!(level(&world, &cast.stayer, &thread).await, "FOLLOWING");
    assert_eq!(level(&world, &cast.mobile, &thread).await, "DEFAULT");
    let draft = world
        .create(&cast.mobile, "thread", &cast.during, json!({ "publish": false }))
        .await;
    assert_eq!(level(&world, &cast.mobile, &draft).await, "FOLLOWING");
}

#[tokio::test]
async fn what_somebody_has_chosen_stays_when_they_write() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    for chosen in ["MUTED", "DEFAULT", "FOLLOWING"] {
        set(&world, &cast.stayer, &thread, chosen).await;
        world.comment(&cast.stayer, &thread, None, "Said.").await;
        assert_eq!(level(&world, &cast.stayer, &thread).await, chosen);
    }
}

#[tokio::test]
async fn everybody_who_sees_a_thread_chooses_for_themselves_without_an_event() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let before = world.events().await;
    set(&world, &cast.observer, &thread, "FOLLOWING").await;
    set(&world, &cast.observer, &thread, "FOLLOWING").await;
    set(&world, &cast.mobile, &thread, "MUTED").await;
    for (who, expected) in [
        (&cast.observer, "FOLLOWING"),
        (&cast.mobile, "MUTED"),
        (&cast.stayer, "DEFAULT"),
    ] {
        assert_eq!(level(&world, who, &thread).await, expected);
    }
    assert_eq!(world.events().await, before);
    let input = json!({ "threadId": thread, "level": "MUTED" });
    for who in [&cast.foreigner, &cast.colleague] {
        let payload = world.mutate(who, "threadSubscriptionSet", input.clone(), "").await;
        assert_eq!(faults(&payload), ["NOT_FOUND at threadId"]);
    }
}

#[tokio::test]
async fn what_is_muted_still_counts_as_unread() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    world.comment(&cast.mobile, &thread, None, "Said.").await;
    set(&world, &cast.stayer, &thread, "MUTED").await;
    assert_eq!(world.field(&cast.stayer, &thread, "unreadCount").await, 1);
}
