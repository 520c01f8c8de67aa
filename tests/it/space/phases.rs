//! Opening, closing and changing phases.

use serde_json::{Value, json};

use super::watch;
use crate::support::{Cast, Person, World, faults};

const PHASE: &str = "phase { id kind state title description startsAt endsAt moderation allowsPupilThreads \
    allowsPupilComments reopenReason version } space { id eventCursor }";

/// What a step of a phase says.
async fn step(world: &World, who: &Person, name: &str, phase: &str) -> Value {
    let mut input = json!({ "phaseId": phase });
    if name == "phaseReopen" {
        input["reason"] = json!("Pictures are missing");
    }
    world.mutate(who, name, input, PHASE).await
}

async fn update(world: &World, who: &Person, phase: &str, version: i32, mut input: Value) -> Value {
    input["phaseId"] = json!(phase);
    input["expectedVersion"] = json!(version);
    world.mutate(who, "phaseUpdate", input, PHASE).await
}

fn state(payload: &Value) -> &str {
    assert_eq!(faults(payload), Vec::<String>::new());
    payload["phase"]["state"].as_str().unwrap()
}

#[tokio::test]
async fn a_phase_is_opened_closed_and_reopened() {
    let (world, cast) = World::with_cast().await;
    for (name, expected) in [
        ("phaseOpen", "OPEN"),
        ("phaseClose", "CLOSED"),
        ("phaseReopen", "OPEN"),
        ("phaseClose", "CLOSED"),
    ] {
        let payload = step(&world, &cast.coordinator, name, &cast.after).await;
        assert_eq!(state(&payload), expected, "{name}");
    }
}

#[tokio::test]
async fn phases_are_independent() {
    let (world, cast) = World::with_cast().await;
    step(&world, &cast.coordinator, "phaseOpen", &cast.dissemination).await;
    let query = "query($id: ID!) { space(id: $id) { phases { state } } }";
    let data = world.ask(&cast.stayer, query, json!({ "id": cast.space })).await;
    let states = ["PLANNED", "OPEN", "PLANNED", "OPEN"].map(|state| json!({ "state": state }));
    assert_eq!(data["space"]["phases"], json!(states));
}

#[tokio::test]
async fn a_phase_is_reopened_with_a_reason_that_members_read() {
    let (world, cast) = World::with_cast().await;
    step(&world, &cast.coordinator, "phaseClose", &cast.during).await;
    let payload = step(&world, &cast.coordinator, "phaseReopen", &cast.during).await;
    assert_eq!(payload["phase"]["reopenReason"], "Pictures are missing");
    let query = "query($id: ID!) { node(id: $id) { ... on Phase { reopenReason } } }";
    let data = world.ask(&cast.stayer, query, json!({ "id": cast.during })).await;
    assert_eq!(data["node"]["reopenReason"], "Pictures are missing");
}

#[tokio::test]
async fn a_phase_is_not_reopened_without_a_reason() {
    let (world, cast) = World::with_cast().await;
    step(&world, &cast.coordinator, "phaseClose", &cast.during).await;
    for (reason, fault) in [
        (" ", "INVALID/REQUIRED at reason"),
        (&"x".repeat(501), "INVALID/TOO_LONG at reason"),
    ] {
        let input = json!({ "phaseId": cast.during, "reason": reason });
        let payload = world.mutate(&cast.coordinator, "phaseReopen", input, PHASE).await;
        assert_eq!(faults(&payload), [fault]);
        assert_eq!(payload["phase"]["state"], "CLOSED");
    }
}

#[tokio::test]
async fn a_step_from_another_state_is_refused_with_the_phase_of_now() {
    let (world, cast) = World::with_cast().await;
    for (name, phase, now) in [
        ("phaseClose", &cast.after, "PLANNED"),
        ("phaseReopen", &cast.after, "PLANNED"),
    ] {
        let payload = step(&world, &cast.coordinator, name, phase).await;
        assert_eq!(faults(&payload), ["FORBIDDEN/STATE_NOT_ALLOWED"], "{name}");
        assert_eq!(payload["phase"]["state"], now);
    }
    step(&world, &cast.coordinator, "phaseClose", &cast.during).await;
    let payload = step(&world, &cast.coordinator, "phaseOpen", &cast.during).await;
    assert_eq!(faults(&payload), ["FORBIDDEN/STATE_NOT_ALLOWED"]);
}

#[tokio::test]
async fn repeated_steps_succeed_without_a_second_event() {
    let (world, cast) = World::with_cast().await;
    for name in ["phaseOpen", "phaseClose", "phaseReopen"] {
        let first = step(&world, &cast.coordinator, name, &cast.after).await;
        let again = step(&world, &cast.partner, name, &cast.after).await;
        assert_eq!(again, first, "{name}");
        assert_eq!(faults(&again), Vec::<String>::new());
    }
}

#[tokio::test]
async fn members_hear_of_every_step() {
    let (world, cast) = World::with_cast().await;
    let mut live = watch(&world, &cast).await;
    for (name, kind) in [
        ("phaseOpen", "PHASE_OPENED"),
        ("phaseClose", "PHASE_CLOSED"),
        ("phaseReopen", "PHASE_REOPENED"),
    ] {
        step(&world, &cast.coordinator, name, &cast.after).await;
        let event = live.event().await;
        assert_eq!(
            (&event["kind"], &event["phase"]["id"]),
            (&json!(kind), &json!(cast.after))
        );
    }
}

#[tokio::test]
async fn only_coordinators_change_phases() {
    let (world, cast) = World::with_cast().await;
    let Cast {
        teacher,
        mentor,
        observer,
        mobile,
        ..
    } = &cast;
    for who in [teacher, mentor, observer, mobile] {
        for name in ["phaseOpen", "phaseClose", "phaseReopen"] {
            for phase in [&cast.after, &cast.during] {
                let payload = step(&world, who, name, phase).await;
                assert_eq!(faults(&payload), ["FORBIDDEN/ROLE_NOT_ALLOWED"], "{name} {}", who.login);
                assert_eq!(payload["phase"]["id"], *phase);
            }
        }
        let payload = update(&world, who, &cast.during, 2, json!({ "title": "Own" })).await;
        assert_eq!(faults(&payload), ["FORBIDDEN/ROLE_NOT_ALLOWED"]);
    }
}

#[tokio::test]
async fn a_phase_is_not_found_by_all_but_members() {
    let (world, cast) = World::with_cast().await;
    for who in [&cast.foreigner, &cast.colleague, &cast.admin] {
        for name in ["phaseOpen", "phaseClose", "phaseReopen"] {
            let payload = step(&world, who, name, &cast.after).await;
            assert_eq!(faults(&payload), ["NOT_FOUND at phaseId"], "{name} {}", who.login);
            assert_eq!((&payload["phase"], &payload["space"]), (&Value::Null, &Value::Null));
        }
        let payload = update(&world, who, &cast.after, 1, json!({ "title": "Own" })).await;
        assert_eq!(faults(&payload), ["NOT_FOUND at phaseId"]);
    }
    let payload = step(&world, &cast.coordinator, "phaseOpen", &cast.space).await;
    assert_eq!(faults(&payload), ["INVALID/MALFORMED at phaseId"]);
}

#[tokio::test]
async fn settings_that_are_absent_stay_and_null_clears() {
    let (world, cast) = World::with_cast().await;
    let input = json!({ "title": "On the road", "description": "Abroad", "startsAt": "2026-11-02T08:00:00+02:00",
        "endsAt": "2026-11-30T20:00:00Z", "moderation": "PRE", "allowsPupilThreads": false,
        "allowsPupilComments": false });
    let payload = update(&world, &cast.coordinator, &cast.after, 1, input).await;
    let mut expected = json!({ "id": cast.after, "kind": "AFTER", "state": "PLANNED", "title": "On the road",
        "description": "Abroad", "startsAt": "2026-11-02T06:00:00Z", "endsAt": "2026-11-30T20:00:00Z",
        "moderation": "PRE", "allowsPupilThreads": false, "allowsPupilComments": false, "reopenReason": null,
        "version": 2 });
    assert_eq!(payload["phase"], expected);
    let payload = update(
        &world,
        &cast.coordinator,
        &cast.after,
        2,
        json!({ "moderation": "POST" }),
    )
    .await;
    expected["moderation"] = json!("POST");
    expected["version"] = json!(3);
    assert_eq!(payload["phase"], expected);
    let cleared = json!({ "description": null, "startsAt": null, "endsAt": null });
    let payload = update(&world, &cast.coordinator, &cast.after, 3, cleared).await;
    for (field, value) in [
        ("description", json!("")),
        ("startsAt", Value::Null),
        ("endsAt", Value::Null),
        ("version", json!(4)),
    ] {
        expected[field] = value;
    }
    assert_eq!(payload["phase"], expected);
}

#[tokio::test]
async fn a_phase_does_not_end_before_it_starts() {
    let (world, cast) = World::with_cast().await;
    let (early, late) = ("2026-11-02T08:00:00Z", "2026-11-30T20:00:00Z");
    let refused = ["INVALID/OUT_OF_RANGE at endsAt"];
    let both = json!({ "startsAt": late, "endsAt": early });
    let payload = update(&world, &cast.coordinator, &cast.after, 1, both).await;
    assert_eq!(faults(&payload), refused);
    let start = json!({ "startsAt": late });
    assert!(faults(&update(&world, &cast.coordinator, &cast.after, 1, start).await).is_empty());
    let end = json!({ "endsAt": early });
    let payload = update(&world, &cast.coordinator, &cast.after, 2, end).await;
    assert_eq!(faults(&payload), refused, "against what is stored");
    let same = json!({ "endsAt": late });
    assert!(faults(&update(&world, &cast.coordinator, &cast.after, 2, same).await).is_empty());
}

#[tokio::test]
async fn faulty_settings_are_named() {
    let (world, cast) = World::with_cast().await;
    for (input, fault) in [
        (json!({ "title": "" }), "INVALID/REQUIRED at title"),
        (json!({ "title": "\u{200b}\t\u{202e}" }), "INVALID/REQUIRED at title"),
        (json!({ "title": "x".repeat(201) }), "INVALID/TOO_LONG at title"),
        (
            json!({ "description": "x".repeat(5_001) }),
            "INVALID/TOO_LONG at description",
        ),
        (json!({ "startsAt": "tomorrow" }), "INVALID/MALFORMED at startsAt"),
        (
            json!({ "startsAt": "2026-02-30T00:00:00Z" }),
            "INVALID/MALFORMED at startsAt",
        ),
        (
            json!({ "endsAt": "9999-01-01T00:00:00Z" }),
            "INVALID/OUT_OF_RANGE at endsAt",
        ),
    ] {
        let payload = update(&world, &cast.coordinator, &cast.after, 1, input).await;
        assert_eq!(faults(&payload), [fault]);
        assert_eq!(payload["phase"]["version"], 1);
    }
}

#[tokio::test]
async fn a_stale_version_of_a_phase_is_a_conflict_that_carries_it() {
    let (world, cast) = World::with_cast().await;
    let first = update(
        &world,
        &cast.coordinator,
        &cast.after,
        1,
        json!({ "title": "Back home" }),
    )
    .await;
    let payload = update(&world, &cast.partner, &cast.after, 1, json!({ "title": "Home" })).await;
    assert_eq!(faults(&payload), ["CONFLICT/STALE_VERSION"]);
    assert_eq!(payload["phase"], first["phase"]);
}

#[tokio::test]
async fn a_step_makes_an_older_version_stale() {
    let (world, cast) = World::with_cast().await;
    step(&world, &cast.coordinator, "phaseOpen", &cast.after).await;
    let payload = update(&world, &cast.coordinator, &cast.after, 1, json!({ "title": "Home" })).await;
    assert_eq!(faults(&payload), ["CONFLICT/STALE_VERSION"]);
}

#[tokio::test]
async fn nobody_but_moderators_writes_in_a_closed_phase() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    step(&world, &cast.coordinator, "phaseClose", &cast.during).await;
    let text = |title: &str| json!({ "phaseId": cast.during, "title": title, "body": title });
    for (who, name, input) in [
        (&cast.coordinator, "threadCreate", text("Late")),
        (&cast.stayer, "threadCreate", text("Late")),
        (&cast.mobile, "journalEntryCreate", text("Late")),
        (
            &cast.stayer,
            "commentCreate",
            json!({ "rootId": thread, "body": "Late" }),
        ),
    ] {
        assert_eq!(
            world.refused(who, name, input).await,
            ["FORBIDDEN/PHASE_NOT_OPEN"],
            "{name} {}",
            who.login
        );
    }
    let hide = json!({ "contributionId": thread, "reason": "OTHER" });
    world.done(&cast.coordinator, "contributionHide", hide, "").await;
}
