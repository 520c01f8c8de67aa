//! Spaces: making, changing and ending them.

mod invitations;
mod phases;
mod times;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sojourn::features::space::archive_closed;

use crate::support::{Cast, Person, Socket, World, errors, faults};

const SPACE: &str = "space { id title description timeZone state version eventCursor }";

/// What somebody sees of a space.
async fn space(world: &World, who: &Person, id: &str) -> Value {
    let query = format!("query($id: ID!) {{ {} }}", SPACE.replacen("space", "space(id: $id)", 1));
    world.ask(who, &query, json!({ "id": id })).await["space"].clone()
}

/// The events of the space from now on, as a pupil gets them.
async fn watch(world: &World, cast: &Cast) -> Socket {
    let now = space(world, &cast.stayer, &cast.space).await;
    let cursor = now["eventCursor"].as_str().unwrap();
    world.node.watch(&cast.stayer, &cast.space, Some(cursor)).await
}

/// Closes the phase that is open, then the space.
async fn close(world: &World, cast: &Cast) {
    let phase = json!({ "phaseId": cast.during });
    world.done(&cast.coordinator, "phaseClose", phase, "").await;
    let input = json!({ "spaceId": cast.space });
    world.done(&cast.coordinator, "spaceClose", input, "").await;
}

/// Closes the space so long ago.
async fn close_ago(world: &World, cast: &Cast, ago: TimeDelta) {
    let clock = &world.app().clock;
    clock.set(Some(Utc::now() - ago));
    close(world, cast).await;
    clock.set(None);
}

#[tokio::test]
async fn a_new_space_has_four_planned_phases_in_order() {
    let (world, cast) = World::with_cast().await;
    let input = json!({ "title": "  Bread ", "description": "What we bake", "timeZone": "Europe/Madrid" });
    let selection = "space { title description timeZone state version phases { kind state moderation startsAt \
        allowsPupilThreads allowsPupilComments } }";
    let payload = world.done(&cast.colleague, "spaceCreate", input, selection).await;
    let phase = |kind: &str| {
        json!({ "kind": kind, "state": "PLANNED", "moderation": "POST", "startsAt": null, "allowsPupilThreads": true,
            "allowsPupilComments": true })
    };
    let phases = ["PREPARATION", "DURING", "AFTER", "DISSEMINATION"].map(phase);
    let expected = json!({ "title": "Bread", "description": "What we bake", "timeZone": "Europe/Madrid",
        "state": "ACTIVE", "version": 1, "phases": phases });
    assert_eq!(payload["space"], expected);
}

#[tokio::test]
async fn who_makes_a_space_is_its_coordinator_and_their_organisation_takes_part() {
    let (world, cast) = World::with_cast().await;
    let selection = "space { viewerMembership { role displayName mobilityStatus } members { totalCount } \
        organisations { nodes { id } } }";
    let payload = world
        .done(&cast.colleague, "spaceCreate", json!({ "title": "Bread" }), selection)
        .await;
    let expected = json!({
        "viewerMembership": { "role": "COORDINATOR", "displayName": "Colin", "mobilityStatus": null },
        "members": { "totalCount": 1 },
        "organisations": { "nodes": [{ "id": cast.colleague.organisation }] },
    });
    assert_eq!(payload["space"], expected);
}

#[tokio::test]
async fn a_space_is_in_the_time_zone_of_its_maker_unless_it_says_otherwise() {
    let (world, cast) = World::with_cast().await;
    let payload = world
        .done(&cast.colleague, "spaceCreate", json!({ "title": "Bread" }), SPACE)
        .await;
    assert_eq!(payload["space"]["timeZone"], "Europe/Riga");
}

#[tokio::test]
async fn only_staff_make_spaces() {
    let (world, cast) = World::with_cast().await;
    for who in [&cast.admin, &cast.mobile, &cast.bystander] {
        let payload = world.mutate(who, "spaceCreate", json!({ "title": "Own" }), SPACE).await;
        assert_eq!(faults(&payload), ["FORBIDDEN/ROLE_NOT_ALLOWED"]);
        assert_eq!(payload["space"], Value::Null);
    }
}

#[tokio::test]
async fn every_faulty_field_of_a_space_is_named_at_once() {
    let (world, cast) = World::with_cast().await;
    let faulty = |title: &str| json!({ "title": title, "description": "x".repeat(5_001), "timeZone": "Riga" });
    let fields = ["INVALID/TOO_LONG at description", "INVALID/MALFORMED at timeZone"];
    let payload = world.mutate(&cast.colleague, "spaceCreate", faulty(" "), "").await;
    assert_eq!(faults(&payload), [&["INVALID/REQUIRED at title"], &fields[..]].concat());
    let mut update = faulty(&"x".repeat(201));
    update["spaceId"] = json!(cast.space);
    update["expectedVersion"] = json!(1);
    let before = space(&world, &cast.coordinator, &cast.space).await;
    let payload = world.mutate(&cast.coordinator, "spaceUpdate", update, "").await;
    assert_eq!(faults(&payload), [&["INVALID/TOO_LONG at title"], &fields[..]].concat());
    assert_eq!(space(&world, &cast.coordinator, &cast.space).await, before);
}

#[tokio::test]
async fn what_is_absent_in_an_update_stays_and_null_empties() {
    let (world, cast) = World::with_cast().await;
    let update = |mut input: Value, version: i32| {
        input["spaceId"] = json!(cast.space);
        input["expectedVersion"] = json!(version);
        world.done(
            &cast.coordinator,
            "spaceUpdate",
            input,
            "space { title description timeZone version }",
        )
    };
    let payload = update(json!({ "title": "Bread" }), 1).await;
    let mut expected = json!({ "title": "Bread", "description": "About", "timeZone": "Europe/Riga", "version": 2 });
    assert_eq!(payload["space"], expected);
    let payload = update(json!({ "description": null, "timeZone": "Europe/Paris" }), 2).await;
    expected = json!({ "title": "Bread", "description": "", "timeZone": "Europe/Paris", "version": 3 });
    assert_eq!(payload["space"], expected);
    let payload = update(json!({ "description": "Again" }), 3).await;
    assert_eq!(payload["space"]["description"], "Again");
}

#[tokio::test]
async fn a_stale_version_is_a_conflict_that_carries_the_space_of_now() {
    let (world, cast) = World::with_cast().await;
    let input = json!({ "spaceId": cast.space, "expectedVersion": 1, "title": "Bread" });
    world.done(&cast.coordinator, "spaceUpdate", input, "").await;
    let now = space(&world, &cast.coordinator, &cast.space).await;
    for version in [1, 3, 0, -1] {
        let input = json!({ "spaceId": cast.space, "expectedVersion": version, "title": "Cake" });
        let payload = world.mutate(&cast.partner, "spaceUpdate", input, SPACE).await;
        assert_eq!(faults(&payload), ["CONFLICT/STALE_VERSION"]);
        assert_eq!(payload["space"], now);
    }
}

#[tokio::test]
async fn only_coordinators_change_and_end_a_space_and_members_get_to_see_it() {
    let (world, cast) = World::with_cast().await;
    let update = json!({ "spaceId": cast.space, "expectedVersion": 1, "title": "Own" });
    let only = json!({ "spaceId": cast.space });
    for (name, input) in [
        ("spaceUpdate", &update),
        ("spaceClose", &only),
        ("spaceReopen", &only),
        ("spaceArchive", &only),
    ] {
        for who in [&cast.teacher, &cast.mentor, &cast.observer, &cast.mobile] {
            let payload = world.mutate(who, name, input.clone(), SPACE).await;
            assert_eq!(faults(&payload), ["FORBIDDEN/ROLE_NOT_ALLOWED"], "{name} {}", who.login);
            assert_eq!(payload["space"]["title"], "Project");
        }
        for who in [&cast.foreigner, &cast.colleague, &cast.bystander, &cast.admin] {
            let payload = world.mutate(who, name, input.clone(), SPACE).await;
            assert_eq!(faults(&payload), ["NOT_FOUND at spaceId"], "{name} {}", who.login);
            assert_eq!(payload["space"], Value::Null);
        }
    }
}

#[tokio::test]
async fn an_id_of_another_type_is_invalid() {
    let (world, cast) = World::with_cast().await;
    for id in [cast.during.as_str(), "space_", "garbage", ""] {
        let payload = world.mutate(&cast.coordinator, "spaceClose", json!({ "spaceId": id }), "");
        assert_eq!(faults(&payload.await), ["INVALID/MALFORMED at spaceId"]);
        let query = "query($id: ID!) { space(id: $id) { id } }";
        let answer = world
            .send(Some(&cast.coordinator.token), query, json!({ "id": id }))
            .await;
        assert_eq!(errors(&answer), ["INVALID/MALFORMED"]);
    }
}

#[tokio::test]
async fn a_space_is_null_for_all_but_its_members() {
    let (world, cast) = World::with_cast().await;
    for who in [
        &cast.foreigner,
        &cast.foreign_pupil,
        &cast.colleague,
        &cast.bystander,
        &cast.admin,
    ] {
        assert_eq!(space(&world, who, &cast.space).await, Value::Null, "{}", who.login);
    }
    for who in [&cast.observer, &cast.partner_pupil] {
        assert_eq!(space(&world, who, &cast.space).await["id"], cast.space);
    }
}

#[tokio::test]
async fn a_space_stays_open_while_one_of_its_phases_is() {
    let (world, cast) = World::with_cast().await;
    let input = json!({ "spaceId": cast.space });
    let payload = world.mutate(&cast.coordinator, "spaceClose", input, SPACE).await;
    assert_eq!(faults(&payload), ["FORBIDDEN/STATE_NOT_ALLOWED"]);
    assert_eq!(payload["space"]["state"], "ACTIVE");
}

#[tokio::test]
async fn closing_and_reopening_are_repeatable_without_a_second_event() {
    let (world, cast) = World::with_cast().await;
    close(&world, &cast).await;
    let input = json!({ "spaceId": cast.space });
    for (name, state) in [("spaceClose", "CLOSED"), ("spaceReopen", "ACTIVE")] {
        let first = world.done(&cast.coordinator, name, input.clone(), SPACE).await;
        assert_eq!(first["space"]["state"], state);
        let again = world.done(&cast.partner, name, input.clone(), SPACE).await;
        assert_eq!(again["space"], first["space"]);
    }
}

#[tokio::test]
async fn members_hear_of_a_space_that_is_closed() {
    let (world, cast) = World::with_cast().await;
    let phase = json!({ "phaseId": cast.during });
    world.done(&cast.coordinator, "phaseClose", phase, "").await;
    let mut live = watch(&world, &cast).await;
    let input = json!({ "spaceId": cast.space });
    world.done(&cast.coordinator, "spaceClose", input, "").await;
    let event = live.event().await;
    assert_eq!(event["__typename"], "SpaceSettingsEvent");
    assert_eq!(event["space"]["state"], "CLOSED");
}

#[tokio::test]
async fn nothing_begins_in_a_closed_space() {
    let (world, cast) = World::with_cast().await;
    close(&world, &cast).await;
    let rows = json!([{ "accountId": cast.bystander.account, "role": "PUPIL" }]);
    let version = space(&world, &cast.coordinator, &cast.space).await["version"].clone();
    for (name, input) in [
        (
            "spaceUpdate",
            json!({ "spaceId": cast.space, "expectedVersion": version, "title": "Late" }),
        ),
        (
            "spaceOrganisationInvite",
            json!({ "spaceId": cast.space, "organisationId": cast.foreigner.organisation }),
        ),
        ("memberAdd", json!({ "spaceId": cast.space, "rows": rows })),
        ("phaseOpen", json!({ "phaseId": cast.after })),
        ("phaseReopen", json!({ "phaseId": cast.during, "reason": "More" })),
        (
            "phaseUpdate",
            json!({ "phaseId": cast.after, "expectedVersion": 1, "title": "Late" }),
        ),
        (
            "threadCreate",
            json!({ "phaseId": cast.after, "title": "Late", "body": "Late", "publish": false }),
        ),
    ] {
        assert_eq!(
            world.refused(&cast.coordinator, name, input).await,
            ["FORBIDDEN/STATE_NOT_ALLOWED"],
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_closed_space_can_be_reopened_for_180_days() {
    let (world, cast) = World::with_cast().await;
    let input = json!({ "spaceId": cast.space });
    close_ago(&world, &cast, TimeDelta::days(179)).await;
    let payload = world.done(&cast.coordinator, "spaceReopen", input.clone(), SPACE).await;
    assert_eq!(payload["space"]["state"], "ACTIVE");
}

#[tokio::test]
async fn after_180_days_it_is_too_late_to_reopen_a_space() {
    let (world, cast) = World::with_cast().await;
    close_ago(&world, &cast, TimeDelta::days(181)).await;
    let query = "query($id: ID!) { space(id: $id) { viewerCan { spaceReopen { allowed reason } } } }";
    let data = world.ask(&cast.coordinator, query, json!({ "id": cast.space })).await;
    assert_eq!(
        data["space"]["viewerCan"]["spaceReopen"],
        json!({ "allowed": false, "reason": "TOO_LATE" })
    );
    let input = json!({ "spaceId": cast.space });
    let payload = world.mutate(&cast.coordinator, "spaceReopen", input, SPACE).await;
    assert_eq!(faults(&payload), ["FORBIDDEN/TOO_LATE"]);
    assert_eq!(payload["space"]["state"], "CLOSED");
}

#[tokio::test]
async fn only_a_closed_space_is_archived() {
    let (world, cast) = World::with_cast().await;
    let input = json!({ "spaceId": cast.space });
    assert_eq!(
        world.refused(&cast.coordinator, "spaceArchive", input.clone()).await,
        ["FORBIDDEN/STATE_NOT_ALLOWED"]
    );
    close(&world, &cast).await;
    let payload = world
        .done(&cast.coordinator, "spaceArchive", input.clone(), SPACE)
        .await;
    assert_eq!(payload["space"]["state"], "ARCHIVED");
    let again = world.done(&cast.partner, "spaceArchive", input, SPACE).await;
    assert_eq!(again["space"], payload["space"]);
}

#[tokio::test]
async fn an_archived_space_can_be_read_and_not_changed() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let comment = world.comment(&cast.mobile, &thread, None, "Dark").await;
    close(&world, &cast).await;
    let only = json!({ "spaceId": cast.space });
    world.done(&cast.coordinator, "spaceArchive", only.clone(), "").await;
    let now = space(&world, &cast.stayer, &cast.space).await;
    let query = "query($id: ID!) { node(id: $id) { ... on Comment { body } } }";
    let data = world.ask(&cast.stayer, query, json!({ "id": comment })).await;
    assert_eq!(data["node"]["body"], "Dark");
    let hide = json!({ "contributionId": thread, "reason": "OTHER" });
    for (who, name, input) in [
        (&cast.coordinator, "spaceReopen", only.clone()),
        (&cast.coordinator, "spaceClose", only),
        (
            &cast.coordinator,
            "phaseReopen",
            json!({ "phaseId": cast.during, "reason": "More" }),
        ),
        (
            &cast.coordinator,
            "memberRemove",
            json!({ "membershipId": cast.stayer.member }),
        ),
        (
            &cast.coordinator,
            "memberUpdate",
            json!({ "membershipId": cast.stayer.member, "expectedVersion": 1, "role": "PUPIL" }),
        ),
        (&cast.coordinator, "contributionHide", hide),
        (&cast.mobile, "contributionRemove", json!({ "contributionId": comment })),
    ] {
        assert_eq!(
            world.refused(who, name, input).await,
            ["FORBIDDEN/STATE_NOT_ALLOWED"],
            "{name}"
        );
    }
    assert_eq!(space(&world, &cast.stayer, &cast.space).await, now);
}

#[tokio::test]
async fn the_system_archives_what_has_been_closed_for_180_days() {
    let (world, cast) = World::with_cast().await;
    let closed = Utc::now() - TimeDelta::days(200);
    let clock = &world.app().clock;
    clock.set(Some(closed));
    close(&world, &cast).await;
    let at = async |time: DateTime<Utc>| {
        clock.set(Some(time));
        let archived = archive_closed(world.app()).await.unwrap();
        (
            archived,
            space(&world, &cast.stayer, &cast.space).await["state"].clone(),
        )
    };
    assert_eq!(at(closed + TimeDelta::days(180)).await, (0, json!("CLOSED")));
    let late = closed + TimeDelta::days(180) + TimeDelta::seconds(1);
    assert_eq!(at(late).await, (1, json!("ARCHIVED")));
    assert_eq!(at(late).await, (0, json!("ARCHIVED")));
}

#[tokio::test]
async fn members_hear_of_what_the_system_archives_and_nobody_did_it() {
    let (world, cast) = World::with_cast().await;
    close_ago(&world, &cast, TimeDelta::days(181)).await;
    let mut live = watch(&world, &cast).await;
    archive_closed(world.app()).await.unwrap();
    let event = live.event().await;
    assert_eq!(event["__typename"], "SpaceSettingsEvent");
    assert_eq!(
        (&event["space"]["state"], &event["actor"]),
        (&json!("ARCHIVED"), &Value::Null)
    );
    let foreign = space(&world, &cast.foreigner, &cast.foreign_space).await;
    assert_eq!(foreign["state"], "ACTIVE", "other spaces stay");
}

#[tokio::test]
async fn a_viewer_reads_what_they_may_do_with_a_space() {
    let (world, cast) = World::with_cast().await;
    let query = "query($id: ID!) { space(id: $id) { viewerCan { spaceUpdate { allowed } spaceClose { reason } \
        memberAdd { allowed } memberRemove { reason } moderate { allowed } } } }";
    for (who, expected) in [
        (&cast.coordinator, json!([true, "STATE_NOT_ALLOWED", true, null, true])),
        (
            &cast.teacher,
            json!([false, "ROLE_NOT_ALLOWED", true, "ROLE_NOT_ALLOWED", true]),
        ),
        (
            &cast.mobile,
            json!([false, "ROLE_NOT_ALLOWED", false, "ROLE_NOT_ALLOWED", false]),
        ),
    ] {
        let data = world.ask(who, query, json!({ "id": cast.space })).await;
        let can = &data["space"]["viewerCan"];
        let seen = json!([
            can["spaceUpdate"]["allowed"],
            can["spaceClose"]["reason"],
            can["memberAdd"]["allowed"],
            can["memberRemove"]["reason"],
            can["moderate"]["allowed"],
        ]);
        assert_eq!(seen, expected, "{}", who.login);
    }
}
