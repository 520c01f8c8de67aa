//! Uploads in parts.

use http::StatusCode;
use sojourn::platform::storage::{NewPart, Part, SMALLEST_PART, SignedRequest};

use super::{MINUTE, Place, fault, noise, sha256};

const PART: usize = SMALLEST_PART as usize;

async fn url(place: &Place, key: &str, id: &str, number: u32, content: &[u8]) -> SignedRequest {
    let part = NewPart {
        number,
        size: content.len() as u64,
        sha256: Some(sha256(content)),
    };
    let mut urls = place.storage.part_urls(key, id, &[part], MINUTE).await.unwrap();
    assert_eq!(urls.len(), 1);
    urls.remove(0)
}

async fn send(place: &Place, key: &str, id: &str, number: u32, content: &[u8]) -> StatusCode {
    let request = url(place, key, id, number, content).await;
    place.send(&request, content).await.status
}

/// The part of an id that the store gave it.
fn given(id: &str) -> &str {
    id.split_once('.').unwrap().1
}

fn sizes(parts: &[Part]) -> Vec<(u32, u64)> {
    parts.iter().map(|part| (part.number, part.size)).collect()
}

#[tokio::test]
async fn parts_come_in_any_order_and_again_and_make_one_object() {
    let place = Place::new().await;
    let key = "staging/long";
    let (one, two, three) = (noise(1, PART), noise(2, PART), noise(3, 1_000));
    let id = place.storage.begin_parts(key, "video/mp4", true).await.unwrap();
    assert_eq!(place.storage.list_parts(key, &id).await.unwrap(), []);
    let wrong_two = noise(4, PART + 7);
    assert_eq!(send(&place, key, &id, 3, &three).await, StatusCode::OK);
    assert_eq!(send(&place, key, &id, 2, &wrong_two).await, StatusCode::OK);
    // The client was away, and asks what has arrived.
    let listed = place.storage.list_parts(key, &id).await.unwrap();
    assert_eq!(sizes(&listed), [(2, PART as u64 + 7), (3, 1_000)]);
    assert_eq!(
        fault(place.storage.complete_parts(key, &id, &listed).await),
        "INVALID/OUT_OF_RANGE"
    );
    assert_eq!(place.storage.head(key).await.unwrap(), None);
    assert_eq!(send(&place, key, &id, 2, &two).await, StatusCode::OK);
    assert_eq!(send(&place, key, &id, 1, &one).await, StatusCode::OK);
    let listed = place.storage.list_parts(key, &id).await.unwrap();
    assert_eq!(sizes(&listed), [(1, PART as u64), (2, PART as u64), (3, 1_000)]);
    let wrong_three = noise(5, 1_000);
    let late = url(&place, key, &id, 3, &wrong_three).await;
    place.storage.complete_parts(key, &id, &listed).await.unwrap();
    let whole = [one, two, three].concat();
    assert_eq!(place.content(key).await.unwrap(), whole);
    // Once more, because an answer was lost; and parts and aborts that come too late.
    place.storage.complete_parts(key, &id, &listed).await.unwrap();
    assert_eq!(place.storage.list_parts(key, &id).await.unwrap(), []);
    assert!(place.send(&late, &wrong_three).await.status.is_client_error());
    place.storage.abort_parts(key, &id).await.unwrap();
    assert_eq!(place.content(key).await.unwrap(), whole);
}

#[tokio::test]
async fn an_upload_that_was_aborted_is_over() {
    let place = Place::new().await;
    let (key, content) = ("staging/gone", noise(1, 2_000));
    let id = place.storage.begin_parts(key, "video/mp4", true).await.unwrap();
    assert_eq!(send(&place, key, &id, 1, &content).await, StatusCode::OK);
    let listed = place.storage.list_parts(key, &id).await.unwrap();
    assert_eq!(sizes(&listed), [(1, 2_000)]);
    for _ in 0..2 {
        place.storage.abort_parts(key, &id).await.unwrap();
    }
    assert_eq!(place.storage.list_parts(key, &id).await.unwrap(), []);
    assert!(send(&place, key, &id, 1, &content).await.is_client_error());
    assert_eq!(
        fault(place.storage.complete_parts(key, &id, &listed).await),
        "NOT_FOUND"
    );
    assert_eq!(place.storage.head(key).await.unwrap(), None);
    assert_eq!(place.storage.list_parts(key, &id).await.unwrap(), []);
}

#[tokio::test]
async fn a_part_is_for_its_place_in_its_upload_alone() {
    let place = Place::new().await;
    let (key, content) = ("staging/mine", noise(1, 2_000));
    let id = place.storage.begin_parts(key, "video/mp4", true).await.unwrap();
    let others = place
        .storage
        .begin_parts("staging/yours", "video/mp4", true)
        .await
        .unwrap();
    let request = url(&place, key, &id, 1, &content).await;
    for (from, to) in [
        ("partNumber=1", "partNumber=2"),
        (given(&id), given(&others)),
        ("staging/mine", "staging/yours"),
    ] {
        assert!(request.url.contains(from), "{from}");
        let changed = SignedRequest {
            url: request.url.replace(from, to),
            ..request.clone()
        };
        assert_eq!(
            place.send(&changed, &content).await.status,
            StatusCode::FORBIDDEN,
            "{from}"
        );
    }
    let bare = SignedRequest {
        headers: Vec::new(),
        ..request.clone()
    };
    assert_eq!(place.send(&bare, &content).await.status, StatusCode::FORBIDDEN);
    assert_eq!(place.storage.list_parts(key, &id).await.unwrap(), []);
    assert_eq!(place.storage.list_parts("staging/yours", &others).await.unwrap(), []);
    for number in [0, 10_001] {
        let part = NewPart {
            number,
            size: 1,
            sha256: Some(sha256(b"x")),
        };
        assert_eq!(
            fault(place.storage.part_urls(key, &id, &[part], MINUTE).await),
            "INTERNAL"
        );
    }
    for id in [id, others] {
        place.storage.abort_parts(key, &id).await.unwrap();
    }
    place
        .storage
        .abort_parts(key, "checked.00000000-0000-0000-0000-000000000000")
        .await
        .unwrap();
}

#[tokio::test]
async fn parts_that_are_too_small_or_not_there_make_nothing() {
    let place = Place::new().await;
    let (key, content) = ("staging/bits", noise(1, 2_000));
    let id = place.storage.begin_parts(key, "video/mp4", true).await.unwrap();
    for number in [1, 2] {
        assert_eq!(send(&place, key, &id, number, &content).await, StatusCode::OK);
    }
    let listed = place.storage.list_parts(key, &id).await.unwrap();
    assert_eq!(listed.len(), 2);
    for parts in [&listed[..], &[], &listed[1..]] {
        let outcome = place.storage.complete_parts(key, &id, parts).await;
        assert_eq!(fault(outcome), "INVALID/OUT_OF_RANGE");
    }
    assert_eq!(place.storage.list_parts(key, &id).await.unwrap(), listed);
    assert_eq!(place.storage.head(key).await.unwrap(), None);
    place.storage.complete_parts(key, &id, &listed[..1]).await.unwrap();
    assert_eq!(place.content(key).await.unwrap(), content);
}

#[tokio::test]
async fn an_upload_is_checked_or_not_from_its_beginning() {
    let place = Place::new().await;
    let (key, content) = ("staging/free", noise(1, 2_000));
    let bare = NewPart {
        number: 1,
        size: 2_000,
        sha256: None,
    };
    let checked = place.storage.begin_parts(key, "video/mp4", true).await.unwrap();
    let refused = place.storage.part_urls(key, &checked, &[bare], MINUTE).await;
    assert_eq!(fault(refused), "INVALID/REQUIRED");
    place.storage.abort_parts(key, &checked).await.unwrap();
    let free = place.storage.begin_parts(key, "video/mp4", false).await.unwrap();
    let told = NewPart {
        sha256: Some(sha256(b"others")),
        ..bare
    };
    for part in [bare, told] {
        let urls = place.storage.part_urls(key, &free, &[part], MINUTE).await.unwrap();
        assert_eq!(urls[0].headers, []);
        assert_eq!(place.send(&urls[0], &content).await.status, StatusCode::OK);
    }
    let listed = place.storage.list_parts(key, &free).await.unwrap();
    assert_eq!(sizes(&listed), [(1, 2_000)]);
    place.storage.complete_parts(key, &free, &listed).await.unwrap();
    assert_eq!(place.content(key).await.unwrap(), content);
    for id in ["", "checked.", "other.id", "free.a b"] {
        assert_eq!(fault(place.storage.list_parts(key, id).await), "INTERNAL", "{id}");
    }
}
