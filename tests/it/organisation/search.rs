//! Finding organisations and their accounts.

use serde_json::{Value, json};

use crate::support::{Cast, Person, World, errors};

/// Organisations with these names, all in the same city, and somebody who finds them.
async fn with_names(names: &[&str]) -> (World, Person) {
    let world = World::new().await;
    let admin = world.administrator().await;
    for name in names {
        world.organisation(&admin, name).await;
    }
    (world, admin)
}

/// The names that a search finds, in order, and how many it says there are.
async fn found(world: &World, who: &Person, search: Option<&str>) -> (Vec<String>, i64) {
    let query = "query($search: String) { organisations(search: $search) { totalCount nodes { name } } }";
    let data = world.ask(who, query, json!({ "search": search })).await;
    let list = &data["organisations"];
    let nodes = list["nodes"].as_array().unwrap().iter();
    let names = nodes.map(|node| node["name"].as_str().unwrap().to_owned());
    (names.collect(), list["totalCount"].as_i64().unwrap())
}

async fn accounts(world: &World, who: &Person, organisation: &str, kind: Option<&str>) -> Value {
    let query = "query($id: ID!, $kind: AccountKind) { node(id: $id) { ... on Organisation { \
        accounts(kind: $kind, first: 100) { totalCount nodes { id login kind } } } } }";
    let variables = json!({ "id": organisation, "kind": kind });
    world.ask(who, query, variables).await["node"]["accounts"].clone()
}

#[tokio::test]
async fn a_part_of_the_name_or_the_city_is_enough() {
    let (world, admin) = with_names(&["Northern School", "Southern School", "Harbour"]).await;
    assert_eq!(
        found(&world, &admin, Some("thern")).await.0,
        ["Northern School", "Southern School"]
    );
    assert_eq!(
        found(&world, &admin, Some("harb")).await,
        (vec!["Harbour".to_owned()], 1)
    );
    assert_eq!(found(&world, &admin, Some("town")).await.1, 3);
    assert_eq!(found(&world, &admin, Some("western")).await, (vec![], 0));
}

#[tokio::test]
async fn case_does_not_matter_in_any_alphabet() {
    let (world, admin) = with_names(&["ŠKOLA ÉCOLE", "Школа Київ"]).await;
    assert_eq!(found(&world, &admin, Some("škola éc")).await.0, ["ŠKOLA ÉCOLE"]);
    assert_eq!(found(&world, &admin, Some("ШКОЛА")).await.0, ["Школа Київ"]);
}

#[tokio::test]
async fn signs_of_patterns_stand_for_themselves() {
    let (world, admin) = with_names(&["100% Cedar", "1000 Cedar", "a_b", "acb", "c\\d", "cd"]).await;
    assert_eq!(found(&world, &admin, Some("%")).await.0, ["100% Cedar"]);
    assert_eq!(found(&world, &admin, Some("_")).await.0, ["a_b"]);
    assert_eq!(found(&world, &admin, Some("\\")).await.0, ["c\\d"]);
    assert_eq!(found(&world, &admin, Some("0%c")).await.0, Vec::<String>::new());
    assert_eq!(found(&world, &admin, Some("'")).await.0, Vec::<String>::new());
}

#[tokio::test]
async fn an_absent_or_empty_search_finds_all() {
    let (world, admin) = with_names(&["Birch", "Alder"]).await;
    for search in [None, Some(""), Some("  ")] {
        assert_eq!(
            found(&world, &admin, search).await,
            (vec!["Alder".to_owned(), "Birch".to_owned()], 2)
        );
    }
}

#[tokio::test]
async fn a_search_that_no_name_can_have_is_refused() {
    let (world, admin) = with_names(&["Alder"]).await;
    for (search, error) in [
        ("a\u{0}".to_owned(), "INVALID/MALFORMED"),
        ("a".repeat(60_000), "INVALID/TOO_LONG"),
    ] {
        let query = "query($search: String) { organisations(search: $search) { totalCount nodes { name } } }";
        let answer = world.send(Some(&admin.token), query, json!({ "search": search })).await;
        assert_eq!(errors(&answer), [error]);
    }
}

#[tokio::test]
async fn what_was_found_comes_in_pages() {
    let (world, admin) = with_names(&["Birch 3", "Birch 1", "Alder", "Birch 2"]).await;
    let query = "query($after: String) { organisations(search: \"birch\", first: 2, after: $after) { \
        totalCount pageInfo { hasNextPage endCursor } nodes { name } } }";
    let first = world.ask(&admin, query, json!({})).await["organisations"].clone();
    assert_eq!(first["nodes"], json!([{ "name": "Birch 1" }, { "name": "Birch 2" }]));
    assert_eq!(
        (&first["totalCount"], &first["pageInfo"]["hasNextPage"]),
        (&json!(3), &json!(true))
    );
    let after = json!({ "after": first["pageInfo"]["endCursor"] });
    let second = world.ask(&admin, query, after).await["organisations"].clone();
    assert_eq!(second["nodes"], json!([{ "name": "Birch 3" }]));
    assert_eq!(
        (&second["totalCount"], &second["pageInfo"]["hasNextPage"]),
        (&json!(3), &json!(false))
    );
}

#[tokio::test]
async fn pupils_find_no_organisations() {
    let (world, cast) = World::with_cast().await;
    assert_eq!(found(&world, &cast.mobile, Some("Alder")).await, (vec![], 0));
    assert_eq!(found(&world, &cast.colleague, Some("Alder")).await.1, 1);
}

#[tokio::test]
async fn staff_see_the_accounts_of_their_own_organisation_by_kind() {
    let (world, cast) = World::with_cast().await;
    let own = &cast.colleague.organisation;
    let logins = async |kind| {
        let list = accounts(&world, &cast.colleague, own, kind).await;
        let nodes = list["nodes"].as_array().unwrap().clone();
        let logins: Vec<_> = nodes
            .iter()
            .map(|node| node["login"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(list["totalCount"], logins.len());
        logins
    };
    let Cast {
        coordinator,
        teacher,
        mentor,
        observer,
        colleague,
        mobile,
        stayer,
        bystander,
        ..
    } = &cast;
    let staff = [coordinator, teacher, mentor, observer, colleague].map(|who| who.login.clone());
    let pupils = [mobile, stayer, bystander].map(|who| who.login.clone());
    assert_eq!(logins(Some("STAFF")).await, staff);
    assert_eq!(logins(Some("PUPIL")).await, pupils);
    assert_eq!(logins(None).await, [&staff[..], &pupils[..]].concat());
    assert_eq!(logins(Some("ADMIN")).await, Vec::<String>::new());
}

#[tokio::test]
async fn everybody_else_sees_no_accounts_of_an_organisation() {
    let (world, cast) = World::with_cast().await;
    let empty = json!({ "totalCount": 0, "nodes": [] });
    for who in [
        &cast.partner,
        &cast.foreigner,
        &cast.admin,
        &cast.mobile,
        &cast.bystander,
    ] {
        for kind in [None, Some("STAFF"), Some("PUPIL")] {
            let seen = accounts(&world, who, &cast.coordinator.organisation, kind).await;
            assert_eq!(seen, empty, "{}", who.login);
        }
    }
}

#[tokio::test]
async fn an_account_is_seen_by_its_owner_and_staff_of_its_organisation_only() {
    let (world, cast) = World::with_cast().await;
    let query = "query($id: ID!) { node(id: $id) { ... on Account { login } } }";
    let sees = async |who: &Person, whom: &Person| {
        let data = world.ask(who, query, json!({ "id": whom.account })).await;
        data["node"]["login"] == whom.login
    };
    for who in [&cast.mobile, &cast.teacher, &cast.colleague] {
        assert!(sees(who, &cast.mobile).await, "{}", who.login);
    }
    for who in [&cast.stayer, &cast.partner, &cast.foreigner, &cast.admin] {
        assert!(!sees(who, &cast.mobile).await, "{}", who.login);
    }
}
