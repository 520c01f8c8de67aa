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
