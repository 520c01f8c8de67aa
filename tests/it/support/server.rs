//! The server program itself, in a process of its own: it can be measured and killed.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::{Child, Command, ExitStatus},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use http::{Request, StatusCode};
use object_store::{
    ClientOptions,
    client::{HttpClient, HttpConnector, HttpRequestBody, ReqwestConnector},
};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use serde_json::{Value, json};
use sojourn::app::App;
use tempfile::TempDir;
use url::Url;

use super::{Person, Wire, World, config, eventually, is_production};

/// How long a server may take to end.
const STOPPING: Duration = Duration::from_secs(30);

/// A server on what is in a world. Clients reach it through the network alone.
pub struct Server {
    child: Child,
    arguments: Vec<String>,
    surroundings: Surroundings,
    folder: Arc<TempDir>,
    log: PathBuf,
    /// Past all wires.
    database_url: String,
    pub http: Http,
}

/// What a server is started in.
#[derive(Clone, Default)]
pub struct Surroundings {
    pub variables: Vec<(&'static str, PathBuf)>,
    /// A program that starts it, with its arguments.
    pub starter: Vec<String>,
}

/// What speaks HTTP to one address.
#[derive(Clone)]
pub struct Http {
    /// `host:port`
    pub address: String,
    client: HttpClient,
}

/// The ways of a server to what it needs.
pub struct Wires {
    pub database: Wire,
    pub redis: Wire,
    pub store: Wire,
}

impl World {
    /// Serves this world by a process of its own, with further arguments; the node in this process ends.
    pub async fn into_server(mut self, more: &[String]) -> Server {
        self.arguments.extend_from_slice(more);
        self.into_server_in(Surroundings::default()).await
    }

    /// The same, with a file of certificates that are trusted instead of the system's.
    pub async fn into_server_that_trusts(self, roots: PathBuf) -> Server {
        self.into_server_in(trusting(roots)).await
    }

    /// The same in other surroundings than those of the tests.
    pub async fn into_server_in(self, surroundings: Surroundings) -> Server {
        let Self {
            node,
            folder,
            config,
            arguments,
        } = self;
        node.app.db.close().await;
        drop(node);
        let database_url = if is_production() {
            config.database_url()
        } else {
            format!("sqlite://{}?mode=ro", folder.path().join("sojourn.db").display())
        };
        Server::new((arguments, surroundings), folder, "log", database_url).await
    }

    /// The name of its database; only in production.
    pub async fn database_name(&self) -> String {
        let sql = Statement::from_string(DbBackend::Postgres, "SELECT current_database()::text AS name");
        let row = self.app().db.primary().query_one_raw(sql).await.unwrap();
        row.unwrap().try_get("", "name").unwrap()
    }

    /// Takes a flag (`--flag=`) away.
    pub fn unset(&mut self, flag: &str) {
        self.arguments.retain(|argument| !argument.starts_with(flag));
    }

    /// Gives a flag (`--flag=`) another value.
    pub fn set(&mut self, flag: &str, value: &str) {
        let argument = self.arguments.iter_mut().find(|argument| argument.starts_with(flag));
        *argument.unwrap() = format!("{flag}{value}");
    }

    /// The same with a wire to everything that it needs; only in production.
    pub async fn into_wired_server(mut self) -> (Server, Wires) {
        let mut wire = |flag: &str| {
            let url = self.arguments.iter().find_map(|argument| argument.strip_prefix(flag));
            let mut url = Url::parse(url.unwrap()).unwrap();
            let port = url.port_or_known_default().unwrap();
            let wire = Wire::new(&format!("{}:{port}", url.host_str().unwrap()));
            url.set_host(Some("127.0.0.1")).unwrap();
            url.set_port(Some(wire.address.port())).unwrap();
            self.set(flag, url.as_str());
            wire
        };
        let wires = Wires {
            database: wire("--database-url="),
            redis: wire("--redis-url="),
            store: wire("--s3-endpoint="),
        };
        (self.into_server(&[]).await, wires)
    }
}

/// Starts the program, and waits until it says where it serves.
async fn start((arguments, surroundings): (&[String], &Surroundings), log: &PathBuf) -> (Child, String) {
    let program = env!("CARGO_BIN_EXE_sojourn").to_owned();
    let mut words = surroundings.starter.iter().chain([&program]);
    let first = words.next().unwrap();
    let rest: Vec<_> = words.collect();
    for _ in 0..100 {
        let output = File::create(log).unwrap();
        let mut child = Command::new(first)
            .args(&rest)
            .args(["serve", "--listen=127.0.0.1:0", "--log=info"])
            .args(arguments)
            .envs(surroundings.variables.iter().cloned())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        while child.try_wait().unwrap().is_none() {
            let said = fs::read_to_string(log).unwrap();
            if let Some((_, rest)) = said.split_once("address=")
                && let Some((address, _)) = rest.split_once(' ')
            {
                return (child, address.to_owned());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // An embedded database is locked until the last task of the world has let go of it.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the server doesn't start: {}", fs::read_to_string(log).unwrap());
}

/// Certificates that are trusted instead of the system's.
fn trusting(roots: PathBuf) -> Surroundings {
    Surroundings {
        variables: vec![("SSL_CERT_FILE", roots)],
        ..Surroundings::default()
    }
}

/// The arguments of the release with these further migrations.
fn release(arguments: &[String], migrations: &[&str]) -> Vec<String> {
    const FLAG: &str = "--test-migrations=";
    let others = arguments.iter().filter(|argument| !argument.starts_with(FLAG));
    let own = (!migrations.is_empty()).then(|| format!("{FLAG}{}", migrations.join(",")));
    others.cloned().chain(own).collect()
}

impl Http {
    pub fn new(address: &str) -> Self {
        let options = ClientOptions::new().with_allow_http(true);
        Self {
            address: address.to_owned(),
            client: ReqwestConnector::default().connect(&options).unwrap(),
        }
    }

    /// Sends an operation as somebody; an error if there is no answer.
    pub async fn send(&self, who: &Person, query: &str, variables: Value) -> Result<(StatusCode, Value), String> {
        let request = Request::post(format!("http://{}/graphql", self.address))
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {}", who.token));
        let body = json!({ "query": query, "variables": variables }).to_string();
        self.execute(request.body(body.into()).unwrap()).await
    }

    /// Calls a mutation `name(input)` as somebody.
    pub async fn call(
        &self,
        who: &Person,
        name: &str,
        input: &Value,
        selection: &str,
    ) -> Result<(StatusCode, Value), String> {
        let query = super::mutation(name, selection);
        self.send(who, &query, json!({ "input": input })).await
    }

    /// What `/readyz` says.
    pub async fn ready(&self) -> Result<(StatusCode, Value), String> {
        let request = Request::get(format!("http://{}/readyz", self.address));
        self.execute(request.body(HttpRequestBody::empty()).unwrap()).await
    }

    async fn execute(&self, request: Request<HttpRequestBody>) -> Result<(StatusCode, Value), String> {
        let answer = self.client.execute(request).await.map_err(|error| error.to_string())?;
        let (status, body) = (answer.status(), answer.into_body());
        let body = body.bytes().await.map_err(|error| error.to_string())?;
        Ok((status, serde_json::from_slice(&body).unwrap()))
    }
}

impl Server {
    /// A server with these arguments, once it serves.
    pub async fn start(arguments: Vec<String>, folder: Arc<TempDir>) -> Self {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let log = format!("log of server {}", STARTED.fetch_add(1, Ordering::Relaxed));
        let database_url = config(&arguments).database_url();
        Self::new((arguments, Surroundings::default()), folder, &log, database_url).await
    }

    async fn new(
        (arguments, surroundings): (Vec<String>, Surroundings),
        folder: Arc<TempDir>,
        log: &str,
        database_url: String,
    ) -> Self {
        let log = folder.path().join(log);
        let (child, address) = start((&arguments, &surroundings), &log).await;
        Self {
            child,
            arguments,
            surroundings,
            folder,
            log,
            database_url,
            http: Http::new(&address),
        }
    }

    /// Another process over the same database; only in production.
    pub async fn twin(&self) -> Self {
        self.twin_in(self.surroundings.clone()).await
    }

    /// The same with other certificates that it trusts.
    pub async fn twin_that_trusts(&self, roots: Option<PathBuf>) -> Self {
        self.twin_in(roots.map(trusting).unwrap_or_default()).await
    }

    async fn twin_in(&self, surroundings: Surroundings) -> Self {
        static TWINS: AtomicU32 = AtomicU32::new(0);
        let log = format!("log of twin {}", TWINS.fetch_add(1, Ordering::Relaxed));
        let (folder, url) = (Arc::clone(&self.folder), self.database_url.clone());
        Self::new((self.arguments.clone(), surroundings), folder, &log, url).await
    }

    /// A connection to the database beside those of the server.
    pub async fn database(&self) -> DatabaseConnection {
        let mut options = ConnectOptions::new(self.database_url.clone());
        options.max_connections(1).sqlx_logging(false);
        Database::connect(options).await.unwrap()
    }

    /// `http://…`
    pub fn url(&self) -> String {
        format!("http://{}", self.http.address)
    }

    /// What it keeps beside its database, and in the embedded set-up that too.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// A command over the same data, of the release with these further migrations.
    pub fn command(&self, name: &str, migrations: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sojourn"));
        command.args([name, "--listen=127.0.0.1:0", "--log=info"]);
        command.args(release(&self.arguments, migrations));
        command
    }

    /// Is, from its next start on, of the release with these further migrations.
    pub fn play(&mut self, migrations: &[&str]) {
        self.arguments = release(&self.arguments, migrations);
    }

    /// Ends it as an operator does: what it was asked, it answers.
    pub async fn stop(&mut self) {
        let terminate = format!("kill -TERM {}", self.child.id());
        let status = Command::new("sh").args(["-c", &terminate]).status().unwrap();
        assert!(status.success(), "{status}");
        let mut ended = None;
        eventually(STOPPING, "stopped", async || {
            ended = self.child.try_wait().unwrap();
            ended.is_some()
        })
        .await;
        assert!(ended.unwrap().success(), "{}", fs::read_to_string(&self.log).unwrap());
    }

    /// Ends it as a power cut does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Tells it to stop, as a container or a service manager does.
    pub fn terminate(&self) {
        let id = self.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(told.success());
    }

    /// Waits until it has ended by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What it has logged since it was started last.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Runs another command with its arguments, and returns whether that worked, and what it said.
    pub fn run(&self, words: &[&str]) -> (bool, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_sojourn"))
            .args(words)
            .args(&self.arguments)
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    }

    /// Gives it a further argument, for when it is started again.
    pub fn also(&mut self, argument: &str) {
        self.arguments.push(argument.to_owned());
    }

    /// Starts it again on the same data.
    pub async fn start_again(&mut self) {
        (self.child, self.http.address) = start((&self.arguments, &self.surroundings), &self.log).await;
    }

    /// Another node over the same database; only in production.
    pub async fn second_node(&self) -> App {
        App::open(&config(&self.arguments)).await.unwrap()
    }

    /// Sends an operation as somebody and returns its data; top-level errors fail the test.
    pub async fn ask(&self, who: &Person, query: &str, variables: Value) -> Value {
        let (_, answer) = self.http.send(who, query, variables).await.unwrap();
        assert!(answer.get("errors").is_none(), "{query}: {answer}");
        answer["data"].clone()
    }

    /// Calls a mutation `name(input)` as somebody, and returns its payload.
    pub async fn mutate(&self, who: &Person, name: &str, input: Value, selection: &str) -> Value {
        let query = super::mutation(name, selection);
        self.ask(who, &query, json!({ "input": input })).await[name].clone()
    }

    /// KiB, by a line of the status of the process such as `VmRSS`.
    pub fn memory(&self, key: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        line.trim_start_matches(':')
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .unwrap()
    }

    /// From now on, `VmHWM` is the most that it has.
    pub fn forget_peak(&self) {
        fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
