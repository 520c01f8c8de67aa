//! The virus scanner. The real one, where it is installed; how it fails is played here.

use std::{
    fs, io,
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use sojourn::platform::media::clamd::{Scan, scan};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener as AsyncListener,
};

/// The harmless file that all scanners find; in two parts, so that they don't find this one.
fn eicar() -> String {
    [
        "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR",
        "-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*",
    ]
    .concat()
}

/// The real scanner, with one signature.
struct Clamd {
    folder: TempDir,
    child: Child,
    port: u16,
}

impl Clamd {
    /// None where it is not installed.
    fn start() -> Option<Self> {
        let program = ["/usr/sbin/clamd", "/usr/local/sbin/clamd"]
            .into_iter()
            .find(|path| Path::new(path).exists())?;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display();
        let signature: String = eicar().bytes().map(|byte| format!("{byte:02x}")).collect();
        fs::write(folder.path().join("eicar.ndb"), format!("Eicar-Test:0:*:{signature}\n")).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let configuration = format!(
            "Foreground yes\nDatabaseDirectory {path}\nLocalSocket {path}/socket\nTCPSocket {port}\nTCPAddr 127.0.0.1\n\
             StreamMaxLength 1M\n"
        );
        fs::write(folder.path().join("clamd.conf"), configuration).unwrap();
        let child = Command::new(program)
            .arg("-c")
            .arg(folder.path().join("clamd.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < Duration::from_secs(60), "clamd doesn't start");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(Self { folder, child, port })
    }
}

impl Drop for Clamd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const LIMIT: Duration = Duration::from_secs(20);

#[tokio::test]
async fn the_real_scanner_finds_eicar() {
    let Some(clamd) = Clamd::start() else {
        // CI installs it; what follows plays its part where it is missing.
        return;
    };
    let path = clamd.folder.path();
    let file = |name: &str, content: Vec<u8>| {
        fs::write(path.join(name), content).unwrap();
        path.join(name)
    };
    let harmless = file("harmless", vec![b'a'; 700_000]);
    let empty = file("empty", vec![]);
    let virus = file("virus", eicar().into_bytes());
    let hidden = file(
        "hidden",
        [vec![b'a'; 300_000], eicar().into_bytes(), vec![b'a'; 300_000]].concat(),
    );
    let large = file("large", vec![b'a'; 30 << 20]);
    for url in [
        format!("tcp://127.0.0.1:{}", clamd.port),
        format!("unix:{}/socket", path.display()),
        format!("unix://{}/socket", path.display()),
    ] {
        assert_eq!(scan(&url, &harmless, LIMIT).await.unwrap(), Scan::Clean);
        assert_eq!(scan(&url, &empty, LIMIT).await.unwrap(), Scan::Clean);
        let found = Scan::Found("Eicar-Test.UNOFFICIAL".into());
        assert_eq!(scan(&url, &virus, LIMIT).await.unwrap(), found);
        assert_eq!(scan(&url, &hidden, LIMIT).await.unwrap(), found);
        assert_eq!(scan(&url, &large, LIMIT).await.unwrap(), Scan::TooLarge);
    }
}

/// A scanner that reads a file by the protocol, and then answers.
async fn play(answer: &'static [u8]) -> (String, tokio::task::JoinHandle<Vec<u8>>) {
    let listener = AsyncListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("tcp://{}", listener.local_addr().unwrap());
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut command = [0; 10];
        stream.read_exact(&mut command).await.unwrap();
        assert_eq!(&command, b"zINSTREAM\0");
        let mut content = Vec::new();
        loop {
            let length = stream.read_u32().await.unwrap() as usize;
            if length == 0 {
                break;
            }
            assert!(length <= 1 << 20);
            let start = content.len();
            content.resize(start + length, 0);
            stream.read_exact(&mut content[start..]).await.unwrap();
        }
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
    let listener = AsyncListener::bind("127.0.0.1:0").await.unwrap();
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
