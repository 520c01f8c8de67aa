//! Uploads in one piece.

use std::time::Duration;

use http::{Method, StatusCode};
use sojourn::platform::storage::{SignedRequest, Upload};

use super::{Place, fault, noise, sha256, upload};
use crate::support::is_production;

const REFUSED: StatusCode = StatusCode::FORBIDDEN;

#[tokio::test]
async fn what_was_uploaded_is_there_once_and_for_all() {
    let place = Place::new().await;
    let content = noise(1, 100_000);
    assert_eq!(place.storage.head("staging/one").await.unwrap(), None);
    let before = chrono::Utc::now();
    let request = place
        .storage
        .upload_url(&upload("staging/one", &content))
        .await
        .unwrap();
    assert_eq!(request.method, Method::PUT);
    let names: Vec<_> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["content-type", "if-none-match", "x-amz-checksum-sha256"]);
    let lasts = request.expires_at - before;
    assert!((59..=61).contains(&lasts.num_seconds()), "{lasts}");
    let answer = place.send(&request, &content).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    assert!(answer.headers.contains_key("etag"));
    let meta = place.storage.head("staging/one").await.unwrap().unwrap();
    assert_eq!(meta.size, 100_000);
    assert!((meta.modified_at - before).num_seconds().abs() < 10);
    assert_eq!(place.content("staging/one").await.unwrap(), content);
    // The same once more, and something else for the same key.
    let again = place.send(&request, &content).await;
    assert_eq!(again.status, StatusCode::PRECONDITION_FAILED);
    let other = noise(2, 10);
    let request = place.storage.upload_url(&upload("staging/one", &other)).await.unwrap();
    assert_eq!(
        place.send(&request, &other).await.status,
        StatusCode::PRECONDITION_FAILED
    );
    assert_eq!(place.content("staging/one").await.unwrap(), content);
}

#[tokio::test]
async fn nothing_is_an_object_too() {
    let place = Place::new().await;
    place.upload("empty", b"").await;
    assert_eq!(place.storage.head("empty").await.unwrap().unwrap().size, 0);
    assert_eq!(place.content("empty").await.unwrap(), b"");
}

#[tokio::test]
async fn a_request_is_good_for_what_was_signed_alone() {
    let place = Place::new().await;
    let content = noise(1, 1_000);
    let request = place
        .storage
        .upload_url(&upload("staging/mine", &content))
        .await
        .unwrap();
    let with = |name: &str, value: Option<&str>| {
        let mut headers = request.headers.clone();
        headers.retain(|(known, _)| known != name);
        headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        SignedRequest {
            headers,
            ..request.clone()
        }
    };
    let other = noise(2, 1_000);
    let others = place.storage.upload_url(&upload("staging/mine", &other)).await.unwrap();
    let checksum = &others
        .headers
        .iter()
        .find(|(name, _)| name.contains("checksum"))
        .unwrap()
        .1;
    for (what, changed, body) in [
        ("another type", with("content-type", Some("text/html")), &content),
        ("no type", with("content-type", None), &content),
        (
            "another checksum",
            with("x-amz-checksum-sha256", Some(checksum)),
            &other,
        ),
        ("no checksum", with("x-amz-checksum-sha256", None), &other),
        ("over what is there", with("if-none-match", None), &content),
    ] {
        let answer = place.send(&changed, body).await;
        assert_eq!(answer.status, REFUSED, "{what}: {:?}", answer.body);
    }
    let signature = if request.url.contains("X-Amz-Signature=") {
        "X-Amz-Signature="
    } else {
        "signature="
    };
    let (before, after) = request.url.split_once(signature).unwrap();
    let turned: String = after.chars().rev().collect();
    assert_ne!(turned, after);
    for (what, url) in [
        ("another key", request.url.replace("staging/mine", "staging/yours")),
        ("another signature", format!("{before}{signature}{turned}")),
        ("more than was signed", format!("{before}more=1&{signature}{after}")),
    ] {
        let changed = SignedRequest { url, ..request.clone() };
        let answer = place.send(&changed, &content).await;
        assert_eq!(answer.status, REFUSED, "{what}: {:?}", answer.body);
    }
    for method in [Method::GET, Method::HEAD, Method::DELETE] {
        let answer = place.request(method.clone(), &request.url, &[], b"").await;
        assert!(answer.status.is_client_error(), "{method}: {}", answer.status);
    }
    for key in ["staging/mine", "staging/yours"] {
        assert_eq!(place.storage.head(key).await.unwrap(), None, "{key}");
    }
    assert_eq!(place.send(&request, &content).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_request_ends() {
    let place = Place::new().await;
    let content = noise(1, 10);
    let short = Upload {
        valid_for: Duration::from_secs(1),
        ..upload("late", &content)
    };
    let request = place.storage.upload_url(&short).await.unwrap();
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    assert_eq!(place.send(&request, &content).await.status, REFUSED);
    assert_eq!(place.storage.head("late").await.unwrap(), None);
}

#[tokio::test]
async fn other_bytes_than_were_announced_leave_nothing() {
    let place = Place::new().await;
    let content = noise(1, 10_000);
    let request = place
        .storage
        .upload_url(&upload("staging/one", &content))
        .await
        .unwrap();
    for (what, body) in [
        ("as many", noise(2, 10_000)),
        ("more", noise(1, 10_001)),
        ("fewer", noise(1, 9_999)),
        ("none", Vec::new()),
    ] {
        let answer = place.send(&request, &body).await;
        let is_refused = matches!(answer.status, StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE);
        assert!(is_refused, "{what}: {} {:?}", answer.status, answer.body);
        // The store of the production tests finds out when the bytes are there, and leaves them: whoever reads them does too.
        let left = place.content("staging/one").await;
        assert!(left.is_none() || is_production() && left.unwrap() != content, "{what}");
        place.storage.delete(&["staging/one"]).await.unwrap();
    }
    // The right ones are still welcome.
    assert_eq!(place.send(&request, &content).await.status, StatusCode::OK);
    assert_eq!(place.content("staging/one").await.unwrap(), content);
}

#[tokio::test]
async fn what_is_no_key_or_type_goes_nowhere() {
    let place = Place::new().await;
    let file = place.file("file");
    std::fs::write(&file, b"content").unwrap();
    let storage = &place.storage;
    for key in [
        "",
        "/etc/passwd",
        "../secret",
        "a/../../secret",
        "a//b",
        "a/",
        "a b",
        ".upload",
        "a%2e",
        "ключ",
    ] {
        assert_eq!(fault(storage.upload_url(&upload(key, b"")).await), "INTERNAL", "{key}");
        assert_eq!(fault(storage.head(key).await), "INTERNAL", "{key}");
        assert_eq!(fault(storage.copy("a", key).await), "INTERNAL", "{key}");
        assert_eq!(fault(storage.copy(key, "a").await), "INTERNAL", "{key}");
        assert_eq!(fault(storage.delete(&[key]).await), "INTERNAL", "{key}");
        assert_eq!(fault(storage.store(&file, key, "image/png").await), "INTERNAL", "{key}");
        assert_eq!(
            fault(storage.fetch(key, &place.file("to"), 9).await),
            "INTERNAL",
            "{key}"
        );
        assert_eq!(
            fault(storage.begin_parts(key, "image/png", true).await),
            "INTERNAL",
            "{key}"
        );
    }
    let wrong = Upload {
        media_type: "image/png\r\nx-evil: 1",
        ..upload("a", b"")
    };
    assert_eq!(fault(storage.upload_url(&wrong).await), "INTERNAL");
    assert_eq!(sha256(b"content"), sha256(&std::fs::read(&file).unwrap()));
}
