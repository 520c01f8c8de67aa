//! Inboxes: who is told of what, once, live, and what they do with it.

mod gone;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use entity::{event, notification};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use sojourn::{
    app::App,
    platform::{
        job::{FAN_OUT, INBOX, NewJob},
        stream::Cursor,
    },
};
use tokio_util::sync::CancellationToken;

use crate::support::{Cast, PASSWORD, Person, Server, Socket, World, errors, inner, is_production};

const NOTIFICATION: &str = "id kind readAt goneAt space { id } actor { displayName } contribution { id state } root { id } phase { id } \
    report { id } membership { id role }";

impl World {
    /// Tells all inboxes of what has happened.
    pub async fn fan_out(&self) {
        fan_out(self.app()).await;
    }
}

async fn fan_out(app: &App) {
    let (runner, stop) = (
        app.runner().only(|kind| [FAN_OUT, INBOX].contains(&kind)),
        CancellationToken::new(),
    );
    while runner.run_due(&stop).await.unwrap() > 0 {}
}

/// The cast, told of nothing yet: not even that a phase was opened before.
async fn quiet() -> (World, Cast) {
    let (world, cast) = World::with_cast().await;
    world.fan_out().await;
    let all = notification::Entity::delete_many();
    all.exec(world.app().db.primary()).await.unwrap();
    (world, cast)
}

async fn inbox(world: &World, who: &Person) -> Vec<Value> {
    let query =
        format!("{{ viewer {{ notifications {{ nodes {{ {NOTIFICATION} }} totalCount }} unreadNotificationCount }} }}");
    let data = world.ask(who, &query, json!({})).await;
    let nodes = data["viewer"]["notifications"]["nodes"].as_array().unwrap().clone();
    assert_eq!(data["viewer"]["notifications"]["totalCount"], nodes.len());
    let is_unread = |node: &&Value| node["readAt"].is_null() && node["goneAt"].is_null();
    let unread: Vec<_> = nodes.iter().filter(is_unread).map(|node| &node["id"]).collect();
    assert_eq!(data["viewer"]["unreadNotificationCount"], unread.len());
    let query = "{ viewer { notifications(isUnread: true) { nodes { id } totalCount } } }";
    let data = world.ask(who, query, json!({})).await;
    let listed = &data["viewer"]["notifications"];
    let ids: Vec<_> = listed["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| &node["id"])
        .collect();
    assert_eq!((ids, &listed["totalCount"]), (unread.clone(), &json!(unread.len())));
    nodes
}

/// Why somebody was told, newest first.
async fn kinds(world: &World, who: &Person) -> Vec<String> {
    world.fan_out().await;
    let kind = |node: &Value| node["kind"].as_str().unwrap().to_owned();
    inbox(world, who).await.iter().map(kind).collect()
}

/// A member without anything in their inbox.
async fn is_told_nothing(world: &World, who: &Person) {
    assert_eq!(kinds(world, who).await, Vec::<String>::new(), "{}", who.login);
}

async fn talk(world: &World, cast: &Cast) -> (String, String) {
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let comment = world.comment(&cast.mobile, &thread, None, "Seeds").await;
    (thread, comment)
}

#[tokio::test]
async fn the_author_of_a_root_and_of_a_comment_are_told_of_answers() {
    let (world, cast) = quiet().await;
    let (thread, comment) = talk(&world, &cast).await;
    let answer = world.comment(&cast.stayer, &thread, Some(&comment), "Which?").await;
    assert_eq!(kinds(&world, &cast.teacher).await, ["REPLY", "REPLY"]);
    let told = inbox(&world, &cast.mobile).await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["contribution"], json!({ "id": answer, "state": "PUBLISHED" }));
    assert_eq!(told[0]["root"]["id"], thread);
    assert_eq!(told[0]["space"]["id"], cast.space);
    for who in [&cast.stayer, &cast.observer, &cast.coordinator, &cast.foreigner] {
        is_told_nothing(&world, who).await;
    }
}

#[tokio::test]
async fn nobody_is_told_of_what_they_did_themselves() {
    let (world, cast) = quiet().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    world.comment(&cast.teacher, &thread, None, "My own.").await;
    is_told_nothing(&world, &cast.teacher).await;
}

#[tokio::test]
async fn who_is_mentioned_is_told_once() {
    let (world, cast) = quiet().await;
    let (thread, comment) = talk(&world, &cast).await;
    let text = format!("<@{}> and <@{}>", cast.mobile.member, cast.observer.member);
    world.comment(&cast.stayer, &thread, Some(&comment), &text).await;
    assert_eq!(kinds(&world, &cast.observer).await, ["MENTION"]);
    assert_eq!(kinds(&world, &cast.mobile).await, ["REPLY"]);
}

#[tokio::test]
async fn authors_are_told_of_decisions_about_their_own() {
    let (world, cast) = quiet().await;
    let (_, comment) = talk(&world, &cast).await;
    let input = json!({ "contributionId": comment, "reason": "UNKIND" });
    world.done(&cast.teacher, "contributionHide", input, "").await;
    let input = json!({ "contributionId": comment });
    world.done(&cast.teacher, "contributionRestore", input, "").await;
    assert_eq!(kinds(&world, &cast.mobile).await, ["DECISION", "DECISION"]);
    is_told_nothing(&world, &cast.stayer).await;
}

#[tokio::test]
async fn all_are_told_that_a_phase_was_opened() {
    let (world, cast) = quiet().await;
    let input = json!({ "phaseId": cast.after });
    world.done(&cast.coordinator, "phaseOpen", input, "").await;
    for who in [&cast.teacher, &cast.mobile, &cast.stayer, &cast.observer, &cast.partner] {
        assert_eq!(kinds(&world, who).await, ["PHASE_OPENED"], "{}", who.login);
        assert_eq!(inbox(&world, who).await[0]["phase"]["id"], cast.after);
    }
    is_told_nothing(&world, &cast.coordinator).await;
    is_told_nothing(&world, &cast.foreign_pupil).await;
}

#[tokio::test]
async fn a_member_is_told_of_another_role_and_of_grants() {
    let (world, cast) = quiet().await;
    let query = "query($id: ID!) { node(id: $id) { ... on Membership { version } } }";
    let data = world
        .ask(&cast.coordinator, query, json!({ "id": cast.observer.member }))
        .await;
    let version = data["node"]["version"].clone();
    let input = json!({ "membershipId": cast.observer.member, "expectedVersion": version, "role": "MENTOR" });
    world.done(&cast.coordinator, "memberUpdate", input, "").await;
    assert_eq!(kinds(&world, &cast.observer).await, ["ROLE_CHANGED"]);
    assert_eq!(inbox(&world, &cast.observer).await[0]["membership"]["role"], "MENTOR");
    let input = json!({ "membershipId": cast.stayer.member, "capability": "MODERATE", "phaseId": cast.during });
    world.done(&cast.coordinator, "grantCreate", input, "").await;
    assert_eq!(kinds(&world, &cast.stayer).await, ["ROLE_CHANGED"]);
}

#[tokio::test]
async fn judges_are_told_of_reports_that_wait() {
    let (world, cast) = quiet().await;
    let (_, comment) = talk(&world, &cast).await;
    let input = json!({ "contributionId": comment, "reason": "UNKIND", "note": "Not nice." });
    world.done(&cast.stayer, "contributionReport", input, "").await;
    for who in [&cast.coordinator, &cast.partner] {
        assert_eq!(kinds(&world, who).await, ["REPORT_TO_DECIDE"], "{}", who.login);
        let told = &inbox(&world, who).await[0];
        assert!(told["report"]["id"].is_string());
        assert_eq!(told["actor"], Value::Null, "the report tells who made it");
    }
    for who in [&cast.mobile, &cast.stayer, &cast.observer] {
        is_told_nothing(&world, who).await;
    }
}

#[tokio::test]
async fn an_author_does_not_learn_who_had_their_own_put_out_of_sight() {
    let (world, cast) = quiet().await;
    let (_, comment) = talk(&world, &cast).await;
    let input = json!({ "contributionId": comment, "reason": "UNSAFE" });
    world.done(&cast.teacher, "contributionReport", input, "").await;
    assert_eq!(kinds(&world, &cast.mobile).await, ["DECISION"]);
    assert_eq!(inbox(&world, &cast.mobile).await[0]["actor"], Value::Null);
}

#[tokio::test]
async fn what_is_out_of_sight_later_is_told_without_it() {
    let (world, cast) = quiet().await;
    let (thread, comment) = talk(&world, &cast).await;
    world.comment(&cast.stayer, &thread, Some(&comment), "Which?").await;
    world.fan_out().await;
    let input = json!({ "contributionId": thread, "reason": "UNKIND" });
    world.done(&cast.coordinator, "contributionHide", input, "").await;
    let told = inbox(&world, &cast.mobile).await;
    assert_eq!(
        (&told[0]["kind"], &told[0]["contribution"]),
        (&json!("REPLY"), &Value::Null)
    );
}

#[tokio::test]
async fn who_mutes_a_thread_or_a_kind_is_told_nothing_of_it() {
    let (world, cast) = quiet().await;
    let (thread, comment) = talk(&world, &cast).await;
    let wishes = json!({ "preferences": [{ "kind": "REPLY", "isWanted": false }] });
    let payload = world
        .done(
            &cast.mobile,
            "notificationPreferencesSet",
            wishes,
            "preferences { kind isWanted }",
        )
        .await;
    let preferences = payload["preferences"].as_array().unwrap();
    let muted: Vec<_> = preferences.iter().filter(|one| one["isWanted"] == false).collect();
    assert_eq!((preferences.len(), muted.len()), (10, 1));
    world.comment(&cast.stayer, &thread, Some(&comment), "Which?").await;
    is_told_nothing(&world, &cast.mobile).await;
    let wishes = json!({ "preferences": [{ "kind": "REPLY", "isWanted": true }] });
    world.done(&cast.mobile, "notificationPreferencesSet", wishes, "").await;
    world.comment(&cast.stayer, &thread, Some(&comment), "And now?").await;
    assert_eq!(kinds(&world, &cast.mobile).await, ["REPLY"]);
}

async fn listen(world: &World, who: &Person) -> Socket {
    let data = world.ask(who, "{ viewer { inboxCursor } }", json!({})).await;
    let mut socket = world.node.socket(who).await;
    let query = "subscription($after: String) { viewerEvents(after: $after) { __typename cursor \
         ... on InboxEvent { unreadCount notification { kind actor { displayName } } } } }";
    socket
        .subscribe(query, json!({ "after": data["viewer"]["inboxCursor"] }))
        .await;
    socket
}

async fn next(socket: &mut Socket) -> Value {
    loop {
        let message = socket.hear().await;
        let event = message["payload"]["data"]["viewerEvents"].clone();
        assert!(event.is_object(), "{message}");
        if event["__typename"] != "Heartbeat" {
            return event;
        }
    }
}

#[tokio::test]
async fn an_inbox_is_live_and_all_devices_hear_what_was_read() {
    let (world, cast) = quiet().await;
    let (thread, comment) = talk(&world, &cast).await;
    let mut phone = listen(&world, &cast.mobile).await;
    let mut tablet = listen(&world, &cast.mobile).await;
    world.comment(&cast.stayer, &thread, Some(&comment), "Which?").await;
    world.fan_out().await;
    for device in [&mut phone, &mut tablet] {
        let event = next(device).await;
        assert_eq!(
            (&event["unreadCount"], &event["notification"]["kind"]),
            (&json!(1), &json!("REPLY"))
        );
    }
    let id = inbox(&world, &cast.mobile).await[0]["id"].clone();
    let input = json!({ "notificationIds": [id] });
    let payload = world
        .done(&cast.mobile, "notificationsMarkRead", input.clone(), "unreadCount")
        .await;
    assert_eq!(payload["unreadCount"], 0);
    for device in [&mut phone, &mut tablet] {
        let event = next(device).await;
        assert_eq!(
            (&event["unreadCount"], &event["notification"]),
            (&json!(0), &Value::Null)
        );
    }
    // Once more is success, and no event; and nobody else's can be read.
    world
        .done(&cast.mobile, "notificationsMarkRead", input.clone(), "")
        .await;
    assert_eq!(
        world.refused(&cast.stayer, "notificationsMarkRead", input).await,
        ["NOT_FOUND"]
    );
    world.comment(&cast.stayer, &thread, Some(&comment), "And?").await;
    world.fan_out().await;
    assert_eq!(next(&mut phone).await["unreadCount"], 1);
}

#[tokio::test]
async fn everything_up_to_one_is_read_at_once() {
    let (world, cast) = quiet().await;
    let (thread, comment) = talk(&world, &cast).await;
    for text in ["One?", "Two?", "Three?"] {
        world.comment(&cast.stayer, &thread, Some(&comment), text).await;
    }
    world.fan_out().await;
    let told = inbox(&world, &cast.mobile).await;
    let input = json!({ "upToId": told[1]["id"] });
    let payload = world
        .done(&cast.mobile, "notificationsMarkRead", input, "unreadCount")
        .await;
    assert_eq!(payload["unreadCount"], 1);
    let query = "{ viewer { notifications(isUnread: true) { totalCount nodes { id } } } }";
    let data = world.ask(&cast.mobile, query, json!({})).await;
    let unread = &data["viewer"]["notifications"];
    assert_eq!(unread, &json!({ "totalCount": 1, "nodes": [{ "id": told[0]["id"] }] }));
    // One or the other.
    for faulty in [json!({}), json!({ "upToId": told[0]["id"], "notificationIds": [] })] {
        let refused = world.refused(&cast.mobile, "notificationsMarkRead", faulty).await;
        assert_eq!(refused, ["INVALID/REQUIRED"]);
    }
}

#[tokio::test]
async fn an_author_is_told_what_became_of_what_waited() {
    let (world, cast) = quiet().await;
    world.pre_moderate(&cast.coordinator, &cast.during).await;
    let approved = world.thread(&cast.mobile, &cast.during, "Bread").await;
    let returned = world.thread(&cast.mobile, &cast.during, "Butter").await;
    is_told_nothing(&world, &cast.mobile).await;
    world.act(&cast.teacher, "Approve", &approved).await;
    world.act(&cast.teacher, "Return", &returned).await;
    assert_eq!(kinds(&world, &cast.mobile).await, ["DECISION", "DECISION"]);
    let told = inbox(&world, &cast.mobile).await;
    let about = |node: &Value| node["contribution"]["id"].as_str().unwrap().to_owned();
    assert_eq!(told.iter().map(about).collect::<Vec<_>>(), [returned, approved]);
}

#[tokio::test]
async fn after_a_break_an_inbox_goes_on_behind_its_cursor() {
    let (world, cast) = quiet().await;
    let (thread, comment) = talk(&world, &cast).await;
    let mut live = listen(&world, &cast.mobile).await;
    world.comment(&cast.stayer, &thread, Some(&comment), "One?").await;
    world.fan_out().await;
    let cursor = next(&mut live).await["cursor"].clone();
    drop(live);
    for text in ["Two?", "Three?"] {
        world.comment(&cast.stayer, &thread, Some(&comment), text).await;
    }
    world.fan_out().await;
    let query = "subscription($after: String) { viewerEvents(after: $after) { __typename cursor } }";
    let mut live = world.node.socket(&cast.mobile).await;
    live.subscribe(query, json!({ "after": cursor })).await;
    let seqs = [next(&mut live).await, next(&mut live).await]
        .map(|event| Cursor::decode(event["cursor"].as_str().unwrap()).unwrap().seq);
    let before = Cursor::decode(cursor.as_str().unwrap()).unwrap().seq;
    assert_eq!(seqs, [before + 1, before + 2]);
}

#[tokio::test]
async fn an_inbox_is_for_its_owner_alone() {
    let (world, cast) = quiet().await;
    let data = world.ask(&cast.mobile, "{ viewer { inboxCursor } }", json!({})).await;
    let cursor = &data["viewer"]["inboxCursor"];
    let mut socket = world.node.socket(&cast.stayer).await;
    let query = "subscription($after: String) { viewerEvents(after: $after) { cursor } }";
    socket.subscribe(query, json!({ "after": cursor })).await;
    let refusal = socket.hear().await;
    assert_eq!(refusal["type"], "error", "{refusal}");
    assert_eq!(refusal["payload"][0]["extensions"]["code"], "INVALID");
    let query = "subscription($id: ID!, $after: String) { spaceEvents(spaceId: $id, after: $after) { cursor } }";
    let mut socket = world.node.socket(&cast.mobile).await;
    socket
        .subscribe(query, json!({ "id": cast.space, "after": cursor }))
        .await;
    assert_eq!(socket.hear().await["payload"][0]["extensions"]["code"], "INVALID");
    // A missing or foreign token has none at all.
    let answer = world.send(None, "{ viewer { inboxCursor } }", json!({})).await;
    assert_eq!((&answer["data"]["viewer"], errors(&answer)), (&Value::Null, vec![]));
}

#[tokio::test]
async fn who_mutes_a_thread_is_told_nothing_of_it() {
    let (world, cast) = quiet().await;
    let (thread, comment) = talk(&world, &cast).await;
    let input = json!({ "threadId": thread, "level": "MUTED" });
    world.done(&cast.mobile, "threadSubscriptionSet", input, "").await;
    let text = format!("<@{}>, which?", cast.mobile.member);
    world.comment(&cast.stayer, &thread, Some(&comment), &text).await;
    is_told_nothing(&world, &cast.mobile).await;
}

#[tokio::test]
async fn nobody_is_told_of_what_they_do_not_see() {
    let (world, cast) = quiet().await;
    let input = json!({ "title": "Staff", "audience": "STAFF" });
    let thread = world.create(&cast.teacher, "thread", &cast.during, input).await;
    let text = format!("Look, <@{}> and <@{}>!", cast.mobile.member, cast.partner.member);
    world.comment(&cast.coordinator, &thread, None, &text).await;
    assert_eq!(kinds(&world, &cast.teacher).await, ["REPLY"]);
    assert_eq!(kinds(&world, &cast.partner).await, ["MENTION"]);
    is_told_nothing(&world, &cast.mobile).await;
    // Hidden before anybody was told.
    let (_, comment) = talk(&world, &cast).await;
    world.act(&cast.coordinator, "Hide", &comment).await;
    assert_eq!(kinds(&world, &cast.teacher).await, ["REPLY"]);
}

#[tokio::test]
async fn an_event_that_is_told_again_changes_nothing() {
    let (world, cast) = quiet().await;
    let (thread, _) = talk(&world, &cast).await;
    world.comment(&cast.stayer, &thread, None, "Rye.").await;
    world.fan_out().await;
    let before = inbox(&world, &cast.teacher).await;
    let db = &world.app().db;
    let events = event::Entity::find().filter(event::Column::ContributionId.is_not_null());
    let events = events.all(db.primary()).await.unwrap();
    for event in events {
        let again = NewJob {
            kind: FAN_OUT,
            subject_id: event.id,
            space_id: Some(event.stream_id),
            due_at: event.occurred_at,
        };
        db.write(None, |tx| {
            tx.enqueue(again);
            Box::pin(std::future::ready(Ok(())))
        })
        .await
        .unwrap();
    }
    world.fan_out().await;
    assert_eq!(inbox(&world, &cast.teacher).await, before);
    assert_eq!(before.len(), 2);
}

#[tokio::test]
async fn nothing_of_a_space_that_one_has_left_is_in_the_inbox() {
    let (world, cast) = quiet().await;
    let (thread, comment) = talk(&world, &cast).await;
    world.comment(&cast.stayer, &thread, Some(&comment), "Which?").await;
    assert_eq!(kinds(&world, &cast.mobile).await, ["REPLY"]);
    let id = inbox(&world, &cast.mobile).await[0]["id"].clone();
    world.comment(&cast.stayer, &thread, Some(&comment), "Well?").await;
    let input = json!({ "membershipId": cast.mobile.member });
    world.done(&cast.coordinator, "memberRemove", input, "").await;
    is_told_nothing(&world, &cast.mobile).await;
    let data = world
        .ask(
            &cast.mobile,
            "query($id: ID!) { node(id: $id) { id } }",
            json!({ "id": id }),
        )
        .await;
    assert_eq!(data["node"], Value::Null);
}

#[tokio::test]
async fn with_a_person_their_inbox_is_erased() {
    let (world, cast) = quiet().await;
    let (thread, comment) = talk(&world, &cast).await;
    world.comment(&cast.stayer, &thread, Some(&comment), "Which?").await;
    let wishes = json!({ "preferences": [{ "kind": "MENTION", "isWanted": false }] });
    world.done(&cast.mobile, "notificationPreferencesSet", wishes, "").await;
    assert_eq!(kinds(&world, &cast.mobile).await, ["REPLY"]);
    // Nobody is told any more of this one.
    world.comment(&cast.stayer, &thread, Some(&comment), "Well?").await;
    let input = json!({ "accountId": cast.mobile.account, "currentPassword": PASSWORD });
    world.done(&cast.mobile, "accountErase", input, "").await;
    world.fan_out().await;
    let (db, account) = (world.app().db.primary(), inner(&cast.mobile.account));
    let told = notification::Entity::find().filter(notification::Column::AccountId.eq(account));
    assert_eq!(told.all(db).await.unwrap(), vec![]);
    let events = event::Entity::find().filter(event::Column::StreamId.eq(account));
    assert_eq!(events.all(db).await.unwrap(), vec![]);
    let unwanted = entity::notification_mute::Entity::find().all(db).await.unwrap();
    assert_eq!(unwanted, vec![]);
}

/// What the teacher was told of: the contributions, and how many events there are in the inbox.
async fn told(server: &Server, who: &Person) -> (BTreeSet<String>, usize, i64) {
    let query = "{ viewer { inboxCursor notifications(first: 100) { nodes { contribution { id } } totalCount } } }";
    let data = server.ask(who, query, json!({})).await;
    let (viewer, id) = (&data["viewer"], |node: &Value| {
        node["contribution"]["id"].as_str().unwrap().to_owned()
    });
    let nodes = viewer["notifications"]["nodes"].as_array().unwrap();
    let cursor = Cursor::decode(viewer["inboxCursor"].as_str().unwrap()).unwrap();
    (nodes.iter().map(id).collect(), nodes.len(), cursor.seq)
}

#[tokio::test]
async fn whenever_the_server_is_killed_everybody_is_told_once() {
    let (world, cast) = quiet().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let query = "{ viewer { inboxCursor } }";
    let data = world.ask(&cast.teacher, query, json!({})).await;
    let before = Cursor::decode(data["viewer"]["inboxCursor"].as_str().unwrap())
        .unwrap()
        .seq;
    let mut server = world.into_server(&[]).await;
    let mut written = BTreeSet::new();
    for round in 0..5 {
        for _ in 0..8 {
            let input = json!({ "rootId": thread, "body": "Dark." });
            let made = server
                .mutate(&cast.mobile, "commentCreate", input, "comment { id }")
                .await;
            written.insert(made["comment"]["id"].as_str().unwrap().to_owned());
        }
        tokio::time::sleep(Duration::from_millis(round * 3)).await;
        server.kill();
        server.start_again().await;
    }
    if is_production() {
        // Another node, when what the dead ones had claimed is free again.
        let node = server.second_node().await;
        node.clock.set(Some(node.clock.now() + TimeDelta::seconds(61)));
        fan_out(&node).await;
        node.db.close().await;
    }
    let (begun, count) = (Instant::now(), written.len());
    while told(&server, &cast.teacher).await.1 < count {
        assert!(begun.elapsed() < Duration::from_secs(60), "not all are told");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let events = before + i64::try_from(count).unwrap();
    assert_eq!(told(&server, &cast.teacher).await, (written, count, events));
}
