//! Writing entries: mobile pupils alone, as drafts at first.

use entity::enums::MobilityStatus;
use serde_json::{Value, json};

use crate::support::World;

/// Everything that an entry keeps beside its text.
const DETAIL: &str = "week mood keyCompetences ka1Outcomes";

#[tokio::test]
async fn only_mobile_pupils_write_entries() {
    let (world, cast) = World::with_cast().await;
    for is_published in [true, false] {
        let input = json!({ "phaseId": cast.during, "title": "T", "body": "B", "publish": is_published });
        for who in [&cast.mobile, &cast.partner_pupil] {
            world.done(who, "journalEntryCreate", input.clone(), "").await;
        }
        for who in [
            &cast.coordinator,
            &cast.teacher,
            &cast.partner,
            &cast.mentor,
            &cast.observer,
        ] {
            let refused = world.refused(who, "journalEntryCreate", input.clone()).await;
            assert_eq!(refused, ["FORBIDDEN/ROLE_NOT_ALLOWED"]);
        }
        let refused = world.refused(&cast.stayer, "journalEntryCreate", input.clone()).await;
        assert_eq!(refused, ["FORBIDDEN/NOT_MOBILE"]);
        for who in [
            &cast.foreign_pupil,
            &cast.foreigner,
            &cast.bystander,
            &cast.colleague,
            &cast.admin,
        ] {
            assert_eq!(
                world.refused(who, "journalEntryCreate", input.clone()).await,
                ["NOT_FOUND"]
            );
        }
    }
}

#[tokio::test]
async fn the_mobility_status_of_now_decides() {
    let (world, cast) = World::with_cast().await;
    let input = json!({ "phaseId": cast.during, "title": "T", "body": "B" });
    for status in [MobilityStatus::NonMobile, MobilityStatus::HostPeer] {
        let status = serde_json::to_value(status).unwrap();
        world
            .member_set(
                &cast.coordinator,
                &cast.mobile.member,
                json!({ "mobilityStatus": status }),
            )
            .await;
        let refused = world.refused(&cast.mobile, "journalEntryCreate", input.clone()).await;
        assert_eq!(refused, ["FORBIDDEN/NOT_MOBILE"]);
    }
    world
        .member_set(
            &cast.coordinator,
            &cast.stayer.member,
            json!({ "mobilityStatus": "MOBILE" }),
        )
        .await;
    world.done(&cast.stayer, "journalEntryCreate", input, "").await;
}

#[tokio::test]
async fn pupils_write_entries_whatever_the_flags_of_threads_and_comments_say() {
    let (world, cast) = World::with_cast().await;
    let flags = json!({ "allowsPupilThreads": false, "allowsPupilComments": false });
    world.phase_set(&cast.coordinator, &cast.during, flags).await;
    world.entry(&cast.mobile, &cast.during, "Riga", true).await;
}

#[tokio::test]
async fn a_new_entry_is_a_draft_unless_it_says_otherwise() {
    let (world, cast) = World::with_cast().await;
    for (publish, state) in [
        (Value::Null, "DRAFT"),
        (json!(false), "DRAFT"),
        (json!(true), "PUBLISHED"),
    ] {
        let input = json!({ "phaseId": cast.during, "title": "T", "body": "B", "publish": publish });
        let selection = "journalEntry { state audience version language } phase { id } space { id }";
        let payload = world.done(&cast.mobile, "journalEntryCreate", input, selection).await;
        let expected = json!({ "state": state, "audience": "SPACE", "version": 1, "language": "lv" });
        assert_eq!(payload["journalEntry"], expected);
        assert_eq!(
            (&payload["phase"]["id"], &payload["space"]["id"]),
            (&json!(cast.during), &json!(cast.space))
        );
    }
}

#[tokio::test]
async fn a_hundred_autosaves_of_a_draft_leave_one_revision_and_no_event() {
    let (world, cast) = World::with_cast().await;
    let id = world.entry(&cast.mobile, &cast.during, "Riga", false).await;
    let before = world.events().await;
    for count in 1..=100 {
        let body = format!("Saved {count} times.");
        let input = json!({ "journalEntryId": id, "expectedVersion": count, "body": body, "mood": "GOOD" });
        let payload = world
            .done(
                &cast.mobile,
                "journalEntryUpdate",
                input,
                "journalEntry { version body }",
            )
            .await;
        assert_eq!(payload["journalEntry"], json!({ "version": count + 1, "body": body }));
    }
    assert_eq!((world.revisions(&id).await, world.events().await), (1, before));
    world.act(&cast.mobile, "Publish", &id).await;
    assert_eq!(world.field(&cast.stayer, &id, "body").await, "Saved 100 times.");
}

#[tokio::test]
async fn a_draft_keeps_what_was_published_before_as_it_was() {
    let (world, cast) = World::with_cast().await;
    let id = world
        .create(
            &cast.mobile,
            "journalEntry",
            &cast.during,
            json!({ "publish": true, "body": "One." }),
        )
        .await;
    world.act(&cast.mobile, "Withdraw", &id).await;
    for body in ["Two.", "Three."] {
        world.edit(&cast.mobile, &id, json!({ "body": body })).await;
    }
    world.act(&cast.mobile, "Publish", &id).await;
    let seen = world.seen(&cast.teacher, &id, "revisions { nodes { body } }").await;
    assert_eq!(
        seen["revisions"]["nodes"],
        json!([{ "body": "Three." }, { "body": "One." }])
    );
}

#[tokio::test]
async fn a_week_exists() {
    let (world, cast) = World::with_cast().await;
    let input = |week: &str| json!({ "phaseId": cast.during, "title": "T", "body": "B", "week": week });
    let id = world.entry(&cast.mobile, &cast.during, "Riga", false).await;
    for week in ["2026-W01", "2026-W53", "2027-W52"] {
        let selection = "journalEntry { week }";
        let payload = world
            .done(&cast.mobile, "journalEntryCreate", input(week), selection)
            .await;
        assert_eq!(payload["journalEntry"]["week"], week);
    }
    let none = ["2026-W54", "2027-W53", "2026-W00"].map(|week| (week, "OUT_OF_RANGE"));
    let nonsense = ["2026-47", "2026-W1", "W47", "", "2026-11-16", "2026-w47"].map(|week| (week, "MALFORMED"));
    for (week, reason) in none.into_iter().chain(nonsense) {
        let payload = world.mutate(&cast.mobile, "journalEntryCreate", input(week), "").await;
        let error = &payload["userErrors"][0];
        assert_eq!(
            (&error["code"], &error["reason"]),
            (&json!("INVALID"), &json!(reason)),
            "{week}"
        );
        assert_eq!(error["field"], json!(["week"]));
        let (name, update) = world.edit_input(&id, json!({ "week": week })).await;
        assert_eq!(
            world.refused(&cast.mobile, name, update).await,
            [format!("INVALID/{reason}")]
        );
    }
}

#[tokio::test]
async fn tags_are_told_once_and_in_the_order_of_their_lists() {
    let (world, cast) = World::with_cast().await;
    let tags = json!({
        "keyCompetences": ["CULTURAL_EXPRESSION", "DIGITAL", "LITERACY", "DIGITAL", "CULTURAL_EXPRESSION"],
        "ka1Outcomes": ["MOTIVATION", "INTERCULTURAL", "LEARNING_PERFORMANCE", "MOTIVATION"],
    });
    let expected = json!({
        "keyCompetences": ["LITERACY", "DIGITAL", "CULTURAL_EXPRESSION"],
        "ka1Outcomes": ["LEARNING_PERFORMANCE", "INTERCULTURAL", "MOTIVATION"],
    });
    let id = world
        .create(&cast.mobile, "journalEntry", &cast.during, tags.clone())
        .await;
    let other = world.entry(&cast.mobile, &cast.during, "Riga", true).await;
    world.edit(&cast.mobile, &other, tags).await;
    for id in [&id, &other] {
        let seen = world.seen(&cast.mobile, id, "keyCompetences ka1Outcomes").await;
        for field in ["keyCompetences", "ka1Outcomes"] {
            assert_eq!(seen[field], expected[field]);
        }
    }
}

#[tokio::test]
async fn null_clears_and_absence_leaves() {
    let (world, cast) = World::with_cast().await;
    let full = json!({
        "week": "2026-W47", "mood": "VERY_GOOD", "keyCompetences": ["DIGITAL"], "ka1Outcomes": ["MOTIVATION"]
    });
    for is_published in [true, false] {
        let mut input = full.clone();
        input["publish"] = json!(is_published);
        let id = world.create(&cast.mobile, "journalEntry", &cast.during, input).await;
        world.edit(&cast.mobile, &id, json!({ "body": "Else." })).await;
        let seen = world.seen(&cast.mobile, &id, DETAIL).await;
        for (field, value) in full.as_object().unwrap() {
            assert_eq!(seen[field], *value);
        }
        for (field, none) in [
            ("week", Value::Null),
            ("mood", Value::Null),
            ("keyCompetences", json!([])),
            ("ka1Outcomes", json!([])),
        ] {
            let before = world.seen(&cast.mobile, &id, DETAIL).await;
            world.edit(&cast.mobile, &id, json!({ (field): null })).await;
            let mut expected = before;
            expected[field] = none;
            assert_eq!(world.seen(&cast.mobile, &id, DETAIL).await, expected);
        }
    }
}

#[tokio::test]
async fn a_change_of_tags_is_a_new_version() {
    let (world, cast) = World::with_cast().await;
    let id = world.entry(&cast.mobile, &cast.during, "Riga", true).await;
    for (version, change) in [
        (2, json!({ "mood": "LOW" })),
        (3, json!({ "week": null })),
        (4, json!({ "keyCompetences": ["DIGITAL"] })),
        (5, json!({ "ka1Outcomes": ["INITIATIVE"] })),
    ] {
        world.edit(&cast.mobile, &id, change).await;
        assert_eq!(world.row(&id).await.unwrap().version, version);
    }
}
