//! What documents are refused.

#![expect(clippy::unwrap_used, reason = "a test that panics says where")]

use async_graphql::parser::types::OperationType;
use proptest::prelude::*;
use serde_json::json;

use super::*;

/// The type and name of the operation that would run.
fn checked(body: serde_json::Value) -> Result<(OperationType, Option<String>), String> {
    let params = Params::from_body(body.to_string().as_bytes()).unwrap();
    let document = Document::read(&params.query, &Limits::default()).map_err(|error| error.message)?;
    let (name, operation) = document.operation(&params).map_err(|error| error.message)?;
    Ok((operation.ty, name.map(ToString::to_string)))
}

fn refusal(query: &str) -> String {
    checked(json!({ "query": query })).unwrap_err()
}

/// Each fragment spreads the next one several times.
fn fan(fragments: usize, spreads: usize, leaf: &str) -> String {
    let fragment = |number| {
        let next = format!("...f{} ", number + 1).repeat(spreads);
        format!("fragment f{number} on Query {{ {next} }}")
    };
    let all: String = (0..fragments).map(fragment).collect();
    format!("{{ ...f0 }} {all} fragment f{fragments} on Query {{ {leaf} }}")
}

#[test]
fn fragments_that_spread_fragments_are_counted_in_full() {
    assert!(refusal(&fan(8, 10, "a")).contains("more than 1000 fields"));
    assert!(checked(json!({ "query": fan(2, 9, "a b c d e f g h i j") })).is_ok());
}

#[test]
fn fragments_that_lead_nowhere_are_counted_too() {
    assert!(refusal(&fan(8, 10, "...nothing")).contains("more than 1000 fields"));
}

#[test]
fn directives_and_values_count_where_fragments_repeat_them() {
    let field = format!("a @skip(if: [{}])", "1,".repeat(2000));
    assert!(refusal(&fan(1, 15, &field)).contains("more than 10000 values"));
    assert!(refusal(&fan(1, 15, "a @x @x @x @x")).contains("more than 50 directives"));
    assert!(refusal(&fan(1, 15, "a: b c: d e: f")).contains("more than 30 aliases"));
    assert!(checked(json!({ "query": fan(1, 10, "a: b @x c: d @x e: f @x") })).is_ok());
}

#[test]
fn a_place_has_at_most_10_directives() {
    for place in [
        "{ a DIRECTIVES }",
        "{ ...f DIRECTIVES } fragment f on Query { a }",
        "query DIRECTIVES { a }",
        "query($v: Int DIRECTIVES) { a(v: $v) }",
        "{ ...f } fragment f on Query DIRECTIVES { a }",
        "{ ... on Query DIRECTIVES { a } }",
    ] {
        let document = |count| place.replace("DIRECTIVES", &"@x ".repeat(count));
        assert!(checked(json!({ "query": document(10) })).is_ok(), "{place}");
        assert!(refusal(&document(11)).contains("more than 10 directives"), "{place}");
    }
}

#[test]
fn a_document_has_at_most_20_operations() {
    let document = |count| {
        (0..count)
            .map(|number| format!("query q{number} {{ a }} "))
            .collect::<String>()
    };
    let body = |count| json!({ "query": document(count), "operationName": "q1" });
    assert!(checked(body(20)).is_ok());
    assert!(checked(body(21)).unwrap_err().contains("more than 20 operations"));
}

#[test]
fn asking_for_the_schema_is_noticed_wherever_it_is_written() {
    let introspects = |text: &str| Document::read(text, &Limits::default()).unwrap().introspects;
    assert!(introspects("{ __schema { types { name } } }"));
    assert!(introspects("{ a: __type(name: \"Query\") { name } }"));
    assert!(introspects(
        "{ ...f } fragment f on Query { ... { __schema { types { name } } } }"
    ));
    assert!(!introspects("{ __typename a(b: \"__schema\") { __typename } }"));
}

#[test]
fn a_fragment_that_contains_itself_is_refused() {
    let document = "{ ...a } fragment a on Query { ...b } fragment b on Query { c { ...a } }";
    assert!(refusal(document).contains("contains itself"));
}

#[test]
fn fields_nest_at_most_16_deep() {
    let nested = |depth| format!("{}{{ a {}", "{ a ".repeat(depth - 1), "}".repeat(depth));
    assert!(checked(json!({ "query": nested(16) })).is_ok());
    assert!(refusal(&nested(17)).contains("nests more than 16 fields"));
}

#[test]
fn fragments_nest_at_most_128_deep() {
    assert!(checked(json!({ "query": fan(120, 1, "a") })).is_ok());
    assert!(refusal(&fan(130, 1, "a")).contains("128 fragments"));
}

#[test]
fn brackets_are_counted_before_the_parser_sees_them() {
    for bracket in ["{a", "[", "(a:", "{a:"] {
        assert!(refusal(&format!("{{ a(b: {}", bracket.repeat(4000))).contains("open brackets"));
    }
}

#[test]
fn a_string_that_is_not_closed_hides_nothing() {
    for opening in ["\"\"\" x\"", "\"", "\"\"\"\n"] {
        refusal(&format!("{{ a(b: [{opening}\n {}", "[".repeat(20_000)));
    }
}

#[test]
fn strings_and_comments_may_hold_brackets() {
    let brackets = "[".repeat(100);
    let block = format!("\"\"\"{brackets}\\\"\"\"\"\"\"");
    let document = format!("# {brackets}\n{{ a(b: \"{brackets}\\\"\") c(d: {block}) }}");
    assert!(checked(json!({ "query": document })).is_ok());
}

#[test]
fn tokens_and_bytes_have_a_limit() {
    assert!(refusal(&format!("{{ {} }}", "a ".repeat(5000))).contains("5000 tokens"));
    assert!(refusal(&format!("{{ a }} #{}", "x".repeat(65_536))).contains("65536 bytes"));
}

#[test]
fn a_large_variable_cannot_be_used_everywhere() {
    let query = |uses| format!("query ($x: String) {{ {} }}", "a(b: $x) ".repeat(uses));
    let body = |uses| json!({ "query": query(uses), "variables": { "x": "y".repeat(900_000) } });
    assert!(checked(body(30)).is_ok());
    assert!(checked(body(100)).is_err());
}

#[test]
fn a_required_variable_needs_a_value() {
    let query = "query ($a: Int! = 1, $b: Int, $c: Int!) { d(a: $a, b: $b, c: $c) }";
    assert!(checked(json!({ "query": query, "variables": { "c": 1 } })).is_ok());
    assert!(refusal(query).contains("\"$c\" of type \"Int!\""));
    assert!(checked(json!({ "query": query, "variables": { "c": null } })).is_err());
}

#[test]
fn the_operation_is_the_one_that_is_named() {
    let query = "query a { x } mutation b { y }";
    let checked_as = |name: &str| checked(json!({ "query": query, "operationName": name }));
    assert_eq!(checked_as("b"), Ok((OperationType::Mutation, Some("b".to_owned()))));
    assert!(checked_as("c").is_err());
    assert!(refusal(query).contains("operationName"));
}

proptest! {
    #[test]
    fn any_document_is_answered(words in proptest::collection::vec(0..WORDS.len(), 0..200)) {
        let query: String = words.into_iter().map(|word| WORDS[word]).collect();
        let _ = checked(json!({ "query": query }));
    }
}

const WORDS: [&str; 24] = [
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ":",
    "$v",
    "@d",
    "...",
    " on ",
    "fragment ",
    "query ",
    "a ",
    "b ",
    "1 ",
    "\"",
    "\"\"\"",
    "#",
    "\n",
    "\\",
    "é",
    "!",
    "=",
];

#[test]
fn a_subscription_has_one_root_field() {
    for query in [
        "subscription { a }",
        "subscription { ...f ...f } fragment f on Subscription { ... on Subscription { b: a } }",
        "query { a b __typename }",
    ] {
        assert!(checked(json!({ "query": query })).is_ok(), "{query}");
    }
    for query in [
        "subscription { a b }",
        "subscription { a b: a }",
        "subscription { ...f c } fragment f on Subscription { a }",
        "subscription { __typename }",
        "subscription { ...f } fragment f on Subscription { a @skip(if: true) b }",
    ] {
        assert_eq!(refusal(query), "A subscription has exactly one root field.", "{query}");
    }
}

/// What is selected by an operation, with variables.
fn selection(query: &str, variables: serde_json::Value) -> Selection {
    let document = Document::read(query, &Limits::default()).unwrap();
    document.selection(None, &Variables::from_json(variables))
}

#[test]
fn arguments_of_the_root_field_are_no_part_of_what_is_selected() {
    let query = "subscription($after: String, $deep: Boolean, $size: In) { \
        a(after: $after, in: [{ x: $after }]) { b @include(if: $deep) { ...f } } } fragment f on B { c(in: { sizes: [$size] }) }";
    let of =
        |after: &str, deep: bool, size: i32| selection(query, json!({ "after": after, "deep": deep, "size": size }));
    assert_eq!(of("x", true, 1), of("y", true, 1));
    assert_ne!(of("x", true, 1), of("x", false, 1));
    assert_ne!(of("x", true, 1), of("x", true, 2));
    let absent = json!({ "deep": true });
    assert_ne!(selection(query, absent.clone()), of("x", true, 1));
    let null = json!({ "deep": true, "size": null });
    assert_ne!(selection(query, absent.clone()), selection(query, null));
    let directive = "subscription($if: Boolean) { a @include(if: $if) }";
    assert_ne!(
        selection(directive, json!({ "if": true })),
        selection(directive, json!({ "if": false }))
    );
    assert_ne!(
        selection(query, absent.clone()),
        selection(&format!("{query} "), absent)
    );
}
