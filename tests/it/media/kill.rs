//! A server that is killed in the midst of it.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

use chrono::TimeDelta;
use jpeg_encoder::SamplingFactor;
use serde_json::json;

use super::{
    announced,
    hostile::files::{exif_segment, huge_jpeg, with_segments},
    work,
};
use crate::support::{Cast, Server, World, is_long, is_production};

/// Longer than a lease.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until a file is in a state.
async fn until(server: &Server, cast: &Cast, item: &str, wanted: &str) {
    let begun = Instant::now();
    loop {
        let fates = server.fates(&cast.mobile, &[item.to_owned()]).await;
        if fates == [wanted] {
            return;
        }
        assert!(matches!(&*fates[0], "UPLOADED" | "PROCESSING"), "{fates:?}");
        assert!(begun.elapsed() < PATIENCE, "{fates:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_file_whose_server_is_killed_is_processed_by_the_next() {
    let (world, cast) = World::with_cast().await;
    let mut server = world.into_server(&[]).await;
    // Seconds of work.
    let photo = with_segments(&huge_jpeg(4032, 3024, SamplingFactor::F_2_2), &[exif_segment(6)]);
    let mut input = announced(&cast.space, &cast.during, &photo, "image/jpeg");
    input["fileName"] = json!("photo.jpg");
    let item = server.upload(&cast.mobile, input, &photo).await.unwrap();
    until(&server, &cast, &item, "PROCESSING").await;
    server.kill();
    let scratch = server.folder().join("scratch");
    let left = folders(&scratch);
    assert_eq!(left.len(), 1);
    // Another process might still work there, if it weren't so old.
    let long_ago = SystemTime::now() - Duration::from_secs(7200);
    File::open(&left[0]).unwrap().set_modified(long_ago).unwrap();
    if is_production() && !is_long() {
        // Another node, a minute later.
        let node = server.second_node().await;
        node.clock.set(Some(node.clock.now() + TimeDelta::seconds(61)));
        assert_eq!(work(&node).await, 1);
        node.db.close().await;
        server.start_again().await;
        assert_eq!(server.fates(&cast.mobile, std::slice::from_ref(&item)).await, ["READY"]);
    } else {
        server.start_again().await;
        until(&server, &cast, &item, "READY").await;
    }
    let query =
        "query($id: ID!) { node(id: $id) { ... on MediaItem { file { width height small: url(variant: SMALL) } } } }";
    let data = server.ask(&cast.stayer, query, json!({ "id": item })).await;
    assert_eq!(data["node"], json!(null), "it is still a draft");
    let data = server.ask(&cast.mobile, query, json!({ "id": item })).await;
    let file = &data["node"]["file"];
    assert_eq!((&file["width"], &file["height"]), (&json!(3024), &json!(4032)));
    let answer = super::Phone::of(&server).get(file["small"].as_str().unwrap()).await;
    assert_eq!(answer.status, http::StatusCode::OK);
    // What was uploaded has a position in it.
    let begun = Instant::now();
    while !folders(&scratch).is_empty() {
        assert!(begun.elapsed() < PATIENCE, "{:?}", folders(&scratch));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn folders(scratch: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(scratch).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}
