//! Probes: is the process alive, can it serve.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_graphql::Executor;
use async_trait::async_trait;
use axum::{Router, extract::State, response::Response, routing::get};
use http::{StatusCode, header};
use serde_json::{Map, Value, json};

use super::{Door, answer};
use crate::platform::error::{Error, Result};

/// How long all checks together may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// What is told of a check that has found nothing wrong.
const OK: &str = "ok";

/// Tells whether requests can be served.
#[async_trait]
pub trait Ready: Send + Sync + 'static {
    /// What requests need, or are better with, and how it is.
    async fn check(&self) -> Vec<Check>;
}

/// What a check means for those who send requests here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// All is well.
    Ready,
    /// Requests are answered, but not all of them as usual: worth an alert. It is no reason to send them elsewhere, where it is
    /// likely to be the same.
    Degraded,
    /// No request can be answered.
    Unavailable,
}

/// What a check has found.
#[derive(Clone, Debug)]
pub struct Check {
    name: &'static str,
    word: &'static str,
    verdict: Verdict,
    effects: &'static [&'static str],
    /// For the log.
    cause: Option<Error>,
}

impl Check {
    /// Nothing is wrong.
    #[must_use]
    pub fn ok(name: &'static str) -> Self {
        Self {
            name,
            word: OK,
            verdict: Verdict::Ready,
            effects: &[],
            cause: None,
        }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.verdict == Verdict::Ready
    }

    /// Something is wrong, for which there is a word; requests are answered. `effects` say what is not as usual, a sentence for each.
    #[must_use]
    pub fn degraded(name: &'static str, word: &'static str, effects: &'static [&'static str]) -> Self {
        Self {
            word,
            verdict: Verdict::Degraded,
            effects,
            ..Self::ok(name)
        }
    }

    /// The same, with what the log says of it.
    #[must_use]
    pub fn because(self, error: Error) -> Self {
        Self {
            cause: Some(error),
            ..self
        }
    }

    /// Of something without which no request can be answered.
    #[must_use]
    pub fn needed(name: &'static str, found: Result<()>) -> Self {
        match found {
            Ok(()) => Self::ok(name),
            Err(error) => Self {
                word: word(&error),
                verdict: Verdict::Unavailable,
                cause: Some(error),
                ..Self::ok(name)
            },
        }
    }

    /// Of something without which requests are answered, with these effects.
    #[must_use]
    pub fn told(name: &'static str, found: Result<()>, effects: &'static [&'static str]) -> Self {
        match found {
            Ok(()) => Self::ok(name),
            Err(error) => Self::degraded(name, word(&error), effects).because(error),
        }
    }
}

/// What is told of an error; the details are for the log.
fn word(error: &Error) -> &'static str {
    match error {
        Error::Unavailable(_) | Error::Contended | Error::RateLimited(_) => "unavailable",
        Error::Refused(_) | Error::Unauthenticated => "refused",
        Error::Internal(_) => "failed",
    }
}

/// What the checks found last: the log has a line for each change, however often somebody asks.
#[derive(Debug, Default)]
pub(super) struct Found(Mutex<BTreeMap<&'static str, &'static str>>);

impl Found {
    fn note(&self, checks: &[Check]) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for check in checks {
            let Check { name, word, cause, .. } = check;
            let before = known.insert(name, word).unwrap_or(OK);
            let effects = check.effects.join("; ");
            match (check.verdict, before == *word) {
                (_, true) => {}
                (Verdict::Ready, _) => tracing::info!(check = name, before, "well again"),
                (Verdict::Degraded, _) => tracing::warn!(check = name, word, ?cause, effects, "degraded"),
                (Verdict::Unavailable, _) => tracing::error!(check = name, word, ?cause, "not ready"),
            }
        }
    }
}

pub(super) async fn healthz() -> Response {
    answer::json(StatusCode::OK, answer::JSON, json!({ "status": "ok" }).to_string())
}

/// The routes of a process that has begun to listen, but not yet to serve: it may migrate the database for long, or look whether it
/// is whole. It is alive, and not ready.
pub fn starting() -> Router {
    let not_yet = || async {
        let soon = [(header::RETRY_AFTER, "1")];
        (soon, tell(Verdict::Unavailable, json!({ "process": "starting" }), &[]))
    };
    Router::new().route("/healthz", get(healthz)).fallback(not_yet)
}

pub(super) async fn readyz<E: Executor>(State(door): State<Arc<Door<E>>>) -> Response {
    if door.stop.is_cancelled() {
        return tell(Verdict::Unavailable, json!({ "process": "stopping" }), &[]);
    }
    let Ok(checks) = tokio::time::timeout(PATIENCE, door.ready.check()).await else {
        return tell(Verdict::Unavailable, json!({ "checks": "timeout" }), &[]);
    };
    door.found.note(&checks);
    let verdict = checks.iter().map(|check| check.verdict).max();
    let words = checks.iter().map(|check| (check.name.to_owned(), check.word.into()));
    let words = Value::Object(words.collect::<Map<_, _>>());
    let effects: Vec<_> = checks.iter().flat_map(|check| check.effects).copied().collect();
    tell(verdict.unwrap_or(Verdict::Ready), words, &effects)
}

fn tell(verdict: Verdict, checks: Value, effects: &[&str]) -> Response {
    let (status, word) = match verdict {
        Verdict::Ready => (StatusCode::OK, "ready"),
        Verdict::Degraded => (StatusCode::OK, "degraded"),
        Verdict::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    };
    let mut body = json!({ "status": word, "checks": checks });
    if !effects.is_empty() {
        body["effects"] = effects.into();
    }
    answer::json(status, answer::JSON, body.to_string())
}
