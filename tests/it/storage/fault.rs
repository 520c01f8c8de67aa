//! A bucket that is down, slow, broken or cut off.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use futures_util::TryStreamExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream},
    time::Instant,
};
use url::Url;

use super::{MINUTE, Place, fault, noise, upload};
use crate::support::{Bucket, is_production};

/// What the line to the store does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Line {
    Whole,
    /// Connections are closed at once.
    Down,
    /// Nothing is answered.
    Silent,
    /// Everything is answered with an error.
    Broken,
    /// Answers break off after their first bytes.
    Cut,
}

/// The longest that anything may take while the line isn't whole.
const BOUND: Duration = Duration::from_secs(8);

struct Proxy {
    line: Arc<AtomicU8>,
    place: Place,
}

impl Proxy {
    async fn new() -> Self {
        let mut bucket = Bucket::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let store = Url::parse(bucket.options.endpoint.as_deref().unwrap()).unwrap();
        let store = format!(
            "{}:{}",
            store.host_str().unwrap(),
            store.port_or_known_default().unwrap()
        );
        bucket.options.endpoint = Some(format!("http://{address}"));
        let line = Arc::new(AtomicU8::new(Line::Whole as u8));
        let of = Arc::clone(&line);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, store.clone(), Arc::clone(&of)));
            }
        });
        let place = Place::open(Some((bucket.url, bucket.options)), MINUTE).await;
        Self { line, place }
    }

    fn set(&self, line: Line) {
        self.line.store(line as u8, Ordering::SeqCst);
    }
}

async fn pass(mut client: TcpStream, store: String, line: Arc<AtomicU8>) {
    let is = |wanted: Line| line.load(Ordering::SeqCst) == wanted as u8;
    // Wait for a request, so that a connection which was kept from better times is treated like the others.
    let mut start = vec![0; 65_536];
    let Ok(length) = client.read(&mut start).await else {
        return;
    };
    if length == 0 || is(Line::Down) {
        return;
    }
    if is(Line::Silent) {
        tokio::time::sleep(MINUTE).await;
        return;
    }
    if is(Line::Broken) {
        let answer = "HTTP/1.1 503 Slow Down\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let _ = client.write_all(answer.as_bytes()).await;
        return;
    }
    let is_cut = is(Line::Cut);
    let Ok(mut store) = TcpStream::connect(store).await else {
        return;
    };
    // One request a connection: the next one meets the line as it is then.
    let head = String::from_utf8_lossy(&start[..length]).into_owned();
    let at = head.find("\r\n\r\n").map_or(head.len(), |at| at + 2);
    let mut request = start[..length].to_vec();
    request.splice(at..at, b"connection: close\r\n".iter().copied());
    if store.write_all(&request).await.is_err() {
        return;
    }
    let (mut from_client, mut to_client) = client.split();
    let (from_store, mut to_store) = store.split();
    let there = async {
        let _ = copy(&mut from_client, &mut to_store).await;
        std::future::pending::<()>().await;
    };
    let back = async {
        let most = if is_cut { 400 } else { u64::MAX };
        let _ = copy(&mut from_store.take(most), &mut to_client).await;
    };
    tokio::select! {
        () = there => {}
        () = back => {}
    }
}

#[tokio::test]
async fn a_bucket_that_does_not_work_is_unavailable_soon_and_works_again() {
    if !is_production() {
        return;
    }
    let proxy = Proxy::new().await;
    let (place, storage) = (&proxy.place, &proxy.place.storage);
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
async fn a_wrong_key_is_a_fault_of_the_set_up() {
    if !is_production() {
        return;
    }
    let mut bucket = Bucket::new();
    bucket.options.credentials = Some(("nobody".to_owned(), "nothing".to_owned()));
    let place = Place::open(Some((bucket.url, bucket.options)), MINUTE).await;
    assert_eq!(fault(place.storage.check().await), "INTERNAL");
    assert_eq!(fault(place.storage.head("one").await), "INTERNAL");
    assert_eq!(fault(place.storage.list_parts("one", "free.id").await), "INTERNAL");
}
