//! What documents are refused.

#![expect(clippy::unwrap_used, reason = "a test that panics says where")]

use std::sync::LazyLock;

use async_graphql::parser::types::OperationType;
use proptest::prelude::*;
use serde_json::json;

use super::{worst::fan, *};

/// The type and name of the operation that would run.
fn checked(body: serde_json::Value) -> Result<(OperationType, Option<String>), String> {
    let params = Params::from_body(body.to_string().as_bytes()).unwrap();
    let document = Document::read(&params.query, &Limits::default()).map_err(|error| error.message)?;
    let (name, operation) = document.operation(&params).map_err(|error| error.message)?;
    let types = Types::read("type Query { a: Int }").unwrap();
    Document::variables(&types, operation, params.variables, false).map_err(|error| error.message)?;
    Ok((operation.ty, name.map(ToString::to_string)))
}

fn refusal(query: &str) -> String {
    checked(json!({ "query": query })).unwrap_err()
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
        "subscription { ...f } fragment f on Subscription { a @skip(if: true) b }",
        "query { a b __typename }",
    ] {
        assert!(checked(json!({ "query": query })).is_ok(), "{query}");
    }
    for query in [
        "subscription { a b }",
        "subscription { a b: a }",
        "subscription { ...f c } fragment f on Subscription { a }",
        "subscription { __typename }",
        "subscription { a @skip(if: true) }",
    ] {
        assert_eq!(refusal(query), "A subscription has exactly one root field.", "{query}");
    }
}

#[test]
fn the_root_field_of_a_subscription_depends_on_no_variable() {
    for place in [
        "a @include(if: $v)",
        "... @skip(if: $v) { a }",
        "...f @include(if: true) @skip(if: $v)",
    ] {
        let query = format!("subscription($v: Boolean!) {{ {place} }} fragment f on Subscription {{ a }}");
        assert_eq!(
            refusal(&query),
            "The root field of a subscription can't be skipped.",
            "{place}"
        );
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
    let directive = "subscription($if: Boolean!) { a { b @include(if: $if) } }";
    assert_ne!(
        selection(directive, json!({ "if": true })),
        selection(directive, json!({ "if": false }))
    );
    assert_ne!(
        selection(query, absent.clone()),
        selection(&format!("{query} "), absent)
    );
}

/// The schema that is served.
const SDL: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql"));
static TYPES: LazyLock<Types> = LazyLock::new(|| Types::read(SDL).unwrap());

/// What is wrong with a document, and how much was looked at.
fn faults(query: &str) -> Result<(Vec<validate::Fault>, usize), ServerError> {
    let mut steps = 0;
    let document = Document::read(query, &Limits::default())?;
    Ok((validate::validate(&TYPES, &document, &mut steps), steps))
}

/// The value of an argument.
fn value(text: &str) -> Result<Value, String> {
    let document = Document::read(&format!("{{ a(b: {text}) }}"), &Limits::default()).map_err(|error| error.message)?;
    let (_, operation) = document.parsed.operations.iter().next().unwrap();
    let items = &operation.node.selection_set.node.items;
    match &items[0].node {
        async_graphql::parser::types::Selection::Field(field) => Ok(field.node.arguments[0].1.node.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn escapes_are_resolved_and_blocks_lose_their_indent() {
    for (text, expected) in [
        (r#""\ud83d\ude00 \u{1F600} \u{01f600} \u00e9""#, "😀 😀 😀 é"),
        (r#""\" \\ \/ \b \f \n \r \t # {""#, "\" \\ / \u{8} \u{c} \n \r \t # {"),
        (r#""""#, ""),
        (r#""""""""#, ""),
        (
            "\"\"\"\n   one\r\n\r\n     two\r   three \n  \n\"\"\"",
            "one\n\n  two\nthree ",
        ),
        (r#""""a\""" \n \u0041""""#, r#"a""" \n \u0041"#),
    ] {
        assert_eq!(value(text), Ok(Value::String(expected.to_owned())), "{text}");
    }
    for text in [
        r#""\ud83d""#,
        r#""\ud83d\u0041""#,
        r#""\ude00\ud83d""#,
        r#""\u{}""#,
        r#""\u{110000}""#,
        r#""\u{d83d}""#,
        r#""\u12""#,
        r#""\a""#,
        "\"a\nb\"",
        "01",
        "1.",
        "-",
        "1e",
        "1a",
        "1.2.3",
        "{ a: 1, a: 1 }",
    ] {
        assert!(value(text).is_err(), "{text}");
    }
}

#[test]
fn places_are_told_in_letters() {
    let error = Document::read("{\r\n  é(a: \"\"\"\n\"\"\", ü: ) }", &Limits::default()).unwrap_err();
    assert_eq!(error.locations, [Pos { line: 2, column: 3 }]);
    let error = Document::read("{\r\n  e(a: \"\"\"é\n\"\"\", u: ) }", &Limits::default()).unwrap_err();
    assert_eq!(error.locations, [Pos { line: 3, column: 9 }]);
}

#[test]
fn names_have_a_limit() {
    let document = |length| format!("{{ {} }}", "a".repeat(length));
    assert!(checked(json!({ "query": document(250) })).is_ok());
    assert!(refusal(&document(251)).contains("more than 250 letters"));
}

/// Each takes about a tenth of a microsecond.
const STEPS: usize = 20_000;

#[test]
fn no_document_takes_long_to_judge() {
    for (_, query) in worst::texts() {
        let (_, steps) = faults(&query).unwrap_or_else(|error| panic!("{}: {query:.200}", error.message));
        assert!(steps <= STEPS, "{steps}: {query:.200}");
    }
}

const PARTS: [&str; 30] = [
    "node(id: 1) {",
    "node(id: 2) {",
    "nodes(ids: [1, 2, $a]) {",
    "space(id: $a) {",
    "threads(first: $n) { nodes {",
    "threads(first: 1) { nodes {",
    "byline {",
    "phase {",
    "space {",
    "journalEntries(filter: { state: [PUBLISHED], week: $a }) { nodes {",
    "... on Thread {",
    "... on Album {",
    "... on Contribution {",
    "... on Space {",
    "... {",
    "... @include(if: $b) {",
    "viewer {",
    "}",
    "}",
    "} }",
    "id ",
    "title ",
    "a: id ",
    "a: title ",
    "kind ",
    "...f0 ",
    "...f1 ",
    "...f2 ",
    "__typename ",
    "nothing ",
];

/// Parts as a selection, with as many brackets as it takes.
fn closed(parts: &[usize]) -> String {
    let (mut text, mut open) = (String::new(), 0_usize);
    for part in parts {
        let part = PARTS[*part];
        let (opening, closing) = (part.matches('{').count(), part.matches('}').count());
        if part.starts_with('}') && closing > open || open + opening > 9 {
            continue;
        }
        open = open + opening - closing;
        text.push_str(part);
        if part.ends_with('{') {
            text.push_str(" id ");
        }
    }
    format!("{{ {text} id {} }}", "}".repeat(open))
}

proptest! {
    #[test]
    fn whatever_is_within_the_limits_is_judged_soon(
        operations in proptest::collection::vec(proptest::collection::vec(0..PARTS.len(), 1..150), 1..4),
        fragments in proptest::collection::vec(proptest::collection::vec(0..PARTS.len(), 1..60), 3),
    ) {
        let head = "($a: ID!, $n: Int, $b: Boolean!)";
        let operations = operations.iter().enumerate();
        let operations = operations.map(|(number, parts)| format!("query q{number}{head} {}", closed(parts)));
        let fragments = fragments.iter().enumerate().map(|(number, parts)| {
            // None that leads back to itself.
            let body = (0..=number).fold(closed(parts), |body, known| body.replace(&format!("...f{known} "), ""));
            format!("fragment f{number} on Node {body}")
        });
        let query: String = operations.chain(fragments).collect();
        if let Ok(document) = Document::read(&query, &Limits::default()) {
            let mut steps = 0;
            validate::validate(&TYPES, &document, &mut steps);
            // Even of fields that are not known.
            merge::conflict(&TYPES, &document.parsed, &document.blocks, &mut steps);
            prop_assert!(steps <= STEPS, "{} {}", steps, query);
        }
    }
}

#[test]
fn who_may_not_know_the_schema_is_told_no_name_of_it() {
    let mut hints = 0;
    for query in [
        "{ vewer { account { id } } }",
        "{ viewer { acount { id } } }",
        "{ viewer }",
        "{ viewer { account(all: true) { id } } }",
        "{ node { id } }",
        "{ node(ids: 1) { id } }",
        "{ node(id: 1) { ... on Viewer { __typename } } }",
        "{ space(id: 1) { phase(kind: DURNG) { id } } }",
        "{ space(id: 1) { phase(kind: \"x\") { id } } }",
        "{ space(id: 1) { journalEntries(filter: { sate: [] }) { __typename } } }",
        "{ space(id: 1) { journalEntries(filter: 1) { __typename } } }",
        "mutation { journalEntryUpdate(input: {}) { __typename } }",
        "query($a: String) { node(id: $a) { id } }",
        "query($a: Viewer) { node(id: $a) { id } }",
        "{ node(id: 1) { ... on Thread { space { a: id } } ... on Album { space { a: phases { id } } } } }",
    ] {
        let (found, _) = faults(query).unwrap();
        assert!(!found.is_empty(), "{query}");
        for fault in found {
            hints += usize::from(!fault.hint.is_empty());
            let told = fault.told(false).message;
            for name in told.split('"').skip(1).step_by(2) {
                assert!(query.contains(name.trim_matches(['$', '@'])), "{query}: {told}");
            }
        }
    }
    assert!(hints > 10);
    let (found, _) = faults("{ viewer { acount { id } } }").unwrap();
    let message = found.into_iter().next().unwrap().told(true).message;
    assert_eq!(
        message,
        r#"Unknown field "acount". "Viewer" has none of this name. Did you mean "account"?"#
    );
}

#[test]
fn each_scalar_that_can_be_sent_is_known() {
    let scalars = SDL
        .lines()
        .filter_map(|line| line.strip_prefix("scalar ")?.split_whitespace().next());
    let unknown: Vec<_> = scalars.filter(|name| !crate::platform::scalar::is_text(name)).collect();
    assert_eq!(unknown, ["ByteCount"]);
    assert!(
        !SDL.contains(": ByteCount,") && !SDL.contains(": ByteCount\n)"),
        "it is no argument"
    );
}

/// The values of variables, or the reason why not.
fn coerced(definitions: &str, sent: serde_json::Value) -> Result<serde_json::Value, String> {
    let document = Document::read(&format!("query ({definitions}) {{ a }}"), &Limits::default()).unwrap();
    let (_, operation) = document.parsed.operations.iter().next().unwrap();
    let values = Document::variables(&TYPES, &operation.node, Variables::from_json(sent), false);
    values
        .map(|values| serde_json::to_value(values).unwrap())
        .map_err(|error| error.message)
}

#[test]
fn values_of_variables_become_those_of_their_types() {
    let sent = json!({ "a": 3.0, "b": "x", "c": { "state": "PENDING" }, "d": 7, "unused": 1 });
    let values = coerced(
        "$a: Int!, $b: [[ID!]], $c: JournalEntryFilterInput, $d: ID, $e: Int = 5, $f: Int",
        sent,
    );
    let expected = json!({ "a": 3, "b": [["x"]], "c": { "state": ["PENDING"] }, "d": 7, "e": 5 });
    assert_eq!(values, Ok(expected));
    for (of_type, sent) in [
        ("Int", json!(3.5)),
        ("Int", json!(2_147_483_648_i64)),
        ("Int", json!("3")),
        ("Int", json!(1e300)),
        ("ID", json!(true)),
        ("String", json!(1)),
        ("Boolean", json!("true")),
        ("PhaseKind", json!("SOMETIME")),
        ("PhaseKind", json!(1)),
        ("[ID!]", json!([null])),
        ("DateTime", json!(1)),
        ("JournalEntryFilterInput", json!([])),
        ("JournalEntryFilterInput", json!("x")),
        ("JournalEntryFilterInput", json!({ "nothing": 1 })),
        ("JournalEntryFilterInput", json!({ "state": ["x"] })),
        ("JournalEntryUpdateInput", json!({ "expectedVersion": 1 })),
    ] {
        let message = coerced(&format!("$v: {of_type}"), json!({ "v": sent })).unwrap_err();
        assert!(message.starts_with("Variable \"$v\" "), "{of_type} {sent}: {message}");
        assert!(
            !message.contains("journalEntryId") && !message.contains("state"),
            "{message}"
        );
    }
}

/// What the library is given to run.
fn tree(query: &str, variables: serde_json::Value) -> Result<String, String> {
    let document = Document::read(query, &Limits::default()).unwrap();
    let tree = document
        .tree(&Types::default(), None, &Variables::from_json(variables))
        .map_err(|error| error.message)?;
    let (_, operation) = tree.operations.iter().next().unwrap();
    let mut text = String::new();
    write(&operation.node.selection_set.node, &mut text);
    Ok(text)
}

fn write(set: &async_graphql::parser::types::SelectionSet, text: &mut String) {
    use async_graphql::parser::types::Selection;
    for Positioned { node, .. } in &set.items {
        match node {
            Selection::Field(field) => {
                text.push_str(&field.node.response_key().node);
                for (name, value) in &field.node.arguments {
                    text.push_str(&format!("({}: {})", name.node, value.node));
                }
                text.push(' ');
                if !field.node.selection_set.node.items.is_empty() {
                    text.push_str("{ ");
                    write(&field.node.selection_set.node, text);
                    text.push_str("} ");
                }
            }
            Selection::FragmentSpread(spread) => text.push_str(&format!("...{} ", spread.node.fragment_name.node)),
            Selection::InlineFragment(_) => text.push_str("... "),
        }
    }
}

#[test]
fn a_variable_that_was_not_sent_is_left_out() {
    let query = "query ($x: ID, $y: ID) { a(b: $x, c: { d: $x, e: $y }, f: [$x, $y]) }";
    assert_eq!(
        tree(query, json!({ "y": "1" })),
        Ok("a(c: {e: \"1\"})(f: [null, \"1\"]) ".to_owned())
    );
    assert_eq!(
        tree(query, json!({ "x": null })),
        Ok("a(b: null)(c: {d: null})(f: [null, null]) ".to_owned())
    );
}

#[test]
fn root_fields_of_changes_are_merged() {
    let query = "mutation ($no: Boolean!) { a { b } ...f c @include(if: $no) ... @skip(if: $no) { a { d } c } } \
        fragment f on Mutation { a { e } g: c }";
    assert_eq!(tree(query, json!({ "no": false })), Ok("a { b e d } g c ".to_owned()));
}

#[test]
fn variables_are_not_put_in_without_limit() {
    let query = |uses| format!("query ($x: [ID!]) {{ {} }}", "a(b: $x) ".repeat(uses));
    let ids = json!({ "x": vec![1; 30_000] });
    assert!(tree(&query(3), ids.clone()).is_ok());
    assert_eq!(
        tree(&query(5), ids),
        Err("Large variables are used too often in the document.".to_owned())
    );
}
