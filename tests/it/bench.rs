//! `sojourn bench live`, against a server in a process of its own.

use std::process::{Command, Output};

use serde_json::Value;

use crate::support::{Cast, PASSWORD, Server, World};

/// Runs the command to its end.
async fn bench(arguments: Vec<String>) -> Output {
    let run = move || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sojourn"));
        command.args(["bench", "live"]).args(arguments).output().unwrap()
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

/// The same as the coordinator, with further arguments in one line; returns the figures.
async fn figures(server: &Server, cast: &Cast, more: &str) -> Value {
    let json = server.folder().join("bench.json");
    let mut arguments = vec![
        format!("--url={}", server.url()),
        format!("--login={}", cast.coordinator.login),
        format!("--password={PASSWORD}"),
        format!("--json={}", json.display()),
    ];
    arguments.extend(more.split(' ').map(str::to_owned));
    let output = bench(arguments).await;
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let table = text(&output.stdout);
    assert!(table.contains("lost 0, repeated 0, out of order 0"), "{table}");
    serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap()
}

async fn world() -> (Server, Cast) {
    let (world, cast) = World::with_cast().await;
    (world.into_server(&[]).await, cast)
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_that_are_cut_hear_all_events_once_and_in_order() {
    let (server, cast) = world().await;
    let own = std::process::id();
    let more = format!("--sockets=20 --streams=2 --members=3 --rate=100 --events=200 --cut=200ms --pid={own}");
    let figures = figures(&server, &cast, &more).await;
    assert_eq!(figures["writes"]["count"], 200, "{figures}");
    assert_eq!(figures["deliveries"], 200 * 10, "{figures}");
    for wrong in ["lost", "repeated", "outOfOrder", "writesUnknown"] {
        assert_eq!(figures[wrong], 0, "{wrong}: {figures}");
    }
    assert!(figures["cuts"].as_u64().unwrap() > 0, "{figures}");
    assert!(figures["queries"]["count"].as_u64().unwrap() > 0, "{figures}");
    let heard = |how: &str| figures[how]["count"].as_u64().unwrap_or_default();
    assert_eq!(heard("live") + heard("replayed"), 2000, "{figures}");
    if cfg!(target_os = "linux") {
        assert!(
            figures["processes"][0]["rssPeak"].as_u64().unwrap() > 1_000_000,
            "{figures}"
        );
    }
    assert_eq!(figures["problems"], serde_json::json!({}), "{figures}");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_storm_everybody_has_caught_up() {
    let (server, cast) = world().await;
    let more = "--sockets=20 --members=2 --rate=20 --duration=2s --storm --away=500ms --within=200ms";
    let figures = figures(&server, &cast, more).await;
    assert_eq!(figures["storm"]["caughtUp"], 20, "{figures}");
    assert_eq!(figures["catchingUp"]["count"], 20, "{figures}");
    assert!(figures["replayed"]["count"].as_u64().unwrap() > 0, "{figures}");
    assert_eq!(figures["lost"], 0, "{figures}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_away_is_told_and_nothing_else() {
    let (server, cast) = world().await;
    let more = "--url=http://127.0.0.1:1 --sockets=6 --members=0 --rate=20 --events=20";
    let figures = figures(&server, &cast, more).await;
    assert_eq!(figures["deliveries"], 120, "{figures}");
    let problems = figures["problems"].as_object().unwrap();
    for what in ["socket: ", "write: ", "query: "] {
        assert!(problems.keys().any(|problem| problem.starts_with(what)), "{figures}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_sockets_are_only_held() {
    let (server, cast) = world().await;
    let figures = figures(
        &server,
        &cast,
        "--sockets=10 --members=0 --rate=0 --duration=300ms --probe=0s",
    )
    .await;
    assert_eq!(figures["opening"]["count"], 10, "{figures}");
    assert_eq!(figures["deliveries"], 0, "{figures}");
    assert_eq!(figures["queries"], Value::Null, "{figures}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_sign_in_is_told_why() {
    let (server, cast) = world().await;
    let login = format!("--login={}", cast.coordinator.login);
    for (url, said) in [
        (server.url(), "cannot sign in"),
        ("http://127.0.0.1:1".to_owned(), "refused"),
    ] {
        let arguments = vec![format!("--url={url}"), login.clone(), "--password=wrong".to_owned()];
        let output = bench(arguments).await;
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(said) && output.stdout.is_empty(), "{error}");
    }
}
