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
