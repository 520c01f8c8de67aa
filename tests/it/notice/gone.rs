//! What was told of something that went out of sight: it names nobody, and counts no longer, until it is back.

use serde_json::{Value, json};

use super::{inbox, kinds, listen, next, quiet};
use crate::support::{Cast, PASSWORD, Person, World};

/// Who did what somebody was told of, and whether it is gone: for all of their inbox, newest first.
async fn told(world: &World, who: &Person) -> Vec<(Option<String>, bool)> {
    let one = |node: &Value| {
        let name = node["actor"]["displayName"].as_str().map(str::to_owned);
        (name, node["goneAt"].is_string())
    };
    inbox(world, who).await.iter().map(one).collect()
}

fn by(name: &str) -> (Option<String>, bool) {
    (Some(name.to_owned()), false)
}

const GONE: (Option<String>, bool) = (None, true);

/// A comment of a mobile pupil that answers a teacher and mentions a classmate: both are told of it.
async fn mention(world: &World, cast: &Cast) -> (String, String) {
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let text = format!("Look, <@{}>!", cast.stayer.member);
    let comment = world.comment(&cast.mobile, &thread, None, &text).await;
    world.fan_out().await;
    assert_eq!(told(world, &cast.stayer).await, [by("Moira K.")]);
    assert_eq!(told(world, &cast.teacher).await, [by("Moira K.")]);
    (thread, comment)
}

#[tokio::test]
async fn what_is_hidden_names_nobody_and_is_not_unread_until_it_is_back() {
    let (world, cast) = quiet().await;
    let (_, comment) = mention(&world, &cast).await;
    world.act(&cast.coordinator, "Hide", &comment).await;
    assert_eq!(told(&world, &cast.stayer).await, [GONE]);
    assert_eq!(told(&world, &cast.teacher).await, [by("Moira K.")], "staff read it");
    world.act(&cast.coordinator, "Restore", &comment).await;
    assert_eq!(told(&world, &cast.stayer).await, [by("Moira K.")]);
}

#[tokio::test]
async fn what_its_author_removes_is_gone() {
    let (world, cast) = quiet().await;
    let (_, comment) = mention(&world, &cast).await;
    world.act(&cast.mobile, "Remove", &comment).await;
    assert_eq!(told(&world, &cast.stayer).await, [GONE]);
    assert_eq!(told(&world, &cast.teacher).await, [by("Moira K.")], "staff read it");
}

#[tokio::test]
async fn what_its_author_takes_back_is_gone_and_comes_back() {
    let (world, cast) = quiet().await;
    let entry = world.entry(&cast.mobile, &cast.during, "Bread", true).await;
    let body = format!("Look, <@{}> and <@{}>!", cast.stayer.member, cast.teacher.member);
    world.edit(&cast.mobile, &entry, json!({ "body": body })).await;
    world.fan_out().await;
    for (act, to) in [("", by("Moira K.")), ("Withdraw", GONE), ("Publish", by("Moira K."))] {
        if !act.is_empty() {
            world.act(&cast.mobile, act, &entry).await;
        }
        for who in [&cast.stayer, &cast.teacher] {
            assert_eq!(
                told(&world, who).await,
                std::slice::from_ref(&to),
                "{act} {}",
                who.login
            );
        }
    }
}

#[tokio::test]
async fn with_a_root_all_that_hangs_on_it_is_gone_and_comes_back() {
    let (world, cast) = quiet().await;
    let (thread, _) = mention(&world, &cast).await;
    world.act(&cast.coordinator, "Hide", &thread).await;
    assert_eq!(told(&world, &cast.stayer).await, [GONE]);
    world.act(&cast.coordinator, "Restore", &thread).await;
    assert_eq!(told(&world, &cast.stayer).await, [by("Moira K.")]);
    for (audience, to) in [("STAFF", GONE), ("SPACE", by("Moira K."))] {
        world
            .edit(&cast.teacher, &thread, json!({ "audience": audience }))
            .await;
        assert_eq!(told(&world, &cast.stayer).await, [to], "{audience}");
        assert_eq!(
            told(&world, &cast.teacher).await.last(),
            Some(&by("Moira K.")),
            "{audience}"
        );
    }
}

#[tokio::test]
async fn what_a_report_puts_out_of_sight_is_gone() {
    let (world, cast) = quiet().await;
    let (_, comment) = mention(&world, &cast).await;
    let input = json!({ "contributionId": comment, "reason": "UNSAFE" });
    world.done(&cast.teacher, "contributionReport", input, "").await;
    assert_eq!(told(&world, &cast.stayer).await, [GONE]);
}

#[tokio::test]
async fn with_a_person_all_is_gone_that_told_of_their_work() {
    let (world, cast) = quiet().await;
    mention(&world, &cast).await;
    let input = json!({ "accountId": cast.mobile.account, "currentPassword": PASSWORD });
    world.done(&cast.mobile, "accountErase", input, "").await;
    assert_eq!(told(&world, &cast.stayer).await, [GONE]);
}

#[tokio::test]
async fn an_inbox_hears_that_what_it_counts_is_gone_and_back() {
    let (world, cast) = quiet().await;
    let (_, comment) = mention(&world, &cast).await;
    let mut phone = listen(&world, &cast.stayer).await;
    for (act, unread) in [("Hide", 0), ("Restore", 1)] {
        world.act(&cast.coordinator, act, &comment).await;
        world.fan_out().await;
        let event = next(&mut phone).await;
        assert_eq!(
            (&event["unreadCount"], &event["notification"]),
            (&json!(unread), &Value::Null),
            "{act}"
        );
    }
}

#[tokio::test]
async fn an_edit_tells_those_whom_it_mentions_first() {
    let (world, cast) = quiet().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let comment = world.comment(&cast.mobile, &thread, None, "Rye").await;
    assert_eq!(kinds(&world, &cast.stayer).await, Vec::<String>::new());
    for text in ["Rye, <@S> and <@T>", "Rye and oats, <@S>"] {
        let body = text.replace("<@S>", &format!("<@{}>", cast.stayer.member));
        let body = body.replace("<@T>", &format!("<@{}>", cast.teacher.member));
        world.edit(&cast.mobile, &comment, json!({ "body": body })).await;
        assert_eq!(kinds(&world, &cast.stayer).await, ["MENTION"], "{text}");
        assert_eq!(
            kinds(&world, &cast.teacher).await,
            ["REPLY"],
            "who is answered was told: {text}"
        );
    }
}

#[tokio::test]
async fn an_edit_that_waits_tells_once_it_is_let_through() {
    let (world, cast) = quiet().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let comment = world.comment(&cast.mobile, &thread, None, "Rye").await;
    world.pre_moderate(&cast.coordinator, &cast.during).await;
    let body = format!("Rye, <@{}>", cast.stayer.member);
    world.edit(&cast.mobile, &comment, json!({ "body": body })).await;
    assert_eq!(kinds(&world, &cast.stayer).await, Vec::<String>::new());
    world.act(&cast.coordinator, "Approve", &comment).await;
    assert_eq!(kinds(&world, &cast.stayer).await, ["MENTION"]);
    assert_eq!(kinds(&world, &cast.mobile).await, ["DECISION"]);
}

#[tokio::test]
async fn an_answer_that_was_let_through_is_its_authors() {
    let (world, cast) = quiet().await;
    let thread = world.thread(&cast.stayer, &cast.during, "Bread").await;
    world.pre_moderate(&cast.coordinator, &cast.during).await;
    let text = format!("Look, <@{}>!", cast.observer.member);
    let comment = world.comment(&cast.mobile, &thread, None, &text).await;
    world.act(&cast.coordinator, "Approve", &comment).await;
    world.fan_out().await;
    for who in [&cast.stayer, &cast.observer] {
        assert_eq!(
            told(&world, who).await,
            [by("Moira K.")],
            "{}: not who moderated",
            who.login
        );
    }
    let decided = inbox(&world, &cast.mobile).await;
    assert_eq!(decided[0]["kind"], "DECISION");
    assert_ne!(decided[0]["actor"]["displayName"], "Moira K.");
    assert!(decided[0]["actor"].is_object());
}

#[tokio::test]
async fn who_is_mentioned_is_told_when_they_may_read_it() {
    let (world, cast) = quiet().await;
    let body = format!("Look, <@{}>!", cast.stayer.member);
    let input = json!({ "title": "Bread", "body": body, "audience": "STAFF" });
    let thread = world.create(&cast.teacher, "thread", &cast.during, input).await;
    assert_eq!(kinds(&world, &cast.stayer).await, Vec::<String>::new());
    world.edit(&cast.teacher, &thread, json!({ "audience": "SPACE" })).await;
    assert_eq!(kinds(&world, &cast.stayer).await, ["MENTION"]);
}
