//! Operations on a socket.

use std::time::Duration;

use futures_util::SinkExt;
use serde_json::{Value, json};
use sojourn::platform::http::Options;
use tokio_tungstenite::tungstenite::Message;

use super::{ACCOUNT, client::Client, door, door_with};

#[tokio::test]
async fn a_query_gets_one_answer_and_the_end() {
    let mut client = door().await.signed_in().await;
    client.subscribe("q", "{ who one }").await;
    let payload = json!({ "data": { "who": ACCOUNT.to_string(), "one": 1 } });
    assert_eq!(
        client.next().await,
        json!({ "id": "q", "type": "next", "payload": payload })
    );
    assert_eq!(client.next().await, json!({ "id": "q", "type": "complete" }));
}

#[tokio::test]
async fn a_mutation_works_over_a_socket() {
    let door = door().await;
    let mut client = door.signed_in().await;
    client.subscribe("m", "mutation { add }").await;
    assert_eq!(client.next().await["payload"], json!({ "data": { "add": 1 } }));
    assert_eq!(client.next().await["type"], "complete");
}

#[tokio::test]
async fn a_subscription_streams_and_ends() {
    let mut client = door().await.signed_in().await;
    client.subscribe("s", "subscription { count(to: 3) }").await;
    for number in 1..=3 {
        assert_eq!(client.next().await["payload"]["data"]["count"], number);
    }
    assert_eq!(client.next().await, json!({ "id": "s", "type": "complete" }));
}

#[tokio::test]
async fn a_subscription_reads_as_the_one_who_signed_in() {
    let mut client = door().await.signed_in().await;
    client.subscribe("s", "subscription { who }").await;
    assert_eq!(client.next().await["payload"]["data"]["who"], ACCOUNT.to_string());
    client.next().await;
    client.subscribe("s", "subscription { one }").await;
    assert_eq!(client.next().await["payload"]["data"]["one"], 1);
}

#[tokio::test]
async fn a_refused_document_comes_as_error() {
    let mut client = door().await.signed_in().await;
    for query in [
        "{",
        "{ unknown }",
        "subscription { unknown }",
        "query ($n: Int!) { double(number: $n) }",
    ] {
        client.subscribe("1", query).await;
        let message = client.next().await;
        assert_eq!(
            (&message["type"], &message["id"]),
            (&json!("error"), &json!("1")),
            "{query}"
        );
        let extensions = &message["payload"][0]["extensions"];
        assert_eq!(extensions["code"], "INVALID");
        assert!(extensions["requestId"].is_string());
    }
}

#[tokio::test]
async fn a_field_error_comes_as_next() {
    let mut client = door().await.signed_in().await;
    client.subscribe("1", "{ hello secret }").await;
    let message = client.next().await;
    assert_eq!(message["type"], "next");
    assert_eq!(message["payload"]["errors"][0]["extensions"]["code"], "INTERNAL");
}

#[tokio::test]
async fn a_subscription_that_cannot_begin_comes_as_error() {
    let mut client = door().await.signed_in().await;
    client.subscribe("1", "subscription { hidden }").await;
    let message = client.next().await;
    assert_eq!(message["type"], "error");
    assert_eq!(message["payload"][0]["extensions"]["code"], "NOT_FOUND");
    client.subscribe("1", "{ hello }").await;
    assert_eq!(client.next().await["type"], "next");
}

#[tokio::test]
async fn a_panic_ends_its_operation_only() {
    let mut client = door().await.signed_in().await;
    client.subscribe("1", "subscription { panic }").await;
    assert_eq!(client.next().await["type"], "next");
    let message = client.next().await;
    assert_eq!(message["type"], "error");
    assert_eq!(message["payload"][0]["extensions"]["code"], "INTERNAL");
    assert!(!message.to_string().contains("hunter2"));
    client.subscribe("1", "{ hello }").await;
    assert_eq!(client.next().await["type"], "next");
}

#[tokio::test]
async fn what_takes_too_long_on_a_socket_is_unavailable() {
    let options = Options {
        request_timeout: Duration::from_millis(200),
        ..Options::default()
    };
    let mut client = door_with(options).await.signed_in().await;
    client.subscribe("s", "subscription { once }").await;
    assert_eq!(client.next().await["id"], "s");
    client.subscribe("1", "{ slow }").await;
    let message = client.next().await;
    assert_eq!((&message["id"], &message["type"]), (&json!("1"), &json!("error")));
    assert_eq!(message["payload"][0]["extensions"]["code"], "UNAVAILABLE");
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_an_error() {
    let mut client = door().await.signed_in().await;
    client.subscribe("1", "{ large }").await;
    assert_eq!(client.next().await["type"], "error");
    client.subscribe("1", "{ hello }").await;
    assert_eq!(client.next().await["type"], "next");
}

#[tokio::test]
async fn a_client_that_completes_hears_no_more_of_it() {
    let mut client = door().await.signed_in().await;
    client.subscribe("s", "subscription { once }").await;
    client.next().await;
    client.say(json!({ "id": "s", "type": "complete" })).await;
    client.say(json!({ "id": "unknown", "type": "complete" })).await;
    client.subscribe("s", "{ hello }").await;
    assert_eq!(client.next().await["payload"]["data"]["hello"], "Hello ");
}

#[tokio::test]
async fn operations_on_a_socket_have_a_limit() {
    let options = Options {
        max_subscriptions: 2,
        ..Options::default()
    };
    let mut client = door_with(options).await.signed_in().await;
    for id in ["1", "2"] {
        client.subscribe(id, "subscription { once }").await;
        client.next().await;
    }
    client.subscribe("3", "{ hello }").await;
    let message = client.next().await;
    assert_eq!((&message["id"], &message["type"]), (&json!("3"), &json!("error")));
    assert_eq!(message["payload"][0]["extensions"]["code"], "RATE_LIMITED");
    client.say(json!({ "id": "1", "type": "complete" })).await;
    client.subscribe("3", "{ hello }").await;
    assert_eq!(client.next().await["type"], "next");
}

#[tokio::test]
async fn stats_on_a_socket_are_those_of_each_answer() {
    let options = Options {
        has_stats: true,
        ..Options::default()
    };
    let mut client = door_with(options).await.signed_in().await;
    client.subscribe("1", "{ one }").await;
    let stats = client.next().await["payload"]["extensions"]["stats"].clone();
    assert_eq!((&stats["sql"], &stats["rows"]), (&json!(2), &json!(2)));
    client.next().await;
    client.subscribe("1", "subscription { count(to: 2) }").await;
    assert_eq!(client.next().await["payload"]["extensions"]["stats"]["sql"], 1);
    assert_eq!(client.next().await["payload"]["extensions"]["stats"]["sql"], 0);
}

/// Says hello to a name that is written as in JSON.
async fn hello(client: &mut Client, name: &str) -> Value {
    hello_to(client, &format!("\"{name}\"")).await
}

async fn hello_to(client: &mut Client, name: &str) -> Value {
    let query = "query ($name: String) { hello(name: $name) }";
    let payload = format!(r#"{{"query":"{query}","variables":{{"name":{name}}}}}"#);
    let message = format!(r#"{{"type":"subscribe","id":"1","payload":{payload}}}"#);
    client.socket.send(Message::text(message)).await.unwrap();
    let answer = client.next().await;
    if answer["type"] == "next" {
        assert_eq!(client.next().await["type"], "complete");
    }
    answer["payload"].clone()
}

#[tokio::test]
async fn what_no_value_can_hold_is_refused_to_the_operation_that_has_it() {
    let mut client = door().await.signed_in().await;
    for half in [r"\ud83d", r"a\uDE00b", r"\ud83d\ud83d\ude00", r"\\\ud83dx"] {
        let errors = hello(&mut client, half).await;
        assert_eq!(errors[0]["extensions"]["code"], "INVALID", "{half}");
        let message = errors[0]["message"].as_str().unwrap();
        assert!(message.starts_with("$name has half a character"), "{message}");
    }
    let deep = format!("{}{}", "[".repeat(300), "]".repeat(300));
    for (value, fault) in [("1e309", "$name has a number"), (&deep, "$name has more lists")] {
        let errors = hello_to(&mut client, value).await;
        assert_eq!(errors[0]["extensions"]["code"], "INVALID", "{value}");
        let message = errors[0]["message"].as_str().unwrap();
        assert!(message.starts_with(fault), "{message}");
    }
    // What looks like it, and a pair.
    for (text, name) in [
        (r"\\ud83d", r"\ud83d"),
        (r"\ud83d\ude00", "😀"),
        (r"\ufffd", "\u{fffd}"),
    ] {
        let answer = hello(&mut client, text).await;
        assert_eq!(answer["data"]["hello"], format!("Hello {name}"));
    }
}

#[tokio::test]
async fn the_longest_texts_of_any_script_fit_into_a_message() {
    let mut client = door().await.signed_in().await;
    for (letter, name) in [("ж", "ж"), (r"\u0436", "ж"), ("学", "学"), (r"\ud83d\ude00", "😀")] {
        let answer = hello(&mut client, &letter.repeat(50_000)).await;
        assert_eq!(answer["data"]["hello"], format!("Hello {}", name.repeat(50_000)));
    }
}
