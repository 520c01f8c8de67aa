//! What the server itself does with objects.

use chrono::{TimeDelta, Utc};
use futures_util::TryStreamExt;
use http::StatusCode;

use super::{Place, fault, noise, upload};

async fn keys(place: &Place, folder: &str) -> Vec<String> {
    let objects = place.storage.list(folder, Utc::now() + TimeDelta::minutes(1));
    let objects: Vec<_> = objects.try_collect().await.unwrap();
    let mut keys: Vec<_> = objects
        .into_iter()
        .map(|object| format!("{} {}", object.key, object.size))
        .collect();
    keys.sort();
    keys
}

#[tokio::test]
async fn a_copy_has_nothing_to_do_with_what_was_copied() {
    let place = Place::new().await;
    let content = noise(1, 50_000);
    let request = place
        .storage
        .upload_url(&upload("staging/one", &content))
        .await
        .unwrap();
    assert_eq!(place.send(&request, &content).await.status, StatusCode::OK);
    place.storage.copy("staging/one", "media/a/original").await.unwrap();
    assert_eq!(place.content("media/a/original").await.unwrap(), content);
    // Something else is uploaded in place of what was copied.
    place.storage.delete(&["staging/one"]).await.unwrap();
    let other = noise(2, 50_000);
    place.upload("staging/one", &other).await;
    assert_eq!(place.content("media/a/original").await.unwrap(), content);
    place.storage.copy("staging/one", "media/a/original").await.unwrap();
    place.storage.copy("staging/one", "media/a/original").await.unwrap();
    assert_eq!(place.content("media/a/original").await.unwrap(), other);
    assert_eq!(fault(place.storage.copy("staging/none", "media/b").await), "NOT_FOUND");
    assert_eq!(place.storage.head("media/b").await.unwrap(), None);
    assert_eq!(keys(&place, "").await, ["media/a/original 50000", "staging/one 50000"]);
}

#[tokio::test]
async fn a_copy_is_as_old_as_the_copying() {
    let place = Place::new().await;
    place.upload("staging/one", b"content").await;
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    let before = Utc::now() - TimeDelta::milliseconds(1_000);
    place.storage.copy("staging/one", "media/one").await.unwrap();
    let older: Vec<_> = place.storage.list("media", before).try_collect().await.unwrap();
    assert_eq!(older, [], "a sweep would take it away");
}

#[tokio::test]
async fn what_is_deleted_is_gone_and_what_is_not_there_is_no_error() {
    let place = Place::new().await;
    let names: Vec<_> = (0..5).map(|number| format!("deep/er/{number}")).collect();
    for name in &names {
        place.upload(name, name.as_bytes()).await;
    }
    place.upload("deep/other", b"stays").await;
    let mut gone: Vec<&str> = names.iter().map(String::as_str).collect();
    gone.push("deep/never");
    gone.push("never/there");
    for _ in 0..2 {
        place.storage.delete(&gone).await.unwrap();
    }
    assert_eq!(keys(&place, "").await, ["deep/other 5"]);
    place.storage.delete(&[]).await.unwrap();
    // Where an empty folder was, something can be again.
    place.upload("deep/er/0", b"again").await;
    assert_eq!(place.content("deep/er/0").await.unwrap(), b"again");
}

#[tokio::test]
async fn a_list_has_what_is_below_and_older() {
    let place = Place::new().await;
    let start = Utc::now();
    for key in ["staging/a", "staging/b/c", "staging2/d", "media/e"] {
        place.upload(key, key.as_bytes()).await;
    }
    assert_eq!(keys(&place, "staging").await, ["staging/a 9", "staging/b/c 11"]);
    assert_eq!(keys(&place, "").await.len(), 4);
    assert_eq!(keys(&place, "nothing/here").await, Vec::<String>::new());
    let earlier = place.storage.list("staging", start - TimeDelta::seconds(5));
    assert_eq!(earlier.try_collect::<Vec<_>>().await.unwrap(), []);
    let objects: Vec<_> = place
        .storage
        .list("media", Utc::now() + TimeDelta::minutes(1))
        .try_collect()
        .await
        .unwrap();
    assert!((objects[0].modified_at - start).num_seconds().abs() < 10);
    // Uploads in parts that haven't ended are no objects.
    let id = place
        .storage
        .begin_parts("staging/parts", "video/mp4", true)
        .await
        .unwrap();
    assert_eq!(keys(&place, "staging").await.len(), 2);
    place.storage.abort_parts("staging/parts", &id).await.unwrap();
    assert_eq!(
        fault(place.storage.list("../", Utc::now()).try_next().await),
        "INTERNAL"
    );
}

#[tokio::test]
async fn files_go_in_and_come_out() {
    let place = Place::new().await;
    let file = place.file("from");
    // The last one goes in parts to a bucket.
    for (length, key) in [(0, "a"), (1_000, "b"), (20_000_000, "c")] {
        let content = noise(3, length);
        std::fs::write(&file, &content).unwrap();
        place.storage.store(&file, key, "image/webp").await.unwrap();
        assert_eq!(place.content(key).await.unwrap(), content, "{key}");
    }
    std::fs::write(&file, b"another").unwrap();
    place.storage.store(&file, "c", "image/webp").await.unwrap();
    assert_eq!(place.content("c").await.unwrap(), b"another");
    let to = place.file("to");
    assert_eq!(fault(place.storage.fetch("b", &to, 999).await), "INVALID/OUT_OF_RANGE");
    assert_eq!(fault(place.storage.fetch("none", &to, 999).await), "NOT_FOUND");
    assert!(!to.exists(), "nothing is left of what failed");
    assert_eq!(place.storage.fetch("b", &to, 1_000).await.unwrap().size, 1_000);
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        assert_eq!(std::fs::metadata(&to).unwrap().mode() & 0o777, 0o600);
    }
    assert_eq!(
        fault(place.storage.store(&place.file("none"), "d", "image/webp").await),
        "INTERNAL"
    );
    assert_eq!(place.storage.head("d").await.unwrap(), None);
    place.storage.check().await.unwrap();
}
