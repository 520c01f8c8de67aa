//! Events that are kept no longer.

use std::collections::HashSet;

use chrono::TimeDelta;
use entity::{event, stream};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use serde_json::{Value, json};
use sojourn::platform::stream::{Retention, expire};

use super::{mark, short, until};
use crate::support::{Cast, World, inner};

const KEPT: Retention = Retention {
    age: TimeDelta::days(30),
    count: 10,
};

/// Forty comments, and the cursors of their events.
async fn talk(world: &World, cast: &Cast) -> Vec<String> {
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let mut cursors = Vec::new();
    for round in 0..40 {
        world
            .comment(&cast.mobile, &thread, None, &format!("Word {round}."))
            .await;
        cursors.push(world.node.newest(&cast.stayer, &cast.space).await);
    }
    cursors
}

/// The first event behind a cursor.
async fn first(world: &World, cast: &Cast, cursor: &str) -> Value {
    let mut live = world.node.watch(&cast.stayer, &cast.space, Some(cursor)).await;
    live.event().await
}

fn is_reset(event: &Value, resume: &str) {
    assert_eq!(
        (&event["__typename"], &event["resetReason"]),
        (&json!("StreamReset"), &json!("EXPIRED"))
    );
    assert_eq!(event["resumeCursor"], resume);
}

#[tokio::test]
async fn of_many_the_newest_are_kept() {
    let (world, cast) = World::with_cast().await;
    let cursors = talk(&world, &cast).await;
    let (db, newest) = (&world.app().db, cursors.last().unwrap());
    assert!(expire(db, KEPT).await.unwrap() > 30);
    assert_eq!(expire(db, KEPT).await.unwrap(), 0, "once");
    is_reset(&first(&world, &cast, &cursors[20]).await, newest);
    // Behind the tenth from the end, all is there.
    let event = first(&world, &cast, &cursors[30]).await;
    assert_eq!(event["contribution"]["body"], "Word 31.");
    let mut live = world.node.watch(&cast.stayer, &cast.space, Some(newest)).await;
    let last = mark(&world, &cast).await;
    assert_eq!(until(&mut live, &last).await, Vec::<Value>::new());
}

#[tokio::test]
async fn what_is_old_goes_and_the_stream_goes_on() {
    let (world, cast) = World::with_cast().await;
    let cursors = talk(&world, &cast).await;
    let (db, newest) = (&world.app().db, cursors.last().unwrap());
    let many = Retention { count: 1_000, ..KEPT };
    assert_eq!(expire(db, many).await.unwrap(), 0);
    world.later(31 * 24 * 3600);
    assert!(expire(db, many).await.unwrap() > 40);
    assert_eq!(expire(db, many).await.unwrap(), 0, "once");
    let streams = stream::Entity::find()
        .filter(stream::Column::LastSeq.gt(0))
        .all(db.primary());
    let ends: HashSet<_> = streams
        .await
        .unwrap()
        .iter()
        .map(|row| (row.id, row.last_seq))
        .collect();
    let left = event::Entity::find().all(db.primary()).await.unwrap();
    assert_eq!(
        left.iter()
            .map(|event| (event.stream_id, event.seq))
            .collect::<HashSet<_>>(),
        ends
    );
    is_reset(&first(&world, &cast, &cursors[39 - 1]).await, newest);
    // Who has seen the newest has missed nothing, whether they come back before the next one or after it.
    let mut before = world.node.watch(&cast.stayer, &cast.space, Some(newest)).await;
    world.thread(&cast.mobile, &cast.during, "Butter").await;
    let mut after = world.node.watch(&cast.stayer, &cast.space, Some(newest)).await;
    for live in [&mut before, &mut after] {
        assert_eq!(short(&[live.event().await]), ["PUBLISHED PUBLISHED"]);
    }
}

#[tokio::test]
async fn thousands_go_step_by_step() {
    let (world, cast) = World::with_cast().await;
    let db = world.app().db.primary();
    let space = inner(&cast.space);
    let row = stream::Entity::find_by_id(space).one(db).await.unwrap().unwrap();
    let model = event::Entity::find().one(db).await.unwrap().unwrap();
    let (begin, count) = (row.last_seq + 1, 3_500);
    for chunk in (begin..begin + count).collect::<Vec<_>>().chunks(500) {
        let copy = |seq: &i64| event::ActiveModel {
            stream_id: Set(space),
            seq: Set(*seq),
            id: Set(world.app().clock.new_id()),
            ..model.clone().into_active_model().reset_all()
        };
        let rows = event::Entity::insert_many(chunk.iter().map(copy));
        rows.exec_without_returning(db).await.unwrap();
    }
    let row = stream::ActiveModel {
        last_seq: Set(begin + count - 1),
        ..row.into_active_model()
    };
    row.update(db).await.unwrap();
    let deleted = expire(&world.app().db, KEPT).await.unwrap();
    assert_eq!(deleted, u64::try_from(begin - 1 + count - 10).unwrap());
    let left = event::Entity::find().all(db).await.unwrap();
    let own = left.iter().filter(|event| event.stream_id == space);
    assert_eq!(own.map(|event| event.seq).min(), Some(begin + count - 10));
}
