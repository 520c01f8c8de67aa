//! The audience ladder: lowering is always allowed, raising to SPACE follows the publish rule.

use serde_json::{Value, json};

use crate::support::{World, ids};

#[tokio::test]
async fn lowering_the_audience_takes_it_out_of_sight_at_once() {
    let (world, cast) = World::with_cast().await;
    let id = world.entry(&cast.mobile, &cast.during, "Riga", true).await;
    world.edit(&cast.mobile, &id, json!({ "audience": "STAFF" })).await;
    assert_eq!(world.seen(&cast.stayer, &id, "id").await, Value::Null);
    assert_eq!(world.field(&cast.teacher, &id, "audience").await, "STAFF");
    world.edit(&cast.mobile, &id, json!({ "audience": "AUTHOR" })).await;
    assert_eq!(world.seen(&cast.teacher, &id, "id").await, Value::Null);
    assert_eq!(world.field(&cast.mobile, &id, "audience").await, "AUTHOR");
}

#[tokio::test]
async fn a_change_of_audience_alone_makes_no_version() {
    let (world, cast) = World::with_cast().await;
    let id = world.entry(&cast.mobile, &cast.during, "Riga", true).await;
    let before = world.events().await;
    world.edit(&cast.mobile, &id, json!({ "audience": "STAFF" })).await;
    world.edit(&cast.mobile, &id, json!({ "audience": "SPACE" })).await;
    assert_eq!(world.row(&id).await.unwrap().version, 1);
    assert_eq!((world.revisions(&id).await, world.events().await), (1, before + 2));
}

#[tokio::test]
async fn the_audience_is_lowered_in_a_closed_phase_and_not_raised() {
    let (world, cast) = World::with_cast().await;
    let entry = world.entry(&cast.mobile, &cast.during, "Riga", true).await;
    let thread = world.thread(&cast.mobile, &cast.during, "Bread").await;
    world
        .done(&cast.coordinator, "phaseClose", json!({ "phaseId": cast.during }), "")
        .await;
    for id in [&entry, &thread] {
        world.edit(&cast.mobile, id, json!({ "audience": "STAFF" })).await;
        assert_eq!(world.seen(&cast.stayer, id, "id").await, Value::Null);
        let (name, input) = world.edit_input(id, json!({ "audience": "SPACE" })).await;
        assert_eq!(
            world.refused(&cast.mobile, name, input).await,
            ["FORBIDDEN/PHASE_NOT_OPEN"]
        );
        let (name, input) = world
            .edit_input(id, json!({ "audience": "AUTHOR", "body": "And more." }))
            .await;
        assert_eq!(
            world.refused(&cast.mobile, name, input).await,
            ["FORBIDDEN/PHASE_NOT_OPEN"]
        );
    }
}

#[tokio::test]
async fn under_post_the_audience_is_raised_at_once() {
    let (world, cast) = World::with_cast().await;
    let input = json!({ "audience": "AUTHOR", "publish": true });
    let id = world.create(&cast.mobile, "journalEntry", &cast.during, input).await;
    world.edit(&cast.mobile, &id, json!({ "audience": "SPACE" })).await;
    assert_eq!(world.field(&cast.stayer, &id, "audience").await, "SPACE");
}

#[tokio::test]
async fn under_pre_raising_to_space_waits_and_the_old_audience_holds() {
    let (world, cast) = World::with_stage().await;
    let input = json!({ "audience": "STAFF", "publish": true, "body": "For staff." });
    let id = world.create(&cast.mobile, "journalEntry", &cast.after, input).await;
    world.edit(&cast.mobile, &id, json!({ "audience": "SPACE" })).await;
    let selection = "audience state body pendingRevision { version body }";
    for who in [&cast.mobile, &cast.teacher] {
        let seen = world.seen(who, &id, selection).await;
        assert_eq!(
            (&seen["audience"], &seen["state"]),
            (&json!("STAFF"), &json!("PUBLISHED"))
        );
        assert_eq!(seen["pendingRevision"], json!({ "version": 2, "body": "For staff." }));
    }
    assert_eq!(world.seen(&cast.stayer, &id, "id").await, Value::Null);
    world.act(&cast.teacher, "Approve", &id).await;
    let seen = world.seen(&cast.stayer, &id, "audience body").await;
    assert_eq!(
        (&seen["audience"], &seen["body"]),
        (&json!("SPACE"), &json!("For staff."))
    );
}

#[tokio::test]
async fn under_pre_a_private_entry_that_is_raised_is_approved_by_staff() {
    let (world, cast) = World::with_stage().await;
    let input = json!({ "audience": "AUTHOR", "publish": true, "body": "Private." });
    let id = world.create(&cast.mobile, "journalEntry", &cast.after, input).await;
    assert_eq!(world.seen(&cast.teacher, &id, "id").await, Value::Null);
    world.edit(&cast.mobile, &id, json!({ "audience": "SPACE" })).await;
    let seen = world
        .seen(&cast.mobile, &id, "audience pendingRevision { version }")
        .await;
    assert_eq!(
        (&seen["audience"], &seen["pendingRevision"]["version"]),
        (&json!("AUTHOR"), &json!(2))
    );
    assert_eq!(world.seen(&cast.stayer, &id, "id").await, Value::Null);
    let queue = "query($id: ID!) { space(id: $id) { moderationQueue { totalCount nodes { contribution { id } } } } }";
    let data = world.ask(&cast.teacher, queue, json!({ "id": cast.space })).await;
    let waiting = json!({ "totalCount": 1, "nodes": [{ "contribution": { "id": id } }] });
    assert_eq!(data["space"]["moderationQueue"], waiting);
    world.act(&cast.teacher, "Approve", &id).await;
    assert_eq!(world.field(&cast.stayer, &id, "body").await, "Private.");
}

#[tokio::test]
async fn under_pre_a_private_entry_whose_raising_is_returned_is_private_again() {
    let (world, cast) = World::with_stage().await;
    let input = json!({ "audience": "AUTHOR", "publish": true, "body": "Private." });
    let id = world.create(&cast.mobile, "journalEntry", &cast.after, input).await;
    world.edit(&cast.mobile, &id, json!({ "audience": "SPACE" })).await;
    world.act(&cast.teacher, "Return", &id).await;
    let seen = world
        .seen(&cast.mobile, &id, "audience state lastDecision { kind }")
        .await;
    assert_eq!(
        (&seen["audience"], &seen["state"]),
        (&json!("AUTHOR"), &json!("PUBLISHED"))
    );
    assert_eq!(seen["lastDecision"]["kind"], "RETURNED");
    assert_eq!(world.seen(&cast.teacher, &id, "id").await, Value::Null);
}

#[tokio::test]
async fn a_raising_that_waits_is_taken_back_by_its_author() {
    let (world, cast) = World::with_stage().await;
    for audience in ["STAFF", "AUTHOR"] {
        let input = json!({ "audience": audience, "publish": true, "body": "Not for all." });
        let id = world.create(&cast.mobile, "journalEntry", &cast.after, input).await;
        world.edit(&cast.mobile, &id, json!({ "audience": "SPACE" })).await;
        world.edit(&cast.mobile, &id, json!({ "audience": audience })).await;
        let seen = world
            .seen(&cast.mobile, &id, "audience state pendingRevision { id }")
            .await;
        assert_eq!(
            (&seen["audience"], &seen["state"]),
            (&json!(audience), &json!("PUBLISHED"))
        );
        assert_eq!(seen["pendingRevision"], Value::Null);
        assert_eq!(world.row(&id).await.unwrap().pending_version, None);
    }
}

#[tokio::test]
async fn an_edit_of_a_raising_that_waits_keeps_it_waiting() {
    let (world, cast) = World::with_stage().await;
    let input = json!({ "audience": "STAFF", "publish": true, "body": "For staff." });
    let id = world.create(&cast.mobile, "journalEntry", &cast.after, input).await;
    world.edit(&cast.mobile, &id, json!({ "audience": "SPACE" })).await;
    world.edit(&cast.mobile, &id, json!({ "body": "For all." })).await;
    let seen = world
        .seen(&cast.teacher, &id, "audience body pendingRevision { version body }")
        .await;
    assert_eq!(
        (&seen["audience"], &seen["body"]),
        (&json!("STAFF"), &json!("For staff."))
    );
    assert_eq!(seen["pendingRevision"], json!({ "version": 3, "body": "For all." }));
    world.act(&cast.teacher, "Approve", &id).await;
    assert_eq!(world.field(&cast.stayer, &id, "body").await, "For all.");
}

#[tokio::test]
async fn under_pre_raising_to_staff_does_not_wait() {
    let (world, cast) = World::with_stage().await;
    let input = json!({ "audience": "AUTHOR", "publish": true });
    let id = world.create(&cast.mobile, "journalEntry", &cast.after, input).await;
    world.edit(&cast.mobile, &id, json!({ "audience": "STAFF" })).await;
    let seen = world.seen(&cast.teacher, &id, "audience pendingRevision { id }").await;
    assert_eq!(
        (&seen["audience"], &seen["pendingRevision"]),
        (&json!("STAFF"), &Value::Null)
    );
}

#[tokio::test]
async fn under_pre_edits_for_staff_or_the_author_alone_do_not_wait() {
    let (world, cast) = World::with_stage().await;
    for audience in ["AUTHOR", "STAFF"] {
        let input = json!({ "audience": audience, "publish": true });
        let id = world.create(&cast.mobile, "journalEntry", &cast.after, input).await;
        world.edit(&cast.mobile, &id, json!({ "body": "Newer." })).await;
        let seen = world.seen(&cast.mobile, &id, "body pendingRevision { id }").await;
        assert_eq!(
            (&seen["body"], &seen["pendingRevision"]),
            (&json!("Newer."), &Value::Null)
        );
    }
}

#[tokio::test]
async fn what_waits_and_is_lowered_waits_no_more() {
    let (world, cast) = World::with_stage().await;
    let id = world.entry(&cast.mobile, &cast.after, "Riga", true).await;
    world.edit(&cast.mobile, &id, json!({ "audience": "STAFF" })).await;
    let seen = world
        .seen(&cast.teacher, &id, "state audience pendingRevision { id }")
        .await;
    assert_eq!(
        (&seen["state"], &seen["audience"]),
        (&json!("PUBLISHED"), &json!("STAFF"))
    );
    assert_eq!(seen["pendingRevision"], Value::Null);
    assert_eq!(world.seen(&cast.stayer, &id, "id").await, Value::Null);
}

#[tokio::test]
async fn staff_raise_their_own_at_once() {
    let (world, cast) = World::with_stage().await;
    let id = world
        .create(&cast.teacher, "thread", &cast.after, json!({ "audience": "STAFF" }))
        .await;
    world.edit(&cast.teacher, &id, json!({ "audience": "SPACE" })).await;
    assert_eq!(world.field(&cast.stayer, &id, "audience").await, "SPACE");
}

#[tokio::test]
async fn a_lowered_thread_leaves_and_joins_the_lists_of_classmates() {
    let (world, cast) = World::with_cast().await;
    let list = "query($id: ID!) { space(id: $id) { threads { totalCount nodes { id } } } }";
    let space = json!({ "id": cast.space });
    let id = world.thread(&cast.stayer, &cast.during, "Bread").await;
    for (audience, expected) in [("STAFF", vec![]), ("SPACE", vec![id.clone()])] {
        world.edit(&cast.stayer, &id, json!({ "audience": audience })).await;
        let threads = world.ask(&cast.mobile, list, space.clone()).await["space"]["threads"].clone();
        assert_eq!(
            (ids(&threads), &threads["totalCount"]),
            (expected.clone(), &json!(expected.len()))
        );
    }
}

#[tokio::test]
async fn staff_are_told_live_of_a_raising_that_waits_and_of_its_end() {
    let (world, cast) = World::with_stage().await;
    let input = json!({ "audience": "AUTHOR", "publish": true });
    let id = world.create(&cast.mobile, "journalEntry", &cast.after, input).await;
    let now = world.node.newest(&cast.teacher, &cast.space).await;
    let mut live = world.node.watch(&cast.teacher, &cast.space, Some(&now)).await;
    world.edit(&cast.mobile, &id, json!({ "audience": "SPACE" })).await;
    let event = live.event().await;
    assert_eq!(event["kind"], "CONTRIBUTION_SUBMITTED");
    assert_eq!(event["contribution"]["id"], json!(id));
    world.edit(&cast.mobile, &id, json!({ "audience": "AUTHOR" })).await;
    let event = live.event().await;
    assert_eq!(event["__typename"], "ContributionGone");
    assert_eq!(event["deletedContributionId"], json!(id));
}
