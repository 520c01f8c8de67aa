//! Answers that are lost, reads that are wrong, stores that are locked, and room that is given back when nothing can arrive any more.

use std::fs;

use http::StatusCode;
use serde_json::json;

use super::{
    Phone, UPLOAD, announced, photo, sha256,
    upload::{keys, used},
};
use crate::support::{Cast, World, inner, is_production};

/// An item that is announced, and its one request.
async fn requested(world: &World, cast: &Cast, bytes: &[u8]) -> (String, serde_json::Value) {
    let mut input = announced(&cast.space, &cast.during, bytes, "image/png");
    input["idempotencyKey"] = json!("a-key-that-is-long-enough");
    let payload = world.done(&cast.mobile, "mediaUploadRequest", input, UPLOAD).await;
    let item = payload["mediaItem"]["id"].as_str().unwrap().to_owned();
    (item, payload["upload"].clone())
}

#[tokio::test]
async fn a_file_whose_answer_was_lost_is_seen_as_arrived() {
    let (world, cast) = World::with_cast().await;
    let (phone, bytes) = (Phone::new(&world).await, photo(1));
    let (item, upload) = requested(&world, &cast, &bytes).await;
    assert_eq!(upload["arrived"], json!([]));
    assert_eq!(phone.send(&upload["requests"][0], &bytes).await, StatusCode::OK);
    // The phone has never read that.
    assert_eq!(
        phone.send(&upload["requests"][0], &bytes).await,
        StatusCode::PRECONDITION_FAILED
    );
    let arrived = json!([{ "partNumber": 1, "size": bytes.len(), "sha256": sha256(&bytes) }]);
    let input = json!({ "mediaItemId": item });
    let parts = world
        .done(&cast.mobile, "mediaUploadParts", input.clone(), UPLOAD)
        .await;
    assert_eq!(
        (&parts["upload"]["arrived"], &parts["upload"]["requests"]),
        (&arrived, &json!([]))
    );
    // So does who announces it again.
    let (again, upload) = requested(&world, &cast, &bytes).await;
    assert_eq!(
        (&again, &upload["arrived"], &upload["requests"]),
        (&item, &arrived, &json!([]))
    );
    world.done(&cast.mobile, "mediaUploadComplete", input.clone(), "").await;
    // That answer too may be lost, before the work on the file and after it.
    for _ in 0..2 {
        let parts = world
            .done(&cast.mobile, "mediaUploadParts", input.clone(), UPLOAD)
            .await;
        assert_eq!(
            (&parts["upload"]["arrived"], &parts["upload"]["requests"]),
            (&arrived, &json!([]))
        );
        world.work().await;
        assert_eq!(world.file(&cast.mobile, &item, "status").await, "READY");
    }
}

/// What somebody else's bytes are at the place of a file is sent anew.
#[tokio::test]
async fn something_else_has_not_arrived() {
    let (world, cast) = World::with_cast().await;
    let (phone, bytes) = (Phone::new(&world).await, photo(1));
    let (item, _) = requested(&world, &cast, &bytes).await;
    let mut other = bytes.clone();
    other[20] ^= 1;
    put(&world, &format!("staging/{}", inner(&item)), &other).await;
    let input = json!({ "mediaItemId": item });
    let parts = world
        .done(&cast.mobile, "mediaUploadParts", input.clone(), UPLOAD)
        .await;
    assert_eq!(parts["upload"]["arrived"], json!([]));
    assert_eq!(
        phone.send(&parts["upload"]["requests"][0], &bytes).await,
        StatusCode::OK
    );
    world.done(&cast.mobile, "mediaUploadComplete", input, "").await;
}

/// Puts bytes at a key of the store, as a broken disk or a careless operator would.
async fn put(world: &World, key: &str, bytes: &[u8]) {
    let path = world.folder().join("other");
    fs::write(&path, bytes).unwrap();
    world.app().storage.store(&path, key, "image/png").await.unwrap();
}

/// Has the work on a file find other bytes than those that arrived, and returns where they are.
async fn read_wrong(world: &World, item: &str, bytes: &[u8]) -> String {
    let key = format!("source/{}", inner(item));
    let mut other = bytes.to_vec();
    other[20] ^= 1;
    put(world, &key, &other).await;
    assert_eq!(world.work().await, 1);
    key
}

#[tokio::test]
async fn who_gives_up_a_file_that_was_read_wrong_gets_its_room_back() {
    let (world, cast) = World::with_cast().await;
    let bytes = photo(1);
    let item = world.sent(&cast.mobile, &cast, &bytes, "image/png").await;
    let input = json!({ "mediaItemId": item });
    world.done(&cast.mobile, "mediaUploadComplete", input, "").await;
    read_wrong(&world, &item, &bytes).await;
    let size = bytes.len() as u64;
    assert_eq!(usage(&world, &cast).await, (size, 0), "it is kept");
    let abort = json!({ "mediaItemId": item, "abort": true });
    world.done(&cast.mobile, "mediaUploadParts", abort.clone(), "").await;
    assert_eq!(usage(&world, &cast).await, (size, size));
    world.later(17 * 60);
    assert_eq!((world.work().await, usage(&world, &cast).await), (1, (0, 0)));
    assert_eq!(keys(&world).await, Vec::<String>::new());
    assert_eq!(world.file(&cast.mobile, &item, "status").await, "EXPIRED");
    world.done(&cast.mobile, "mediaUploadParts", abort, "").await;
}

#[tokio::test]
async fn a_file_that_was_read_wrong_can_be_processed_again() {
    let (world, cast) = World::with_cast().await;
    let bytes = photo(1);
    let item = world.sent(&cast.mobile, &cast, &bytes, "image/png").await;
    let input = json!({ "mediaItemId": item });
    world.done(&cast.mobile, "mediaUploadComplete", input.clone(), "").await;
    let key = read_wrong(&world, &item, &bytes).await;
    let file = world
        .seen(
            &cast.mobile,
            &item,
            "file { status failureReason } viewerCan { mediaRetry { allowed } }",
        )
        .await;
    assert_eq!(
        file["file"],
        json!({ "status": "FAILED", "failureReason": "CHECKSUM_MISMATCH" })
    );
    assert_eq!(file["viewerCan"]["mediaRetry"]["allowed"], true);
    // It is kept, and counts, until it is removed.
    assert_eq!(used(&world, &cast).await, bytes.len() as u64);
    assert_eq!(keys(&world).await, std::slice::from_ref(&key));
    put(&world, &key, &bytes).await;
    world.done(&cast.mobile, "mediaRetry", input, "").await;
    assert_eq!(world.work().await, 1);
    assert_eq!(world.file(&cast.mobile, &item, "status").await, "READY");
}

/// Bytes that count, and those of them that are about to be free.
async fn usage(world: &World, cast: &Cast) -> (u64, u64) {
    let query = "query($id: ID!) { space(id: $id) { mediaUsage { used releasing } } }";
    let data = world.ask(&cast.mobile, query, json!({ "id": cast.space })).await;
    let of = |field: &str| data["space"]["mediaUsage"][field].as_u64().unwrap();
    (of("used"), of("releasing"))
}

#[tokio::test]
async fn room_is_free_when_nothing_can_arrive_any_more() {
    let (world, cast) = World::with_cast().await;
    let (phone, bytes) = (Phone::new(&world).await, photo(1));
    let usage = async || usage(&world, &cast).await;
    let size = bytes.len() as u64;
    let (item, upload) = requested(&world, &cast, &bytes).await;
    assert_eq!(usage().await, (size, 0));
    let abort = json!({ "mediaItemId": item, "abort": true });
    world.done(&cast.mobile, "mediaUploadParts", abort, "").await;
    assert_eq!(usage().await, (size, size), "its request is still good");
    assert_eq!(phone.send(&upload["requests"][0], &bytes).await, StatusCode::OK);
    assert_eq!(world.work().await, 0);
    world.later(14 * 60);
    assert_eq!((world.work().await, usage().await), (0, (size, size)));
    world.later(3 * 60);
    assert_eq!((world.work().await, usage().await), (1, (0, 0)));
    assert_eq!(keys(&world).await, Vec::<String>::new());
    // A file that failed is given back the same way.
    let broken = world.sent(&cast.mobile, &cast, b"GIF89a", "image/gif").await;
    let input = json!({ "mediaItemId": broken });
    world.done(&cast.mobile, "mediaUploadComplete", input, "").await;
    assert_eq!(world.work().await, 1);
    assert_eq!(world.file(&cast.mobile, &broken, "failureReason").await, "CORRUPT");
    assert_eq!(usage().await, (6, 6));
    world.later(17 * 60);
    assert_eq!((world.work().await, usage().await), (1, (0, 0)));
    assert_eq!(world.file(&cast.mobile, &broken, "failureReason").await, "CORRUPT");
}

/// A page, a proxy or a client library may write a sign of the query in another way than the server did.
#[tokio::test]
async fn a_signed_url_holds_however_it_is_spelled() {
    if is_production() {
        return;
    }
    let (world, cast) = World::with_cast().await;
    let item = world.photo(&cast.mobile, &cast, 1).await;
    let phone = Phone::new(&world).await;
    let url = world.file(&cast.mobile, &item, "url").await;
    let url = url.as_str().unwrap();
    assert!(url.contains("%3B"), "{url}");
    for (from, to) in [
        ("%3B", ";"),
        ("%3B", "%3b"),
        ("+", "%20"),
        ("expires", "%65xpires"),
        ("%2F", "/"),
        ("%27", "'"),
    ] {
        let spelled = url.replace(from, to);
        assert_eq!(phone.get(&spelled).await.status, StatusCode::OK, "{spelled}");
    }
    for (from, to) in [("inline", "attachment"), ("%3B", "%2C"), ("signature=", "signature=A")] {
        let other = url.replace(from, to);
        assert_eq!(phone.get(&other).await.status, StatusCode::FORBIDDEN, "{other}");
    }
}
