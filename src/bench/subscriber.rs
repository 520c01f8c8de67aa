//! Sockets: each subscribes to one stream, goes on after every break where it was, and judges what it hears.

use std::{borrow::Cow, pin::pin, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use futures_util::{SinkExt, StreamExt};
use http::{HeaderValue, header};
use serde::Deserialize;
use serde_json::{json, value::RawValue};
use tokio::{
    net::TcpStream,
    sync::{Semaphore, watch},
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Error, Message, client::IntoClientRequest, protocol::WebSocketConfig},
};

use super::{
    account::Account,
    api::{Api, cause},
    judge::{Heard, Mark, Verdict},
    stage::Stream,
    tally::Tally,
};

/// What is asked of every event.
const SUBSCRIPTION: &str = "subscription Bench($spaceId: ID!, $after: String) { spaceEvents(spaceId: $spaceId, after: $after) { \
    kind cursor occurredAt ... on ContributionEvent { contribution { byline { name } excerpt } } } }";
/// How long opening may take, up to the acknowledgement.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a socket waits after a failure: twice as long after each further one, up to the second.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));
/// Bytes of a socket's buffer: ten thousand of them are held.
const BUFFER: usize = 2048;

/// What all sockets of a run do.
#[derive(Clone, Debug)]
pub(super) enum Phase {
    /// They listen.
    Listen,
    /// They have been dropped.
    Away,
    /// They come back.
    Return(Arc<Return>),
    /// They listen, and are no longer cut.
    Settle,
    /// They end.
    End,
}

/// How the sockets of a storm come back.
#[derive(Debug)]
pub(super) struct Return {
    pub at: Instant,
    /// Each at some time in this.
    pub within: Duration,
    /// How many comments were acknowledged then, by stream and writer: who has them all has caught up.
    pub acknowledged: Vec<Vec<u32>>,
}

/// One socket.
pub(super) struct Subscriber {
    pub api: Api,
    pub account: Arc<Account>,
    pub tally: Arc<Tally>,
    pub stream: Arc<Stream>,
    /// Which stream it is.
    pub place: usize,
    pub phases: watch::Receiver<Phase>,
    /// How many may be opened at the same time at first.
    pub turns: Arc<Semaphore>,
    pub cut: Option<Duration>,
    /// The node of the next connection.
    pub node: usize,
    pub state: State,
}

/// What a socket knows over all its connections.
pub(super) struct State {
    cursor: String,
    heard: Heard,
    is_ready: bool,
    /// When the connection was opened.
    opened_at: DateTime<Utc>,
    /// What it has to catch up with.
    due: Option<Arc<Return>>,
}

impl State {
    pub(super) fn new(stream: &Stream) -> Self {
        Self {
            cursor: stream.cursor.clone(),
            heard: Heard::new(stream.writers.len()),
            is_ready: false,
            opened_at: DateTime::default(),
            due: None,
        }
    }
}

impl Subscriber {
    /// Listens to the end, and returns what it has heard.
    pub(super) async fn run(mut self) -> Heard {
        let mut phases = self.phases.clone();
        let mut pause = PAUSE.0;
        loop {
            let phase = phases.borrow_and_update().clone();
            match phase {
                Phase::End => return self.state.heard,
                Phase::Away => {
                    let next = phases.wait_for(|phase| !matches!(phase, Phase::Away)).await;
                    if let Ok(Phase::Return(back)) = next.map(|next| next.clone()) {
                        sleep_until(back.at + back.within.mul_f64(rand::random())).await;
                        self.state.due = Some(back);
                    }
                    continue;
                }
                Phase::Listen | Phase::Return(_) | Phase::Settle => {}
            }
            let ended = tokio::select! {
                ended = self.listen() => ended,
                _ = phases.wait_for(|phase| matches!(phase, Phase::Away | Phase::End)) => continue,
            };
            self.node += 1;
            match ended {
                Ok(()) => {
                    self.tally.cuts.add();
                    pause = PAUSE.0;
                }
                Err(error) => {
                    self.tally.problem(&format!("socket: {error}"));
                    tokio::select! {
                        () = sleep(pause.mul_f64(0.5 + rand::random::<f64>())) => {}
                        _ = phases.changed() => {}
                    }
                    pause = (pause * 2).min(PAUSE.1);
                }
            }
        }
    }

    /// One connection, until it is cut on purpose.
    async fn listen(&mut self) -> Result<(), String> {
        let mut socket = if self.state.is_ready {
            self.open().await?
        } else {
            let turns = Arc::clone(&self.turns);
            let _turn = turns.acquire().await;
            let mut socket = self.open().await?;
            // The others wait until this one is known to listen.
            while !self.state.is_ready {
                let heard = timeout(PATIENCE, next(&mut socket)).await;
                let text = heard.map_err(|_| format!("no event within {PATIENCE:?}"))??;
                self.hear(&text, &mut socket).await?;
            }
            socket
        };
        let mut cut = pin!(cut_after(self.cut));
        loop {
            tokio::select! {
                () = &mut cut, if !matches!(*self.phases.borrow(), Phase::Settle) => return Ok(()),
                text = next(&mut socket) => self.hear(&text?, &mut socket).await?,
            }
        }
    }

    async fn open(&mut self) -> Result<WebSocketStream<TcpStream>, String> {
        let start = Instant::now();
        let opened = timeout(PATIENCE, self.connect()).await;
        let mut socket = opened.map_err(|_| format!("not open within {PATIENCE:?}"))??;
        self.tally.opening.note(start.elapsed());
        self.state.opened_at = Utc::now();
        let variables = json!({ "spaceId": self.stream.space, "after": self.state.cursor });
        let payload = json!({ "query": SUBSCRIPTION, "variables": variables });
        say(
            &mut socket,
            json!({ "id": "1", "type": "subscribe", "payload": payload }),
        )
        .await?;
        Ok(socket)
    }

    /// A socket that is acknowledged.
    async fn connect(&self) -> Result<WebSocketStream<TcpStream>, String> {
        let node = self.api.node(self.node);
        let addresses = node.socket_addrs(|| Some(80)).map_err(|error| error.to_string())?;
        let stream = TcpStream::connect(&*addresses).await.map_err(|error| cause(&error))?;
        stream.set_nodelay(true).map_err(|error| cause(&error))?;
        // A connection that is dropped is gone at once: without a farewell, and without keeping its port for a minute.
        stream.set_zero_linger().map_err(|error| cause(&error))?;
        let url = format!(
            "ws://{}:{}/graphql",
            node.host_str().unwrap_or_default(),
            node.port().unwrap_or(80)
        );
        let mut request = url.into_client_request().map_err(|error| cause(&error))?;
        let protocol = HeaderValue::from_static("graphql-transport-ws");
        request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
        let config = WebSocketConfig::default().read_buffer_size(BUFFER).write_buffer_size(0);
        let opened = client_async_with_config(request, stream, Some(config)).await;
        let (mut socket, _) = opened.map_err(|error| failure(&error))?;

        let payload = json!({ "authorization": format!("Bearer {}", self.account.token()) });
        say(&mut socket, json!({ "type": "connection_init", "payload": payload })).await?;
        let ack = next(&mut socket).await?;
        if serde_json::from_str::<Frame>(&ack).is_ok_and(|frame| frame.kind != "connection_ack") {
            return Err("no connection_ack".to_owned());
        }
        Ok(socket)
    }

    async fn hear(&mut self, text: &str, socket: &mut WebSocketStream<TcpStream>) -> Result<(), String> {
        let frame: Frame = serde_json::from_str(text).map_err(|_| "an answer that is no message".to_owned())?;
        let payload = frame.payload.map_or("null", RawValue::get);
        match frame.kind {
            "next" => {
                let answer: Answer =
                    serde_json::from_str(payload).map_err(|_| "an answer of another shape".to_owned())?;
                let event = answer
                    .data
                    .ok_or_else(|| format!("next without data: {payload:.200}"))?;
                self.judge(event.space_events);
                Ok(())
            }
            "ping" => say(socket, json!({ "type": "pong" })).await,
            "pong" => Ok(()),
            "error" => Err(error(payload)),
            other => Err(format!("{other:.30}")),
        }
    }

    fn judge(&mut self, event: Event<'_>) {
        let (state, tally) = (&mut self.state, &self.tally);
        state.cursor.clear();
        state.cursor.push_str(&event.cursor);
        if !std::mem::replace(&mut state.is_ready, true) {
            tally.ready.add();
        }
        if matches!(&*event.kind, "STREAM_RESET" | "STREAM_ENDED") {
            tally.problem(&event.kind);
        }
        let excerpt = event.contribution.and_then(|contribution| contribution.excerpt);
        if let Some(mark) = excerpt.as_deref().and_then(Mark::read) {
            if mark.stream != self.place {
                return tally.problem("an event of another stream");
            }
            match state.heard.note(mark.writer, mark.number) {
                None => return tally.problem("an event of nobody"),
                Some(Verdict::Repeated) => return tally.repeated.add(),
                Some(Verdict::Late) => tally.out_of_order.add(),
                Some(Verdict::Fine) => {}
            }
            tally.delivered.add();
            let took = (Utc::now() - event.occurred_at).to_std().unwrap_or_default();
            if event.occurred_at >= state.opened_at {
                tally.live.note(took);
            } else {
                tally.replayed.note(took);
            }
        }
        let has_caught_up = |due: &mut Arc<Return>| state.heard.reaches(&due.acknowledged[self.place]);
        if let Some(due) = state.due.take_if(has_caught_up) {
            tally.catching_up.note(due.at.elapsed());
        }
    }
}

/// Somewhere around the given time; never if there's none.
async fn cut_after(about: Option<Duration>) {
    match about {
        Some(about) => sleep(about.mul_f64(0.5 + rand::random::<f64>())).await,
        None => std::future::pending().await,
    }
}

async fn say(socket: &mut WebSocketStream<TcpStream>, message: serde_json::Value) -> Result<(), String> {
    let message = Message::text(message.to_string());
    socket.send(message).await.map_err(|error| failure(&error))
}

/// The next text. Pings of the server are answered on the way.
async fn next(socket: &mut WebSocketStream<TcpStream>) -> Result<tokio_tungstenite::tungstenite::Utf8Bytes, String> {
    loop {
        match socket.next().await {
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

fn failure(error: &Error) -> String {
    match error {
        Error::Http(answer) => format!("HTTP {}", answer.status()),
        other => cause(other),
    }
}

/// What the first error of an operation says.
fn error(payload: &str) -> String {
    let errors: serde_json::Value = serde_json::from_str(payload).unwrap_or_default();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    format!(
        "error {} {}",
        text(&errors[0]["extensions"]["code"]),
        text(&errors[0]["message"])
    )
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
struct Answer<'a> {
    #[serde(borrow)]
    data: Option<Data<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    #[serde(borrow)]
    space_events: Event<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    cursor: Cow<'a, str>,
    occurred_at: DateTime<Utc>,
    #[serde(borrow)]
    contribution: Option<Contribution<'a>>,
}

#[derive(Deserialize)]
struct Contribution<'a> {
    #[serde(borrow)]
    excerpt: Option<Cow<'a, str>>,
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics says where")]

    use super::*;

    #[test]
    fn a_message_is_read_without_copying_it() {
        let text = r#"{"id":"1","type":"next","payload":{"data":{"spaceEvents":{"kind":"CONTRIBUTION_PUBLISHED","cursor":"AQ",
            "occurredAt":"2026-11-21T23:45:50.911908Z","contribution":{"byline":{"name":"Ana"},"excerpt":"Bench 0 1 2: x"}}}}}"#;
        let frame: Frame = serde_json::from_str(text).unwrap();
        assert_eq!(frame.kind, "next");
        let answer: Answer = serde_json::from_str(frame.payload.unwrap().get()).unwrap();
        let event = answer.data.unwrap().space_events;
        assert_eq!(event.occurred_at.timestamp_subsec_micros(), 911_908);
        let excerpt = event.contribution.unwrap().excerpt.unwrap();
        assert!(matches!(excerpt, Cow::Borrowed("Bench 0 1 2: x")));
    }

    #[test]
    fn an_error_is_told_by_its_code() {
        let payload = r#"[{"message":"Wait.","extensions":{"code":"RATE_LIMITED","retryAfterMs":10}}]"#;
        assert_eq!(error(payload), "error RATE_LIMITED Wait.");
    }
}
