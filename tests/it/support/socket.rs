//! A client of `graphql-transport-ws`.

use std::{net::SocketAddr, time::Duration};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

use super::{Node, Person};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is asked of every event of a space.
const EVENT: &str = "__typename cursor kind actor { displayName } \
    ... on ContributionEvent { contribution { __typename id state body byline { kind name } version } root { id commentCount } } \
    ... on ContributionGone { deletedContributionId root { id commentCount } } \
    ... on PhaseEvent { phase { id kind state } } \
    ... on ReportEvent { report { id state contribution { id } } } \
    ... on MemberEvent { member { id displayName role leftAt } } \
    ... on SpaceSettingsEvent { space { id title state } } \
    ... on StreamReset { reason resumeCursor } ... on StreamEnded { reason }";

/// An open socket.
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Node {
    /// Serves on a port of its own.
    pub async fn serve(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (router, stop) = (self.router.clone(), self.stop.clone());
        tokio::spawn(async move {
            axum::serve(listener, router)
                .with_graceful_shutdown(stop.cancelled_owned())
                .await
        });
        address
    }

    /// Opens a socket as somebody.
    pub async fn socket(&self, who: &Person) -> Socket {
        let address = self.serve().await;
        let mut request = format!("ws://{address}/graphql").into_client_request().unwrap();
        request
            .headers_mut()
            .insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        let mut socket = Socket(connect_async(request).await.unwrap().0);
        socket
            .say(json!({ "type": "connection_init", "payload": { "authorization": format!("Bearer {}", who.token) } }))
            .await;
        assert_eq!(socket.hear().await, json!({ "type": "connection_ack" }));
        socket
    }

    /// The newest cursor of a space.
    pub async fn newest(&self, who: &Person, space: &str) -> String {
        let query = "query($id: ID!) { space(id: $id) { eventCursor } }";
        let data = self.ask(who, query, json!({ "id": space })).await;
        data["space"]["eventCursor"].as_str().unwrap().to_owned()
    }

    /// Subscribes to the events of a space as somebody, behind a cursor or from now. Without a cursor nobody knows when the
    /// subscription has begun: a test that waits for what it does next gives the newest.
    pub async fn watch(&self, who: &Person, space: &str, after: Option<&str>) -> Socket {
        let mut socket = self.socket(who).await;
        let query = format!(
            "subscription S($space: ID!, $after: String) {{ spaceEvents(spaceId: $space, after: $after) {{ {EVENT} }} }}"
        );
        socket
            .subscribe(&query, json!({ "space": space, "after": after }))
            .await;
        socket
    }
}

impl Socket {
    pub async fn say(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    pub async fn subscribe(&mut self, query: &str, variables: Value) {
        let payload = json!({ "query": query, "variables": variables });
        self.say(json!({ "id": "1", "type": "subscribe", "payload": payload }))
            .await;
    }

    /// The next message of the server.
    pub async fn hear(&mut self) -> Value {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.0.next())
                .await
                .expect("the server says nothing");
            match message.expect("the socket is closed").unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next event of the space; heartbeats are passed over.
    pub async fn event(&mut self) -> Value {
        loop {
            let message = self.hear().await;
            assert_eq!(message["type"], "next", "{message}");
            let event = &message["payload"]["data"]["spaceEvents"];
            assert!(event.is_object(), "{message}");
            if event["__typename"] != "Heartbeat" {
                return event.clone();
            }
        }
    }
}
