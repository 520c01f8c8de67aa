//! Lifecycle calls are repeatable: the target state already reached at that version is a success without an event.

use serde_json::{Value, json};

use crate::support::{Person, World};

/// Calls a mutation twice: the second call is done, and makes no event, no decision and no revision.
async fn twice(world: &World, who: &Person, act: &str, id: &str) {
    let input = world.lifecycle_input(act, id).await;
    again(world, who, &format!("contribution{act}"), input, id).await;
}

async fn again(world: &World, who: &Person, name: &str, input: Value, id: &str) {
    world.done(who, name, input.clone(), "").await;
    let traces = (
        world.events().await,
        world.decisions(id).await,
        world.revisions(id).await,
    );
    let row = world.row(id).await;
    world.later(5);
    world.done(who, name, input, "").await;
    assert_eq!(
        (
            world.events().await,
            world.decisions(id).await,
            world.revisions(id).await
        ),
        traces,
        "{name}"
    );
    assert_eq!(world.row(id).await, row, "{name}");
}

#[tokio::test]
async fn publish_is_repeatable() {
    let (world, cast) = World::with_stage().await;
    for phase in [&cast.during, &cast.after] {
        let draft = world.entry(&cast.mobile, phase, "Riga", false).await;
        twice(&world, &cast.mobile, "Publish", &draft).await;
    }
}

#[tokio::test]
async fn withdraw_is_repeatable() {
    let (world, cast) = World::with_stage().await;
    for state in ["PENDING", "PUBLISHED", "EDITED"] {
        let entry = world.staged(&cast, "journalEntry", &cast.mobile, state).await;
        twice(&world, &cast.mobile, "Withdraw", &entry).await;
    }
}

#[tokio::test]
async fn removal_of_what_was_published_is_repeatable() {
    let (world, cast) = World::with_stage().await;
    for (who, author) in [(&cast.stayer, &cast.stayer), (&cast.teacher, &cast.stayer)] {
        for kind in ["thread", "comment"] {
            let id = world.staged(&cast, kind, author, "PUBLISHED").await;
            twice(&world, who, "Remove", &id).await;
        }
    }
}

#[tokio::test]
async fn removal_of_a_draft_is_repeatable_for_its_author_alone() {
    let (world, cast) = World::with_stage().await;
    for kind in ["thread", "journalEntry"] {
        let id = world.staged(&cast, kind, &cast.mobile, "DRAFT").await;
        let input = json!({ "contributionId": id });
        for _ in 0..2 {
            let payload = world
                .done(
                    &cast.mobile,
                    "contributionRemove",
                    input.clone(),
                    "deletedContributionId",
                )
                .await;
            assert_eq!(payload["deletedContributionId"], json!(id));
        }
        assert_eq!(
            world.refused(&cast.teacher, "contributionRemove", input).await,
            ["NOT_FOUND"]
        );
    }
}

#[tokio::test]
async fn approval_is_repeatable() {
    let (world, cast) = World::with_stage().await;
    for state in ["PENDING", "EDITED"] {
        for kind in ["thread", "comment"] {
            let id = world.staged(&cast, kind, &cast.stayer, state).await;
            twice(&world, &cast.teacher, "Approve", &id).await;
        }
    }
}

#[tokio::test]
async fn the_return_of_an_edit_is_repeatable() {
    let (world, cast) = World::with_stage().await;
    let id = world.staged(&cast, "thread", &cast.stayer, "EDITED").await;
    twice(&world, &cast.teacher, "Return", &id).await;
}

#[tokio::test]
async fn the_return_of_something_new_is_repeatable_although_staff_see_it_no_more() {
    let (world, cast) = World::with_stage().await;
    for kind in ["thread", "comment"] {
        let id = world.staged(&cast, kind, &cast.stayer, "PENDING").await;
        twice(&world, &cast.teacher, "Return", &id).await;
    }
}

#[tokio::test]
async fn a_repeated_return_tells_nobody_else_that_there_is_something() {
    let (world, cast) = World::with_stage().await;
    let id = world.staged(&cast, "thread", &cast.stayer, "PENDING").await;
    let input = json!({ "contributionId": id, "expectedVersion": 1, "note": "Look again." });
    world.done(&cast.teacher, "contributionReturn", input.clone(), "").await;
    assert_eq!(
        world
            .refused(&cast.partner_pupil, "contributionReturn", input.clone())
            .await,
        ["NOT_FOUND"]
    );
    assert_eq!(
        world
            .refused(&cast.foreigner, "contributionReturn", input.clone())
            .await,
        ["NOT_FOUND"]
    );
    let other = json!({ "contributionId": id, "expectedVersion": 2, "note": "Look again." });
    assert_eq!(
        world.refused(&cast.teacher, "contributionReturn", other).await,
        ["NOT_FOUND"]
    );
}

#[tokio::test]
async fn hiding_is_repeatable() {
    let (world, cast) = World::with_stage().await;
    for kind in ["thread", "comment"] {
        let id = world.staged(&cast, kind, &cast.stayer, "PUBLISHED").await;
        twice(&world, &cast.teacher, "Hide", &id).await;
    }
}

#[tokio::test]
async fn restoring_is_repeatable() {
    let (world, cast) = World::with_stage().await;
    for kind in ["thread", "comment"] {
        let id = world.staged(&cast, kind, &cast.stayer, "HIDDEN").await;
        twice(&world, &cast.teacher, "Restore", &id).await;
    }
}

#[tokio::test]
async fn pins_and_locks_are_repeatable() {
    let (world, cast) = World::with_cast().await;
    let id = world.thread(&cast.stayer, &cast.during, "Bread").await;
    for name in ["threadPin", "threadUnpin", "threadLock", "threadUnlock"] {
        again(&world, &cast.teacher, name, json!({ "threadId": id }), &id).await;
    }
}

#[tokio::test]
async fn an_update_that_changes_nothing_makes_no_version() {
    let (world, cast) = World::with_cast().await;
    let id = world.thread(&cast.stayer, &cast.during, "Bread").await;
    let input = json!({ "threadId": id, "expectedVersion": 1, "title": "Bread", "audience": "SPACE" });
    again(&world, &cast.stayer, "threadUpdate", input, &id).await;
    assert_eq!(world.row(&id).await.unwrap().version, 1);
}

/// Sends an update twice, as if the first answer was lost: the second is success, and nothing happens.
async fn update_twice(world: &World, who: &Person, (name, input): (&str, Value), id: &str) {
    world.done(who, name, input.clone(), "").await;
    let (events, now) = (world.events().await, version(world, who, id).await);
    world.later(5);
    world.done(who, name, input, "").await;
    assert_eq!(
        (world.events().await, version(world, who, id).await),
        (events, now),
        "{name}"
    );
}

async fn version(world: &World, who: &Person, id: &str) -> Value {
    let query = "query($id: ID!) { node(id: $id) { ... on Contribution { version } ... on Space { version } ... on Phase { version } \
        ... on Membership { version } ... on ReviewRound { version } } }";
    let data = world.ask(who, query, json!({ "id": id })).await;
    assert!(data["node"]["version"].is_number(), "{data}");
    data["node"]["version"].clone()
}

#[tokio::test]
async fn an_update_of_a_text_that_is_sent_again_is_success() {
    let (world, cast) = World::with_stage().await;
    for (kind, state) in [
        ("thread", "DRAFT"),
        ("thread", "PUBLISHED"),
        ("thread", "PENDING"),
        ("thread", "EDITED"),
        ("journalEntry", "DRAFT"),
        ("journalEntry", "PUBLISHED"),
        ("comment", "PUBLISHED"),
        ("comment", "PENDING"),
    ] {
        let id = world.staged(&cast, kind, &cast.mobile, state).await;
        let update = world.edit_input(&id, json!({ "body": " Said  best.\r\n" })).await;
        update_twice(&world, &cast.mobile, update, &id).await;
        // The same again at the version of now is no change either.
        let update = world.edit_input(&id, json!({ "body": "Said  best." })).await;
        update_twice(&world, &cast.mobile, update, &id).await;
    }
}

#[tokio::test]
async fn an_edit_that_was_returned_since_is_success_all_the_same() {
    let (world, cast) = World::with_stage().await;
    let id = world.staged(&cast, "comment", &cast.mobile, "PENDING").await;
    world.act(&cast.teacher, "Approve", &id).await;
    let (name, input) = world.edit_input(&id, json!({ "body": "Said best." })).await;
    world.done(&cast.mobile, name, input.clone(), "").await;
    world.act(&cast.teacher, "Return", &id).await;
    let row = world.row(&id).await;
    world.done(&cast.mobile, name, input, "").await;
    assert_eq!(world.row(&id).await, row);
}

#[tokio::test]
async fn what_is_sent_again_is_stale_after_something_else() {
    let (world, cast) = World::with_cast().await;
    let id = world.thread(&cast.stayer, &cast.during, "Bread").await;
    let first = json!({ "threadId": id, "expectedVersion": 1, "title": "Butter" });
    world.done(&cast.stayer, "threadUpdate", first.clone(), "").await;
    let other = json!({ "threadId": id, "expectedVersion": 1, "title": "Cheese" });
    assert_eq!(
        world.refused(&cast.stayer, "threadUpdate", other).await,
        ["CONFLICT/STALE_VERSION"]
    );
    for title in ["Cheese", "Butter"] {
        let version = world.row(&id).await.unwrap().version;
        let next = json!({ "threadId": id, "expectedVersion": version, "title": title });
        world.done(&cast.stayer, "threadUpdate", next, "").await;
    }
    let refused = world.refused(&cast.stayer, "threadUpdate", first).await;
    assert_eq!(refused, ["CONFLICT/STALE_VERSION"], "two versions later");
}

#[tokio::test]
async fn rights_are_asked_again() {
    let (world, cast) = World::with_cast().await;
    let id = world.thread(&cast.stayer, &cast.during, "Bread").await;
    let input = json!({ "threadId": id, "expectedVersion": 1, "title": "Butter" });
    world.done(&cast.stayer, "threadUpdate", input.clone(), "").await;
    world
        .done(&cast.coordinator, "phaseClose", json!({ "phaseId": cast.during }), "")
        .await;
    assert_eq!(
        world.refused(&cast.stayer, "threadUpdate", input).await,
        ["FORBIDDEN/PHASE_NOT_OPEN"]
    );
}

#[tokio::test]
async fn an_update_by_staff_that_is_sent_again_is_success_for_them_alone() {
    let (world, cast) = World::with_cast().await;
    let criterion = json!({ "kind": "COMMENT", "title": "I noticed" });
    let day = |days: i64| (world.app().clock.now() + chrono::TimeDelta::days(days)).to_rfc3339();
    let round = json!({ "phaseId": cast.during, "title": "Bread", "reviewsDueAt": day(1), "reflectionAt": day(2),
        "closesAt": day(3), "criteria": [criterion] });
    let round = world
        .done(&cast.coordinator, "reviewRoundCreate", round, "round { id }")
        .await;
    let round = round["round"]["id"].as_str().unwrap().to_owned();
    let criteria = json!([criterion, { "kind": "COMMENT", "title": "I wonder" }]);
    for (name, field, id, content) in [
        (
            "spaceUpdate",
            "spaceId",
            &cast.space,
            json!({ "title": "Bread  ", "presenceHours": { "from": "08:00", "to": "20:00" } }),
        ),
        (
            "phaseUpdate",
            "phaseId",
            &cast.during,
            json!({ "title": "On the way", "startsAt": day(1) }),
        ),
        (
            "memberUpdate",
            "membershipId",
            &cast.observer.member,
            json!({ "role": "MENTOR" }),
        ),
        (
            "phasePromptsUpdate",
            "phaseId",
            &cast.after,
            json!({ "week": "2026-W48", "language": "en", "prompts": [{ "question": "What now?" }] }),
        ),
        (
            "reviewRoundUpdate",
            "roundId",
            &round,
            json!({ "criteria": criteria, "instructions": "Be kind." }),
        ),
    ] {
        let mut input = content;
        input[field] = json!(id);
        input["expectedVersion"] = version(&world, &cast.coordinator, id).await;
        update_twice(&world, &cast.coordinator, (name, input.clone()), id).await;
        if name == "reviewRoundUpdate" {
            let mut padded = input.clone();
            padded["instructions"] = json!("Be kind. \n");
            world.done(&cast.coordinator, name, padded, "").await;
        }
        if name != "memberUpdate" {
            let by_other = world.refused(&cast.partner, name, input.clone()).await;
            assert_eq!(by_other, ["CONFLICT/STALE_VERSION"], "{name}: by somebody else");
        }
        let mut other = input;
        other["expectedVersion"] = json!(other["expectedVersion"].as_i64().unwrap() - 1);
        let refused = world.refused(&cast.coordinator, name, other).await;
        assert_eq!(refused, ["CONFLICT/STALE_VERSION"], "{name}: of an older version");
    }
}
