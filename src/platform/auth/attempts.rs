//! Guessing made slow, without shutting out whom the account belongs to.
//!
//! Failures count for a login *at an address*: each makes the next guess from there wait longer, and elsewhere nobody notices, so
//! strangers lock nobody out. Per address only failures count, since a whole school sits behind one.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use sha2::{Digest, Sha256};

use crate::platform::{
    error::{Error, Result},
    http::Client,
    rate::Rates,
};

/// Failures of a login at an address that cost no time.
const FREE: u32 = 5;
/// How long the guess after those has to wait; each further failure doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// How long it has to wait at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// When failures of a login at an address are forgotten, from the last one on.
const FORGET: Duration = Duration::from_secs(15 * 60);
/// Failures of an address in [`WINDOW`], and guesses of an address that may be under way.
const MOST: u32 = 200;
/// From the first failure on.
const WINDOW: Duration = Duration::from_secs(10 * 60);

/// Watches over guesses. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Attempts {
    rates: Rates,
    under_way: Arc<Mutex<UnderWay>>,
}

#[derive(Debug, Default)]
struct UnderWay {
    /// One guess at a time for each login at an address, so that a crowd of them can't overtake the count.
    turns: HashMap<String, Weak<tokio::sync::Mutex<()>>>,
    addresses: HashMap<String, u32>,
}

impl Attempts {
    /// Counts in `rates`.
    #[must_use]
    pub fn new(rates: Rates) -> Self {
        Self {
            rates,
            under_way: Arc::default(),
        }
    }

    /// Makes a guess at a login, if it is not too early: `guess` says whether it was right.
    ///
    /// # Errors
    /// `RATE_LIMITED`; what `guess` fails with.
    pub async fn watch(&self, login: &str, client: &Client, guess: impl Future<Output = Result<bool>>) -> Result<bool> {
        // Hashed, so that no store of counts holds logins.
        let login: String = Sha256::digest(login)[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let address = format!("guess:{}", client.network());
        let key = format!("{address}:{login}");
        let turn = self.turn(&key);
        let _ticket = Ticket::of(self, &address)?;
        let _turn = turn.lock().await;
        let [of_login, of_address] = self.rates.failures([&key, &address]).await;
        if of_address.count >= MOST {
            let age = of_address.age(self.rates.now());
            return Err(Error::RateLimited(WINDOW.saturating_sub(age).max(FIRST_PAUSE)));
        }
        let wait = pause(of_login.count).saturating_sub(of_login.age(self.rates.now()));
        if !wait.is_zero() {
            return Err(Error::RateLimited(wait));
        }
        let is_right = guess.await?;
        if is_right {
            if of_login.count > 0 {
                self.rates.forget(&key).await;
            }
        } else {
            let counts = [(key.as_str(), FORGET, false), (address.as_str(), WINDOW, true)];
            self.rates.failed(&counts).await;
        }
        Ok(is_right)
    }

    fn turn(&self, key: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = under_way.turns.get(key).and_then(Weak::upgrade) {
            return turn;
        }
        if under_way.turns.len() == under_way.turns.capacity() {
            under_way.turns.retain(|_, turn| turn.strong_count() > 0);
        }
        let turn = Arc::default();
        under_way.turns.insert(key.to_owned(), Arc::downgrade(&turn));
        turn
    }
}

/// How long to wait after so many failures.
fn pause(failures: u32) -> Duration {
    match failures.checked_sub(FREE) {
        None => Duration::ZERO,
        Some(more) => FIRST_PAUSE.saturating_mul(1 << more.min(16)).min(LONGEST_PAUSE),
    }
}

/// A guess that is under way.
struct Ticket<'a> {
    attempts: &'a Attempts,
    address: String,
}

impl<'a> Ticket<'a> {
    fn of(attempts: &'a Attempts, address: &str) -> Result<Self> {
        let mut under_way = attempts.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let count = under_way.addresses.entry(address.to_owned()).or_default();
        if *count >= MOST {
            return Err(Error::RateLimited(FIRST_PAUSE));
        }
        *count += 1;
        Ok(Self {
            attempts,
            address: address.to_owned(),
        })
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let mut under_way = self.attempts.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = under_way.addresses.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                under_way.addresses.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_minute() {
        let seconds: Vec<u64> = [0, 4, 5, 6, 7, 10, 11, 12, 1000]
            .map(|count| pause(count).as_secs())
            .to_vec();
        assert_eq!(seconds, [0, 0, 1, 2, 4, 32, 60, 60, 60]);
    }
}
