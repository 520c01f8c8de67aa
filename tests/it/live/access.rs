//! Whose stream it is, and until when.

use serde_json::{Value, json};

use super::{mark, short, told, until};
use crate::support::{Cast, Node, PASSWORD, Person, Socket, World, is_production};

/// The error that a subscription is answered with: its code and reason.
async fn refused(node: &Node, who: &Person, space: &str, after: Option<&str>) -> (Value, Value) {
    let message = node.watch(who, space, after).await.hear().await;
    assert_eq!(message["type"], "error", "{message}");
    let extensions = &message["payload"][0]["extensions"];
    (extensions["code"].clone(), extensions["reason"].clone())
}

#[tokio::test]
async fn only_members_may_listen() {
    let (world, cast) = World::with_cast().await;
    for who in [
        &cast.foreigner,
        &cast.foreign_pupil,
        &cast.colleague,
        &cast.bystander,
        &cast.admin,
    ] {
        let (code, _) = refused(&world.node, who, &cast.space, None).await;
        assert_eq!(code, "NOT_FOUND", "{}", who.login);
    }
}

#[tokio::test]
async fn a_space_that_is_not_there_is_not_found() {
    let (world, cast) = World::with_cast().await;
    let unknown = "space_01h455vb4pex5vsknk084sn02q";
    let (code, _) = refused(&world.node, &cast.teacher, unknown, None).await;
    assert_eq!(code, "NOT_FOUND");
}

#[tokio::test]
async fn a_faulty_id_is_invalid() {
    let (world, cast) = World::with_cast().await;
    for id in [&cast.during, "space_?", ""] {
        let (code, _) = refused(&world.node, &cast.teacher, id, None).await;
        assert_eq!(code, "INVALID", "{id}");
    }
}

#[tokio::test]
async fn a_cursor_of_another_space_is_invalid() {
    let (world, cast) = World::with_cast().await;
    let other = world.node.newest(&cast.foreigner, &cast.foreign_space).await;
    let (code, reason) = refused(&world.node, &cast.teacher, &cast.space, Some(&other)).await;
    assert_eq!((code, reason), (json!("INVALID"), json!("MALFORMED")));
}

#[tokio::test]
async fn a_cursor_of_a_foreign_space_tells_an_outsider_nothing() {
    let (world, cast) = World::with_cast().await;
    let other = world.node.newest(&cast.teacher, &cast.space).await;
    let (code, _) = refused(&world.node, &cast.foreigner, &cast.space, Some(&other)).await;
    assert_eq!(code, "NOT_FOUND");
}

#[tokio::test]
async fn what_is_no_cursor_is_invalid() {
    let (world, cast) = World::with_cast().await;
    let cursor = world.node.newest(&cast.teacher, &cast.space).await;
    let query = "query($id: ID!) { space(id: $id) { members(first: 1) { pageInfo { endCursor } } } }";
    let page = world.ask(&cast.teacher, query, json!({ "id": cast.space })).await;
    let of_page = page["space"]["members"]["pageInfo"]["endCursor"].as_str().unwrap();
    for garbage in ["", "?", "AAAA", of_page, &cursor[1..], &format!("{cursor}A")] {
        let (code, reason) = refused(&world.node, &cast.teacher, &cast.space, Some(garbage)).await;
        assert_eq!((code, reason), (json!("INVALID"), json!("MALFORMED")), "{garbage}");
    }
}

/// A stream that has begun for certain.
async fn listen(world: &World, cast: &Cast, node: &Node, who: &Person) -> Socket {
    let before = node.newest(&cast.coordinator, &cast.space).await;
    let mut live = node.watch(who, &cast.space, Some(&before)).await;
    let last = mark(world, cast).await;
    assert_eq!(short(&until(&mut live, &last).await), Vec::<String>::new());
    live
}

/// That the stream says why it ends, and then is complete.
async fn ends(live: &mut Socket, reason: &str) {
    let event = live.event().await;
    assert_eq!(event["__typename"], "StreamEnded", "{event}");
    assert_eq!(
        (&event["reason"], &event["kind"]),
        (&json!(reason), &json!("STREAM_ENDED"))
    );
    assert_eq!(live.hear().await, json!({ "id": "1", "type": "complete" }));
}

async fn remove(world: &World, cast: &Cast, who: &Person) {
    let input = json!({ "membershipId": who.member });
    world.done(&cast.coordinator, "memberRemove", input, "").await;
}

#[tokio::test]
async fn the_stream_of_a_removed_member_ends() {
    let (world, cast) = World::with_cast().await;
    let mut live = listen(&world, &cast, &world.node, &cast.stayer).await;
    remove(&world, &cast, &cast.stayer).await;
    ends(&mut live, "MEMBERSHIP_ENDED").await;
    let (code, _) = refused(&world.node, &cast.stayer, &cast.space, None).await;
    assert_eq!(code, "NOT_FOUND");
}

#[tokio::test]
async fn others_are_told_that_a_member_was_removed() {
    let (world, cast) = World::with_cast().await;
    let watchers = [&cast.mobile, &cast.teacher];
    for events in told(&world, &cast, watchers, remove(&world, &cast, &cast.stayer)).await {
        assert_eq!(short(&events), ["MEMBER_REMOVED"]);
        assert_eq!(events[0]["member"]["id"], cast.stayer.member);
        assert!(events[0]["member"]["leftAt"].is_string());
    }
}

#[tokio::test]
async fn the_stream_of_who_signs_out_ends() {
    let (world, cast) = World::with_cast().await;
    let mut live = listen(&world, &cast, &world.node, &cast.stayer).await;
    world.done(&cast.stayer, "sessionRevoke", json!({}), "").await;
    ends(&mut live, "SESSION_ENDED").await;
}

#[tokio::test]
async fn the_stream_of_who_lost_the_session_to_a_new_secret_ends() {
    let (world, cast) = World::with_cast().await;
    let mut live = listen(&world, &cast, &world.node, &cast.stayer).await;
    let input = json!({ "accountIds": [cast.stayer.account] });
    world.done(&cast.coordinator, "accountSecretsReset", input, "").await;
    ends(&mut live, "SESSION_ENDED").await;
}

#[tokio::test]
async fn a_new_password_ends_the_streams_of_other_sessions_alone() {
    let (world, cast) = World::with_cast().await;
    let (_, token) = world.sign_in(&cast.stayer.login, PASSWORD).await;
    let other = Person {
        token,
        ..cast.stayer.clone()
    };
    let mut live = listen(&world, &cast, &world.node, &other).await;
    let mut own = listen(&world, &cast, &world.node, &cast.stayer).await;
    let input = json!({ "currentPassword": PASSWORD, "newPassword": "battery staple" });
    world.done(&cast.stayer, "accountPasswordChange", input, "").await;
    // The other one has heard of the second stream's beginning.
    assert_eq!(short(&[live.event().await]), ["SPACE_UPDATED"]);
    ends(&mut live, "SESSION_ENDED").await;
    let last = mark(&world, &cast).await;
    assert_eq!(short(&until(&mut own, &last).await), Vec::<String>::new());
}

async fn set_role(world: &World, cast: &Cast, who: &Person, role: &str) {
    let query = "query($id: ID!) { node(id: $id) { ... on Membership { version } } }";
    let data = world.ask(&cast.coordinator, query, json!({ "id": who.member })).await;
    let input = json!({ "membershipId": who.member, "expectedVersion": data["node"]["version"], "role": role });
    world.done(&cast.coordinator, "memberUpdate", input, "").await;
}

#[tokio::test]
async fn a_teacher_who_becomes_observer_is_no_longer_told_what_waits() {
    let (world, cast) = World::with_cast().await;
    world.pre_moderate(&cast.coordinator, &cast.during).await;
    let before = world.node.newest(&cast.teacher, &cast.space).await;
    let mut live = world.node.watch(&cast.teacher, &cast.space, Some(&before)).await;
    world.thread(&cast.mobile, &cast.during, "Before").await;
    assert_eq!(short(&[live.event().await]), ["SUBMITTED PENDING"]);
    set_role(&world, &cast, &cast.teacher, "OBSERVER").await;
    world.thread(&cast.mobile, &cast.during, "After").await;
    let last = mark(&world, &cast).await;
    assert_eq!(short(&until(&mut live, &last).await), ["MEMBER_UPDATED"]);
    // What was told before the change isn't told again either.
    let mut replay = world.node.watch(&cast.teacher, &cast.space, Some(&before)).await;
    assert_eq!(short(&until(&mut replay, &last).await), ["MEMBER_UPDATED"]);
}

#[tokio::test]
async fn an_observer_who_becomes_teacher_is_told_what_waits() {
    let (world, cast) = World::with_cast().await;
    world.pre_moderate(&cast.coordinator, &cast.during).await;
    let before = world.node.newest(&cast.observer, &cast.space).await;
    let mut live = world.node.watch(&cast.observer, &cast.space, Some(&before)).await;
    set_role(&world, &cast, &cast.observer, "TEACHER").await;
    assert_eq!(short(&[live.event().await]), ["MEMBER_UPDATED"]);
    world.thread(&cast.mobile, &cast.during, "Waits").await;
    let event = live.event().await;
    assert_eq!(short(std::slice::from_ref(&event)), ["SUBMITTED PENDING"]);
    assert_eq!(event["contribution"]["body"], "About Waits.");
}

#[tokio::test]
async fn a_stream_on_another_node_ends_too() {
    if !is_production() {
        return;
    }
    let (world, cast) = World::with_cast().await;
    let second = world.second_node().await;
    let mut signed_out = listen(&world, &cast, &second, &cast.mobile).await;
    let mut removed = listen(&world, &cast, &second, &cast.stayer).await;
    assert_eq!(short(&[signed_out.event().await]), ["SPACE_UPDATED"]);
    remove(&world, &cast, &cast.stayer).await;
    ends(&mut removed, "MEMBERSHIP_ENDED").await;
    assert_eq!(short(&[signed_out.event().await]), ["MEMBER_REMOVED"]);
    world.done(&cast.mobile, "sessionRevoke", json!({}), "").await;
    ends(&mut signed_out, "SESSION_ENDED").await;
}
