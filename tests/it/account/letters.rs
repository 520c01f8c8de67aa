//! Names of people in lists and searches, and what is left of them.

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use sojourn::features::account::system_fill_letters;

use crate::support::{Cast, Person, World, errors};

/// The names of accounts of the own organisation that a search finds, oldest first.
async fn found(world: &World, who: &Person, search: &str) -> Vec<String> {
    let query = "query($id: ID!, $search: String) { node(id: $id) { ... on Organisation { \
        accounts(search: $search, first: 100) { totalCount nodes { displayName } } } } }";
    let variables = json!({ "id": who.organisation, "search": search });
    let list = world.ask(who, query, variables).await["node"]["accounts"].clone();
    let nodes = list["nodes"].as_array().unwrap();
    assert_eq!(list["totalCount"], nodes.len(), "{search}");
    nodes
        .iter()
        .map(|node| node["displayName"].as_str().unwrap().to_owned())
        .collect()
}

/// What is kept of the letters of an account that is called so.
async fn kept(world: &World, name: &str) -> Vec<String> {
    let sql = format!(
        "SELECT search_key || ' ' || CAST(letters_version AS text) || ' ' || CAST(length(sort_key) AS text) AS text \
         FROM account WHERE display_name = '{name}'"
    );
    world.texts(&sql).await
}

async fn run(world: &World, sql: &str) {
    world.app().db.primary().execute_unprepared(sql).await.unwrap();
}

/// Makes mobile pupils of the coordinator's school.
async fn travellers(world: &World, cast: &Cast, names: &[&str]) -> Vec<Person> {
    let mut pupils = Vec::new();
    for name in names {
        let pupil = world.pupil(&cast.coordinator, name).await;
        let rows = json!([{ "accountId": pupil.account, "role": "PUPIL", "mobilityStatus": "MOBILE" }]);
        let input = json!({ "spaceId": cast.space, "rows": rows });
        world.done(&cast.coordinator, "memberAdd", input, "").await;
        pupils.push(pupil);
    }
    pupils
}

/// The mobile pupils by name, read by some at a time.
async fn by_name(world: &World, cast: &Cast, size: usize) -> Vec<String> {
    let query = "query($id: ID!, $first: Int, $after: String) { space(id: $id) { \
        journalWeek(week: \"2026-W47\", first: $first, after: $after) { \
        pageInfo { hasNextPage endCursor } nodes { membership { displayName } } } } }";
    let (mut names, mut after) = (Vec::new(), Value::Null);
    loop {
        let variables = json!({ "id": cast.space, "first": size, "after": after });
        let list = world.ask(&cast.teacher, query, variables).await["space"]["journalWeek"].clone();
        let nodes = list["nodes"].as_array().unwrap().iter();
        names.extend(nodes.map(|node| node["membership"]["displayName"].as_str().unwrap().to_owned()));
        after = list["pageInfo"]["endCursor"].clone();
        if list["pageInfo"]["hasNextPage"] == false {
            return names;
        }
    }
}

#[tokio::test]
async fn pupils_stand_where_dictionaries_have_them() {
    let (world, cast) = World::with_cast().await;
    let pupils = [
        "Žofia", "Zoe", "Øyvind", "Ōtani", "Łukasz", "Lena", "Юля", "Ένα", "Fay", "Éva", "Eva", "Edda", "Çağla",
        "Carl", "Dana", "çelik",
    ];
    travellers(&world, &cast, &pupils).await;
    let ordered = [
        "Çağla K.",
        "Carl K.",
        "çelik K.",
        "Dana K.",
        "Edda K.",
        "Eva K.",
        "Éva K.",
        "Fay K.",
        "Lena K.",
        "Łukasz K.",
        "Moira K.",
        "Ōtani K.",
        "Øyvind K.",
        "Pim K.",
        "Zoe K.",
        "Žofia K.",
        "Ένα K.",
        "Юля K.",
    ];
    for size in [100, 1, 3] {
        assert_eq!(by_name(&world, &cast, size).await, ordered, "by {size}");
    }
}

#[tokio::test]
async fn staff_find_accounts_by_name_and_login() {
    let (world, cast) = World::with_cast().await;
    let pupils = travellers(&world, &cast, &["Łucja", "İpek"]).await;
    for search in ["lucja", "ŁUCJA", "łu", "uc", "lucja k.", &pupils[0].login] {
        assert_eq!(found(&world, &cast.colleague, search).await, ["Łucja K."], "{search}");
    }
    for search in ["ipek", "ıpek", "I\u{307}PEK"] {
        assert_eq!(found(&world, &cast.colleague, search).await, ["İpek K."], "{search}");
    }
    let all = found(&world, &cast.colleague, "").await;
    assert_eq!(found(&world, &cast.colleague, "\u{301}").await, all);
    for nobody in ["%", "_", "\\", "lucja%", "mara_"] {
        assert_eq!(
            found(&world, &cast.colleague, nobody).await,
            Vec::<String>::new(),
            "{nobody}"
        );
    }
    // By kind as well, and only for staff of the organisation.
    let query = "query($id: ID!) { node(id: $id) { ... on Organisation { \
        accounts(kind: STAFF, search: \"lucja\") { totalCount nodes { id } } } } }";
    let list = world
        .ask(&cast.colleague, query, json!({ "id": cast.colleague.organisation }))
        .await;
    assert_eq!(list["node"]["accounts"], json!({ "totalCount": 0, "nodes": [] }));
    let elsewhere = Person {
        organisation: cast.colleague.organisation.clone(),
        ..cast.partner.clone()
    };
    assert_eq!(found(&world, &elsewhere, "lucja").await, Vec::<String>::new());
    let query = "query($id: ID!, $search: String) { node(id: $id) { ... on Organisation { accounts(search: $search) { totalCount } } } }";
    let long = json!({ "id": cast.colleague.organisation, "search": "x".repeat(201) });
    let answer = world.send(Some(&cast.colleague.token), query, long).await;
    assert_eq!(errors(&answer), ["INVALID/TOO_LONG"]);
}

#[tokio::test]
async fn a_mended_name_or_address_is_found_and_the_one_before_is_not() {
    let (world, cast) = World::with_cast().await;
    let input = json!({ "accountId": cast.mobile.account, "displayName": "Zoë K." });
    world.done(&cast.teacher, "accountNameChange", input, "").await;
    assert_eq!(found(&world, &cast.teacher, "zoe").await, ["Zoë K."]);
    assert_eq!(by_name(&world, &cast, 1).await, ["Pim K.", "Zoë K."]);
    let input = json!({ "accountId": cast.mobile.account, "displayName": "Åse K." });
    world.done(&cast.teacher, "accountNameChange", input, "").await;
    assert_eq!(found(&world, &cast.teacher, "zoe").await, Vec::<String>::new());
    assert_eq!(by_name(&world, &cast, 1).await, ["Åse K.", "Pim K."]);
    let name = found(&world, &cast.teacher, &cast.colleague.login).await;
    assert_eq!(name.len(), 1);
    let input = json!({ "accountId": cast.colleague.account, "email": "straße@school.example" });
    world.done(&cast.teacher, "accountEmailChange", input, "").await;
    assert_eq!(found(&world, &cast.teacher, "strasse@school").await, name);
    assert_eq!(
        found(&world, &cast.teacher, &cast.colleague.login).await,
        Vec::<String>::new()
    );
}

/// By a node of this release, or of the one before, which knows nothing of letters.
#[tokio::test]
async fn nothing_of_the_name_of_an_erased_person_is_left() {
    let (world, cast) = World::with_cast().await;
    let pupils = travellers(&world, &cast, &["Wilhelmina", "Wolfgang"]).await;
    assert_eq!(kept(&world, "Wilhelmina K.").await.len(), 1);
    let input = json!({ "accountId": pupils[0].account });
    world.done(&cast.teacher, "accountErase", input, "").await;
    let erase = format!(
        "UPDATE account SET login = 'erased-x', login_key = NULL, display_name = '', erased_at = created_at WHERE login = '{}'",
        pupils[1].login
    );
    run(&world, &erase).await;
    let of_nobody =
        "SELECT search_key || CAST(letters_version AS text) AS text FROM account WHERE display_name = '' ORDER BY id";
    let before = world.texts(of_nobody).await;
    assert!(before[0].starts_with("erased-") && before[1] == "0", "{before:?}");
    assert_eq!(system_fill_letters(&world.app().db).await.unwrap(), 1);
    let after = world.texts(of_nobody).await;
    assert_eq!(after, [&before[0], "erased-x1"]);
    // Places of those without a name are the same.
    let places = "SELECT CAST(COUNT(DISTINCT sort_key) AS text) || ' ' || CAST(MAX(length(sort_key)) AS text) AS text \
        FROM account WHERE display_name = ''";
    let empty = world.texts(places).await.remove(0);
    assert!(["1 0", "1 2"].contains(&&*empty), "{empty}");
}

#[tokio::test]
async fn what_an_earlier_release_has_written_is_listed_and_found_and_gets_its_place() {
    let (world, cast) = World::with_cast().await;
    travellers(&world, &cast, &["Éva", "Eva", "Freja"]).await;
    let db = &world.app().db;
    assert_eq!(system_fill_letters(db).await.unwrap(), 0);
    let ordered = ["Eva K.", "Éva K.", "Freja K.", "Moira K.", "Pim K."];
    assert_eq!(by_name(&world, &cast, 2).await, ordered);
    run(
        &world,
        "UPDATE account SET display_name = 'Élan K.' WHERE display_name = 'Freja K.'",
    )
    .await;
    assert_eq!(kept(&world, "Élan K.").await, [" 0 0"]);
    assert_eq!(
        by_name(&world, &cast, 100).await,
        ["Élan K.", "Eva K.", "Éva K.", "Moira K.", "Pim K."]
    );
    assert_eq!(found(&world, &cast.teacher, "lan k").await, ["Élan K."]);
    assert_eq!(found(&world, &cast.teacher, "freja k").await, Vec::<String>::new());
    // Another address alone is noticed as well.
    run(
        &world,
        "UPDATE account SET login = 'other@school.example' WHERE display_name = 'Theo'",
    )
    .await;
    assert_eq!(system_fill_letters(db).await.unwrap(), 2);
    assert_eq!(found(&world, &cast.teacher, "other@").await.len(), 1);
    assert_eq!(found(&world, &cast.teacher, "elan").await, ["Élan K."]);
    assert_eq!(
        by_name(&world, &cast, 2).await,
        ["Élan K.", "Eva K.", "Éva K.", "Moira K.", "Pim K."]
    );
    // More than a unit's.
    run(&world, "UPDATE account SET letters_version = 0, search_key = ''").await;
    let all: usize = world.texts("SELECT CAST(COUNT(*) AS text) AS text FROM account").await[0]
        .parse()
        .unwrap();
    let (one, other) = tokio::join!(system_fill_letters(db), system_fill_letters(db));
    assert_eq!(one.unwrap() + other.unwrap(), all);
    assert_eq!(
        by_name(&world, &cast, 2).await,
        ["Élan K.", "Eva K.", "Éva K.", "Moira K.", "Pim K."]
    );
}
