//! Collective limits on guesses, and the way for those who have signed in from where they are.

use chrono::TimeDelta;
use entity::known_network;
use futures_util::future::join_all;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use sojourn::features::account;

use super::{
    guessing::{ELSEWHERE, HERE, outcome},
    move_clock, stop_the_clock,
};
use crate::support::{PASSWORD, World, is_production};

/// Wrong passwords of logins that there aren't, until the address has to wait; how many there were.
async fn fill(world: &World, address: &str) -> usize {
    for number in 0..1_100 {
        let login = format!("nobody.n.{number:04}");
        if outcome(&world.node, address, &login, "wrong").await != "wrong" {
            return number;
        }
    }
    panic!("there is no limit");
}

fn later(world: &World, by: TimeDelta) {
    move_clock(world, world.app().clock.system() + by);
}

#[tokio::test]
async fn beyond_the_limit_of_an_address_those_go_on_who_have_signed_in_there() {
    let (world, cast) = World::with_cast().await;
    stop_the_clock(&world);
    assert_eq!(outcome(&world.node, HERE, &cast.stayer.login, PASSWORD).await, "ok");
    assert_eq!(fill(&world, HERE).await, 202);
    for _ in 0..3 {
        assert_eq!(outcome(&world.node, HERE, &cast.stayer.login, PASSWORD).await, "ok");
    }
    // Whoever hasn't, waits; but not elsewhere.
    assert_eq!(outcome(&world.node, HERE, &cast.mobile.login, PASSWORD).await, "600000");
    assert_eq!(
        outcome(&world.node, ELSEWHERE, &cast.mobile.login, PASSWORD).await,
        "ok"
    );
    assert_eq!(
        outcome(&world.node, ELSEWHERE, &cast.stayer.login, PASSWORD).await,
        "ok"
    );
}

#[tokio::test]
async fn who_changes_their_address_stays_known_where_they_did_it() {
    let (world, cast) = World::with_cast().await;
    stop_the_clock(&world);
    assert_eq!(outcome(&world.node, HERE, &cast.teacher.login, PASSWORD).await, "ok");
    fill(&world, HERE).await;
    let query =
        "mutation($input: AccountEmailChangeInput!) { accountEmailChange(input: $input) { userErrors { code } } }";
    let email = "moved@school.example";
    let input = json!({ "accountId": cast.teacher.account, "email": email, "currentPassword": PASSWORD });
    let input = json!({ "input": input });
    let (_, _, answer) = world
        .node
        .send_from(HERE, Some(&cast.teacher.token), query, input)
        .await;
    assert_eq!(
        answer["data"]["accountEmailChange"]["userErrors"],
        json!([]),
        "{answer}"
    );
    assert_eq!(outcome(&world.node, HERE, email, PASSWORD).await, "ok");
}

#[tokio::test]
async fn they_have_one_wrong_guess_in_a_quarter_of_an_hour() {
    let (world, cast) = World::with_cast().await;
    stop_the_clock(&world);
    assert_eq!(outcome(&world.node, HERE, &cast.stayer.login, PASSWORD).await, "ok");
    fill(&world, HERE).await;
    assert_eq!(outcome(&world.node, HERE, &cast.stayer.login, "wrong").await, "wrong");
    let verified = world.app().passwords.verifications();
    for (minutes, wait) in [(0, "600000"), (9, "60000")] {
        later(&world, TimeDelta::minutes(minutes));
        assert_eq!(outcome(&world.node, HERE, &cast.stayer.login, PASSWORD).await, wait);
    }
    assert_eq!(world.app().passwords.verifications(), verified);
    // A new window.
    if !is_production() {
        later(&world, TimeDelta::minutes(1));
        fill(&world, HERE).await;
        later(&world, TimeDelta::minutes(4));
        assert_eq!(outcome(&world.node, HERE, &cast.stayer.login, PASSWORD).await, "60000");
        later(&world, TimeDelta::minutes(1));
        assert_eq!(outcome(&world.node, HERE, &cast.stayer.login, PASSWORD).await, "ok");
    }
}

#[tokio::test]
async fn spraying_from_an_address_gets_one_guess_more_for_each_login_that_is_known_there() {
    let (world, cast) = World::with_cast().await;
    stop_the_clock(&world);
    let known = [&cast.stayer, &cast.mobile, &cast.teacher, &cast.partner];
    for person in known {
        assert_eq!(outcome(&world.node, HERE, &person.login, PASSWORD).await, "ok");
    }
    // Three are of one school, one of another.
    assert_eq!(fill(&world, HERE).await, 206);
    let verified = world.app().passwords.verifications();
    let all = [
        &cast.stayer,
        &cast.mobile,
        &cast.teacher,
        &cast.partner,
        &cast.mentor,
        &cast.foreigner,
    ];
    for round in 0..3 {
        let guesses = (0..60).map(|number| outcome(&world.node, HERE, &all[number % all.len()].login, "wrong"));
        let wrong = join_all(guesses)
            .await
            .iter()
            .filter(|outcome| *outcome == "wrong")
            .count();
        assert_eq!(wrong, if round == 0 { known.len() } else { 0 });
    }
    assert_eq!(world.app().passwords.verifications(), verified + 4);
}

#[tokio::test]
async fn a_network_is_known_for_30_days_after_the_last_sign_in() {
    let (world, cast) = World::with_cast().await;
    let now = stop_the_clock(&world);
    for (person, days) in [
        (&cast.stayer, 29),
        (&cast.mobile, 31),
        (&cast.teacher, 31),
        (&cast.teacher, 2),
    ] {
        move_clock(&world, now - TimeDelta::days(days));
        assert_eq!(outcome(&world.node, HERE, &person.login, PASSWORD).await, "ok");
    }
    move_clock(&world, now);
    assert_eq!(fill(&world, HERE).await, 204);
    assert_eq!(outcome(&world.node, HERE, &cast.stayer.login, PASSWORD).await, "ok");
    assert_eq!(outcome(&world.node, HERE, &cast.teacher.login, PASSWORD).await, "ok");
    assert_ne!(outcome(&world.node, HERE, &cast.mobile.login, PASSWORD).await, "ok");
    // What nobody asks for any more is deleted.
    let rows = async || {
        known_network::Entity::find()
            .all(world.app().db.primary())
            .await
            .unwrap()
    };
    let before = rows().await.len();
    assert_eq!(account::forget_networks(world.app()).await.unwrap(), 1);
    assert_eq!(rows().await.len(), before - 1);
}

/// A school with so many pupils' cards: logins and one-time secrets.
async fn cards(world: &World, who: &crate::support::Person, count: usize) -> Vec<(String, String)> {
    let row = json!({ "givenName": "Kim", "familyInitial": "K", "birthYear": 2010, "languages": ["en"] });
    let mut cards = Vec::new();
    while cards.len() < count {
        let rows = vec![row.clone(); 100.min(count - cards.len())];
        let input = json!({ "organisationId": who.organisation, "rows": rows });
        let made = world
            .done(
                who,
                "pupilAccountsCreate",
                input,
                "results { secret account { login } }",
            )
            .await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let results = made["results"].as_array().unwrap().iter();
        cards.extend(results.map(|made| (text(&made["account"]["login"]), text(&made["secret"]))));
    }
    cards
}

#[tokio::test]
async fn a_first_lesson_with_200_cards_passes_though_each_is_mistyped_before_anybody_is_in() {
    let (world, cast) = World::with_cast().await;
    stop_the_clock(&world);
    let cards = cards(&world, &cast.teacher, 200).await;
    // Who hands them out has signed in before.
    assert_eq!(outcome(&world.node, HERE, &cast.teacher.login, PASSWORD).await, "ok");
    for some in cards.chunks(50) {
        let typed = some
            .iter()
            .map(|(login, _)| outcome(&world.node, HERE, login, "kfw3-9xqa"));
        assert!(join_all(typed).await.iter().all(|outcome| outcome == "wrong"));
    }
    let typed = cards
        .iter()
        .map(|(login, secret)| outcome(&world.node, HERE, login, secret));
    let outcomes = join_all(typed).await;
    assert!(outcomes.iter().all(|outcome| outcome == "ok"), "{outcomes:?}");
}

#[tokio::test]
async fn a_first_lesson_with_200_cards_passes_though_each_is_mistyped_twice() {
    let (world, cast) = World::with_cast().await;
    stop_the_clock(&world);
    let cards = cards(&world, &cast.teacher, 200).await;
    for (login, secret) in &cards {
        for _ in 0..2 {
            assert_eq!(outcome(&world.node, HERE, login, "kfw3-9xqa").await, "wrong");
        }
        assert_eq!(outcome(&world.node, HERE, login, secret).await, "ok");
    }
}

#[tokio::test]
async fn after_50_failures_of_a_login_in_an_hour_guesses_from_anywhere_come_a_minute_apart() {
    let (world, cast) = World::with_cast().await;
    assert_eq!(outcome(&world.node, HERE, &cast.stayer.login, PASSWORD).await, "ok");
    for login in [cast.stayer.login.as_str(), "nobody.n.0000"] {
        stop_the_clock(&world);
        for number in 0..50 {
            let address = format!("203.0.113.{number}");
            assert_eq!(outcome(&world.node, &address, login, "wrong").await, "wrong");
        }
        for minute in 0..3 {
            let verified = world.app().passwords.verifications();
            for address in ["198.51.100.7", "198.51.100.8", "203.0.113.1"] {
                assert_eq!(outcome(&world.node, address, login, "wrong").await, "60000", "{login}");
                assert_eq!(outcome(&world.node, address, login, PASSWORD).await, "60000", "{login}");
            }
            assert_eq!(world.app().passwords.verifications(), verified);
            later(&world, TimeDelta::seconds(60));
            let address = format!("198.51.100.{minute}");
            assert_eq!(outcome(&world.node, &address, login, "wrong").await, "wrong");
        }
    }
    // Where it signed in before, nobody notices; nor do others.
    assert_eq!(outcome(&world.node, HERE, &cast.stayer.login, "wrong").await, "wrong");
    assert_eq!(outcome(&world.node, HERE, &cast.stayer.login, PASSWORD).await, "ok");
    assert_eq!(
        outcome(&world.node, ELSEWHERE, &cast.mobile.login, PASSWORD).await,
        "ok"
    );
    // Redis forgets by its own clock.
    if !is_production() {
        later(&world, TimeDelta::hours(1));
        for _ in 0..2 {
            assert_eq!(
                outcome(&world.node, ELSEWHERE, &cast.stayer.login, "wrong").await,
                "wrong"
            );
        }
    }
}

#[tokio::test]
async fn guesses_at_one_login_from_many_addresses_at_the_same_time_end_at_50() {
    let (world, cast) = World::with_cast().await;
    stop_the_clock(&world);
    let verified = world.app().passwords.verifications();
    let addresses: Vec<_> = (0..120).map(|number| format!("203.0.113.{number}")).collect();
    let guesses = addresses
        .iter()
        .map(|address| outcome(&world.node, address, &cast.stayer.login, "wrong"));
    let outcomes = join_all(guesses).await;
    let wrong = outcomes.iter().filter(|outcome| *outcome == "wrong").count();
    assert_eq!(wrong, 50, "{outcomes:?}");
    assert_eq!(world.app().passwords.verifications(), verified + 50);
}

#[tokio::test]
async fn what_is_kept_names_neither_login_nor_address_and_means_nothing_without_the_key() {
    let (world, cast) = World::with_cast().await;
    stop_the_clock(&world);
    for _ in 0..2 {
        assert_eq!(outcome(&world.node, HERE, &cast.stayer.login, PASSWORD).await, "ok");
    }
    let of_stayer = known_network::Column::AccountId.eq(cast.stayer.actor.account_id);
    let rows = known_network::Entity::find().filter(of_stayer.clone());
    let rows = rows.all(world.app().db.primary()).await.unwrap();
    // Here, and where the cast signs in.
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert_ne!(rows[0].network_hash, rows[1].network_hash);
    for row in &rows {
        assert_eq!((row.hash.len(), row.network_hash.len()), (32, 32));
        assert_ne!(row.hash, row.network_hash);
    }
    // After a change of the key nobody is known, and everybody signs in as ever.
    let changed = world.node_with_another_key();
    assert_eq!(fill(&world, HERE).await, 202);
    assert_eq!(outcome(&world.node, HERE, &cast.stayer.login, PASSWORD).await, "ok");
    assert_eq!(outcome(&changed, HERE, &cast.stayer.login, PASSWORD).await, "600000");
    assert_eq!(outcome(&changed, ELSEWHERE, &cast.stayer.login, PASSWORD).await, "ok");
    // They go with the account.
    let input = json!({ "accountId": cast.stayer.account });
    world.done(&cast.colleague, "accountErase", input, "").await;
    let rows = known_network::Entity::find().filter(of_stayer);
    assert_eq!(rows.all(world.app().db.primary()).await.unwrap(), []);
}

#[tokio::test]
async fn nodes_share_what_they_know() {
    if !is_production() {
        return;
    }
    let (world, cast) = World::with_cast().await;
    let second = world.second_node().await;
    assert_eq!(outcome(&second, HERE, &cast.stayer.login, PASSWORD).await, "ok");
    assert_eq!(fill(&world, HERE).await, 202);
    for node in [&world.node, &second] {
        assert_eq!(outcome(node, HERE, &cast.stayer.login, PASSWORD).await, "ok");
        assert_ne!(outcome(node, HERE, &cast.mobile.login, PASSWORD).await, "ok");
    }
}

#[tokio::test]
async fn while_redis_is_away_those_who_are_known_go_on_too() {
    let world = World::without_redis().await;
    let admin = world.administrator().await;
    assert_eq!(outcome(&world.node, HERE, &admin.login, PASSWORD).await, "ok");
    // Administrators are of no school.
    assert_eq!(fill(&world, HERE).await, 200);
    assert_eq!(outcome(&world.node, HERE, &admin.login, PASSWORD).await, "ok");
    assert_eq!(outcome(&world.node, HERE, &admin.login, "wrong").await, "wrong");
    assert_ne!(outcome(&world.node, HERE, &admin.login, PASSWORD).await, "ok");
}
