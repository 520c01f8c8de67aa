//! One-time secrets that staff make for those who lost theirs.

use http::StatusCode;
use serde_json::{Value, json};

use super::{refresh, session_of, sign_in, status};
use crate::support::{Cast, PASSWORD, Person, World, faults};

const RESULTS: &str =
    "results { index secret account { id isPasswordChangeRequired } userErrors { code reason field } }";

async fn reset(world: &World, who: &Person, ids: &[&str]) -> Value {
    let input = json!({ "accountIds": ids });
    world.mutate(who, "accountSecretsReset", input, RESULTS).await
}

/// Whether the password of these people still works.
async fn is_untouched(world: &World, who: &[&Person]) -> bool {
    for person in who {
        if !faults(&sign_in(world, &person.login, PASSWORD).await).is_empty() {
            return false;
        }
    }
    true
}

#[tokio::test]
async fn new_secrets_come_in_the_order_in_which_they_are_asked_for() {
    let (world, cast) = World::with_cast().await;
    let people = [&cast.stayer, &cast.teacher, &cast.mobile];
    let payload = reset(&world, &cast.colleague, &people.map(|who| who.account.as_str())).await;
    assert_eq!(faults(&payload), Vec::<String>::new());
    assert_eq!(payload["results"].as_array().unwrap().len(), 3);
    for (index, who) in people.iter().enumerate() {
        let row = &payload["results"][index];
        assert_eq!((&row["index"], faults(row)), (&json!(index), vec![]));
        assert_eq!(
            row["account"],
            json!({ "id": who.account, "isPasswordChangeRequired": true })
        );
        let session = sign_in(&world, &who.login, row["secret"].as_str().unwrap()).await;
        assert_eq!(session["account"]["id"], who.account);
    }
}

#[tokio::test]
async fn a_secret_off_paper_may_be_typed_in_any_form_but_an_own_password_may_not() {
    let (world, cast) = World::with_cast().await;
    let payload = reset(&world, &cast.teacher, &[&cast.mobile.account]).await;
    let secret = payload["results"][0]["secret"].as_str().unwrap();
    let typed = format!(" {} ", secret.to_uppercase().replace('-', " \u{2013} "));
    let session = sign_in(&world, &cast.mobile.login, &typed).await;
    assert_eq!(faults(&session), Vec::<String>::new());
    let who = Person {
        token: session["accessToken"].as_str().unwrap().to_owned(),
        ..cast.mobile.clone()
    };
    let change = async |current: &str, new: &str| {
        let input = json!({ "currentPassword": current, "newPassword": new });
        faults(&world.mutate(&who, "accountPasswordChange", input, "").await)
    };
    // The same in another form is no password of one's own.
    let same = ["INVALID/OUT_OF_RANGE at newPassword"];
    assert_eq!(change(&typed, &secret.to_uppercase()).await, same);
    let own = "KFW3-9XQA-M7TB-H2ZE";
    assert_eq!(change(&secret.replace('-', ""), own).await, Vec::<String>::new());
    let wrong = ["INVALID/CREDENTIALS_WRONG"];
    assert_eq!(faults(&sign_in(&world, &who.login, &own.to_lowercase()).await), wrong);
    assert_eq!(faults(&sign_in(&world, &who.login, own).await), Vec::<String>::new());
}

#[tokio::test]
async fn a_new_secret_replaces_the_password_and_ends_the_sessions() {
    let (world, cast) = World::with_cast().await;
    let session = session_of(&world, &cast.mobile).await;
    reset(&world, &cast.teacher, &[&cast.mobile.account]).await;
    assert_eq!(status(&world, &session).await, StatusCode::UNAUTHORIZED);
    assert_eq!(
        faults(&refresh(&world, &session["refreshToken"]).await),
        ["INVALID/SESSION_ENDED"]
    );
    let old = sign_in(&world, &cast.mobile.login, PASSWORD).await;
    assert_eq!(faults(&old), ["INVALID/CREDENTIALS_WRONG"]);
}

#[tokio::test]
async fn a_faulty_row_is_reported_and_the_others_are_done() {
    let (world, cast) = World::with_cast().await;
    let unknown = "account_01h455vb4pex5vsknk084sn02q";
    let ids = [
        cast.partner_pupil.account.as_str(),
        &cast.mobile.account,
        "garbage",
        unknown,
        &cast.mobile.member,
        &cast.stayer.account,
        &cast.admin.account,
    ];
    let payload = reset(&world, &cast.teacher, &ids).await;
    assert_eq!(faults(&payload), Vec::<String>::new());
    let rows: Vec<_> = payload["results"].as_array().unwrap().iter().map(faults).collect();
    let one = |fault: &str| vec![fault.to_owned()];
    assert_eq!(
        rows,
        [
            one("NOT_FOUND at accountIds.0"),
            vec![],
            one("INVALID/MALFORMED at accountIds.2"),
            one("NOT_FOUND at accountIds.3"),
            one("INVALID/MALFORMED at accountIds.4"),
            vec![],
            one("NOT_FOUND at accountIds.6"),
        ]
    );
    for index in [0, 2, 3, 4, 6] {
        let row = &payload["results"][index];
        assert_eq!((&row["secret"], &row["account"]), (&Value::Null, &Value::Null));
    }
    let secret = payload["results"][5]["secret"].as_str().unwrap();
    assert_eq!(
        faults(&sign_in(&world, &cast.stayer.login, secret).await),
        Vec::<String>::new()
    );
    assert!(is_untouched(&world, &[&cast.partner_pupil, &cast.admin]).await);
}

#[tokio::test]
async fn an_account_that_is_named_twice_gets_one_secret() {
    let (world, cast) = World::with_cast().await;
    let payload = reset(&world, &cast.teacher, &[&cast.mobile.account, &cast.mobile.account]).await;
    for index in [0, 1] {
        let row = &payload["results"][index];
        assert_eq!(faults(row), Vec::<String>::new());
        let session = sign_in(&world, &cast.mobile.login, row["secret"].as_str().unwrap()).await;
        assert_eq!(faults(&session), Vec::<String>::new(), "row {index}");
    }
}

#[tokio::test]
async fn more_than_200_accounts_are_refused_together() {
    let (world, cast) = World::with_cast().await;
    let ids: Vec<_> = [cast.mobile.account.as_str()].into_iter().cycle().take(201).collect();
    let payload = reset(&world, &cast.teacher, &ids).await;
    assert_eq!(faults(&payload), ["INVALID/TOO_LONG at accountIds"]);
    assert_eq!(payload["results"], json!([]));
    assert!(is_untouched(&world, &[&cast.mobile]).await);
}

#[tokio::test]
async fn only_staff_make_new_secrets() {
    let (world, cast) = World::with_cast().await;
    let Cast {
        admin, mobile, stayer, ..
    } = &cast;
    for who in [admin, mobile] {
        let payload = reset(&world, who, &[&stayer.account]).await;
        assert_eq!(faults(&payload), ["FORBIDDEN/ROLE_NOT_ALLOWED"]);
        assert_eq!(payload["results"], json!([]));
    }
    assert!(is_untouched(&world, &[stayer]).await);
}
