//! What the program does with a schema that isn't its own.

use std::sync::Arc;

use http::StatusCode;

use super::{PATIENCE, Place};
use crate::support::{Server, eventually, is_production};

const LISTEN: &str = "--listen=127.0.0.1:0";

impl Place {
    async fn serve(&self, more: &[&str]) -> Server {
        let more = more.iter().map(|flag| (*flag).to_owned());
        let arguments = self.arguments.iter().cloned().chain(more).collect();
        Server::start(arguments, Arc::clone(&self.folder)).await
    }

    fn migrate(&self, further: &str) {
        let (is_done, said) = self.run(&["migrate", &format!("--test-migrations={further}")]);
        assert!(is_done, "{said}");
    }
}

/// What `/readyz` says of the schema.
async fn schema(server: &Server) -> (StatusCode, String) {
    let (status, body) = server.http.ready().await.unwrap();
    (status, body["checks"]["schema"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn with_check_a_server_exits_until_somebody_has_migrated() {
    let place = Place::new().await;
    for command in ["serve", "demo"] {
        let (is_done, said) = place.run(&[command, LISTEN, "--migrate=check"]);
        assert!(!is_done && said.contains("sojourn migrate"), "{said}");
    }
    let (is_done, said) = place.run(&["migrate", "--migrate=check"]);
    assert!(is_done, "{said}");
    let server = place.serve(&["--migrate=check"]).await;
    assert_eq!(schema(&server).await, (StatusCode::OK, "ok".to_owned()));
}

#[tokio::test]
async fn whoever_verifies_changes_nothing() {
    let place = Place::new().await;
    let (is_done, said) = place.run(&["admin", "audit-verify"]);
    assert!(!is_done && said.contains("sojourn migrate"), "{said}");
    let db = place.release(&[]).await;
    assert!(super::names(&db).await.is_empty());
    super::close(db).await;
    place.migrate("expand");
    let (is_done, said) = place.run(&["admin", "audit-verify", "--test-migrations=expand,index"]);
    assert!(!is_done && said.contains("1 migrations are missing"), "{said}");
    let (is_done, said) = place.run(&["admin", "audit-verify"]);
    assert!(is_done, "{said}");
}

#[tokio::test]
async fn a_data_folder_may_have_any_name() {
    if is_production() {
        return;
    }
    let parent = tempfile::tempdir().unwrap();
    for name in ["a?b", "x%20y", "#h", "my data", "it's", "für"] {
        let folder = parent.path().join(name);
        let run = |command: &[&str]| {
            let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_sojourn"));
            let output = program.args(command).arg("--data-dir").arg(&folder).output().unwrap();
            assert!(
                output.status.success(),
                "{name}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        };
        run(&["migrate"]);
        run(&["admin", "audit-verify"]);
        // One database, and there.
        let databases = std::fs::read_dir(&folder).unwrap();
        let is_database = |entry: &std::fs::DirEntry| entry.file_name().to_string_lossy().ends_with(".db");
        assert_eq!(databases.flatten().filter(is_database).count(), 1, "{name}");
    }
    assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 6);
}

#[tokio::test]
async fn a_process_that_still_migrates_is_alive_and_not_ready() {
    let place = Place::new().await;
    place.migrate("expand");
    // Nobody else has it: the program takes it anew.
    let address = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let listen = format!("--listen={address}");
    let mut program = place.program(&["serve", &listen, "--test-migrations=expand,slow=2"]);
    let mut child = program.stderr(std::process::Stdio::null()).spawn().unwrap();
    let http = crate::support::Http::new(&address.to_string());
    let is_starting = async || {
        let told = serde_json::json!({ "status": "unavailable", "checks": { "process": "starting" } });
        http.ready()
            .await
            .is_ok_and(|found| found == (StatusCode::SERVICE_UNAVAILABLE, told))
    };
    eventually(PATIENCE, "it is starting", is_starting).await;
    let (is_done, said) = place.run(&["healthcheck", &listen]);
    assert!(is_done, "{said}");
    assert!(is_starting().await, "it was ready already");
    let is_ready = async || http.ready().await.is_ok_and(|(status, _)| status == StatusCode::OK);
    eventually(PATIENCE, "it is ready", is_ready).await;
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn with_off_a_server_serves_and_tells_that_the_schema_is_behind() {
    let place = Place::new().await;
    let server = place.serve(&["--migrate=off"]).await;
    assert_eq!(
        schema(&server).await,
        (StatusCode::SERVICE_UNAVAILABLE, "failed".to_owned())
    );
}

#[tokio::test]
async fn a_server_migrates_by_itself_unless_told_otherwise() {
    let place = Place::new().await;
    let server = place.serve(&[]).await;
    assert_eq!(schema(&server).await, (StatusCode::OK, "ok".to_owned()));
}

#[tokio::test]
async fn a_release_comes_back_after_the_next_one_but_not_after_the_one_behind_it() {
    let place = Place::new().await;
    place.migrate("expand,index,backfill");
    let server = place.serve(&[]).await;
    assert_eq!(schema(&server).await, (StatusCode::OK, "ok".to_owned()));
    drop(server);
    // It was killed: in production it is still seen.
    if is_production() {
        let (is_done, said) = place.run(&["migrate", "--test-migrations=expand,index,backfill,contract"]);
        assert!(!is_done && said.contains("seen in the last two minutes"), "{said}");
        let forget = sea_orm::ConnectionTrait::execute_unprepared(&place.connect().await, "DELETE FROM node").await;
        forget.unwrap();
    }
    place.migrate("expand,index,backfill,contract");
    for mode in ["auto", "check"] {
        let (is_done, said) = place.run(&["serve", LISTEN, &format!("--migrate={mode}")]);
        assert!(!is_done && said.contains("newer release"), "{said}");
    }
    let server = place.serve(&["--migrate=off"]).await;
    assert_eq!(
        schema(&server).await,
        (StatusCode::SERVICE_UNAVAILABLE, "failed".to_owned())
    );
}

#[tokio::test]
async fn a_server_that_was_overtaken_is_not_ready_any_more() {
    if !is_production() {
        return;
    }
    let place = Place::new().await;
    let server = place.serve(&[]).await;
    assert_eq!(schema(&server).await, (StatusCode::OK, "ok".to_owned()));
    // As if it had not been seen: cut off from the database for two minutes.
    let past = "UPDATE node SET seen_at = now() - interval '3 minutes'";
    let connection = place.connect().await;
    sea_orm::ConnectionTrait::execute_unprepared(&connection, past)
        .await
        .unwrap();
    place.migrate("expand,contract");
    let is_unready = async || schema(&server).await == (StatusCode::SERVICE_UNAVAILABLE, "failed".to_owned());
    eventually(PATIENCE, "it is not ready", is_unready).await;
}

#[tokio::test]
async fn an_unknown_migration_of_a_test_is_refused() {
    let place = Place::new().await;
    let (is_done, said) = place.run(&["migrate", "--test-migrations=nothing"]);
    assert!(!is_done && said.contains("nothing"), "{said}");
}
