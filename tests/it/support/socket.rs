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
    ... on StreamReset { resetReason: reason resumeCursor } ... on StreamEnded { reason }";

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
        Socket::open(self.serve().await, who).await.unwrap()
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
        socket.watch(space, after).await.unwrap();
        socket
    }
}

/// Why a socket can't go on.
type Lost = String;

impl Socket {
    /// Opens a socket to a server as somebody.
    pub async fn open(address: SocketAddr, who: &Person) -> Result<Self, Lost> {
        let mut request = format!("ws://{address}/graphql").into_client_request().unwrap();
        request
            .headers_mut()
            .insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        let connected = tokio::time::timeout(PATIENCE, connect_async(request)).await;
        let connected = connected.map_err(|_| "no connection".to_owned())?;
        let mut socket = Self(connected.map_err(|error| error.to_string())?.0);
        let init =
            json!({ "type": "connection_init", "payload": { "authorization": format!("Bearer {}", who.token) } });
        socket.try_say(init).await?;
        assert_eq!(socket.try_hear().await?, json!({ "type": "connection_ack" }));
        Ok(socket)
    }

    pub async fn say(&mut self, message: Value) {
        self.try_say(message).await.unwrap();
    }

    async fn try_say(&mut self, message: Value) -> Result<(), Lost> {
        let said = self.0.send(Message::text(message.to_string())).await;
        said.map_err(|error| error.to_string())
    }

    /// Subscribes to the events of a space, behind a cursor or from now.
    pub async fn watch(&mut self, space: &str, after: Option<&str>) -> Result<(), Lost> {
        let query = format!(
            "subscription S($space: ID!, $after: String) {{ spaceEvents(spaceId: $space, after: $after) {{ {EVENT} }} }}"
        );
        let payload = json!({ "query": query, "variables": { "space": space, "after": after } });
        self.try_say(json!({ "id": "1", "type": "subscribe", "payload": payload }))
            .await
    }

    pub async fn subscribe(&mut self, query: &str, variables: Value) {
        let payload = json!({ "query": query, "variables": variables });
        self.say(json!({ "id": "1", "type": "subscribe", "payload": payload }))
            .await;
    }

    /// The next message of the server.
    pub async fn hear(&mut self) -> Value {
        self.try_hear().await.unwrap()
    }

    /// The same where sockets may be cut.
    pub async fn try_hear(&mut self) -> Result<Value, Lost> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.0.next()).await;
            let message = message.map_err(|_| "the server says nothing".to_owned())?;
            let message = message.ok_or_else(|| "the socket is closed".to_owned())?;
            match message.map_err(|error| error.to_string())? {
                Message::Text(text) => return Ok(serde_json::from_str(&text).unwrap()),
                Message::Ping(_) | Message::Pong(_) => {}
                other => return Err(format!("{other:?}")),
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
