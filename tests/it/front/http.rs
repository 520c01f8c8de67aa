//! Requests and answers over HTTP.

use std::{sync::atomic::Ordering, time::Duration};

use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::json;
use sojourn::platform::http::Options;

use super::{door, door_with};

const GRAPHQL: (&str, &str) = ("accept", "application/graphql-response+json");

#[tokio::test]
async fn a_query_is_answered_as_plain_json_by_default() {
    let reply = door().await.ask("{ hello(name: \"Ada\") }").await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(reply.body, json!({ "data": { "hello": "Hello Ada" } }));
}

#[tokio::test]
async fn the_media_type_that_is_asked_for_is_sent() {
    let body = json!({ "query": "{ hello }" }).to_string();
    let reply = door().await.post(&[GRAPHQL], body).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(
        reply.header("content-type"),
        "application/graphql-response+json; charset=utf-8"
    );
}

#[tokio::test]
async fn variables_and_operation_name_are_used() {
    let query = "query a { hello } query b($n: Int!) { double(number: $n) }";
    let body = json!({ "query": query, "operationName": "b", "variables": { "n": 4 }, "extensions": {} });
    let reply = door().await.post(&[], body.to_string()).await;
    assert_eq!(reply.body, json!({ "data": { "double": 8 } }));
}

#[tokio::test]
async fn a_query_in_the_url_is_answered() {
    let path = "/graphql?query=query%20a%7Bhello%7D%20query%20b(%24n%3AInt!)%7Bdouble(number%3A%24n)%7D";
    let reply = door()
        .await
        .get(&format!("{path}&operationName=b&variables=%7B%22n%22:4%7D"))
        .await;
    assert_eq!(reply.body, json!({ "data": { "double": 8 } }));
}

#[tokio::test]
async fn a_mutation_in_the_url_is_refused() {
    let door = door().await;
    let reply = door.get("/graphql?query=mutation%7Badd%7D").await;
    assert_eq!(
        (reply.status, reply.code()),
        (StatusCode::METHOD_NOT_ALLOWED, "INVALID")
    );
    assert_eq!(reply.header("allow"), "POST");
    assert_eq!(door.additions.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn only_json_is_accepted() {
    let door = door().await;
    let body = json!({ "query": "mutation { add }" }).to_string();
    let json = [
        "application/json",
        "Application/JSON; charset=\"UTF-8\"",
        "application/json;charset=utf-8",
    ];
    for content_type in json {
        let reply = door.post(&[("content-type", content_type)], body.clone()).await;
        assert_eq!(reply.status, StatusCode::OK, "{content_type}");
    }
    let others = [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/json; charset=utf-16",
        "application/jsonp",
        "",
    ];
    for content_type in others {
        let reply = door.post(&[("content-type", content_type)], body.clone()).await;
        assert_eq!(
            (reply.status, reply.code()),
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "INVALID")
        );
    }
    let bare = Request::post("/graphql").body(Body::from(body)).unwrap();
    assert_eq!(door.send(bare).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(door.additions.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let body = json!({ "query": "{ hello }", "variables": { "x": "y".repeat(1 << 20) } });
    let reply = door().await.post(&[], body.to_string()).await;
    assert_eq!((reply.status, reply.code()), (StatusCode::PAYLOAD_TOO_LARGE, "INVALID"));
}

#[tokio::test]
async fn a_body_that_is_no_request_is_refused() {
    let door = door().await;
    let bodies = [
        "",
        "{",
        "7",
        "\u{fffd}",
        "{}",
        r#"{"query":null}"#,
        r#"{"query":1}"#,
        r#"{"query":"{hello}","operationName":1}"#,
        r#"{"query":"{hello}","variables":[]}"#,
        r#"{"query":"{hello}","variables":"{}"}"#,
        r#"{"query":"{hello}","extensions":[]}"#,
        r#"[{"query":"{hello}"}]"#,
    ];
    for body in bodies {
        for headers in [&[][..], &[GRAPHQL]] {
            let reply = door.post(headers, body).await;
            assert_eq!(
                (reply.status, reply.code()),
                (StatusCode::BAD_REQUEST, "INVALID"),
                "{body}"
            );
        }
    }
}

#[tokio::test]
async fn what_no_value_can_hold_is_a_fault_of_the_operation() {
    let door = door().await;
    let query = "query ($name: String) { hello(name: $name) }";
    let body = |variables: &str| format!(r#"{{"query":"{query}","variables":{variables}}}"#);
    for (variables, place) in [
        (r#"{"name":"\ud83d"}"#, "$name"),
        (r#"{"name":"x","more":[{"a":["x","\udc00"]}]}"#, "$more.0.a.1"),
        (r#"{"name":{"\udbff":1}}"#, "$name.\u{fffd}"),
    ] {
        let reply = door.post(&[], body(variables)).await;
        assert_eq!((reply.status, reply.code()), (StatusCode::OK, "INVALID"), "{variables}");
        let message = reply.body["errors"][0]["message"].as_str().unwrap().to_owned();
        assert!(
            message.starts_with(&format!("{place} has half a character")),
            "{message}"
        );
        let reply = door.post(&[GRAPHQL], body(variables)).await;
        assert_eq!((reply.status, reply.code()), (StatusCode::BAD_REQUEST, "INVALID"));
    }
    let deep = format!(r#"{{"name":{}1{}}}"#, "[".repeat(126), "]".repeat(126));
    let deeper = format!(r#"{{"more":{}"a]\"[",{{}}{}}}"#, "[".repeat(500), "]".repeat(500));
    for (variables, message) in [
        (r#"{"name":1e309}"#, "$name has a number in it"),
        (
            r#"{"name":"x","more":{"a":[1,-2E+999]}}"#,
            "$more.a.1 has a number in it",
        ),
        (
            &format!(r#"{{"name":{}}}"#, "9".repeat(400)),
            "$name has a number in it",
        ),
        (&deep, "$name has more lists and objects inside each other"),
        (&deeper, "$more has more lists"),
        (r#"{"name":1e308}"#, "Variable \"$name\""),
    ] {
        let reply = door.post(&[], body(variables)).await;
        assert_eq!((reply.status, reply.code()), (StatusCode::OK, "INVALID"), "{variables}");
        let told = reply.body["errors"][0]["message"].as_str().unwrap();
        assert!(told.starts_with(message), "{told}");
    }
    for variables in [
        r#"{"name":1e309x}"#,
        r#"{"name":-Infinity}"#,
        r#"{"name":1e309"#,
        "{\"name\":[[[",
    ] {
        let reply = door.post(&[], body(variables)).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{variables}");
    }
    let reply = door.post(&[], r##"{"query":"{ hello } # \ud83d"}"##).await;
    assert_eq!((reply.status, reply.code()), (StatusCode::OK, "INVALID"));
    let url = "/graphql?query=query($name:String)%7Bhello(name:$name)%7D&variables=%7B%22name%22:%22%5Cud83d%22%7D";
    assert_eq!(door.get(url).await.code(), "INVALID");
}

#[tokio::test]
async fn a_refused_document_has_no_data() {
    let door = door().await;
    let queries = [
        "{",
        "{ unknown }",
        "query a { hello } query b { hello }",
        "query ($n: Int!) { double(number: $n) }",
        "{ double(number: \"x\") }",
        "subscription { count(to: 1) }",
        "{ ...f } fragment f on Query { ...f }",
    ];
    for query in queries {
        let body = json!({ "query": query }).to_string();
        let plain = door.post(&[], body.clone()).await;
        assert_eq!((plain.status, plain.code()), (StatusCode::OK, "INVALID"), "{query}");
        assert!(plain.body.get("data").is_none(), "{query}");
        let reply = door.post(&[GRAPHQL], body).await;
        assert_eq!(
            (reply.status, reply.code()),
            (StatusCode::BAD_REQUEST, "INVALID"),
            "{query}"
        );
        assert!(reply.body.get("data").is_none(), "{query}");
    }
}

#[tokio::test]
async fn a_syntax_error_is_one_line_with_its_place() {
    let reply = door().await.ask("{ hello(name: ) }").await;
    let error = &reply.body["errors"][0];
    assert_eq!(error["message"], "Syntax error: expected value.");
    assert_eq!(error["locations"], json!([{ "line": 1, "column": 15 }]));
}

#[tokio::test]
async fn a_change_that_is_selected_twice_is_made_once() {
    let door = door().await;
    let query = "mutation { add ...f twice: add add ... { add } no: add @skip(if: true) } fragment f on Mutation { twice: add }";
    let reply = door.ask(query).await;
    assert_eq!(reply.body["data"].to_string(), r#"{"add":1,"twice":2}"#);
    assert_eq!(door.additions.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_document_that_fragments_blow_up_is_refused() {
    let fragment = |number| {
        let next = format!("...f{} ", number + 1).repeat(10);
        format!("fragment f{number} on Query {{ {next} }}")
    };
    let fragments: String = (0..8).map(fragment).collect();
    let query = format!("{{ ...f0 }} {fragments} fragment f8 on Query {{ hello }}");
    assert_eq!(door().await.ask(&query).await.code(), "INVALID");
}

#[tokio::test]
async fn the_introspection_of_clients_passes() {
    let of_type = "ofType { kind name ".repeat(9) + &"}".repeat(9);
    let fields = format!("fields {{ args {{ type {{ kind name {of_type} }} }} }}");
    let reply = door()
        .await
        .ask(&format!("{{ __schema {{ types {{ {fields} }} }} }}"))
        .await;
    assert_eq!(reply.body["errors"], json!(null));
}

#[tokio::test]
async fn a_value_that_a_field_refuses_is_invalid() {
    let reply = door().await.ask("{ small(number: 4) hello }").await;
    assert_eq!((reply.status, reply.code()), (StatusCode::OK, "INVALID"));
}

#[tokio::test]
async fn an_error_without_a_code_is_masked() {
    let reply = door().await.ask("{ hello secret }").await;
    assert_eq!(reply.code(), "INTERNAL");
    assert!(!reply.body.to_string().contains("hunter2"));
    assert_eq!(reply.body["data"], json!({ "hello": "Hello ", "secret": null }));
}

#[tokio::test]
async fn an_error_with_a_code_keeps_it() {
    assert_eq!(door().await.ask("{ missing }").await.code(), "NOT_FOUND");
}

#[tokio::test]
async fn a_field_that_failed_is_null_and_nulls_go_up() {
    let door = door().await;
    let reply = door.ask("{ a: missing deeper { missing } hello }").await;
    let data = json!({ "a": null, "deeper": { "missing": null }, "hello": "Hello " });
    assert_eq!(reply.body["data"], data);
    let reply = door.ask("{ hello who }").await;
    assert_eq!((reply.status, &reply.body["data"]), (StatusCode::OK, &json!(null)));
    assert!(reply.body.as_object().unwrap().contains_key("data"));
}

#[tokio::test]
async fn a_panic_becomes_one_masked_error() {
    let door = door().await;
    let body = json!({ "query": "{ hello panic }" }).to_string();
    let reply = door.post(&[GRAPHQL], body).await;
    assert_eq!(
        (reply.status, reply.code()),
        (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL")
    );
    assert!(!reply.body.to_string().contains("hunter2"));
    assert_eq!(door.ask("{ hello }").await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_takes_too_long_is_unavailable() {
    let options = Options {
        request_timeout: Duration::from_millis(50),
        ..Options::default()
    };
    let body = json!({ "query": "{ slow }" }).to_string();
    let reply = door_with(options).await.post(&[GRAPHQL], body).await;
    assert_eq!(
        (reply.status, reply.code()),
        (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE")
    );
    assert_eq!(reply.body["errors"][0]["extensions"]["retryAfterMs"], 1000);
    assert_eq!(reply.header("retry-after"), "1");
}
