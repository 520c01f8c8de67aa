//! Accounts that the run is signed in with.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::json;
use tokio::time::sleep;

use super::{api::Api, tally::Tally};

/// Access tokens are good for 15 minutes.
const RENEW: Duration = Duration::from_secs(600);
/// How long to wait before a failed renewal is tried again.
const PAUSE: Duration = Duration::from_secs(5);

/// Somebody who is signed in.
#[derive(Debug)]
pub(super) struct Account {
    login: String,
    password: String,
    token: Mutex<String>,
}

impl Account {
    /// Signs in.
    ///
    /// # Errors
    /// A sentence.
    pub(super) async fn sign_in(api: &Api, node: usize, login: &str, password: &str) -> Result<Self, String> {
        let token = sign_in(api, node, login, password).await?;
        Ok(Self {
            login: login.to_owned(),
            password: password.to_owned(),
            token: Mutex::new(token),
        })
    }

    /// Signs in for the first time, by the secret that staff hand out, and chooses a password.
    ///
    /// # Errors
    /// A sentence.
    pub(super) async fn first_sign_in(api: &Api, node: usize, login: &str, secret: &str) -> Result<Self, String> {
        let token = sign_in(api, node, login, secret).await?;
        let password = format!("{:032x}", rand::random::<u128>());
        let input = json!({ "currentPassword": secret, "newPassword": password });
        let change = ("accountPasswordChange", "account { login }");
        api.mutate(node, Some(&token), change, input).await?;
        Ok(Self {
            login: login.to_owned(),
            password,
            token: Mutex::new(token),
        })
    }

    /// The access token of now.
    pub(super) fn token(&self) -> String {
        self.token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Keeps accounts signed in for ever.
pub(super) async fn renew(api: Api, accounts: Vec<Arc<Account>>, tally: Arc<Tally>) {
    loop {
        sleep(RENEW).await;
        for (node, account) in accounts.iter().enumerate() {
            for node in node.. {
                match sign_in(&api, node, &account.login, &account.password).await {
                    Ok(token) => {
                        *account.token.lock().unwrap_or_else(PoisonError::into_inner) = token;
                        break;
                    }
                    Err(error) => tally.problem(&error),
                }
                sleep(PAUSE).await;
            }
        }
    }
}

async fn sign_in(api: &Api, node: usize, login: &str, password: &str) -> Result<String, String> {
    let input = json!({ "login": login, "password": password });
    let payload = api
        .mutate(node, None, ("sessionCreate", "accessToken"), input)
        .await
        .map_err(|error| format!("{login} cannot sign in at {}: {error}", api.node(node)))?;
    match payload["accessToken"].as_str() {
        Some(token) => Ok(token.to_owned()),
        None => Err(format!("{login} gets no token at {}", api.node(node))),
    }
}
