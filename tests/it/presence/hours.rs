//! The hours outside of which pupils are off.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sojourn::platform::scalar::LocalTime;

use crate::support::{Cast, Person, World, faults};

/// Sets the hours of the space, and returns the payload.
async fn set_hours(world: &World, who: &Person, cast: &Cast, hours: Value) -> Value {
    let query = "query($id: ID!) { space(id: $id) { version } }";
    let data = world.ask(who, query, json!({ "id": cast.space })).await;
    let input = json!({ "spaceId": cast.space, "expectedVersion": data["space"]["version"], "presenceHours": hours });
    let payload = world.mutate(who, "spaceUpdate", input, "space { presenceHours { from to } }");
    payload.await
}

/// A time of day in the space, some minutes away from now.
fn clock(now: DateTime<Utc>, minutes: i32) -> String {
    let minute = LocalTime::minutes_at(now, "Europe/Riga") + minutes;
    LocalTime::of_minutes(minute.rem_euclid(24 * 60)).0
}

#[tokio::test]
async fn coordinators_set_the_hours_and_clear_them() {
    let (world, cast) = World::with_cast().await;
    let who = &cast.coordinator;
    let school = json!({ "from": "07:30", "to": "16:00" });
    let payload = set_hours(&world, who, &cast, school.clone()).await;
    assert_eq!(payload["space"]["presenceHours"], school);
    let query = "query($id: ID!) { space(id: $id) { version presenceHours { from to } } }";
    let data = world.ask(&cast.stayer, query, json!({ "id": cast.space })).await;
    assert_eq!(data["space"]["presenceHours"], school);
    // What is absent stays.
    let input = json!({ "spaceId": cast.space, "expectedVersion": data["space"]["version"], "title": "Other" });
    let payload = world
        .done(who, "spaceUpdate", input, "space { presenceHours { from to } }")
        .await;
    assert_eq!(payload["space"]["presenceHours"], school);
    let night = json!({ "from": "22:00", "to": "00:00" });
    let payload = set_hours(&world, who, &cast, night.clone()).await;
    assert_eq!(payload["space"]["presenceHours"], night);
    let payload = set_hours(&world, who, &cast, Value::Null).await;
    assert_eq!(payload["space"]["presenceHours"], Value::Null);
    assert_eq!(payload["userErrors"], json!([]));
}

#[tokio::test]
async fn hours_that_are_none_are_refused_and_so_is_who_may_not_set_them() {
    let (world, cast) = World::with_cast().await;
    for (from, to, wanted) in [
        ("08:00", "08:00", vec!["INVALID/OUT_OF_RANGE at presenceHours.to"]),
        ("8:00", "16:00", vec!["INVALID/MALFORMED at presenceHours.from"]),
        (
            "24:00",
            "noon",
            vec![
                "INVALID/MALFORMED at presenceHours.from",
                "INVALID/MALFORMED at presenceHours.to",
            ],
        ),
    ] {
        let payload = set_hours(&world, &cast.coordinator, &cast, json!({ "from": from, "to": to })).await;
        assert_eq!(faults(&payload), wanted);
        assert_eq!(payload["space"]["presenceHours"], Value::Null);
    }
    for who in [&cast.teacher, &cast.mobile] {
        let payload = set_hours(&world, who, &cast, json!({ "from": "08:00", "to": "16:00" })).await;
        assert_eq!(faults(&payload), ["FORBIDDEN/ROLE_NOT_ALLOWED"]);
    }
}

#[tokio::test]
async fn outside_the_hours_nobody_sees_pupils_and_pupils_see_nobody() {
    let (world, cast) = World::with_cast().await;
    let now = world.later(0);
    let mut staff = world.view(&cast.coordinator, &cast).await;
    let mut pupil = world.view(&cast.mobile, &cast).await;
    for who in [&cast.teacher, &cast.observer, &cast.mobile, &cast.stayer] {
        world.online(who, &cast).await;
    }
    let all = [
        (&cast.teacher, None, false),
        (&cast.observer, None, false),
        (&cast.mobile, None, false),
        (&cast.stayer, None, false),
    ];
    for view in [&mut staff, &mut pupil] {
        view.shows(&all).await;
        assert!(!view.is_off);
    }
    let later = json!({ "from": clock(now, 60), "to": clock(now, 120) });
    set_hours(&world, &cast.coordinator, &cast, later).await;
    staff.shows(&all[..2]).await;
    assert!(!staff.is_off);
    let update = pupil.hear().await;
    assert_eq!(
        update,
        json!({ "isComplete": true, "isOff": true, "isKnown": true, "present": [], "goneMemberIds": [] })
    );
    // Saying so holds nothing, and is no error.
    let payload = world.present(&cast.stayer, &cast, json!({})).await;
    assert_eq!((&payload["expiresAt"], &payload["isOff"]), (&Value::Null, &json!(true)));
    let mut other = world.view(&cast.stayer, &cast).await;
    other.hear().await;
    assert!(other.is_off && other.present.as_ref().unwrap().is_empty());
    // Who said nothing meanwhile is shown again, who let go is not.
    set_hours(&world, &cast.coordinator, &cast, Value::Null).await;
    for view in [&mut staff, &mut pupil, &mut other] {
        view.shows(&all[..3]).await;
        assert!(!view.is_off);
    }
}

#[tokio::test]
async fn hours_end_without_a_word_of_anybody() {
    let (world, cast) = World::with_cast().await;
    let now = world.later(0);
    let hours = json!({ "from": clock(now, -60), "to": clock(now, 1) });
    set_hours(&world, &cast.coordinator, &cast, hours).await;
    let mut staff = world.view(&cast.coordinator, &cast).await;
    let mut pupil = world.view(&cast.stayer, &cast).await;
    for who in [&cast.teacher, &cast.mobile] {
        world.online(who, &cast).await;
    }
    for view in [&mut staff, &mut pupil] {
        view.shows(&[(&cast.teacher, None, false), (&cast.mobile, None, false)])
            .await;
    }
    // The leases hold longer.
    world.later(60);
    staff.shows(&[(&cast.teacher, None, false)]).await;
    assert_eq!(pupil.hear().await["isOff"], true);
    pupil.shows(&[]).await;
}
