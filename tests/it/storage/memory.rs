//! How much memory the server takes for bytes that go through it: a process of its own, which nothing else disturbs.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use http::StatusCode;
use sojourn::platform::{
    auth::token::Signer,
    storage::{BucketOptions, NewPart, Options, Storage},
};

use super::{MINUTE, Place, noise, sha256, upload};
use crate::support::{Http, eventually, is_long, is_production};

const PART: usize = 16 << 20;
/// KiB by which the server may grow, whatever the size.
const GROWTH: u64 = 40 << 10;

struct Server(Child);

impl Server {
    /// The most memory that the process had at once, in KiB.
    fn peak(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn large_uploads_and_downloads_take_little_memory() {
    if is_production() {
        // They go to the store.
        return;
    }
    let parts = if is_long() { 64 } else { 4 };
    let folder = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    let key = folder.path().join("signing-key.pem");
    std::fs::write(&key, Signer::generate().unwrap()).unwrap();
    drop(free);
    let mut command = Command::new(env!("CARGO_BIN_EXE_sojourn"));
    command
        .arg("serve")
        .arg(format!("--listen={address}"))
        .arg(format!("--data-dir={}", folder.path().display()));
    command
        .env_remove("SOJOURN_MEDIA_URL")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let server = Server(command.spawn().unwrap());
    // The same store with the same keys.
    let signer = Signer::from_pem(&std::fs::read_to_string(&key).unwrap()).unwrap();
    let storage = Storage::open(&Options {
        url: format!("file:{}", folder.path().join("media").display()),
        public_url: format!("http://{address}"),
        secret: signer.secret("media URLs"),
        bucket: BucketOptions::default(),
    });
    let place = Place::of(storage.unwrap());
    let part = noise(1, PART);
    let http = Http::new(&address.to_string());
    let is_ready = async || http.ready().await.is_ok_and(|(status, _)| status == StatusCode::OK);
    eventually(Duration::from_secs(60), "the server is ready", is_ready).await;
    // Once, so that what the server needs anyway is there.
    place.upload("first", &part[..1_000_000]).await;
    let before = server.peak();

    let key = "staging/large";
    let id = place.storage.begin_parts(key, "video/mp4", true).await.unwrap();
    let new = |number| NewPart {
        number,
        size: PART as u64,
        sha256: Some(sha256(&part)),
    };
    let new: Vec<_> = (1..=parts).map(new).collect();
    let urls = place.storage.part_urls(key, &id, &new, MINUTE * 30).await.unwrap();
    for pair in urls.chunks(2) {
        let sent = futures_util::future::join_all(pair.iter().map(|url| place.send(url, &part))).await;
        assert!(sent.iter().all(|answer| answer.status == StatusCode::OK));
    }
    let listed = place.storage.list_parts(key, &id).await.unwrap();
    assert_eq!(listed.len(), parts as usize);
    place.storage.complete_parts(key, &id, &listed).await.unwrap();
    let size = place.storage.head(key).await.unwrap().unwrap().size;
    assert_eq!(size, u64::from(parts) * PART as u64);

    let whole: Vec<u8> = part.repeat(4);
    let request = place.storage.upload_url(&upload("staging/one", &whole)).await.unwrap();
    assert_eq!(place.send(&request, &whole).await.status, StatusCode::OK);
    let url = place.download_url("staging/one", "video/mp4", true).await;
    let downloads = futures_util::future::join_all((0..3).map(|_| place.get(&url, &[]))).await;
    assert!(downloads.iter().all(|answer| answer.body.len() == whole.len()));
    let after = server.peak();
    eprintln!(
        "{size} bytes in parts, {} in one: {before} KiB before, {after} KiB at most",
        whole.len()
    );
    assert!(after - before < GROWTH, "{before} KiB before, {after} KiB at most");
}
