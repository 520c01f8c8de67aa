//! Redis over TLS, as the nodes of an operator reach it. Only in production: the embedded set-up needs no Redis.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use http::StatusCode;
use rcgen::generate_simple_self_signed;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};
use url::Url;

use super::{PATIENCE, bad, insist, key, newest};
use crate::support::{Socket, World, eventually, is_production};

/// Speaks TLS before a server that doesn't.
async fn over_tls(config: ServerConfig, target: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (acceptor, target) = (acceptor.clone(), target.clone());
            tokio::spawn(async move {
                let mut client = acceptor.accept(client).await?;
                let mut server = TcpStream::connect(target).await?;
                tokio::io::copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_is_reached_over_tls_if_its_certificate_is_trusted() {
    if !is_production() {
        return;
    }
    let (mut world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let made = generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    let private = made.signing_key.serialize_der().try_into().unwrap();
    let config = config.with_single_cert(vec![made.cert.der().clone()], private);
    let redis = Url::parse(&std::env::var("SOJOURN_TEST_REDIS_URL").unwrap()).unwrap();
    let target = format!("{}:{}", redis.host_str().unwrap(), redis.port().unwrap_or(6379));
    let address = over_tls(config.unwrap(), target).await;
    world.set("--redis-url=", &format!("rediss://{address}/"));
    let roots = world.folder().join("roots.pem");
    std::fs::write(&roots, made.cert.pem()).unwrap();

    let server = world.into_server_that_trusts(roots).await;
    let is_ready = async || server.http.ready().await.unwrap().1["status"] == "ready";
    eventually(PATIENCE, "ready", is_ready).await;
    let twin = server.twin().await;
    let cursor = newest(&twin.http, &cast).await;
    let mut socket = Socket::open(twin.http.address.parse().unwrap(), &cast.stayer)
        .await
        .unwrap();
    socket.watch(&cast.space, Some(&cursor)).await.unwrap();
    // Nodes compare with the database every two seconds: what comes sooner again and again has come through Redis.
    let (begun, mut in_a_row) = (Instant::now(), 0);
    while in_a_row < 4 {
        let begun_one = Instant::now();
        insist(&server.http, &cast.mobile, &thread, &key()).await;
        socket.event().await;
        let is_soon = begun_one.elapsed() < Duration::from_millis(300);
        in_a_row = if is_soon { in_a_row + 1 } else { 0 };
        assert!(begun.elapsed() < PATIENCE, "Redis tells nothing");
        tokio::time::sleep(Duration::from_millis(370)).await;
    }

    // Who doesn't know the certificate doesn't talk to it.
    let stranger = server.twin_that_trusts(None).await;
    let (status, checks) = stranger.http.ready().await.unwrap();
    assert_eq!((status, bad(&checks)), (StatusCode::OK, vec!["redis".to_owned()]));
}
