//! What anybody may ask for, and how often.

use std::time::Duration;

use http::{Request, StatusCode};
use serde_json::{Value, json};
use sojourn::platform::{
    http::{Introspection, Options},
    rate::Budget,
};

use super::{Door, Reply, door, door_with};

const GOOD: (&str, &str) = ("authorization", "Bearer good");
const GRAPHQL: (&str, &str) = ("accept", "application/graphql-response+json");

fn budget(points: u64) -> Budget {
    Budget {
        points,
        period: Duration::from_secs(60),
    }
}

async fn scarce() -> Door {
    door_with(Options {
        budget: budget(30),
        anonymous_budget: budget(3),
        ..Options::default()
    })
    .await
}

async fn ask_as(door: &Door, headers: &[(&str, &str)], query: &str) -> Reply {
    door.post(headers, json!({ "query": query }).to_string()).await
}

#[tokio::test]
async fn every_answer_tells_what_it_cost() {
    let door = scarce().await;
    let first = ask_as(&door, &[GOOD], "mutation { add }").await;
    assert_eq!(
        (&first.cost["requested"], &first.cost["limit"]),
        (&json!(10), &json!(30))
    );
    assert_eq!(first.cost["remaining"], 20);
    let second = ask_as(&door, &[GOOD], "{ one }").await;
    assert_eq!(
        (&second.cost["requested"], &second.cost["remaining"]),
        (&json!(1), &json!(19))
    );
    let reset = second.cost["resetAt"].as_str().unwrap();
    let left = chrono::DateTime::parse_from_rfc3339(reset).unwrap() - door.clock.now().fixed_offset();
    assert!((20..=22).contains(&left.num_seconds()), "{left}");
}

#[tokio::test]
async fn beyond_the_budget_a_request_is_told_when_to_come_back() {
    let door = scarce().await;
    door.clock.set(Some(door.clock.now()));
    for _ in 0..3 {
        assert_eq!(ask_as(&door, &[GOOD], "mutation { add }").await.status, StatusCode::OK);
    }
    for headers in [&[GOOD][..], &[GOOD, GRAPHQL]] {
        let reply = ask_as(&door, headers, "mutation { add }").await;
        assert_eq!(
            (reply.status, reply.code()),
            (StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED")
        );
        assert_eq!(reply.body["errors"][0]["extensions"]["retryAfterMs"], 20_000);
        assert_eq!(reply.header("retry-after"), "20");
        assert_eq!(
            (&reply.cost["requested"], &reply.cost["remaining"]),
            (&json!(10), &json!(0))
        );
    }
    assert_eq!(door.additions.load(std::sync::atomic::Ordering::SeqCst), 3);
    door.clock.set(Some(door.clock.now() + chrono::TimeDelta::seconds(20)));
    assert_eq!(ask_as(&door, &[GOOD], "mutation { add }").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_clock_that_is_set_back_shuts_nobody_out() {
    let door = scarce().await;
    for _ in 0..3 {
        ask_as(&door, &[GOOD], "mutation { add }").await;
    }
    door.clock.set(Some(door.clock.now() - chrono::TimeDelta::days(1)));
    assert_eq!(ask_as(&door, &[GOOD], "mutation { add }").await.status, StatusCode::OK);
}

#[tokio::test]
async fn accounts_and_addresses_have_budgets_of_their_own() {
    let door = door_with(Options {
        anonymous_budget: budget(3),
        trusted_proxies: vec!["0.0.0.0/32".parse().unwrap()],
        ..Options::default()
    })
    .await;
    let from = |address| ("x-forwarded-for", address);
    for _ in 0..3 {
        assert_eq!(
            ask_as(&door, &[from("192.0.2.1")], "{ hello }").await.status,
            StatusCode::OK
        );
    }
    let refused = ask_as(&door, &[from("192.0.2.1")], "{ hello }").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        ask_as(&door, &[from("192.0.2.2")], "{ hello }").await.status,
        StatusCode::OK
    );
    assert_eq!(
        ask_as(&door, &[from("192.0.2.1"), GOOD], "{ hello }").await.status,
        StatusCode::OK
    );
    // What a client has written stands before what the proxy adds, in the same line or another one, and changes nothing.
    let long = format!("{}192.0.2.1", "198.51.100.9, ".repeat(750));
    for forged in [
        &[from("203.0.113.5, 192.0.2.1")][..],
        &[from("203.0.113.5"), from("192.0.2.1")],
        &[from(", ,, 192.0.2.1")],
        &[from("unknown, 192.0.2.1")],
        &[from(&long)],
    ] {
        let status = ask_as(&door, forged, "{ hello }").await.status;
        assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "{forged:?}");
    }
    for other in ["192.0.2.1, 203.0.113.6", ""] {
        let status = ask_as(&door, &[from(other)], "{ hello }").await.status;
        assert_eq!(status, StatusCode::OK, "{other}");
    }
    // Whose address the proxy doesn't know are one, and take nothing from anybody else.
    for (place, told) in ["unknown", "_hidden", "192.0.2.3:x", "unknown"].into_iter().enumerate() {
        let status = ask_as(&door, &[from(told)], "{ hello }").await.status;
        assert_eq!(status == StatusCode::OK, place < 3, "{told}: {status}");
    }
    assert_eq!(
        ask_as(&door, &[from("[2001:db8::1]:80")], "{ hello }").await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_socket_draws_on_the_same_budget() {
    let door = scarce().await;
    let mut client = door.signed_in().await;
    for _ in 0..2 {
        ask_as(&door, &[GOOD], "mutation { add }").await;
    }
    client.subscribe("1", "mutation { add }").await;
    let answer = client.hear_whole().await;
    assert_eq!(answer["payload"]["extensions"]["cost"]["remaining"], 0);
    assert_eq!(client.next().await["type"], "complete");
    client.subscribe("2", "subscription { once }").await;
    let error = client.next().await;
    assert_eq!((&error["type"], &error["id"]), (&json!("error"), &json!("2")));
    assert_eq!(error["payload"][0]["extensions"]["code"], "RATE_LIMITED");
    assert!(error["payload"][0]["extensions"]["retryAfterMs"].as_u64().unwrap() > 15_000);
    // The socket stays open.
    client.say(json!({ "type": "ping" })).await;
    assert_eq!(client.next().await["type"], "pong");
}

#[tokio::test]
async fn what_costs_too_much_at_once_is_refused() {
    let door = door_with(Options {
        max_cost: 9,
        ..Options::default()
    })
    .await;
    assert_eq!(ask_as(&door, &[GOOD], "mutation { add }").await.code(), "INVALID");
    assert_eq!(ask_as(&door, &[GOOD], "{ one }").await.body["data"]["one"], 1);
}

#[tokio::test]
async fn a_refused_document_costs_no_statement() {
    let door = door_with(Options {
        has_stats: true,
        ..Options::default()
    })
    .await;
    for query in [
        "{",
        "{ unknown }",
        "{ double }",
        "{ double(number: \"x\") }",
        "{ one { x } }",
    ] {
        let reply = ask_as(&door, &[GOOD], query).await;
        assert_eq!(reply.body["errors"][0]["extensions"]["code"], "INVALID", "{query}");
        assert_eq!(reply.body["extensions"]["stats"]["sql"], 0, "{query}");
    }
}

/// The order in which documents come must not matter: what was found good once is not found good for other variables.
#[tokio::test]
async fn a_known_document_is_checked_with_the_variables_of_each_request() {
    let door = door().await;
    let query = "query ($n: Int!) { double(number: $n) }";
    for _ in 0..2 {
        let body = |number: Value| json!({ "query": query, "variables": { "n": number } }).to_string();
        assert_eq!(
            door.post(&[], body(json!(2))).await.body,
            json!({ "data": { "double": 4 } })
        );
        for wrong in [json!("x"), json!(null), json!([1]), json!({}), json!(1.5)] {
            let reply = door.post(&[GRAPHQL], body(wrong.clone())).await;
            assert_eq!(
                (reply.status, reply.code()),
                (StatusCode::BAD_REQUEST, "INVALID"),
                "{wrong}"
            );
            assert!(reply.body.get("data").is_none());
        }
    }
}

#[tokio::test]
async fn limits_of_documents_hold() {
    let door = door().await;
    let nested = |depth: usize| {
        format!(
            "{{ {} hello {} }}",
            "deeper { ".repeat(depth - 1),
            "}".repeat(depth - 1)
        )
    };
    let fields = |count: usize| format!("{{ {} }}", "hello ".repeat(count));
    let aliases = |count: usize| {
        let aliases: String = (0..count).map(|number| format!("a{number}: hello ")).collect();
        format!("{{ {aliases} }}")
    };
    let directives = |count: usize| format!("{{ {} }}", "hello @include(if: true) ".repeat(count));
    for (document, most) in [
        (&nested as &dyn Fn(usize) -> String, 16),
        (&fields, 1_000),
        (&aliases, 30),
        (&directives, 50),
    ] {
        assert_eq!(
            ask_as(&door, &[], &document(most)).await.body.get("errors"),
            None,
            "{most}"
        );
        let reply = ask_as(&door, &[GRAPHQL], &document(most + 1)).await;
        assert_eq!((reply.status, reply.code()), (StatusCode::BAD_REQUEST, "INVALID"));
    }
}

#[tokio::test]
async fn the_schema_is_told_to_those_who_may_ask() {
    let schema = "{ __schema { queryType { name } } }";
    let hidden = "{ ...f } fragment f on Query { ... on Query { a: __type(name: \"Query\") { name } } }";
    for (introspection, anonymous, signed_in) in [
        (Introspection::Everyone, None, None),
        (Introspection::SignedIn, Some("UNAUTHENTICATED"), None),
        (Introspection::Nobody, Some("FORBIDDEN"), Some("FORBIDDEN")),
    ] {
        let door = door_with(Options {
            introspection,
            ..Options::default()
        })
        .await;
        for (headers, expected) in [(&[][..], anonymous), (&[GOOD], signed_in)] {
            for query in [schema, hidden] {
                let reply = ask_as(&door, headers, query).await;
                let code = reply.body.get("errors").map(|_| reply.code());
                assert_eq!(code, expected, "{introspection:?} {query}");
            }
            let wrong = ask_as(&door, headers, "{ helo }").await;
            let message = wrong.body["errors"][0]["message"].as_str().unwrap();
            assert_eq!(
                message.contains("hello"),
                expected.is_none(),
                "{introspection:?}: {message}"
            );
            assert_eq!(
                ask_as(&door, headers, "{ __typename }").await.body["data"]["__typename"],
                "Query"
            );
        }
    }
}

#[tokio::test]
async fn pages_of_listed_sites_may_read_answers() {
    let door = door_with(Options {
        allowed_origins: vec!["https://app.example".parse().unwrap()],
        ..Options::default()
    })
    .await;
    let preflight = |origin: &'static str| {
        let request = Request::options("/graphql").header("origin", origin);
        let request = request.header("access-control-request-method", "POST");
        let request = request.header("access-control-request-headers", "authorization,content-type");
        door.router(request.body(axum::body::Body::empty()).unwrap())
    };
    let (status, headers) = preflight("https://app.example").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers["access-control-allow-origin"], "https://app.example");
    let allowed = headers["access-control-allow-headers"].to_str().unwrap().to_lowercase();
    assert!(
        allowed.contains("authorization") && allowed.contains("content-type"),
        "{allowed}"
    );
    let (_, headers) = preflight("https://evil.example").await;
    assert!(headers.get("access-control-allow-origin").is_none());
    let reply = ask_as(&door, &[("origin", "https://app.example")], "{ hello }").await;
    assert_eq!(reply.header("access-control-allow-origin"), "https://app.example");
    assert!(reply.header("access-control-expose-headers").contains("x-request-id"));
    let reply = ask_as(&door, &[("origin", "https://evil.example")], "{ hello }").await;
    assert_eq!(reply.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn long_answers_are_sent_shorter_to_those_who_can_read_them() {
    let door = door().await;
    for encoding in ["gzip", "br"] {
        let body = json!({ "query": "{ large }" }).to_string();
        let request = Request::post("/graphql").header("content-type", "application/json");
        let request = request.header("accept-encoding", encoding).body(body.into()).unwrap();
        let (status, headers) = door.router(request).await;
        assert_eq!(
            (status, headers["content-encoding"].to_str().unwrap()),
            (StatusCode::OK, encoding)
        );
    }
    let reply = ask_as(&door, &[("accept-encoding", "gzip")], "{ hello }").await;
    assert_eq!(reply.header("content-encoding"), "");
}

#[tokio::test]
async fn the_public_keys_of_tokens_are_told() {
    let reply = door().await.get("/.well-known/jwks.json").await;
    assert_eq!(
        (reply.status, reply.body.clone()),
        (StatusCode::OK, json!({ "keys": [] }))
    );
    assert_eq!(reply.header("content-type"), "application/jwk-set+json");
    assert_eq!(reply.header("cache-control"), "public, max-age=300");
}
