//! A line to another server that is down, slow, broken or cut off.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream},
};
use url::Url;

/// What the line to the store does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Line {
    Whole,
    /// Connections are closed at once.
    Down,
    /// Nothing is answered.
    Silent,
    /// Everything is answered with an error.
    Broken,
    /// Answers break off after their first bytes.
    Cut,
    /// Nobody is known.
    Locked,
    /// The last byte of the next object that is read is another. The line is whole then.
    Wrong,
}

/// A port from which a line leads to a server that speaks HTTP.
pub struct Proxy {
    line: Arc<AtomicU8>,
    /// `http://…`
    pub url: String,
}

impl Proxy {
    /// A line that is whole.
    pub async fn new(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Url::parse(server).unwrap();
        let server = format!(
            "{}:{}",
            server.host_str().unwrap(),
            server.port_or_known_default().unwrap()
        );
        let line = Arc::new(AtomicU8::new(Line::Whole as u8));
        let of = Arc::clone(&line);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, server.clone(), Arc::clone(&of)));
            }
        });
        Self { line, url }
    }

    pub fn set(&self, line: Line) {
        self.line.store(line as u8, Ordering::SeqCst);
    }
}

async fn pass(mut client: TcpStream, server: String, line: Arc<AtomicU8>) {
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
        tokio::time::sleep(Duration::from_secs(60)).await;
        return;
    }
    if is(Line::Broken) {
        let answer = "HTTP/1.1 503 Slow Down\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let _ = client.write_all(answer.as_bytes()).await;
        return;
    }
    if is(Line::Locked) {
        let answer = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let _ = client.write_all(answer.as_bytes()).await;
        return;
    }
    let is_cut = is(Line::Cut);
    let Ok(mut store) = TcpStream::connect(server).await else {
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
    let is_object = head.starts_with("GET ") && !head.lines().next().unwrap_or_default().contains('?');
    if is_object && is(Line::Wrong) {
        line.store(Line::Whole as u8, Ordering::SeqCst);
        let mut answer = Vec::new();
        let _ = from_store.take(u64::MAX).read_to_end(&mut answer).await;
        if let Some(last) = answer.last_mut() {
            *last ^= 1;
        }
        let _ = to_client.write_all(&answer).await;
        return;
    }
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
