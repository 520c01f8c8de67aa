//! A film of a gigabyte, from the phone to those who watch it: the server holds little of it at once.

use std::time::{Duration, Instant};

use http::StatusCode;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    Phone, UPLOAD, announced,
    hostile::files::{LargeFilm, MARKER},
};
use crate::support::{World, id_of, is_long};

/// KiB by which the server may grow.
const GROWTH: u64 = 80 << 10;
/// How long the processing may take; it takes seconds.
const PATIENCE: Duration = Duration::from_secs(300);

fn sum(film: &LargeFilm) -> String {
    let (mut hash, mut at) = (Sha256::new(), 0);
    while at < film.size() {
        let part = film.read(at, (film.size() - at).min(1 << 22));
        hash.update(&part);
        at += part.len() as u64;
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_large_film_takes_little_memory_all_the_way() {
    let (world, cast) = World::with_cast().await;
    let server = world.into_server(&[]).await;
    // What the server needs anyway is there after a small one.
    let small = LargeFilm::new(1000);
    let small = small.read(0, small.size());
    let mut input = announced(&cast.space, &cast.during, &small, "video/mp4");
    input["fileName"] = json!("small.mp4");
    let small = server.upload(&cast.mobile, input.clone(), &small).await.unwrap();
    while server.fates(&cast.mobile, std::slice::from_ref(&small)).await != ["READY"] {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let resting = server.memory("VmRSS");
    server.forget_peak();

    let film = LargeFilm::new(if is_long() { 1_000_000_000 } else { 40_000_000 });
    input["fileName"] = json!("large.mp4");
    input["size"] = json!(film.size());
    input["sha256"] = json!(sum(&film));
    let begun = Instant::now();
    let payload = server.mutate(&cast.mobile, "mediaUploadRequest", input, UPLOAD).await;
    let phone = Phone::of(&server);
    let requests = payload["upload"]["requests"].as_array().unwrap();
    for request in requests {
        let place = |field: &str| request[field].as_u64().unwrap();
        let part = film.read(place("offset"), place("size"));
        assert_eq!(phone.send_part(request, &part).await, StatusCode::OK);
    }
    let sent = begun.elapsed();
    let item = id_of(&payload["mediaItem"]);
    let completed = server
        .mutate(&cast.mobile, "mediaUploadComplete", json!({ "mediaItemId": item }), "")
        .await;
    assert_eq!(completed["userErrors"], json!([]));
    let taken = begun.elapsed();
    loop {
        let fates = server.fates(&cast.mobile, std::slice::from_ref(&item)).await;
        if fates == ["READY"] {
            break;
        }
        assert!(matches!(&*fates[0], "UPLOADED" | "PROCESSING"), "{fates:?}");
        assert!(begun.elapsed() < PATIENCE, "{fates:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let peak = server.memory("VmHWM");
    eprintln!(
        "{} bytes: sent in {sent:?}, taken over in {:?}, processed in {:?}; {resting} KiB at rest, {peak} KiB at most",
        film.size(),
        taken - sent,
        begun.elapsed() - taken
    );
    assert!(
        peak.saturating_sub(resting) <= GROWTH,
        "{resting} KiB at rest, {peak} KiB at most"
    );

    let query = "query($id: ID!) { node(id: $id) { ... on MediaItem { file { size url } } } }";
    let data = server.ask(&cast.mobile, query, json!({ "id": item })).await;
    let file = &data["node"]["file"];
    assert_ne!(file["url"], Value::Null);
    let size = file["size"].as_u64().unwrap();
    let url = file["url"].as_str().unwrap();
    let part = async |at: u64, length: u64| {
        let range = ("range".to_owned(), format!("bytes={at}-{}", at + length - 1));
        let answer = phone.request("GET", url, &[range], b"").await;
        assert_eq!(answer.status, StatusCode::PARTIAL_CONTENT);
        answer.body
    };
    assert_eq!(
        part(20_000_000, 1 << 20).await,
        film.read(20_000_000, 1 << 20),
        "the picture"
    );
    let index = part(size - 1000, 1000).await;
    assert!(!index.windows(MARKER.len()).any(|window| window == MARKER));
}
