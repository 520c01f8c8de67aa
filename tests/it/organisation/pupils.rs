//! Accounts for pupils, many at a time.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{accounts_count, sign_in};
use crate::support::{Person, World, faults};

const RESULTS: &str = "isReplay results { index secret account { id kind login displayName languages } \
    userErrors { code reason field } }";

fn row(given_name: &str) -> Value {
    json!({ "givenName": given_name, "familyInitial": "B", "birthYear": 2010, "languages": ["en"] })
}

async fn create(world: &World, who: &Person, rows: &[Value]) -> Value {
    let input = json!({ "organisationId": who.organisation, "rows": rows });
    world.mutate(who, "pupilAccountsCreate", input, RESULTS).await
}

/// The text at a place of every row.
fn texts(payload: &Value, pointer: &str) -> Vec<String> {
    let rows = payload["results"].as_array().unwrap().iter();
    rows.map(|row| row.pointer(pointer).unwrap().as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn two_hundred_pupils_get_unique_user_names_and_secrets_in_order() {
    let (world, cast) = World::with_cast().await;
    let rows: Vec<_> = (0..200).map(|index| row(&format!("Ada{}", index / 2))).collect();
    let payload = create(&world, &cast.colleague, &rows).await;
    assert_eq!(faults(&payload), Vec::<String>::new());
    for (index, result) in payload["results"].as_array().unwrap().iter().enumerate() {
        assert_eq!((&result["index"], faults(result)), (&json!(index), vec![]));
        assert_eq!(result["account"]["displayName"], format!("Ada{} B.", index / 2));
    }
    for pointer in ["/account/login", "/account/id", "/secret"] {
        let distinct: BTreeSet<_> = texts(&payload, pointer).into_iter().collect();
        assert_eq!(distinct.len(), 200, "{pointer}");
    }
}

#[tokio::test]
async fn a_pupil_signs_in_with_the_user_name_and_the_secret() {
    let (world, cast) = World::with_cast().await;
    let payload = create(&world, &cast.colleague, &[row("Zoë-Ann")]).await;
    let made = &payload["results"][0];
    assert_eq!(made["account"]["kind"], "PUPIL");
    let login = made["account"]["login"].as_str().unwrap();
    assert!(login.starts_with("zoeann.b."), "{login}");
    let signed_in = sign_in(&world, &made["account"]["login"], &made["secret"]).await;
    assert_eq!(
        signed_in["account"],
        json!({ "login": login, "isPasswordChangeRequired": true })
    );
}

#[tokio::test]
async fn faulty_rows_are_named_by_index_and_field_and_the_others_are_made() {
    let (world, cast) = World::with_cast().await;
    let before = accounts_count(&world, &cast.colleague).await.as_i64().unwrap();
    let mut rows: Vec<_> = (0..8).map(|_| row("Ada")).collect();
    rows[1]["givenName"] = json!("  ");
    rows[2]["familyInitial"] = json!("Berzins");
    rows[3]["birthYear"] = json!(1900);
    rows[4]["languages"] = json!(["en", "english"]);
    rows[5] = json!({ "givenName": "x".repeat(61), "familyInitial": "", "birthYear": 3000, "languages": [] });
    rows[6]["familyInitial"] = json!("7");
    let payload = create(&world, &cast.colleague, &rows).await;
    assert_eq!(faults(&payload), Vec::<String>::new());
    let results = payload["results"].as_array().unwrap();
    let expected: [&[&str]; 8] = [
        &[],
        &["INVALID/REQUIRED at rows.1.givenName"],
        &["INVALID/TOO_LONG at rows.2.familyInitial"],
        &["INVALID/OUT_OF_RANGE at rows.3.birthYear"],
        &["INVALID/MALFORMED at rows.4.languages.1"],
        &[
            "INVALID/TOO_LONG at rows.5.givenName",
            "INVALID/REQUIRED at rows.5.familyInitial",
            "INVALID/OUT_OF_RANGE at rows.5.birthYear",
            "INVALID/REQUIRED at rows.5.languages",
        ],
        &["INVALID/MALFORMED at rows.6.familyInitial"],
        &[],
    ];
    for (index, (result, expected)) in results.iter().zip(expected).enumerate() {
        assert_eq!(
            (&result["index"], faults(result)),
            (&json!(index), expected.iter().map(ToString::to_string).collect())
        );
        assert_eq!(result["account"].is_null(), !expected.is_empty());
        assert_eq!(result["secret"].is_null(), !expected.is_empty());
    }
    assert_eq!(accounts_count(&world, &cast.colleague).await, before + 2);
}

#[tokio::test]
async fn pupils_are_five_to_twenty_five_years_old() {
    let (world, cast) = World::with_cast().await;
    world.app().clock.set(Some("2026-11-21T12:00:00Z".parse().unwrap()));
    let rows: Vec<_> = [2000, 2001, 2021, 2022]
        .into_iter()
        .map(|year| {
            let mut row = row("Ada");
            row["birthYear"] = json!(year);
            row
        })
        .collect();
    let payload = create(&world, &cast.colleague, &rows).await;
    let is_made = |index: usize| faults(&payload["results"][index]).is_empty();
    assert_eq!([0, 1, 2, 3].map(is_made), [false, true, true, false]);
}

#[tokio::test]
async fn no_rows_and_201_rows_are_refused_together() {
    let (world, cast) = World::with_cast().await;
    let before = accounts_count(&world, &cast.colleague).await;
    for (rows, fault) in [
        (vec![], "INVALID/REQUIRED at rows"),
        (vec![row("Ada"); 201], "INVALID/TOO_LONG at rows"),
    ] {
        let payload = create(&world, &cast.colleague, &rows).await;
        assert_eq!(faults(&payload), [fault]);
        assert_eq!(payload["results"], json!([]));
    }
    assert_eq!(accounts_count(&world, &cast.colleague).await, before);
}

#[tokio::test]
async fn a_repeated_batch_finds_its_accounts_and_shows_no_secret_again() {
    let (world, cast) = World::with_cast().await;
    let mut rows: Vec<_> = ["Ada", "Bo", "Cy"].map(row).into();
    rows[1]["birthYear"] = json!(1900);
    let input = json!({ "organisationId": cast.colleague.organisation, "rows": rows,
        "idempotencyKey": "pupils-of-class-7b" });
    let batch = || world.done(&cast.colleague, "pupilAccountsCreate", input.clone(), RESULTS);
    let first = batch().await;
    let count = accounts_count(&world, &cast.colleague).await;
    let second = batch().await;
    assert_eq!((&first["isReplay"], &second["isReplay"]), (&json!(false), &json!(true)));
    for index in [0, 1, 2] {
        let (one, two) = (&first["results"][index], &second["results"][index]);
        assert_eq!((&one["account"], faults(one)), (&two["account"], faults(two)));
        assert_eq!(two["secret"], Value::Null);
    }
    assert!(first["results"][0]["secret"].is_string());
    assert_eq!(accounts_count(&world, &cast.colleague).await, count);
}

#[tokio::test]
async fn two_batches_at_once_are_both_made() {
    let (world, cast) = World::with_cast().await;
    let before = accounts_count(&world, &cast.colleague).await.as_i64().unwrap();
    let rows = vec![row("Ada"); 50];
    let payloads = tokio::join!(
        create(&world, &cast.colleague, &rows),
        create(&world, &cast.teacher, &rows)
    );
    let logins: BTreeSet<_> = [&payloads.0, &payloads.1]
        .into_iter()
        .flat_map(|payload| texts(payload, "/account/login"))
        .collect();
    assert_eq!(logins.len(), 100);
    assert_eq!(accounts_count(&world, &cast.colleague).await, before + 100);
}
