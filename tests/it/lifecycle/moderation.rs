//! What staff decide about what others wrote.

use serde_json::{Value, json};

use crate::support::{World, ids};

const DECISION: &str = "lastDecision { kind reason note version decidedBy { id } }";

#[tokio::test]
async fn approval_publishes_exactly_the_version_that_was_seen() {
    let (world, cast) = World::with_stage().await;
    let id = world.staged(&cast, "thread", &cast.stayer, "PENDING").await;
    world
        .edit(&cast.stayer, &id, json!({ "body": "Changed meanwhile." }))
        .await;
    let input = json!({ "contributionId": id, "expectedVersion": 1 });
    let selection = "contribution { id state version pendingRevision { version body } }";
    let payload = world
        .mutate(&cast.teacher, "contributionApprove", input, selection)
        .await;
    assert_eq!(payload["userErrors"][0]["code"], "CONFLICT");
    assert_eq!(payload["userErrors"][0]["reason"], "STALE_VERSION");
    let expected = json!({
        "id": id, "state": "PENDING", "version": 2, "pendingRevision": { "version": 2, "body": "Changed meanwhile." }
    });
    assert_eq!(payload["contribution"], expected);
}

#[tokio::test]
async fn a_return_gives_back_exactly_the_version_that_was_seen() {
    let (world, cast) = World::with_stage().await;
    let id = world.staged(&cast, "thread", &cast.stayer, "PENDING").await;
    world
        .edit(&cast.stayer, &id, json!({ "body": "Changed meanwhile." }))
        .await;
    let input = json!({ "contributionId": id, "expectedVersion": 1, "note": "Why?" });
    let payload = world
        .mutate(
            &cast.teacher,
            "contributionReturn",
            input,
            "contribution { state version }",
        )
        .await;
    assert_eq!(payload["userErrors"][0]["reason"], "STALE_VERSION");
    assert_eq!(payload["contribution"], json!({ "state": "PENDING", "version": 2 }));
}

#[tokio::test]
async fn a_refusal_carries_the_object_as_it_is() {
    let (world, cast) = World::with_cast().await;
    let id = world.thread(&cast.stayer, &cast.during, "Bread").await;
    let input = json!({ "contributionId": id, "reason": "SPAM" });
    let payload = world
        .mutate(
            &cast.mobile,
            "contributionHide",
            input,
            "contribution { id state } root { id }",
        )
        .await;
    assert_eq!(payload["userErrors"][0]["code"], "FORBIDDEN");
    assert_eq!(payload["contribution"], json!({ "id": id, "state": "PUBLISHED" }));
    assert_eq!(payload["root"], json!({ "id": id }));
}

#[tokio::test]
async fn a_return_needs_a_note() {
    let (world, cast) = World::with_stage().await;
    let id = world.staged(&cast, "thread", &cast.stayer, "PENDING").await;
    for note in ["", "  "] {
        let input = json!({ "contributionId": id, "expectedVersion": 1, "note": note });
        let payload = world
            .mutate(&cast.teacher, "contributionReturn", input, "contribution { state }")
            .await;
        let error = &payload["userErrors"][0];
        assert_eq!(
            (&error["code"], &error["reason"]),
            (&json!("INVALID"), &json!("REQUIRED"))
        );
        assert_eq!(error["field"], json!(["note"]));
        assert_eq!(payload["contribution"]["state"], "PENDING");
    }
}

#[tokio::test]
async fn what_was_returned_is_a_draft_with_the_note() {
    let (world, cast) = World::with_stage().await;
    let id = world.staged(&cast, "thread", &cast.stayer, "PENDING").await;
    let input = json!({ "contributionId": id, "expectedVersion": 1, "reason": "PRIVACY", "note": "No phone numbers." });
    world.done(&cast.teacher, "contributionReturn", input, "").await;
    let selection = format!("state body pendingRevision {{ id }} {DECISION}");
    let seen = world.seen(&cast.stayer, &id, &selection).await;
    let expected = json!({
        "__typename": "Thread", "id": id, "state": "DRAFT", "body": "Said.", "pendingRevision": null,
        "lastDecision": {
            "kind": "RETURNED", "reason": "PRIVACY", "note": "No phone numbers.", "version": 1,
            "decidedBy": { "id": cast.teacher.member }
        }
    });
    assert_eq!(seen, expected);
    assert_eq!(world.seen(&cast.teacher, &id, "state").await, Value::Null);
}

#[tokio::test]
async fn what_was_returned_is_handed_in_again() {
    let (world, cast) = World::with_stage().await;
    for kind in ["thread", "comment"] {
        let id = world.staged(&cast, kind, &cast.stayer, "PENDING").await;
        world.act(&cast.teacher, "Return", &id).await;
        world.edit(&cast.stayer, &id, json!({ "body": "Kinder." })).await;
        assert_eq!(world.attempt(&cast.stayer, "Publish", &id).await, "PENDING");
        assert_eq!(world.attempt(&cast.teacher, "Approve", &id).await, "PUBLISHED");
        assert_eq!(world.field(&cast.mobile, &id, "body").await, "Kinder.");
    }
}

#[tokio::test]
async fn staff_hide_with_a_reason_that_only_author_and_staff_see() {
    let (world, cast) = World::with_cast().await;
    let root = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let id = world.comment(&cast.stayer, &root, None, "Rude.").await;
    let input = json!({ "contributionId": id, "reason": "UNKIND", "note": "Be kind." });
    world.done(&cast.partner, "contributionHide", input, "").await;
    let expected = json!({
        "kind": "HIDDEN", "reason": "UNKIND", "note": "Be kind.", "version": 1, "decidedBy": { "id": cast.partner.member }
    });
    for who in [&cast.stayer, &cast.teacher, &cast.coordinator] {
        assert_eq!(world.seen(who, &id, DECISION).await["lastDecision"], expected);
    }
    for who in [&cast.mobile, &cast.mentor, &cast.observer] {
        assert_eq!(world.seen(who, &id, DECISION).await["lastDecision"], Value::Null);
    }
}

#[tokio::test]
async fn the_last_decision_is_the_newest_one() {
    let (world, cast) = World::with_cast().await;
    let id = world.thread(&cast.stayer, &cast.during, "Bread").await;
    for (act, kind) in [
        ("Hide", "HIDDEN"),
        ("Restore", "RESTORED"),
        ("Hide", "HIDDEN"),
        ("Remove", "REMOVED"),
    ] {
        world.later(1);
        world.act(&cast.teacher, act, &id).await;
        assert_eq!(
            world.seen(&cast.stayer, &id, DECISION).await["lastDecision"]["kind"],
            kind
        );
    }
    assert_eq!(world.decisions(&id).await, 4);
}

#[tokio::test]
async fn a_moderators_removal_needs_a_reason() {
    let (world, cast) = World::with_cast().await;
    let root = world.thread(&cast.stayer, &cast.during, "Bread").await;
    for id in [&world.comment(&cast.stayer, &root, None, "Rude.").await, &root] {
        let input = json!({ "contributionId": id });
        let payload = world
            .mutate(&cast.teacher, "contributionRemove", input, "contribution { state }")
            .await;
        let error = &payload["userErrors"][0];
        assert_eq!(
            (&error["code"], &error["reason"]),
            (&json!("INVALID"), &json!("REQUIRED"))
        );
        assert_eq!(error["field"], json!(["reason"]));
        assert_eq!(payload["contribution"]["state"], "PUBLISHED");
    }
}

#[tokio::test]
async fn removing_ones_own_needs_no_reason_and_is_no_decision() {
    let (world, cast) = World::with_cast().await;
    for who in [&cast.stayer, &cast.teacher] {
        let id = world.thread(who, &cast.during, "Bread").await;
        world
            .done(who, "contributionRemove", json!({ "contributionId": id }), "")
            .await;
        assert_eq!(
            world.row(&id).await.unwrap().state,
            entity::enums::ContentState::Removed
        );
        assert_eq!(world.decisions(&id).await, 0);
    }
}

#[tokio::test]
async fn staff_moderate_staff() {
    let (world, cast) = World::with_cast().await;
    let id = world.thread(&cast.coordinator, &cast.during, "Bread").await;
    assert_eq!(world.attempt(&cast.teacher, "Hide", &id).await, "HIDDEN");
    assert_eq!(world.attempt(&cast.partner, "Restore", &id).await, "PUBLISHED");
}

#[tokio::test]
async fn staff_may_hide_their_own() {
    let (world, cast) = World::with_cast().await;
    let id = world.thread(&cast.teacher, &cast.during, "Bread").await;
    assert_eq!(world.attempt(&cast.teacher, "Hide", &id).await, "HIDDEN");
    assert_eq!(world.attempt(&cast.teacher, "Restore", &id).await, "PUBLISHED");
}

#[tokio::test]
async fn the_first_approval_moves_the_place_in_feeds_and_no_other_does() {
    let (world, cast) = World::with_stage().await;
    let feed = "query($id: ID!) { space(id: $id) { journalEntries { nodes { id } } } }";
    let space = json!({ "id": cast.space });
    let listed = async || ids(&world.ask(&cast.stayer, feed, space.clone()).await["space"]["journalEntries"]);
    world.later(0);
    let waiting = world.entry(&cast.mobile, &cast.after, "Waits", true).await;
    let handed_in = world.row(&waiting).await.unwrap().listed_at;
    world.later(10);
    let between = world.entry(&cast.mobile, &cast.during, "Between", true).await;
    assert_eq!(listed().await, std::slice::from_ref(&between));
    let approved = world.later(10);
    world.act(&cast.teacher, "Approve", &waiting).await;
    let row = world.row(&waiting).await.unwrap();
    assert!(handed_in < row.listed_at);
    assert_eq!(
        (row.listed_at, row.published_at, row.last_activity_at),
        (Some(approved), Some(approved), approved)
    );
    assert_eq!(listed().await, [waiting.clone(), between.clone()]);

    world.later(10);
    let newest = world.entry(&cast.mobile, &cast.during, "Newest", true).await;
    for act in ["Hide", "Restore"] {
        world.later(10);
        world.act(&cast.teacher, act, &waiting).await;
    }
    world.edit(&cast.mobile, &waiting, json!({ "body": "Better." })).await;
    world.later(10);
    world.act(&cast.teacher, "Approve", &waiting).await;
    assert_eq!(world.row(&waiting).await.unwrap().listed_at, Some(approved));
    assert_eq!(listed().await, [newest, waiting, between]);
}

#[tokio::test]
async fn what_waits_is_published_by_its_edit_once_nothing_waits_here_any_more() {
    let (world, cast) = World::with_stage().await;
    let id = world.staged(&cast, "thread", &cast.stayer, "PENDING").await;
    world
        .phase_set(&cast.coordinator, &cast.after, json!({ "moderation": "POST" }))
        .await;
    let now = world.later(60);
    world.edit(&cast.stayer, &id, json!({ "body": "At once." })).await;
    assert_eq!(world.field(&cast.mobile, &id, "body").await, "At once.");
    let row = world.row(&id).await.unwrap();
    assert_eq!((row.published_at, row.last_activity_at), (Some(now), now));
}

#[tokio::test]
async fn staff_remove_what_waits_with_all_that_waits_in_it() {
    let (world, cast) = World::with_stage().await;
    let queue = "query($id: ID!) { space(id: $id) { moderationQueue { totalCount nodes { id } } } }";
    for state in ["PENDING", "EDITED"] {
        let id = world.staged(&cast, "thread", &cast.stayer, state).await;
        world.act(&cast.teacher, "Remove", &id).await;
        let row = world.row(&id).await.unwrap();
        assert_eq!(row.pending_version, None);
    }
    let data = world.ask(&cast.teacher, queue, json!({ "id": cast.space })).await;
    assert_eq!(
        data["space"]["moderationQueue"],
        json!({ "totalCount": 0, "nodes": [] })
    );
}

/// Nobody decides about an edit of what nobody sees: it waits outside the queue until the text is restored.
#[tokio::test]
async fn an_edit_of_something_hidden_leaves_the_queue_until_that_is_restored() {
    let (world, cast) = World::with_stage().await;
    let query = "query($id: ID!) { space(id: $id) { moderationQueue { totalCount nodes { contribution { id } } } } }";
    let id = world.staged(&cast, "thread", &cast.stayer, "EDITED").await;
    let queue = async || {
        let data = world.ask(&cast.teacher, query, json!({ "id": cast.space })).await;
        let queue = &data["space"]["moderationQueue"];
        assert_eq!(queue["totalCount"], queue["nodes"].as_array().unwrap().len());
        queue["totalCount"].clone()
    };
    assert_eq!(queue().await, 1);
    world.act(&cast.teacher, "Hide", &id).await;
    assert_eq!(queue().await, 0);
    assert_eq!(world.attempt(&cast.teacher, "Approve", &id).await, "STATE_NOT_ALLOWED");
    world.act(&cast.teacher, "Restore", &id).await;
    assert_eq!(queue().await, 1);
    world.act(&cast.teacher, "Approve", &id).await;
    assert_eq!(queue().await, 0);
}
