//! Downloads.

use std::time::Duration;

use http::{Method, StatusCode};
use sojourn::platform::storage::Download;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{MINUTE, Place, noise, upload};
use crate::support::is_production;

#[tokio::test]
async fn a_download_says_what_it_is() {
    let place = Place::new().await;
    let content = noise(1, 200_000);
    place.upload("media/one", &content).await;
    let url = place.download_url("media/one", "image/png", true).await;
    let answer = place.get(&url, &[]).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.body, content);
    assert_eq!(answer.headers["content-type"], "image/png");
    assert_eq!(
        answer.headers["content-disposition"],
        "inline; filename=\"F_te 1.png\"; filename*=UTF-8''F%C3%AAte%201.png"
    );
    assert_eq!(answer.headers["cache-control"], "private, max-age=60");
    for (media_type, is_inline) in [
        ("image/png", false),
        ("image/svg+xml", true),
        ("text/html", true),
        ("application/pdf", true),
    ] {
        let url = place.download_url("media/one", media_type, is_inline).await;
        let answer = place.get(&url, &[]).await;
        assert_eq!(answer.headers["content-type"], media_type);
        let disposition = answer.headers["content-disposition"].to_str().unwrap();
        assert!(disposition.starts_with("attachment;"), "{media_type}");
    }
}

#[tokio::test]
async fn parts_of_an_object_and_what_is_known_already() {
    let place = Place::new().await;
    let content = noise(1, 200_000);
    place.upload("media/one", &content).await;
    let url = place.download_url("media/one", "video/mp4", true).await;
    let whole = place.get(&url, &[]).await;
    let etag = whole.headers["etag"].to_str().unwrap();
    for (range, first, last) in [
        ("bytes=0-99", 0, 99),
        ("bytes=199990-", 199_990, 199_999),
        ("bytes=-10", 199_990, 199_999),
    ] {
        let answer = place.get(&url, &[("range", range)]).await;
        assert_eq!(answer.status, StatusCode::PARTIAL_CONTENT, "{range}");
        assert_eq!(
            answer.headers["content-range"],
            format!("bytes {first}-{last}/200000").as_str()
        );
        assert_eq!(answer.body, content[first..=last]);
        assert_eq!(answer.headers["content-type"], "video/mp4");
    }
    let answer = place.get(&url, &[("range", "bytes=200000-")]).await;
    assert_eq!(answer.status, StatusCode::RANGE_NOT_SATISFIABLE);
    if !is_production() {
        // The store of the production tests knows neither.
        assert_eq!(answer.headers["content-range"], "bytes */200000");
        let known = place.get(&url, &[("if-none-match", etag)]).await;
        assert_eq!((known.status, known.body.len()), (StatusCode::NOT_MODIFIED, 0));
        let changed = place
            .get(&url, &[("range", "bytes=0-9"), ("if-range", "\"other\"")])
            .await;
        assert_eq!((changed.status, changed.body.len()), (StatusCode::OK, 200_000));
    }
    let other = place.get(&url, &[("if-none-match", "\"other\"")]).await;
    assert_eq!(other.status, StatusCode::OK);
}

#[tokio::test]
async fn a_download_is_signed_and_short() {
    let place = Place::new().await;
    place.upload("media/one", b"one").await;
    place.upload("media/two", b"two").await;
    let url = place.download_url("media/one", "image/png", true).await;
    for (from, to) in [
        ("media/one", "media/two"),
        ("image%2Fpng", "text%2Fhtml"),
        ("inline", "attachment"),
    ] {
        assert!(url.contains(from), "{url}");
        let answer = place.get(&url.replace(from, to), &[]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{from}");
    }
    let (bare, _) = url.split_once('?').unwrap();
    assert_eq!(place.get(bare, &[]).await.status, StatusCode::FORBIDDEN);
    assert!(
        place
            .request(Method::PUT, &url, &[], b"x")
            .await
            .status
            .is_client_error()
    );
    let download = |valid_for| Download {
        key: "media/one",
        media_type: "image/png",
        file_name: "one.png",
        is_inline: true,
        valid_for,
    };
    let short = place
        .storage
        .download_url(&download(Duration::from_secs(1)))
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    assert_eq!(place.get(&short, &[]).await.status, StatusCode::FORBIDDEN);
    let long = place.storage.download_url(&download(MINUTE * 60)).await.unwrap();
    assert!(long.contains("max-age%3D300"), "never longer than five minutes: {long}");
    // What isn't there (any more).
    place.storage.delete(&["media/one"]).await.unwrap();
    assert_eq!(place.get(&url, &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_own_routes_protect_whoever_looks() {
    if is_production() {
        return;
    }
    let place = Place::new().await;
    place.upload("media/one", b"one").await;
    let url = place.download_url("media/one", "image/png", true).await;
    let answer = place.get(&url, &[("origin", "https://space.example")]).await;
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    assert_eq!(answer.headers["content-security-policy"], "sandbox; default-src 'none'");
    assert_eq!(answer.headers["cross-origin-resource-policy"], "cross-origin");
    assert_eq!(answer.headers["access-control-allow-origin"], "https://space.example");
    assert_eq!(answer.headers["accept-ranges"], "bytes");
    let answer = place.get(&url, &[("origin", "https://other.example")]).await;
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
    let head = place.request(Method::HEAD, &url, &[], b"").await;
    assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    assert_eq!(head.headers["content-length"], "3");
    let preflight = [
        ("origin", "https://space.example"),
        ("access-control-request-method", "PUT"),
        (
            "access-control-request-headers",
            "content-type,if-none-match,x-amz-checksum-sha256",
        ),
    ];
    let answer = place.request(Method::OPTIONS, &url, &preflight, b"").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(
        answer.headers["access-control-allow-methods"]
            .to_str()
            .unwrap()
            .contains("PUT")
    );
    let allowed = answer.headers["access-control-allow-headers"].to_str().unwrap();
    for name in ["content-type", "if-none-match", "x-amz-checksum-sha256"] {
        assert!(allowed.contains(name), "{name} in {allowed}");
    }
    let secret = noise(9, 10);
    std::fs::write(place.file("secret"), &secret).unwrap();
    let root = url.split("/media/").next().unwrap();
    for path in [
        "../secret",
        "%2e%2e/secret",
        "..%2fsecret",
        "media/../../secret",
        "",
        "media",
    ] {
        let answer = place.get(&format!("{root}/media/{path}"), &[]).await;
        assert!(answer.status.is_client_error() && answer.body != secret, "{path}");
    }
}

#[tokio::test]
async fn the_own_routes_let_nobody_be_slow_and_keep_nothing_unfinished() {
    if is_production() {
        return;
    }
    let place = Place::open(None, Duration::from_millis(300)).await;
    let content = noise(1, 100_000);
    let request = place
        .storage
        .upload_url(&upload("staging/slow", &content))
        .await
        .unwrap();
    let target = request.url.strip_prefix("http://").unwrap();
    let (host, path) = target.split_at(target.find('/').unwrap());
    let mut head = format!(
        "PUT {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {}\r\n",
        content.len()
    );
    for (name, value) in &request.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let incoming = place.file("media/incoming");
    let left = || std::fs::read_dir(&incoming).unwrap().count();
    // Half of it, then silence.
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&content[..50_000]).await.unwrap();
    let mut answer = vec![0; 1_000];
    let length = timeout(MINUTE, stream.read(&mut answer)).await.unwrap().unwrap();
    assert!(
        answer[..length].starts_with(b"HTTP/1.1 408"),
        "{:?}",
        String::from_utf8_lossy(&answer[..length])
    );
    assert_eq!(left(), 0);
    // Half of it, then the line breaks.
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&content[..50_000]).await.unwrap();
    while left() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(stream);
    for _ in 0..1_000 {
        if left() == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(left(), 0);
    assert_eq!(place.storage.head("staging/slow").await.unwrap(), None);
    assert_eq!(place.send(&request, &content).await.status, StatusCode::OK);
}

#[tokio::test]
async fn of_many_at_once_one_is_first() {
    if is_production() {
        return;
    }
    let place = Place::new().await;
    let content = noise(1, 300_000);
    let request = place
        .storage
        .upload_url(&upload("staging/race", &content))
        .await
        .unwrap();
    let answers = futures_util::future::join_all((0..8).map(|_| place.send(&request, &content))).await;
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!(count(StatusCode::OK), 1);
    assert_eq!(count(StatusCode::PRECONDITION_FAILED), 7);
    assert_eq!(place.content("staging/race").await.unwrap(), content);
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_is_private_and_tidied_when_it_is_opened() {
    use std::os::unix::fs::MetadataExt;
    if is_production() {
        return;
    }
    let place = Place::new().await;
    place.upload("media/one", b"one").await;
    for (path, mode) in [
        ("media", 0o700),
        ("media/objects/media", 0o700),
        ("media/objects/media/one", 0o600),
    ] {
        let meta = std::fs::metadata(place.file(path)).unwrap();
        assert_eq!(meta.mode() & 0o777, mode, "{path}");
    }
    let (old, new) = (place.file("media/incoming/old"), place.file("media/incoming/new"));
    for path in [&old, &new] {
        std::fs::write(path, b"unfinished").unwrap();
    }
    let long_ago = std::time::SystemTime::now() - Duration::from_secs(2 * 86_400);
    std::fs::File::options()
        .append(true)
        .open(&old)
        .unwrap()
        .set_modified(long_ago)
        .unwrap();
    let options = sojourn::platform::storage::Options {
        url: format!("file:{}", place.file("media").display()),
        public_url: String::new(),
        secret: [0; 32],
        bucket: sojourn::platform::storage::BucketOptions::default(),
    };
    let again = sojourn::platform::storage::Storage::open(&options).unwrap();
    assert!(!old.exists() && new.exists());
    assert!(again.head("media/one").await.unwrap().is_some());
}
