//! What members are told of contributions.

use serde_json::{Value, json};

use super::{actor, short, told};
use crate::support::{Person, World};

const NOTHING: [&str; 0] = [];

#[tokio::test]
async fn of_a_hidden_thread_a_classmate_is_told_that_it_is_gone() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.mobile, &cast.during, "Bread").await;
    world.comment(&cast.stayer, &thread, None, "Mine!").await;
    for who in [&cast.stayer, &cast.observer, &cast.mentor] {
        let [events] = told(&world, &cast, [who], async { world.hide(&cast.teacher, &thread).await }).await;
        assert_eq!(short(&events), ["HIDDEN gone"]);
        assert_eq!(events[0]["deletedContributionId"], thread);
        assert_eq!(events[0]["root"], Value::Null);
        world
            .lifecycle(&cast.teacher, "contributionRestore", &thread, json!({}))
            .await;
    }
}

#[tokio::test]
async fn of_a_hidden_thread_its_author_and_staff_keep_the_text() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.mobile, &cast.during, "Bread").await;
    let watchers = [&cast.mobile, &cast.teacher, &cast.partner];
    let all = told(&world, &cast, watchers, async {
        world.hide(&cast.teacher, &thread).await
    })
    .await;
    for events in all {
        assert_eq!(short(&events), ["HIDDEN HIDDEN"]);
        assert_eq!(events[0]["contribution"]["id"], thread);
        assert_eq!(events[0]["contribution"]["body"], "About Bread.");
    }
}

#[tokio::test]
async fn of_a_hidden_comment_a_classmate_gets_the_placeholder() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.mobile, &cast.during, "Bread").await;
    let comment = world.comment(&cast.mobile, &thread, None, "Stale!").await;
    let watchers = [&cast.stayer, &cast.mobile, &cast.teacher];
    let act = async { world.hide(&cast.teacher, &comment).await };
    let [classmate, author, staff] = told(&world, &cast, watchers, act).await;
    for events in [&classmate, &author, &staff] {
        assert_eq!(short(events), ["HIDDEN HIDDEN"]);
        assert_eq!(events[0]["contribution"]["id"], comment);
        assert_eq!(events[0]["root"], json!({ "id": thread, "commentCount": 0 }));
    }
    assert_eq!(classmate[0]["contribution"]["body"], Value::Null);
    assert_eq!(
        classmate[0]["contribution"]["byline"],
        json!({ "kind": "WITHHELD", "name": null })
    );
    assert_eq!(author[0]["contribution"]["body"], "Stale!");
    assert_eq!(staff[0]["contribution"]["body"], "Stale!");
}

#[tokio::test]
async fn of_a_removed_comment_a_classmate_gets_the_placeholder() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.mobile, &cast.during, "Bread").await;
    let comment = world.comment(&cast.mobile, &thread, None, "Oops").await;
    let act = async {
        world
            .lifecycle(&cast.mobile, "contributionRemove", &comment, json!({}))
            .await
    };
    let [events] = told(&world, &cast, [&cast.stayer], act).await;
    assert_eq!(short(&events), ["REMOVED REMOVED"]);
    assert_eq!(events[0]["contribution"]["body"], Value::Null);
    assert_eq!(events[0]["root"]["commentCount"], 0);
}

#[tokio::test]
async fn of_a_removed_thread_a_classmate_is_told_that_it_is_gone() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.mobile, &cast.during, "Bread").await;
    let act = async {
        world
            .lifecycle(&cast.mobile, "contributionRemove", &thread, json!({}))
            .await
    };
    let [classmate, author, staff] = told(&world, &cast, [&cast.stayer, &cast.mobile, &cast.teacher], act).await;
    assert_eq!(short(&classmate), ["REMOVED gone"]);
    assert_eq!(classmate[0]["deletedContributionId"], thread);
    assert_eq!(short(&author), ["REMOVED REMOVED"]);
    assert_eq!(short(&staff), ["REMOVED REMOVED"]);
}

#[tokio::test]
async fn of_a_withdrawn_entry_all_but_its_author_are_told_that_it_is_gone() {
    let (world, cast) = World::with_cast().await;
    let entry = world.entry(&cast.mobile, &cast.during, "Bread", true).await;
    let act = async {
        world
            .lifecycle(&cast.mobile, "contributionWithdraw", &entry, json!({}))
            .await
    };
    let [classmate, author, staff] = told(&world, &cast, [&cast.stayer, &cast.mobile, &cast.teacher], act).await;
    assert_eq!(short(&classmate), ["WITHDRAWN gone"]);
    assert_eq!(classmate[0]["deletedContributionId"], entry);
    assert_eq!(short(&author), ["WITHDRAWN DRAFT"]);
    assert_eq!(short(&staff), ["WITHDRAWN gone"]);
}

#[tokio::test]
async fn of_a_thread_for_staff_alone_classmates_are_told_that_it_is_gone() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.partner, &cast.during, "Bread").await;
    let act = async {
        world
            .rewrite(&cast.partner, &thread, json!({ "audience": "STAFF" }))
            .await
    };
    let [classmate, author, staff] = told(&world, &cast, [&cast.stayer, &cast.partner, &cast.teacher], act).await;
    assert_eq!(short(&classmate), ["AUDIENCE_CHANGED gone"]);
    assert_eq!(classmate[0]["deletedContributionId"], thread);
    assert_eq!(short(&author), ["AUDIENCE_CHANGED PUBLISHED"]);
    assert_eq!(short(&staff), ["AUDIENCE_CHANGED PUBLISHED"]);
}

#[tokio::test]
async fn of_a_thread_for_its_author_alone_staff_are_told_that_it_is_gone() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.partner, &cast.during, "Bread").await;
    let act = async {
        world
            .rewrite(&cast.partner, &thread, json!({ "audience": "AUTHOR" }))
            .await
    };
    let [author, staff] = told(&world, &cast, [&cast.partner, &cast.teacher], act).await;
    assert_eq!(short(&author), ["AUDIENCE_CHANGED PUBLISHED"]);
    assert_eq!(short(&staff), ["AUDIENCE_CHANGED gone"]);
}

#[tokio::test]
async fn of_what_happens_in_a_thread_for_staff_classmates_are_told_nothing() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.partner, &cast.during, "Bread").await;
    world
        .rewrite(&cast.partner, &thread, json!({ "audience": "STAFF" }))
        .await;
    let act = async { drop(world.comment(&cast.teacher, &thread, None, "Between us.").await) };
    let [classmate, observer, staff] =
        told(&world, &cast, [&cast.stayer, &cast.observer, &cast.coordinator], act).await;
    assert_eq!(short(&classmate), NOTHING);
    assert_eq!(short(&observer), NOTHING);
    assert_eq!(short(&staff), ["PUBLISHED PUBLISHED"]);
}

#[tokio::test]
async fn of_a_raised_audience_all_are_told() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.partner, &cast.during, "Bread").await;
    world
        .rewrite(&cast.partner, &thread, json!({ "audience": "AUTHOR" }))
        .await;
    let act = async {
        world
            .rewrite(&cast.partner, &thread, json!({ "audience": "SPACE" }))
            .await
    };
    for events in told(&world, &cast, [&cast.stayer, &cast.partner, &cast.teacher], act).await {
        assert_eq!(short(&events), ["AUDIENCE_CHANGED PUBLISHED"]);
        assert_eq!(events[0]["contribution"]["body"], "About Bread.");
    }
}

#[tokio::test]
async fn of_what_waits_only_its_author_and_staff_are_told() {
    let (world, cast) = World::with_cast().await;
    let root = world.thread(&cast.teacher, &cast.during, "Bread").await;
    world.pre_moderate(&cast.coordinator, &cast.during).await;
    let watchers = [&cast.stayer, &cast.mentor, &cast.mobile, &cast.teacher];
    let act = async {
        world.thread(&cast.mobile, &cast.during, "Waits").await;
        world.entry(&cast.mobile, &cast.during, "Waits", true).await;
        world.comment(&cast.mobile, &root, None, "Waits").await;
    };
    let [classmate, mentor, author, staff] = told(&world, &cast, watchers, act).await;
    assert_eq!(short(&classmate), NOTHING);
    assert_eq!(short(&mentor), NOTHING);
    assert_eq!(short(&author), ["SUBMITTED PENDING"; 3]);
    assert_eq!(short(&staff), ["SUBMITTED PENDING"; 3]);
}

#[tokio::test]
async fn of_what_is_approved_all_are_told() {
    let (world, cast) = World::with_cast().await;
    world.pre_moderate(&cast.coordinator, &cast.during).await;
    let thread = world.thread(&cast.mobile, &cast.during, "Waits").await;
    let act = async {
        world
            .lifecycle(&cast.teacher, "contributionApprove", &thread, json!({}))
            .await
    };
    for events in told(&world, &cast, [&cast.stayer, &cast.mobile, &cast.partner], act).await {
        assert_eq!(short(&events), ["PUBLISHED PUBLISHED"]);
    }
}

#[tokio::test]
async fn of_what_is_returned_its_author_is_told_and_staff_that_it_is_gone() {
    let (world, cast) = World::with_cast().await;
    let root = world.thread(&cast.teacher, &cast.during, "Bread").await;
    world.pre_moderate(&cast.coordinator, &cast.during).await;
    let thread = world.thread(&cast.mobile, &cast.during, "Waits").await;
    let comment = world.comment(&cast.mobile, &root, None, "Waits").await;
    for id in [thread, comment] {
        let act = async {
            world
                .lifecycle(&cast.teacher, "contributionReturn", &id, json!({ "note": "Why?" }))
                .await
        };
        let [classmate, author, staff] = told(&world, &cast, [&cast.stayer, &cast.mobile, &cast.partner], act).await;
        assert_eq!(short(&classmate), NOTHING);
        assert_eq!(short(&author), ["RETURNED DRAFT"]);
        assert_eq!(short(&staff), ["RETURNED gone"]);
    }
}

#[tokio::test]
async fn of_an_edit_that_waits_classmates_are_told_when_it_is_approved() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.mobile, &cast.during, "Bread").await;
    world.pre_moderate(&cast.coordinator, &cast.during).await;
    let watchers = [&cast.stayer, &cast.mobile, &cast.teacher];
    let act = async { world.rewrite(&cast.mobile, &thread, json!({ "body": "Better." })).await };
    let [classmate, author, staff] = told(&world, &cast, watchers, act).await;
    assert_eq!(short(&classmate), NOTHING);
    assert_eq!(short(&author), ["SUBMITTED PUBLISHED"]);
    assert_eq!(short(&staff), ["SUBMITTED PUBLISHED"]);
    assert_eq!(author[0]["contribution"]["body"], "About Bread.");
    let act = async {
        world
            .lifecycle(&cast.teacher, "contributionApprove", &thread, json!({}))
            .await
    };
    for events in told(&world, &cast, watchers, act).await {
        assert_eq!(short(&events), ["UPDATED PUBLISHED"]);
        assert_eq!(events[0]["contribution"]["body"], "Better.");
    }
}

#[tokio::test]
async fn of_an_edit_that_is_returned_classmates_are_told_nothing() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.mobile, &cast.during, "Bread").await;
    world.pre_moderate(&cast.coordinator, &cast.during).await;
    world.rewrite(&cast.mobile, &thread, json!({ "body": "Better." })).await;
    let act = async {
        world
            .lifecycle(&cast.teacher, "contributionReturn", &thread, json!({ "note": "Why?" }))
            .await
    };
    let [classmate, author, staff] = told(&world, &cast, [&cast.stayer, &cast.mobile, &cast.partner], act).await;
    assert_eq!(short(&classmate), NOTHING);
    assert_eq!(short(&author), ["RETURNED PUBLISHED"]);
    assert_eq!(short(&staff), ["RETURNED PUBLISHED"]);
}

#[tokio::test]
async fn of_drafts_nobody_is_told() {
    let (world, cast) = World::with_cast().await;
    let act = async {
        let entry = world.entry(&cast.mobile, &cast.during, "Bread", false).await;
        let input = json!({ "journalEntryId": entry, "expectedVersion": 1, "body": "More." });
        world.done(&cast.mobile, "journalEntryUpdate", input, "").await;
        world
            .lifecycle(&cast.mobile, "contributionRemove", &entry, json!({}))
            .await;
        let input = json!({ "phaseId": cast.after, "title": "Later", "body": "Soon.", "publish": false });
        let made = world.done(&cast.teacher, "threadCreate", input, "thread { id }").await;
        world
            .rewrite(
                &cast.teacher,
                made["thread"]["id"].as_str().unwrap(),
                json!({ "title": "Much later" }),
            )
            .await;
    };
    for events in told(
        &world,
        &cast,
        [&cast.stayer, &cast.mobile, &cast.teacher, &cast.coordinator],
        act,
    )
    .await
    {
        assert_eq!(short(&events), NOTHING);
    }
}

#[tokio::test]
async fn of_a_restored_thread_all_are_told_its_text() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.mobile, &cast.during, "Bread").await;
    world.hide(&cast.teacher, &thread).await;
    let act = async {
        world
            .lifecycle(&cast.teacher, "contributionRestore", &thread, json!({}))
            .await
    };
    for events in told(&world, &cast, [&cast.stayer, &cast.mobile, &cast.partner], act).await {
        assert_eq!(short(&events), ["RESTORED PUBLISHED"]);
        assert_eq!(events[0]["contribution"]["body"], "About Bread.");
    }
}

/// Between hiding and restoring, comments of it were out of sight: who loads at its return what is new on the screen has them.
#[tokio::test]
async fn what_was_gone_for_a_while_goes_and_comes_back_for_who_is_told_later() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.mobile, &cast.during, "Bread").await;
    let before = world.node.newest(&cast.stayer, &cast.space).await;
    world.hide(&cast.teacher, &thread).await;
    world.act(&cast.teacher, "Restore", &thread).await;
    world
        .rewrite(&cast.mobile, &thread, json!({ "audience": "STAFF" }))
        .await;
    world
        .rewrite(&cast.mobile, &thread, json!({ "audience": "SPACE" }))
        .await;
    let kept = ["ContributionEvent"; 4];
    let classmate = [
        "ContributionGone",
        "ContributionEvent",
        "ContributionGone",
        "ContributionEvent",
    ];
    for (who, expected) in [(&cast.stayer, classmate), (&cast.mobile, kept), (&cast.teacher, kept)] {
        let mut socket = world.node.watch(who, &cast.space, Some(&before)).await;
        for expected in expected {
            assert_eq!(socket.event().await["__typename"], expected);
        }
    }
}

#[tokio::test]
async fn who_moderated_is_told_to_the_author_and_staff_alone() {
    let (world, cast) = World::with_cast().await;
    let root = world.thread(&cast.stayer, &cast.during, "Bread").await;
    let comment = world.comment(&cast.mobile, &root, None, "Stale!").await;
    world.pre_moderate(&cast.coordinator, &cast.during).await;
    let waiting = world.comment(&cast.mobile, &root, None, "Waits").await;
    let watchers = [&cast.stayer, &cast.mobile, &cast.partner];
    for (name, id, more) in [
        ("contributionHide", &comment, json!({ "reason": "UNKIND" })),
        ("contributionRestore", &comment, json!({})),
        ("contributionApprove", &waiting, json!({})),
        ("contributionRemove", &comment, json!({ "reason": "SPAM" })),
    ] {
        let act = async { world.lifecycle(&cast.teacher, name, id, more).await };
        let [classmate, author, staff] = told(&world, &cast, watchers, act).await;
        assert_eq!(actor(&classmate[0]), None, "{name}");
        assert_eq!(actor(&author[0]), Some("Theo"), "{name}");
        assert_eq!(actor(&staff[0]), Some("Theo"), "{name}");
    }
}

#[tokio::test]
async fn who_wrote_what_is_hidden_now_is_told_to_those_alone_who_read_it() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let before = world.node.newest(&cast.stayer, &cast.space).await;
    let comment = world.comment(&cast.mobile, &thread, None, "Stale!").await;
    let replay = async |who: &Person| {
        let mut socket = world.node.watch(who, &cast.space, Some(&before)).await;
        let event = socket.event().await;
        assert_eq!(event["kind"], "CONTRIBUTION_PUBLISHED");
        event["actor"]["displayName"].clone()
    };
    let name = json!("Moira K.");
    for (act, classmate, staff) in [
        ("Hide", &Value::Null, &name),
        ("Restore", &name, &name),
        ("Remove", &Value::Null, &name),
    ] {
        world.act(&cast.coordinator, act, &comment).await;
        assert_eq!(replay(&cast.stayer).await, *classmate, "{act}");
        assert_eq!(replay(&cast.partner).await, *staff, "{act}");
        assert_eq!(replay(&cast.mobile).await, name, "{act}: their own");
    }
    let entry = world.entry(&cast.mobile, &cast.during, "Bread", true).await;
    let before = world.node.newest(&cast.stayer, &cast.space).await;
    world.edit(&cast.mobile, &entry, json!({ "audience": "STAFF" })).await;
    let mut socket = world.node.watch(&cast.stayer, &cast.space, Some(&before)).await;
    let event = socket.event().await;
    assert_eq!(
        (&event["__typename"], &event["actor"]),
        (&json!("ContributionGone"), &Value::Null)
    );
}

#[tokio::test]
async fn who_wrote_is_told_to_all() {
    let (world, cast) = World::with_cast().await;
    let act = async { drop(world.thread(&cast.mobile, &cast.during, "Bread").await) };
    for events in told(&world, &cast, [&cast.stayer, &cast.mobile, &cast.observer], act).await {
        assert_eq!(actor(&events[0]), Some("Moira K."));
    }
}

#[tokio::test]
async fn who_pinned_and_locked_is_told_to_the_author_and_staff_alone() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.mobile, &cast.during, "Bread").await;
    let act = async {
        for name in ["threadPin", "threadLock", "threadUnlock", "threadUnpin"] {
            world.done(&cast.teacher, name, json!({ "threadId": thread }), "").await;
        }
    };
    let [classmate, author, staff] = told(&world, &cast, [&cast.stayer, &cast.mobile, &cast.partner], act).await;
    let kinds = |events: &[Value]| events.iter().map(|event| event["kind"].clone()).collect::<Vec<_>>();
    for events in [&classmate, &author, &staff] {
        assert_eq!(
            kinds(events),
            ["THREAD_PINNED", "THREAD_LOCKED", "THREAD_UNLOCKED", "THREAD_UNPINNED"]
        );
    }
    assert!(classmate.iter().all(|event| actor(event).is_none()));
    assert!(author.iter().chain(&staff).all(|event| actor(event) == Some("Theo")));
}

#[tokio::test]
async fn everybody_who_sees_something_is_told_of_reactions_to_it_and_where_it_was_moved() {
    let (world, cast) = World::with_stage().await;
    let thread = world.thread(&cast.mobile, &cast.during, "Bread").await;
    let of_staff = world
        .create(&cast.teacher, "thread", &cast.during, json!({ "audience": "STAFF" }))
        .await;
    let act = async {
        for id in [&thread, &of_staff] {
            let input = json!({ "contributionId": id, "kind": "LIKE" });
            world.done(&cast.teacher, "reactionAdd", input.clone(), "").await;
            world.done(&cast.teacher, "reactionRemove", input, "").await;
            let input = json!({ "threadId": id, "phaseId": cast.after });
            world.done(&cast.teacher, "threadMove", input, "").await;
        }
    };
    let [classmate, author, staff] = told(&world, &cast, [&cast.stayer, &cast.mobile, &cast.partner], act).await;
    let kinds = |events: &[Value]| events.iter().map(|event| event["kind"].clone()).collect::<Vec<_>>();
    let one = ["CONTRIBUTION_REACTED", "CONTRIBUTION_REACTED", "THREAD_MOVED"];
    for events in [&classmate, &author] {
        assert_eq!(kinds(events), one);
        assert!(events.iter().all(|event| event["contribution"]["id"] == json!(thread)));
        assert_eq!(actor(&events[0]), Some("Theo"));
    }
    assert_eq!(kinds(&staff), [one, one].concat());
}
