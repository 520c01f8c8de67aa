//! Changing members, removing them and taking them back.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use super::{MEMBER, add, by_row, member, names, row};
use crate::support::{Person, World, errors, faults};

async fn update(world: &World, who: &Person, id: &str, version: i32, mut input: Value) -> Value {
    input["membershipId"] = json!(id);
    input["expectedVersion"] = json!(version);
    let selection = format!("membership {{ {MEMBER} }}");
    world.mutate(who, "memberUpdate", input, &selection).await
}

async fn remove(world: &World, who: &Person, id: &str) -> Value {
    let selection = format!("membership {{ {MEMBER} }} space {{ id members {{ totalCount }} eventCursor }}");
    let input = json!({ "membershipId": id });
    world.mutate(who, "memberRemove", input, &selection).await
}

fn done(payload: &Value) -> &Value {
    assert_eq!(faults(payload), Vec::<String>::new());
    &payload["membership"]
}

const LAST: [&str; 1] = ["FORBIDDEN/LAST_COORDINATOR"];

#[tokio::test]
async fn a_coordinator_changes_role_and_mobility_status() {
    let (world, cast) = World::with_cast().await;
    let payload = update(
        &world,
        &cast.coordinator,
        &cast.mentor.member,
        1,
        json!({ "role": "TEACHER" }),
    )
    .await;
    let mentor = done(&payload);
    assert_eq!((&mentor["role"], &mentor["version"]), (&json!("TEACHER"), &json!(2)));
    let host = json!({ "mobilityStatus": "HOST_PEER" });
    let payload = update(&world, &cast.coordinator, &cast.stayer.member, 1, host).await;
    assert_eq!(done(&payload)["mobilityStatus"], "HOST_PEER");
}

#[tokio::test]
async fn a_new_role_counts_at_once() {
    let (world, cast) = World::with_cast().await;
    let input = json!({ "phaseId": cast.during, "title": "Bread", "body": "Dark" });
    assert_eq!(
        world.refused(&cast.observer, "threadCreate", input.clone()).await,
        ["FORBIDDEN/ROLE_NOT_ALLOWED"]
    );
    update(
        &world,
        &cast.coordinator,
        &cast.observer.member,
        1,
        json!({ "role": "MENTOR" }),
    )
    .await;
    world.done(&cast.observer, "threadCreate", input, "").await;
}

#[tokio::test]
async fn what_is_absent_in_an_update_of_a_member_stays_and_null_clears() {
    let (world, cast) = World::with_cast().await;
    let until = json!({ "preModeratedUntil": "2027-01-01T00:00:00Z" });
    update(&world, &cast.coordinator, &cast.mobile.member, 1, until).await;
    let payload = update(
        &world,
        &cast.coordinator,
        &cast.mobile.member,
        2,
        json!({ "role": "PUPIL" }),
    )
    .await;
    let mobile = done(&payload);
    assert_eq!(
        (&mobile["preModeratedUntil"], &mobile["mobilityStatus"]),
        (&json!("2027-01-01T00:00:00Z"), &json!("MOBILE"))
    );
    let cleared = json!({ "preModeratedUntil": null });
    let payload = update(&world, &cast.coordinator, &cast.mobile.member, 3, cleared).await;
    let mobile = done(&payload);
    assert_eq!(
        (&mobile["preModeratedUntil"], &mobile["mobilityStatus"]),
        (&Value::Null, &json!("MOBILE"))
    );
}

#[tokio::test]
async fn members_hear_of_a_change() {
    let (world, cast) = World::with_cast().await;
    let now = world.node.newest(&cast.stayer, &cast.space).await;
    update(
        &world,
        &cast.coordinator,
        &cast.mentor.member,
        1,
        json!({ "role": "TEACHER" }),
    )
    .await;
    remove(&world, &cast.coordinator, &cast.mentor.member).await;
    let mut live = world.node.watch(&cast.stayer, &cast.space, Some(&now)).await;
    for kind in ["MEMBER_UPDATED", "MEMBER_REMOVED"] {
        let event = live.event().await;
        assert_eq!(
            (&event["kind"], &event["member"]["id"]),
            (&json!(kind), &json!(cast.mentor.member))
        );
    }
}

#[tokio::test]
async fn a_faulty_change_of_a_member_is_named_and_changes_nothing() {
    let (world, cast) = World::with_cast().await;
    let before = world.node.newest(&cast.coordinator, &cast.space).await;
    for (who, input, fault) in [
        (
            &cast.teacher,
            json!({ "role": "PUPIL" }),
            "INVALID/OUT_OF_RANGE at role",
        ),
        (
            &cast.stayer,
            json!({ "role": "TEACHER" }),
            "INVALID/OUT_OF_RANGE at role",
        ),
        (
            &cast.teacher,
            json!({ "mobilityStatus": "MOBILE" }),
            "INVALID/OUT_OF_RANGE at mobilityStatus",
        ),
        (
            &cast.stayer,
            json!({ "preModeratedUntil": "tomorrow" }),
            "INVALID/MALFORMED at preModeratedUntil",
        ),
    ] {
        let payload = update(&world, &cast.coordinator, &who.member, 1, input).await;
        assert_eq!(faults(&payload), [fault]);
        assert_eq!(payload["membership"]["version"], 1);
    }
    assert_eq!(world.node.newest(&cast.coordinator, &cast.space).await, before);
}

#[tokio::test]
async fn a_stale_version_of_a_member_is_a_conflict_that_carries_it() {
    let (world, cast) = World::with_cast().await;
    let first = update(
        &world,
        &cast.coordinator,
        &cast.mentor.member,
        1,
        json!({ "role": "TEACHER" }),
    )
    .await;
    let payload = update(
        &world,
        &cast.partner,
        &cast.mentor.member,
        1,
        json!({ "role": "OBSERVER" }),
    )
    .await;
    assert_eq!(faults(&payload), ["CONFLICT/STALE_VERSION"]);
    assert_eq!(payload["membership"], first["membership"]);
}

#[tokio::test]
async fn only_coordinators_change_and_remove_members() {
    let (world, cast) = World::with_cast().await;
    for who in [&cast.teacher, &cast.mentor, &cast.observer, &cast.mobile] {
        let payload = update(
            &world,
            who,
            &cast.stayer.member,
            1,
            json!({ "mobilityStatus": "MOBILE" }),
        )
        .await;
        assert_eq!(faults(&payload), ["FORBIDDEN/ROLE_NOT_ALLOWED"], "{}", who.login);
        assert_eq!(payload["membership"]["displayName"], "Stan K.");
        let payload = remove(&world, who, &cast.stayer.member).await;
        assert_eq!(faults(&payload), ["FORBIDDEN/ROLE_NOT_ALLOWED"]);
        assert_eq!(payload["membership"]["leftAt"], Value::Null);
    }
}

#[tokio::test]
async fn a_member_of_another_space_is_not_found() {
    let (world, cast) = World::with_cast().await;
    for who in [&cast.foreigner, &cast.colleague, &cast.admin] {
        let payload = update(&world, who, &cast.stayer.member, 1, json!({ "role": "PUPIL" })).await;
        assert_eq!(faults(&payload), ["NOT_FOUND at membershipId"], "{}", who.login);
        let payload = remove(&world, who, &cast.stayer.member).await;
        assert_eq!(faults(&payload), ["NOT_FOUND at membershipId"]);
        assert_eq!(
            (&payload["membership"], &payload["space"]),
            (&Value::Null, &Value::Null)
        );
    }
    let payload = remove(&world, &cast.coordinator, &cast.stayer.account).await;
    assert_eq!(faults(&payload), ["INVALID/MALFORMED at membershipId"]);
}

#[tokio::test]
async fn the_last_coordinator_of_an_organisation_keeps_the_role() {
    let (world, cast) = World::with_cast().await;
    for who in [&cast.coordinator, &cast.partner] {
        let payload = update(&world, &cast.coordinator, &who.member, 1, json!({ "role": "TEACHER" })).await;
        assert_eq!(faults(&payload), LAST, "{}", who.login);
        let payload = remove(&world, &cast.coordinator, &who.member).await;
        assert_eq!(faults(&payload), LAST);
        let kept = &payload["membership"];
        assert_eq!((&kept["role"], &kept["leftAt"]), (&json!("COORDINATOR"), &Value::Null));
    }
}

#[tokio::test]
async fn a_coordinator_with_a_successor_may_go() {
    let (world, cast) = World::with_cast().await;
    update(
        &world,
        &cast.coordinator,
        &cast.teacher.member,
        1,
        json!({ "role": "COORDINATOR" }),
    )
    .await;
    let payload = remove(&world, &cast.coordinator, &cast.coordinator.member).await;
    assert_eq!(faults(&payload), Vec::<String>::new());
    assert_eq!(
        (&payload["membership"], &payload["space"]),
        (&Value::Null, &Value::Null)
    );
    let payload = remove(&world, &cast.partner, &cast.teacher.member).await;
    assert_eq!(faults(&payload), LAST, "the successor is the last one now");
}

#[tokio::test]
async fn a_coordinator_who_left_does_not_count_as_one() {
    let (world, cast) = World::with_cast().await;
    update(
        &world,
        &cast.coordinator,
        &cast.teacher.member,
        1,
        json!({ "role": "COORDINATOR" }),
    )
    .await;
    done(&remove(&world, &cast.coordinator, &cast.teacher.member).await);
    let payload = remove(&world, &cast.partner, &cast.coordinator.member).await;
    assert_eq!(faults(&payload), LAST);
}

#[tokio::test]
async fn a_removed_member_loses_sight_at_once() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.mobile, &cast.during, "Bread").await;
    let payload = remove(&world, &cast.coordinator, &cast.mobile.member).await;
    assert!(done(&payload)["leftAt"].is_string());
    assert_eq!(payload["space"]["members"]["totalCount"], 7);
    let query = "query($space: ID!, $ids: [ID!]!) { space(id: $space) { id } nodes(ids: $ids) { id } \
        viewer { memberships { totalCount } drafts { totalCount } } }";
    let ids = [
        &cast.space,
        &cast.during,
        &thread,
        &cast.mobile.member,
        &cast.stayer.member,
    ];
    let data = world
        .ask(&cast.mobile, query, json!({ "space": cast.space, "ids": ids }))
        .await;
    let expected = json!({ "space": null, "nodes": [null, null, null, null, null],
        "viewer": { "memberships": { "totalCount": 0 }, "drafts": { "totalCount": 0 } } });
    assert_eq!(data, expected);
    let comment = json!({ "rootId": thread, "body": "Still here?" });
    let payload = world.mutate(&cast.mobile, "commentCreate", comment, "").await;
    assert_eq!(faults(&payload), ["NOT_FOUND at rootId"]);
}

#[tokio::test]
async fn the_stream_of_a_removed_member_ends() {
    let (world, cast) = World::with_cast().await;
    let now = world.node.newest(&cast.stayer, &cast.space).await;
    world.thread(&cast.mobile, &cast.during, "Bread").await;
    let mut live = world.node.watch(&cast.stayer, &cast.space, Some(&now)).await;
    assert_eq!(live.event().await["kind"], "CONTRIBUTION_PUBLISHED");
    remove(&world, &cast.coordinator, &cast.stayer.member).await;
    let event = live.event().await;
    assert_eq!(
        (&event["kind"], &event["reason"]),
        (&json!("STREAM_ENDED"), &json!("MEMBERSHIP_ENDED"))
    );
    assert_eq!(live.hear().await["type"], "complete");
}

#[tokio::test]
async fn who_was_removed_cannot_subscribe_again() {
    let (world, cast) = World::with_cast().await;
    remove(&world, &cast.coordinator, &cast.stayer.member).await;
    let mut live = world.node.watch(&cast.stayer, &cast.space, None).await;
    let message = live.hear().await;
    assert_eq!(message["type"], "error");
    assert_eq!(errors(&json!({ "errors": message["payload"] })), ["NOT_FOUND"]);
}

#[tokio::test]
async fn what_a_removed_member_wrote_stays_with_its_author() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.mobile, &cast.during, "Bread").await;
    remove(&world, &cast.coordinator, &cast.mobile.member).await;
    let query = "query($id: ID!) { node(id: $id) { ... on Thread { title byline { kind } author { id leftAt } } } }";
    let data = world.ask(&cast.stayer, query, json!({ "id": thread })).await;
    let node = &data["node"];
    assert_eq!(
        (&node["title"], &node["byline"]["kind"], &node["author"]["id"]),
        (&json!("Bread"), &json!("FORMER_MEMBER"), &json!(cast.mobile.member))
    );
    assert!(node["author"]["leftAt"].is_string());
}

#[tokio::test]
async fn a_removed_member_leaves_the_list_and_keeps_the_row() {
    let (world, cast) = World::with_cast().await;
    remove(&world, &cast.coordinator, &cast.mobile.member).await;
    let names = names(&world, &cast.stayer, &cast.space, Some("PUPIL")).await;
    assert_eq!(names, ["Stan K.", "Pim K."]);
    let kept = member(&world, &cast.stayer, &cast.mobile.member).await;
    assert_eq!(kept["displayName"], "Moira K.");
    assert!(kept["leftAt"].is_string());
}

#[tokio::test]
async fn removing_again_changes_nothing() {
    let (world, cast) = World::with_cast().await;
    let first = remove(&world, &cast.coordinator, &cast.mobile.member).await;
    assert_eq!(remove(&world, &cast.partner, &cast.mobile.member).await, first);
    done(&first);
}

#[tokio::test]
async fn a_removed_member_is_not_changed() {
    let (world, cast) = World::with_cast().await;
    remove(&world, &cast.coordinator, &cast.mentor.member).await;
    let payload = update(
        &world,
        &cast.coordinator,
        &cast.mentor.member,
        2,
        json!({ "role": "TEACHER" }),
    )
    .await;
    assert_eq!(faults(&payload), ["FORBIDDEN/STATE_NOT_ALLOWED"]);
}

#[tokio::test]
async fn who_was_removed_comes_back_by_being_added_as_the_same_member() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.mobile, &cast.during, "Bread").await;
    let until = json!({ "preModeratedUntil": "2027-01-01T00:00:00Z" });
    update(&world, &cast.coordinator, &cast.mobile.member, 1, until).await;
    remove(&world, &cast.coordinator, &cast.mobile.member).await;
    let payload = add(&world, &cast.teacher, &cast.space, &[row(&cast.mobile, "PUPIL")]).await;
    assert_eq!(by_row(&payload), [Vec::<String>::new()]);
    let expected = json!({ "id": cast.mobile.member, "displayName": "Moira K.", "role": "PUPIL",
        "mobilityStatus": "NON_MOBILE", "preModeratedUntil": null, "leftAt": null, "version": 4 });
    assert_eq!(payload["results"][0]["membership"], expected);
    let query = "query($id: ID!) { node(id: $id) { ... on Thread { byline { kind } author { id } } } }";
    let data = world.ask(&cast.mobile, query, json!({ "id": thread })).await;
    let own = json!({ "byline": { "kind": "MEMBER" }, "author": { "id": cast.mobile.member } });
    assert_eq!(data["node"], own);
}

#[tokio::test]
async fn until_when_somebody_is_pre_moderated_is_seen_by_staff_and_themselves_only() {
    let (world, cast) = World::with_cast().await;
    let until = "2027-01-01T00:00:00Z";
    let input = json!({ "preModeratedUntil": until });
    update(&world, &cast.coordinator, &cast.stayer.member, 1, input).await;
    for who in [&cast.coordinator, &cast.teacher, &cast.partner, &cast.stayer] {
        let seen = member(&world, who, &cast.stayer.member).await;
        assert_eq!(seen["preModeratedUntil"], until, "{}", who.login);
    }
    for who in [&cast.mobile, &cast.partner_pupil, &cast.mentor, &cast.observer] {
        let seen = member(&world, who, &cast.stayer.member).await;
        assert_eq!(seen["preModeratedUntil"], Value::Null, "{}", who.login);
    }
}

#[tokio::test]
async fn texts_of_a_pre_moderated_member_wait_until_the_time_has_come() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let until = Utc::now() + TimeDelta::hours(1);
    let input = json!({ "preModeratedUntil": until.to_rfc3339() });
    update(&world, &cast.coordinator, &cast.stayer.member, 1, input).await;
    let state = async |who: &Person| {
        let input = json!({ "rootId": thread, "body": "Dark" });
        let payload = world.done(who, "commentCreate", input, "comment { state }").await;
        payload["comment"]["state"].clone()
    };
    assert_eq!(state(&cast.stayer).await, "PENDING");
    assert_eq!(state(&cast.mobile).await, "PUBLISHED");
    world.app().clock.set(Some(until + TimeDelta::seconds(1)));
    assert_eq!(state(&cast.stayer).await, "PUBLISHED");
}
