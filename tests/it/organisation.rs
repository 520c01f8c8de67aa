//! Organisations, and the accounts that they make.

mod letters;
mod pupils;
mod search;

use serde_json::{Value, json};

use crate::support::{Cast, Person, World, errors, faults};

/// The first organisation has no staff yet.
async fn empty_organisation(world: &World, admin: &Person) -> String {
    let input =
        json!({ "kind": "SCHOOL", "name": "Cedar", "city": "Town", "country": "LV", "timeZone": "Europe/Riga" });
    let payload = world
        .done(admin, "organisationCreate", input, "organisation { id }")
        .await;
    payload["organisation"]["id"].as_str().unwrap().to_owned()
}

fn staff_input(organisation: &str, email: &str) -> Value {
    json!({ "organisationId": organisation, "email": email, "displayName": "Nora", "languages": ["en"] })
}

const STAFF: &str = "account { id kind displayName languages organisation { id } } login secret isReplay";

/// Everything that a query says to somebody who signs in with a secret.
async fn sign_in(world: &World, login: &Value, secret: &Value) -> Value {
    let query = "mutation($input: SessionCreateInput!) { sessionCreate(input: $input) { \
        account { login isPasswordChangeRequired } userErrors { code } } }";
    let input = json!({ "login": login, "password": secret });
    let answer = world.send(None, query, json!({ "input": input })).await;
    answer["data"]["sessionCreate"].clone()
}

/// How many accounts the viewer's own school has.
async fn accounts_count(world: &World, who: &Person) -> Value {
    let query = "{ viewer { account { organisation { accounts { totalCount } } } } }";
    let data = world.ask(who, query, json!({})).await;
    data["viewer"]["account"]["organisation"]["accounts"]["totalCount"].clone()
}

#[tokio::test]
async fn an_administrator_makes_an_organisation() {
    let world = World::new().await;
    let admin = world.administrator().await;
    let input = json!({ "kind": "VET_INSTITUTION", "name": "  Cedar ", "city": "Rīga", "country": "LV",
        "timeZone": "Europe/Riga" });
    let payload = world
        .done(
            &admin,
            "organisationCreate",
            input,
            "organisation { kind name city country timeZone }",
        )
        .await;
    let expected = json!({ "kind": "VET_INSTITUTION", "name": "Cedar", "city": "Rīga", "country": "LV",
        "timeZone": "Europe/Riga" });
    assert_eq!(payload["organisation"], expected);
}

#[tokio::test]
async fn nobody_else_makes_an_organisation() {
    let (world, cast) = World::with_cast().await;
    let Cast {
        coordinator, mobile, ..
    } = &cast;
    for who in [coordinator, mobile] {
        let input = json!({ "kind": "SCHOOL", "name": "Own", "city": "Town", "country": "LV",
            "timeZone": "Europe/Riga" });
        assert_eq!(
            world.refused(who, "organisationCreate", input).await,
            ["FORBIDDEN/ROLE_NOT_ALLOWED"]
        );
    }
    let found = world
        .ask(
            coordinator,
            "{ organisations(search: \"own town\") { totalCount } }",
            json!({}),
        )
        .await;
    assert_eq!(found["organisations"]["totalCount"], 0);
}

#[tokio::test]
async fn every_faulty_field_of_an_organisation_is_named_at_once() {
    let world = World::new().await;
    let admin = world.administrator().await;
    let input = json!({ "kind": "SCHOOL", "name": " ", "city": "x".repeat(101), "country": "XX",
        "timeZone": "Mars/Base" });
    let payload = world
        .mutate(&admin, "organisationCreate", input, "organisation { id }")
        .await;
    let expected = [
        "INVALID/REQUIRED at name",
        "INVALID/TOO_LONG at city",
        "INVALID/MALFORMED at country",
        "INVALID/MALFORMED at timeZone",
    ];
    assert_eq!(faults(&payload), expected);
    assert_eq!(payload["organisation"], Value::Null);
}

#[tokio::test]
async fn each_rule_of_an_organisation_stands_alone() {
    let world = World::new().await;
    let admin = world.administrator().await;
    let long = "x".repeat(201);
    for (field, value, fault) in [
        ("name", long.as_str(), "INVALID/TOO_LONG at name"),
        ("name", "a\u{0}b", "INVALID/MALFORMED at name"),
        ("city", "", "INVALID/REQUIRED at city"),
        ("country", "lv", "INVALID/MALFORMED at country"),
        ("country", "", "INVALID/MALFORMED at country"),
        ("country", "LVA", "INVALID/MALFORMED at country"),
        ("timeZone", "", "INVALID/MALFORMED at timeZone"),
        ("timeZone", "+02:00", "INVALID/MALFORMED at timeZone"),
    ] {
        let mut input = json!({ "kind": "SCHOOL", "name": "Cedar", "city": "Town", "country": "LV",
            "timeZone": "Europe/Riga" });
        input[field] = json!(value);
        let payload = world.mutate(&admin, "organisationCreate", input, "").await;
        assert_eq!(faults(&payload), [fault], "{value}");
    }
    let found = world.ask(&admin, "{ organisations { totalCount } }", json!({})).await;
    assert_eq!(found["organisations"]["totalCount"], 0);
}

#[tokio::test]
async fn an_administrator_makes_the_first_staff_account_and_no_second() {
    let world = World::new().await;
    let admin = world.administrator().await;
    let organisation = empty_organisation(&world, &admin).await;
    let first = staff_input(&organisation, "nora@cedar.example");
    let made = world.done(&admin, "staffAccountCreate", first, STAFF).await;
    assert_eq!(made["login"], "nora@cedar.example");
    assert_eq!((&made["account"], &made["isReplay"]), (&Value::Null, &json!(false)));
    let second = staff_input(&organisation, "olga@cedar.example");
    let payload = world.mutate(&admin, "staffAccountCreate", second, STAFF).await;
    assert_eq!(faults(&payload), ["FORBIDDEN/STATE_NOT_ALLOWED"]);
    assert_eq!((&payload["login"], &payload["secret"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn pupils_do_not_make_an_organisation_one_with_staff() {
    let (world, cast) = World::with_cast().await;
    let organisation = empty_organisation(&world, &cast.admin).await;
    let rows = json!([{ "givenName": "Ada", "familyInitial": "B", "birthYear": 2010, "languages": ["en"] }]);
    let input = json!({ "organisationId": organisation, "rows": rows });
    for who in [&cast.admin, &cast.mobile] {
        let input = input.clone();
        assert_eq!(
            world.refused(who, "pupilAccountsCreate", input).await,
            ["FORBIDDEN/ROLE_NOT_ALLOWED"]
        );
    }
    assert_eq!(
        world.refused(&cast.coordinator, "pupilAccountsCreate", input).await,
        ["FORBIDDEN/OTHER_SCHOOL"]
    );
}

#[tokio::test]
async fn staff_make_staff_of_their_own_organisation() {
    let (world, cast) = World::with_cast().await;
    let input = json!({ "organisationId": cast.coordinator.organisation, "email": " Nora.Ozola@School.Example ",
        "displayName": "Nora", "languages": ["LV", "en-gb", "lv"] });
    let made = world.done(&cast.teacher, "staffAccountCreate", input, STAFF).await;
    assert_eq!(made["login"], "nora.ozola@school.example");
    assert_eq!(made["account"]["kind"], "STAFF");
    assert_eq!(made["account"]["displayName"], "Nora");
    assert_eq!(made["account"]["languages"], json!(["lv", "en-GB"]));
    assert_eq!(made["account"]["organisation"]["id"], cast.coordinator.organisation);
}

#[tokio::test]
async fn staff_make_no_staff_of_another_organisation() {
    let (world, cast) = World::with_cast().await;
    let empty = empty_organisation(&world, &cast.admin).await;
    for organisation in [&cast.partner.organisation, &cast.foreigner.organisation, &empty] {
        let input = staff_input(organisation, "nora@school.example");
        assert_eq!(
            world.refused(&cast.coordinator, "staffAccountCreate", input).await,
            ["FORBIDDEN/OTHER_SCHOOL"]
        );
    }
}

#[tokio::test]
async fn pupils_make_no_staff() {
    let (world, cast) = World::with_cast().await;
    let input = staff_input(&cast.mobile.organisation, "nora@school.example");
    assert_eq!(
        world.refused(&cast.mobile, "staffAccountCreate", input).await,
        ["FORBIDDEN/ROLE_NOT_ALLOWED"]
    );
}

#[tokio::test]
async fn an_organisation_that_is_not_there_gets_no_staff() {
    let world = World::new().await;
    let admin = world.administrator().await;
    for (id, fault) in [
        ("organisation_01h455vb4pex5vsknk084sn02q", "NOT_FOUND at organisationId"),
        (admin.account.as_str(), "INVALID/MALFORMED at organisationId"),
        ("garbage", "INVALID/MALFORMED at organisationId"),
    ] {
        let input = staff_input(id, "nora@cedar.example");
        let payload = world.mutate(&admin, "staffAccountCreate", input, "").await;
        assert_eq!(faults(&payload), [fault]);
    }
}

#[tokio::test]
async fn every_faulty_field_of_a_staff_account_is_named_at_once() {
    let (world, cast) = World::with_cast().await;
    let before = accounts_count(&world, &cast.coordinator).await;
    let many: Vec<_> = ["en"; 11].into();
    for (email, name, languages, expected) in [
        (
            "nora",
            "",
            json!([]),
            [
                "INVALID/MALFORMED at email",
                "INVALID/REQUIRED at displayName",
                "INVALID/REQUIRED at languages",
            ],
        ),
        (
            &format!("{}@school.example", "x".repeat(254)),
            &"x".repeat(101),
            json!(many),
            [
                "INVALID/TOO_LONG at email",
                "INVALID/TOO_LONG at displayName",
                "INVALID/TOO_LONG at languages",
            ],
        ),
        (
            "no ra@school.example",
            "No\u{1}ra",
            json!(["en", "english"]),
            [
                "INVALID/MALFORMED at email",
                "INVALID/MALFORMED at displayName",
                "INVALID/MALFORMED at languages.1",
            ],
        ),
    ] {
        let input = json!({ "organisationId": cast.coordinator.organisation, "email": email, "displayName": name,
            "languages": languages });
        let payload = world.mutate(&cast.coordinator, "staffAccountCreate", input, "").await;
        assert_eq!(faults(&payload), expected);
    }
    assert_eq!(accounts_count(&world, &cast.coordinator).await, before);
}

#[tokio::test]
async fn a_login_is_taken_once_whatever_its_case() {
    let (world, cast) = World::with_cast().await;
    for email in [
        cast.partner.login.as_str(),
        "CORA@school.EXAMPLE",
        " admin@sojourn.example",
    ] {
        let input = staff_input(&cast.coordinator.organisation, email);
        let payload = world
            .mutate(&cast.coordinator, "staffAccountCreate", input, STAFF)
            .await;
        assert_eq!(faults(&payload), ["INVALID/LOGIN_TAKEN at email"]);
        assert_eq!((&payload["account"], &payload["secret"]), (&Value::Null, &Value::Null));
    }
}

#[tokio::test]
async fn of_several_creations_of_one_login_at_once_one_succeeds() {
    let (world, cast) = World::with_cast().await;
    for round in 0..5 {
        let email = format!("nora{round}@school.example");
        let create = |who| {
            let input = staff_input(&cast.coordinator.organisation, &email);
            world.mutate(who, "staffAccountCreate", input, "secret")
        };
        let Cast {
            coordinator,
            teacher,
            mentor,
            colleague,
            ..
        } = &cast;
        let payloads = tokio::join!(create(coordinator), create(teacher), create(mentor), create(colleague));
        let mut outcomes: Vec<_> = <[Value; 4]>::from(payloads).iter().map(faults).collect();
        outcomes.sort();
        let taken = vec!["INVALID/LOGIN_TAKEN at email".to_owned()];
        assert_eq!(outcomes, [vec![], taken.clone(), taken.clone(), taken]);
    }
}

#[tokio::test]
async fn the_secret_of_a_new_account_works_until_it_is_replaced() {
    let (world, cast) = World::with_cast().await;
    let input = staff_input(&cast.coordinator.organisation, "nora@school.example");
    let made = world.done(&cast.coordinator, "staffAccountCreate", input, STAFF).await;
    let signed_in = sign_in(&world, &made["login"], &made["secret"]).await;
    assert_eq!(
        signed_in["account"],
        json!({ "login": "nora@school.example", "isPasswordChangeRequired": true })
    );
}

#[tokio::test]
async fn an_organisation_says_what_the_viewer_may_do_with_it() {
    let (world, cast) = World::with_cast().await;
    let query = "query($id: ID!) { node(id: $id) { ... on Organisation { viewerCan { \
        spaceCreate { allowed reason } staffAccountCreate { allowed reason } pupilAccountsCreate { allowed reason } \
        accountSecretsReset { allowed reason } } } } }";
    let yes = json!({ "allowed": true, "reason": null });
    let no = |reason: &str| json!({ "allowed": false, "reason": reason });
    let all = |verdict: &Value| {
        json!({ "spaceCreate": verdict, "staffAccountCreate": verdict, "pupilAccountsCreate": verdict,
            "accountSecretsReset": verdict })
    };
    for (who, expected) in [
        (&cast.colleague, all(&yes)),
        (&cast.partner, all(&no("OTHER_SCHOOL"))),
        (&cast.mobile, all(&no("ROLE_NOT_ALLOWED"))),
    ] {
        let data = world
            .ask(who, query, json!({ "id": cast.coordinator.organisation }))
            .await;
        assert_eq!(data["node"]["viewerCan"], expected, "{}", who.login);
    }
}

#[tokio::test]
async fn pupils_see_their_own_organisation_and_those_of_their_spaces_only() {
    let (world, cast) = World::with_cast().await;
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let Cast {
        coordinator,
        partner,
        foreigner,
        ..
    } = &cast;
    let ids = [
        &coordinator.organisation,
        &partner.organisation,
        &foreigner.organisation,
    ];
    let seen = async |who: &Person| {
        let answer = world.send(Some(&who.token), query, json!({ "ids": ids })).await;
        assert_eq!(errors(&answer), Vec::<String>::new());
        let nodes = answer["data"]["nodes"].as_array().unwrap().clone();
        nodes.iter().map(|node| !node.is_null()).collect::<Vec<_>>()
    };
    assert_eq!(seen(&cast.mobile).await, [true, true, false]);
    assert_eq!(seen(&cast.bystander).await, [true, false, false]);
    assert_eq!(seen(&cast.coordinator).await, [true, true, true]);
    assert_eq!(seen(&cast.admin).await, [true, true, true]);
}
