//! Objects of which nothing is selected.

use serde_json::{Value, json};

use super::door;

#[tokio::test]
async fn an_object_of_which_nothing_is_selected_has_no_fields() {
    let door = door().await;
    let cases = [
        ("{ cat { name @skip(if: true) } }", json!({ "cat": {} })),
        ("{ cat { ... @include(if: false) { name } } }", json!({ "cat": {} })),
        ("{ cat @skip(if: true) { name } }", json!({})),
        ("{ ... @skip(if: true) { cat { name } hello } }", json!({})),
        (
            "query ($no: Boolean = false) { a: cat { name @include(if: $no) } b: cat { name } }",
            json!({ "a": {}, "b": { "name": "Tom" } }),
        ),
        (
            "{ stray { name @skip(if: true) } nobody { name @skip(if: true) } }",
            json!({ "stray": {}, "nobody": null }),
        ),
        (
            "{ pets { ... on Cat { name } } }",
            json!({ "pets": [{ "name": "Tom" }, {}] }),
        ),
        (
            "{ pets { ...cat } } fragment cat on Cat { name }",
            json!({ "pets": [{ "name": "Tom" }, {}] }),
        ),
        (
            "{ pets { ... @include(if: false) { __typename } } }",
            json!({ "pets": [{}, {}] }),
        ),
        (
            "{ cat { friend { ... on Cat { name } } } }",
            json!({ "cat": { "friend": {} } }),
        ),
        (
            "{ deeper { deeper { hello @skip(if: true) } } }",
            json!({ "deeper": { "deeper": {} } }),
        ),
        (
            "mutation { adopt { friend { ... on Cat { name } } } }",
            json!({ "adopt": { "friend": {} } }),
        ),
        (
            "mutation { adopt { name @skip(if: true) } add @skip(if: true) }",
            json!({ "adopt": {} }),
        ),
        ("mutation { adopt @skip(if: true) { name } }", json!({})),
        (
            "{ __schema { queryType { name @skip(if: true) } } }",
            json!({ "__schema": { "queryType": {} } }),
        ),
    ];
    for (query, data) in cases {
        assert_eq!(door.ask(query).await.body, json!({ "data": data }), "{query}");
    }
}

/// The schema told of itself has lists of types that it doesn't list.
#[tokio::test]
async fn no_answer_has_a_key_that_nobody_asked_for() {
    fn has_empty_key(value: &Value) -> bool {
        match value {
            Value::Object(fields) => fields.iter().any(|(key, value)| key.is_empty() || has_empty_key(value)),
            Value::Array(values) => values.iter().any(has_empty_key),
            _ => false,
        }
    }
    let door = door().await;
    for query in [
        "{ __schema { directives { name @skip(if: true) } types { ...t } } } fragment t on __Type { fields { ...f } } \
         fragment f on __Field { name args { type { ...n } } } fragment n on __Type { kind ofType { kind } }",
        "{ __schema { directives { args { name } args { type { name } } } } }",
        "{ __type(name: \"Query\") { fields { ... @include(if: false) { name } } fields { name } } }",
        "{ pets { ... on Cat { friend { ... on Dog { breed } } } } __typename @skip(if: true) }",
    ] {
        let reply = door.ask(query).await;
        assert!(reply.body["errors"].is_null(), "{}", reply.body);
        assert!(!has_empty_key(&reply.body), "{query}");
    }
}

#[tokio::test]
async fn defaults_of_variables_count_in_conditions() {
    let door = door().await;
    for (query, data) in [
        (
            "query ($y: Boolean! = true) { cat { name @include(if: $y) } }",
            json!({ "cat": { "name": "Tom" } }),
        ),
        (
            "query ($y: Boolean = true) { cat { name @skip(if: $y) } }",
            json!({ "cat": {} }),
        ),
        (
            "query ($y: Boolean! = false) { ... @include(if: $y) { hello } cat { name } }",
            json!({ "cat": { "name": "Tom" } }),
        ),
        (
            "query ($n: String = \"Ana\") { hello(name: $n) }",
            json!({ "hello": "Hello Ana" }),
        ),
        (
            "mutation ($y: Boolean! = true) { adopt { name @include(if: $y) } }",
            json!({ "adopt": { "name": "Tom" } }),
        ),
    ] {
        assert_eq!(door.ask(query).await.body, json!({ "data": data }), "{query}");
    }
    let body = json!({ "query": "query ($y: Boolean! = true) { cat { name @include(if: $y) } }", "variables": { "y": false } });
    assert_eq!(
        door.post(&[], body.to_string()).await.body,
        json!({ "data": { "cat": {} } })
    );
}

#[tokio::test]
async fn a_subscription_may_have_its_root_field_in_a_fragment() {
    let mut client = door().await.signed_in().await;
    for query in [
        "subscription { ... on Ticks { count(to: 1) } }",
        "subscription { ... { count(to: 1) } }",
        "subscription { ...t } fragment t on Ticks { ... { count(to: 1) } }",
        "subscription { ... @include(if: true) { count(to: 1) } two: count(to: 2) @skip(if: true) count(to: 1) }",
    ] {
        client.subscribe("1", query).await;
        assert_eq!(client.next().await["payload"]["data"], json!({ "count": 1 }), "{query}");
        assert_eq!(client.next().await["type"], "complete", "{query}");
    }
    client
        .subscribe(
            "1",
            "subscription ($y: Boolean! = true) { ... @include(if: $y) { count(to: 1) } }",
        )
        .await;
    assert_eq!(client.next().await["payload"][0]["extensions"]["code"], "INVALID");
}

#[tokio::test]
async fn fields_that_are_merged_have_what_either_selects() {
    let door = door().await;
    let tom = json!({ "cat": { "name": "Tom" } });
    let pets = json!({ "pets": [{ "name": "Tom" }, { "breed": "Collie" }] });
    let cases = [
        ("{ cat { name @skip(if: true) } cat { name } }", &tom),
        ("{ cat { name } cat { name @skip(if: true) } }", &tom),
        (
            "{ cat { ...f } ... { cat { name } } } fragment f on Cat { name @skip(if: true) }",
            &tom,
        ),
        (
            "{ ...f cat { name } } fragment f on Query { cat { name @skip(if: true) } }",
            &tom,
        ),
        ("{ pets { ... on Cat { name } } pets { ... on Dog { breed } } }", &pets),
        ("{ pets { ... on Dog { breed } } pets { ... on Cat { name } } }", &pets),
    ];
    for (query, data) in cases {
        assert_eq!(door.ask(query).await.body, json!({ "data": data }), "{query}");
    }
}

#[tokio::test]
async fn what_fails_is_null_and_takes_no_other_selection_with_it() {
    let door = door().await;
    let both = json!({ "cat": { "name": "Tom", "lost": null } });
    let cases = [
        ("{ cat { lost } }", json!({ "cat": { "lost": null } })),
        ("{ cat { lost } cat { name } }", both.clone()),
        ("{ cat { name } cat { lost } }", both),
        (
            "{ cat { lost friend { ... on Cat { name } } } }",
            json!({ "cat": { "lost": null, "friend": {} } }),
        ),
        ("{ cat { gone name } }", Value::Null),
        ("{ cat { gone } cat { name } }", Value::Null),
        ("{ stray { gone } stray { name } }", json!({ "stray": null })),
        (
            "{ stray { name } stray { gone } cat { name @skip(if: true) } }",
            json!({ "stray": null, "cat": {} }),
        ),
        (
            "{ stray { gone ... @skip(if: true) { name } } }",
            json!({ "stray": null }),
        ),
    ];
    for (query, data) in cases {
        let reply = door.ask(query).await;
        assert_eq!(reply.code(), "NOT_FOUND", "{query}");
        assert_eq!(reply.body["data"], data, "{query}");
    }
}

#[tokio::test]
async fn over_a_socket_it_is_the_same() {
    let mut client = door().await.signed_in().await;
    client
        .subscribe("1", "subscription { pets { ... on Cat { name } } }")
        .await;
    for pet in [json!({ "name": "Tom" }), json!({})] {
        assert_eq!(client.next().await["payload"]["data"], json!({ "pets": pet }));
    }
    assert_eq!(client.next().await["type"], "complete");
    client.subscribe("2", "{ cat { name @skip(if: true) } }").await;
    assert_eq!(client.next().await["payload"]["data"], json!({ "cat": {} }));
}
