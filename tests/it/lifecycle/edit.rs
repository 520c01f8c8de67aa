//! Editing: versions, edits that wait, and the mark of a late edit.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::World;

const REVISIONS: &str = "revisions { nodes { version state body } }";

/// `version state body` of each revision as somebody sees them, newest first.
fn told(seen: &Value) -> Vec<String> {
    let nodes = seen["revisions"]["nodes"].as_array().unwrap();
    let line = |node: &Value| {
        let text = |field: &str| node[field].as_str().unwrap().to_owned();
        format!("{} {} {}", node["version"], text("state"), text("body"))
    };
    nodes.iter().map(line).collect()
}

#[tokio::test]
async fn a_pre_moderated_edit_leaves_the_published_text_to_everybody() {
    let (world, cast) = World::with_stage().await;
    for (kind, author) in [
        ("thread", &cast.stayer),
        ("comment", &cast.stayer),
        ("journalEntry", &cast.mobile),
    ] {
        let id = world.staged(&cast, kind, author, "EDITED").await;
        for who in [author, &cast.teacher, &cast.partner_pupil, &cast.mentor, &cast.observer] {
            assert_eq!(world.field(who, &id, "body").await, "Said.", "{kind}");
            assert_eq!(world.field(who, &id, "state").await, "PUBLISHED");
        }
    }
}

#[tokio::test]
async fn an_edit_that_waits_is_shown_to_author_and_staff_alone() {
    let (world, cast) = World::with_stage().await;
    for kind in ["thread", "comment"] {
        let id = world.staged(&cast, kind, &cast.stayer, "EDITED").await;
        let selection = "version pendingRevision { version state body isEdit }";
        let edit = json!({ "version": 2, "state": "PENDING", "body": "Said better.", "isEdit": true });
        for who in [&cast.stayer, &cast.teacher, &cast.coordinator, &cast.partner] {
            let seen = world.seen(who, &id, selection).await;
            assert_eq!((&seen["pendingRevision"], &seen["version"]), (&edit, &json!(2)));
        }
        for who in [&cast.mobile, &cast.partner_pupil, &cast.mentor, &cast.observer] {
            let seen = world.seen(who, &id, selection).await;
            assert_eq!((&seen["pendingRevision"], &seen["version"]), (&Value::Null, &json!(1)));
        }
    }
}

#[tokio::test]
async fn approval_of_an_edit_swaps_the_text() {
    let (world, cast) = World::with_stage().await;
    let id = world.staged(&cast, "thread", &cast.stayer, "EDITED").await;
    world.act(&cast.teacher, "Approve", &id).await;
    let selection = format!("body version pendingRevision {{ id }} {REVISIONS}");
    let seen = world.seen(&cast.stayer, &id, &selection).await;
    assert_eq!((&seen["body"], &seen["version"]), (&json!("Said better."), &json!(2)));
    assert_eq!(seen["pendingRevision"], Value::Null);
    assert_eq!(told(&seen), ["2 PUBLISHED Said better.", "1 PUBLISHED Said."]);
    assert_eq!(world.field(&cast.mobile, &id, "body").await, "Said better.");
}

#[tokio::test]
async fn the_return_of_an_edit_keeps_the_published_text() {
    let (world, cast) = World::with_stage().await;
    for kind in ["thread", "comment"] {
        let id = world.staged(&cast, kind, &cast.stayer, "EDITED").await;
        let input = json!({ "contributionId": id, "expectedVersion": 2, "note": "The first was better." });
        world.done(&cast.teacher, "contributionReturn", input, "").await;
        let selection = format!("state body pendingRevision {{ id }} lastDecision {{ kind note version }} {REVISIONS}");
        let seen = world.seen(&cast.stayer, &id, &selection).await;
        assert_eq!((&seen["state"], &seen["body"]), (&json!("PUBLISHED"), &json!("Said.")));
        assert_eq!(seen["pendingRevision"], Value::Null);
        let decision = json!({ "kind": "RETURNED", "note": "The first was better.", "version": 2 });
        assert_eq!(seen["lastDecision"], decision);
        assert_eq!(told(&seen), ["2 RETURNED Said better.", "1 PUBLISHED Said."]);
    }
}

#[tokio::test]
async fn a_version_number_never_returns() {
    let (world, cast) = World::with_stage().await;
    let id = world.staged(&cast, "thread", &cast.stayer, "EDITED").await;
    world.act(&cast.teacher, "Return", &id).await;
    world.edit(&cast.stayer, &id, json!({ "body": "Third." })).await;
    let seen = world
        .seen(
            &cast.teacher,
            &id,
            &format!("pendingRevision {{ version }} {REVISIONS}"),
        )
        .await;
    assert_eq!(seen["pendingRevision"]["version"], 3);
    assert_eq!(
        told(&seen),
        ["3 PENDING Third.", "2 RETURNED Said better.", "1 PUBLISHED Said."]
    );
}

#[tokio::test]
async fn a_newer_edit_supersedes_the_one_that_waits() {
    let (world, cast) = World::with_stage().await;
    for kind in ["thread", "comment"] {
        let id = world.staged(&cast, kind, &cast.stayer, "EDITED").await;
        world.edit(&cast.stayer, &id, json!({ "body": "Third." })).await;
        let seen = world.seen(&cast.teacher, &id, &format!("body {REVISIONS}")).await;
        assert_eq!(seen["body"], "Said.");
        assert_eq!(
            told(&seen),
            ["3 PENDING Third.", "2 SUPERSEDED Said better.", "1 PUBLISHED Said."]
        );
    }
}

#[tokio::test]
async fn editing_what_waits_supersedes_the_older_revision() {
    let (world, cast) = World::with_stage().await;
    for (kind, author) in [
        ("thread", &cast.stayer),
        ("comment", &cast.stayer),
        ("journalEntry", &cast.mobile),
    ] {
        let id = world.staged(&cast, kind, author, "PENDING").await;
        let listed_at = world.row(&id).await.unwrap().listed_at;
        world.later(5);
        world.edit(author, &id, json!({ "body": "Second." })).await;
        for who in [author, &cast.teacher] {
            let seen = world.seen(who, &id, &format!("state version {REVISIONS}")).await;
            assert_eq!((&seen["state"], &seen["version"]), (&json!("PENDING"), &json!(2)));
            assert_eq!(told(&seen), ["2 PENDING Second.", "1 SUPERSEDED Said."]);
        }
        assert_eq!(world.row(&id).await.unwrap().listed_at, listed_at);
    }
}

#[tokio::test]
async fn staff_see_every_published_version_and_classmates_none() {
    let (world, cast) = World::with_cast().await;
    let root = world.thread(&cast.stayer, &cast.during, "Bread").await;
    for id in [
        root.clone(),
        world.comment(&cast.stayer, &root, None, "About Bread.").await,
    ] {
        for body in ["Second.", "Third."] {
            world.edit(&cast.stayer, &id, json!({ "body": body })).await;
        }
        let all = ["3 PUBLISHED Third.", "2 PUBLISHED Second.", "1 PUBLISHED About Bread."];
        for who in [&cast.teacher, &cast.partner, &cast.stayer] {
            assert_eq!(told(&world.seen(who, &id, REVISIONS).await), all);
        }
        for who in [&cast.mobile, &cast.mentor, &cast.observer] {
            let seen = world.seen(who, &id, "revisions { totalCount nodes { version } }").await;
            assert_eq!(seen["revisions"], json!({ "totalCount": 0, "nodes": [] }));
        }
    }
}

#[tokio::test]
async fn a_stale_update_changes_nothing_and_carries_the_object() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.mobile, &cast.during, "Bread").await;
    let comment = world.comment(&cast.mobile, &thread, None, "Dark.").await;
    let entry = world.entry(&cast.mobile, &cast.during, "Riga", true).await;
    for (id, object) in [(&thread, "thread"), (&comment, "comment"), (&entry, "journalEntry")] {
        world.edit(&cast.mobile, id, json!({ "body": "Second." })).await;
        for version in [0, 1, 3, 99] {
            let (name, mut input) = world.edit_input(id, json!({ "body": "Lost." })).await;
            input["expectedVersion"] = json!(version);
            let selection = format!("{object} {{ id version body }}");
            let payload = world.mutate(&cast.mobile, name, input, &selection).await;
            let error = &payload["userErrors"][0];
            assert_eq!(
                (&error["code"], &error["reason"]),
                (&json!("CONFLICT"), &json!("STALE_VERSION"))
            );
            assert_eq!(payload[object], json!({ "id": id, "version": 2, "body": "Second." }));
        }
    }
}

#[tokio::test]
async fn nobody_edits_what_others_wrote() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.stayer, &cast.during, "Bread").await;
    let comment = world.comment(&cast.stayer, &thread, None, "Dark.").await;
    for id in [&thread, &comment] {
        for who in [
            &cast.coordinator,
            &cast.teacher,
            &cast.partner,
            &cast.mentor,
            &cast.mobile,
            &cast.observer,
        ] {
            let (name, input) = world.edit_input(id, json!({ "body": "Mine." })).await;
            assert_eq!(world.refused(who, name, input).await, ["FORBIDDEN/NOT_AUTHOR"]);
        }
        for who in [&cast.foreigner, &cast.colleague, &cast.bystander] {
            let (name, input) = world.edit_input(id, json!({ "body": "Mine." })).await;
            assert_eq!(world.refused(who, name, input).await, ["NOT_FOUND"]);
        }
    }
}

#[tokio::test]
async fn what_is_hidden_or_removed_is_not_edited() {
    let (world, cast) = World::with_stage().await;
    for kind in ["thread", "comment"] {
        for state in ["HIDDEN", "REMOVED"] {
            let id = world.staged(&cast, kind, &cast.stayer, state).await;
            let (name, input) = world.edit_input(&id, json!({ "body": "Again." })).await;
            assert_eq!(
                world.refused(&cast.stayer, name, input).await,
                ["FORBIDDEN/STATE_NOT_ALLOWED"]
            );
        }
    }
}

#[tokio::test]
async fn in_a_closed_phase_nothing_is_edited() {
    let (world, cast) = World::with_stage().await;
    let mut known = Vec::new();
    for (kind, state) in [
        ("thread", "DRAFT"),
        ("thread", "PUBLISHED"),
        ("comment", "PUBLISHED"),
        ("thread", "PENDING"),
    ] {
        known.push(world.staged(&cast, kind, &cast.stayer, state).await);
    }
    for phase in [&cast.during, &cast.after] {
        world
            .done(&cast.coordinator, "phaseClose", json!({ "phaseId": phase }), "")
            .await;
    }
    for id in &known {
        let (name, input) = world.edit_input(id, json!({ "body": "Late." })).await;
        assert_eq!(
            world.refused(&cast.stayer, name, input).await,
            ["FORBIDDEN/PHASE_NOT_OPEN"]
        );
    }
}

#[tokio::test]
async fn an_edit_within_thirty_minutes_is_not_marked_and_a_later_one_is() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.stayer, &cast.during, "Bread").await;
    for id in [
        thread.clone(),
        world.comment(&cast.stayer, &thread, None, "Dark.").await,
    ] {
        let published = world.row(&id).await.unwrap().published_at.unwrap();
        world.app().clock.set(Some(published + TimeDelta::minutes(30)));
        world.edit(&cast.stayer, &id, json!({ "body": "In time." })).await;
        assert_eq!(world.field(&cast.mobile, &id, "editedAt").await, Value::Null);
        let late = published + TimeDelta::minutes(30) + TimeDelta::seconds(1);
        world.app().clock.set(Some(late));
        world.edit(&cast.stayer, &id, json!({ "body": "Late." })).await;
        assert_eq!(world.row(&id).await.unwrap().edited_at, Some(late));
        assert_ne!(world.field(&cast.mobile, &id, "editedAt").await, Value::Null);
        world.app().clock.set(None);
    }
}

#[tokio::test]
async fn a_draft_is_never_marked_as_edited() {
    let (world, cast) = World::with_cast().await;
    let id = world.entry(&cast.mobile, &cast.during, "Riga", false).await;
    world.later(3600);
    world.edit(&cast.mobile, &id, json!({ "body": "Later." })).await;
    world.act(&cast.mobile, "Publish", &id).await;
    assert_eq!(world.field(&cast.stayer, &id, "editedAt").await, Value::Null);
}

#[tokio::test]
async fn an_edit_keeps_the_place_in_feeds_and_the_first_publication() {
    let (world, cast) = World::with_cast().await;
    let id = world.entry(&cast.mobile, &cast.during, "Riga", true).await;
    let before = world.row(&id).await.unwrap();
    world.later(7200);
    world
        .edit(&cast.mobile, &id, json!({ "body": "Later.", "title": "Riga again" }))
        .await;
    let after = world.row(&id).await.unwrap();
    assert_eq!(
        (after.listed_at, after.published_at, after.last_activity_at),
        (before.listed_at, before.published_at, before.last_activity_at)
    );
}

#[tokio::test]
async fn an_edit_makes_one_event() {
    let (world, cast) = World::with_stage().await;
    for state in ["PUBLISHED", "PENDING", "EDITED"] {
        let id = world.staged(&cast, "thread", &cast.stayer, state).await;
        let before = world.events().await;
        world.edit(&cast.stayer, &id, json!({ "body": "Newer." })).await;
        assert_eq!(world.events().await, before + 1, "{state}");
    }
}
