//! The routes of the media store behind the front door.

use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::Value;
use sojourn::platform::storage::Download;
use tower::ServiceExt;

use crate::support::{World, is_production};

const MINUTE: std::time::Duration = std::time::Duration::from_secs(60);

async fn get(world: &World, uri: &str) -> axum::response::Response {
    let request = Request::get(uri).header("accept-encoding", "gzip, br");
    let request = request.header("x-request-id", "mine").body(Body::empty()).unwrap();
    world.node.router.clone().oneshot(request).await.unwrap()
}

#[tokio::test]
async fn media_in_a_folder_are_served_as_they_are_and_refused_like_everything_else() {
    let world = World::new().await;
    let storage = &world.app().storage;
    let (file, content) = (world.folder().join("text"), "so it goes ".repeat(1_000));
    std::fs::write(&file, &content).unwrap();
    storage.store(&file, "media/text", "text/plain").await.unwrap();
    let download = Download {
        key: "media/text",
        media_type: "text/plain",
        file_name: "text.txt",
        is_inline: false,
        valid_for: MINUTE,
    };
    let url = storage.download_url(&download).await.unwrap();
    let unsigned = get(&world, "/media/media/text").await;
    if is_production() {
        // The URL leads to the store; here is nothing.
        assert!(!url.contains("/media/media/text?expires"), "{url}");
        assert_eq!(unsigned.status(), StatusCode::NOT_FOUND);
        return;
    }
    let path = url
        .strip_prefix("http://127.0.0.1:8080")
        .expect("the address to serve on");
    let served = get(&world, path).await;
    assert_eq!(served.status(), StatusCode::OK);
    // Compressed, it would have no ranges and another length.
    assert!(!served.headers().contains_key("content-encoding"));
    assert_eq!(served.headers()["x-request-id"], "mine");
    assert_eq!(served.headers()["cache-control"], "private, max-age=60");
    let bytes = axum::body::to_bytes(served.into_body(), usize::MAX).await.unwrap();
    assert_eq!(bytes, content.as_bytes());
    assert_eq!(unsigned.status(), StatusCode::FORBIDDEN);
    assert_eq!(unsigned.headers()["cache-control"], "no-store");
    let bytes = axum::body::to_bytes(unsigned.into_body(), usize::MAX).await.unwrap();
    let answer: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN");
    assert_eq!(answer["errors"][0]["extensions"]["requestId"], "mine");
}
