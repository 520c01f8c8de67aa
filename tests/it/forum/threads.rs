//! Threads: their order, pins, locks, and who opens them.

use serde_json::{Value, json};

use super::why_not;
use crate::support::{Person, World, ids};

/// Threads of a space as somebody sees them.
async fn threads(world: &World, who: &Person, space: &str) -> Vec<String> {
    let query = "query($id: ID!) { space(id: $id) { threads { totalCount nodes { id } } } }";
    let found = world.ask(who, query, json!({ "id": space })).await["space"]["threads"].clone();
    let ids = ids(&found);
    assert_eq!(found["totalCount"], json!(ids.len()));
    ids
}

/// Three threads, the first one made first.
async fn three(world: &World, who: &Person, phase: &str) -> [String; 3] {
    let mut made = Vec::new();
    for title in ["One", "Two", "Three"] {
        world.later(1);
        made.push(world.thread(who, phase, title).await);
    }
    made.try_into().unwrap()
}

#[tokio::test]
async fn threads_stand_by_last_activity() {
    let (world, cast) = World::with_cast().await;
    let [one, two, three] = three(&world, &cast.stayer, &cast.during).await;
    assert_eq!(
        threads(&world, &cast.mobile, &cast.space).await,
        [&*three, &*two, &*one]
    );
}

#[tokio::test]
async fn a_new_comment_moves_its_thread_up() {
    let (world, cast) = World::with_cast().await;
    let [one, two, three] = three(&world, &cast.stayer, &cast.during).await;
    world.later(1);
    world.comment(&cast.mobile, &one, None, "Up!").await;
    assert_eq!(
        threads(&world, &cast.mobile, &cast.space).await,
        [&*one, &*three, &*two]
    );
}

#[tokio::test]
async fn a_comment_that_waits_moves_its_thread_up_when_it_is_approved() {
    let (world, cast) = World::with_stage().await;
    let [one, two, three] = three(&world, &cast.teacher, &cast.after).await;
    world.later(1);
    let comment = world.comment(&cast.mobile, &one, None, "Up!").await;
    assert_eq!(
        threads(&world, &cast.stayer, &cast.space).await,
        [&*three, &*two, &*one]
    );
    world.later(1);
    world.act(&cast.teacher, "Approve", &comment).await;
    assert_eq!(
        threads(&world, &cast.stayer, &cast.space).await,
        [&*one, &*three, &*two]
    );
}

#[tokio::test]
async fn edits_hiding_and_restoring_move_no_thread() {
    let (world, cast) = World::with_cast().await;
    let [one, two, three] = three(&world, &cast.stayer, &cast.during).await;
    let comment = world.comment(&cast.mobile, &three, None, "Said.").await;
    world.later(1);
    world.edit(&cast.stayer, &one, json!({ "body": "Edited." })).await;
    for (act, id) in [
        ("Hide", &comment),
        ("Restore", &comment),
        ("Hide", &one),
        ("Restore", &one),
    ] {
        world.later(1);
        world.act(&cast.teacher, act, id).await;
    }
    assert_eq!(
        threads(&world, &cast.mobile, &cast.space).await,
        [&*three, &*two, &*one]
    );
}

#[tokio::test]
async fn pinned_threads_stand_first_and_by_last_activity_among_themselves() {
    let (world, cast) = World::with_cast().await;
    let [one, two, three] = three(&world, &cast.stayer, &cast.during).await;
    for id in [&two, &one] {
        world
            .done(&cast.teacher, "threadPin", json!({ "threadId": id }), "")
            .await;
    }
    assert_eq!(
        threads(&world, &cast.mobile, &cast.space).await,
        [&*two, &*one, &*three]
    );
    world.later(1);
    world.comment(&cast.mobile, &three, None, "Still third.").await;
    world.comment(&cast.mobile, &one, None, "First.").await;
    assert_eq!(
        threads(&world, &cast.mobile, &cast.space).await,
        [&*one, &*two, &*three]
    );
    world
        .done(&cast.teacher, "threadUnpin", json!({ "threadId": one }), "")
        .await;
    assert_eq!(threads(&world, &cast.mobile, &cast.space).await[0], two);
}

#[tokio::test]
async fn threads_of_a_phase_are_those_of_that_phase_in_the_same_order() {
    let (world, cast) = World::with_stage().await;
    let [one, two, three] = three(&world, &cast.teacher, &cast.during).await;
    let other = world.thread(&cast.teacher, &cast.after, "Other").await;
    world
        .done(&cast.teacher, "threadPin", json!({ "threadId": one }), "")
        .await;
    let query =
        "query($id: ID!) { node(id: $id) { ... on Phase { threads { totalCount nodes { id phase { id } } } } } }";
    for (phase, expected) in [(&cast.during, vec![one, three, two]), (&cast.after, vec![other])] {
        let found = world.ask(&cast.mobile, query, json!({ "id": phase })).await["node"]["threads"].clone();
        assert_eq!(
            (ids(&found), &found["totalCount"]),
            (expected.clone(), &json!(expected.len()))
        );
        assert_eq!(found["nodes"][0]["phase"]["id"], json!(phase));
    }
}

#[tokio::test]
async fn a_page_of_threads_goes_on_where_the_last_one_ended() {
    let (world, cast) = World::with_cast().await;
    let [one, two, three] = three(&world, &cast.stayer, &cast.during).await;
    world
        .done(&cast.teacher, "threadPin", json!({ "threadId": one }), "")
        .await;
    let query = "query($id: ID!, $after: String) { space(id: $id) { threads(first: 2, after: $after) { \
        totalCount pageInfo { hasNextPage endCursor } nodes { id } } } }";
    let page = world.ask(&cast.mobile, query, json!({ "id": cast.space })).await["space"]["threads"].clone();
    assert_eq!(ids(&page), [&*one, &*three]);
    assert_eq!(page["pageInfo"]["hasNextPage"], true);
    let after = json!({ "id": cast.space, "after": page["pageInfo"]["endCursor"] });
    let page = world.ask(&cast.mobile, query, after).await["space"]["threads"].clone();
    assert_eq!((ids(&page), &page["totalCount"]), (vec![two], &json!(3)));
    assert_eq!(page["pageInfo"]["hasNextPage"], false);
}

#[tokio::test]
async fn only_staff_pin_and_lock() {
    let (world, cast) = World::with_cast().await;
    let id = world.thread(&cast.stayer, &cast.during, "Bread").await;
    let input = json!({ "threadId": id });
    for name in ["threadPin", "threadUnpin", "threadLock", "threadUnlock"] {
        for who in [&cast.stayer, &cast.mobile, &cast.mentor, &cast.observer] {
            assert_eq!(
                world.refused(who, name, input.clone()).await,
                [format!("FORBIDDEN/{}", why_not(&cast, who))]
            );
        }
        for who in [&cast.foreigner, &cast.bystander, &cast.admin] {
            assert_eq!(world.refused(who, name, input.clone()).await, ["NOT_FOUND"]);
        }
        for who in [&cast.coordinator, &cast.teacher, &cast.partner] {
            world.done(who, name, input.clone(), "").await;
        }
    }
}

#[tokio::test]
async fn pins_and_locks_make_an_event_and_no_version() {
    let (world, cast) = World::with_cast().await;
    let id = world.thread(&cast.stayer, &cast.during, "Bread").await;
    for (name, flags) in [
        ("threadPin", [true, false]),
        ("threadLock", [true, true]),
        ("threadUnpin", [false, true]),
        ("threadUnlock", [false, false]),
    ] {
        let before = world.events().await;
        let selection = "thread { isPinned isLocked version }";
        let payload = world
            .done(&cast.teacher, name, json!({ "threadId": id }), selection)
            .await;
        let expected = json!({ "isPinned": flags[0], "isLocked": flags[1], "version": 1 });
        assert_eq!(payload["thread"], expected);
        assert_eq!(world.events().await, before + 1);
    }
}

#[tokio::test]
async fn staff_pin_and_lock_in_a_closed_phase_too() {
    let (world, cast) = World::with_cast().await;
    let id = world.thread(&cast.stayer, &cast.during, "Bread").await;
    world
        .done(&cast.coordinator, "phaseClose", json!({ "phaseId": cast.during }), "")
        .await;
    for name in ["threadPin", "threadLock"] {
        world.done(&cast.teacher, name, json!({ "threadId": id }), "").await;
    }
}

#[tokio::test]
async fn a_journal_entry_is_neither_pinned_nor_locked() {
    let (world, cast) = World::with_cast().await;
    let id = world.entry(&cast.mobile, &cast.during, "Riga", true).await;
    for name in ["threadPin", "threadLock"] {
        assert_eq!(
            world.refused(&cast.teacher, name, json!({ "threadId": id })).await,
            ["INVALID/MALFORMED"]
        );
    }
}

#[tokio::test]
async fn a_locked_thread_takes_no_comments_from_anybody() {
    let (world, cast) = World::with_cast().await;
    let id = world.thread(&cast.stayer, &cast.during, "Bread").await;
    let comment = world.comment(&cast.mobile, &id, None, "Before.").await;
    world
        .done(&cast.teacher, "threadLock", json!({ "threadId": id }), "")
        .await;
    for who in [
        &cast.stayer,
        &cast.mobile,
        &cast.mentor,
        &cast.teacher,
        &cast.coordinator,
    ] {
        for reply_to in [Value::Null, json!(comment)] {
            let input = json!({ "rootId": id, "replyToId": reply_to, "body": "Late." });
            assert_eq!(
                world.refused(who, "commentCreate", input).await,
                ["FORBIDDEN/THREAD_LOCKED"]
            );
        }
    }
    world
        .done(&cast.teacher, "threadUnlock", json!({ "threadId": id }), "")
        .await;
    world.comment(&cast.stayer, &id, Some(&comment), "Again.").await;
}

#[tokio::test]
async fn a_returned_comment_is_not_handed_in_again_once_its_thread_is_locked() {
    let (world, cast) = World::with_stage().await;
    let root = world.thread(&cast.teacher, &cast.after, "Bread").await;
    let comment = world.comment(&cast.stayer, &root, None, "Rude.").await;
    world.act(&cast.teacher, "Return", &comment).await;
    world
        .done(&cast.teacher, "threadLock", json!({ "threadId": root }), "")
        .await;
    assert_eq!(world.attempt(&cast.stayer, "Publish", &comment).await, "THREAD_LOCKED");
}

#[tokio::test]
async fn everybody_but_observers_opens_threads_by_default() {
    let (world, cast) = World::with_cast().await;
    let input = json!({ "phaseId": cast.during, "title": "T", "body": "B" });
    for who in [
        &cast.coordinator,
        &cast.teacher,
        &cast.partner,
        &cast.mentor,
        &cast.stayer,
        &cast.mobile,
        &cast.partner_pupil,
    ] {
        world.done(who, "threadCreate", input.clone(), "").await;
    }
    assert_eq!(
        world.refused(&cast.observer, "threadCreate", input.clone()).await,
        ["FORBIDDEN/ROLE_NOT_ALLOWED"]
    );
    for who in [
        &cast.foreigner,
        &cast.foreign_pupil,
        &cast.colleague,
        &cast.bystander,
        &cast.admin,
    ] {
        assert_eq!(world.refused(who, "threadCreate", input.clone()).await, ["NOT_FOUND"]);
    }
}

#[tokio::test]
async fn pupils_open_threads_only_where_the_phase_allows_it() {
    let (world, cast) = World::with_cast().await;
    world
        .phase_set(&cast.coordinator, &cast.during, json!({ "allowsPupilThreads": false }))
        .await;
    for is_published in [true, false] {
        let input = json!({ "phaseId": cast.during, "title": "T", "body": "B", "publish": is_published });
        assert_eq!(
            world.refused(&cast.stayer, "threadCreate", input.clone()).await,
            ["FORBIDDEN/NEEDS_GRANT"]
        );
        world.done(&cast.mentor, "threadCreate", input, "").await;
    }
    world.entry(&cast.mobile, &cast.during, "Riga", true).await;
}

#[tokio::test]
async fn a_new_thread_is_published_unless_it_says_otherwise() {
    let (world, cast) = World::with_cast().await;
    let input = json!({ "phaseId": cast.during, "title": "T", "body": "B" });
    let selection =
        "thread { state audience commentCount version isPinned isLocked publishedAt } phase { id } space { id }";
    let payload = world.done(&cast.stayer, "threadCreate", input.clone(), selection).await;
    let thread = &payload["thread"];
    assert_eq!(
        (&thread["state"], &thread["audience"]),
        (&json!("PUBLISHED"), &json!("SPACE"))
    );
    assert_eq!((&thread["commentCount"], &thread["version"]), (&json!(0), &json!(1)));
    assert_eq!(
        (&thread["isPinned"], &thread["isLocked"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(
        (&payload["phase"]["id"], &payload["space"]["id"]),
        (&json!(cast.during), &json!(cast.space))
    );
    let draft = json!({ "phaseId": cast.during, "title": "T", "body": "B", "publish": false });
    let payload = world.done(&cast.stayer, "threadCreate", draft, selection).await;
    assert_eq!(
        (&payload["thread"]["state"], &payload["thread"]["publishedAt"]),
        (&json!("DRAFT"), &Value::Null)
    );
    assert_eq!(threads(&world, &cast.stayer, &cast.space).await.len(), 1);
}
