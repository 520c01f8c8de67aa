//! One node on an SQLite file that goes from one release to the next, under load. Only in the embedded set-up.

use sea_orm::{ConnectOptions, ConnectionTrait, Database};

use super::{
    known,
    load::{Place, Working},
    made,
    process::{Run, refused},
    slow,
};
use crate::support::{World, is_production};

/// Which migrations for tests were made.
async fn made_at(place: &Place) -> Vec<String> {
    let database = place.server.database().await;
    let made = made(&database).await;
    database.close().await.unwrap();
    made
}

/// What lets the migration succeed that fails half-way.
async fn mark(place: &Place) {
    let file = place.server.folder().join("sojourn.db");
    let options = ConnectOptions::new(format!("sqlite://{}?mode=rw", file.display()));
    let database = Database::connect(options).await.unwrap();
    database
        .execute_unprepared("CREATE TABLE test_marker (id blob)")
        .await
        .unwrap();
    database.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_goes_forward_and_back_and_forward_whatever_ends_its_migrations() {
    if is_production() {
        return;
    }
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let mut place = Place::new(world.into_server(&[]).await);
    let working = Working::begin(cast, thread, &[&place]).await;
    let load = std::sync::Arc::clone(&working.load);
    let release = ["expand", "backfill", slow(), "half", "index", "contract"];
    for step in 1..release.len() {
        place.stop(&load).await;
        let release = &release[..step];
        let name = format!("test_{}", release[step - 1].split('=').next().unwrap());
        if name == "test_half" {
            let said = refused(&place.server, "serve", release).await;
            assert!(
                said.contains("the migration test_half failed") && !said.contains("serving"),
                "{said}"
            );
            mark(&place).await;
        }
        let mut run = Run::start(&place.server, "serve", release);
        run.says(&name).await;
        run.kill();
        let made = made_at(&place).await;
        assert!(
            made.len() == step - 1 || made.len() == step && made.iter().any(|made| made.starts_with(&name)),
            "{made:?}"
        );
        // The release before serves on whatever is there.
        place.start(&load, &[]).await;
        load.goes_on().await;
        place.kill(&load);
        place.start(&load, release).await;
        assert_eq!(made_at(&place).await.len(), step);
        load.goes_on().await;
    }
    place.kill(&load);
    place.start(&load, &release).await;
    assert_eq!(made_at(&place).await.len(), release.len());
    load.goes_on().await;
    place.stop(&load).await;
    // From now on the older release says why it doesn't serve.
    let floor = known(migration::Database::Sqlite, &release[..release.len() - 1]);
    let said = refused(&place.server, "serve", &[]).await;
    let sentence = format!("needs one that knows at least {floor} migrations");
    assert!(said.contains(&sentence) && !said.contains("serving"), "{said}");
    place.start(&load, &release).await;
    let database = place.server.database().await;
    working.end(&database).await;
}
