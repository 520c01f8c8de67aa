//! Whether a chain is whole.

use std::sync::Arc;

use sea_orm::ConnectionTrait;
use serde_json::json;
use sojourn::features::audit::{Chain, Verified, verify};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{length, records};
use crate::support::{Cast, World, inner, is_production};

/// What became of the chain of the space; all others are whole.
async fn verified(world: &World, cast: &Cast) -> Verified {
    let chains = verify(&world.app().db).await.unwrap();
    assert!(chains.len() >= 6, "{chains:?}");
    let space = Chain::Space(inner(&cast.space));
    let (own, others): (Vec<_>, Vec<_>) = chains.into_iter().partition(|chain| chain.chain == space);
    assert!(
        others
            .iter()
            .all(|chain| chain.broken_at.is_none() && chain.records > 0),
        "{others:?}"
    );
    own.into_iter().next().unwrap()
}

/// An id as the database writes it.
fn literal(id: Uuid) -> String {
    if is_production() {
        format!("'{id}'")
    } else {
        format!("x'{}'", id.simple())
    }
}

/// Does with the tables what only their owner can do, behind the guards.
async fn tamper(world: &World, cast: &Cast, sql: &str) {
    let db = world.app().db.primary();
    let guards: &[&str] = if is_production() {
        &["DROP TRIGGER IF EXISTS audit_record_is_kept ON audit_record"]
    } else {
        &[
            "DROP TRIGGER IF EXISTS audit_record_is_not_changed",
            "DROP TRIGGER IF EXISTS audit_record_is_not_removed",
        ]
    };
    for guard in guards {
        db.execute_unprepared(guard).await.unwrap();
    }
    let sql = sql.replace("SPACE", &literal(inner(&cast.space)));
    assert!(db.execute_unprepared(&sql).await.unwrap().rows_affected() > 0, "{sql}");
}

#[tokio::test]
async fn an_untouched_trail_is_whole() {
    let (world, cast) = World::with_cast().await;
    let own = verified(&world, &cast).await;
    let records = records(&world, inner(&cast.space)).await;
    assert_eq!(
        (own.records, own.broken_at),
        (i64::try_from(records.len()).unwrap(), None)
    );
    assert_eq!(own.last_hash, records.last().map(|record| record.hash.clone()));
    let line = own.to_string();
    assert!(
        line.starts_with(&format!("{}: {} records, whole, last hash ", cast.space, own.records)),
        "{line}"
    );
}

#[tokio::test]
async fn a_changed_record_is_found() {
    for change in [
        "act = 'PHASE_CLOSED'",
        "actor_id = NULL",
        "occurred_at = (SELECT occurred_at FROM audit_record WHERE chain_id = SPACE AND seq = 1)",
        "subject_id = chain_id",
        "subject_kind = 'thread'",
        "state_after = 'NOBODY'",
        "state_before = ''",
        "id = chain_id",
        "hash = previous_hash",
        "previous_hash = NULL",
        "seq = 1000",
    ] {
        let (world, cast) = World::with_cast().await;
        assert!(length(&world, &cast.space).await > 3);
        tamper(
            &world,
            &cast,
            &format!("UPDATE audit_record SET {change} WHERE chain_id = SPACE AND seq = 3"),
        )
        .await;
        assert_eq!(verified(&world, &cast).await.broken_at, Some(3), "{change}");
    }
}

#[tokio::test]
async fn a_missing_record_is_found() {
    for (which, place) in [("seq = 1", 1), ("seq = 2", 2), ("seq IN (3, 4)", 3)] {
        let (world, cast) = World::with_cast().await;
        tamper(
            &world,
            &cast,
            &format!("DELETE FROM audit_record WHERE chain_id = SPACE AND {which}"),
        )
        .await;
        assert_eq!(verified(&world, &cast).await.broken_at, Some(place), "{which}");
    }
}

#[tokio::test]
async fn a_cut_end_is_found() {
    let (world, cast) = World::with_cast().await;
    let length = i64::try_from(length(&world, &cast.space).await).unwrap();
    let cut = format!(
        "DELETE FROM audit_record WHERE chain_id = SPACE AND seq > {}",
        length - 2
    );
    tamper(&world, &cast, &cut).await;
    let own = verified(&world, &cast).await;
    assert_eq!((own.records, own.broken_at), (length - 2, Some(length - 1)));
    tamper(&world, &cast, "DELETE FROM audit_record WHERE chain_id = SPACE").await;
    assert_eq!(verified(&world, &cast).await.broken_at, Some(1));
    tamper(&world, &cast, "DELETE FROM audit_head WHERE chain_id = SPACE").await;
    assert_eq!(verified(&world, &cast).await.broken_at, Some(1));
}

#[tokio::test]
async fn a_head_that_was_changed_is_found() {
    for (change, place) in [
        ("last_seq = 2", 3),
        ("last_seq = last_seq + 1", 0),
        ("last_hash = NULL", -1),
    ] {
        let (world, cast) = World::with_cast().await;
        let length = i64::try_from(length(&world, &cast.space).await).unwrap();
        tamper(
            &world,
            &cast,
            &format!("UPDATE audit_head SET {change} WHERE chain_id = SPACE"),
        )
        .await;
        let expected = if place > 0 { place } else { length + 1 + place };
        assert_eq!(verified(&world, &cast).await.broken_at, Some(expected), "{change}");
    }
}

#[tokio::test]
async fn the_database_refuses_to_change_or_remove_records() {
    let (world, _) = World::with_cast().await;
    let db = world.app().db.primary();
    for sql in [
        "UPDATE audit_record SET act = 'PHASE_CLOSED'",
        "DELETE FROM audit_record",
    ] {
        let refused = db.execute_unprepared(sql).await.unwrap_err().to_string();
        assert!(refused.contains("never changed or removed"), "{refused}");
    }
}

#[tokio::test]
async fn many_writers_at_once_leave_whole_chains() {
    let (world, cast) = World::with_cast().await;
    let second = match is_production() {
        true => Some(world.second_node().await),
        false => None,
    };
    let before = length(&world, &cast.space).await;
    let shared = Arc::new((world, second, cast));
    let mut tasks = JoinSet::new();
    for number in 0..24 {
        let shared = Arc::clone(&shared);
        tasks.spawn(async move {
            let (world, second, cast) = &*shared;
            let node = second.as_ref().filter(|_| number % 2 == 1).unwrap_or(&world.node);
            let (who, name, input) = match number % 3 {
                // Two chains at once, in a unit that passes no gate.
                0 => (
                    &cast.teacher,
                    "accountSecretsReset",
                    json!({ "accountIds": [cast.mobile.account] }),
                ),
                1 => (&cast.coordinator, "phaseMarkRead", json!({ "phaseId": cast.during })),
                _ => {
                    let thread = world.thread(&cast.stayer, &cast.during, "Bread").await;
                    (&cast.teacher, "threadPin", json!({ "threadId": thread }))
                }
            };
            let payload = node.mutate(who, name, input, "").await;
            assert_eq!(payload["userErrors"], json!([]));
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let (world, _, cast) = &*shared;
    let own = verified(world, cast).await;
    assert_eq!(
        (own.records, own.broken_at),
        (i64::try_from(before).unwrap() + 16, None)
    );
}
