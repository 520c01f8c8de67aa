//! A database, a Redis or a store that hangs or is gone, as clients meet it. Only in production: the embedded set-up needs
//! none of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use http::StatusCode;
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use serde_json::{Value, json};

use super::{are_all_and_once, bad, comment, comments, insist, key, newest, reader::Reader, stored};
use crate::{
    media::announced,
    support::{
        Cast, Flow, Http, PASSWORD, Server, Socket, Wire, Wires, World, errors, eventually, is_long, is_production,
    },
};

/// The longest that an answer may take: the deadline of a request, and what a busy machine adds.
pub const DEADLINE: Duration = Duration::from_secs(12);
/// The longest that anything may take which needs nothing that is away.
const UNHARMED: Duration = Duration::from_secs(5);
pub const RECOVERY: Duration = Duration::from_secs(5);

/// How long something is away.
fn outage(seconds: u64) -> Duration {
    Duration::from_secs(if is_long() { 30 } else { seconds })
}

pub struct Stage {
    pub server: Server,
    pub wires: Wires,
    pub cast: Cast,
    pub thread: String,
    cursor: String,
    /// What a client uploads in parts.
    film: Vec<u8>,
    pub written: BTreeMap<String, String>,
}

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    Read,
    Write,
    SignIn,
    Upload,
}

const ACTS: [Act; 4] = [Act::Read, Act::Write, Act::SignIn, Act::Upload];

/// What came of a request.
pub struct Came {
    pub act: Act,
    /// Nothing if it was done.
    pub errors: Vec<String>,
    pub took: Duration,
}

impl Stage {
    pub async fn new() -> Self {
        let (world, cast) = World::with_cast().await;
        let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
        let (server, wires) = world.into_wired_server().await;
        let cursor = newest(&server.http, &cast).await;
        let mut stage = Self {
            server,
            wires,
            cast,
            thread,
            cursor,
            film: vec![0; 17 << 20],
            written: BTreeMap::new(),
        };
        stage.works().await;
        stage
    }

    async fn act(&self, act: Act, key: &str) -> Came {
        let (http, cast) = (&self.server.http, &self.cast);
        let begun = Instant::now();
        let answer = match act {
            Act::Read => {
                let query = "query($id: ID!) { space(id: $id) { title threads { nodes { title } } } }";
                http.send(&cast.stayer, query, json!({ "id": cast.space })).await
            }
            Act::Write => {
                let input = json!({ "rootId": self.thread, "body": key, "idempotencyKey": key });
                http.call(&cast.mobile, "commentCreate", &input, "comment { id }").await
            }
            Act::SignIn => {
                let input = json!({ "login": cast.teacher.login, "password": PASSWORD });
                http.call(&cast.teacher, "sessionCreate", &input, "accessToken").await
            }
            Act::Upload => {
                let mut input = announced(&cast.space, &cast.during, &self.film, "video/mp4");
                input["idempotencyKey"] = json!(key);
                input["fileName"] = json!("film.mp4");
                http.call(&cast.partner_pupil, "mediaUploadRequest", &input, "mediaItem { id }")
                    .await
            }
        };
        let (status, answer) = answer.unwrap();
        let errors = errors(&answer);
        if errors.is_empty() {
            assert_eq!(status, StatusCode::OK);
            for payload in answer["data"].as_object().unwrap().values() {
                assert!(
                    payload.get("userErrors").is_none_or(|errors| *errors == json!([])),
                    "{answer}"
                );
            }
        }
        let took = begun.elapsed();
        Came { act, errors, took }
    }

    /// Everybody does everything for so long; what came of it, and the keys of what was written.
    pub async fn besieged(&self, lasts: Duration) -> (Vec<Came>, BTreeSet<String>) {
        let begun = Instant::now();
        let one = async |act: Act| {
            let (mut came, mut keys) = (Vec::new(), BTreeSet::new());
            while begun.elapsed() < lasts {
                let key = key();
                came.push(self.act(act, &key).await);
                if act == Act::Write {
                    keys.insert(key);
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            (came, keys)
        };
        let done = join_all(ACTS.into_iter().chain([Act::Read, Act::Write]).map(one)).await;
        let (mut came, mut keys) = (Vec::new(), BTreeSet::new());
        for (some, more) in done {
            came.extend(some);
            keys.extend(more);
        }
        (came, keys)
    }

    /// Waits until everything works; how long that took.
    pub async fn works(&mut self) -> Duration {
        self.works_within(RECOVERY).await
    }

    pub async fn works_within(&mut self, limit: Duration) -> Duration {
        let stage = &*self;
        let key = key();
        let works = async || {
            let (ready, came) = tokio::join!(
                stage.server.http.ready(),
                join_all(ACTS.map(|act| stage.act(act, &key)))
            );
            ready.unwrap().1["status"] == "ready" && came.iter().all(|came| came.errors.is_empty())
        };
        let took = eventually(limit, "all works", works).await;
        let id = comment(&self.server.http, &self.cast.mobile, &self.thread, &key).await;
        self.written.insert(key, id.unwrap());
        took
    }

    /// What the probes of a load balancer are told for so long.
    async fn probed(&self, lasts: Duration) -> Vec<(StatusCode, Value)> {
        let (begun, mut told) = (Instant::now(), Vec::new());
        while begun.elapsed() < lasts {
            told.push(self.server.http.ready().await.unwrap());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        told
    }

    /// What clients meet while `wire` does `flow` for so long, and afterwards. `needs` is what can't be done without it, `checks` what
    /// probes are told of it: as long as anything can be done, the node is ready.
    async fn survives(&mut self, wire: Wire, flow: Flow, lasts: Duration, checks: &[&str], needs: &[Act]) {
        wire.set(flow);
        let ((came, keys), told) = tokio::join!(self.besieged(lasts), self.probed(lasts));
        wire.set(Flow::Running);
        let recovered = self.works().await;
        eprintln!(
            "{checks:?} {flow:?} for {lasts:?}: {} answers, works after {recovered:?}",
            came.len()
        );

        let (status, last) = told.last().unwrap();
        assert_eq!(bad(last), checks, "{last}");
        if needs == ACTS {
            assert_eq!(
                (*status, &last["status"]),
                (StatusCode::SERVICE_UNAVAILABLE, &json!("unavailable"))
            );
        } else {
            assert!(told.iter().all(|(status, _)| *status == StatusCode::OK), "{told:?}");
            assert_eq!(last["status"], "degraded");
            assert!(
                last["effects"].as_array().is_some_and(|effects| !effects.is_empty()),
                "{last}"
            );
        }
        for act in ACTS {
            let of_it: Vec<_> = came.iter().filter(|came| came.act == act).collect();
            let slowest = of_it.iter().map(|came| came.took).max().unwrap();
            let answers: BTreeSet<_> = of_it.iter().map(|came| came.errors.join(", ")).collect();
            eprintln!("  {act:?}: {} answers, {slowest:?} at most: {answers:?}", of_it.len());
            if needs.contains(&act) {
                assert!(slowest < DEADLINE, "{act:?} took {slowest:?}");
                assert_eq!(answers.into_iter().collect::<Vec<_>>(), ["UNAVAILABLE"], "{act:?}");
            } else {
                assert!(slowest < UNHARMED, "{act:?} took {slowest:?}");
                assert_eq!(answers.into_iter().collect::<Vec<_>>(), [""], "{act:?}");
            }
        }
        // Repeated, all is done once, and everybody is told of it, in order.
        for key in keys {
            let id = insist(&self.server.http, &self.cast.mobile, &self.thread, &key).await;
            self.written.insert(key, id);
        }
        let database = self.server.database().await;
        are_all_and_once(&database, &self.cast, &self.thread, &self.written).await;
        if needs == ACTS {
            nothing_is_left_open(&database).await;
        }
        let stored = stored(&database, &self.cast).await;
        let (_, last) = tokio::sync::watch::channel(stored.last().map(|(seq, _)| *seq));
        let address = self.server.http.address.parse().unwrap();
        let reader = Reader::new(&self.cast.stayer, &self.cast.space, &[address], &self.cursor);
        let told = reader.read(last).await.told;
        assert_eq!(told, stored[stored.len() - told.len()..]);
        assert_eq!(told.len(), self.written.len());
        database.close().await.unwrap();
    }
}

/// Requests that were given up have left no transaction: others would read from its snapshot.
async fn nothing_is_left_open(database: &DatabaseConnection) {
    let sql =
        "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    let is_none = async || {
        let statement = Statement::from_string(database.get_database_backend(), sql);
        database.query_all_raw(statement).await.unwrap().is_empty()
    };
    eventually(RECOVERY, "no transaction is left open", is_none).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_hangs_is_told_in_time_and_all_works_again_when_it_does() {
    if !is_production() {
        return;
    }
    let mut stage = Stage::new().await;
    let wire = stage.wires.database.clone();
    stage
        .survives(wire, Flow::Hung, outage(11), &["database", "schema"], &ACTS)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_gone_is_told_in_time_and_all_works_again_when_it_is_back() {
    if !is_production() {
        return;
    }
    let mut stage = Stage::new().await;
    let wire = stage.wires.database.clone();
    stage
        .survives(wire, Flow::Gone, outage(5), &["database", "schema"], &ACTS)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_fails_while_redis_hangs() {
    if !is_production() {
        return;
    }
    let mut stage = Stage::new().await;
    let wire = stage.wires.redis.clone();
    stage.survives(wire, Flow::Hung, outage(7), &["redis"], &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_fails_while_redis_is_gone() {
    if !is_production() {
        return;
    }
    let mut stage = Stage::new().await;
    let wire = stage.wires.redis.clone();
    stage.survives(wire, Flow::Gone, outage(4), &["redis"], &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_alone_fail_while_the_store_hangs_or_is_gone() {
    if !is_production() {
        return;
    }
    let mut stage = Stage::new().await;
    for (flow, seconds) in [(Flow::Hung, 6), (Flow::Gone, 2)] {
        let wire = stage.wires.store.clone();
        stage
            .survives(wire, flow, outage(seconds), &["media"], &[Act::Upload])
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_whose_commit_is_not_answered_is_done_once() {
    if !is_production() {
        return;
    }
    let mut stage = Stage::new().await;
    let write = async |stage: &Stage, key: &str| {
        let input = json!({ "rootId": stage.thread, "body": key, "idempotencyKey": key });
        let (http, who) = (&stage.server.http, &stage.cast.mobile);
        http.call(who, "commentCreate", &input, "").await.unwrap().1
    };
    stage.wires.database.set(Flow::CommitsUnanswered);
    let keys: Vec<_> = std::iter::repeat_with(key).take(3).collect();
    let begun = Instant::now();
    for answer in join_all(keys.iter().map(|key| write(&stage, key))).await {
        assert_eq!(errors(&answer), ["UNAVAILABLE"], "{answer}");
    }
    assert!(begun.elapsed() < DEADLINE, "{:?}", begun.elapsed());
    // It was done, and is done no second time.
    let database = stage.server.database().await;
    assert_eq!(
        comments(&database, &stage.thread).await.len(),
        stage.written.len() + keys.len()
    );
    stage.wires.database.set(Flow::Running);
    for key in keys {
        let id = insist(&stage.server.http, &stage.cast.mobile, &stage.thread, &key).await;
        stage.written.insert(key, id);
    }
    stage.works().await;
    are_all_and_once(&database, &stage.cast, &stage.thread, &stage.written).await;
    database.close().await.unwrap();
}

/// How long it takes from before a comment is written on one node until somebody hears of it on the other.
async fn across(stage: &mut Stage, socket: &mut Socket) -> Duration {
    let (begun, key) = (Instant::now(), key());
    let id = insist(&stage.server.http, &stage.cast.mobile, &stage.thread, &key).await;
    let event = socket.event().await;
    let took = begun.elapsed();
    assert_eq!(event["contribution"]["id"], id);
    stage.written.insert(key, id);
    took
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_redis_is_away_nodes_find_new_events_by_themselves() {
    if !is_production() {
        return;
    }
    let mut stage = Stage::new().await;
    let twin = stage.server.twin().await;
    let cursor = newest(&twin.http, &stage.cast).await;
    let address = twin.http.address.parse().unwrap();
    let mut socket = Socket::open(address, &stage.cast.stayer).await.unwrap();
    socket.watch(&stage.cast.space, Some(&cursor)).await.unwrap();
    for flow in [Flow::Hung, Flow::Gone] {
        stage.wires.redis.set(flow);
        let (begun, mut slowest, mut number) = (Instant::now(), Duration::ZERO, 0);
        while begun.elapsed() < outage(4) {
            slowest = slowest.max(across(&mut stage, &mut socket).await);
            number += 1;
            // Not in step with the comparison.
            tokio::time::sleep(Duration::from_millis(370)).await;
        }
        // Every two seconds they compare.
        assert!(slowest < Duration::from_secs(4), "{flow:?}: {slowest:?}");
        stage.wires.redis.set(Flow::Running);
        let begun = Instant::now();
        let mut in_a_row = 0;
        // One alone may be just in time for a comparison.
        while in_a_row < 4 {
            let took = across(&mut stage, &mut socket).await;
            in_a_row = if took < Duration::from_millis(300) {
                in_a_row + 1
            } else {
                0
            };
            assert!(begun.elapsed() < Duration::from_secs(10), "{flow:?}: still {took:?}");
        }
        let back = begun.elapsed();
        eprintln!("Redis {flow:?}: {number} events within {slowest:?}, soon again after {back:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_node_leaves_while_redis_and_the_store_are_away_at_once_and_events_go_on() {
    if !is_production() {
        return;
    }
    let mut stage = Stage::new().await;
    let twin = stage.server.twin().await;
    let cursor = newest(&twin.http, &stage.cast).await;
    let address = twin.http.address.parse().unwrap();
    let mut socket = Socket::open(address, &stage.cast.stayer).await.unwrap();
    socket.watch(&stage.cast.space, Some(&cursor)).await.unwrap();
    let lasts = Duration::from_secs(if is_long() { 60 } else { 5 });
    for flow in [Flow::Hung, Flow::Gone] {
        for wire in [&stage.wires.redis, &stage.wires.store] {
            wire.set(flow);
        }
        let begun = Instant::now();
        let reads = async |http: &Http| {
            let query = "query($id: ID!) { space(id: $id) { title threads { nodes { title } } } }";
            let mut count = 0;
            while begun.elapsed() < lasts {
                let (status, _) = http.ready().await.unwrap();
                assert_eq!(status, StatusCode::OK);
                let read = http.send(&stage.cast.stayer, query, json!({ "id": stage.cast.space }));
                let (status, answer) = read.await.unwrap();
                assert!(status == StatusCode::OK && errors(&answer).is_empty(), "{answer}");
                count += 1;
            }
            count
        };
        let writes = async {
            let mut written = BTreeMap::new();
            while begun.elapsed() < lasts {
                let key = key();
                let id = insist(&stage.server.http, &stage.cast.mobile, &stage.thread, &key).await;
                // One at a time, so that each is heard of before the next is written: by the comparison with the database alone.
                assert_eq!(socket.event().await["contribution"]["id"], id);
                written.insert(key, id);
            }
            written
        };
        let (here, there, written) = tokio::join!(reads(&stage.server.http), reads(&twin.http), writes);
        eprintln!(
            "{flow:?}: {here} and {there} probes and reads, {} events",
            written.len()
        );
        assert!(!written.is_empty());
        let (_, told) = twin.http.ready().await.unwrap();
        assert_eq!(
            (bad(&told), &told["status"]),
            (vec!["media".to_owned(), "redis".to_owned()], &json!("degraded"))
        );
        stage.written.extend(written);
        for wire in [&stage.wires.redis, &stage.wires.store] {
            wire.set(Flow::Running);
        }
        stage.works().await;
        let key = stage.written.last_key_value().unwrap().0.clone();
        assert_eq!(socket.event().await["contribution"]["id"], stage.written[&key]);
        let is_ready = async || twin.http.ready().await.unwrap().1["status"] == "ready";
        eventually(RECOVERY, "the twin is ready", is_ready).await;
    }
    let database = stage.server.database().await;
    are_all_and_once(&database, &stage.cast, &stage.thread, &stage.written).await;
    database.close().await.unwrap();
}
