//! Tokens, request ids, headers, probes.

use std::sync::atomic::Ordering;

use axum::body::Body;
use http::{Method, Request, StatusCode};
use serde_json::json;
use sojourn::platform::http::Options;

use super::{ACCOUNT, door, door_with};

#[tokio::test]
async fn a_token_tells_who_is_calling() {
    let body = json!({ "query": "{ who }" }).to_string();
    let reply = door().await.post(&[("authorization", "bearer good")], body).await;
    assert_eq!(reply.body["data"]["who"], ACCOUNT.to_string());
}

#[tokio::test]
async fn without_a_token_nobody_is_calling() {
    let reply = door().await.ask("{ who }").await;
    assert_eq!((reply.status, reply.code()), (StatusCode::OK, "UNAUTHENTICATED"));
}

#[tokio::test]
async fn a_bad_token_refuses_the_whole_request() {
    let door = door().await;
    let body = json!({ "query": "mutation { add }" }).to_string();
    for authorization in [
        "Bearer bad",
        "Bearer ",
        "Bearer",
        "Basic Z29vZA==",
        "good",
        "",
        "Bearer g\u{f6}\u{f6}d",
    ] {
        let reply = door.post(&[("authorization", authorization)], body.clone()).await;
        assert_eq!(
            (reply.status, reply.code()),
            (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED")
        );
        assert_eq!(reply.header("www-authenticate"), "Bearer");
    }
    let twice = [("authorization", "Bearer good"), ("authorization", "Bearer good")];
    assert_eq!(door.post(&twice, body).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(door.additions.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_token_that_cannot_be_checked_is_not_a_bad_one() {
    let body = json!({ "query": "{ hello }" }).to_string();
    let reply = door().await.post(&[("authorization", "Bearer away")], body).await;
    assert_eq!(
        (reply.status, reply.code()),
        (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE")
    );
    assert_eq!(reply.header("retry-after"), "2");
}

#[tokio::test]
async fn a_harmless_request_id_is_kept() {
    let body = json!({ "query": "{ requestId }" }).to_string();
    let reply = door().await.post(&[("x-request-id", "Ab-9_z")], body).await;
    assert_eq!(reply.header("x-request-id"), "Ab-9_z");
    assert_eq!(reply.body["data"]["requestId"], "Ab-9_z");
}

#[tokio::test]
async fn any_other_request_id_is_replaced() {
    let door = door().await;
    for id in ["", "a b", "a\"b", &"x".repeat(65)] {
        let reply = door.post(&[("x-request-id", id)], "").await;
        let given = uuid::Uuid::parse_str(reply.header("x-request-id")).unwrap();
        assert_eq!(given.get_version_num(), 7);
    }
}

#[tokio::test]
async fn stats_count_the_statements_of_a_request_and_its_token() {
    let options = Options {
        has_stats: true,
        ..Options::default()
    };
    let door = door_with(options).await;
    let reply = door.ask("{ hello }").await;
    assert_eq!(
        (
            &reply.body["extensions"]["stats"]["sql"],
            &reply.body["extensions"]["stats"]["rows"]
        ),
        (&json!(0), &json!(0))
    );
    let body = json!({ "query": "{ one }" }).to_string();
    let reply = door.post(&[("authorization", "Bearer good")], body).await;
    let stats = &reply.body["extensions"]["stats"];
    assert_eq!((&stats["sql"], &stats["rows"]), (&json!(2), &json!(2)));
    assert!(stats["ms"].is_number());
    assert!(door.ask("{").await.body["extensions"]["stats"].is_object());
}

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    let door = door().await;
    for path in [
        "/graphql?query=%7Bhello%7D",
        "/graphql",
        "/healthz",
        "/readyz",
        "/nothing",
    ] {
        let reply = door.get(path).await;
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert_eq!(reply.header("cache-control"), "no-store");
        assert_eq!(reply.header("referrer-policy"), "no-referrer");
        assert!(!reply.header("x-request-id").is_empty());
    }
}

#[tokio::test]
async fn an_unknown_path_is_answered_in_the_same_shape() {
    let reply = door().await.get("/nothing").await;
    assert_eq!((reply.status, reply.code()), (StatusCode::NOT_FOUND, "NOT_FOUND"));
}

#[tokio::test]
async fn a_wrong_method_is_answered_in_the_same_shape() {
    let door = door().await;
    for (path, method) in [
        ("/graphql", Method::PUT),
        ("/healthz", Method::POST),
        ("/readyz", Method::DELETE),
    ] {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let reply = door.send(request).await;
        assert_eq!(
            (reply.status, reply.code()),
            (StatusCode::METHOD_NOT_ALLOWED, "INVALID")
        );
        assert!(reply.header("allow").contains("GET"));
    }
}

#[tokio::test]
async fn a_live_process_is_healthy_even_when_it_stops() {
    let door = door().await;
    door.stop.cancel();
    let reply = door.get("/healthz").await;
    assert_eq!((reply.status, reply.body), (StatusCode::OK, json!({ "status": "ok" })));
}

#[tokio::test]
async fn what_is_away_and_not_needed_is_told_by_a_node_that_is_ready() {
    let door = door().await;
    let reply = door.get("/readyz").await;
    let checks = json!({ "database": "ok", "redis": "ok" });
    let body = json!({ "status": "ready", "checks": checks });
    assert_eq!((reply.status, reply.body), (StatusCode::OK, body.clone()));
    door.is_redis_away.store(true, Ordering::SeqCst);
    let reply = door.get("/readyz").await;
    let checks = json!({ "database": "ok", "redis": "failed" });
    let degraded = json!({ "status": "degraded", "checks": checks, "effects": ["limits are looser"] });
    assert_eq!((reply.status, reply.body), (StatusCode::OK, degraded));
    door.is_redis_away.store(false, Ordering::SeqCst);
    assert_eq!(door.get("/readyz").await.body, body);
}

#[tokio::test]
async fn a_node_without_what_it_needs_is_not_ready() {
    let door = door().await;
    door.db.close().await;
    let reply = door.get("/readyz").await;
    let checks = json!({ "database": "unavailable", "redis": "ok" });
    let body = json!({ "status": "unavailable", "checks": checks });
    assert_eq!((reply.status, reply.body), (StatusCode::SERVICE_UNAVAILABLE, body));
}

#[tokio::test]
async fn a_process_that_stops_is_not_ready() {
    let door = door().await;
    door.stop.cancel();
    assert_eq!(door.get("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
}
