//! The front door: GraphQL over HTTP and over `graphql-transport-ws`, probes, and the limits that hold against anyone.
//!
//! What is refused before it runs (a bad body, token or document) costs no resolver; every refusal, whatever refuses,
//! is `{"errors":[{"message","extensions":{"code","requestId"}}]}`.

mod answer;
mod complete;
mod document;
mod explorer;
mod graphql;
mod health;
mod media;
mod operation;
mod params;
mod record;
mod socket;

use std::{fmt, sync::Arc, time::Duration};

use async_graphql::Executor;
use async_trait::async_trait;
use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::Response,
    routing::get,
};
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use self::{complete::Types, document::Limits, health::Ready};
use super::{
    auth::Actor,
    db::{Db, Reader},
    error::Result,
};

/// Where GraphQL is served, over HTTP and over WebSocket.
pub const PATH: &str = "/graphql";
const REQUEST_ID: &str = "x-request-id";

/// Finds out who is calling.
#[async_trait]
pub trait Authenticate: Send + Sync + 'static {
    /// Reads an access token, and the account and session behind it as they are now. The reader is the one that the
    /// request goes on with, so that who asks and what is read are of one snapshot. Also says when the token ends.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`](super::error::Error::Unauthenticated) for any bad token; the database's.
    async fn authenticate(&self, db: &Db, token: &str) -> Result<(Arc<Reader>, Actor, DateTime<Utc>)>;
}

/// What the front door leads to.
pub struct Front<E> {
    /// The schema.
    pub executor: E,
    /// Its types: `Types::read(&schema.sdl())`.
    pub types: Arc<Types>,
    /// The database.
    pub db: Db,
    /// Finds out who is calling.
    pub authenticate: Arc<dyn Authenticate>,
    /// Tells whether requests can be served.
    pub ready: Arc<dyn Ready>,
    /// Limits and switches.
    pub options: Options,
    /// Once cancelled, the process is about to end: readiness goes off, sockets finish and close.
    pub stop: CancellationToken,
    /// The open sockets. The HTTP server doesn't wait for them: close this after `stop` and wait for it.
    pub sockets: TaskTracker,
}

/// Limits and switches of the front door.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bytes of a request body.
    pub body_limit: usize,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// How long a request may take, from its token to its answer; for subscriptions, until they have begun.
    pub request_timeout: Duration,
    /// Limits of a document.
    pub document: Limits,
    /// Whether answers carry `extensions.stats { sql, rows, ms }`.
    pub has_stats: bool,
    /// Whether there is an explorer at `/`.
    pub has_explorer: bool,
    /// Origins (`https://host[:port]`) of other sites whose pages may open a socket. Empty: only pages of the same
    /// host, and clients that are no browsers.
    pub allowed_origins: Vec<String>,
    /// Operations that may run on one socket at the same time.
    pub max_subscriptions: usize,
    /// How long a socket may stay open without `connection_init`.
    pub init_timeout: Duration,
    /// How often a socket is pinged.
    pub ping_interval: Duration,
    /// How long a client may be silent, pongs included, until its socket counts as dead.
    pub silence_limit: Duration,
    /// How long a client may take to read one message.
    pub send_timeout: Duration,
    /// How long a socket outlives its token.
    pub expiry_grace: Duration,
    /// How long queries and mutations on sockets may go on once the process is about to end.
    pub stop_grace: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            body_limit: 1 << 20,
            body_timeout: Duration::from_secs(30),
            request_timeout: Duration::from_secs(10),
            document: Limits::default(),
            has_stats: false,
            has_explorer: false,
            allowed_origins: Vec::new(),
            max_subscriptions: 100,
            init_timeout: Duration::from_secs(10),
            ping_interval: Duration::from_secs(25),
            silence_limit: Duration::from_secs(60),
            send_timeout: Duration::from_secs(30),
            expiry_grace: Duration::from_secs(10),
            stop_grace: Duration::from_secs(10),
        }
    }
}

/// The name under which a request, or an operation on a socket, is found in the logs. Resolvers get it as data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    fn new(db: &Db) -> Self {
        Self(db.clock().new_id().to_string().into())
    }

    /// The client's own, if it is harmless, else a new one.
    fn of(headers: &HeaderMap, db: &Db) -> Self {
        let is_harmless = |id: &&str| {
            (1..=64).contains(&id.len())
                && id
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
        given
            .filter(is_harmless)
            .map_or_else(|| Self::new(db), |id| Self(id.into()))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The routes: GraphQL at [`PATH`], `/healthz`, `/readyz`, and the explorer at `/` if it is on.
pub fn router<E: Executor>(front: Front<E>) -> Router {
    let front = Arc::new(front);
    let explorer = if front.options.has_explorer {
        explorer::routes()
    } else {
        Router::new()
    };
    explorer
        .route(PATH, get(graphql::get::<E>).post(graphql::post::<E>))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz::<E>))
        .fallback(|request: Request| async move { nothing_here(&request) })
        .method_not_allowed_fallback(|request: Request| async move {
            let status = StatusCode::METHOD_NOT_ALLOWED;
            refuse(&request, status, "INVALID", "This method is not allowed here.")
        })
        .layer(middleware::from_fn_with_state(Arc::clone(&front), surround::<E>))
        .with_state(front)
}

fn nothing_here(request: &Request) -> Response {
    refuse(request, StatusCode::NOT_FOUND, "NOT_FOUND", "There is nothing here.")
}

fn refuse(request: &Request, status: StatusCode, code: &str, message: &str) -> Response {
    let error = answer::with_code(code, message);
    let body = match request.extensions().get::<RequestId>() {
        Some(id) => answer::refusal(error, id),
        None => async_graphql::Response::from_errors(vec![error]),
    };
    answer::json(status, answer::JSON, answer::body(&body))
}

/// Names the request, and puts on every answer what every answer has.
async fn surround<E: Executor>(State(front): State<Arc<Front<E>>>, mut request: Request, next: Next) -> Response {
    let id = RequestId::of(request.headers(), &front.db);
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id.0) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
