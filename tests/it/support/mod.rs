//! A server on a fresh database, people to act in it, and a client of its sockets.

mod answers;
mod cast;
mod dump;
mod line;
mod media;
mod postgres;
mod server;
mod socket;
mod spine;
mod wire;

use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body};
use clap::{Args, FromArgMatches};
use http::{HeaderMap, Request, StatusCode};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use serde_json::{Value, json};
use sojourn::{
    app::App,
    config::Config,
    features::account,
    platform::{
        auth::{Actor, token::Signer},
        http::{Client, Options},
    },
};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;
use uuid::Uuid;

pub use self::{
    answers::{errors, faults},
    cast::{Cast, PASSWORD, Person},
    dump::Columns,
    line::{Line, Proxy},
    media::Bucket,
    postgres::Postgres,
    server::{Http, Server, Surroundings, Wires},
    socket::Socket,
    spine::{id_of, ids, inner},
    wire::{Flow, Wire, eventually},
};

/// Whether the tests run over PostgreSQL, Redis and an S3-compatible store.
pub fn is_production() -> bool {
    match std::env::var("SOJOURN_TEST_SETUP").as_deref() {
        Ok("production") => true,
        Ok("embedded") | Err(_) => false,
        Ok(other) => panic!("SOJOURN_TEST_SETUP is {other}"),
    }
}

/// Whether the long forms of tests run.
pub fn is_long() -> bool {
    std::env::var("SOJOURN_TEST_LONG").is_ok_and(|long| long == "1")
}

/// The database of the embedded set-up, in its folder.
const FILE_NAME: &str = "sojourn.db";

/// A server that doesn't answer.
const NOBODY: &str = "redis://127.0.0.1:1/";

/// One process of the server.
pub struct Node {
    pub app: App,
    pub router: Router,
    stop: CancellationToken,
}

/// A server on a fresh database: one node, and more over the same database if a test asks for them.
pub struct World {
    pub node: Node,
    config: Config,
    arguments: Vec<String>,
    folder: Arc<TempDir>,
}

/// The configuration that the command line would give.
pub fn config(arguments: &[String]) -> Config {
    let command = Config::augment_args(clap::Command::new("test"));
    let name = ["test".to_owned()];
    let matches = command.try_get_matches_from(name.iter().chain(arguments)).unwrap();
    Config::from_arg_matches(&matches).unwrap()
}

/// A migrated database to copy from: copying costs a tenth of migrating.
async fn template(admin: &str) -> &'static str {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    let make = || async {
        let name = format!("template_{}", Uuid::now_v7().simple());
        execute(admin, &format!("CREATE DATABASE {name}")).await;
        let folder = tempfile::tempdir().unwrap();
        let app = App::open(&config(&arguments(&folder, Some(&database_url(admin, &name)), true)))
            .await
            .unwrap();
        app.db.migrate().await.unwrap();
        app.db.close().await;
        name
    };
    TEMPLATE.get_or_init(make).await
}

/// The same for the embedded set-up: a file.
async fn migrated_file() -> &'static [u8] {
    static FILE: OnceCell<Vec<u8>> = OnceCell::const_new();
    let make = || async {
        let folder = tempfile::tempdir().unwrap();
        let app = App::open(&config(&arguments(&folder, None, true))).await.unwrap();
        app.db.migrate().await.unwrap();
        app.db.close().await;
        std::fs::read(folder.path().join(FILE_NAME)).unwrap()
    };
    FILE.get_or_init(make).await
}

/// URL of the server on which each test has a database.
fn admin() -> String {
    std::env::var("SOJOURN_TEST_DATABASE_URL").expect("SOJOURN_TEST_DATABASE_URL")
}

/// Makes a database, as a copy of another one or empty, and returns its URL.
async fn new_database(template: Option<&str>) -> String {
    let (admin, name) = (admin(), format!("test_{}", Uuid::now_v7().simple()));
    let copy = template.map(|name| format!(" TEMPLATE {name}")).unwrap_or_default();
    execute(&admin, &format!("CREATE DATABASE {name}{copy}")).await;
    database_url(&admin, &name)
}

async fn execute(url: &str, statement: &str) {
    let mut options = ConnectOptions::new(url.to_owned());
    options.max_connections(1).sqlx_logging(false);
    let connection = Database::connect(options).await.unwrap();
    // Copies of one template wait for each other.
    for attempt in 0.. {
        match connection.execute_unprepared(statement).await {
            Ok(_) => break,
            Err(error) if attempt > 50 => panic!("{error}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    connection.close().await.unwrap();
}

fn database_url(admin: &str, name: &str) -> String {
    let (server, _) = admin.rsplit_once('/').unwrap();
    format!("{server}/{name}")
}

fn arguments(folder: &TempDir, database: Option<&str>, has_redis: bool) -> Vec<String> {
    let path = |name: &str| folder.path().join(name).display().to_string();
    let mut arguments = vec![
        format!("--data-dir={}", folder.path().display()),
        "--password-memory=8".to_owned(),
        "--database-writers=8".to_owned(),
        "--database-readers=4".to_owned(),
        "--debug-stats".to_owned(),
        // Some tests ask for all there is at once, and often.
        "--max-fields=100000".to_owned(),
        "--max-cost=100000000".to_owned(),
        "--points=10000000000".to_owned(),
        // Where tests seem to come from: there is no connection.
        "--trusted-proxies=0.0.0.0/32".to_owned(),
    ];
    if let Some(database) = database {
        std::fs::write(path("key.pem"), Signer::generate().unwrap()).unwrap();
        let redis = std::env::var("SOJOURN_TEST_REDIS_URL").expect("SOJOURN_TEST_REDIS_URL");
        let redis = if has_redis { redis } else { NOBODY.to_owned() };
        arguments.push(format!("--database-url={database}"));
        arguments.push(format!("--redis-url={redis}"));
        arguments.push(format!("--redis-prefix={}", Uuid::now_v7().simple()));
        arguments.push(format!("--signing-key-file={}", path("key.pem")));
        arguments.extend(Bucket::new().flags());
    }
    arguments
}

/// What a program is told to use a new database, without a schema, and a place for media.
pub async fn arguments_for_nothing(folder: &TempDir) -> Vec<String> {
    if !is_production() {
        return arguments(folder, None, true);
    }
    arguments(folder, Some(&new_database(None).await), true)
}

impl World {
    /// A server with nobody in it.
    pub async fn new() -> Self {
        Self::start(true, None, &[]).await
    }

    /// The same with further flags.
    pub async fn with_flags(flags: &[&str]) -> Self {
        Self::start(true, None, flags).await
    }

    /// The same with a store of media that is reached at another URL; only in production.
    pub async fn with_store(url: &str) -> Self {
        Self::start(true, Some(url), &[]).await
    }

    /// The same while Redis can't be reached, in production.
    pub async fn without_redis() -> Self {
        Self::start(false, None, &[]).await
    }

    /// The same over an empty database of another PostgreSQL server; only in production.
    pub async fn over(url: &str) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let arguments = arguments(&folder, Some(url), true);
        Self::open(folder, arguments, true).await
    }

    /// A server on a database that was filled by other means. Nobody has brought its schema up to date.
    pub async fn on(fill: impl AsyncFnOnce(&DatabaseConnection)) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let arguments = arguments_for_nothing(&folder).await;
        let config = config(&arguments);
        let url = config.database_url();
        let url = match url.strip_prefix("sqlite:") {
            Some(path) => format!("sqlite://{path}?mode=rwc"),
            None => url,
        };
        let mut options = ConnectOptions::new(url);
        options.max_connections(1).sqlx_logging(false);
        let connection = Database::connect(options).await.unwrap();
        fill(&connection).await;
        connection.close().await.unwrap();
        Self::open(folder, arguments, false).await
    }

    async fn start(has_redis: bool, store: Option<&str>, flags: &[&str]) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let mut arguments = if is_production() {
            let url = new_database(Some(template(&admin()).await)).await;
            arguments(&folder, Some(&url), has_redis)
        } else {
            std::fs::write(folder.path().join(FILE_NAME), migrated_file().await).unwrap();
            arguments(&folder, None, has_redis)
        };
        for argument in &mut arguments {
            if let (true, Some(store)) = (argument.starts_with("--s3-endpoint="), store) {
                *argument = format!("--s3-endpoint={store}");
            }
        }
        arguments.extend(flags.iter().map(|flag| (*flag).to_owned()));
        Self::open(folder, arguments, false).await
    }

    async fn open(folder: Arc<TempDir>, arguments: Vec<String>, is_empty: bool) -> Self {
        let config = config(&arguments);
        let app = App::open(&config).await.unwrap();
        if is_empty {
            app.db.migrate().await.unwrap();
        }
        Self {
            node: Node::start(app, &config),
            config,
            arguments,
            folder,
        }
    }

    /// A second node over the same database; only in production.
    pub async fn second_node(&self) -> Node {
        assert!(is_production(), "an embedded database has one process");
        Node::start(App::open(&self.config).await.unwrap(), &self.config)
    }

    /// The node after a restart with another key.
    pub fn node_with_another_key(&self) -> Node {
        let key = Signer::generate().unwrap();
        let mut app = self.app().clone();
        app.signer = Arc::new(Signer::from_pem(&key).unwrap());
        Node::start(app, &self.config)
    }

    /// The first node's app.
    pub fn app(&self) -> &App {
        &self.node.app
    }

    /// The folder of the embedded set-up.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Sends an operation and returns the whole answer.
    pub async fn send(&self, token: Option<&str>, query: &str, variables: Value) -> Value {
        self.node.send(token, query, variables).await
    }

    /// Sends an operation as somebody and returns its data; top-level errors fail the test.
    pub async fn ask(&self, who: &Person, query: &str, variables: Value) -> Value {
        self.node.ask(who, query, variables).await
    }

    /// Calls a mutation `name(input)` as somebody, selecting `selection` of its payload, and returns the payload. `userErrors`
    /// are always selected.
    pub async fn mutate(&self, who: &Person, name: &str, input: Value, selection: &str) -> Value {
        self.node.mutate(who, name, input, selection).await
    }

    /// The same for a mutation that must be done.
    pub async fn done(&self, who: &Person, name: &str, input: Value, selection: &str) -> Value {
        let payload = self.mutate(who, name, input, selection).await;
        assert_eq!(payload["userErrors"], json!([]), "{name}: {payload}");
        payload
    }

    /// The same for a mutation that must be refused: `CODE` or `CODE/REASON` of each of its errors.
    pub async fn refused(&self, who: &Person, name: &str, input: Value) -> Vec<String> {
        let payload = self.mutate(who, name, input, "").await;
        let errors = payload["userErrors"].as_array().unwrap();
        assert!(!errors.is_empty(), "{name} was not refused");
        errors.iter().map(refusal).collect()
    }

    /// Signs in and returns an actor with a token.
    pub async fn sign_in(&self, login: &str, password: &str) -> (Actor, String) {
        let signed_in = account::session_create(self.app(), &Client::here(), login, password)
            .await
            .unwrap();
        (signed_in.actor, signed_in.access_token)
    }
}

/// `CODE` or `CODE/REASON`.
pub fn refusal(error: &Value) -> String {
    let code = error["code"].as_str().unwrap();
    error["reason"]
        .as_str()
        .map_or_else(|| code.to_owned(), |reason| format!("{code}/{reason}"))
}

/// A document that calls a mutation.
pub fn mutation(name: &str, selection: &str) -> String {
    let kind = format!("{}{}Input", name[..1].to_uppercase(), &name[1..]);
    format!(
        "mutation M($input: {kind}!) {{ {name}(input: $input) {{ {selection} userErrors {{ code reason field message }} }} }}"
    )
}

impl Node {
    fn start(app: App, config: &Config) -> Self {
        let stop = CancellationToken::new();
        let options = Options {
            request_timeout: Duration::from_secs(60),
            drain: Duration::ZERO,
            ..config.front()
        };
        let router = app.router(options, stop.clone(), TaskTracker::new()).unwrap();
        let (background, token) = (app.clone(), stop.clone());
        tokio::spawn(async move { background.db.live().run(background.db.clone(), token).await });
        Self { app, router, stop }
    }

    pub async fn send(&self, token: Option<&str>, query: &str, variables: Value) -> Value {
        // Somewhere else each time: what is counted by address is for tests that say where they are.
        static SENT: AtomicU32 = AtomicU32::new(0);
        let address = Ipv4Addr::from(0x0a00_0000 | SENT.fetch_add(1, Ordering::Relaxed));
        self.send_from(&address.to_string(), token, query, variables).await.2
    }

    /// The same from an address, with status and headers of the answer.
    pub async fn send_from(
        &self,
        address: &str,
        token: Option<&str>,
        query: &str,
        variables: Value,
    ) -> (StatusCode, HeaderMap, Value) {
        let mut request = Request::post("/graphql").header("content-type", "application/json");
        request = request.header("x-forwarded-for", address);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = json!({ "query": query, "variables": variables }).to_string();
        let response = self
            .router
            .clone()
            .oneshot(request.body(Body::from(body)).unwrap())
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        (parts.status, parts.headers, serde_json::from_slice(&bytes).unwrap())
    }

    pub async fn ask(&self, who: &Person, query: &str, variables: Value) -> Value {
        let answer = self.send(Some(&who.token), query, variables).await;
        assert!(answer.get("errors").is_none(), "{query}: {answer}");
        answer["data"].clone()
    }

    pub async fn mutate(&self, who: &Person, name: &str, input: Value, selection: &str) -> Value {
        let query = mutation(name, selection);
        self.ask(who, &query, json!({ "input": input })).await[name].clone()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
