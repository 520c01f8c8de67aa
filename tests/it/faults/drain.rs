//! A server that is told to stop while it is in use.

use http::StatusCode;
use serde_json::json;

use super::{PATIENCE, comment, key};
use crate::support::{Http, Socket, World, eventually};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn during_the_drain_a_node_is_not_ready_and_serves_old_and_new_clients_until_all_have_moved() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let mut server = world.into_server(&["--drain=4".to_owned()]).await;
    let mut sockets = Vec::new();
    for who in [&cast.stayer, &cast.teacher, &cast.partner] {
        let mut socket = Socket::open(server.http.address.parse().unwrap(), who).await.unwrap();
        let cursor = super::newest(&server.http, &cast).await;
        socket.watch(&cast.space, Some(&cursor)).await.unwrap();
        sockets.push(socket);
    }

    server.terminate();
    let is_told = async || {
        let (status, told) = server.http.ready().await.unwrap();
        status == StatusCode::SERVICE_UNAVAILABLE && told["checks"] == json!({ "process": "stopping" })
    };
    eventually(PATIENCE, "/readyz is 503", is_told).await;
    // Over a connection of its own each time.
    for _ in 0..3 {
        let id = comment(&Http::new(&server.http.address), &cast.mobile, &thread, &key())
            .await
            .unwrap();
        for socket in &mut sockets {
            assert_eq!(socket.event().await["contribution"]["id"], id);
        }
    }
    let late = Socket::open(server.http.address.parse().unwrap(), &cast.observer).await;
    sockets.push(late.unwrap());

    for socket in &mut sockets {
        let end = loop {
            match socket.try_hear().await {
                Ok(_) => {}
                Err(end) => break end,
            }
        };
        assert!(end.contains("1012") || end.contains("Restart"), "{end}");
        assert!(end.contains("retryAfterMs="), "{end}");
    }
    let status = tokio::time::timeout(PATIENCE, server.ended()).await.unwrap();
    assert!(status.success(), "{status}: {}", server.log());
}
