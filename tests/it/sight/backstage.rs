//! Pending edits, earlier versions, decisions and the queue: for the author and staff.

use serde_json::{Value, json};

use super::{Who, everybody};
use crate::support::{World, ids};

const KINDS: [&str; 3] = ["thread", "comment", "journalEntry"];

#[tokio::test]
async fn versions_are_for_the_author_and_staff() {
    let (world, cast) = World::with_stage().await;
    let selection = "pendingRevision { version } revisions { totalCount nodes { version } }";
    for kind in KINDS {
        let id = world.staged(&cast, kind, &cast.mobile, "EDITED").await;
        for (person, relation, who) in everybody(&cast, &cast.mobile) {
            let seen = world.seen(who, &id, selection).await;
            let (pending, versions) = match relation {
                Who::Author | Who::Staff => (
                    json!({ "version": 2 }),
                    json!({ "totalCount": 2, "nodes": [{ "version": 2 }, { "version": 1 }] }),
                ),
                Who::Member => (Value::Null, json!({ "totalCount": 0, "nodes": [] })),
                Who::Foreigner => (Value::Null, Value::Null),
            };
            assert_eq!(
                (&seen["pendingRevision"], &seen["revisions"]),
                (&pending, &versions),
                "{kind} {person}"
            );
        }
    }
}

#[tokio::test]
async fn a_revision_is_a_node_for_the_author_and_staff() {
    let (world, cast) = World::with_stage().await;
    let query = "query($id: ID!) { node(id: $id) { ... on Revision { version body contribution { id } } } }";
    for kind in KINDS {
        let id = world.staged(&cast, kind, &cast.mobile, "EDITED").await;
        let seen = world
            .seen(&cast.mobile, &id, "revisions { nodes { id version body } }")
            .await;
        for revision in seen["revisions"]["nodes"].as_array().unwrap() {
            for (person, relation, who) in everybody(&cast, &cast.mobile) {
                let data = world.ask(who, query, json!({ "id": revision["id"] })).await;
                let expected = match relation {
                    Who::Author | Who::Staff => json!({
                        "version": revision["version"], "body": revision["body"], "contribution": { "id": id }
                    }),
                    _ => Value::Null,
                };
                assert_eq!(data["node"], expected, "{kind} {person}");
            }
        }
    }
}

#[tokio::test]
async fn decisions_are_for_the_author_and_staff() {
    let (world, cast) = World::with_stage().await;
    for kind in KINDS {
        let id = world.staged(&cast, kind, &cast.mobile, "EDITED").await;
        world.act(&cast.teacher, "Return", &id).await;
        for (person, relation, who) in everybody(&cast, &cast.mobile) {
            let seen = world
                .seen(who, &id, "lastDecision { kind note decidedBy { id } }")
                .await;
            let expected = match relation {
                Who::Author | Who::Staff => json!({
                    "kind": "RETURNED", "note": "Please look again.", "decidedBy": { "id": cast.teacher.member }
                }),
                _ => Value::Null,
            };
            assert_eq!(seen["lastDecision"], expected, "{kind} {person}");
        }
    }
}

#[tokio::test]
async fn drafts_are_not_among_the_versions() {
    let (world, cast) = World::with_cast().await;
    let id = world.entry(&cast.mobile, &cast.during, "Riga", true).await;
    world.act(&cast.mobile, "Withdraw", &id).await;
    world.edit(&cast.mobile, &id, json!({ "body": "Draft." })).await;
    let seen = world
        .seen(&cast.mobile, &id, "body revisions { nodes { version } }")
        .await;
    assert_eq!(seen["revisions"]["nodes"], json!([{ "version": 1 }]));
}

#[tokio::test]
async fn the_log_is_for_staff_and_newest_first() {
    let (world, cast) = World::with_stage().await;
    let entry = world.staged(&cast, "journalEntry", &cast.mobile, "PENDING").await;
    world.act(&cast.teacher, "Return", &entry).await;
    world.later(1);
    let thread = world.thread(&cast.mobile, &cast.during, "Bread").await;
    world.act(&cast.partner, "Hide", &thread).await;
    let query = "query($id: ID!) { space(id: $id) { moderationLog { totalCount nodes { id \
        decision { kind decidedBy { id } } contribution { id } } } } }";
    let mut ids = Vec::new();
    for (person, relation, who) in everybody(&cast, &cast.mobile) {
        let data = world.ask(who, query, json!({ "id": cast.space })).await;
        if relation == Who::Foreigner {
            assert_eq!(data["space"], Value::Null, "{person}");
            continue;
        }
        let log = &data["space"]["moderationLog"];
        if relation != Who::Staff {
            assert_eq!(*log, json!({ "totalCount": 0, "nodes": [] }), "{person}");
            continue;
        }
        ids = log["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|node| node["id"].clone())
            .collect();
        let found: Vec<_> = log["nodes"].as_array().unwrap().iter().collect();
        assert_eq!(log["totalCount"], 2, "{person}");
        assert_eq!(
            found[0]["decision"],
            json!({ "kind": "HIDDEN", "decidedBy": { "id": cast.partner.member } })
        );
        assert_eq!(found[0]["contribution"], json!({ "id": thread }));
        assert_eq!(
            found[1]["decision"],
            json!({ "kind": "RETURNED", "decidedBy": { "id": cast.teacher.member } })
        );
        // What was returned is a draft, which its author alone sees.
        assert_eq!(found[1]["contribution"], Value::Null);
    }
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    for (person, relation, who) in everybody(&cast, &cast.mobile) {
        let data = world.ask(who, query, json!({ "ids": ids })).await;
        let expected = if relation == Who::Staff {
            json!(ids.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>())
        } else {
            json!([null, null])
        };
        assert_eq!(data["nodes"], expected, "{person}");
    }
}

#[tokio::test]
async fn the_queue_is_for_staff_and_oldest_first() {
    let (world, cast) = World::with_stage().await;
    let mut waiting = Vec::new();
    for (kind, state) in [
        ("journalEntry", "PENDING"),
        ("thread", "EDITED"),
        ("comment", "PENDING"),
        ("comment", "EDITED"),
    ] {
        world.later(1);
        let id = world.staged(&cast, kind, &cast.mobile, state).await;
        let seen = world.seen(&cast.mobile, &id, "pendingRevision { id }").await;
        waiting.push((id, seen["pendingRevision"]["id"].clone()));
    }
    for state in ["DRAFT", "PUBLISHED", "HIDDEN", "REMOVED"] {
        world.staged(&cast, "thread", &cast.mobile, state).await;
    }
    let query = "query($id: ID!) { space(id: $id) { moderationQueue { totalCount nodes { \
        __typename id contribution { id } submittedAt } } } }";
    for (person, relation, who) in everybody(&cast, &cast.mobile) {
        let data = world.ask(who, query, json!({ "id": cast.space })).await;
        if relation == Who::Foreigner {
            assert_eq!(data["space"], Value::Null, "{person}");
            continue;
        }
        let queue = &data["space"]["moderationQueue"];
        let expected = if relation == Who::Staff { &waiting[..] } else { &[] };
        assert_eq!(queue["totalCount"], expected.len(), "{person}");
        let found: Vec<_> = queue["nodes"].as_array().unwrap().iter().collect();
        let found: Vec<_> = found
            .iter()
            .map(|item| (&item["contribution"]["id"], &item["id"]))
            .collect();
        let expected: Vec<_> = expected.iter().map(|(id, revision)| (json!(id), revision)).collect();
        assert_eq!(
            found,
            expected
                .iter()
                .map(|(id, revision)| (id, *revision))
                .collect::<Vec<_>>(),
            "{person}"
        );
    }
}

#[tokio::test]
async fn the_queue_is_paged() {
    let (world, cast) = World::with_stage().await;
    for _ in 0..3 {
        world.later(1);
        world.staged(&cast, "thread", &cast.mobile, "PENDING").await;
    }
    let query = "query($id: ID!, $after: String) { space(id: $id) { moderationQueue(first: 2, after: $after) { \
        totalCount pageInfo { hasNextPage endCursor } nodes { id } } } }";
    let first = world.ask(&cast.teacher, query, json!({ "id": cast.space })).await["space"]["moderationQueue"].clone();
    assert_eq!(
        (ids(&first).len(), &first["pageInfo"]["hasNextPage"]),
        (2, &json!(true))
    );
    let after = json!({ "id": cast.space, "after": first["pageInfo"]["endCursor"] });
    let second = world.ask(&cast.teacher, query, after).await["space"]["moderationQueue"].clone();
    assert_eq!((ids(&second).len(), &second["totalCount"]), (1, &json!(3)));
    assert!(!ids(&first).contains(&ids(&second)[0]));
}

#[tokio::test]
async fn what_is_decided_leaves_the_queue() {
    let (world, cast) = World::with_stage().await;
    let query = "query($id: ID!) { space(id: $id) { moderationQueue { totalCount } } }";
    for (who, act) in [
        (&cast.teacher, "Approve"),
        (&cast.teacher, "Return"),
        (&cast.teacher, "Remove"),
        (&cast.mobile, "Withdraw"),
    ] {
        for state in ["PENDING", "EDITED"] {
            let id = world.staged(&cast, "thread", &cast.mobile, state).await;
            world.act(who, act, &id).await;
            let data = world.ask(&cast.teacher, query, json!({ "id": cast.space })).await;
            assert_eq!(data["space"]["moderationQueue"]["totalCount"], 0, "{state} {act}");
        }
    }
}

#[tokio::test]
async fn a_version_that_was_superseded_stays_for_staff() {
    let (world, cast) = World::with_stage().await;
    let id = world.staged(&cast, "thread", &cast.mobile, "PENDING").await;
    world.edit(&cast.mobile, &id, json!({ "body": "Newer." })).await;
    for who in [&cast.mobile, &cast.teacher] {
        let seen = world.seen(who, &id, "revisions { nodes { version state } }").await;
        let expected = json!([{ "version": 2, "state": "PENDING" }, { "version": 1, "state": "SUPERSEDED" }]);
        assert_eq!(seen["revisions"]["nodes"], expected);
    }
}
