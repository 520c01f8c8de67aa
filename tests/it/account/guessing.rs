//! Guessing a password gets slower and slower for whoever guesses, and for nobody else.

use chrono::TimeDelta;
use futures_util::future::join_all;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::stop_the_clock;
use crate::support::{Node, PASSWORD, World, errors, faults, is_production};

pub const HERE: &str = "192.0.2.1";
pub const ELSEWHERE: &str = "198.51.100.1";
const SIGN_IN: &str = "mutation($input: SessionCreateInput!) { sessionCreate(input: $input) { accessToken \
    userErrors { code reason } } }";

async fn guess(node: &Node, address: &str, login: &str, password: &str) -> (StatusCode, HeaderMap, Value) {
    let input = json!({ "input": { "login": login, "password": password } });
    node.send_from(address, None, SIGN_IN, input).await
}

/// `ok`, `wrong`, or how many milliseconds to wait.
pub async fn outcome(node: &Node, address: &str, login: &str, password: &str) -> String {
    let (status, headers, answer) = guess(node, address, login, password).await;
    if errors(&answer) == ["RATE_LIMITED"] {
        let wait = answer["errors"][0]["extensions"]["retryAfterMs"].as_u64().unwrap();
        assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(headers["retry-after"], wait.div_ceil(1000).to_string());
        assert_eq!(answer["data"], json!({ "sessionCreate": null }));
        return wait.to_string();
    }
    assert_eq!((status, errors(&answer)), (StatusCode::OK, Vec::new()), "{answer}");
    let payload = &answer["data"]["sessionCreate"];
    if payload["userErrors"] == json!([]) {
        return "ok".to_owned();
    }
    assert_eq!(faults(payload), ["INVALID/CREDENTIALS_WRONG"]);
    "wrong".to_owned()
}

#[tokio::test]
async fn the_sixth_guess_has_to_wait_and_each_failure_doubles_the_wait() {
    let (world, cast) = World::with_cast().await;
    for login in [cast.stayer.login.as_str(), "nobody.n.0000"] {
        stop_the_clock(&world);
        for _ in 0..5 {
            assert_eq!(outcome(&world.node, HERE, login, "wrong").await, "wrong");
        }
        for wait in [1, 2, 4, 8, 16, 32, 60, 60] {
            let verified = world.app().passwords.verifications();
            let expected = (wait * 1000).to_string();
            assert_eq!(outcome(&world.node, HERE, login, "wrong").await, expected, "{login}");
            assert_eq!(outcome(&world.node, HERE, login, PASSWORD).await, expected, "{login}");
            assert_eq!(world.app().passwords.verifications(), verified);
            let clock = &world.app().clock;
            clock.set(Some(clock.now() + TimeDelta::seconds(wait)));
            assert_eq!(outcome(&world.node, HERE, login, "wrong").await, "wrong", "{login}");
        }
    }
}

#[tokio::test]
async fn strangers_lock_nobody_out() {
    let (world, cast) = World::with_cast().await;
    for _ in 0..10 {
        outcome(&world.node, HERE, &cast.stayer.login, "wrong").await;
    }
    assert_ne!(outcome(&world.node, HERE, &cast.stayer.login, PASSWORD).await, "ok");
    assert_eq!(
        outcome(&world.node, ELSEWHERE, &cast.stayer.login, PASSWORD).await,
        "ok"
    );
    // Nor is anybody else at the same address held up.
    assert_eq!(outcome(&world.node, HERE, &cast.mobile.login, PASSWORD).await, "ok");
}

#[tokio::test]
async fn the_right_password_makes_failures_forgotten() {
    let (world, cast) = World::with_cast().await;
    for _ in 0..3 {
        for _ in 0..4 {
            assert_eq!(outcome(&world.node, HERE, &cast.stayer.login, "wrong").await, "wrong");
        }
        assert_eq!(outcome(&world.node, HERE, &cast.stayer.login, PASSWORD).await, "ok");
    }
}

#[tokio::test]
async fn aliases_of_one_document_count_one_by_one() {
    let (world, cast) = World::with_cast().await;
    let fields: String = (0..10)
        .map(|number| format!("a{number}: sessionCreate(input: $input) {{ userErrors {{ code }} }} "))
        .collect();
    let query = format!("mutation($input: SessionCreateInput!) {{ {fields} }}");
    let input = json!({ "input": { "login": cast.stayer.login, "password": "wrong" } });
    let verified = world.app().passwords.verifications();
    let (status, _, answer) = world.node.send_from(HERE, None, &query, input).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(world.app().passwords.verifications(), verified + 5);
    assert_eq!(errors(&answer), vec!["RATE_LIMITED"; 5]);
}

#[tokio::test]
async fn guesses_at_the_same_time_are_counted_one_by_one() {
    let (world, cast) = World::with_cast().await;
    let verified = world.app().passwords.verifications();
    let guesses = (0..50).map(|_| outcome(&world.node, HERE, &cast.stayer.login, "wrong"));
    let outcomes = join_all(guesses).await;
    let wrong = outcomes.iter().filter(|outcome| *outcome == "wrong").count();
    assert_eq!(wrong, 5, "{outcomes:?}");
    assert_eq!(world.app().passwords.verifications(), verified + 5);
}

#[tokio::test]
async fn a_school_behind_one_address_signs_in() {
    let (world, cast) = World::with_cast().await;
    let people = [&cast.stayer, &cast.mobile, &cast.teacher];
    let all = (0..120).map(|number| outcome(&world.node, HERE, &people[number % 3].login, PASSWORD));
    for outcome in join_all(all).await {
        assert_eq!(outcome, "ok");
    }
}

#[tokio::test]
async fn an_address_with_200_failures_has_to_wait_until_ten_minutes_are_over() {
    let (world, cast) = World::with_cast().await;
    stop_the_clock(&world);
    for number in 0..200 {
        let login = format!("nobody.n.{number:04}");
        assert_eq!(outcome(&world.node, HERE, &login, "wrong").await, "wrong", "{number}");
        if number == 100 {
            let clock = &world.app().clock;
            clock.set(Some(clock.now() + TimeDelta::minutes(4)));
        }
    }
    let wait = outcome(&world.node, HERE, &cast.stayer.login, PASSWORD).await;
    assert_eq!(wait, "360000");
    assert_eq!(
        outcome(&world.node, ELSEWHERE, &cast.stayer.login, PASSWORD).await,
        "ok"
    );
    // Redis forgets by its own clock.
    if !is_production() {
        let clock = &world.app().clock;
        clock.set(Some(clock.now() + TimeDelta::minutes(6)));
        assert_eq!(outcome(&world.node, HERE, &cast.stayer.login, PASSWORD).await, "ok");
    }
}

#[tokio::test]
async fn guesses_at_many_logins_at_the_same_time_end_at_200() {
    let world = World::new().await;
    let verified = world.app().passwords.verifications();
    let logins: Vec<_> = (0..300).map(|number| format!("nobody.n.{number:04}")).collect();
    for some in logins.chunks(60) {
        join_all(some.iter().map(|login| outcome(&world.node, HERE, login, "wrong"))).await;
    }
    assert_eq!(world.app().passwords.verifications(), verified + 200);
}

#[tokio::test]
async fn the_own_password_is_guessed_as_slowly() {
    let (world, cast) = World::with_cast().await;
    let query = "mutation($input: AccountPasswordChangeInput!) { accountPasswordChange(input: $input) { \
        userErrors { code reason field } } }";
    for attempt in 0..7 {
        let input = json!({ "input": { "currentPassword": "wrong", "newPassword": "another horse" } });
        let (.., answer) = world.node.send_from(HERE, Some(&cast.stayer.token), query, input).await;
        if attempt < 5 {
            assert_eq!(
                faults(&answer["data"]["accountPasswordChange"]),
                ["INVALID/CREDENTIALS_WRONG at currentPassword"]
            );
        } else {
            assert_eq!(errors(&answer), ["RATE_LIMITED"]);
        }
    }
}

#[tokio::test]
async fn nodes_share_what_they_count() {
    if !is_production() {
        return;
    }
    let (world, cast) = World::with_cast().await;
    let second = world.second_node().await;
    for number in 0..5 {
        let node = if number % 2 == 0 { &world.node } else { &second };
        assert_eq!(outcome(node, HERE, &cast.stayer.login, "wrong").await, "wrong");
    }
    for node in [&world.node, &second] {
        assert_ne!(outcome(node, HERE, &cast.stayer.login, PASSWORD).await, "ok");
    }
}

#[tokio::test]
async fn while_redis_is_away_each_node_counts_alone() {
    let world = World::without_redis().await;
    for _ in 0..5 {
        assert_eq!(outcome(&world.node, HERE, "nobody.n.0000", "wrong").await, "wrong");
    }
    assert_ne!(outcome(&world.node, HERE, "nobody.n.0000", "wrong").await, "wrong");
}
