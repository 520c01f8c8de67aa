//! One error for the whole server, and what of it a client gets to see.
//!
//! What the caller can mend is a [`Refusal`]: mutations return it in `userErrors`, queries as a top-level error.
//! Everything else is a top-level error with `extensions.code`; its cause is logged and never leaves the process.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_graphql::{Enum, ErrorExtensionValues, SimpleObject};
use sea_orm::{DbErr, RuntimeErr, sqlx};
use uuid::Uuid;

/// The result of everything that can go wrong.
pub type Result<T> = std::result::Result<T, Error>;

/// What kind of problem an error is: decides what a client does next.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(name = "ErrorCode")]
pub enum Code {
    /// The input breaks a rule; show `message` at `field`.
    Invalid,
    /// There is no such object, or the viewer may not see it: the two are not told apart.
    NotFound,
    /// The viewer sees the object, but may not do this; `reason` says why.
    Forbidden,
    /// The object has changed meanwhile, or the key was used for something else. The payload carries the object as it
    /// is now.
    Conflict,
    /// There is no access token, or it is no longer good: refresh the session, then repeat. Always a top-level error.
    Unauthenticated,
    /// Too many requests: wait `retryAfterMs`. Always a top-level error.
    RateLimited,
    /// Not possible right now; nothing is lost by repeating after `retryAfterMs` with the same `idempotencyKey`. Always
    /// a top-level error.
    Unavailable,
    /// A fault of the server; quote `requestId` when you report it. Always a top-level error.
    Internal,
}

/// Why, exactly. Further values may appear: treat an unknown one like none.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[graphql(name = "ErrorReason")]
pub enum Reason {
    /// The field must be given and must not be empty.
    Required,
    /// The value doesn't have the form that its type asks for.
    Malformed,
    /// The text is too short.
    TooShort,
    /// The text or list is too long.
    TooLong,
    /// The password is one of those that are guessed first: one character over and over, a very common one, or one that contains the own
    /// login or name.
    TooCommon,
    /// The number, date or choice is outside what is allowed here.
    OutOfRange,
    /// The object has a newer version than `expectedVersion`: show it, then repeat with the new version.
    StaleVersion,
    /// This `idempotencyKey` was used with another input.
    KeyReused,
    /// The phase isn't open (a coordinator opens it).
    PhaseNotOpen,
    /// The viewer's role in this space, or kind of account, doesn't allow it.
    RoleNotAllowed,
    /// Pupils may do this only by a grant, which a coordinator gives.
    NeedsGrant,
    /// Nobody decides about their own work, or reports it.
    OwnContent,
    /// Somebody else has decided already: the payload carries the decision.
    AlreadyDecided,
    /// Reports about it wait: decide them, and it comes back.
    ReportOpen,
    /// Pupils who co-moderate leave alone what staff wrote, or must judge.
    StaffContent,
    /// Only its author may do this.
    NotAuthor,
    /// Only pupils with the mobility status `MOBILE` may do this.
    NotMobile,
    /// Only those who are named as co-authors may do this.
    NotCoAuthor,
    /// Only the member who was asked for this review may do this.
    NotReviewer,
    /// A reviewer declines once in a round.
    AlreadyDeclined,
    /// The thread is locked.
    ThreadLocked,
    /// The file is not ready: it is still uploaded or processed, or it was refused.
    FileNotReady,
    /// An image or video needs a description for those who can't see it (`altText`) before it is published.
    AltTextRequired,
    /// No file of this type is taken.
    UnsupportedType,
    /// The space, or the member, has no room left for media.
    QuotaExceeded,
    /// Nothing has arrived where the file was to be uploaded, or only some of its parts.
    UploadIncomplete,
    /// What has arrived is not what was announced: its size or SHA-256 differ.
    UploadMismatch,
    /// It isn't in a state in which this is possible.
    StateNotAllowed,
    /// It has replies, so it can't be withdrawn any more.
    HasReplies,
    /// The time for this has run out.
    TooLate,
    /// Only staff of the same school may do this.
    OtherSchool,
    /// The account is a member already.
    AlreadyMember,
    /// Every organisation of a space keeps at least one coordinator.
    LastCoordinator,
    /// The login name is taken.
    LoginTaken,
    /// Login and password don't belong together.
    CredentialsWrong,
    /// The session has ended: sign in again.
    SessionEnded,
    /// The one-time secret must be replaced by an own password first.
    PasswordChangeRequired,
}

impl Reason {
    /// The name in the API.
    #[must_use]
    pub fn name(self) -> String {
        enum_name(self)
    }
}

fn enum_name<T: async_graphql::resolver_utils::EnumType>(value: T) -> String {
    match async_graphql::resolver_utils::enum_value(value) {
        async_graphql::Value::Enum(name) => name.to_string(),
        _ => String::new(),
    }
}

/// A problem that the caller can mend.
#[derive(SimpleObject, Clone, Debug, PartialEq, Eq)]
#[graphql(name = "UserError")]
pub struct Refusal {
    /// What kind of problem it is.
    pub code: Code,
    /// Why, exactly; null if `code` says it all.
    pub reason: Option<Reason>,
    /// An English sentence for developers and logs; clients translate `code` and `reason`.
    pub message: String,
    /// Path of the faulty input below `input`, at most 4 steps, list positions as decimals: `["rows", "3", "birthYear"]`. Null
    /// if it is not about one field.
    pub field: Option<Vec<String>>,
    /// What the client's key stands for already, for resolvers to show.
    #[graphql(skip)]
    pub stands_for: Option<Uuid>,
}

/// Everything that can go wrong. Not `Display`, so that no text of it can slip into an answer.
#[derive(Clone, Debug)]
pub enum Error {
    /// The caller can mend it.
    Refused(Vec<Refusal>),
    /// No token, or a dead one.
    Unauthenticated,
    /// Too many requests.
    RateLimited(Duration),
    /// A dependency is away or overloaded.
    Unavailable(Duration),
    /// The database asks to run the unit of work again; never leaves `platform::db`.
    Contended,
    /// A bug or a broken dependency; the text is for the log.
    Internal(Arc<str>),
}

impl Error {
    /// One refusal.
    pub fn refused(code: Code, reason: impl Into<Option<Reason>>, message: impl Into<String>) -> Self {
        Self::Refused(vec![Refusal {
            code,
            reason: reason.into(),
            message: message.into(),
            field: None,
            stands_for: None,
        }])
    }

    /// The client's key stands for something else already.
    #[must_use]
    pub fn key_reused(stands_for: Uuid) -> Self {
        Self::Refused(vec![Refusal {
            code: Code::Conflict,
            reason: Some(Reason::KeyReused),
            message: "This key was used with another input.".to_owned(),
            field: Some(vec!["idempotencyKey".to_owned()]),
            stands_for: Some(stands_for),
        }])
    }

    /// The input breaks a rule.
    pub fn invalid(reason: Reason, message: impl Into<String>) -> Self {
        Self::refused(Code::Invalid, reason, message)
    }

    /// There is nothing that the caller may see.
    #[must_use]
    pub fn not_found() -> Self {
        Self::refused(Code::NotFound, None, "There is no such object, or you may not see it.")
    }

    /// Seen, but not allowed.
    #[must_use]
    pub fn forbidden(reason: Reason) -> Self {
        let message = match reason {
            Reason::PhaseNotOpen => "The phase isn't open.",
            Reason::RoleNotAllowed => "Your role doesn't allow this.",
            Reason::NotAuthor => "Only the author may do this.",
            Reason::NotMobile => "Only mobile pupils write journal entries.",
            Reason::NotCoAuthor => "Only those who are named as co-authors may do this.",
            Reason::ThreadLocked => "The thread is locked.",
            Reason::StateNotAllowed => "This isn't possible in the state that it is in.",
            Reason::FileNotReady => "The file is not ready.",
            Reason::AltTextRequired => "It needs a description for those who can't see it.",
            Reason::HasReplies => "It has replies.",
            Reason::TooLate => "The time for this has run out.",
            Reason::OtherSchool => "Only staff of the same school may do this.",
            Reason::LastCoordinator => "Every organisation of a space keeps at least one coordinator.",
            Reason::PasswordChangeRequired => "Replace the one-time secret by an own password first.",
            _ => "You may not do this.",
        };
        Self::refused(Code::Forbidden, reason, message)
    }

    /// `expectedVersion` isn't the version of now.
    #[must_use]
    pub fn stale() -> Self {
        Self::refused(
            Code::Conflict,
            Reason::StaleVersion,
            "It has changed since the version that you expect.",
        )
    }

    /// A bug or a broken dependency; `cause` goes to the log only.
    pub fn internal(cause: impl std::fmt::Debug) -> Self {
        Self::Internal(format!("{cause:?}").into())
    }

    /// The same for something that is known to be wrong, in words for the log.
    pub fn broken(words: impl Into<Arc<str>>) -> Self {
        Self::Internal(words.into())
    }

    /// Puts `steps` in front of the field of every refusal.
    #[must_use]
    pub fn at(self, steps: &[&str]) -> Self {
        match self {
            Self::Refused(mut refusals) => {
                for refusal in &mut refusals {
                    let mut path: Vec<_> = steps.iter().map(|&step| step.to_owned()).collect();
                    path.extend(refusal.field.take().unwrap_or_default());
                    refusal.field = Some(path);
                }
                Self::Refused(refusals)
            }
            other => other,
        }
    }

    /// Says which field named what isn't there, unless that is said already.
    #[must_use]
    pub fn missing(self, field: &str) -> Self {
        match self {
            Self::Refused(mut refusals) => {
                for refusal in refusals.iter_mut().filter(|refusal| refusal.code == Code::NotFound) {
                    refusal.field.get_or_insert_with(|| vec![field.to_owned()]);
                }
                Self::Refused(refusals)
            }
            other => other,
        }
    }

    /// The refusals, or the error again if it is none that the caller can mend.
    ///
    /// # Errors
    /// Every other variant.
    pub fn into_refusals(self) -> Result<Vec<Refusal>> {
        match self {
            Self::Refused(refusals) => Ok(refusals),
            other => Err(other),
        }
    }

    /// Whether it says that the object is not there for the caller.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused(refusals) if refusals.iter().any(|refusal| refusal.code == Code::NotFound))
    }
}

/// Collects the refusals of several checks, so that a form shows all its faults at once.
#[derive(Debug, Default)]
pub struct Checks(Vec<Refusal>);

impl Checks {
    /// Keeps the value, or the refusal under `field`.
    ///
    /// # Errors
    /// What is not a refusal passes through.
    pub fn field<T>(&mut self, field: &str, value: Result<T>) -> Result<Option<T>> {
        match value {
            Ok(value) => Ok(Some(value)),
            Err(error) => {
                self.0.extend(error.at(&[field]).into_refusals()?);
                Ok(None)
            }
        }
    }

    /// Ends the collection.
    ///
    /// # Errors
    /// All refusals.
    pub fn done(self) -> Result<()> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Error::Refused(self.0))
        }
    }
}

const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How often the log says why, while the database is not available.
const OUTAGE_SAID_EVERY: Duration = Duration::from_secs(10);

/// What the database's own code of an error says about repeating the request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// At once.
    Contended,
    /// When what is written is kept again: there is no room, the disk doesn't work, or the database only reads.
    Unkept,
    /// When there is memory, or a database again.
    Unavailable,
    /// Never: the data are damaged.
    Damaged,
    /// Never: the statement is wrong.
    Internal,
}

impl Meaning {
    /// Codes of PostgreSQL have five characters (its documentation, appendix A); those of SQLite are numbers whose last eight bits say
    /// enough (sqlite.org/rescode.html).
    fn of(code: &str) -> Self {
        if code.len() == 5 && code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return match code {
                // Serialization failure, deadlock.
                "40001" | "40P01" => Self::Contended,
                // A full disk, an error of the disk, a server that only reads.
                "53100" | "58030" | "25006" => Self::Unkept,
                // Data or an index that are corrupted.
                "XX001" | "XX002" => Self::Damaged,
                // Lock timeout, statement cancelled by its timeout.
                "55P03" | "57014" => Self::Unavailable,
                // Out of memory or connections; stopping, starting; the connection failed; ended for its idleness.
                _ if ["53", "57P", "08"].iter().any(|class| code.starts_with(class)) || code == "25P03" => {
                    Self::Unavailable
                }
                _ => Self::Internal,
            };
        }
        match code.parse::<u32>().map(|code| code & 0xff) {
            // Busy.
            Ok(5) => Self::Contended,
            // Not writable, an error of the disk, a full disk, no file can be opened.
            Ok(8 | 10 | 13 | 14) => Self::Unkept,
            // Out of memory, a lock protocol that failed.
            Ok(7 | 15) => Self::Unavailable,
            // Corrupt, no database.
            Ok(11 | 26) => Self::Damaged,
            _ => Self::Internal,
        }
    }
}

/// Whether the database says by its own code that this is so.
fn means(error: &DbErr, meaning: Meaning) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(cause))
    | DbErr::Query(RuntimeErr::SqlxError(cause))
    | DbErr::Conn(RuntimeErr::SqlxError(cause))) = error
    else {
        return false;
    };
    let code = cause.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| Meaning::of(&code) == meaning)
}

/// Whether the database keeps nothing: it has no room, its disk doesn't work, or it only reads.
#[must_use]
pub fn keeps_nothing(error: &DbErr) -> bool {
    means(error, Meaning::Unkept)
}

/// Whether the database has found that it is damaged.
#[must_use]
pub fn is_damage(error: &DbErr) -> bool {
    means(error, Meaning::Damaged)
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        let meaning = match &error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => Meaning::Unavailable,
            DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => match &**cause {
                sqlx::Error::Database(cause) => Meaning::of(cause.code().as_deref().unwrap_or_default()),
                sqlx::Error::Io(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed => Meaning::Unavailable,
                _ => Meaning::Internal,
            },
            _ => Meaning::Internal,
        };
        match meaning {
            Meaning::Contended => Self::Contended,
            Meaning::Unkept | Meaning::Unavailable => {
                log_outage(&error);
                Self::Unavailable(RETRY_AFTER)
            }
            Meaning::Damaged | Meaning::Internal => Self::internal(error),
        }
    }
}

/// Says why the database doesn't do what it is asked, once in a while: in an outage every request meets the same.
fn log_outage(error: &DbErr) {
    static SAID: Mutex<Option<Instant>> = Mutex::new(None);
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    if said.is_none_or(|said| said.elapsed() >= OUTAGE_SAID_EVERY) {
        *said = Some(Instant::now());
        tracing::error!(?error, "the database is not available");
    }
}

impl From<Error> for async_graphql::Error {
    fn from(error: Error) -> Self {
        let (code, reason, message, retry) = match error {
            Error::Refused(mut refusals) => {
                let first = refusals.drain(..).next();
                let (code, reason, message) = first.map_or((Code::Internal, None, String::new()), |refusal| {
                    (refusal.code, refusal.reason, refusal.message)
                });
                (code, reason, message, None)
            }
            Error::Unauthenticated => (
                Code::Unauthenticated,
                None,
                "Sign in, or refresh the access token.".to_owned(),
                None,
            ),
            Error::RateLimited(after) => (Code::RateLimited, None, "Too many requests.".to_owned(), Some(after)),
            Error::Unavailable(after) => (
                Code::Unavailable,
                None,
                "Not available right now.".to_owned(),
                Some(after),
            ),
            Error::Contended => (
                Code::Unavailable,
                None,
                "Too busy right now.".to_owned(),
                Some(RETRY_AFTER),
            ),
            Error::Internal(cause) => {
                tracing::error!(%cause, "internal error");
                (
                    Code::Internal,
                    None,
                    "Something went wrong on our side.".to_owned(),
                    None,
                )
            }
        };
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", enum_name(code));
        if let Some(reason) = reason {
            extensions.set("reason", reason.name());
        }
        if let Some(after) = retry {
            extensions.set("retryAfterMs", u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
        }
        Self {
            message,
            source: None,
            extensions: Some(extensions),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_the_database_says_whether_to_repeat() {
        let meant = |codes: &[&str], wanted: fn(&Meaning) -> bool| {
            let wrong: Vec<_> = codes.iter().filter(|code| !wanted(&Meaning::of(code))).collect();
            assert!(wrong.is_empty(), "{wrong:?}");
        };
        meant(&["5", "261", "517", "40001", "40P01"], |meaning| {
            matches!(meaning, Meaning::Contended)
        });
        // A full disk, and errors of reading, writing and flushing; on PostgreSQL no room, memory, connection or server.
        let away = [
            "13", "10", "266", "778", "1034", "7", "3082", "14", "8", "1032", "53100", "53200", "53300", "57P01",
            "57P03", "58030", "25006", "55P03", "57014", "08006",
        ];
        meant(&away, |meaning| {
            matches!(meaning, Meaning::Unkept | Meaning::Unavailable)
        });
        let unkept = [
            "13", "10", "266", "778", "1034", "14", "8", "1032", "53100", "58030", "25006",
        ];
        meant(&unkept, |meaning| *meaning == Meaning::Unkept);
        meant(&["11", "267", "26", "XX001"], |meaning| *meaning == Meaning::Damaged);
        // Constraints, damage, syntax.
        meant(
            &[
                "19", "2067", "11", "267", "26", "1", "", "23505", "XX001", "42601", "25P02",
            ],
            |meaning| matches!(meaning, Meaning::Damaged | Meaning::Internal),
        );
    }
}
