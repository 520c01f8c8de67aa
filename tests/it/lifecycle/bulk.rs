//! Decisions about many at once: each row is decided by itself.

use serde_json::{Value, json};

use crate::support::{Cast, World, faults};

const RESULTS: &str =
    "results { index contribution { id state } root { commentCount } userErrors { code reason field } }";

/// Ids of threads by a pupil that wait, each of version 1.
async fn waiting(world: &World, cast: &Cast, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(world.staged(cast, "thread", &cast.stayer, "PENDING").await);
    }
    ids
}

fn rows(ids: &[String], expected: i32) -> Vec<Value> {
    let row = |id| json!({ "contributionId": id, "expectedVersion": expected });
    ids.iter().map(row).collect()
}

#[tokio::test]
async fn each_row_is_decided_by_itself_and_one_that_fails_stops_none() {
    let (world, cast) = World::with_stage().await;
    let ids = waiting(&world, &cast, 2).await;
    let far = world.thread(&cast.foreigner, &cast.foreign_phase, "Far").await;
    let published = world.thread(&cast.stayer, &cast.during, "Bread").await;
    let mut rows = rows(&ids, 1);
    rows.insert(1, json!({ "contributionId": ids[1], "expectedVersion": 7 }));
    rows.insert(2, json!({ "contributionId": "garbage", "expectedVersion": 1 }));
    rows.insert(3, json!({ "contributionId": far, "expectedVersion": 1 }));
    let payload = world
        .done(&cast.teacher, "contributionsApprove", json!({ "rows": rows }), RESULTS)
        .await;
    let results = payload["results"].as_array().unwrap();
    let found: Vec<_> = results
        .iter()
        .map(|row| (row["index"].as_i64().unwrap(), faults(row)))
        .collect();
    assert_eq!(found[0], (0, vec![]));
    assert_eq!(found[1], (1, vec!["CONFLICT/STALE_VERSION at rows.1".to_owned()]));
    assert_eq!(
        found[2],
        (2, vec!["INVALID/MALFORMED at rows.2.contributionId".to_owned()])
    );
    assert_eq!(found[3], (3, vec!["NOT_FOUND at rows.3.contributionId".to_owned()]));
    assert_eq!(found[4], (4, vec![]));
    assert_eq!(
        results[4]["contribution"],
        json!({ "id": ids[1], "state": "PUBLISHED" })
    );
    // On a conflict it carries the object as it is now.
    assert_eq!(results[1]["contribution"]["id"], json!(ids[1]));
    assert_eq!(results[3]["contribution"], Value::Null);
    assert_eq!(world.field(&cast.mobile, &published, "state").await, "PUBLISHED");
}

#[tokio::test]
async fn many_are_returned_with_one_note_and_hidden_with_one_reason() {
    let (world, cast) = World::with_stage().await;
    let ids = waiting(&world, &cast, 3).await;
    let input = json!({ "rows": rows(&ids, 1), "reason": "OFF_TOPIC", "note": "Not here, please." });
    for _ in 0..2 {
        let payload = world
            .done(
                &cast.teacher,
                "contributionsReturn",
                input.clone(),
                "results { userErrors { code } }",
            )
            .await;
        assert_eq!(payload["results"], json!(vec![json!({ "userErrors": [] }); 3]));
    }
    for id in &ids {
        let seen = world.seen(&cast.stayer, id, "lastDecision { kind reason note }").await;
        assert_eq!(
            seen["lastDecision"],
            json!({ "kind": "RETURNED", "reason": "OFF_TOPIC", "note": "Not here, please." })
        );
        assert_eq!(world.decisions(id).await, 1);
    }
    let mut open = Vec::new();
    for title in ["One", "Two"] {
        open.push(world.thread(&cast.stayer, &cast.during, title).await);
    }
    let input = json!({ "contributionIds": open, "reason": "UNKIND" });
    let payload = world.done(&cast.teacher, "contributionsHide", input, RESULTS).await;
    for (row, id) in payload["results"].as_array().unwrap().iter().zip(&open) {
        assert_eq!(row["contribution"], json!({ "id": id, "state": "HIDDEN" }));
    }
}

#[tokio::test]
async fn only_staff_decide_about_many() {
    let (world, cast) = World::with_stage().await;
    let ids = waiting(&world, &cast, 1).await;
    let events = world.events().await;
    for (who, expected) in [
        (&cast.stayer, "FORBIDDEN/NEEDS_GRANT at rows.0"),
        (&cast.mobile, "NOT_FOUND at rows.0.contributionId"),
        (&cast.observer, "NOT_FOUND at rows.0.contributionId"),
        (&cast.foreigner, "NOT_FOUND at rows.0.contributionId"),
    ] {
        for (name, input) in [
            ("contributionsApprove", json!({ "rows": rows(&ids, 1) })),
            ("contributionsReturn", json!({ "rows": rows(&ids, 1), "note": "No." })),
        ] {
            let payload = world.done(who, name, input, RESULTS).await;
            assert_eq!(faults(&payload["results"][0]), [expected]);
        }
    }
    assert_eq!(world.events().await, events);
}

#[tokio::test]
async fn there_is_at_least_one_row_and_at_most_100() {
    let (world, cast) = World::with_stage().await;
    let id = world.thread(&cast.stayer, &cast.during, "Bread").await;
    for (count, expected) in [(0, "INVALID/REQUIRED"), (101, "INVALID/TOO_LONG")] {
        let ids = vec![id.clone(); count];
        for (name, input) in [
            ("contributionsApprove", json!({ "rows": rows(&ids, 1) })),
            ("contributionsReturn", json!({ "rows": rows(&ids, 1), "note": "No." })),
            ("contributionsHide", json!({ "contributionIds": ids, "reason": "SPAM" })),
        ] {
            assert_eq!(world.refused(&cast.teacher, name, input).await, [expected], "{name}");
        }
    }
    assert_eq!(world.field(&cast.mobile, &id, "state").await, "PUBLISHED");
}
