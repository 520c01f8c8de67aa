//! Guessing made slow, without shutting out whom the account belongs to.
//!
//! Failures count for a login *at an address*: each makes the next guess from there wait longer, and elsewhere nobody notices, so
//! strangers lock nobody out. Per address only failures count, since a whole school sits behind one.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use sha2::{Digest, Sha256};
use tokio::sync::Notify;

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
    turns: HashMap<String, Weak<Turn>>,
    addresses: HashMap<String, Weak<Address>>,
}

type Turn = tokio::sync::Mutex<()>;

/// An address from which guesses are under way.
#[derive(Debug, Default)]
struct Address {
    /// How many there are, those that wait included.
    guests: AtomicU32,
    /// How many are being verified. Each may fail, so each takes one of the failures that are left.
    verified: AtomicU32,
    /// One of them is done.
    done: Notify,
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
        let (turn, known) = self.under_way(&key, &address);
        let _guest = Counted::of(&known, |known| &known.guests, MOST).ok_or(Error::RateLimited(FIRST_PAUSE))?;
        let _turn = turn.lock().await;
        let of_login = self.rates.failures([&key]).await[0];
        let wait = pause(of_login.count).saturating_sub(of_login.age(self.rates.now()));
        if !wait.is_zero() {
            return Err(Error::RateLimited(wait));
        }
        let _verified = self.admit(&address, &known).await?;
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

    /// Waits until there is a failure left for one more guess of the address.
    async fn admit<'a>(&self, address: &str, known: &'a Address) -> Result<Counted<'a>> {
        loop {
            let done = known.done.notified();
            let failures = self.rates.failures([address]).await[0];
            if failures.count >= MOST {
                let age = failures.age(self.rates.now());
                return Err(Error::RateLimited(WINDOW.saturating_sub(age).max(FIRST_PAUSE)));
            }
            if let Some(counted) = Counted::of(known, |known| &known.verified, MOST - failures.count) {
                return Ok(counted);
            }
            done.await;
        }
    }

    fn under_way(&self, key: &str, address: &str) -> (Arc<Turn>, Arc<Address>) {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        (
            shared(&mut under_way.turns, key),
            shared(&mut under_way.addresses, address),
        )
    }
}

/// What all who know a key share, as long as one of them holds it.
fn shared<T: Default>(known: &mut HashMap<String, Weak<T>>, key: &str) -> Arc<T> {
    if let Some(found) = known.get(key).and_then(Weak::upgrade) {
        return found;
    }
    // Only when the table would grow anyhow, so that the cost is spread.
    if known.len() == known.capacity() {
        known.retain(|_, found| found.strong_count() > 0);
    }
    let new = Arc::default();
    known.insert(key.to_owned(), Arc::downgrade(&new));
    new
}

/// One that is counted until it is dropped.
struct Counted<'a> {
    address: &'a Address,
    count: fn(&Address) -> &AtomicU32,
}

impl<'a> Counted<'a> {
    /// One more, if there are fewer than `most`.
    fn of(address: &'a Address, count: fn(&Address) -> &AtomicU32, most: u32) -> Option<Self> {
        let more = |count: u32| (count < most).then_some(count + 1);
        let order = Ordering::Relaxed;
        count(address).fetch_update(order, order, more).ok()?;
        Some(Self { address, count })
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        (self.count)(self.address).fetch_sub(1, Ordering::Relaxed);
        self.address.done.notify_waiters();
    }
}

/// How long to wait after so many failures.
fn pause(failures: u32) -> Duration {
    match failures.checked_sub(FREE) {
        None => Duration::ZERO,
        Some(more) => FIRST_PAUSE.saturating_mul(1 << more.min(16)).min(LONGEST_PAUSE),
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
