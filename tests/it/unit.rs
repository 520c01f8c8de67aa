//! Units of work and the connections they leave behind: what is acknowledged is stored as a whole, and the next one starts afresh.

use sea_orm::ConnectionTrait;
use sojourn::platform::error::Error;
use uuid::Uuid;

use crate::support::World;

/// How many streams there are with these ids.
async fn count(world: &World, ids: &[Uuid]) -> usize {
    let mut count = 0;
    for &id in ids {
        let mut sql = world.app().db.sql("SELECT id FROM stream WHERE id = ");
        sql.bind(id);
        let found = world.app().db.system().query_all_raw(sql.statement()).await.unwrap();
        count += found.len();
    }
    count
}

/// A unit of work that makes a stream, and more.
async fn write(world: &World, id: Uuid, more: &'static [&'static str], is_swallowed: bool) -> Result<(), Error> {
    let db = &world.app().db;
    db.write(None, |tx| {
        Box::pin(async move {
            let mut sql = tx.sql("INSERT INTO stream (id, last_seq, epoch) VALUES (");
            sql.bind(id).push(", 0, 1)");
            tx.execute_raw(sql.statement()).await?;
            for &statement in more {
                let done = tx.execute_unprepared(statement).await;
                if !is_swallowed {
                    done?;
                }
            }
            Ok(())
        })
    })
    .await
}

const WRONG: &[&str] = &["INSERT INTO stream (id) VALUES (NULL)"];
const ENDED: &[&str] = &["ROLLBACK", "INSERT INTO stream (id) VALUES (NULL)"];

#[tokio::test]
async fn a_unit_that_goes_on_after_a_failed_statement_is_not_committed() {
    let world = World::new().await;
    let ids: Vec<_> = std::iter::repeat_with(Uuid::now_v7).take(3).collect();
    let outcome = write(&world, ids[0], WRONG, true).await;
    assert!(matches!(outcome, Err(Error::Internal(_))), "{outcome:?}");
    let outcome = write(&world, ids[1], WRONG, false).await;
    assert!(matches!(outcome, Err(Error::Internal(_))), "{outcome:?}");
    write(&world, ids[2], &[], false).await.unwrap();
    assert_eq!(count(&world, &ids).await, 1);
}

/// As SQLite does when its disk is full: the driver knows nothing of it.
#[tokio::test]
async fn a_transaction_that_the_database_has_ended_by_itself_swallows_no_later_one() {
    let world = World::new().await;
    let ids: Vec<_> = std::iter::repeat_with(Uuid::now_v7).take(6).collect();
    for (place, &id) in ids.iter().enumerate() {
        let (more, is_refused): (&[&str], _) = match place {
            0 => (ENDED, true),
            // Refusals begin and roll back: they must not stand on what is left.
            1 | 2 => (WRONG, true),
            _ => (&[], false),
        };
        let outcome = write(&world, id, more, false).await;
        assert_eq!(outcome.is_err(), is_refused, "{place}: {outcome:?}");
    }
    assert_eq!(count(&world, &ids).await, 3);
}

#[tokio::test]
async fn a_transaction_that_was_left_open_is_nobodys() {
    let world = World::new().await;
    let db = &world.app().db;
    // On every connection for writing: each is left in a transaction that the driver doesn't know.
    for _ in 0..16 {
        let _ = db.primary().execute_unprepared("BEGIN").await;
    }
    let ids: Vec<_> = std::iter::repeat_with(Uuid::now_v7).take(16).collect();
    let mut done = Vec::new();
    for &id in &ids {
        if write(&world, id, &[], false).await.is_ok() {
            done.push(id);
        }
    }
    assert!(!done.is_empty());
    assert_eq!(count(&world, &done).await, done.len());
}
