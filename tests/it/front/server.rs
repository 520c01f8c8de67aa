//! Connections: what a client can be slow at, and the end of the process.

use std::{net::SocketAddr, time::Duration};

use http::HeaderValue;
use serde_json::json;
use sojourn::platform::http::{
    Options,
    server::{Connections, serve},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::{Instant, timeout},
};

use super::{Door, door, door_with};

const CONNECTIONS: Connections = Connections {
    most: 100,
    header_timeout: Duration::from_millis(300),
    drain: Duration::from_millis(500),
    stop_grace: Duration::from_secs(10),
};

async fn start(door: &Door, connections: Connections) -> (SocketAddr, JoinHandle<std::io::Result<()>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = serve(listener, door.router.clone(), connections, door.stop.clone());
    (address, tokio::spawn(served))
}

fn request(body: &str) -> String {
    format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Reads until the server closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let read = timeout(Duration::from_secs(10), stream.read_to_end(&mut text)).await;
    let _ = read.expect("the connection stays open");
    String::from_utf8(text).unwrap()
}

/// Reads one answer.
async fn answer(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    while !text.ends_with(b"}") {
        let read = timeout(Duration::from_secs(10), stream.read_buf(&mut text)).await;
        assert_ne!(read.expect("no answer").unwrap(), 0, "closed after {text:?}");
    }
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn headers_that_do_not_come_end_the_connection() {
    let door = door().await;
    let (address, _) = start(&door, CONNECTIONS).await;
    for beginning in ["", "POST /graphql HTTP/1.1\r\nhost: x\r\nx-slow: "] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(beginning.as_bytes()).await.unwrap();
        let text = rest(&mut stream).await;
        assert!(!text.contains("200 OK"), "{text}");
    }
}

#[tokio::test]
async fn headers_that_drip_end_the_connection_all_the_same() {
    let door = door().await;
    let (address, _) = start(&door, CONNECTIONS).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\n").await.unwrap();
    let started = Instant::now();
    while stream.write_all(b"x-drip: 1\r\n").await.is_ok() {
        assert!(started.elapsed() < Duration::from_secs(10), "the connection stays open");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_refused() {
    let door = door_with(Options {
        body_timeout: Duration::from_millis(200),
        ..Options::default()
    })
    .await;
    let (address, _) = start(&door, CONNECTIONS).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = request(&json!({ "query": "{ hello }" }).to_string());
    stream
        .write_all(&request.as_bytes()[..request.len() - 3])
        .await
        .unwrap();
    let text = answer(&mut stream).await;
    assert!(text.starts_with("HTTP/1.1 408") && text.contains("requestId"), "{text}");
}

#[tokio::test]
async fn a_header_that_is_too_large_is_refused() {
    let door = door().await;
    let (address, _) = start(&door, CONNECTIONS).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let header = format!("GET /healthz HTTP/1.1\r\nx-large: {}", "x".repeat(66_000));
    stream.write_all(header.as_bytes()).await.unwrap();
    let text = rest(&mut stream).await;
    assert!(text.starts_with("HTTP/1.1 431"), "{text}");
}

#[tokio::test]
async fn further_clients_wait_until_a_connection_ends() {
    let door = door().await;
    let connections = Connections {
        most: 1,
        header_timeout: Duration::from_secs(10),
        ..CONNECTIONS
    };
    let (address, _) = start(&door, connections).await;
    let get = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut first = TcpStream::connect(address).await.unwrap();
    first.write_all(get).await.unwrap();
    answer(&mut first).await;
    let mut second = TcpStream::connect(address).await.unwrap();
    second.write_all(get).await.unwrap();
    let mut byte = [0];
    let early = timeout(Duration::from_millis(300), second.read(&mut byte)).await;
    assert!(early.is_err(), "a second connection is served");
    drop(first);
    assert!(answer(&mut second).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_process_that_stops_finishes_what_is_in_flight() {
    let door = door().await;
    let (address, served) = start(&door, CONNECTIONS).await;
    let mut idle = TcpStream::connect(address).await.unwrap();
    let mut busy = TcpStream::connect(address).await.unwrap();
    let body = json!({ "query": "mutation { addLate }" }).to_string();
    busy.write_all(request(&body).as_bytes()).await.unwrap();
    // The mutation takes 300 ms.
    tokio::time::sleep(Duration::from_millis(100)).await;
    door.stop.cancel();
    let text = rest(&mut busy).await;
    assert!(
        text.contains(r#"{"addLate":1}"#) && text.contains("connection: close"),
        "{text}"
    );
    // Until clients have noticed, they are let in, once.
    let mut late = TcpStream::connect(address).await.unwrap();
    let body = json!({ "query": "mutation { add }" }).to_string();
    late.write_all(request(&body).as_bytes()).await.unwrap();
    let text = rest(&mut late).await;
    assert!(
        text.contains(r#"{"add":2}"#) && text.contains("connection: close"),
        "{text}"
    );
    assert_eq!(rest(&mut idle).await, "");
    served.await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn the_address_of_a_connection_is_what_is_counted() {
    let door = door_with(Options {
        anonymous_budget: sojourn::platform::rate::Budget {
            points: 2,
            period: Duration::from_secs(60),
        },
        ..Options::default()
    })
    .await;
    let (address, _) = start(&door, CONNECTIONS).await;
    let body = json!({ "query": "{ hello }" }).to_string();
    let ask = async |from: [u8; 4], forwarded: &str| {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from((from, 0))).unwrap();
        let mut stream = socket.connect(address).await.unwrap();
        let request = request(&body).replace("host: x", &format!("host: x\r\nx-forwarded-for: {forwarded}"));
        stream.write_all(request.as_bytes()).await.unwrap();
        answer(&mut stream).await
    };
    for forwarded in ["192.0.2.1", "192.0.2.2"] {
        assert!(ask([127, 0, 0, 1], forwarded).await.starts_with("HTTP/1.1 200"));
    }
    assert!(ask([127, 0, 0, 1], "192.0.2.3").await.starts_with("HTTP/1.1 429"));
    assert!(ask([127, 0, 0, 2], "192.0.2.1").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_socket_keeps_its_place_among_the_connections() {
    let door = door().await;
    let connections = Connections { most: 1, ..CONNECTIONS };
    let (address, _) = start(&door, connections).await;
    let mut request = tokio_tungstenite::tungstenite::client::IntoClientRequest::into_client_request(format!(
        "ws://{address}/graphql"
    ))
    .unwrap();
    let protocol = HeaderValue::from_static("graphql-transport-ws");
    request.headers_mut().insert("sec-websocket-protocol", protocol);
    let (socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    let mut second = TcpStream::connect(address).await.unwrap();
    second
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut byte = [0];
    let early = timeout(Duration::from_millis(300), second.read(&mut byte)).await;
    assert!(early.is_err(), "a second connection is served");
    drop(socket);
    assert!(answer(&mut second).await.starts_with("HTTP/1.1 200"));
}
