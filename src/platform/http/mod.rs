//! The front door: GraphQL over HTTP and over `graphql-transport-ws`, probes, and the limits that hold against anyone.
//!
//! What is refused before it runs (a bad body, token or document) costs no resolver; every refusal, whatever refuses,
//! is `{"errors":[{"message","extensions":{"code","requestId"}}]}`.

mod answer;
mod client;
mod complete;
mod cookie;
mod cost;
mod document;
mod explorer;
mod graphql;
mod health;
mod media;
mod operation;
mod params;
mod record;
pub mod server;
mod socket;
mod types;

use std::{
    fmt,
    ops::Deref,
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_graphql::Executor;
use async_trait::async_trait;
use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::Response,
    routing::get,
};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use ipnet::IpNet;
use tokio::time::{Instant, sleep_until};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_http::{
    CompressionLevel,
    compression::{CompressionLayer, predicate::SizeAbove},
    cors::CorsLayer,
};

pub use self::document::worst;
pub use self::{
    client::{Caller, Client},
    cookie::RefreshCookie,
    document::Limits,
    health::{Check, Ready, Verdict, starting},
    types::Types,
};
use self::{document::Documents, health::Found};
use super::{
    auth::Actor,
    db::{Db, Reader},
    error::Result,
    rate::{Budget, Rates},
};

/// Where GraphQL is served, over HTTP and over WebSocket.
pub const PATH: &str = "/graphql";
const REQUEST_ID: &str = "x-request-id";

/// Finds out who is calling.
#[async_trait]
pub trait Authenticate: Send + Sync + 'static {
    /// Reads an access token, without asking the database.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`](super::error::Error::Unauthenticated) for any bad token.
    fn read(&self, token: &str) -> Result<Caller>;

    /// Reads the account and session as they are now. The reader is the one that the request goes on with, so that who asks
    /// and what is read are of one snapshot.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`](super::error::Error::Unauthenticated) for a session that has ended; the database's.
    async fn authenticate(&self, db: &Db, caller: &Caller) -> Result<(Arc<Reader>, Actor)>;
}

/// Who may ask for the schema.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Introspection {
    /// Everybody.
    Everyone,
    /// Whoever sends a token.
    SignedIn,
    /// Nobody: clients are built with the committed schema.
    Nobody,
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
    /// Who has used how much.
    pub rates: Rates,
    /// The public keys of access tokens, as a JSON Web Key Set (RFC 7517).
    pub jwks: String,
    /// The routes of the media store, if this server has them: they have limits and headers of their own.
    pub media: Router,
    /// Limits and switches.
    pub options: Options,
    /// Once cancelled, the process is about to end: readiness goes off, and sockets finish and close within the drain.
    pub stop: CancellationToken,
    /// The open sockets. The HTTP server doesn't wait for them: close this after `stop` and wait for it.
    pub sockets: TaskTracker,
}

/// The front door itself.
struct Door<E> {
    front: Front<E>,
    documents: Documents,
    /// What probes were told last.
    found: Found,
    /// When the process was told to stop.
    stopped_at: Arc<OnceLock<Instant>>,
}

impl<E> Door<E> {
    /// Completes when a socket that was opened now should move to another node: some time in the second half of the drain, when load
    /// balancers have noticed, and not all at once.
    async fn closing_time(&self) {
        let share = rand::random_range(0.5..1.0);
        self.stop.cancelled().await;
        let stopped_at = *self.stopped_at.get_or_init(Instant::now);
        sleep_until(stopped_at + self.options.drain.mul_f64(share)).await;
    }
}

impl<E> Deref for Door<E> {
    type Target = Front<E>;

    fn deref(&self) -> &Front<E> {
        &self.front
    }
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
    /// Bytes of memory for documents that were parsed and checked already.
    pub document_cache: u64,
    /// Points that one operation costs at most.
    pub max_cost: u64,
    /// Points of an account.
    pub budget: Budget,
    /// Points of an address from which requests come without a token.
    pub anonymous_budget: Budget,
    /// Who may ask for the schema.
    pub introspection: Introspection,
    /// Networks of proxies that are believed about where a request came from.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether answers carry `extensions.stats { sql, rows, ms }`.
    pub has_stats: bool,
    /// Whether browsers may keep the refresh token in a cookie.
    pub has_refresh_cookie: bool,
    /// Whether there is an explorer at `/`.
    pub has_explorer: bool,
    /// Origins (`https://host[:port]`) of other sites whose pages may send requests and open sockets. Empty: only pages of the
    /// same host, and clients that are no browsers.
    pub allowed_origins: Vec<HeaderValue>,
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
    /// How long requests and sockets are still served once the process is about to end.
    pub drain: Duration,
    /// How long queries and mutations on sockets may go on afterwards.
    pub stop_grace: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            body_limit: 1 << 20,
            body_timeout: Duration::from_secs(30),
            request_timeout: Duration::from_secs(10),
            document: Limits::default(),
            document_cache: 32 << 20,
            max_cost: 100_000,
            budget: Budget {
                points: 1_000_000,
                period: Duration::from_secs(60),
            },
            anonymous_budget: Budget {
                points: 100_000,
                period: Duration::from_secs(60),
            },
            introspection: Introspection::Everyone,
            trusted_proxies: Vec::new(),
            has_stats: false,
            has_refresh_cookie: false,
            has_explorer: false,
            allowed_origins: Vec::new(),
            max_subscriptions: 100,
            init_timeout: Duration::from_secs(10),
            ping_interval: Duration::from_secs(25),
            silence_limit: Duration::from_secs(60),
            send_timeout: Duration::from_secs(20),
            expiry_grace: Duration::from_secs(10),
            drain: Duration::ZERO,
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

/// The routes: GraphQL at [`PATH`], `/healthz`, `/readyz`, those of the media store, and the explorer at `/` if it is on.
pub fn router<E: Executor>(mut front: Front<E>) -> Router {
    let media = std::mem::take(&mut front.media);
    let documents = Documents::new(front.options.document_cache);
    let door = Arc::new(Door {
        front,
        documents,
        found: Found::default(),
        stopped_at: Arc::default(),
    });
    // Sockets that are opened during the drain have no more time than the others.
    let (stop, stopped_at) = (door.stop.clone(), Arc::clone(&door.stopped_at));
    tokio::spawn(async move {
        stop.cancelled().await;
        stopped_at.get_or_init(Instant::now);
    });
    let explorer = if door.options.has_explorer {
        explorer::routes()
    } else {
        Router::new()
    };
    explorer
        .route(PATH, get(graphql::get::<E>).post(graphql::post::<E>))
        .route("/.well-known/jwks.json", get(jwks::<E>))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz::<E>))
        .fallback(|request: Request| async move { nothing_here(&request) })
        .method_not_allowed_fallback(|request: Request| async move {
            let status = StatusCode::METHOD_NOT_ALLOWED;
            refuse(
                request.extensions(),
                status,
                "INVALID",
                "This method is not allowed here.",
            )
        })
        .layer(compression())
        .layer(cors(&door.options))
        .merge(media.with_state(()))
        .layer(middleware::from_fn_with_state(Arc::clone(&door), surround::<E>))
        .with_state(door)
}

/// Answers of some size, for clients that can read them smaller. Levels beyond this one take longer than they save.
fn compression() -> CompressionLayer<SizeAbove> {
    CompressionLayer::new()
        .quality(CompressionLevel::Precise(4))
        .compress_when(SizeAbove::new(1024))
}

/// Lets pages of other sites read answers. Nothing is said to those of sites that are not listed: browsers keep it from them.
fn cors(options: &Options) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(options.allowed_origins.clone())
        .allow_credentials(options.has_refresh_cookie)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static(REQUEST_ID),
        ])
        .expose_headers([HeaderName::from_static(REQUEST_ID), header::RETRY_AFTER])
        .max_age(Duration::from_secs(3600))
}

async fn jwks<E: Executor>(State(door): State<Arc<Door<E>>>) -> Response {
    let mut response = answer::json(StatusCode::OK, "application/jwk-set+json", door.jwks.clone());
    let cache = HeaderValue::from_static("public, max-age=300");
    response.headers_mut().insert(header::CACHE_CONTROL, cache);
    response
}

fn nothing_here(request: &Request) -> Response {
    let status = StatusCode::NOT_FOUND;
    refuse(request.extensions(), status, "NOT_FOUND", "There is nothing here.")
}

/// The answer to a request, of which these are the extensions, that isn't served.
pub(super) fn refuse(request: &Extensions, status: StatusCode, code: &str, message: &str) -> Response {
    let error = answer::with_code(code, message);
    let body = match request.get::<RequestId>() {
        Some(id) => answer::refusal(vec![error], id),
        None => async_graphql::Response::from_errors(vec![error]),
    };
    answer::json(status, answer::JSON, answer::body(&body))
}

/// Names the request, and puts on every answer what every answer has.
async fn surround<E: Executor>(State(door): State<Arc<Door<E>>>, mut request: Request, next: Next) -> Response {
    let id = RequestId::of(request.headers(), &door.db);
    request.extensions_mut().insert(id.clone());
    let client = Client::of(request.extensions(), request.headers(), &door.options.trusted_proxies);
    request.extensions_mut().insert(client);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id.0) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let no_store = HeaderValue::from_static("no-store");
    headers.entry(header::CACHE_CONTROL).or_insert(no_store);
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if door.stop.is_cancelled() && response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}
