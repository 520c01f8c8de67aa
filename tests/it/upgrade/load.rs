//! People who use a server all the time, and count what isn't as it should be.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::StatusCode;
use sea_orm::DatabaseConnection;
use serde_json::json;
use sojourn::platform::stream::Cursor;
use tokio::{sync::watch, task::JoinSet};

use crate::{
    faults::{are_all_and_once, comment, key, newest, reader::Reader, stored},
    support::{Cast, Http, Person, Server, Wire, errors, eventually, is_long},
};

const WRITERS: usize = 4;
const READERS: usize = 2;
const PAUSE: Duration = Duration::from_millis(20);
/// How long they may take for what they do all the time.
const PATIENCE: Duration = Duration::from_secs(60);

const PAGE: &str = "query($space: ID!, $thread: ID!) { viewer { account { login } }
    space(id: $space) { title members(first: 20) { nodes { displayName } } threads(first: 10) { nodes { title lastComment { body } } } }
    node(id: $thread) { ... on Thread { commentCount comments(last: 5) { nodes { body author { displayName } } } } } }";

/// What everybody shares.
pub struct Load {
    pub cast: Arc<Cast>,
    thread: String,
    /// Where requests go: what a load balancer knows.
    open: Mutex<Vec<Http>>,
    /// Addresses of servers that were killed: whoever is just there hears nothing.
    killed: Mutex<BTreeSet<String>>,
    failures: Mutex<Vec<String>>,
    written: AtomicUsize,
    read: AtomicUsize,
    turn: AtomicUsize,
    is_over: AtomicBool,
}

/// Those who are at work.
pub struct Working {
    pub load: Arc<Load>,
    writers: JoinSet<BTreeMap<String, String>>,
    readers: JoinSet<()>,
    listeners: JoinSet<Reader>,
    last: watch::Sender<Option<i64>>,
    begin: i64,
}

/// A place of a server, with a wire that leads the sockets to whoever is there.
pub struct Place {
    pub server: Server,
    sockets: Wire,
}

impl Place {
    pub fn new(server: Server) -> Self {
        let sockets = Wire::new(&server.http.address);
        Self { server, sockets }
    }

    /// Ends as a power cut ends it.
    pub fn kill(&mut self, load: &Load) {
        // Before, so that nobody is told of a failure that was meant.
        load.killed.lock().unwrap().insert(self.server.http.address.clone());
        self.server.kill();
        load.close(&self.server);
    }

    /// Ends as an operator ends it who has taken it from the load balancer.
    pub async fn stop(&mut self, load: &Load) {
        load.close(&self.server);
        self.server.stop().await;
    }

    /// Starts again, as a release with these further migrations.
    pub async fn start(&mut self, load: &Load, migrations: &[&str]) {
        self.server.play(migrations);
        self.server.start_again().await;
        let (server, load) = (&self.server, load);
        let is_ready = async || {
            server
                .http
                .ready()
                .await
                .is_ok_and(|(status, _)| status == StatusCode::OK)
        };
        eventually(PATIENCE, "ready", is_ready).await;
        self.sockets.lead_to(&server.http.address);
        load.open.lock().unwrap().push(server.http.clone());
    }
}

impl Load {
    fn close(&self, server: &Server) {
        self.open
            .lock()
            .unwrap()
            .retain(|http| http.address != server.http.address);
    }

    /// The next server, once there is one.
    async fn http(&self) -> Http {
        loop {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed);
            let next = {
                let open = self.open.lock().unwrap();
                open.get(turn % open.len().max(1)).cloned()
            };
            match next {
                Some(http) => return http,
                None => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    fn fail(&self, http: &Http, why: &str) {
        if !self.killed.lock().unwrap().contains(&http.address) {
            self.failures.lock().unwrap().push(format!("{}: {why}", http.address));
        }
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Writes one comment after the other, each until it is acknowledged.
    async fn write(self: Arc<Self>, who: Person) -> BTreeMap<String, String> {
        let mut written = BTreeMap::new();
        while !self.is_over() {
            let key = key();
            loop {
                let http = self.http().await;
                match comment(&http, &who, &self.thread, &key).await {
                    Ok(id) => {
                        written.insert(key, id);
                        break;
                    }
                    Err(why) => self.fail(&http, &why),
                }
                tokio::time::sleep(PAUSE).await;
            }
            self.written.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(PAUSE).await;
        }
        written
    }

    /// Reads pages, in which all is that was acknowledged before.
    async fn read(self: Arc<Self>, who: Person) {
        while !self.is_over() {
            let (http, acknowledged) = (self.http().await, self.written.load(Ordering::SeqCst));
            let variables = json!({ "space": self.cast.space, "thread": self.thread });
            match http.send(&who, PAGE, variables).await {
                Ok((_, answer)) if errors(&answer).is_empty() => {
                    let count = answer["data"]["node"]["commentCount"].as_u64();
                    if count.is_none_or(|count| count < acknowledged as u64) {
                        self.fail(&http, &format!("{count:?} comments of {acknowledged}"));
                    }
                    self.read.fetch_add(1, Ordering::SeqCst);
                }
                Ok((status, answer)) => self.fail(&http, &format!("{status} {answer}")),
                Err(why) => self.fail(&http, &why),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until everybody has been served some times more.
    pub async fn goes_on(&self) {
        let more = if is_long() { 50 } else { 5 };
        let now = || [&self.written, &self.read].map(|count| count.load(Ordering::SeqCst));
        let before = now();
        let has_grown = async || now().iter().zip(before).all(|(now, before)| *now >= before + more);
        eventually(PATIENCE, "people are served", has_grown).await;
    }
}

impl Working {
    /// Begins: writers and readers at all places, and somebody at each place who listens to all events.
    pub async fn begin(cast: Cast, thread: String, places: &[&Place]) -> Self {
        let cursor = newest(&places[0].server.http, &cast).await;
        let load = Arc::new(Load {
            cast: Arc::new(cast),
            thread,
            open: Mutex::new(places.iter().map(|place| place.server.http.clone()).collect()),
            killed: Mutex::default(),
            failures: Mutex::default(),
            written: AtomicUsize::new(0),
            read: AtomicUsize::new(0),
            turn: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
        });
        let (last, told_last) = watch::channel(None);
        let mut listeners = JoinSet::new();
        for place in places {
            let addresses: [SocketAddr; 1] = [place.sockets.address];
            let reader = Reader::new(&load.cast.stayer, &load.cast.space, &addresses, &cursor);
            listeners.spawn(reader.read(told_last.clone()));
        }
        let (mut writers, mut readers) = (JoinSet::new(), JoinSet::new());
        let people = [&load.cast.mobile, &load.cast.teacher, &load.cast.stayer];
        for number in 0..WRITERS {
            writers.spawn(Arc::clone(&load).write(people[number % people.len()].clone()));
        }
        for number in 0..READERS {
            readers.spawn(Arc::clone(&load).read(people[number % people.len()].clone()));
        }
        load.goes_on().await;
        let begin = Cursor::decode(&cursor).unwrap().seq;
        Self {
            load,
            writers,
            readers,
            listeners,
            last,
            begin,
        }
    }

    /// Ends. Nobody was refused, all that was acknowledged is there once, and everybody was told of it in order.
    pub async fn end(self, database: &DatabaseConnection) {
        let load = self.load;
        load.goes_on().await;
        load.is_over.store(true, Ordering::Relaxed);
        let written: BTreeMap<_, _> = self.writers.join_all().await.into_iter().flatten().collect();
        self.readers.join_all().await;
        let failures = load.failures.lock().unwrap().clone();
        eprintln!(
            "{} comments, {} pages, {} failures",
            written.len(),
            load.read.load(Ordering::Relaxed),
            failures.len()
        );
        assert!(failures.is_empty(), "{failures:#?}");
        let stored = stored(database, &load.cast).await;
        self.last.send_replace(stored.last().map(|(seq, _)| *seq));
        let expected: Vec<_> = stored.into_iter().filter(|(seq, _)| *seq > self.begin).collect();
        for reader in self.listeners.join_all().await {
            assert!(
                reader.told == expected,
                "{} events of {}",
                reader.told.len(),
                expected.len()
            );
        }
        are_all_and_once(database, &load.cast, &load.thread, &written).await;
    }
}
