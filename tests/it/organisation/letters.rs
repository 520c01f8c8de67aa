//! Names in lists and searches: the same order and the same finds on both databases, in all alphabets.

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use sojourn::features::organisation::system_fill_letters;

use crate::support::{Person, World, errors, is_production};

const LIST: &str = "query($search: String, $first: Int, $after: String, $last: Int, $before: String) { \
    organisations(search: $search, first: $first, after: $after, last: $last, before: $before) { \
    totalCount edges { cursor node { id name city } } } }";

/// In their order; "Elm" is in two towns.
const ORDERED: [&str; 22] = [
    "7 Oaks",
    "a-b",
    "ab",
    "Ähre",
    "Aiguille",
    "Ecole",
    "école",
    "École",
    "Edam",
    "Elm",
    "Elm",
    "Faust",
    "ISTANBUL",
    "İstanbul",
    "ıstanbul",
    "Lodz",
    "Łódź",
    "Lund",
    "Ørsted",
    "Straße",
    "Ωμέγα",
    "Школа",
];

async fn make(world: &World, admin: &Person, name: &str, city: &str) -> String {
    let input = json!({ "kind": "SCHOOL", "name": name, "city": city, "country": "LV", "timeZone": "UTC" });
    let made = world
        .done(admin, "organisationCreate", input, "organisation { id }")
        .await;
    made["organisation"]["id"].as_str().unwrap().to_owned()
}

/// Organisations with these names, made in an order that is none.
async fn with(names: &[&str]) -> (World, Person) {
    let world = World::new().await;
    let admin = world.administrator().await;
    for step in 0..names.len() {
        let place = step * 5 % names.len();
        // The same name again is of a town that comes later.
        let city = if place > 0 && names[place - 1] == names[place] {
            "Ylm"
        } else {
            "Nida"
        };
        make(&world, &admin, names[place], city).await;
    }
    (world, admin)
}

async fn edges(world: &World, admin: &Person, arguments: Value) -> Vec<Value> {
    let list = world.ask(admin, LIST, arguments).await["organisations"].clone();
    list["edges"].as_array().unwrap().clone()
}

async fn names(world: &World, admin: &Person, arguments: Value) -> Vec<String> {
    let edges = edges(world, admin, arguments).await;
    edges
        .iter()
        .map(|edge| edge["node"]["name"].as_str().unwrap().to_owned())
        .collect()
}

async fn found(world: &World, admin: &Person, search: &str) -> Vec<String> {
    names(world, admin, json!({ "search": search, "first": 100 })).await
}

async fn run(world: &World, sql: &str) {
    world.app().db.primary().execute_unprepared(sql).await.unwrap();
}

#[tokio::test]
async fn names_stand_where_dictionaries_have_them_page_by_page() {
    let (world, admin) = with(&ORDERED).await;
    let whole = edges(&world, &admin, json!({ "first": 100 })).await;
    let listed = |edges: &[Value]| -> Vec<Value> { edges.iter().map(|edge| edge["node"]["name"].clone()).collect() };
    assert_eq!(listed(&whole), ORDERED);
    let cities = whole[9..11].iter().map(|edge| edge["node"]["city"].clone());
    assert_eq!(cities.collect::<Vec<_>>(), ["Nida", "Ylm"]);
    for size in [1, 4] {
        let (mut forward, mut backward) = (Vec::new(), Vec::new());
        let (mut after, mut before) = (Value::Null, Value::Null);
        while forward.len() < ORDERED.len() {
            let page = edges(&world, &admin, json!({ "first": size, "after": after })).await;
            after = page.last().unwrap()["cursor"].clone();
            forward.extend(page);
            let page = edges(&world, &admin, json!({ "last": size, "before": before })).await;
            before = page[0]["cursor"].clone();
            backward = [page, backward].concat();
        }
        assert_eq!((&forward, &backward), (&whole, &whole), "by {size}");
    }
}

#[tokio::test]
async fn what_is_typed_without_marks_finds_what_has_them_and_the_reverse() {
    let (world, admin) = with(&ORDERED).await;
    for (searches, expected) in [
        (
            &[
                "ecole",
                "ÉCOLE",
                "e\u{301}cole",
                "É\u{ad}cole",
                " eCoLe\u{a0}",
                "ｅｃｏｌｅ",
                "cole",
            ][..],
            &["Ecole", "école", "École"][..],
        ),
        (
            &["lodz", "Łódź", "LO\u{301}DZ\u{301}", "łodz", "odz n"],
            &["Lodz", "Łódź"],
        ),
        (
            &[
                "istanbul",
                "ISTANBUL",
                "İSTANBUL",
                "ıstanbul",
                "i\u{307}stanbul",
                "tanb",
            ],
            &["ISTANBUL", "İstanbul", "ıstanbul"],
        ),
        (&["strasse", "STRASSE", "Straße", "STRAẞE", "rass"], &["Straße"]),
        (&["orsted", "ørsted", "ØRST"], &["Ørsted"]),
        (&["ahre", "a\u{308}hre"], &["Ähre"]),
        (&["ωμεγα", "ΩΜΈΓΑ"], &["Ωμέγα"]),
        (&["школа", "ШКО"], &["Школа"]),
        (&["elm", "Elm Ý"], &["Elm", "Elm"]),
        (&["ylm"], &["Elm"]),
        (&["%", "_", "\\", "ec_le", "e%e", "'", "ecole  x", "ß\u{301}x"], &[]),
    ] {
        for search in searches {
            let found = found(&world, &admin, search).await;
            if *search == "Elm Ý" {
                assert_eq!(found, ["Elm"], "{search}");
            } else {
                assert_eq!(found, expected, "{search}");
            }
        }
    }
    for nothing in ["", " \u{a0}", "\u{301}", "\u{200b}\u{20dd}"] {
        assert_eq!(found(&world, &admin, nothing).await, ORDERED, "{nothing:?}");
    }
}

#[tokio::test]
async fn who_is_called_otherwise_stands_and_is_found_elsewhere() {
    let (world, admin) = with(&["Elm", "Faust"]).await;
    let id = make(&world, &admin, "Élan", "Łódź").await;
    assert_eq!(found(&world, &admin, "").await, ["Élan", "Elm", "Faust"]);
    let input = json!({ "organisationId": id, "name": "Ìsland" });
    world.done(&admin, "organisationNameChange", input, "").await;
    assert_eq!(found(&world, &admin, "").await, ["Elm", "Faust", "Ìsland"]);
    assert_eq!(found(&world, &admin, "island lodz").await, ["Ìsland"]);
    assert_eq!(found(&world, &admin, "elan").await, Vec::<String>::new());
}

/// What nodes of the release before write beside this one, and what they have left, has no letters.
#[tokio::test]
async fn what_an_earlier_release_has_written_is_listed_and_found_and_gets_its_place() {
    let (world, admin) = with(&["École", "Elm", "Faust"]).await;
    let app = world.app();
    assert_eq!(system_fill_letters(&app.db).await.unwrap(), 0);
    // A new name alone: nothing that was computed of the one before is left.
    run(
        &world,
        "UPDATE organisation SET name = 'Żory', name_key = 'żory nida' WHERE name = 'Elm'",
    )
    .await;
    let kept = "SELECT search_key || CAST(letters_version AS text) || CAST(length(sort_key) AS text) AS text \
        FROM organisation WHERE name = 'Żory'";
    assert_eq!(world.texts(kept).await, ["00"]);
    assert_eq!(found(&world, &admin, "").await, ["Żory", "École", "Faust"]);
    assert_eq!(found(&world, &admin, "ory").await, ["Żory"]);
    assert_eq!(found(&world, &admin, "elm").await, Vec::<String>::new());
    // Where it will stand, nobody knows yet: nothing is skipped or repeated in silence.
    let first = edges(&world, &admin, json!({ "first": 1 })).await;
    let answer = world
        .send(
            Some(&admin.token),
            LIST,
            json!({ "first": 1, "after": first[0]["cursor"] }),
        )
        .await;
    assert_eq!(errors(&answer), ["INVALID/MALFORMED"]);
    app.fill_letters().await;
    assert_eq!(found(&world, &admin, "").await, ["École", "Faust", "Żory"]);
    assert_eq!(found(&world, &admin, "zory").await, ["Żory"]);
    assert_eq!(system_fill_letters(&app.db).await.unwrap(), 0);
    // Those of other data are found as they are until then.
    let none = if is_production() { "'\\x00'" } else { "x'00'" };
    run(
        &world,
        &format!("UPDATE organisation SET sort_key = {none}, search_key = 'before', letters_version = -1 WHERE name <> 'Faust'"),
    )
    .await;
    assert_eq!(found(&world, &admin, "before").await, ["École", "Żory"]);
    assert_eq!(system_fill_letters(&app.db).await.unwrap(), 2);
    assert_eq!(found(&world, &admin, "").await, ["École", "Faust", "Żory"]);
    assert_eq!(found(&world, &admin, "before").await, Vec::<String>::new());
}
