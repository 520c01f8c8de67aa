//! Refresh tokens: two who use one at the same time both go on, and who uses an old one later ends the session.

use chrono::{DateTime, TimeDelta, Utc};
use entity::{session, session_link};
use futures_util::future::join_all;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, sea_query::Expr};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sojourn::features::account;

use super::{SESSION, ended, move_clock, session_of, stop_the_clock};
use crate::support::{Node, World, errors, faults, is_production};

/// The refresh token that one is exchanged for.
async fn refreshed(node: &Node, token: &str) -> Result<String, Vec<String>> {
    let query = format!("mutation($input: SessionRefreshInput!) {{ sessionRefresh(input: $input) {{ {SESSION} }} }}");
    let answer = node
        .send(None, &query, json!({ "input": { "refreshToken": token } }))
        .await;
    assert_eq!(errors(&answer), Vec::<String>::new(), "{answer}");
    let payload = &answer["data"]["sessionRefresh"];
    match payload["refreshToken"].as_str() {
        Some(token) => {
            assert_eq!(payload["userErrors"], json!([]));
            assert_ne!(payload["accessToken"], Value::Null);
            Ok(token.to_owned())
        }
        None => Err(faults(payload)),
    }
}

/// A session, and times since it began.
struct Device {
    world: World,
    token: String,
    began: DateTime<Utc>,
}

impl Device {
    async fn new() -> Self {
        let world = World::new().await;
        let admin = world.administrator().await;
        let began = stop_the_clock(&world);
        let token = session_of(&world, &admin).await["refreshToken"].clone();
        let token = token.as_str().unwrap().to_owned();
        Self { world, token, began }
    }

    fn at(&self, seconds: i64) {
        move_clock(&self.world, self.began + TimeDelta::seconds(seconds));
    }

    async fn refresh(&self, token: &str) -> Result<String, Vec<String>> {
        refreshed(&self.world.node, token).await
    }

    /// The tokens of so many exchanges one after the other, the first one first.
    async fn chain(&self, exchanges: usize) -> Vec<String> {
        let mut tokens = vec![self.token.clone()];
        for place in 0..exchanges {
            tokens.push(self.refresh(&tokens[place]).await.unwrap());
        }
        tokens
    }

    async fn links(&self) -> u64 {
        let db = self.world.app().db.primary();
        session_link::Entity::find().count(db).await.unwrap()
    }
}

const MINUTES: i64 = 60;

#[tokio::test]
async fn two_tabs_get_the_same_token_and_both_go_on() {
    let device = Device::new().await;
    let tabs = join_all([device.refresh(&device.token), device.refresh(&device.token)]).await;
    let (one, two) = (tabs[0].clone().unwrap(), tabs[1].clone().unwrap());
    assert_eq!(one, two);
    assert_ne!(one, device.token);
    // The next time, a few seconds after each other; and so on.
    device.at(15 * MINUTES);
    let one = device.refresh(&one).await.unwrap();
    device.at(15 * MINUTES + 20);
    let two = device.refresh(&two).await.unwrap();
    assert_eq!(one, two);
    device.at(30 * MINUTES);
    device.refresh(&two).await.unwrap();
}

#[tokio::test]
async fn three_generations_of_a_minute_lead_to_the_current_token_which_works_a_quarter_of_an_hour_later() {
    let device = Device::new().await;
    let mut tokens = vec![device.token.clone()];
    for (place, second) in [0, 20, 40].into_iter().enumerate() {
        device.at(second);
        tokens.push(device.refresh(&tokens[place]).await.unwrap());
    }
    device.at(60);
    for old in &tokens[..3] {
        assert_eq!(device.refresh(old).await.as_ref(), Ok(&tokens[3]));
    }
    device.at(60 + 15 * MINUTES);
    device.refresh(&tokens[3]).await.unwrap();
}

#[tokio::test]
async fn an_answer_that_is_lost_twice_is_given_a_third_time() {
    let device = Device::new().await;
    let lost = device.refresh(&device.token).await.unwrap();
    device.at(25);
    assert_eq!(device.refresh(&device.token).await.as_ref(), Ok(&lost));
    device.at(50);
    let heard = device.refresh(&device.token).await.unwrap();
    assert_eq!(heard, lost);
    device.at(15 * MINUTES);
    device.refresh(&heard).await.unwrap();
}

#[tokio::test]
async fn the_minute_of_an_old_token_begins_with_its_first_use_alone() {
    let device = Device::new().await;
    let next = device.refresh(&device.token).await.unwrap();
    for second in [30, 59, 60] {
        device.at(second);
        device.refresh(&device.token).await.unwrap();
    }
    device.at(61);
    assert_eq!(device.refresh(&device.token).await, Err(ended()));
    assert_eq!(device.refresh(&next).await, Err(ended()));
}

#[tokio::test]
async fn of_many_exchanges_in_a_minute_the_last_eight_count() {
    let device = Device::new().await;
    let tokens = device.chain(9).await;
    assert_eq!(device.links().await, 8);
    assert_eq!(device.refresh(&tokens[1]).await.as_ref(), Ok(&tokens[9]));
    assert_eq!(device.refresh(&tokens[0]).await, Err(ended()));
    assert_eq!(device.refresh(&tokens[9]).await, Err(ended()));
}

#[tokio::test]
async fn a_session_lives_on_by_an_old_token_as_well() {
    let device = Device::new().await;
    device.refresh(&device.token).await.unwrap();
    device.at(60);
    let current = device.refresh(&device.token).await.unwrap();
    move_clock(
        &device.world,
        device.began + TimeDelta::days(60) + TimeDelta::seconds(30),
    );
    device.refresh(&current).await.unwrap();
}

#[tokio::test]
async fn a_token_stolen_and_used_at_second_30_is_found_out_as_soon_as_one_of_the_two_is_a_minute_late() {
    let device = Device::new().await;
    let owner = device.refresh(&device.token).await.unwrap();
    device.at(30);
    let thief = device.refresh(&device.token).await.unwrap();
    assert_eq!(thief, owner, "there is one current token, not one for each");
    device.at(15 * MINUTES);
    let owner = device.refresh(&owner).await.unwrap();
    device.at(16 * MINUTES + 1);
    assert_eq!(device.refresh(&thief).await, Err(ended()));
    assert_eq!(device.refresh(&owner).await, Err(ended()));
}

#[tokio::test]
async fn a_token_stolen_and_used_at_second_61_ends_the_session() {
    let device = Device::new().await;
    let owner = device.refresh(&device.token).await.unwrap();
    device.at(61);
    assert_eq!(device.refresh(&device.token).await, Err(ended()));
    assert_eq!(device.refresh(&owner).await, Err(ended()));
}

#[tokio::test]
async fn a_token_stolen_and_used_at_the_next_refresh_but_one_ends_the_session() {
    let device = Device::new().await;
    let mut owner = device.token.clone();
    for quarter in 0..3 {
        device.at(quarter * 15 * MINUTES);
        owner = device.refresh(&owner).await.unwrap();
    }
    assert_eq!(device.refresh(&device.token).await, Err(ended()));
    assert_eq!(device.refresh(&owner).await, Err(ended()));
}

#[tokio::test]
async fn two_nodes_give_the_same_token() {
    if !is_production() {
        return;
    }
    let device = Device::new().await;
    let second = device.world.second_node().await;
    second.app.clock.set(Some(device.began));
    let both = join_all([
        refreshed(&device.world.node, &device.token),
        refreshed(&second, &device.token),
    ])
    .await;
    assert_eq!(both[0], both[1]);
    let current = both[0].clone().unwrap();
    let next = refreshed(&second, &current).await.unwrap();
    assert_eq!(device.refresh(&device.token).await.as_ref(), Ok(&next));
}

#[tokio::test]
async fn a_change_of_the_servers_key_between_two_tabs_ends_no_session() {
    let device = Device::new().await;
    let one = device.refresh(&device.token).await.unwrap();
    let changed = device.world.node_with_another_key();
    device.at(10);
    let two = refreshed(&changed, &device.token).await.unwrap();
    assert_ne!(two, one, "what was made with the old key can't be made again");
    // Whoever comes now gets the same, without a new minute.
    device.at(60);
    assert_eq!(refreshed(&changed, &device.token).await.as_ref(), Ok(&two));
    // Both are good until one of them is used, and the other one leads on for a minute.
    device.at(15 * MINUTES);
    let one = refreshed(&changed, &one).await.unwrap();
    device.at(15 * MINUTES + 20);
    let two = refreshed(&changed, &two).await.unwrap();
    device.at(30 * MINUTES);
    let one = refreshed(&changed, &one).await.unwrap();
    device.at(31 * MINUTES + 1);
    assert_eq!(refreshed(&changed, &two).await, Err(ended()));
    assert_eq!(refreshed(&changed, &one).await, Err(ended()));
}

#[tokio::test]
async fn an_answer_lost_with_the_servers_key_is_given_anew() {
    let device = Device::new().await;
    device.refresh(&device.token).await.unwrap();
    let changed = device.world.node_with_another_key();
    device.at(60);
    let heard = refreshed(&changed, &device.token).await.unwrap();
    device.at(15 * MINUTES);
    refreshed(&changed, &heard).await.unwrap();
    device.at(15 * MINUTES + 61);
    assert_eq!(refreshed(&changed, &device.token).await, Err(ended()));
}

#[tokio::test]
async fn what_a_node_of_the_release_before_has_exchanged_leads_on_as_well() {
    let device = Device::new().await;
    let hash = |seed: u8| Sha256::digest([seed; 32]).to_vec();
    let db = device.world.app().db.primary();
    // It makes a random successor, and keeps the hash of what was used.
    let used = session::Entity::find().all(db).await.unwrap();
    let used = used.iter().max_by_key(|session| session.created_at).unwrap();
    let exchange = session::Entity::update_many()
        .col_expr(session::Column::PreviousHash, Expr::value(used.current_hash.clone()))
        .col_expr(session::Column::CurrentHash, Expr::value(hash(7)))
        .col_expr(session::Column::RotatedAt, Expr::value(device.began))
        .filter(session::Column::Id.eq(used.id));
    assert_eq!(exchange.exec(db).await.unwrap().rows_affected, 1);
    device.at(30);
    let heard = device.refresh(&device.token).await.unwrap();
    device.at(60);
    assert_eq!(device.refresh(&device.token).await.as_ref(), Ok(&heard));
    device.at(61);
    assert_eq!(device.refresh(&device.token).await, Err(ended()));
}

#[tokio::test]
async fn a_node_of_the_release_before_knows_what_was_used_last() {
    let device = Device::new().await;
    let first = session::Entity::find()
        .all(device.world.app().db.primary())
        .await
        .unwrap();
    device.at(5);
    device.refresh(&device.token).await.unwrap();
    let now = session::Entity::find()
        .all(device.world.app().db.primary())
        .await
        .unwrap();
    let changed: Vec<_> = now.iter().filter(|session| !first.contains(session)).collect();
    let before = first.iter().find(|session| session.id == changed[0].id).unwrap();
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0].previous_hash.as_ref(), Some(&before.current_hash));
    assert_eq!(changed[0].rotated_at, device.began + TimeDelta::seconds(5));
}

#[tokio::test]
async fn salts_are_thrown_away_after_a_minute() {
    let device = Device::new().await;
    let tokens = device.chain(2).await;
    assert_eq!(device.links().await, 2);
    device.at(60);
    assert_eq!(account::forget_links(device.world.app()).await.unwrap(), 0);
    device.at(61);
    assert_eq!(account::forget_links(device.world.app()).await.unwrap(), 2);
    assert_eq!(device.links().await, 0);
    // By the next exchange, too.
    let next = device.refresh(&tokens[2]).await.unwrap();
    assert_eq!(device.links().await, 1);
    device.at(15 * MINUTES);
    device.refresh(&next).await.unwrap();
    assert_eq!(device.links().await, 1);
}

#[tokio::test]
async fn nothing_that_is_kept_is_a_token() {
    let device = Device::new().await;
    let tokens = device.chain(3).await;
    let db = device.world.app().db.primary();
    let sessions = session::Entity::find().all(db).await.unwrap();
    let links = session_link::Entity::find().all(db).await.unwrap();
    assert_eq!(links.len(), 3);
    let kept = sessions
        .into_iter()
        .flat_map(|row| {
            [
                Some(row.key_hash),
                Some(row.current_hash),
                row.sibling_hash,
                row.previous_hash,
            ]
        })
        .flatten();
    let kept: Vec<_> = kept
        .chain(links.into_iter().flat_map(|link| [link.hash, link.salt]))
        .collect();
    for token in tokens {
        let token = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, token).unwrap();
        for part in [&token[..16], &token[16..]] {
            assert!(kept.iter().all(|bytes| bytes != part));
        }
    }
}
