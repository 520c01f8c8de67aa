//! From where accounts have signed in: kept as keyed hashes for 30 days, so that guesses of others from the same address shut out
//! nobody who belongs there.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::super::{rules::NETWORK_KNOWN, store};
use crate::{
    app::App,
    platform::{
        auth::{attempts::Known, secret::keyed_hash},
        db::Reader,
        error::Result,
        http::Client,
    },
};

/// A login at a network.
pub(super) struct Origin<'a> {
    app: &'a App,
    network: Vec<u8>,
    login: Vec<u8>,
}

impl<'a> Origin<'a> {
    /// That of a client. With another key of the server, no network is known.
    pub(super) fn new(app: &'a App, login: &str, client: &Client) -> Self {
        let (key, network) = (app.signer.secret("known networks"), client.network());
        Self {
            app,
            // No network has a NUL in it.
            login: keyed_hash(&key, &format!("{network}\0{login}")),
            network: keyed_hash(&key, &network),
        }
    }

    /// Where to look, and since when a sign-in counts.
    fn asked(&self) -> (Arc<Reader>, DateTime<Utc>) {
        let since = self.app.clock.system() - NETWORK_KNOWN;
        (Reader::passing(&self.app.db, None), since)
    }

    /// Hashes of login and network, and of the network alone.
    pub(super) fn into_hashes(self) -> (Vec<u8>, Vec<u8>) {
        (self.login, self.network)
    }
}

#[async_trait]
impl Known for Origin<'_> {
    async fn has_signed_in(&self) -> Result<bool> {
        let (reader, since) = self.asked();
        store::is_network_known(&reader, &self.login, since).await
    }

    async fn accounts(&self) -> Result<u32> {
        let (reader, since) = self.asked();
        let count = store::accounts_of_network(&reader, &self.network, since).await?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }
}

/// Makes a guess at the password of the account with that login; `guess` says whether it was right.
///
/// # Errors
/// `RATE_LIMITED`; what `guess` fails with.
pub(super) async fn watch(
    app: &App,
    login: &str,
    client: &Client,
    guess: impl Future<Output = Result<bool>>,
) -> Result<bool> {
    let origin = Origin::new(app, login, client);
    app.attempts.watch(login, client, &origin, guess).await
}

/// Forgets networks from which nobody has signed in for 30 days, and returns how many.
///
/// # Errors
/// The database's; the next time goes on.
pub async fn forget_networks(app: &App) -> Result<u64> {
    app.db
        .write(None, |tx| {
            Box::pin(async move { store::delete_networks_before(tx, tx.clock().system() - NETWORK_KNOWN).await })
        })
        .await
}
