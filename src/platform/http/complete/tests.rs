//! Answers as the library gives them, and what becomes of them.

#![expect(clippy::unwrap_used, reason = "a test that panics says where")]

use async_graphql::parser::parse_query;
use serde_json::json;

use super::*;

const SCHEMA: &str = "
    type Query { a: Int b: Int! node: Node item: Item must: Item! items: [Item!] maybe: [Item]! }
    interface Node { id: ID }
    type Item implements Node { id: ID name: String! note: String item: Item! }
";

fn completed(query: &str, data: serde_json::Value, failed: serde_json::Value) -> serde_json::Value {
    let types = Types::read(SCHEMA).unwrap();
    let mut response = Response::new(Value::from_json(data).unwrap());
    for path in failed.as_array().unwrap() {
        let path: Vec<PathSegment> = serde_json::from_value(path.clone()).unwrap();
        response.errors.push(ServerError::new("", None).with_path(path));
    }
    let document = parse_query(query).unwrap();
    let (_, operation) = document.operations.iter().next().unwrap();
    types.complete(&document, &operation.node, &[], &mut response);
    // As text, since that has the order.
    serde_json::from_str(&serde_json::to_string(&response.data).unwrap()).unwrap()
}

#[test]
fn a_nullable_field_that_failed_is_null() {
    let data = completed("{ a b }", json!({ "b": 1 }), json!([["a"]]));
    assert_eq!(data, json!({ "a": null, "b": 1 }));
}

#[test]
fn a_field_that_is_missing_without_an_error_stays_out() {
    assert_eq!(completed("{ a b }", json!({ "b": 1 }), json!([])), json!({ "b": 1 }));
}

#[test]
fn a_required_field_that_failed_makes_its_object_null() {
    let data = completed(
        "{ a item { id name } }",
        json!({ "a": 1, "item": { "id": "1" } }),
        json!([["item", "name"]]),
    );
    assert_eq!(data, json!({ "a": 1, "item": null }));
    let data = completed(
        "{ a must { item { name } } }",
        json!({ "a": 1, "must": { "item": null } }),
        json!([["must", "item", "name"]]),
    );
    assert_eq!(data, json!(null));
}

#[test]
fn an_object_of_which_every_field_failed_comes_back() {
    let data = completed(
        "{ item { id note } }",
        json!({ "item": null }),
        json!([["item", "id"], ["item", "note"]]),
    );
    assert_eq!(data, json!({ "item": { "id": null, "note": null } }));
    assert_eq!(completed("{ a }", json!(null), json!([["a"]])), json!({ "a": null }));
}

#[test]
fn a_list_keeps_its_other_items_if_items_are_nullable() {
    let items = json!([{ "id": "1", "name": "x" }, { "id": "2" }]);
    let query = "{ maybe { id ...f } items { id name } } fragment f on Item { name }";
    let data = json!({ "maybe": items, "items": items });
    let data = completed(query, data, json!([["maybe", 1, "name"], ["items", 1, "name"]]));
    assert_eq!(
        data,
        json!({ "maybe": [{ "id": "1", "name": "x" }, null], "items": null })
    );
}

#[test]
fn fragments_on_other_types_are_looked_into() {
    let query = "{ node { id ... on Item { note } } }";
    let data = completed(query, json!({ "node": { "id": "1" } }), json!([["node", "note"]]));
    assert_eq!(data, json!({ "node": { "id": "1", "note": null } }));
}

#[test]
fn fields_stand_in_the_order_of_the_document() {
    let types = Types::read(SCHEMA).unwrap();
    let data = Value::from_json(json!({ "b": 1, "z": 2 })).unwrap();
    let mut response = Response::new(data);
    if let Value::Object(values) = &mut response.data {
        values.insert(Name::new("a"), Value::from(3));
        values.insert(Name::new("x"), Value::from(4));
    }
    let document = parse_query("{ x: a b ... on Query { a } z: a }").unwrap();
    let (_, operation) = document.operations.iter().next().unwrap();
    types.complete(&document, &operation.node, &[], &mut response);
    assert_eq!(
        serde_json::to_string(&response.data).unwrap(),
        r#"{"x":4,"b":1,"a":3,"z":2}"#
    );
}
