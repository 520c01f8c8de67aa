//! A disk that is full or broken, and memory that runs out, below the database: SQLite's in the server itself, PostgreSQL's in a
//! server of the test's own. The faults are real ones of the operating system, or come from a library that stands before it.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::StatusCode;
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::{PATIENCE, are_all_and_once, comment, insist, key};
use crate::support::{
    Cast, Http, PASSWORD, Person, Postgres, Server, Surroundings, World, errors, eventually, faults, is_long,
    is_production,
};

/// What lets disk and memory fail; see `faults.c`.
struct Faults {
    folder: TempDir,
    library: PathBuf,
}

impl Faults {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // PostgreSQL looks into it as another user.
        fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let library = folder.path().join("faults.so");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/faults/faults.c");
        let mut compiler = Command::new("cc");
        let compiled = compiler
            .args(["-shared", "-fPIC", "-o"])
            .arg(&library)
            .arg(source)
            .status();
        assert!(compiled.unwrap().success());
        Self { folder, library }
    }

    fn variables(&self) -> Vec<(&'static str, PathBuf)> {
        // Not the log of changes of PostgreSQL: with it, the whole server goes down.
        let (files, threads) = if is_production() {
            ("/base/", "postgres")
        } else {
            ("sojourn.db", "sqlx-sqlite")
        };
        vec![
            ("LD_PRELOAD", self.library.clone()),
            ("SOJOURN_FAULTS", self.folder.path().into()),
            ("SOJOURN_FAULTY_FILES", files.into()),
            ("SOJOURN_FAULTY_THREADS", threads.into()),
        ]
    }

    fn begin(&self, fault: &str) {
        fs::write(self.folder.path().join(fault), "").unwrap();
    }

    fn end(&self, fault: &str) {
        fs::remove_file(self.folder.path().join(fault)).unwrap();
    }
}

/// What was not acknowledged: who wrote it, under which key.
type Open = Vec<(Person, String)>;

struct Stage {
    faults: Faults,
    server: Server,
    cast: Cast,
    thread: String,
    written: BTreeMap<String, String>,
    _postgres: Option<Postgres>,
}

impl Stage {
    async fn new() -> Self {
        let faults = Faults::new();
        let (world, postgres, surroundings) = if is_production() {
            let variables = faults.variables();
            let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_path())).collect();
            let postgres = Postgres::start(&variables).await;
            let world = World::over(&postgres.url).await;
            (world, Some(postgres), Surroundings::default())
        } else {
            let surroundings = Surroundings {
                variables: faults.variables(),
                ..Surroundings::default()
            };
            (World::new().await, None, surroundings)
        };
        let cast = world.make_cast().await;
        let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
        Self {
            faults,
            server: world.into_server_in(surroundings).await,
            cast,
            thread,
            written: BTreeMap::new(),
            _postgres: postgres,
        }
    }

    /// Everybody writes for so long; keys of what was acknowledged are kept with their ids, what was not is returned.
    async fn besieged(&mut self, lasts: Duration) -> Open {
        let ends = Arc::new(AtomicBool::new(false));
        let mut all = JoinSet::new();
        for who in [&self.cast.mobile, &self.cast.stayer, &self.cast.teacher] {
            let (http, who, thread) = (self.server.http.clone(), who.clone(), self.thread.clone());
            all.spawn(write_until(http, who, thread, Arc::clone(&ends)));
        }
        tokio::time::sleep(lasts).await;
        ends.store(true, Ordering::Relaxed);
        let mut open = Open::new();
        for (written, refused) in all.join_all().await {
            self.written.extend(written);
            open.extend(refused);
        }
        open
    }

    /// Under which key the mobile pupil wrote.
    async fn can_write(&mut self) -> String {
        let key = key();
        let id = insist(&self.server.http, &self.cast.mobile, &self.thread, &key).await;
        self.written.insert(key.clone(), id);
        key
    }

    async fn repeat(&mut self, open: Open) {
        for (who, key) in open {
            let id = insist(&self.server.http, &who, &self.thread, &key).await;
            self.written.insert(key, id);
        }
    }

    async fn word_of_database(&self) -> (StatusCode, String) {
        let (status, answer) = self.server.http.ready().await.unwrap();
        (status, answer["checks"]["database"].as_str().unwrap().to_owned())
    }

    async fn is_database(&self, status: StatusCode, word: &str) {
        let what = format!("/readyz says {word}");
        let is_so = async || self.word_of_database().await == (status, word.to_owned());
        eventually(PATIENCE, &what, is_so).await;
    }

    /// Nothing that was acknowledged is lost with the process, and all that was not is done once when it is repeated.
    async fn keeps_all(&mut self, open: Open) {
        self.server.kill();
        self.server.start_again().await;
        self.repeat(open).await;
        let database = self.server.database().await;
        are_all_and_once(&database, &self.cast, &self.thread, &self.written).await;
        database.close().await.unwrap();
    }
}

/// What somebody wrote, and keys of what was not acknowledged. Only an outage is a reason not to.
async fn write_until(
    http: Http,
    who: Person,
    thread: String,
    ends: Arc<AtomicBool>,
) -> (BTreeMap<String, String>, Open) {
    let (mut written, mut open) = (BTreeMap::new(), Open::new());
    while !ends.load(Ordering::Relaxed) {
        let key = key();
        match comment(&http, &who, &thread, &key).await {
            Ok(id) => drop(written.insert(key, id)),
            Err(code) => {
                assert_eq!(code, "UNAVAILABLE", "{key}");
                open.push((who.clone(), key));
                // Each is to be repeated.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
    (written, open)
}

/// A large comment is refused, or takes room: PostgreSQL finds some in its pages until it needs a new one.
async fn refused(stage: &mut Stage) {
    let is_refused = async || {
        let (key, body) = (key(), "bread ".repeat(1500));
        let input = json!({ "rootId": stage.thread, "body": body, "idempotencyKey": key });
        let http = &stage.server.http;
        let (_, answer) = http
            .call(&stage.cast.mobile, "commentCreate", &input, "comment { id }")
            .await
            .unwrap();
        let codes = errors(&answer);
        if let Some(id) = answer["data"]["commentCreate"]["comment"]["id"].as_str() {
            stage.written.insert(key, id.to_owned());
        } else {
            assert_eq!(codes, ["UNAVAILABLE"], "{answer}");
        }
        !codes.is_empty()
    };
    eventually(PATIENCE, "a write is refused", is_refused).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_acknowledged_is_there_whatever_disk_and_memory_do() {
    let rounds = if is_long() { 10 } else { 1 };
    let mut stage = Stage::new().await;
    let mut open = Open::new();
    for fault in ["full", "broken", "nomem"] {
        let mut failed = 0;
        for _ in 0..rounds {
            stage.faults.begin(fault);
            let refused = stage.besieged(Duration::from_millis(700)).await;
            stage.faults.end(fault);
            failed += refused.len();
            open.extend(refused);
            stage.can_write().await;
            open.extend(stage.besieged(Duration::from_millis(200)).await);
        }
        eprintln!("{fault}: {failed} writes failed, {} done so far", stage.written.len());
        // On PostgreSQL, only some writes need a new page.
        assert!(
            failed > 0 || (is_production() && fault != "nomem"),
            "{fault} is no fault"
        );
    }
    stage.keeps_all(open).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_writes_again_once_there_is_room_and_says_meanwhile_that_it_only_reads() {
    let mut stage = Stage::new().await;
    stage.is_database(StatusCode::OK, "ok").await;
    stage.faults.begin("full");
    refused(&mut stage).await;
    // On PostgreSQL too, where the row of the node needs no new page.
    assert_eq!(stage.word_of_database().await, (StatusCode::OK, "read-only".to_owned()));
    let query = "query($id: ID!) { space(id: $id) { title threads { nodes { title } } } }";
    let page = stage
        .server
        .ask(&stage.cast.stayer, query, json!({ "id": stage.cast.space }))
        .await;
    assert_eq!(page["space"]["threads"]["nodes"][0]["title"], "Bread");
    stage.faults.end("full");
    let known = stage.can_write().await;
    // What is refused inside of its transaction rolls it back: the next one must not be part of it.
    for _ in 0..2 {
        let input = json!({ "rootId": stage.thread, "body": "something else", "idempotencyKey": known });
        let writer = &stage.cast.mobile;
        let payload = stage
            .server
            .mutate(writer, "commentCreate", input, "comment { id }")
            .await;
        assert_eq!(faults(&payload), ["CONFLICT/KEY_REUSED at idempotencyKey"]);
    }
    stage.can_write().await;
    let change = json!({ "currentPassword": PASSWORD, "newPassword": "another long password" });
    let payload = stage
        .server
        .mutate(&stage.cast.stayer, "accountPasswordChange", change, "")
        .await;
    assert_eq!(payload["userErrors"], json!([]));
    stage.is_database(StatusCode::OK, "ok").await;
    stage.keeps_all(Open::new()).await;
    let sign_in = json!({ "login": stage.cast.stayer.login, "password": "another long password" });
    let payload = stage
        .server
        .mutate(&stage.cast.teacher, "sessionCreate", sign_in, "accessToken")
        .await;
    assert!(payload["accessToken"].is_string(), "{payload}");
}

/// A connection that SQLite makes while it can't write keeps to that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_could_not_be_written_for_a_while_is_written_again() {
    if is_production() {
        return;
    }
    let mut stage = Stage::new().await;
    stage.faults.begin("readonly");
    for _ in 0..3 {
        refused(&mut stage).await;
    }
    stage.is_database(StatusCode::OK, "read-only").await;
    stage.faults.end("readonly");
    stage.can_write().await;
    stage.is_database(StatusCode::OK, "ok").await;
    stage.keeps_all(Open::new()).await;
}

/// A small file system, for as long as a process that does nothing else lives in it.
struct Small {
    holder: Child,
    folder: PathBuf,
}

impl Small {
    const MEGABYTES: u64 = 16;

    /// Its first contents are those of `folder`, under whose name it is found.
    async fn over(folder: &Path) -> Self {
        let script = format!(
            "cp -a \"$0\" \"$0.kept\" && mount -t tmpfs -o size={}m,mode=700 tmpfs \"$0\" && cp -a \"$0.kept/.\" \"$0\" && touch \"$0/is-small\" && exec sleep 600",
            Self::MEGABYTES
        );
        let holder = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script])
            .arg(folder)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let inside = PathBuf::from(format!("/proc/{}/root{}", holder.id(), folder.display()));
        let is_there = async || inside.join("is-small").exists();
        eventually(
            PATIENCE,
            "there is a small file system (mounted in a user namespace of its own)",
            is_there,
        )
        .await;
        Self { holder, folder: inside }
    }

    fn surroundings(&self) -> Surroundings {
        let starter = format!(
            "nsenter --target {} --user --mount --preserve-credentials --",
            self.holder.id()
        );
        Surroundings {
            starter: starter.split(' ').map(str::to_owned).collect(),
            ..Surroundings::default()
        }
    }

    /// Takes all room but so many bytes.
    fn fill(&self, left: u64) {
        let mut filler = fs::File::create(self.folder.join("filler")).unwrap();
        while filler.write_all(&[1; 4096]).is_ok() {}
        let taken = filler.metadata().unwrap().len();
        filler.set_len(taken - left).unwrap();
    }

    fn make_room(&self) {
        fs::remove_file(self.folder.join("filler")).unwrap();
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_small_file_system_that_fills_up_writes_are_refused_and_nothing_is_lost() {
    if is_production() {
        return;
    }
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    world.app().db.close().await;
    let small = Small::over(world.folder()).await;
    let mut stage = Stage {
        faults: Faults::new(),
        server: world.into_server_in(small.surroundings()).await,
        cast,
        thread,
        written: BTreeMap::new(),
        _postgres: None,
    };
    let mut open = Open::new();
    for _ in 0..2 {
        small.fill(300_000);
        open.extend(stage.besieged(Duration::from_millis(500)).await);
        refused(&mut stage).await;
        // What is smaller may still find room.
        let is_so = async || {
            let key = key();
            match comment(&stage.server.http, &stage.cast.mobile, &stage.thread, &key).await {
                Ok(id) => drop(stage.written.insert(key, id)),
                Err(code) => {
                    assert_eq!(code, "UNAVAILABLE");
                    open.push((stage.cast.mobile.clone(), key));
                }
            }
            stage.word_of_database().await == (StatusCode::OK, "read-only".to_owned())
        };
        eventually(PATIENCE, "/readyz says read-only", is_so).await;
        small.make_room();
        stage.can_write().await;
        stage.is_database(StatusCode::OK, "ok").await;
    }
    stage.server.kill();
    stage.server.start_again().await;
    stage.repeat(open).await;
    // The file system is not to be seen from here.
    let query = "query($id: ID!) { node(id: $id) { ... on Thread { commentCount } } }";
    let page = stage
        .server
        .ask(&stage.cast.stayer, query, json!({ "id": stage.thread }))
        .await;
    assert_eq!(page["node"]["commentCount"], stage.written.len());
    let ids: Vec<_> = stage.written.values().collect();
    for ids in ids.chunks(100) {
        let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
        let page = stage.server.ask(&stage.cast.stayer, query, json!({ "ids": ids })).await;
        let found = page["nodes"].as_array().unwrap().iter();
        assert_eq!(found.map(|node| &node["id"]).collect::<Vec<_>>(), ids);
    }
}
