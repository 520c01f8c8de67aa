//! Who may be present, and who sees it.

use serde_json::json;

use super::{PRESENCE, View};
use crate::support::{Node, Person, World, faults};

const UNKNOWN: &str = "space_01h455vb4pex5vsknk084sn02q";

/// The code with which a subscription is refused.
async fn refused(node: &Node, who: &Person, space: &str) -> String {
    let mut socket = node.socket(who).await;
    socket.subscribe(PRESENCE, json!({ "space": space })).await;
    let message = socket.hear().await;
    assert_eq!(message["type"], "error", "{message}");
    message["payload"][0]["extensions"]["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn only_members_are_present_and_see_who_is() {
    let (world, cast) = World::with_cast().await;
    for who in [
        &cast.foreigner,
        &cast.foreign_pupil,
        &cast.colleague,
        &cast.bystander,
        &cast.admin,
    ] {
        assert_eq!(
            refused(&world.node, who, &cast.space).await,
            "NOT_FOUND",
            "{}",
            who.login
        );
        for more in [json!({}), json!({ "isOnline": false })] {
            let mut input = more;
            input["spaceId"] = json!(cast.space);
            let payload = world.mutate(who, "presenceSet", input, "expiresAt isOff").await;
            assert_eq!(payload["userErrors"][0]["code"], "NOT_FOUND", "{}", who.login);
            assert_eq!(payload["userErrors"][0]["field"], json!(["spaceId"]));
            assert!(
                payload["expiresAt"].is_null() && payload["isOff"].is_null(),
                "{payload}"
            );
        }
    }
    assert_eq!(refused(&world.node, &cast.teacher, UNKNOWN).await, "NOT_FOUND");
    assert_eq!(refused(&world.node, &cast.teacher, &cast.during).await, "INVALID");
    let payload = world.mutate(&cast.teacher, "presenceSet", json!({ "spaceId": cast.during }), "");
    assert_eq!(faults(&payload.await), ["INVALID/MALFORMED at spaceId"]);
}

#[tokio::test]
async fn one_space_knows_nothing_of_who_is_in_another() {
    let (world, cast) = World::with_cast().await;
    let mut view = View::new(&world.node, &cast.foreigner, &cast.foreign_space).await;
    view.hear().await;
    world.online(&cast.mobile, &cast).await;
    let input = json!({ "spaceId": cast.foreign_space });
    world.done(&cast.foreign_pupil, "presenceSet", input, "").await;
    view.shows(&[(&cast.foreign_pupil, None, false)]).await;
    assert!(!view.heard.contains(&cast.mobile.member));
}

#[tokio::test]
async fn who_is_removed_is_gone_and_sees_nobody_any_more() {
    let (world, cast) = World::with_cast().await;
    let mut view = world.view(&cast.teacher, &cast).await;
    let mut own = world.view(&cast.stayer, &cast).await;
    for who in [&cast.stayer, &cast.mobile] {
        world.online(who, &cast).await;
    }
    for view in [&mut view, &mut own] {
        view.shows(&[(&cast.stayer, None, false), (&cast.mobile, None, false)])
            .await;
    }
    let input = json!({ "membershipId": cast.stayer.member });
    world.done(&cast.coordinator, "memberRemove", input, "").await;
    view.shows(&[(&cast.mobile, None, false)]).await;
    assert_eq!(own.ends().await, ["NOT_FOUND"]);
    assert_eq!(refused(&world.node, &cast.stayer, &cast.space).await, "NOT_FOUND");
    let input = json!({ "spaceId": cast.space });
    assert_eq!(world.refused(&cast.stayer, "presenceSet", input).await, ["NOT_FOUND"]);
}

#[tokio::test]
async fn a_subscription_ends_with_the_session() {
    let (world, cast) = World::with_cast().await;
    let mut view = world.view(&cast.stayer, &cast).await;
    view.hear().await;
    world.done(&cast.stayer, "sessionRevoke", json!({}), "").await;
    assert_eq!(view.ends().await, ["UNAUTHENTICATED"]);
}

#[tokio::test]
async fn a_thread_that_the_member_does_not_see_is_not_found() {
    let (world, cast) = World::with_cast().await;
    let elsewhere = world.thread(&cast.foreigner, &cast.foreign_phase, "Elsewhere").await;
    let draft = json!({ "phaseId": cast.during, "title": "Draft", "body": "Draft", "publish": false });
    let payload = world.done(&cast.teacher, "threadCreate", draft, "thread { id }").await;
    let draft = payload["thread"]["id"].as_str().unwrap().to_owned();
    let staff = json!({ "audience": "STAFF" });
    let staff = world.create(&cast.teacher, "thread", &cast.during, staff).await;
    let entry = world.entry(&cast.mobile, &cast.during, "Entry", true).await;
    for (thread, fault) in [
        (&elsewhere, "NOT_FOUND at threadId"),
        (&draft, "NOT_FOUND at threadId"),
        (&staff, "NOT_FOUND at threadId"),
        (&entry, "INVALID/MALFORMED at threadId"),
    ] {
        let input = json!({ "spaceId": cast.space, "threadId": thread, "isWriting": true });
        let payload = world.mutate(&cast.stayer, "presenceSet", input, "expiresAt").await;
        assert_eq!(faults(&payload), [fault]);
    }
    // A thread of another space where one is a member as well is as wrong.
    let phase = world.done(
        &cast.coordinator,
        "spaceCreate",
        json!({ "title": "Second" }),
        "space { id phase(kind: DURING) { id } }",
    );
    let space = phase.await["space"].clone();
    let input = json!({ "phaseId": space["phase"]["id"] });
    world.done(&cast.coordinator, "phaseOpen", input, "").await;
    let thread = world
        .thread(&cast.coordinator, space["phase"]["id"].as_str().unwrap(), "There")
        .await;
    let input = json!({ "spaceId": cast.space, "threadId": thread });
    assert_eq!(
        world.refused(&cast.coordinator, "presenceSet", input).await,
        ["NOT_FOUND"]
    );
    let mut view = world.view(&cast.coordinator, &cast).await;
    assert_eq!(view.hear().await["present"], json!([]));
}

#[tokio::test]
async fn writing_is_in_a_thread() {
    let (world, cast) = World::with_cast().await;
    let input = json!({ "spaceId": cast.space, "isWriting": true });
    let payload = world.mutate(&cast.stayer, "presenceSet", input, "").await;
    assert_eq!(faults(&payload), ["INVALID/REQUIRED at threadId"]);
}

#[tokio::test]
async fn in_which_thread_a_member_is_only_those_learn_who_see_it() {
    let (world, cast) = World::with_cast().await;
    let staff = json!({ "audience": "STAFF", "title": "Secret" });
    let staff = world.create(&cast.teacher, "thread", &cast.during, staff).await;
    let mut coordinator = world.view(&cast.coordinator, &cast).await;
    let mut pupil = world.view(&cast.stayer, &cast).await;
    let mut observer = world.view(&cast.observer, &cast).await;
    let input = json!({ "threadId": staff, "isWriting": true });
    world.present(&cast.teacher, &cast, input).await;
    coordinator.shows(&[(&cast.teacher, Some(&staff), true)]).await;
    for view in [&mut pupil, &mut observer] {
        view.shows(&[(&cast.teacher, None, false)]).await;
        assert!(
            !view.heard.contains(&staff) && !view.heard.contains("Secret"),
            "{}",
            view.heard
        );
        assert!(!view.heard.contains("\"isWriting\":true"));
    }
}

#[tokio::test]
async fn a_thread_that_goes_out_of_sight_goes_out_of_presence_and_comes_back_with_it() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.mobile, &cast.during, "Bread").await;
    let mut staff = world.view(&cast.teacher, &cast).await;
    let mut pupil = world.view(&cast.stayer, &cast).await;
    // What is said before the first message is part of it.
    staff.shows(&[]).await;
    pupil.shows(&[]).await;
    let input = json!({ "threadId": thread, "isWriting": true });
    world.present(&cast.mobile, &cast, input).await;
    for view in [&mut staff, &mut pupil] {
        view.shows(&[(&cast.mobile, Some(&thread), true)]).await;
    }
    world.act(&cast.teacher, "Hide", &thread).await;
    pupil.shows(&[(&cast.mobile, None, false)]).await;
    world.act(&cast.teacher, "Restore", &thread).await;
    pupil.shows(&[(&cast.mobile, Some(&thread), true)]).await;
    // Staff saw it all the time.
    world.present(&cast.mobile, &cast, json!({ "isOnline": false })).await;
    staff.shows(&[]).await;
    assert_eq!(staff.messages, 3, "{}", staff.heard);
}

#[tokio::test]
async fn who_gets_another_role_sees_with_other_eyes() {
    let (world, cast) = World::with_cast().await;
    let staff = json!({ "audience": "STAFF" });
    let staff = world.create(&cast.teacher, "thread", &cast.during, staff).await;
    world.present(&cast.teacher, &cast, json!({ "threadId": staff })).await;
    let mut view = world.view(&cast.mentor, &cast).await;
    view.shows(&[(&cast.teacher, None, false)]).await;
    world
        .member_set(&cast.coordinator, &cast.mentor.member, json!({ "role": "TEACHER" }))
        .await;
    view.shows(&[(&cast.teacher, Some(&staff), false)]).await;
    world
        .member_set(&cast.coordinator, &cast.mentor.member, json!({ "role": "MENTOR" }))
        .await;
    view.shows(&[(&cast.teacher, None, false)]).await;
}

#[tokio::test]
async fn nobody_is_present_in_a_space_that_is_closed() {
    let (world, cast) = World::with_cast().await;
    let mut view = world.view(&cast.mobile, &cast).await;
    world.online(&cast.teacher, &cast).await;
    view.shows(&[(&cast.teacher, None, false)]).await;
    world.phase_step(&cast.coordinator, "phaseClose", &cast.during).await;
    let space = json!({ "spaceId": cast.space });
    world.done(&cast.coordinator, "spaceClose", space.clone(), "").await;
    view.shows(&[]).await;
    let refused = world.refused(&cast.teacher, "presenceSet", space.clone()).await;
    assert_eq!(refused, ["FORBIDDEN/STATE_NOT_ALLOWED"]);
    world.present(&cast.teacher, &cast, json!({ "isOnline": false })).await;
    world.done(&cast.coordinator, "spaceReopen", space, "").await;
    world.online(&cast.teacher, &cast).await;
    view.shows(&[(&cast.teacher, None, false)]).await;
}
