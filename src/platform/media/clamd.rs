//! A client of the virus scanner clamd: the file is streamed to it (`INSTREAM`), so that it needs no access to our disk.

use std::{io, path::Path, time::Duration};

use tokio::{
    fs::File,
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    time::timeout,
};

/// Bytes that are sent at once.
const CHUNK: usize = 64 << 10;
/// Bytes of an answer at most.
const ANSWER: u64 = 4096;

/// What the scanner found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scan {
    /// Nothing.
    Clean,
    /// A virus, by its name.
    Found(String),
    /// The file is larger than the scanner takes (`StreamMaxLength`): nothing is known.
    TooLarge,
}

/// Has a file scanned. `url` is `tcp://host:port` or `unix:/path`, `limit` the time for all of it.
///
/// # Errors
/// The file can't be read, or the scanner can't be reached or fails; to be tried again.
pub async fn scan(url: &str, path: &Path, limit: Duration) -> io::Result<Scan> {
    let scanned = async {
        // First, since a scanner that is told nothing waits for more.
        let file = File::open(path).await?;
        if let Some(address) = url.strip_prefix("tcp://") {
            talk(TcpStream::connect(address.trim_end_matches('/')).await?, file).await
        } else if let Some(socket) = url.strip_prefix("unix:") {
            // Both `unix:/path` and `unix:///path`.
            let socket = socket.strip_prefix("//").unwrap_or(socket);
            talk(UnixStream::connect(socket).await?, file).await
        } else {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "neither tcp:// nor unix:"))
        }
    };
    timeout(limit, scanned)
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

async fn talk(stream: impl AsyncRead + AsyncWrite, file: File) -> io::Result<Scan> {
    let (reader, mut writer) = tokio::io::split(stream);
    let sent = send(&mut writer, file).await;
    if sent.is_err() {
        // It is not to wait for the rest. That this may fail too changes nothing.
        let _ = writer.shutdown().await;
    }
    // Scanners that have enough answer and close while the rest is sent: what they say counts more than the broken pipe.
    let mut answer = Vec::new();
    let read = reader.take(ANSWER).read_to_end(&mut answer).await;
    match (understand(&answer), sent, read) {
        (Some(scan), ..) => scan,
        (None, Err(error), _) | (None, _, Err(error)) => Err(error),
        (None, ..) => Err(failed(&answer)),
    }
}

async fn send(writer: &mut (impl AsyncWrite + Unpin), mut file: File) -> io::Result<()> {
    writer.write_all(b"zINSTREAM\0").await?;
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = file.read(&mut chunk).await?;
        writer.write_all(&(read as u32).to_be_bytes()).await?;
        if read == 0 {
            return writer.flush().await;
        }
        writer.write_all(&chunk[..read]).await?;
    }
}

/// None is no whole answer.
fn understand(answer: &[u8]) -> Option<io::Result<Scan>> {
    let text = std::str::from_utf8(answer.strip_suffix(b"\0")?).ok()?;
    if text.starts_with("INSTREAM size limit exceeded") {
        return Some(Ok(Scan::TooLarge));
    }
    match text.strip_prefix("stream: ") {
        Some("OK") => Some(Ok(Scan::Clean)),
        Some(text) if text.ends_with(" FOUND") => Some(Ok(Scan::Found(text.trim_end_matches(" FOUND").to_owned()))),
        _ => Some(Err(failed(answer))),
    }
}

fn failed(answer: &[u8]) -> io::Error {
    io::Error::other(format!("the scanner says {:?}", String::from_utf8_lossy(answer)))
}
