//! A Redis that is full: it answers, and takes no writes. Only in production: the embedded set-up needs none.

use std::{
    net::{Ipv4Addr, TcpListener},
    process::{Child, Command, Stdio},
};

use http::StatusCode;
use serde_json::json;
use tempfile::TempDir;

use super::{PATIENCE, bad, comment, key};
use crate::support::{PASSWORD, World, errors, eventually, is_production};

/// A Redis of the test's own.
struct Own {
    child: Child,
    url: String,
    _folder: TempDir,
}

impl Own {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let child = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .args(["--maxmemory-policy", "noeviction", "--dir"])
            .arg(folder.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server");
        let own = Self {
            child,
            url: format!("redis://127.0.0.1:{port}/"),
            _folder: folder,
        };
        eventually(PATIENCE, "Redis is there", async || own.allow("0").await.is_ok()).await;
        own
    }

    /// Lets it keep so many bytes; 0 is any number.
    async fn allow(&self, bytes: &str) -> redis::RedisResult<()> {
        let client = redis::Client::open(&*self.url)?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        let mut command = redis::cmd("CONFIG");
        command.arg("SET").arg("maxmemory").arg(bytes);
        command.query_async(&mut connection).await
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_takes_no_writes_is_told_and_is_as_good_as_away() {
    if !is_production() {
        return;
    }
    let redis = Own::start().await;
    let (mut world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    world.set("--redis-url=", &redis.url);
    let server = world.into_server(&[]).await;
    let http = &server.http;
    let status = async || http.ready().await.unwrap().1["status"].clone();
    let sign_in = async |password: &str| {
        let input = json!({ "login": cast.colleague.login, "password": password });
        let (_, answer) = http
            .call(&cast.colleague, "sessionCreate", &input, "accessToken")
            .await
            .unwrap();
        errors(&answer)
    };
    let present = async || {
        let input = json!({ "spaceId": cast.space });
        errors(
            &http
                .call(&cast.mobile, "presenceSet", &input, "expiresAt")
                .await
                .unwrap()
                .1,
        )
    };
    eventually(PATIENCE, "ready", async || status().await == "ready").await;
    assert_eq!(present().await, Vec::<String>::new());

    redis.allow("1").await.unwrap();
    let (code, told) = http.ready().await.unwrap();
    assert_eq!((code, bad(&told)), (StatusCode::OK, vec!["redis".to_owned()]), "{told}");
    assert_eq!(told["effects"].as_array().map(Vec::len), Some(3), "{told}");
    assert_eq!(status().await, "degraded");
    comment(http, &cast.mobile, &thread, &key()).await.unwrap();
    assert_eq!(present().await, ["UNAVAILABLE"]);
    // Guesses are counted all the same.
    let mut guesses = Vec::new();
    for _ in 0..6 {
        guesses.extend(sign_in("a wrong password").await);
    }
    assert_eq!(guesses, ["RATE_LIMITED"]);

    redis.allow("0").await.unwrap();
    eventually(PATIENCE, "ready", async || status().await == "ready").await;
    assert_eq!(present().await, Vec::<String>::new());
    eventually(PATIENCE, "who waited signs in", async || {
        sign_in(PASSWORD).await.is_empty()
    })
    .await;
    let log = server.log();
    assert_eq!(log.matches("Redis is away").count(), 1, "{log}");
    assert_eq!(log.matches("Redis is back").count(), 1, "{log}");
    assert!(!log.contains("internal error"), "{log}");
    // However often somebody asks: once that it is so, once that it is over.
    let told = |words: &str| {
        log.lines()
            .filter(|line| line.contains("http::health") && line.contains(words))
            .count()
    };
    assert_eq!((told("degraded"), told("well again")), (1, 1), "{log}");
}
