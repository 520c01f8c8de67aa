//! Signing in and out, and passwords.

mod cookie;
mod gate;
mod guessing;
mod keys;
mod letters;
mod names;
mod networks;
mod refresh;
mod secrets;
mod sessions;
mod typing;

use axum::body::Body;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use http::{Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{PASSWORD, Person, World, errors, faults};

const SESSION: &str = "accessToken accessTokenExpiresAt refreshToken account { id login } \
    userErrors { code reason message field }";

/// Calls a mutation without an access token.
async fn anonymously(world: &World, name: &str, input: Value) -> Value {
    let kind = format!("{}{}Input", name[..1].to_uppercase(), &name[1..]);
    let query = format!("mutation($input: {kind}!) {{ {name}(input: $input) {{ {SESSION} }} }}");
    let answer = world.send(None, &query, json!({ "input": input })).await;
    assert_eq!(errors(&answer), Vec::<String>::new(), "{answer}");
    answer["data"][name].clone()
}

async fn sign_in(world: &World, login: &str, password: &str) -> Value {
    anonymously(world, "sessionCreate", json!({ "login": login, "password": password })).await
}

async fn refresh(world: &World, token: &Value) -> Value {
    anonymously(world, "sessionRefresh", json!({ "refreshToken": token })).await
}

/// Signs in once more.
async fn session_of(world: &World, who: &Person) -> Value {
    let session = sign_in(world, &who.login, PASSWORD).await;
    assert_eq!(session["userErrors"], json!([]));
    session
}

/// The person on another device.
fn with_token(who: &Person, session: &Value) -> Person {
    Person {
        token: session["accessToken"].as_str().unwrap().to_owned(),
        ..who.clone()
    }
}

/// The status that a request with this access token gets.
async fn status(world: &World, session: &Value) -> StatusCode {
    let token = session["accessToken"].as_str().unwrap();
    let request = Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::AUTHORIZATION, format!("Bearer {token}"));
    let body = json!({ "query": "{ viewer { account { id } } }" }).to_string();
    let answer = world
        .node
        .router
        .clone()
        .oneshot(request.body(Body::from(body)).unwrap());
    answer.await.unwrap().status()
}

/// Stops the clock now, and returns the time.
fn stop_the_clock(world: &World) -> DateTime<Utc> {
    let now = Utc::now().trunc_subsecs(6);
    world.app().clock.set(Some(now));
    now
}

fn move_clock(world: &World, to: DateTime<Utc>) {
    world.app().clock.set(Some(to));
}

fn ended() -> Vec<String> {
    vec!["INVALID/SESSION_ENDED".to_owned()]
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_login_get_the_same_answer() {
    let world = World::new().await;
    let admin = world.administrator().await;
    let wrong = sign_in(&world, &admin.login, "wrong password").await;
    assert_eq!(faults(&wrong), ["INVALID/CREDENTIALS_WRONG"]);
    assert_eq!((&wrong["accessToken"], &wrong["account"]), (&Value::Null, &Value::Null));
    for login in ["nobody@sojourn.example", "", "a\u{0}b", "🙂"] {
        assert_eq!(sign_in(&world, login, "wrong password").await, wrong, "{login}");
        assert_eq!(sign_in(&world, login, PASSWORD).await, wrong, "{login}");
    }
}

#[tokio::test]
async fn every_try_to_sign_in_costs_exactly_one_verification() {
    let world = World::new().await;
    let admin = world.administrator().await;
    let verifications = || world.app().passwords.verifications();
    for (login, password) in [
        (admin.login.as_str(), PASSWORD),
        (&admin.login, "wrong password"),
        ("nobody@sojourn.example", PASSWORD),
        ("", ""),
    ] {
        let before = verifications();
        sign_in(&world, login, password).await;
        assert_eq!(verifications() - before, 1, "{login} {password}");
    }
}

#[tokio::test]
async fn case_and_blanks_around_a_login_do_not_matter() {
    let world = World::new().await;
    let admin = world.administrator().await;
    let session = sign_in(&world, "  ADMIN@Sojourn.Example ", PASSWORD).await;
    assert_eq!(session["account"], json!({ "id": admin.account, "login": admin.login }));
}

#[tokio::test]
async fn an_access_token_is_signed_with_a_named_key_and_says_when_it_ends() {
    let world = World::new().await;
    let admin = world.administrator().await;
    let now = stop_the_clock(&world);
    let session = session_of(&world, &admin).await;
    let ends = session["accessTokenExpiresAt"]
        .as_str()
        .unwrap()
        .parse::<DateTime<Utc>>();
    assert_eq!(ends.unwrap(), now + TimeDelta::minutes(15));
    let head = session["accessToken"].as_str().unwrap().split('.').next().unwrap();
    let head: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).unwrap()).unwrap();
    assert_eq!(head["alg"], "EdDSA");
    assert!(head["kid"].as_str().is_some_and(|kid| !kid.is_empty()));
}

#[tokio::test]
async fn an_access_token_works_for_fifteen_minutes() {
    let world = World::new().await;
    let admin = world.administrator().await;
    move_clock(&world, Utc::now() - TimeDelta::minutes(14));
    let young = session_of(&world, &admin).await;
    move_clock(&world, Utc::now() - TimeDelta::minutes(16));
    let old = session_of(&world, &admin).await;
    world.app().clock.set(None);
    assert_eq!(status(&world, &young).await, StatusCode::OK);
    assert_eq!(status(&world, &old).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn refreshing_gives_new_tokens_for_the_same_session() {
    let world = World::new().await;
    let admin = world.administrator().await;
    let first = session_of(&world, &admin).await;
    let second = refresh(&world, &first["refreshToken"]).await;
    assert_eq!(faults(&second), Vec::<String>::new());
    assert_eq!(second["account"], first["account"]);
    assert_ne!(second["refreshToken"], first["refreshToken"]);
    let here = with_token(&admin, &second);
    world.done(&here, "sessionRevoke", json!({}), "").await;
    assert_eq!(
        status(&world, &first).await,
        StatusCode::UNAUTHORIZED,
        "it is one session"
    );
}

#[tokio::test]
async fn a_session_ends_when_it_is_not_used_for_60_days() {
    let world = World::new().await;
    let admin = world.administrator().await;
    let now = stop_the_clock(&world);
    let first = session_of(&world, &admin).await;
    move_clock(&world, now + TimeDelta::days(59));
    let second = refresh(&world, &first["refreshToken"]).await;
    assert_eq!(faults(&second), Vec::<String>::new());
    move_clock(&world, now + TimeDelta::days(59 + 60));
    assert_eq!(faults(&refresh(&world, &second["refreshToken"]).await), ended());
}

#[tokio::test]
async fn what_is_no_refresh_token_is_a_dead_one() {
    let world = World::new().await;
    let unknown = URL_SAFE_NO_PAD.encode([7; 48]);
    for token in ["", "garbage", "\u{0}", &unknown] {
        let refused = refresh(&world, &json!(token)).await;
        assert_eq!(faults(&refused), ended(), "{token}");
        assert_eq!(refused["accessToken"], Value::Null);
    }
}

#[tokio::test]
async fn a_revoked_session_gets_401_at_once() {
    let world = World::new().await;
    let admin = world.administrator().await;
    let session = session_of(&world, &admin).await;
    assert_eq!(status(&world, &session).await, StatusCode::OK);
    world
        .done(
            &with_token(&admin, &session),
            "sessionRevoke",
            json!({}),
            "account { id }",
        )
        .await;
    assert_eq!(status(&world, &session).await, StatusCode::UNAUTHORIZED);
    assert_eq!(faults(&refresh(&world, &session["refreshToken"]).await), ended());
}

#[tokio::test]
async fn revoking_a_session_leaves_the_others() {
    let world = World::new().await;
    let admin = world.administrator().await;
    let (here, there) = (session_of(&world, &admin).await, session_of(&world, &admin).await);
    world
        .done(&with_token(&admin, &here), "sessionRevoke", json!({}), "")
        .await;
    assert_eq!(status(&world, &there).await, StatusCode::OK);
}

#[tokio::test]
async fn all_sessions_of_an_account_can_be_revoked_together() {
    let world = World::new().await;
    let admin = world.administrator().await;
    let other = world.organisation(&admin, "Alder").await;
    let other = world.staff(&admin, other, "Cora").await;
    let there = session_of(&world, &admin).await;
    let payload = world.done(
        &admin,
        "sessionRevoke",
        json!({ "allSessions": true }),
        "account { login }",
    );
    assert_eq!(payload.await["account"]["login"], admin.login);
    let here = json!({ "accessToken": admin.token });
    assert_eq!(status(&world, &here).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&world, &there).await, StatusCode::UNAUTHORIZED);
    let somebody = json!({ "accessToken": other.token });
    assert_eq!(
        status(&world, &somebody).await,
        StatusCode::OK,
        "of this account, not of all"
    );
}

#[tokio::test]
async fn the_stream_of_a_revoked_session_ends() {
    let (world, cast) = World::with_cast().await;
    let session = session_of(&world, &cast.teacher).await;
    let here = with_token(&cast.teacher, &session);
    let now = world.node.newest(&here, &cast.space).await;
    world.thread(&cast.mobile, &cast.during, "Bread").await;
    let mut live = world.node.watch(&here, &cast.space, Some(&now)).await;
    assert_eq!(live.event().await["kind"], "CONTRIBUTION_PUBLISHED", "it goes on");
    world.done(&here, "sessionRevoke", json!({}), "").await;
    let event = live.event().await;
    assert_eq!(
        (&event["kind"], &event["reason"]),
        (&json!("STREAM_ENDED"), &json!("SESSION_ENDED"))
    );
    assert_eq!(live.hear().await["type"], "complete");
}

#[tokio::test]
async fn a_new_password_replaces_the_old_one() {
    let world = World::new().await;
    let admin = world.administrator().await;
    let input = json!({ "currentPassword": PASSWORD, "newPassword": "another horse" });
    let payload = world
        .done(&admin, "accountPasswordChange", input, "account { id }")
        .await;
    assert_eq!(payload["account"]["id"], admin.account);
    let old = sign_in(&world, &admin.login, PASSWORD).await;
    assert_eq!(faults(&old), ["INVALID/CREDENTIALS_WRONG"]);
    assert_eq!(
        sign_in(&world, &admin.login, "another horse").await["userErrors"],
        json!([])
    );
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions_and_keeps_this_one() {
    let world = World::new().await;
    let admin = world.administrator().await;
    let (here, there) = (session_of(&world, &admin).await, session_of(&world, &admin).await);
    let input = json!({ "currentPassword": PASSWORD, "newPassword": "another horse" });
    let me = with_token(&admin, &here);
    world.done(&me, "accountPasswordChange", input, "").await;
    assert_eq!(status(&world, &here).await, StatusCode::OK);
    assert_eq!(
        faults(&refresh(&world, &here["refreshToken"]).await),
        Vec::<String>::new()
    );
    assert_eq!(status(&world, &there).await, StatusCode::UNAUTHORIZED);
    assert_eq!(faults(&refresh(&world, &there["refreshToken"]).await), ended());
}

#[tokio::test]
async fn a_password_that_is_refused_changes_nothing() {
    let world = World::new().await;
    let admin = world.administrator().await;
    let there = session_of(&world, &admin).await;
    let long = "x".repeat(257);
    for (current, new, fault) in [
        (PASSWORD, "seven77", "INVALID/TOO_SHORT at newPassword"),
        (PASSWORD, "", "INVALID/TOO_SHORT at newPassword"),
        (PASSWORD, &long, "INVALID/TOO_LONG at newPassword"),
        (PASSWORD, PASSWORD, "INVALID/OUT_OF_RANGE at newPassword"),
        (
            "wrong password",
            "another horse",
            "INVALID/CREDENTIALS_WRONG at currentPassword",
        ),
    ] {
        let input = json!({ "currentPassword": current, "newPassword": new });
        let payload = world.mutate(&admin, "accountPasswordChange", input, "").await;
        assert_eq!(faults(&payload), [fault]);
    }
    assert_eq!(status(&world, &there).await, StatusCode::OK);
    session_of(&world, &admin).await;
}
