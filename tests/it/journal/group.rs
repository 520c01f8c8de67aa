//! Group entries: named co-authors, each of whom confirms.

use serde_json::{Value, json};

use crate::support::{Cast, Person, World, faults};

const CO_AUTHORS: &str = "version coAuthors { membership { id } confirmedAt confirmedVersion } \
    viewerCan { journalEntryConfirm { allowed reason } }";

/// A published entry of the mobile pupil with the partner's as co-author.
async fn group(world: &World, cast: &Cast, phase: &str) -> String {
    let input = json!({ "publish": true, "week": "2026-W47", "coAuthorIds": [cast.partner_pupil.member] });
    world.create(&cast.mobile, "journalEntry", phase, input).await
}

async fn confirm(world: &World, who: &Person, id: &str) -> Value {
    let input = json!({ "journalEntryId": id });
    let selection = format!("journalEntry {{ id {CO_AUTHORS} }}");
    world.mutate(who, "journalEntryConfirm", input, &selection).await
}

/// For how many of the two mobile pupils there is an entry.
async fn counted(world: &World, cast: &Cast) -> usize {
    let query =
        "query($id: ID!) { space(id: $id) { journalWeek(week: \"2026-W47\") { nodes { hasEntry entries { id } } } } }";
    let data = world.ask(&cast.teacher, query, json!({ "id": cast.space })).await;
    let rows = data["space"]["journalWeek"]["nodes"].as_array().unwrap().iter();
    rows.filter(|row| row["hasEntry"] == true).count()
}

#[tokio::test]
async fn a_group_entry_counts_for_each_co_author_who_confirms() {
    let (world, cast) = World::with_cast().await;
    let id = group(&world, &cast, &cast.during).await;
    assert_eq!(counted(&world, &cast).await, 1);
    let seen = world.seen(&cast.stayer, &id, CO_AUTHORS).await;
    let named =
        json!([{ "membership": { "id": cast.partner_pupil.member }, "confirmedAt": null, "confirmedVersion": null }]);
    assert_eq!(seen["coAuthors"], named);
    let seen = world.seen(&cast.partner_pupil, &id, CO_AUTHORS).await;
    assert_eq!(
        seen["viewerCan"]["journalEntryConfirm"],
        json!({ "allowed": true, "reason": null })
    );
    let now = world.node.newest(&cast.mobile, &cast.space).await;
    let mut live = world.node.watch(&cast.mobile, &cast.space, Some(&now)).await;
    let payload = confirm(&world, &cast.partner_pupil, &id).await;
    assert_eq!(payload["userErrors"], json!([]));
    assert_eq!(payload["journalEntry"]["coAuthors"][0]["confirmedVersion"], 1);
    assert_eq!(payload["journalEntry"]["version"], 1);
    let event = live.event().await;
    assert_eq!(
        (&event["__typename"], &event["kind"]),
        (&json!("ContributionEvent"), &json!("JOURNAL_ENTRY_CONFIRMED"))
    );
    assert_eq!(counted(&world, &cast).await, 2);
    let before = world.events().await;
    let again = confirm(&world, &cast.partner_pupil, &id).await;
    assert_eq!((&again, world.events().await), (&payload, before));
    world.act(&cast.teacher, "Hide", &id).await;
    assert_eq!(counted(&world, &cast).await, 0);
}

#[tokio::test]
async fn nobody_but_a_named_co_author_confirms() {
    let (world, cast) = World::with_cast().await;
    let id = group(&world, &cast, &cast.during).await;
    for who in [
        &cast.mobile,
        &cast.stayer,
        &cast.teacher,
        &cast.coordinator,
        &cast.observer,
    ] {
        assert_eq!(faults(&confirm(&world, who, &id).await), ["FORBIDDEN/NOT_CO_AUTHOR"]);
        let seen = world.seen(who, &id, CO_AUTHORS).await;
        assert_eq!(seen["viewerCan"]["journalEntryConfirm"]["reason"], "NOT_CO_AUTHOR");
    }
    for who in [&cast.foreigner, &cast.foreign_pupil] {
        assert_eq!(
            faults(&confirm(&world, who, &id).await),
            ["NOT_FOUND at journalEntryId"]
        );
    }
    let input = json!({ "phaseId": cast.during });
    world.done(&cast.coordinator, "phaseClose", input, "").await;
    let payload = confirm(&world, &cast.partner_pupil, &id).await;
    assert_eq!(faults(&payload), ["FORBIDDEN/PHASE_NOT_OPEN"]);
}

#[tokio::test]
async fn a_co_author_sees_and_confirms_only_what_is_published_to_them() {
    let (world, cast) = World::with_stage().await;
    let id = group(&world, &cast, &cast.after).await;
    let who = &cast.partner_pupil;
    assert_eq!(world.seen(who, &id, CO_AUTHORS).await, Value::Null);
    assert_eq!(
        faults(&confirm(&world, who, &id).await),
        ["NOT_FOUND at journalEntryId"]
    );
    world.act(&cast.teacher, "Approve", &id).await;
    assert_eq!(confirm(&world, who, &id).await["userErrors"], json!([]));
}

#[tokio::test]
async fn a_confirmation_is_about_the_version_that_was_confirmed() {
    let (world, cast) = World::with_cast().await;
    let id = group(&world, &cast, &cast.during).await;
    let who = &cast.partner_pupil;
    confirm(&world, who, &id).await;
    world.edit(&cast.mobile, &id, json!({ "body": "Other words." })).await;
    let seen = world.seen(who, &id, CO_AUTHORS).await;
    assert_eq!(
        (&seen["version"], &seen["coAuthors"][0]["confirmedVersion"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(counted(&world, &cast).await, 2);
    let stale = json!({ "journalEntryId": id, "expectedVersion": 1 });
    let payload = world
        .mutate(who, "journalEntryConfirm", stale, "journalEntry { version }")
        .await;
    assert_eq!(faults(&payload), ["CONFLICT/STALE_VERSION"]);
    assert_eq!(payload["journalEntry"]["version"], 2);
    let payload = confirm(&world, who, &id).await;
    assert_eq!(payload["journalEntry"]["coAuthors"][0]["confirmedVersion"], 2);
}

#[tokio::test]
async fn the_author_changes_who_is_named_without_a_new_version() {
    let (world, cast) = World::with_cast().await;
    let id = group(&world, &cast, &cast.during).await;
    confirm(&world, &cast.partner_pupil, &id).await;
    let before = world.events().await;
    world
        .edit(&cast.mobile, &id, json!({ "coAuthorIds": [cast.partner_pupil.member] }))
        .await;
    assert_eq!(world.events().await, before);
    assert_eq!(counted(&world, &cast).await, 2);
    world.edit(&cast.mobile, &id, json!({ "coAuthorIds": null })).await;
    assert_eq!(world.events().await, before + 1);
    assert_eq!(counted(&world, &cast).await, 1);
    let seen = world.seen(&cast.stayer, &id, CO_AUTHORS).await;
    assert_eq!((&seen["coAuthors"], &seen["version"]), (&json!([]), &json!(1)));
}

#[tokio::test]
async fn co_authors_are_other_mobile_pupils_of_the_space() {
    let (world, cast) = World::with_cast().await;
    let draft = world
        .create(&cast.mobile, "journalEntry", &cast.during, json!({}))
        .await;
    let many = vec![cast.partner_pupil.member.clone(); 11];
    for (members, fault) in [
        (
            json!([cast.partner_pupil.member, cast.stayer.member]),
            "INVALID/NOT_MOBILE at coAuthorIds.1",
        ),
        (json!([cast.teacher.member]), "INVALID/NOT_MOBILE at coAuthorIds.0"),
        (json!([cast.mobile.member]), "INVALID/OUT_OF_RANGE at coAuthorIds.0"),
        (json!([cast.foreign_pupil.member]), "NOT_FOUND at coAuthorIds.0"),
        (json!([cast.during]), "INVALID/MALFORMED at coAuthorIds.0"),
        (json!(many), "INVALID/TOO_LONG at coAuthorIds"),
    ] {
        let input = json!({ "phaseId": cast.during, "title": "T", "body": "B", "coAuthorIds": members });
        let payload = world.mutate(&cast.mobile, "journalEntryCreate", input, "").await;
        assert_eq!(faults(&payload), [fault]);
        let (name, input) = world.edit_input(&draft, json!({ "coAuthorIds": members })).await;
        assert_eq!(faults(&world.mutate(&cast.mobile, name, input, "").await), [fault]);
    }
    world
        .edit(
            &cast.mobile,
            &draft,
            json!({ "coAuthorIds": [cast.partner_pupil.member] }),
        )
        .await;
    world.act(&cast.mobile, "Remove", &draft).await;
}
