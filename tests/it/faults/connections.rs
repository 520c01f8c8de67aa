//! Connections to PostgreSQL that are refused, or that nobody answers any more.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use futures_util::future::join_all;
use http::StatusCode;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use url::Url;

use super::{
    are_all_and_once, comment, comments, insist, key,
    outage::{DEADLINE, RECOVERY, Stage},
};
use crate::support::{World, eventually, inner, is_long, is_production};

/// Nobody hears that the other end is gone: connections in use, given back and idle alike.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_the_network_forgets_are_replaced() {
    if !is_production() {
        return;
    }
    let mut stage = Stage::new().await;
    for _ in 0..if is_long() { 3 } else { 1 } {
        // All connections are open, and some of them at work.
        let ((), (came, keys)) = tokio::join!(
            async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                stage.wires.database.forget();
            },
            stage.besieged(Duration::from_secs(2))
        );
        for came in came {
            assert!(came.took < DEADLINE, "{:?} took {:?}", came.act, came.took);
            assert!(
                came.errors.is_empty() || came.errors == ["UNAVAILABLE"],
                "{:?}",
                came.errors
            );
        }
        // Each that is given back or was idle is waited for.
        let recovered = stage.works_within(Duration::from_secs(15)).await;
        eprintln!("works after {recovered:?}");
        for key in keys {
            let id = insist(&stage.server.http, &stage.cast.mobile, &stage.thread, &key).await;
            stage.written.insert(key, id);
        }
    }
    let database = stage.server.database().await;
    are_all_and_once(&database, &stage.cast, &stage.thread, &stage.written).await;
    database.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_takes_no_more_connections_is_told_and_all_works_again_when_it_does() {
    if !is_production() {
        return;
    }
    let (mut world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    // Limits don't hold for whoever owns the server.
    let role = format!("role_{}", key());
    let execute = async |database: &DatabaseConnection, sql: &str| {
        database.execute_unprepared(sql).await.unwrap();
    };
    let granted = format!("CREATE ROLE {role} LOGIN; GRANT pg_read_all_data, pg_write_all_data TO {role}");
    execute(world.app().db.primary(), &granted).await;
    let url = std::env::var("SOJOURN_TEST_DATABASE_URL").unwrap();
    let mut url = Url::parse(&url).unwrap();
    url.set_path(&world.database_name().await);
    let owner = ConnectOptions::new(url.as_str()).max_connections(1).to_owned();
    let owner = Database::connect(owner).await.unwrap();
    url.set_username(&role).unwrap();
    world.set("--database-url=", url.as_str());
    let server = world.into_server(&[]).await;
    let mut written = BTreeMap::new();
    let codes = async |written: &mut BTreeMap<String, String>| {
        let all = join_all(std::iter::repeat_with(key).take(20).map(async |key| {
            let outcome = comment(&server.http, &cast.mobile, &thread, &key).await;
            (key, outcome)
        }));
        let mut codes = BTreeSet::new();
        for (key, outcome) in all.await {
            match outcome {
                Ok(id) => drop(written.insert(key, id)),
                Err(code) => drop(codes.insert(code)),
            }
        }
        codes
    };
    let limits: &[usize] = if is_long() { &[0, 3, 0, 3] } else { &[0] };
    for limit in limits {
        execute(&owner, &format!("ALTER ROLE {role} CONNECTION LIMIT {limit}")).await;
        let ends = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'");
        execute(&owner, &ends).await;
        let told = codes(&mut written).await;
        let none: BTreeSet<_> = ["UNAVAILABLE".to_owned()].into();
        if *limit == 0 {
            assert_eq!(told, none);
            assert_eq!(server.http.ready().await.unwrap().0, StatusCode::SERVICE_UNAVAILABLE);
        }
        assert!(told.is_subset(&none), "{told:?}");
        execute(&owner, &format!("ALTER ROLE {role} CONNECTION LIMIT -1")).await;
        let works =
            async || server.http.ready().await.unwrap().0 == StatusCode::OK && codes(&mut written).await.is_empty();
        eventually(RECOVERY, "all works", works).await;
    }
    // What was refused in the middle of its commit may be there as well.
    let stored: BTreeMap<_, _> = comments(&owner, &thread).await.into_iter().collect();
    for (key, id) in &written {
        assert_eq!(stored.get(key), Some(&inner(id)), "{key} was acknowledged");
    }
    drop(server);
    execute(&owner, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
    owner.close().await.unwrap();
}
