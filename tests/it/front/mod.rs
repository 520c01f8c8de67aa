//! The front door, with a small schema of its own behind it.

mod client;
mod empty;
mod explorer;
mod http;
mod limits;
mod media;
mod operations;
mod server;
mod socket;
mod trust;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use ::http::{Request, StatusCode, header};
use async_graphql::{Context, Object, Schema, Subscription, Union};
use async_trait::async_trait;
use axum::{Router, body::Body};
use chrono::{TimeDelta, Utc};
use entity::enums::AccountKind;
use futures_util::{Stream, StreamExt, stream};
use sea_orm::FromQueryResult;
use serde_json::{Value, json};
use sojourn::platform::{
    auth::Actor,
    clock::Clock,
    db::{self, Db, Reader},
    error::{Error, Result},
    http::{Authenticate, Caller, Check, Front, Options, Ready, RequestId, Types, router},
    live::{Live, Window},
    rate::Rates,
};
use tempfile::TempDir;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;
use uuid::Uuid;

#[derive(FromQueryResult)]
struct One {
    one: i32,
}

async fn one(reader: &Reader) -> Result<i32> {
    let row = reader.row::<One>(reader.sql("SELECT 1 AS one")).await?;
    Ok(row.map_or(0, |row| row.one))
}

pub struct Query;

#[Object]
impl Query {
    async fn hello(&self, name: Option<String>) -> String {
        format!("Hello {}", name.unwrap_or_default())
    }
    async fn double(&self, number: i32) -> i32 {
        number * 2
    }
    async fn small(&self, #[graphql(validator(maximum = 3))] number: i32) -> i32 {
        number
    }
    async fn who(&self, context: &Context<'_>) -> Result<String> {
        let reader = context.data_unchecked::<Arc<Reader>>();
        Ok(reader.actor()?.account_id.to_string())
    }
    async fn one(&self, context: &Context<'_>) -> Result<i32> {
        let _ = context.data_unchecked::<Db>();
        one(context.data_unchecked::<Arc<Reader>>()).await
    }
    async fn request_id(&self, context: &Context<'_>) -> String {
        context.data_unchecked::<RequestId>().to_string()
    }
    async fn secret(&self) -> async_graphql::Result<Option<i32>> {
        Err(async_graphql::Error::new("password=hunter2"))
    }
    async fn missing(&self) -> Result<Option<i32>> {
        Err(Error::not_found())
    }
    async fn panic(&self) -> Option<i32> {
        Some(std::iter::empty().next().expect("hunter2"))
    }
    async fn slow(&self) -> Option<i32> {
        std::future::pending().await
    }
    async fn large(&self) -> String {
        "x".repeat(300_000)
    }
    async fn deeper(&self) -> Self {
        Self
    }
    async fn cat(&self) -> Cat {
        Cat
    }
    async fn stray(&self) -> Option<Cat> {
        Some(Cat)
    }
    async fn nobody(&self) -> Option<Cat> {
        None
    }
    async fn pets(&self) -> Vec<Pet> {
        vec![Pet::Cat(Cat), Pet::Dog(Dog)]
    }
}

#[derive(Union)]
pub enum Pet {
    Cat(Cat),
    Dog(Dog),
}

pub struct Cat;

#[Object]
impl Cat {
    async fn name(&self) -> &str {
        "Tom"
    }
    async fn friend(&self) -> Pet {
        Pet::Dog(Dog)
    }
    async fn lost(&self) -> Result<Option<i32>> {
        Err(Error::not_found())
    }
    async fn gone(&self) -> Result<i32> {
        Err(Error::not_found())
    }
}

pub struct Dog;

#[Object]
impl Dog {
    async fn breed(&self) -> &str {
        "Collie"
    }
}

pub struct Mutation(Arc<AtomicU32>);

#[Object]
impl Mutation {
    async fn add(&self) -> u32 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }
    async fn add_late(&self) -> u32 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }
    async fn adopt(&self) -> Cat {
        Cat
    }
}

pub struct Ticks;

#[Subscription]
impl Ticks {
    async fn count(&self, to: u32) -> impl Stream<Item = u32> {
        stream::iter(1..=to)
    }
    async fn pets(&self) -> impl Stream<Item = Pet> {
        stream::iter([Pet::Cat(Cat), Pet::Dog(Dog)])
    }
    /// One tick, then nothing for ever.
    async fn once(&self) -> impl Stream<Item = u32> {
        stream::unfold(0, async |at| {
            if at > 0 {
                std::future::pending::<()>().await;
            }
            Some((at, at + 1))
        })
    }
    async fn hidden(&self) -> Result<stream::Pending<u32>> {
        Err(Error::not_found())
    }
    async fn panic(&self) -> impl Stream<Item = u32> {
        stream::iter([1, 0]).map(|number| 1_u32.checked_div(number).expect("hunter2"))
    }
    async fn one(&self, context: &Context<'_>) -> Result<impl Stream<Item = i32>> {
        let number = one(context.data_unchecked::<Arc<Reader>>()).await?;
        Ok(stream::iter([number]))
    }
    async fn who(&self, context: &Context<'_>) -> Result<impl Stream<Item = String>> {
        let account = context.data_unchecked::<Arc<Reader>>().actor()?.account_id;
        Ok(stream::iter([account.to_string()]))
    }
    /// Much more than a socket buffers.
    async fn flood(&self) -> impl Stream<Item = String> {
        stream::repeat_with(|| "x".repeat(100_000))
    }
}

pub const ACCOUNT: Uuid = Uuid::from_u128(7);
const GOOD: Uuid = Uuid::from_u128(8);
const ENDING: Uuid = Uuid::from_u128(9);
const AWAY: Uuid = Uuid::from_u128(10);

/// Knows the tokens `good`, `ending` (its end is long past) and `away` (the database can't be asked).
#[derive(Default)]
pub struct Doorman {
    pub is_revoked: AtomicBool,
}

#[async_trait]
impl Authenticate for Doorman {
    fn read(&self, token: &str) -> Result<Caller> {
        let (session, minutes) = match token {
            "good" => (GOOD, 15),
            "ending" => (ENDING, -1),
            "away" => (AWAY, 15),
            _ => return Err(Error::Unauthenticated),
        };
        Ok(Caller {
            account: ACCOUNT,
            session,
            expires_at: Utc::now() + TimeDelta::minutes(minutes),
        })
    }

    async fn authenticate(&self, db: &Db, caller: &Caller) -> Result<(Arc<Reader>, Actor)> {
        match caller.session {
            AWAY => return Err(Error::Unavailable(Duration::from_millis(1500))),
            GOOD if self.is_revoked.load(Ordering::SeqCst) => return Err(Error::Unauthenticated),
            _ => {}
        }
        let actor = Actor {
            account_id: ACCOUNT,
            session_id: caller.session,
            kind: AccountKind::Staff,
            organisation_id: None,
            languages: vec![],
            is_password_change_required: false,
        };
        let reader = Reader::new(db, Some(actor.clone()));
        one(&reader).await?;
        Ok((reader, actor))
    }
}

/// Needs `database`, and tells of `redis`, which may be away.
struct Health(Db, Arc<AtomicBool>);

#[async_trait]
impl Ready for Health {
    async fn check(&self) -> Vec<Check> {
        let redis = if self.1.load(Ordering::SeqCst) {
            Err(Error::internal("redis://user:hunter2@redis"))
        } else {
            Ok(())
        };
        vec![
            Check::needed("database", one(&Reader::passing(&self.0, None)).await.map(drop)),
            Check::told("redis", redis, &["limits are looser"]),
        ]
    }
}

/// A server with a fresh database.
pub struct Door {
    pub router: Router,
    pub stop: CancellationToken,
    pub sockets: TaskTracker,
    pub doorman: Arc<Doorman>,
    pub is_redis_away: Arc<AtomicBool>,
    pub additions: Arc<AtomicU32>,
    pub clock: Clock,
    db: Db,
    folder: Arc<TempDir>,
}

fn live() -> Live {
    Live::in_process(Window::default())
}

pub async fn door() -> Door {
    door_with(Options::default()).await
}

pub async fn door_with(options: Options) -> Door {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let database = db::Options {
        url: format!("sqlite:{}", folder.path().join("test.db").display()),
        writers: 1,
        readers: 2,
        acquire_timeout: Duration::from_secs(5),
        migrations: migration::all(migration::Database::Sqlite),
        place: String::new(),
    };
    let clock = Clock::default();
    let db = Db::connect(&database, clock.clone(), live()).await.unwrap();
    db.migrate().await.unwrap();
    let (additions, is_redis_away) = (Arc::<AtomicU32>::default(), Arc::<AtomicBool>::default());
    let (stop, sockets, doorman) = (CancellationToken::new(), TaskTracker::new(), Arc::<Doorman>::default());
    let schema = Schema::new(Query, Mutation(Arc::clone(&additions)), Ticks);
    let front = Front {
        types: Arc::new(Types::read(&schema.sdl()).unwrap()),
        executor: schema,
        db: db.clone(),
        authenticate: Arc::clone(&doorman) as Arc<dyn Authenticate>,
        rates: Rates::in_process(clock.clone()),
        jwks: r#"{"keys":[]}"#.to_owned(),
        ready: Arc::new(Health(db.clone(), Arc::clone(&is_redis_away))),
        media: Router::new(),
        options,
        stop: stop.clone(),
        sockets: sockets.clone(),
    };
    Door {
        router: router(front),
        stop,
        sockets,
        doorman,
        is_redis_away,
        additions,
        clock,
        db,
        folder,
    }
}

/// An answer over HTTP.
pub struct Reply {
    pub status: StatusCode,
    pub headers: ::http::HeaderMap,
    pub body: Value,
    /// `extensions.cost`, which is not in `body`.
    pub cost: Value,
}

/// Takes what it cost out of an answer.
fn take_cost(answer: &mut Value) -> Value {
    let Some(extensions) = answer.get_mut("extensions").and_then(Value::as_object_mut) else {
        return Value::Null;
    };
    let cost = extensions.remove("cost").unwrap_or_default();
    if extensions.is_empty() {
        answer.as_object_mut().unwrap().remove("extensions");
    }
    cost
}

impl Reply {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The code of the only error; it also has the request's id.
    pub fn code(&self) -> &str {
        let errors = self.body["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 1, "{}", self.body);
        assert_eq!(errors[0]["extensions"]["requestId"], self.header("x-request-id"));
        errors[0]["extensions"]["code"].as_str().unwrap()
    }
}

impl Door {
    pub async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let mut body = serde_json::from_slice(&body).unwrap_or_else(|_| panic!("{body:?} is no JSON"));
        Reply {
            status: parts.status,
            headers: parts.headers,
            cost: take_cost(&mut body),
            body,
        }
    }

    /// Sends a request whose answer is no JSON.
    pub async fn router(&self, request: Request<Body>) -> (StatusCode, ::http::HeaderMap) {
        let (parts, _) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        (parts.status, parts.headers)
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, headers: &[(&str, &str)], body: impl Into<Body>) -> Reply {
        let mut request = Request::post("/graphql");
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    pub async fn ask(&self, query: &str) -> Reply {
        self.post(&[], json!({ "query": query }).to_string()).await
    }
}
