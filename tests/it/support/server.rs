//! The server program itself, in a process of its own: it can be measured and killed.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::{Child, Command},
    sync::Arc,
    time::Duration,
};

use http::Request;
use object_store::{
    ClientOptions,
    client::{HttpClient, HttpConnector, HttpRequestBody, ReqwestConnector},
};
use serde_json::{Value, json};
use sojourn::app::App;
use tempfile::TempDir;

use super::{Person, World, config};

/// A server on what is in a world. Clients reach it through the network alone.
pub struct Server {
    child: Child,
    arguments: Vec<String>,
    folder: Arc<TempDir>,
    address: String,
    client: HttpClient,
}

impl World {
    /// Serves this world by a process of its own, with further arguments; the node in this process ends.
    pub async fn into_server(self, more: &[String]) -> Server {
        let Self {
            node,
            folder,
            mut arguments,
            ..
        } = self;
        node.app.db.close().await;
        drop(node);
        arguments.extend_from_slice(more);
        let (child, address) = start(&arguments, &folder.path().join("log")).await;
        let options = ClientOptions::new().with_allow_http(true);
        Server {
            child,
            arguments,
            folder,
            address,
            client: ReqwestConnector::default().connect(&options).unwrap(),
        }
    }
}

/// Starts the program, and waits until it says where it serves.
async fn start(arguments: &[String], log: &PathBuf) -> (Child, String) {
    for _ in 0..100 {
        let output = File::create(log).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_sojourn"))
            .args(["serve", "--listen=127.0.0.1:0", "--log=info"])
            .args(arguments)
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

impl Server {
    /// `http://…`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it keeps beside its database, and in the embedded set-up that too.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Ends it as a power cut does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again on the same data.
    pub async fn start_again(&mut self) {
        (self.child, self.address) = start(&self.arguments, &self.folder.path().join("log")).await;
    }

    /// Another node over the same database; only in production.
    pub async fn second_node(&self) -> App {
        App::open(&config(&self.arguments)).await.unwrap()
    }

    /// Sends an operation as somebody and returns its data; top-level errors fail the test.
    pub async fn ask(&self, who: &Person, query: &str, variables: Value) -> Value {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let request = Request::post(format!("{}/graphql", self.url()))
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {}", who.token))
            .body(HttpRequestBody::from(body))
            .unwrap();
        let answer = self.client.execute(request).await.unwrap().into_body();
        let answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
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
