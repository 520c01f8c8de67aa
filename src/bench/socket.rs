//! A socket of `graphql-transport-ws` with one subscription.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::{SinkExt, StreamExt};
use http::{HeaderValue, header};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Error, Message, Utf8Bytes, client::IntoClientRequest, protocol::WebSocketConfig},
};
use url::Url;

use super::api::cause;

/// What is asked of every event.
const SUBSCRIPTION: &str = "subscription Bench($spaceId: ID!, $after: String) { spaceEvents(spaceId: $spaceId, after: $after) { \
    kind cursor occurredAt ... on ContributionEvent { contribution { byline { name } excerpt } } } }";
/// How long opening may take, up to the acknowledgement.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes of the buffer for reading: ten thousand of them are held.
const BUFFER: usize = 2048;

/// An event of a space.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event {
    pub kind: String,
    pub cursor: String,
    pub occurred_at: DateTime<Utc>,
    contribution: Option<Contribution>,
}

#[derive(Deserialize, Debug)]
struct Contribution {
    excerpt: Option<String>,
}

impl Event {
    /// The beginning of the text that it is about.
    pub(super) fn excerpt(&self) -> Option<&str> {
        self.contribution.as_ref()?.excerpt.as_deref()
    }
}

/// A message of the server.
#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Answer {
    data: Option<Data>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    space_events: Event,
}

/// What a message is to a subscriber.
enum Said {
    Event(Event),
    Ping,
    Nothing,
}

/// An open socket.
pub(super) struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// Opens a socket that is acknowledged.
    ///
    /// # Errors
    /// What the connection or the server says: short, since equal ones are counted.
    pub(super) async fn open(node: &Url, token: &str) -> Result<Self, String> {
        let open = async {
            let mut socket = Self::connect(node).await?;
            let payload = json!({ "authorization": format!("Bearer {token}") });
            socket
                .say(&json!({ "type": "connection_init", "payload": payload }))
                .await?;
            let ack = socket.hear().await?;
            let is_ack = serde_json::from_str::<Frame>(&ack).is_ok_and(|frame| frame.kind == "connection_ack");
            is_ack.then_some(socket).ok_or_else(|| "no connection_ack".to_owned())
        };
        let opened = timeout(PATIENCE, open).await;
        opened.unwrap_or_else(|_| Err(format!("not open within {PATIENCE:?}")))
    }

    async fn connect(node: &Url) -> Result<Self, String> {
        let addresses = node.socket_addrs(|| None).map_err(|error| error.to_string())?;
        let stream = TcpStream::connect(&*addresses).await.map_err(|error| cause(&error))?;
        stream.set_nodelay(true).map_err(|error| cause(&error))?;
        // A connection that is dropped is gone at once: without a farewell, and without keeping its port for a minute.
        stream.set_zero_linger().map_err(|error| cause(&error))?;
        let url = format!("ws{}graphql", node.as_str().trim_start_matches("http"));
        let mut request = url.into_client_request().map_err(|error| cause(&error))?;
        let protocol = HeaderValue::from_static("graphql-transport-ws");
        request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
        let config = WebSocketConfig::default().read_buffer_size(BUFFER).write_buffer_size(0);
        let opened = client_async_with_config(request, stream, Some(config)).await;
        opened.map(|(socket, _)| Self(socket)).map_err(|error| failure(&error))
    }

    /// Subscribes to what happens in a space after a cursor.
    pub(super) async fn subscribe(&mut self, space: &str, after: &str) -> Result<(), String> {
        let variables = json!({ "spaceId": space, "after": after });
        let payload = json!({ "query": SUBSCRIPTION, "variables": variables });
        self.say(&json!({ "id": "1", "type": "subscribe", "payload": payload }))
            .await
    }

    /// The next event. Cancel safe but for the answer to a ping.
    ///
    /// # Errors
    /// Why there are no more.
    pub(super) async fn next(&mut self) -> Result<Event, String> {
        loop {
            let text = self.hear().await?;
            match read(&text)? {
                Said::Event(event) => return Ok(event),
                Said::Ping => self.say(&json!({ "type": "pong" })).await?,
                Said::Nothing => {}
            }
        }
    }

    async fn say(&mut self, message: &Value) -> Result<(), String> {
        let message = Message::text(message.to_string());
        self.0.send(message).await.map_err(|error| failure(&error))
    }

    /// The next text. Pings of the WebSocket are answered on the way.
    async fn hear(&mut self) -> Result<Utf8Bytes, String> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Close(Some(frame)))) => {
                    return Err(format!("closed with {} {}", frame.code, frame.reason));
                }
                Some(Ok(Message::Close(None))) | None => return Err("closed".to_owned()),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(failure(&error)),
            }
        }
    }
}

fn read(text: &str) -> Result<Said, String> {
    let frame: Frame = serde_json::from_str(text).map_err(|_| "an answer that is no message")?;
    let payload = frame.payload.map_or("null", RawValue::get);
    match frame.kind {
        "next" => {
            let answer = serde_json::from_str::<Answer>(payload)
                .ok()
                .and_then(|answer| answer.data);
            let data = answer.ok_or_else(|| format!("no event: {payload:.200}"))?;
            Ok(Said::Event(data.space_events))
        }
        "ping" => Ok(Said::Ping),
        "pong" => Ok(Said::Nothing),
        "error" => Err(refused(payload)),
        other => Err(format!("{other:.30}")),
    }
}

fn failure(error: &Error) -> String {
    match error {
        Error::Http(answer) => format!("HTTP {}", answer.status()),
        other => cause(other),
    }
}

/// What the first error of an operation says.
fn refused(payload: &str) -> String {
    let errors: Value = serde_json::from_str(payload).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    format!(
        "error {} {}",
        text(&errors[0]["extensions"]["code"]),
        text(&errors[0]["message"])
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read_with_its_text() {
        let text = r#"{"id":"1","type":"next","payload":{"data":{"spaceEvents":{"kind":"CONTRIBUTION_PUBLISHED","cursor":"AQ",
            "occurredAt":"2026-11-21T23:45:50.911908Z","contribution":{"byline":{"name":"Ana"},"excerpt":"Good \"bread\""}}}}}"#;
        let Ok(Said::Event(event)) = read(text) else {
            panic!("it is no event")
        };
        assert_eq!(event.cursor, "AQ");
        assert_eq!(event.occurred_at.timestamp_subsec_micros(), 911_908);
        assert_eq!(event.excerpt(), Some("Good \"bread\""));
    }

    #[test]
    fn what_ends_a_subscription_is_told() {
        let said = |text| read(text).err();
        let errors =
            r#"{"id":"1","type":"error","payload":[{"message":"Wait.","extensions":{"code":"RATE_LIMITED"}}]}"#;
        assert_eq!(said(errors).as_deref(), Some("error RATE_LIMITED Wait."));
        assert_eq!(said(r#"{"id":"1","type":"complete"}"#).as_deref(), Some("complete"));
        let empty = r#"{"id":"1","type":"next","payload":{"data":null,"errors":[]}}"#;
        assert_eq!(said(empty).as_deref(), Some(r#"no event: {"data":null,"errors":[]}"#));
        assert_eq!(said("nonsense").as_deref(), Some("an answer that is no message"));
        assert_eq!(said(r#"{"type":"pong"}"#), None);
    }
}
