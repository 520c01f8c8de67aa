//! Threads and journal entries.

use entity::enums::{Audience, ContentState};
use serde_json::{Value, json};

use super::{AUDIENCES, STATES, Who, everybody, is_listed, name, put};
use crate::support::{Cast, Person, World};

/// The rule: a root is seen by its author; published by its audience; waiting, hidden or removed by staff within its audience.
fn is_seen(who: Who, state: ContentState, audience: Audience) -> bool {
    match who {
        Who::Author => true,
        Who::Staff => state != ContentState::Draft && (audience != Audience::Author || state == ContentState::Pending),
        Who::Member => state == ContentState::Published && audience == Audience::Space,
        Who::Foreigner => false,
    }
}

async fn root(world: &World, cast: &Cast, kind: &str) -> String {
    let input = json!({ "publish": true, "body": "Words.", "title": "About" });
    world.create(&cast.mobile, kind, &cast.during, input).await
}

/// What somebody sees of a root through `node`.
async fn seen(world: &World, who: &Person, id: &str) -> Value {
    let selection = "state audience body title author { id } byline { kind name organisation { id } }";
    world.seen(who, id, selection).await
}

async fn matrix(kind: &str) {
    let (world, cast) = World::with_cast().await;
    let id = root(&world, &cast, kind).await;
    for state in STATES {
        for audience in AUDIENCES {
            put(&world, &id, state, audience).await;
            for (person, relation, who) in everybody(&cast, &cast.mobile) {
                let found = seen(&world, who, &id).await;
                let case = format!("{kind} {state:?} {audience:?} {person}");
                if !is_seen(relation, state, audience) {
                    assert_eq!(found, Value::Null, "{case}");
                    continue;
                }
                assert_eq!(found["state"], name(&state), "{case}");
                assert_eq!(found["audience"], name(&audience), "{case}");
                assert_eq!(
                    (&found["body"], &found["title"]),
                    (&json!("Words."), &json!("About")),
                    "{case}"
                );
                assert_eq!(found["author"]["id"], json!(cast.mobile.member), "{case}");
                let byline = json!({
                    "kind": "MEMBER", "name": "Moira K.", "organisation": { "id": cast.mobile.organisation }
                });
                assert_eq!(found["byline"], byline, "{case}");
            }
        }
    }
}

#[tokio::test]
async fn a_thread_is_seen_as_state_and_audience_say() {
    matrix("thread").await;
}

#[tokio::test]
async fn a_journal_entry_is_seen_as_state_and_audience_say() {
    matrix("journalEntry").await;
}

#[tokio::test]
async fn lists_hold_what_is_published_and_what_waits_as_far_as_it_is_seen() {
    let (world, cast) = World::with_cast().await;
    for (kind, list) in [("thread", "threads"), ("journalEntry", "journalEntries")] {
        let id = root(&world, &cast, kind).await;
        for state in STATES {
            for audience in AUDIENCES {
                put(&world, &id, state, audience).await;
                for (person, relation, who) in everybody(&cast, &cast.mobile) {
                    let is_kept = matches!(state, ContentState::Published | ContentState::Pending);
                    let expected = is_kept && is_seen(relation, state, audience);
                    let found = is_listed(&world, who, &cast, list, &id).await;
                    assert_eq!(found, expected, "{kind} {state:?} {audience:?} {person}");
                }
            }
        }
    }
}

#[tokio::test]
async fn lists_of_phases_and_members_hold_the_same() {
    let (world, cast) = World::with_cast().await;
    let thread = root(&world, &cast, "thread").await;
    let entry = root(&world, &cast, "journalEntry").await;
    let query = "query($phase: ID!, $member: ID!) { \
        phase: node(id: $phase) { ... on Phase { threads { totalCount } journalEntries { totalCount } } } \
        member: node(id: $member) { ... on Membership { journalEntries { totalCount } } } }";
    for state in STATES {
        for audience in AUDIENCES {
            for id in [&thread, &entry] {
                put(&world, id, state, audience).await;
            }
            for (person, relation, who) in everybody(&cast, &cast.mobile) {
                let is_kept = matches!(state, ContentState::Published | ContentState::Pending);
                let expected = json!(i32::from(is_kept && is_seen(relation, state, audience)));
                let ids = json!({ "phase": cast.during, "member": cast.mobile.member });
                let data = world.ask(who, query, ids).await;
                if relation == Who::Foreigner {
                    assert_eq!(data["phase"], Value::Null, "{person}");
                    assert_eq!(data["member"], Value::Null, "{person}");
                    continue;
                }
                for count in [
                    &data["phase"]["threads"],
                    &data["phase"]["journalEntries"],
                    &data["member"]["journalEntries"],
                ] {
                    assert_eq!(count["totalCount"], expected, "{state:?} {audience:?} {person}");
                }
            }
        }
    }
}

#[tokio::test]
async fn hidden_entries_are_listed_for_author_and_staff_who_ask_for_them() {
    let (world, cast) = World::with_cast().await;
    let id = root(&world, &cast, "journalEntry").await;
    world.act(&cast.teacher, "Hide", &id).await;
    let query = "query($id: ID!) { space(id: $id) { journalEntries(filter: { state: [HIDDEN] }) { \
        totalCount nodes { id body } } } }";
    for (person, relation, who) in everybody(&cast, &cast.mobile) {
        let data = world.ask(who, query, json!({ "id": cast.space })).await;
        let expected = match relation {
            Who::Author | Who::Staff => json!({ "totalCount": 1, "nodes": [{ "id": id, "body": "Words." }] }),
            Who::Member => json!({ "totalCount": 0, "nodes": [] }),
            Who::Foreigner => Value::Null,
        };
        assert_eq!(data["space"]["journalEntries"], expected, "{person}");
    }
}

#[tokio::test]
async fn nodes_keep_their_order_with_null_for_what_is_not_seen() {
    let (world, cast) = World::with_cast().await;
    let hidden = root(&world, &cast, "thread").await;
    let shown = root(&world, &cast, "journalEntry").await;
    let foreign = world.thread(&cast.foreigner, &cast.foreign_phase, "Far").await;
    world.act(&cast.teacher, "Hide", &hidden).await;
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let ids = json!({ "ids": [hidden, shown, foreign, shown] });
    for (who, is_near) in [(&cast.stayer, false), (&cast.mobile, true), (&cast.teacher, true)] {
        let data = world.ask(who, query, ids.clone()).await;
        let first = if is_near { json!({ "id": hidden }) } else { Value::Null };
        let expected = json!([first, { "id": shown }, null, { "id": shown }]);
        assert_eq!(data["nodes"], expected);
    }
}

#[tokio::test]
async fn a_mood_is_for_the_author_and_staff() {
    let (world, cast) = World::with_cast().await;
    let input = json!({ "publish": true, "mood": "LOW" });
    let id = world.create(&cast.mobile, "journalEntry", &cast.during, input).await;
    let query = "query($id: ID!) { space(id: $id) { journalEntries { nodes { mood } } } }";
    for (person, relation, who) in everybody(&cast, &cast.mobile) {
        let expected = if matches!(relation, Who::Author | Who::Staff) {
            json!("LOW")
        } else {
            Value::Null
        };
        assert_eq!(world.field(who, &id, "mood").await, expected, "{person}");
        let data = world.ask(who, query, json!({ "id": cast.space })).await;
        assert_eq!(
            data["space"]["journalEntries"]["nodes"][0]["mood"], expected,
            "{person}"
        );
    }
}

#[tokio::test]
async fn what_a_former_member_wrote_stays_under_their_name() {
    let (world, cast) = World::with_cast().await;
    let thread = root(&world, &cast, "thread").await;
    let entry = root(&world, &cast, "journalEntry").await;
    let comment = world.comment(&cast.mobile, &thread, None, "Words.").await;
    let input = json!({ "membershipId": cast.mobile.member });
    world.done(&cast.coordinator, "memberRemove", input, "").await;
    for id in [&thread, &entry, &comment] {
        for who in [&cast.stayer, &cast.teacher, &cast.observer] {
            let seen = world
                .seen(
                    who,
                    id,
                    "body author { id leftAt } byline { kind name organisation { id } }",
                )
                .await;
            assert_eq!(seen["body"], "Words.");
            assert_eq!(seen["author"]["id"], json!(cast.mobile.member));
            assert_ne!(seen["author"]["leftAt"], Value::Null);
            let byline = json!({
                "kind": "FORMER_MEMBER", "name": "Moira K.", "organisation": { "id": cast.mobile.organisation }
            });
            assert_eq!(seen["byline"], byline);
        }
        assert_eq!(world.seen(&cast.mobile, id, "id").await, Value::Null);
    }
}
