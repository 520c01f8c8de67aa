//! A client of sockets.

use std::{sync::Arc, time::Duration};

use futures_util::{SinkExt, StreamExt};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};
use sojourn::platform::http::server::{self, Connections};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};

use super::{Door, take_cost};

/// A client of `graphql-transport-ws`.
pub struct Client {
    pub socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The database lives as long as there is a client.
    _folder: Arc<TempDir>,
}

impl Door {
    pub async fn serve(&self) -> std::net::SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Connections {
            most: 100,
            header_timeout: Duration::from_secs(10),
            drain: Duration::ZERO,
            stop_grace: Duration::from_secs(10),
        };
        tokio::spawn(server::serve(
            listener,
            self.router.clone(),
            connections,
            self.stop.clone(),
        ));
        address
    }

    pub async fn connect(&self, headers: &[(&'static str, String)]) -> Result<(Client, HeaderMap), StatusCode> {
        let address = self.serve().await;
        let mut request = format!("ws://{address}/graphql").into_client_request().unwrap();
        for (name, value) in headers {
            let value = value.replace("{address}", &address.to_string());
            request
                .headers_mut()
                .insert(*name, HeaderValue::from_str(&value).unwrap());
        }
        match connect_async(request).await {
            Ok((socket, response)) => Ok((
                Client {
                    socket,
                    _folder: Arc::clone(&self.folder),
                },
                response.headers().clone(),
            )),
            Err(Error::Http(response)) => Err(response.status()),
            Err(error) => panic!("{error}"),
        }
    }

    pub async fn open(&self) -> Client {
        let protocol = ("sec-websocket-protocol", "graphql-transport-ws".to_owned());
        self.connect(&[protocol]).await.map(|(client, _)| client).unwrap()
    }

    pub async fn signed_in(&self) -> Client {
        let mut client = self.open().await;
        client.init("Bearer good").await;
        assert_eq!(client.next().await, json!({ "type": "connection_ack" }));
        client
    }
}

impl Client {
    pub async fn say(&mut self, message: Value) {
        self.socket.send(Message::text(message.to_string())).await.unwrap();
    }

    pub async fn init(&mut self, authorization: &str) {
        self.say(json!({ "type": "connection_init", "payload": { "authorization": authorization } }))
            .await;
    }

    pub async fn subscribe(&mut self, id: &str, query: &str) {
        self.say(json!({ "id": id, "type": "subscribe", "payload": { "query": query } }))
            .await;
    }

    pub async fn hear(&mut self) -> Message {
        let message = tokio::time::timeout(Duration::from_secs(20), self.socket.next()).await;
        message.expect("the server says nothing").unwrap().unwrap()
    }

    /// What the server says next.
    pub async fn hear_whole(&mut self) -> Value {
        loop {
            match self.hear().await {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The same without what it cost.
    pub async fn next(&mut self) -> Value {
        let mut message = self.hear_whole().await;
        if let Some(payload) = message.get_mut("payload") {
            take_cost(payload);
        }
        message
    }

    /// The code of the close frame, whatever comes before it.
    pub async fn end(mut self) -> (u16, String) {
        loop {
            match self.hear().await {
                Message::Close(frame) => {
                    let frame = frame.unwrap();
                    return (frame.code.into(), frame.reason.to_string());
                }
                _ => continue,
            }
        }
    }
}
