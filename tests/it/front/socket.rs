//! The protocol of sockets.

use std::{sync::atomic::Ordering, time::Duration};

use futures_util::SinkExt;
use http::{HeaderValue, StatusCode};
use serde_json::json;
use sojourn::platform::http::Options;
use tokio_tungstenite::tungstenite::Message;

use super::{door, door_with};

fn closed(code: u16, reason: &str) -> (u16, String) {
    (code, reason.to_owned())
}

async fn refused(headers: &[(&'static str, &str)]) -> StatusCode {
    let headers: Vec<_> = headers.iter().map(|&(name, value)| (name, value.to_owned())).collect();
    match door().await.connect(&headers).await {
        Ok(_) => StatusCode::SWITCHING_PROTOCOLS,
        Err(status) => status,
    }
}

const PROTOCOL: (&str, &str) = ("sec-websocket-protocol", "graphql-transport-ws");

#[tokio::test]
async fn only_graphql_transport_ws_is_spoken() {
    assert_eq!(refused(&[]).await, StatusCode::BAD_REQUEST);
    assert_eq!(
        refused(&[("sec-websocket-protocol", "graphql-ws")]).await,
        StatusCode::BAD_REQUEST
    );
    let both = ("sec-websocket-protocol", "graphql-ws, graphql-transport-ws");
    assert_eq!(refused(&[both]).await, StatusCode::SWITCHING_PROTOCOLS);
}

#[tokio::test]
async fn the_chosen_subprotocol_is_told() {
    let protocol = ("sec-websocket-protocol", "graphql-transport-ws".to_owned());
    let (_, headers) = door().await.connect(&[protocol]).await.map_err(|_| ()).unwrap();
    assert_eq!(headers["sec-websocket-protocol"], "graphql-transport-ws");
}

#[tokio::test]
async fn pages_of_other_hosts_are_refused() {
    for origin in ["https://evil.example", "null", "http://127.0.0.1", "http://127.0.0.1:1"] {
        assert_eq!(
            refused(&[PROTOCOL, ("origin", origin)]).await,
            StatusCode::FORBIDDEN,
            "{origin}"
        );
    }
}

#[tokio::test]
async fn pages_of_the_same_host_are_welcome() {
    let status = refused(&[PROTOCOL, ("origin", "http://{address}")]).await;
    assert_eq!(status, StatusCode::SWITCHING_PROTOCOLS);
}

#[tokio::test]
async fn pages_of_allowed_origins_are_welcome() {
    let options = Options {
        allowed_origins: vec![HeaderValue::from_static("https://app.example")],
        ..Options::default()
    };
    let headers = [PROTOCOL, ("origin", "https://app.example")].map(|(name, value)| (name, value.to_owned()));
    assert!(door_with(options).await.connect(&headers).await.is_ok());
}

#[tokio::test]
async fn a_good_token_is_acknowledged() {
    door().await.signed_in().await;
}

#[tokio::test]
async fn a_missing_or_bad_token_is_forbidden() {
    let door = door().await;
    for payload in [
        json!(null),
        json!({}),
        json!({ "authorization": 1 }),
        json!({ "authorization": "good" }),
        json!({ "authorization": "Bearer bad" }),
    ] {
        let mut client = door.open().await;
        client
            .say(json!({ "type": "connection_init", "payload": payload }))
            .await;
        assert_eq!(client.end().await, closed(4403, "Forbidden"));
    }
}

#[tokio::test]
async fn a_client_that_never_signs_in_is_let_go() {
    let options = Options {
        init_timeout: Duration::from_millis(50),
        ..Options::default()
    };
    let client = door_with(options).await.open().await;
    assert_eq!(client.end().await, closed(4408, "Connection initialisation timeout"));
}

#[tokio::test]
async fn signing_in_twice_is_refused() {
    let mut client = door().await.signed_in().await;
    client.init("Bearer good").await;
    assert_eq!(client.end().await, closed(4429, "Too many initialisation requests"));
}

#[tokio::test]
async fn nothing_runs_before_signing_in() {
    let mut client = door().await.open().await;
    client.subscribe("1", "{ hello }").await;
    assert_eq!(client.end().await, closed(4401, "Unauthorized"));
}

#[tokio::test]
async fn a_malformed_message_ends_the_socket() {
    let door = door().await;
    let messages = [
        "",
        "x",
        "[]",
        "{}",
        r#"{"type":1}"#,
        r#"{"type":"next"}"#,
        r#"{"type":"start","id":"1","payload":{"query":"{hello}"}}"#,
        r#"{"type":"ping","payload":1}"#,
        r#"{"type":"complete"}"#,
        r#"{"type":"complete","id":""}"#,
        r#"{"type":"subscribe","payload":{"query":"{hello}"}}"#,
        r#"{"type":"subscribe","id":1,"payload":{"query":"{hello}"}}"#,
        r#"{"type":"subscribe","id":"1"}"#,
        r#"{"type":"subscribe","id":"\ud83d","payload":{"query":"{hello}"}}"#,
        r#"{"type":"subscribe","id":"1","payload":{}}"#,
        r#"{"type":"subscribe","id":"1","payload":{"query":"{hello}","variables":[]}}"#,
    ];
    for message in messages {
        let mut client = door.signed_in().await;
        client.socket.send(Message::text(message)).await.unwrap();
        assert_eq!(client.end().await, closed(4400, "Invalid message"), "{message}");
    }
    let mut client = door.signed_in().await;
    client.socket.send(Message::binary(vec![1])).await.unwrap();
    assert_eq!(client.end().await.0, 4400);
}

#[tokio::test]
async fn a_message_over_the_limit_ends_the_socket() {
    let mut client = door().await.signed_in().await;
    client.subscribe("1", &"x".repeat(1_100_000)).await;
    assert_eq!(client.end().await, closed(1009, "Message too big"));
}

#[tokio::test]
async fn an_id_in_use_is_refused() {
    let mut client = door().await.signed_in().await;
    client.subscribe("a", "subscription { once }").await;
    client.next().await;
    client.subscribe("a", "{ hello }").await;
    assert_eq!(client.end().await, closed(4409, "Subscriber for a already exists"));
}

#[tokio::test]
async fn an_id_is_free_again_after_the_end() {
    let mut client = door().await.signed_in().await;
    for _ in 0..2 {
        client.subscribe("a", "{ hello }").await;
        assert_eq!(client.next().await["type"], "next");
        assert_eq!(client.next().await, json!({ "id": "a", "type": "complete" }));
    }
}

#[tokio::test]
async fn a_ping_is_answered_with_its_payload() {
    let mut client = door().await.open().await;
    client.say(json!({ "type": "ping", "payload": { "at": 7 } })).await;
    assert_eq!(client.next().await, json!({ "type": "pong", "payload": { "at": 7 } }));
    client.say(json!({ "type": "ping" })).await;
    assert_eq!(client.next().await, json!({ "type": "pong" }));
    client.say(json!({ "type": "pong" })).await;
}

#[tokio::test]
async fn a_silent_client_is_pinged_and_stays_while_it_answers() {
    let options = Options {
        ping_interval: Duration::from_millis(50),
        silence_limit: Duration::from_millis(2000),
        ..Options::default()
    };
    let mut client = door_with(options).await.signed_in().await;
    for _ in 0..60 {
        assert!(matches!(client.hear().await, Message::Ping(_)));
    }
}

#[tokio::test]
async fn a_client_that_is_gone_without_a_word_is_noticed() {
    let options = Options {
        silence_limit: Duration::from_millis(50),
        ..Options::default()
    };
    let door = door_with(options).await;
    let client = door.signed_in().await;
    assert_eq!(client.end().await, closed(1001, "No sign of life"));
}

#[tokio::test]
async fn a_token_that_ends_ends_the_socket() {
    let options = Options {
        expiry_grace: Duration::from_millis(100),
        ..Options::default()
    };
    let mut client = door_with(options).await.open().await;
    client.init("Bearer ending").await;
    client.next().await;
    client.subscribe("1", "subscription { once }").await;
    assert_eq!(client.end().await, closed(4403, "Forbidden"));
}

#[tokio::test]
async fn a_session_that_has_ended_runs_nothing_more() {
    let door = door().await;
    let mut client = door.signed_in().await;
    door.doorman.is_revoked.store(true, Ordering::SeqCst);
    client.subscribe("1", "mutation { add }").await;
    let message = client.next().await;
    assert_eq!(message["type"], "error");
    assert_eq!(message["payload"][0]["extensions"]["code"], "UNAUTHENTICATED");
    assert_eq!(client.end().await, closed(4403, "Forbidden"));
    assert_eq!(door.additions.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_process_that_stops_finishes_mutations_and_tells_its_sockets() {
    let door = door().await;
    let mut client = door.signed_in().await;
    client.subscribe("s", "subscription { once }").await;
    client.next().await;
    client.subscribe("m", "mutation { addLate }").await;
    client.say(json!({ "type": "ping" })).await;
    assert_eq!(client.next().await["type"], "pong");
    door.stop.cancel();
    assert_eq!(client.next().await["payload"]["data"]["addLate"], 1);
    assert_eq!(client.next().await, json!({ "id": "m", "type": "complete" }));
    let (code, reason) = client.end().await;
    let wait: u64 = reason
        .strip_prefix("Service restart; retryAfterMs=")
        .unwrap()
        .parse()
        .unwrap();
    assert!(code == 1012 && (1_000..=3_000).contains(&wait), "{code} {reason}");
    door.sockets.close();
    door.sockets.wait().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_let_go() {
    let options = Options {
        send_timeout: Duration::from_millis(200),
        ..Options::default()
    };
    let door = door_with(options).await;
    let mut client = door.signed_in().await;
    client.subscribe("1", "subscription { flood }").await;
    door.sockets.close();
    // It reads again, late, and finds why it was let go behind what it hadn't read.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(client.end().await, closed(1013, "Messages are not read"));
    door.sockets.wait().await;
}

#[tokio::test]
async fn a_client_that_never_reads_again_is_let_go_too() {
    let options = Options {
        send_timeout: Duration::from_millis(200),
        ..Options::default()
    };
    let door = door_with(options).await;
    let mut client = door.signed_in().await;
    client.subscribe("1", "subscription { flood }").await;
    door.sockets.close();
    door.sockets.wait().await;
    drop(client);
}
