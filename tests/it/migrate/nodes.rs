//! Who serves on a database, and what must not be taken away from them.

use migration::{Change, Migration};
use sea_orm::ConnectionTrait;
use sojourn::app::App;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{Place, close, database, expand, known, made, texts, words};
use crate::support::{config, eventually, is_long, is_production};

/// The next release, and the one after it.
fn later() -> [Migration; 2] {
    let contract = Change::statements(database(), "DROP TABLE test_new");
    [
        expand("test_new", "CREATE TABLE test_new (n integer)"),
        Migration::new("test_contract", known() + 1, contract),
    ]
}

async fn nodes(place: &Place) -> Vec<String> {
    let sql = "SELECT version || ' ' || migrations AS text FROM node";
    texts(&place.connect().await, sql).await
}

#[tokio::test]
async fn nothing_is_taken_away_from_a_node_that_was_just_seen() {
    if !is_production() {
        return;
    }
    let place = Place::migrated().await;
    let old = place.release(&[]).await;
    old.beat().await.unwrap();
    let new = place.release(&later()).await;
    let said = words(new.migrate().await);
    assert!(said.contains(&old.node().to_string()), "{said}");
    let which = format!("version {}, {} migrations", env!("CARGO_PKG_VERSION"), known());
    assert!(said.contains(&which), "{said}");
    assert!(
        said.contains(&format!("({} on ", config(&place.arguments).listen)),
        "{said}"
    );
    // Not even what it could live with: the operator decides when.
    assert_eq!(made(&new).await.len(), known());
    // The next release alone asks nothing of it.
    let next = place.release(&later()[..1]).await;
    next.migrate().await.unwrap();
    words(new.migrate().await);
    old.leave().await.unwrap();
    // A node that knows enough may stay.
    next.beat().await.unwrap();
    new.migrate().await.unwrap();
    assert_eq!(made(&new).await.len(), known() + 2);
}

#[tokio::test]
async fn a_node_that_was_not_seen_for_two_minutes_stands_in_nobodys_way() {
    if !is_production() {
        return;
    }
    let place = Place::migrated().await;
    let (old, new) = (place.release(&[]).await, place.release(&later()).await);
    old.beat().await.unwrap();
    words(new.migrate().await);
    let past = "UPDATE node SET seen_at = now() - interval '121 seconds'";
    new.primary().execute_unprepared(past).await.unwrap();
    new.migrate().await.unwrap();
    words(old.check_schema().await);
}

#[tokio::test]
async fn clocks_that_are_wrong_neither_hide_a_node_nor_keep_one_for_ever() {
    if !is_production() {
        return;
    }
    let place = Place::migrated().await;
    let (old, new) = (place.release(&[]).await, place.release(&later()).await);
    old.beat().await.unwrap();
    // A node whose clock is days ahead forgets others by the clock of the database.
    new.clock().shift(chrono::TimeDelta::days(3));
    new.forget_nodes().await.unwrap();
    new.clock().shift(chrono::TimeDelta::zero());
    words(new.migrate().await);
    // And one that was written down while the database's own clock was ahead, and then killed, is not waited for.
    let ahead = "UPDATE node SET seen_at = now() + interval '3 days'";
    new.primary().execute_unprepared(ahead).await.unwrap();
    new.migrate().await.unwrap();
}

#[tokio::test]
async fn a_node_that_appears_during_a_migration_is_seen_before_it_is_committed() {
    if !is_production() {
        return;
    }
    let place = Place::migrated().await;
    let [expand, mut contract] = later();
    contract.change = Change::Statements("SELECT pg_sleep(3); DROP TABLE test_new".to_owned());
    let (old, new) = (place.release(&[]).await, place.release(&[expand, contract]).await);
    let migrating = tokio::spawn({
        let new = new.clone();
        async move { new.migrate().await }
    });
    let watch = place.connect().await;
    let sql =
        "SELECT pid::text AS text FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    let sleeps = async || !texts(&watch, sql).await.is_empty();
    eventually(super::PATIENCE, "it is in the middle", sleeps).await;
    old.beat().await.unwrap();
    let said = words(migrating.await.unwrap());
    assert!(said.contains(&old.node().to_string()), "{said}");
    old.check_schema().await.unwrap();
    assert_eq!(made(&new).await.len(), known() + 1);
}

#[tokio::test]
async fn whoever_had_the_file_before_stands_in_nobodys_way() {
    if is_production() {
        return;
    }
    let place = Place::migrated().await;
    let killed = place.release(&[]).await;
    killed.beat().await.unwrap();
    close(killed).await;
    let new = place.release(&later()).await;
    new.migrate().await.unwrap();
    new.beat().await.unwrap();
    new.forget_nodes().await.unwrap();
    assert_eq!(nodes(&place).await.len(), 1);
}

#[tokio::test]
async fn a_node_is_there_while_it_serves() {
    let place = Place::migrated().await;
    let config = config(&place.arguments);
    let app = App::open(&config).await.unwrap();
    app.enter().await;
    let is_own = format!("{} {}", env!("CARGO_PKG_VERSION"), known());
    assert_eq!(nodes(&place).await, [is_own]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stop = CancellationToken::new();
    let serving = tokio::spawn({
        let (app, stop) = (app.clone(), stop.clone());
        async move { app.serve(listener, config.front(), config.connections(), stop).await }
    });
    if is_long() {
        let first = app.db.last_beat().await.unwrap();
        let again = async || app.db.last_beat().await.unwrap() > first;
        eventually(super::PATIENCE, "it is seen again", again).await;
    }
    stop.cancel();
    serving.await.unwrap().unwrap();
    drop(app);
    assert_eq!(nodes(&place).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_a_node_wrote_of_itself_is_what_readers_see() {
    let place = Place::migrated().await;
    let db = place.release(&[]).await;
    assert_eq!(db.last_beat().await.unwrap(), None);
    for _ in 0..2 {
        let written = db.beat().await.unwrap();
        assert_eq!(db.last_beat().await.unwrap(), Some(written));
    }
    assert_eq!(nodes(&place).await.len(), 1);
    db.leave().await.unwrap();
    assert_eq!(db.last_beat().await.unwrap(), None);
}

#[tokio::test]
async fn nodes_are_forgotten_after_a_day() {
    if !is_production() {
        return;
    }
    let place = Place::migrated().await;
    let (one, two, own) = (
        place.release(&[]).await,
        place.release(&[]).await,
        place.release(&[]).await,
    );
    for db in [&one, &two, &own] {
        db.beat().await.unwrap();
    }
    let past = |hours: u32, db: &sojourn::platform::db::Db| {
        format!(
            "UPDATE node SET seen_at = now() - interval '{hours} hours' WHERE id = '{}'",
            db.node()
        )
    };
    own.primary().execute_unprepared(&past(25, &one)).await.unwrap();
    own.primary().execute_unprepared(&past(23, &two)).await.unwrap();
    own.forget_nodes().await.unwrap();
    assert_eq!(one.last_beat().await.unwrap(), None);
    assert!(two.last_beat().await.unwrap().is_some());
    assert!(own.last_beat().await.unwrap().is_some());
}
