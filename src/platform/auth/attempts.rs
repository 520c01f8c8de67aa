//! Guessing made slow, without shutting out whom the account belongs to.
//!
//! Failures count for a login *at an address*: each makes the next guess from there wait longer, and elsewhere nobody notices, so
//! strangers lock nobody out. Per address only failures count, since a whole school sits behind one; and per login from wherever they
//! come, against those who guess from many addresses.
//!
//! Both collective limits leave a way to those who have signed in from where they are (see [`Known`]): beyond the limit of the address
//! they have one guess in a quarter of an hour, and the limit of the login isn't theirs. Whose accounts belong to an address is nothing
//! that guesses can bring about.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use tokio::sync::{Notify, OnceCell};

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
/// Further failures of an address for each account that is known there.
const MORE: u32 = 2;
/// Failures of an address, however many accounts are known there.
const MOST_OF_ALL: u32 = 1_000;
/// From the first failure on.
const WINDOW: Duration = Duration::from_secs(10 * 60);
/// Failures of a login in [`LOGIN_WINDOW`], from all addresses together, that cost no time.
const LOGIN_MOST: u32 = 50;
/// From the first failure on.
const LOGIN_WINDOW: Duration = Duration::from_secs(3600);

/// What is known of a login and an address from earlier sign-ins. It is asked only when a collective limit is reached.
#[async_trait]
pub trait Known: Send + Sync {
    /// Whether the login has signed in from there.
    async fn has_signed_in(&self) -> Result<bool>;

    /// How many accounts have signed in from there: those of the organisation that has most.
    async fn accounts(&self) -> Result<u32>;
}

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
    /// By address, and by login.
    crowds: HashMap<String, Weak<Crowd>>,
}

type Turn = tokio::sync::Mutex<()>;

/// Guesses that are under way from one address, or at one login.
#[derive(Debug, Default)]
struct Crowd {
    /// How many there are, those that wait included.
    guests: AtomicU32,
    /// How many are being verified. Each may fail, so each takes one of the failures that are left.
    verified: AtomicU32,
    /// One of them is done.
    done: Notify,
}

/// A guess, and under which names it is counted.
struct Guess<'a> {
    /// Login at an address.
    here: String,
    address: String,
    /// Failures of the login in the last hour, and the last of them.
    login: String,
    last: String,
    known: &'a dyn Known,
    /// What `known` says, once it was asked.
    is_known: OnceCell<bool>,
    accounts: OnceCell<u32>,
}

impl<'a> Guess<'a> {
    fn new(login: &str, client: &Client, known: &'a dyn Known) -> Self {
        // Hashed, so that no store of counts holds logins.
        let login: String = Sha256::digest(login)[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let address = format!("guess:{}", client.network());
        Self {
            here: format!("{address}:{login}"),
            address,
            last: format!("guess-last:{login}"),
            login: format!("guess-login:{login}"),
            known,
            is_known: OnceCell::new(),
            accounts: OnceCell::new(),
        }
    }

    async fn is_known(&self) -> Result<bool> {
        let known = self.is_known.get_or_try_init(|| self.known.has_signed_in());
        known.await.copied()
    }

    async fn accounts(&self) -> Result<u32> {
        self.accounts.get_or_try_init(|| self.known.accounts()).await.copied()
    }
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
    /// `RATE_LIMITED`; what `guess` and `known` fail with.
    pub async fn watch(
        &self,
        login: &str,
        client: &Client,
        known: &dyn Known,
        guess: impl Future<Output = Result<bool>>,
    ) -> Result<bool> {
        let at = Guess::new(login, client, known);
        let (turn, [of_address, of_login]) = self.under_way(&at);
        let _guest = Counted::of(&of_address, |crowd| &crowd.guests, MOST).ok_or(Error::RateLimited(FIRST_PAUSE))?;
        let _turn = turn.lock().await;
        let [here] = self.rates.failures([&at.here]).await;
        let age = here.age(self.rates.now());
        let wait = pause(here.count).saturating_sub(age);
        if !wait.is_zero() {
            return Err(Error::RateLimited(wait));
        }
        // How long a guess beyond the limit of the address has to wait for the one before.
        let one = if here.count > 0 {
            FORGET.saturating_sub(age)
        } else {
            Duration::ZERO
        };
        let _of_address = self.admit_address(&at, &of_address, one).await?;
        let _of_login = self.admit_login(&at, &of_login).await?;
        let is_right = guess.await?;
        if is_right {
            if here.count > 0 {
                self.rates.forget(&at.here).await;
            }
        } else {
            let counts = [
                (at.here.as_str(), FORGET, false),
                (at.address.as_str(), WINDOW, true),
                (at.login.as_str(), LOGIN_WINDOW, true),
                (at.last.as_str(), LONGEST_PAUSE, false),
            ];
            self.rates.failed(&counts).await;
        }
        Ok(is_right)
    }

    /// Waits until there is a failure left for one more guess of the address. Beyond its limit, those who are known there need none: they
    /// have a guess when their last failure there is `one` older.
    async fn admit_address<'a>(&self, at: &Guess<'_>, crowd: &'a Crowd, one: Duration) -> Result<Option<Counted<'a>>> {
        loop {
            let done = crowd.done.notified();
            let [failures] = self.rates.failures([&at.address]).await;
            let mut most = MOST;
            if failures.count >= MOST {
                most = most_of(at.accounts().await?);
            }
            if failures.count >= most {
                let wait = WINDOW.saturating_sub(failures.age(self.rates.now())).max(FIRST_PAUSE);
                return match at.is_known().await? {
                    true if one.is_zero() => Ok(None),
                    true => Err(Error::RateLimited(wait.min(one))),
                    false => Err(Error::RateLimited(wait)),
                };
            }
            if let Some(counted) = Counted::of(crowd, |crowd| &crowd.verified, most - failures.count) {
                return Ok(Some(counted));
            }
            done.await;
        }
    }

    /// Waits until there is a failure left for one more guess at the login. When there is none, a guess has to come a minute after the last
    /// failure; but for those who are known where they are.
    async fn admit_login<'a>(&self, at: &Guess<'_>, crowd: &'a Crowd) -> Result<Option<Counted<'a>>> {
        loop {
            let done = crowd.done.notified();
            let [failures, last] = self.rates.failures([&at.login, &at.last]).await;
            let left = LOGIN_MOST.saturating_sub(failures.count);
            let wait = match (left, last.count) {
                (0, 1..) => LONGEST_PAUSE.saturating_sub(last.age(self.rates.now())),
                _ => Duration::ZERO,
            };
            if wait.is_zero()
                && let Some(counted) = Counted::of(crowd, |crowd| &crowd.verified, left.max(1))
            {
                return Ok(Some(counted));
            }
            if at.is_known().await? {
                return Ok(None);
            }
            if !wait.is_zero() {
                return Err(Error::RateLimited(wait));
            }
            done.await;
        }
    }

    fn under_way(&self, at: &Guess<'_>) -> (Arc<Turn>, [Arc<Crowd>; 2]) {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let crowds = [&at.address, &at.login].map(|key| shared(&mut under_way.crowds, key));
        (shared(&mut under_way.turns, &at.here), crowds)
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
    crowd: &'a Crowd,
    count: fn(&Crowd) -> &AtomicU32,
}

impl<'a> Counted<'a> {
    /// One more, if there are fewer than `most`.
    fn of(crowd: &'a Crowd, count: fn(&Crowd) -> &AtomicU32, most: u32) -> Option<Self> {
        let more = |count: u32| (count < most).then_some(count + 1);
        let order = Ordering::Relaxed;
        count(crowd).fetch_update(order, order, more).ok()?;
        Some(Self { crowd, count })
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        (self.count)(self.crowd).fetch_sub(1, Ordering::Relaxed);
        self.crowd.done.notify_waiters();
    }
}

/// How many failures an address has where so many accounts are known.
fn most_of(accounts: u32) -> u32 {
    MOST.saturating_add(accounts.saturating_mul(MORE)).min(MOST_OF_ALL)
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
    fn accounts_that_are_known_raise_the_limit_of_an_address_up_to_a_thousand() {
        assert_eq!(
            [0, 1, 200, 399, 400, 401, u32::MAX].map(most_of),
            [200, 202, 600, 998, 1000, 1000, 1000]
        );
    }

    #[test]
    fn pauses_grow_up_to_a_minute() {
        let seconds: Vec<u64> = [0, 4, 5, 6, 7, 10, 11, 12, 1000]
            .map(|count| pause(count).as_secs())
            .to_vec();
        assert_eq!(seconds, [0, 0, 1, 2, 4, 32, 60, 60, 60]);
    }
}
