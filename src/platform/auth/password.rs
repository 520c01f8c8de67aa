//! Passwords: argon2id, off the async threads, never more at a time than the machine has cores.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::Semaphore;

use crate::platform::error::{Error, Reason, Result};

/// Characters of a password at least (NIST SP 800-63B, 3.1.1.2).
const SHORTEST: usize = 8;
/// Bytes of a password at most.
const LONGEST: usize = 256;
/// Hashes that may wait for a place: beyond it, waiting would take longer than a client does.
const QUEUE: usize = 500;

/// Hashes and verifies passwords.
#[derive(Clone)]
pub struct Passwords(Arc<Inner>);

struct Inner {
    argon2: Argon2<'static>,
    places: Semaphore,
    cores: usize,
    waiting: AtomicUsize,
    verifications: AtomicU64,
    /// Verified against when there is no account, so that an unknown login takes as long as a known one.
    decoy: String,
}

impl fmt::Debug for Passwords {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Passwords")
    }
}

impl Passwords {
    /// Hashing with this much memory for each hash (KiB) and this many passes.
    ///
    /// # Errors
    /// argon2 refuses the parameters.
    pub fn new(memory_kib: u32, passes: u32) -> Result<Self> {
        let params = Params::new(memory_kib, passes, 1, None).map_err(Error::internal)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let decoy = argon2
            .hash_password(b"nobody has this password")
            .map_err(Error::internal)?
            .to_string();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self(Arc::new(Inner {
            argon2,
            places: Semaphore::new(cores),
            cores,
            waiting: AtomicUsize::new(0),
            verifications: AtomicU64::new(0),
            decoy,
        })))
    }

    /// The hash of a password, in PHC format.
    ///
    /// # Errors
    /// `UNAVAILABLE` when too many wait.
    pub async fn hash(&self, password: &str) -> Result<String> {
        let (inner, password) = (Arc::clone(&self.0), password.to_owned());
        self.run(move || {
            inner
                .argon2
                .hash_password(password.as_bytes())
                .map(|hash| hash.to_string())
                .map_err(Error::internal)
        })
        .await?
    }

    /// The hashes of several passwords, in their order. They don't queue up all at once: whoever signs in meanwhile waits for
    /// few of them.
    ///
    /// # Errors
    /// Like [`Self::hash`].
    pub async fn hash_all(&self, passwords: &[String]) -> Result<Vec<String>> {
        let hashes = stream::iter(passwords.to_vec()).map(|password| {
            let own = self.clone();
            async move { own.hash(&password).await }
        });
        hashes.buffered(self.0.cores).try_collect().await
    }

    /// Whether a password belongs to a hash; without a hash one verification is done all the same.
    ///
    /// # Errors
    /// `UNAVAILABLE` when too many wait; the stored hash is broken.
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool> {
        let (inner, password, hash) = (Arc::clone(&self.0), password.to_owned(), hash.map(str::to_owned));
        self.run(move || {
            inner.verifications.fetch_add(1, Ordering::Relaxed);
            let parsed = PasswordHash::new(hash.as_ref().unwrap_or(&inner.decoy)).map_err(Error::internal)?;
            let fits = inner.argon2.verify_password(password.as_bytes(), &parsed).is_ok();
            Ok(fits && hash.is_some())
        })
        .await?
    }

    /// How many verifications were done.
    #[must_use]
    pub fn verifications(&self) -> u64 {
        self.0.verifications.load(Ordering::Relaxed)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let _waiting = Waiting::of(&self.0.waiting)?;
        let _place = self.0.places.acquire().await.map_err(Error::internal)?;
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)
    }
}

/// A place in the queue.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn of(count: &'a AtomicUsize) -> Result<Self> {
        let waiting = Self(count);
        if count.fetch_add(1, Ordering::Relaxed) < QUEUE {
            Ok(waiting)
        } else {
            Err(Error::Unavailable(Duration::from_secs(5)))
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Checks a password that somebody chose.
///
/// # Errors
/// `INVALID`: too short (8 characters) or too long (256 bytes).
pub fn check(password: &str) -> Result<()> {
    if password.chars().count() < SHORTEST {
        return Err(Error::invalid(
            Reason::TooShort,
            format!("At least {SHORTEST} characters."),
        ));
    }
    if password.len() > LONGEST {
        return Err(Error::invalid(Reason::TooLong, format!("At most {LONGEST} bytes.")));
    }
    Ok(())
}
