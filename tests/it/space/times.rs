//! Times that clients send: what storage, both databases and a `Date` share comes back as it was sent, and nothing else is kept.

use serde_json::{Value, json};

use crate::support::{Person, World, errors, faults};

/// Changes a phase, whose version is this.
async fn set(world: &World, who: &Person, phase: &str, version: i64, fields: Value) -> Value {
    let mut input = fields;
    input["phaseId"] = json!(phase);
    input["expectedVersion"] = json!(version);
    world
        .mutate(who, "phaseUpdate", input, "phase { startsAt endsAt version }")
        .await
}

#[tokio::test]
async fn a_time_is_brought_to_one_form() {
    let (world, cast) = World::with_cast().await;
    for (version, (written, form)) in (1..).zip([
        ("2026-11-21T09:30:00Z", "2026-11-21T09:30:00Z"),
        ("2026-11-21t09:30:00z", "2026-11-21T09:30:00Z"),
        ("2026-11-21 09:30:01Z", "2026-11-21T09:30:01Z"),
        ("2026-11-21T09:30:02-00:00", "2026-11-21T09:30:02Z"),
        ("2026-11-21T09:30:00+14:00", "2026-11-20T19:30:00Z"),
        ("2026-11-21T09:30:00-23:59", "2026-11-22T09:29:00Z"),
        ("2026-11-21T09:30:00.120Z", "2026-11-21T09:30:00.120Z"),
        ("2026-11-21T09:30:00.123456Z", "2026-11-21T09:30:00.123Z"),
        ("2026-11-21T23:59:59.999999999Z", "2026-11-21T23:59:59.999Z"),
        ("2026-11-21T09:30:00.000999Z", "2026-11-21T09:30:00Z"),
        ("1970-01-01T00:00:00.001Z", "1970-01-01T00:00:00.001Z"),
        ("2200-12-31T23:59:59.999Z", "2200-12-31T23:59:59.999Z"),
        ("2028-02-29T00:00:00Z", "2028-02-29T00:00:00Z"),
    ]) {
        let payload = set(
            &world,
            &cast.coordinator,
            &cast.after,
            version,
            json!({ "startsAt": written }),
        )
        .await;
        assert_eq!(faults(&payload), Vec::<String>::new(), "{written}");
        let query = "query($id: ID!) { node(id: $id) { ... on Phase { startsAt } } }";
        let read = world.ask(&cast.mobile, query, json!({ "id": cast.after })).await["node"].clone();
        assert_eq!(
            (&payload["phase"]["startsAt"], &read["startsAt"]),
            (&json!(form), &json!(form)),
            "{written}"
        );
    }
}

#[tokio::test]
async fn a_time_that_is_not_everywhere_is_refused() {
    let (world, cast) = World::with_cast().await;
    for (written, reason) in [
        ("2016-12-31T23:59:60Z", "OUT_OF_RANGE"),
        ("2026-11-21T23:59:60.999Z", "OUT_OF_RANGE"),
        ("2026-11-21T00:59:60+01:00", "OUT_OF_RANGE"),
        ("2026-11-21T09:30:60Z", "OUT_OF_RANGE"),
        ("0001-01-01T00:00:00Z", "OUT_OF_RANGE"),
        ("1970-01-01T00:00:00+00:01", "OUT_OF_RANGE"),
        ("2200-12-31T23:59:59-00:01", "OUT_OF_RANGE"),
        ("9999-12-31T23:59:59Z", "OUT_OF_RANGE"),
        ("10000-01-01T00:00:00Z", "MALFORMED"),
        ("-0001-01-01T00:00:00Z", "MALFORMED"),
        ("+002026-11-21T09:30:00Z", "MALFORMED"),
        ("2026-11-21T24:00:00Z", "MALFORMED"),
        ("2026-11-21T23:59:61Z", "MALFORMED"),
        ("2026-11-21T09:60:00Z", "MALFORMED"),
        ("2023-02-29T00:00:00Z", "MALFORMED"),
        ("2023-02-30T00:00:00Z", "MALFORMED"),
        ("2026-11-31T00:00:00Z", "MALFORMED"),
        ("2026-00-10T00:00:00Z", "MALFORMED"),
        ("2026-11-21T09:30:00+24:00", "MALFORMED"),
        ("2026-11-21T09:30:00+01:60", "MALFORMED"),
        ("2026-11-21T09:30:00+0100", "MALFORMED"),
        ("2026-11-21T09:30:00", "MALFORMED"),
        ("2026-11-21T09:30Z", "MALFORMED"),
        ("2026-11-21", "MALFORMED"),
        ("2026-W47", "MALFORMED"),
        ("infinity", "MALFORMED"),
        ("now", "MALFORMED"),
        ("", "MALFORMED"),
    ] {
        for field in ["startsAt", "endsAt"] {
            let payload = set(&world, &cast.coordinator, &cast.after, 1, json!({ field: written })).await;
            assert_eq!(faults(&payload), [format!("INVALID/{reason} at {field}")], "{written}");
            assert_eq!(
                payload["phase"],
                json!({ "startsAt": null, "endsAt": null, "version": 1 })
            );
        }
    }
    // A number is no time, however near.
    let query = "mutation($id: ID!) { phaseUpdate(input: { phaseId: $id, expectedVersion: 1, startsAt: 1795219200 }) { userErrors { code } } }";
    let answer = world
        .send(Some(&cast.coordinator.token), query, json!({ "id": cast.after }))
        .await;
    assert_eq!(errors(&answer), ["INVALID"]);
}

/// Every place that takes a time takes the same ones.
#[tokio::test]
async fn every_time_of_a_client_goes_the_same_way() {
    let (world, cast) = World::with_cast().await;
    let round = |reviews: &str, reflection: &str, closes: &str| {
        json!({ "phaseId": cast.during, "title": "First", "reviewsWanted": 1, "releasePolicy": "IMMEDIATE",
            "criteria": [{ "kind": "COMMENT", "title": "Words", "isRequired": true }],
            "reviewsDueAt": reviews, "reflectionAt": reflection, "closesAt": closes })
    };
    let (leap, fine, form) = (
        "2098-12-31T23:59:60Z",
        "2099-01-01T00:00:00.123456+01:00",
        "2098-12-31T23:00:00.123Z",
    );
    let (later, latest) = ("2099-02-01T00:00:00Z", "2099-03-01T00:00:00Z");
    let grant = |time: &str| json!({ "membershipId": cast.stayer.member, "capability": "MODERATE", "phaseId": cast.during, "endsAt": time });
    let until =
        |time: &str| json!({ "membershipId": cast.stayer.member, "expectedVersion": 1, "preModeratedUntil": time });
    let by = &cast.coordinator;
    for (mutation, input, field) in [
        ("grantCreate", grant(leap), "endsAt"),
        ("memberUpdate", until(leap), "preModeratedUntil"),
        ("reviewRoundCreate", round(leap, later, latest), "reviewsDueAt"),
        ("reviewRoundCreate", round(fine, leap, latest), "reflectionAt"),
        ("reviewRoundCreate", round(fine, later, leap), "closesAt"),
    ] {
        let payload = world.mutate(by, mutation, input, "").await;
        assert_eq!(
            faults(&payload),
            [format!("INVALID/OUT_OF_RANGE at {field}")],
            "{mutation}"
        );
    }
    let made = world.done(by, "grantCreate", grant(fine), "grant { endsAt }").await;
    assert_eq!(made["grant"]["endsAt"], form);
    let made = world
        .done(by, "memberUpdate", until(fine), "membership { preModeratedUntil }")
        .await;
    assert_eq!(made["membership"]["preModeratedUntil"], form);
    let made = world
        .done(
            by,
            "reviewRoundCreate",
            round(fine, later, latest),
            "round { reviewsDueAt reflectionAt closesAt }",
        )
        .await;
    assert_eq!(
        made["round"],
        json!({ "reviewsDueAt": form, "reflectionAt": later, "closesAt": latest })
    );
}
