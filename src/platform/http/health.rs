//! Probes: is the process alive, can it serve.

use std::{sync::Arc, time::Duration};

use async_graphql::Executor;
use async_trait::async_trait;
use axum::{extract::State, response::Response};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{Door, answer};
use crate::platform::error::{Error, Result};

/// How long all checks together may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// Tells whether requests can be served.
#[async_trait]
pub trait Ready: Send + Sync + 'static {
    /// What is needed to serve requests, by name, and whether it is there.
    async fn check(&self) -> Vec<(&'static str, Result<()>)>;
}

pub(super) async fn healthz() -> Response {
    answer::json(StatusCode::OK, answer::JSON, json!({ "status": "ok" }).to_string())
}

pub(super) async fn readyz<E: Executor>(State(door): State<Arc<Door<E>>>) -> Response {
    let checks = if door.stop.is_cancelled() {
        vec![("process", "stopping")]
    } else {
        match tokio::time::timeout(PATIENCE, door.ready.check()).await {
            Ok(checks) => checks
                .into_iter()
                .map(|(name, result)| (name, word(name, result)))
                .collect(),
            Err(_) => vec![("checks", "timeout")],
        }
    };
    let is_ready = checks.iter().all(|(_, word)| *word == "ok");
    let (status, word) = if is_ready {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready")
    };
    let checks: Map<_, _> = checks
        .into_iter()
        .map(|(name, word)| (name.to_owned(), Value::from(word)))
        .collect();
    let body = json!({ "status": word, "checks": checks });
    answer::json(status, answer::JSON, body.to_string())
}

/// What is told of a check; the details are for the log.
fn word(name: &str, result: Result<()>) -> &'static str {
    let Err(error) = result else { return "ok" };
    tracing::warn!(check = name, ?error, "not ready");
    match error {
        Error::Unavailable(_) | Error::Contended | Error::RateLimited(_) => "unavailable",
        Error::Refused(_) | Error::Unauthenticated => "refused",
        Error::Internal(_) => "failed",
    }
}
