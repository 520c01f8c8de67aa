//! A bucket that is down, slow, broken or cut off.

use std::time::Duration;

use futures_util::TryStreamExt;
use tokio::time::Instant;

use super::{MINUTE, Place, fault, noise, upload};
use crate::support::{Bucket, Line, Proxy, is_production};

/// The longest that anything may take while the line isn't whole.
const BOUND: Duration = Duration::from_secs(8);

#[tokio::test]
async fn a_bucket_that_does_not_work_is_unavailable_soon_and_works_again() {
    if !is_production() {
        return;
    }
    let mut bucket = Bucket::new();
    let proxy = Proxy::new(bucket.options.endpoint.as_deref().unwrap()).await;
    bucket.options.endpoint = Some(proxy.url.clone());
    let place = &Place::open(Some((bucket.url, bucket.options)), MINUTE).await;
    let storage = &place.storage;
    let content = noise(1, 3_000_000);
    place.upload("staging/one", &content).await;
    let file = place.file("from");
    std::fs::write(&file, &content).unwrap();
    let id = storage.begin_parts("staging/parts", "video/mp4", true).await.unwrap();
    for line in [Line::Down, Line::Broken, Line::Silent, Line::Cut] {
        proxy.set(line);
        let start = Instant::now();
        let within = |what: &str| assert!(start.elapsed() < BOUND, "{line:?}: {what} took {:?}", start.elapsed());
        let (to, now) = (place.file("to"), chrono::Utc::now());
        // All at once: each has the same bound.
        let (check, head, copied, deleted, fetched, listed, begun, parts, aborted) = tokio::join!(
            storage.check(),
            storage.head("staging/one"),
            async {
                if line == Line::Silent {
                    Ok(())
                } else {
                    storage.copy("staging/one", "media/one").await
                }
            },
            storage.delete(&["staging/none"]),
            storage.fetch("staging/one", &to, 1 << 30),
            async { storage.list("", now).try_next().await },
            storage.begin_parts("staging/more", "video/mp4", true),
            storage.list_parts("staging/parts", &id),
            storage.abort_parts("staging/parts", &id),
        );
        within("all");
        assert_eq!(fault(fetched), "UNAVAILABLE", "{line:?}");
        assert!(!to.exists());
        // A short answer may be whole before the cut.
        if line != Line::Cut {
            assert_eq!(fault(check), "UNAVAILABLE", "{line:?}");
            assert_eq!(fault(head), "UNAVAILABLE", "{line:?}");
            assert_eq!(fault(deleted), "UNAVAILABLE", "{line:?}");
            assert_eq!(fault(listed), "UNAVAILABLE", "{line:?}");
            assert_eq!(fault(begun), "UNAVAILABLE", "{line:?}");
            assert_eq!(fault(parts), "UNAVAILABLE", "{line:?}");
            assert_eq!(fault(aborted), "UNAVAILABLE", "{line:?}");
            if line != Line::Silent {
                assert_eq!(fault(copied), "UNAVAILABLE", "{line:?}");
                assert_eq!(
                    fault(storage.store(&file, "media/two", "image/png").await),
                    "UNAVAILABLE",
                    "{line:?}"
                );
            }
        }
        // URLs are made without the store.
        let url = storage.upload_url(&upload("staging/two", &content)).await;
        assert!(url.is_ok());
        proxy.set(Line::Whole);
        storage.check().await.unwrap();
        assert_eq!(place.content("staging/one").await.unwrap(), content);
    }
    storage.store(&file, "media/two", "image/png").await.unwrap();
    assert_eq!(place.content("media/two").await.unwrap(), content);
    storage.abort_parts("staging/parts", &id).await.unwrap();
}

#[tokio::test]
async fn with_a_wrong_key_the_store_is_away() {
    if !is_production() {
        return;
    }
    let mut bucket = Bucket::new();
    bucket.options.credentials = Some(("nobody".to_owned(), "nothing".to_owned()));
    let place = Place::open(Some((bucket.url, bucket.options)), MINUTE).await;
    assert_eq!(fault(place.storage.check().await), "UNAVAILABLE");
    assert_eq!(fault(place.storage.head("one").await), "UNAVAILABLE");
    assert_eq!(fault(place.storage.list_parts("one", "free.id").await), "UNAVAILABLE");
}
