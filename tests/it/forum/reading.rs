//! What somebody has read, and what not.

use serde_json::{Value, json};

use crate::support::{Cast, Person, World, id_of};

/// How much of a thread somebody has not read, and where it begins.
pub async fn unread(world: &World, who: &Person, thread: &str) -> (i64, Value) {
    let seen = world.seen(who, thread, "unreadCount firstUnreadComment { id }").await;
    (
        seen["unreadCount"].as_i64().unwrap(),
        seen["firstUnreadComment"]["id"].clone(),
    )
}

async fn read(world: &World, who: &Person, thread: &str, up_to: Option<&str>) -> Value {
    let input = json!({ "threadId": thread, "upToCommentId": up_to });
    let selection = "thread { id unreadCount firstUnreadComment { id } }";
    world.done(who, "threadMarkRead", input, selection).await["thread"].clone()
}

/// A thread of the teacher with three comments of pupils.
async fn three(world: &World, cast: &Cast) -> (String, [String; 3]) {
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let mut comments = Vec::new();
    for who in [&cast.stayer, &cast.mobile, &cast.stayer] {
        world.later(1);
        comments.push(world.comment(who, &thread, None, "Said.").await);
    }
    (thread, comments.try_into().unwrap())
}

#[tokio::test]
async fn comments_of_others_are_unread_until_they_are_marked() {
    let (world, cast) = World::with_cast().await;
    let (thread, [one, two, three]) = three(&world, &cast).await;
    for (who, expected) in [
        (&cast.teacher, (3, json!(one))),
        (&cast.observer, (3, json!(one))),
        (&cast.stayer, (1, json!(two))),
        (&cast.mobile, (2, json!(one))),
    ] {
        assert_eq!(unread(&world, who, &thread).await, expected, "{}", who.login);
    }
    let marked = read(&world, &cast.observer, &thread, Some(&two)).await;
    let expected = json!({ "id": thread, "unreadCount": 1, "firstUnreadComment": { "id": three } });
    assert_eq!(marked, expected);
    let marked = read(&world, &cast.observer, &thread, None).await;
    assert_eq!(
        marked,
        json!({ "id": thread, "unreadCount": 0, "firstUnreadComment": null })
    );
    assert_eq!(unread(&world, &cast.teacher, &thread).await, (3, json!(one)));
    world.later(1);
    let four = world.comment(&cast.mobile, &thread, None, "News.").await;
    assert_eq!(unread(&world, &cast.observer, &thread).await, (1, json!(four)));
}

#[tokio::test]
async fn reading_never_goes_back_and_repeating_it_changes_nothing() {
    let (world, cast) = World::with_cast().await;
    let (thread, [one, two, three]) = three(&world, &cast).await;
    let events = world.events().await;
    for up_to in [Some(&two), Some(&two), Some(&one)] {
        read(&world, &cast.teacher, &thread, up_to.map(String::as_str)).await;
        assert_eq!(unread(&world, &cast.teacher, &thread).await, (1, json!(three)));
    }
    for up_to in [None, None, Some(&one)] {
        read(&world, &cast.teacher, &thread, up_to.map(String::as_str)).await;
        assert_eq!(unread(&world, &cast.teacher, &thread).await, (0, Value::Null));
    }
    assert_eq!(world.events().await, events, "reading is nobody else's business");
}

#[tokio::test]
async fn hidden_and_removed_comments_do_not_count() {
    let (world, cast) = World::with_cast().await;
    let (thread, [one, two, three]) = three(&world, &cast).await;
    let state = async || unread(&world, &cast.partner, &thread).await;
    world.act(&cast.teacher, "Hide", &one).await;
    assert_eq!(state().await, (2, json!(two)));
    world.act(&cast.teacher, "Restore", &one).await;
    assert_eq!(state().await, (3, json!(one)));
    world.act(&cast.stayer, "Remove", &one).await;
    world.act(&cast.teacher, "Remove", &three).await;
    assert_eq!(state().await, (1, json!(two)));
}

#[tokio::test]
async fn what_waits_is_unread_from_its_publication_on_however_it_comes() {
    let (world, cast) = World::with_stage().await;
    let thread = world.thread(&cast.teacher, &cast.after, "Bread").await;
    let mut waiting = Vec::new();
    for who in [&cast.stayer, &cast.mobile, &cast.partner_pupil] {
        world.later(1);
        waiting.push(world.comment(who, &thread, None, "Waits.").await);
    }
    world.later(1);
    let said = world.comment(&cast.teacher, &thread, None, "Open.").await;
    let readers = [&cast.partner, &cast.observer, &cast.mentor];
    for who in readers {
        assert_eq!(unread(&world, who, &thread).await, (1, json!(said)));
        read(&world, who, &thread, None).await;
        assert_eq!(unread(&world, who, &thread).await, (0, Value::Null));
    }
    // Approved, edited where nothing waits any more, and taken back and published there.
    world.later(1);
    world.act(&cast.teacher, "Approve", &waiting[0]).await;
    world
        .phase_set(&cast.coordinator, &cast.after, json!({ "moderation": "POST" }))
        .await;
    world.later(1);
    world
        .edit(&cast.mobile, &waiting[1], json!({ "body": "Better." }))
        .await;
    world.later(1);
    world.act(&cast.partner_pupil, "Withdraw", &waiting[2]).await;
    world.act(&cast.partner_pupil, "Publish", &waiting[2]).await;
    for who in readers {
        assert_eq!(unread(&world, who, &thread).await, (3, json!(waiting[0])));
        read(&world, who, &thread, Some(&waiting[1])).await;
        assert_eq!(unread(&world, who, &thread).await, (1, json!(waiting[2])));
    }
}

#[tokio::test]
async fn what_was_said_before_somebody_joined_counts_as_read() {
    let (world, cast) = World::with_cast().await;
    let (thread, [_, two, _]) = three(&world, &cast).await;
    world.later(1);
    let input = json!({ "spaceId": cast.space, "rows": [{ "accountId": cast.colleague.account, "role": "TEACHER" }] });
    world.done(&cast.coordinator, "memberAdd", input, "").await;
    assert_eq!(unread(&world, &cast.colleague, &thread).await, (0, Value::Null));
    read(&world, &cast.colleague, &thread, Some(&two)).await;
    assert_eq!(unread(&world, &cast.colleague, &thread).await, (0, Value::Null));
    world.later(1);
    let news = world.comment(&cast.stayer, &thread, None, "News.").await;
    assert_eq!(unread(&world, &cast.colleague, &thread).await, (1, json!(news)));
    read(&world, &cast.colleague, &thread, None).await;
    assert_eq!(unread(&world, &cast.colleague, &thread).await, (0, Value::Null));
}

#[tokio::test]
async fn all_threads_of_a_phase_are_read_at_once() {
    let (world, cast) = World::with_stage().await;
    let mut threads = Vec::new();
    for phase in [&cast.during, &cast.during, &cast.after] {
        let thread = world.thread(&cast.teacher, phase, "Bread").await;
        world.comment(&cast.partner, &thread, None, "Said.").await;
        threads.push(thread);
    }
    let input = json!({ "phaseId": cast.during });
    let selection = "phase { id threads { nodes { unreadCount } } } space { id }";
    let payload = world
        .done(&cast.stayer, "phaseMarkRead", input.clone(), selection)
        .await;
    assert_eq!(
        payload["phase"],
        json!({ "id": cast.during, "threads": { "nodes": [{ "unreadCount": 0 }, { "unreadCount": 0 }] } })
    );
    assert_eq!(id_of(&payload["space"]), cast.space);
    for (thread, count) in threads.iter().zip([0, 0, 1]) {
        assert_eq!(unread(&world, &cast.stayer, thread).await.0, count);
        assert_eq!(unread(&world, &cast.mobile, thread).await.0, 1);
    }
    world.done(&cast.stayer, "phaseMarkRead", input, "").await;
}

#[tokio::test]
async fn whoever_sees_a_thread_reads_it_and_nobody_else() {
    let (world, cast) = World::with_cast().await;
    let (thread, [one, ..]) = three(&world, &cast).await;
    let other = world.thread(&cast.teacher, &cast.during, "Other").await;
    let of_staff = world
        .create(&cast.teacher, "thread", &cast.during, json!({ "audience": "STAFF" }))
        .await;
    let faults = async |who: &Person, input: Value| {
        let payload = world.mutate(who, "threadMarkRead", input, "thread { id }").await;
        crate::support::faults(&payload)
    };
    for who in [&cast.foreigner, &cast.foreign_pupil, &cast.colleague] {
        assert_eq!(
            faults(who, json!({ "threadId": thread })).await,
            ["NOT_FOUND at threadId"]
        );
        assert_eq!(
            world
                .refused(who, "phaseMarkRead", json!({ "phaseId": cast.during }))
                .await,
            ["NOT_FOUND"]
        );
    }
    let known = json!({ "threadId": of_staff });
    assert_eq!(faults(&cast.stayer, known.clone()).await, ["NOT_FOUND at threadId"]);
    assert_eq!(faults(&cast.partner, known).await, [""; 0]);
    let elsewhere = json!({ "threadId": other, "upToCommentId": one });
    assert_eq!(faults(&cast.stayer, elsewhere).await, ["NOT_FOUND at upToCommentId"]);
    let malformed = json!({ "threadId": thread, "upToCommentId": thread });
    assert_eq!(
        faults(&cast.stayer, malformed).await,
        ["INVALID/MALFORMED at upToCommentId"]
    );
    let input = json!({ "phaseId": cast.during });
    world.done(&cast.coordinator, "phaseClose", input, "").await;
    world
        .done(&cast.coordinator, "spaceClose", json!({ "spaceId": cast.space }), "")
        .await;
    world
        .done(&cast.coordinator, "spaceArchive", json!({ "spaceId": cast.space }), "")
        .await;
    assert_eq!(read(&world, &cast.observer, &thread, None).await["unreadCount"], 0);
}

#[tokio::test]
async fn who_is_removed_and_comes_back_goes_on_where_they_were() {
    let (world, cast) = World::with_cast().await;
    let (thread, [_, two, three]) = three(&world, &cast).await;
    read(&world, &cast.observer, &thread, Some(&two)).await;
    let input = json!({ "membershipId": cast.observer.member });
    world.done(&cast.coordinator, "memberRemove", input, "").await;
    let input = json!({ "threadId": thread });
    assert_eq!(
        world.refused(&cast.observer, "threadMarkRead", input).await,
        ["NOT_FOUND"]
    );
    let input = json!({ "spaceId": cast.space, "rows": [{ "accountId": cast.observer.account, "role": "OBSERVER" }] });
    world.done(&cast.coordinator, "memberAdd", input, "").await;
    assert_eq!(unread(&world, &cast.observer, &thread).await, (1, json!(three)));
}
