//! The virus scanner: the real one in production, and how one fails, which is played here.

use std::{fs, io, path::Path, time::Duration};

use sojourn::platform::media::clamd::{Scan, scan};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream, UnixListener},
};

use crate::support::is_production;

/// The harmless file that all scanners find; in two parts, so that they don't find this one.
pub fn eicar() -> String {
    [
        "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR",
        "-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*",
    ]
    .concat()
}

/// Where a scanner listens that knows EICAR and takes up to a megabyte: the real one in production.
pub async fn scanner() -> String {
    if is_production() {
        return std::env::var("SOJOURN_TEST_CLAMD_URL").expect("SOJOURN_TEST_CLAMD_URL");
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("tcp://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let content = hear(&mut stream).await;
                let answer = match content.len() {
                    _ if content == eicar().as_bytes() => &b"stream: Eicar-Test-Signature FOUND\0"[..],
                    0..=0x10_0000 => b"stream: OK\0",
                    _ => b"INSTREAM size limit exceeded. ERROR\0",
                };
                stream.write_all(answer).await.unwrap();
            });
        }
    });
    url
}

/// Reads a file by the protocol.
async fn hear(stream: &mut TcpStream) -> Vec<u8> {
    let mut command = [0; 10];
    stream.read_exact(&mut command).await.unwrap();
    assert_eq!(&command, b"zINSTREAM\0");
    let mut content = Vec::new();
    loop {
        let length = stream.read_u32().await.unwrap() as usize;
        if length == 0 {
            return content;
        }
        assert!(length <= 1 << 20);
        let start = content.len();
        content.resize(start + length, 0);
        stream.read_exact(&mut content[start..]).await.unwrap();
    }
}

const LIMIT: Duration = Duration::from_secs(20);

/// A socket file that leads to a port.
fn socket_to(path: &Path, url: &str) {
    let address = url.trim_start_matches("tcp://").to_owned();
    let listener = UnixListener::bind(path).unwrap();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let mut far = TcpStream::connect(&address).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut near, &mut far).await });
        }
    });
}

#[tokio::test]
async fn a_scanner_finds_eicar() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let file = |name: &str, content: Vec<u8>| {
        fs::write(path.join(name), content).unwrap();
        path.join(name)
    };
    let harmless = file("harmless", vec![b'a'; 700_000]);
    let empty = file("empty", vec![]);
    let virus = file("virus", eicar().into_bytes());
    let large = file("large", vec![b'a'; 30 << 20]);
    let url = scanner().await;
    socket_to(&path.join("socket"), &url);
    for url in [
        url.clone(),
        format!("unix:{}/socket", path.display()),
        format!("unix://{}/socket", path.display()),
    ] {
        assert_eq!(scan(&url, &harmless, LIMIT).await.unwrap(), Scan::Clean);
        assert_eq!(scan(&url, &empty, LIMIT).await.unwrap(), Scan::Clean);
        let found = scan(&url, &virus, LIMIT).await.unwrap();
        assert!(
            matches!(&found, Scan::Found(name) if name.starts_with("Eicar-Test-Signature")),
            "{found:?}"
        );
    }
    assert_eq!(scan(&url, &large, LIMIT).await.unwrap(), Scan::TooLarge);
}

/// A scanner that reads a file by the protocol, and then answers.
async fn play(answer: &'static [u8]) -> (String, tokio::task::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("tcp://{}", listener.local_addr().unwrap());
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let content = hear(&mut stream).await;
        stream.write_all(answer).await.unwrap();
        content
    });
    (url, heard)
}

#[tokio::test]
async fn answers_are_understood() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let content: Vec<u8> = (0..300_000_u32).map(|index| index as u8).collect();
    fs::write(&path, &content).unwrap();
    for (answer, expected) in [
        (&b"stream: OK\0"[..], Some(Scan::Clean)),
        (
            b"stream: Win.Test.EICAR_HDB-1 FOUND\0",
            Some(Scan::Found("Win.Test.EICAR_HDB-1".into())),
        ),
        (b"INSTREAM size limit exceeded. ERROR\0", Some(Scan::TooLarge)),
        (b"stream: Can't allocate memory ERROR\0", None),
        (b"UNKNOWN COMMAND\0", None),
        // Cut short: nothing is known.
        (b"stream: O", None),
        (b"stream: OK", None),
        (b"", None),
    ] {
        let (url, heard) = play(answer).await;
        let scanned = scan(&url, &path, LIMIT).await;
        assert_eq!(scanned.ok(), expected, "{:?}", String::from_utf8_lossy(answer));
        assert_eq!(heard.await.unwrap(), content);
    }
}

#[tokio::test]
async fn a_scanner_that_is_away_or_silent_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, "a").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("tcp://{}", listener.local_addr().unwrap());
    let silent = scan(&url, &path, Duration::from_millis(300)).await.unwrap_err();
    assert_eq!(silent.kind(), io::ErrorKind::TimedOut);
    drop(listener);
    assert!(scan(&url, &path, LIMIT).await.is_err());
    assert!(scan("unix:/nowhere", &path, LIMIT).await.is_err());
    assert!(scan("http://127.0.0.1", &path, LIMIT).await.is_err());
    let (url, _heard) = play(b"stream: OK\0").await;
    assert!(scan(&url, &folder.path().join("none"), LIMIT).await.is_err());
}
