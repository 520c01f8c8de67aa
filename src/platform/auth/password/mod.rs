//! Passwords: argon2id, off the async threads, never more at a time than the machine has cores.
//!
//! A password is hashed in its form NFKC, so that it is the same from every keyboard. Earlier releases hashed it as it was typed. Which of
//! both a hash is of stands in the hash itself, as its `keyid`: a node of an earlier release that replaces a password can't leave a mark
//! behind that is not true any more, as it could beside the hash; it reads hashes with the mark, since a key id has no part in the
//! computation; and what it writes has none.

mod guessable;

use std::{
    borrow::Cow,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use argon2::{
    Algorithm, Argon2, KeyId, ParamsBuilder, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::Semaphore;

pub use self::guessable::Own;
use crate::platform::{
    error::{Error, Reason, Result},
    unicode::nfkc,
};

/// Characters of a password at least (NIST SP 800-63B, 3.1.1.2).
const SHORTEST: usize = 8;
/// Bytes of a password at most.
const LONGEST: usize = 256;
/// Hashes that may wait for a place: beyond it, waiting would take longer than a client does.
const QUEUE: usize = 500;
/// The parameter of a hash that says of which form of the password it is.
const FORM: &str = "keyid";
/// Its value, before it is encoded, for hashes of the form NFKC.
const NFKC: &[u8] = b"nfkc";

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
        let mut params = ParamsBuilder::new();
        params.m_cost(memory_kib).t_cost(passes).p_cost(1);
        params.keyid(KeyId::new(NFKC).map_err(Error::internal)?);
        let params = params.build().map_err(Error::internal)?;
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

    /// The hash of a password in its form NFKC, in PHC format.
    ///
    /// # Errors
    /// `UNAVAILABLE` when too many wait.
    pub async fn hash(&self, password: &str) -> Result<String> {
        let (inner, password) = (Arc::clone(&self.0), nfkc(password).into_owned());
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

    /// Whether a password belongs to a hash, in the form that the hash is of; without a hash one verification is done all the same.
    ///
    /// # Errors
    /// `UNAVAILABLE` when too many wait; the stored hash is broken.
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool> {
        // Nobody has a longer one: it is wrong before it is normalised, and costs what others cost.
        let is_possible = password.len() <= LONGEST;
        let password = if is_possible {
            password.to_owned()
        } else {
            String::new()
        };
        let (inner, hash) = (Arc::clone(&self.0), hash.map(str::to_owned));
        self.run(move || {
            inner.verifications.fetch_add(1, Ordering::Relaxed);
            let parsed = PasswordHash::new(hash.as_ref().unwrap_or(&inner.decoy)).map_err(Error::internal)?;
            let typed = if is_normalised(&parsed) {
                nfkc(&password)
            } else {
                Cow::Borrowed(&*password)
            };
            let fits = inner.argon2.verify_password(typed.as_bytes(), &parsed).is_ok();
            Ok(fits && hash.is_some() && is_possible)
        })
        .await?
    }

    /// What replaces a hash of an earlier release, now that the password is known to belong to it. None if nothing has to, or can.
    ///
    /// # Errors
    /// Like [`Self::hash`].
    pub async fn renewed(&self, password: &str, hash: &str) -> Result<Option<String>> {
        let mut parsed = PasswordHash::new(hash).map_err(Error::internal)?;
        let normalised = nfkc(password);
        if is_normalised(&parsed) || normalised.len() > LONGEST {
            return Ok(None);
        }
        if normalised != password {
            return self.hash(password).await.map(Some);
        }
        // The two forms are the same: all that is missing is the mark.
        parsed.params.add_b64_bytes(FORM, NFKC).map_err(Error::internal)?;
        Ok(Some(parsed.to_string()))
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

/// Whether a hash is of the form NFKC.
fn is_normalised(hash: &PasswordHash) -> bool {
    let form = hash.params.get_str(FORM).and_then(|form| form.parse::<KeyId>().ok());
    form.is_some_and(|form| form.as_bytes() == NFKC)
}

/// Whether two passwords are one, however they were typed.
#[must_use]
pub fn is_same(one: &str, other: &str) -> bool {
    one == other || [one, other].iter().all(|text| text.len() <= LONGEST) && nfkc(one) == nfkc(other)
}

/// Checks a password that somebody chose.
///
/// # Errors
/// `INVALID`: too short (8 characters), too long (256 bytes), as it was typed or normalised, or too easy to guess.
pub fn check(password: &str, own: Own<'_>) -> Result<()> {
    let too_long = || Error::invalid(Reason::TooLong, format!("At most {LONGEST} bytes."));
    // Before it is normalised, which makes a long text much longer.
    if password.len() > LONGEST {
        return Err(too_long());
    }
    let normalised = nfkc(password);
    if normalised.chars().count() < SHORTEST {
        return Err(Error::invalid(
            Reason::TooShort,
            format!("At least {SHORTEST} characters."),
        ));
    }
    if normalised.len() > LONGEST {
        return Err(too_long());
    }
    if guessable::is_guessable(&normalised, own) {
        return Err(Error::invalid(
            Reason::TooCommon,
            "This is guessed first: choose one that many others don't have, and that doesn't contain your login or name.",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use argon2::Params;

    use super::*;

    const OWN: Own<'static> = Own {
        login: "nobody",
        name: "Nobody",
    };

    fn passwords() -> Passwords {
        Passwords::new(8, 1).unwrap_or_else(|error| panic!("{error:?}"))
    }

    fn reason(result: Result<()>) -> Option<Reason> {
        result.err()?.into_refusals().ok()?.first()?.reason
    }

    #[test]
    fn length_is_judged_as_typed_and_normalised() {
        // Eight signs that are three, eight bytes that are four letters, a sign that becomes eighteen.
        for (password, expected) in [
            ("e\u{301}e\u{301}e\u{301}e\u{301}", Reason::TooShort),
            ("\u{fb01}\u{fb01}\u{fb01}x", Reason::TooShort),
            (&*"\u{fdfa}".repeat(8), Reason::TooLong),
            (&*"\u{fdfa}".repeat(100), Reason::TooLong),
            ("aaaaaaaa", Reason::TooCommon),
        ] {
            assert_eq!(reason(check(password, OWN)), Some(expected), "{password}");
        }
        for password in ["\u{fb01}\u{fb01}\u{fb01}xy", "correct horse", &*"ab".repeat(128)] {
            assert_eq!(reason(check(password, OWN)), None, "{password}");
        }
    }

    #[tokio::test]
    async fn a_hash_says_of_which_form_it_is() {
        let passwords = passwords();
        let of = |result: Result<String>| result.unwrap_or_else(|error| panic!("{error:?}"));
        let typed = "caf\u{e9} \u{fb01}ve";
        let hash = of(passwords.hash("cafe\u{301} five").await);
        assert!(hash.contains(",keyid=bmZrYw$"), "{hash}");
        assert!(matches!(passwords.verify(typed, Some(&hash)).await, Ok(true)));
        // As an earlier release has left it.
        let plain = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT);
        let old = plain.hash_password(typed.as_bytes()).map(|hash| hash.to_string());
        let old = of(old.map_err(Error::internal));
        assert!(matches!(passwords.verify(typed, Some(&old)).await, Ok(true)));
        assert!(matches!(
            passwords.verify("cafe\u{301} five", Some(&old)).await,
            Ok(false)
        ));
        let Ok(Some(renewed)) = passwords.renewed(typed, &old).await else {
            panic!("it is not renewed")
        };
        assert!(matches!(
            passwords.verify("cafe\u{301} five", Some(&renewed)).await,
            Ok(true)
        ));
        assert!(matches!(passwords.renewed(typed, &renewed).await, Ok(None)));
    }

    #[tokio::test]
    async fn a_release_that_knows_no_mark_reads_hashes_that_have_one() {
        let passwords = passwords();
        let Ok(hash) = passwords.hash("correct horse").await else {
            panic!("no hash")
        };
        // What it does is this.
        let parsed = PasswordHash::new(&hash).map_err(Error::internal);
        let plain = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT);
        assert!(parsed.is_ok_and(|parsed| plain.verify_password(b"correct horse", &parsed).is_ok()));
    }
}
