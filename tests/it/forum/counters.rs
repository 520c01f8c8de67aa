//! `commentCount`, `lastComment` and `lastActivityAt`: the same for everybody.

use serde_json::{Value, json};

use crate::support::{Person, World};

/// `commentCount` of a root, the same for staff and classmates, and the id of `lastComment`.
async fn counted(world: &World, viewers: &[&Person], root: &str) -> (i64, Value) {
    let mut found = Vec::new();
    for who in viewers {
        let seen = world.seen(who, root, "commentCount lastComment { id }").await;
        found.push((
            seen["commentCount"].as_i64().unwrap(),
            seen["lastComment"]["id"].clone(),
        ));
    }
    assert!(found.iter().all(|one| *one == found[0]), "{found:?}");
    found[0].clone()
}

#[tokio::test]
async fn published_comments_of_any_depth_count() {
    let (world, cast) = World::with_cast().await;
    let root = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let viewers = [&cast.teacher, &cast.mobile, &cast.observer];
    assert_eq!(counted(&world, &viewers, &root).await, (0, Value::Null));
    let one = world.comment(&cast.stayer, &root, None, "One.").await;
    world.later(1);
    let two = world.comment(&cast.mobile, &root, Some(&one), "Two.").await;
    assert_eq!(counted(&world, &viewers, &root).await, (2, json!(two)));
}

#[tokio::test]
async fn hidden_and_removed_comments_count_no_more() {
    let (world, cast) = World::with_cast().await;
    let root = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let viewers = [&cast.teacher, &cast.stayer, &cast.mobile];
    world.later(1);
    let one = world.comment(&cast.stayer, &root, None, "One.").await;
    world.later(1);
    let two = world.comment(&cast.stayer, &root, None, "Two.").await;
    world.act(&cast.teacher, "Hide", &two).await;
    assert_eq!(counted(&world, &viewers, &root).await, (1, json!(one)));
    world.act(&cast.teacher, "Restore", &two).await;
    assert_eq!(counted(&world, &viewers, &root).await, (2, json!(two)));
    world.act(&cast.teacher, "Hide", &two).await;
    world.act(&cast.teacher, "Remove", &two).await;
    assert_eq!(counted(&world, &viewers, &root).await, (1, json!(one)));
    world.act(&cast.stayer, "Remove", &one).await;
    assert_eq!(counted(&world, &viewers, &root).await, (0, Value::Null));
}

#[tokio::test]
async fn a_comment_counts_from_its_approval_on() {
    let (world, cast) = World::with_stage().await;
    let root = world.thread(&cast.teacher, &cast.after, "Bread").await;
    let viewers = [&cast.teacher, &cast.stayer, &cast.mobile];
    let one = world.comment(&cast.stayer, &root, None, "One.").await;
    assert_eq!(counted(&world, &viewers, &root).await, (0, Value::Null));
    world.act(&cast.teacher, "Return", &one).await;
    assert_eq!(counted(&world, &viewers, &root).await, (0, Value::Null));
    world.act(&cast.stayer, "Publish", &one).await;
    assert_eq!(counted(&world, &viewers, &root).await, (0, Value::Null));
    world.act(&cast.teacher, "Approve", &one).await;
    assert_eq!(counted(&world, &viewers, &root).await, (1, json!(one)));
}

#[tokio::test]
async fn an_edit_that_waits_changes_no_counter() {
    let (world, cast) = World::with_stage().await;
    let comment = world.staged(&cast, "comment", &cast.stayer, "EDITED").await;
    let root = world.seen(&cast.stayer, &comment, "root { id }").await["root"]["id"].clone();
    let viewers = [&cast.teacher, &cast.stayer, &cast.mobile];
    for act in ["Return", "Approve"] {
        assert_eq!(
            counted(&world, &viewers, root.as_str().unwrap()).await,
            (1, json!(comment))
        );
        world.act(&cast.teacher, act, &comment).await;
        assert_eq!(
            counted(&world, &viewers, root.as_str().unwrap()).await,
            (1, json!(comment))
        );
        world.edit(&cast.stayer, &comment, json!({ "body": act })).await;
    }
}

#[tokio::test]
async fn a_comment_that_waits_is_counted_in_the_list_of_its_author_and_staff() {
    let (world, cast) = World::with_stage().await;
    let root = world.thread(&cast.teacher, &cast.after, "Bread").await;
    world.comment(&cast.teacher, &root, None, "Open.").await;
    world.comment(&cast.stayer, &root, None, "Waits.").await;
    for (who, count) in [
        (&cast.stayer, 2),
        (&cast.teacher, 2),
        (&cast.mobile, 1),
        (&cast.mentor, 1),
    ] {
        let seen = world
            .seen(who, &root, "commentCount comments { totalCount nodes { id } }")
            .await;
        assert_eq!(
            (&seen["commentCount"], &seen["comments"]["totalCount"]),
            (&json!(1), &json!(count))
        );
        assert_eq!(seen["comments"]["nodes"].as_array().unwrap().len(), count);
    }
}

#[tokio::test]
async fn counters_make_no_version() {
    let (world, cast) = World::with_cast().await;
    let root = world.thread(&cast.teacher, &cast.during, "Bread").await;
    world.comment(&cast.stayer, &root, None, "One.").await;
    let row = world.row(&root).await.unwrap();
    assert_eq!((row.version, row.comment_count), (1, 1));
}

#[tokio::test]
async fn every_lifecycle_payload_carries_the_root_with_its_counters() {
    let (world, cast) = World::with_stage().await;
    let root = world.thread(&cast.teacher, &cast.after, "Bread").await;
    let input = json!({ "rootId": root, "body": "One." });
    let selection = "root { id commentCount }";
    let payload = world
        .done(
            &cast.stayer,
            "commentCreate",
            input,
            "comment { id } root { id commentCount }",
        )
        .await;
    assert_eq!(payload["root"], json!({ "id": root, "commentCount": 0 }));
    let comment = payload["comment"]["id"].as_str().unwrap().to_owned();
    for (who, act, count) in [
        (&cast.stayer, "Withdraw", 0),
        (&cast.stayer, "Publish", 0),
        (&cast.teacher, "Approve", 1),
        (&cast.teacher, "Hide", 0),
        (&cast.teacher, "Restore", 1),
        (&cast.stayer, "Remove", 0),
    ] {
        let input = world.lifecycle_input(act, &comment).await;
        let payload = world.done(who, &format!("contribution{act}"), input, selection).await;
        assert_eq!(payload["root"], json!({ "id": root, "commentCount": count }), "{act}");
    }
}

#[tokio::test]
async fn last_activity_is_the_publication_of_the_newest_comment() {
    let (world, cast) = World::with_cast().await;
    let opened = world.later(0);
    let root = world.thread(&cast.teacher, &cast.during, "Bread").await;
    assert_eq!(world.row(&root).await.unwrap().last_activity_at, opened);
    let said = world.later(60);
    let comment = world.comment(&cast.stayer, &root, None, "One.").await;
    world.later(60);
    world
        .edit(&cast.stayer, &comment, json!({ "body": "One, again." }))
        .await;
    assert_eq!(world.row(&root).await.unwrap().last_activity_at, said);
}
