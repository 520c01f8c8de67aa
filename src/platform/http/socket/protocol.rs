//! The messages of `graphql-transport-ws`: <https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>.

use std::{borrow::Cow, time::Duration};

use async_graphql::ServerError;
use serde_json::{Map, Value, json};

use crate::platform::{
    http::params::{Json, MARK, Params},
    retry::spread,
};

/// The name of the subprotocol.
pub(super) const NAME: &str = "graphql-transport-ws";
/// Bytes of an operation's id.
const ID: usize = 128;
/// Bytes that a close frame has for its reason.
const REASON: usize = 123;

/// How soon a client comes back at the earliest, when all have to.
const COME_BACK: Duration = Duration::from_secs(1);

/// Why a socket ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Close {
    /// The code; none when there is nobody left to tell.
    pub code: Option<u16>,
    /// The reason.
    pub reason: Cow<'static, str>,
}

impl Close {
    pub(super) const GONE: Self = Self::new(None, "");
    pub(super) const MALFORMED: Self = Self::new(Some(4400), "Invalid message");
    pub(super) const UNAUTHORIZED: Self = Self::new(Some(4401), "Unauthorized");
    /// The token is bad or has ended: clients come back with a new one.
    pub(super) const FORBIDDEN: Self = Self::new(Some(4403), "Forbidden");
    pub(super) const INIT_TIMEOUT: Self = Self::new(Some(4408), "Connection initialisation timeout");
    pub(super) const INIT_TWICE: Self = Self::new(Some(4429), "Too many initialisation requests");
    pub(super) const TOO_BIG: Self = Self::new(Some(1009), "Message too big");
    pub(super) const SILENT: Self = Self::new(Some(1001), "No sign of life");
    pub(super) const STALLED: Self = Self::new(Some(1013), "Messages are not read");

    const fn new(code: Option<u16>, reason: &'static str) -> Self {
        Self {
            code,
            reason: Cow::Borrowed(reason),
        }
    }

    /// The process is about to end.
    pub(super) fn stopping() -> Self {
        Self::until_later(1012, "Service restart")
    }

    /// Nobody can be signed in right now.
    pub(super) fn unavailable() -> Self {
        Self::until_later(1013, "Try again later")
    }

    /// With a hint when to come back: at random, so that not all come at once.
    fn until_later(code: u16, why: &str) -> Self {
        let wait = spread(COME_BACK).as_millis();
        Self {
            code: Some(code),
            reason: format!("{why}; retryAfterMs={wait}").into(),
        }
    }

    /// The id belongs to an operation that is running.
    pub(super) fn duplicate(id: &str) -> Self {
        let mut reason = format!("Subscriber for {id} already exists");
        reason.truncate(reason.floor_char_boundary(REASON));
        Self {
            code: Some(4409),
            reason: reason.into(),
        }
    }
}

/// What a client says.
#[derive(Debug)]
pub(super) enum Said {
    Init { authorization: Option<String> },
    Ping(Option<Value>),
    Pong,
    Subscribe { id: String, params: Params },
    Complete { id: String },
}

/// Reads a client's message; nothing if it isn't one.
pub(super) fn read(text: &str) -> Option<Said> {
    let Json { value, misfit } = Json::read(text.as_bytes()).ok()?;
    let Value::Object(mut message) = value else {
        return None;
    };
    let Value::String(kind) = message.remove("type")? else {
        return None;
    };
    let payload = match message.remove("payload") {
        None | Some(Value::Null) => None,
        Some(Value::Object(payload)) => Some(payload),
        Some(_) => return None,
    };
    Some(match kind.as_str() {
        "connection_init" => Said::Init {
            authorization: match payload.and_then(|mut payload| payload.remove("authorization")) {
                Some(Value::String(authorization)) => Some(authorization),
                _ => None,
            },
        },
        "ping" => Said::Ping(payload.map(Value::Object)),
        "pong" => Said::Pong,
        "subscribe" => Said::Subscribe {
            // Under another id than its own, nobody would hear the answer.
            id: id(message).filter(|id| !(misfit.is_some() && id.contains(MARK)))?,
            params: Params::from_map(payload?, text.len(), misfit).ok()?,
        },
        "complete" => Said::Complete { id: id(message)? },
        _ => return None,
    })
}

fn id(mut message: Map<String, Value>) -> Option<String> {
    match message.remove("id")? {
        Value::String(id) if (1..=ID).contains(&id.len()) => Some(id),
        _ => None,
    }
}

pub(super) fn ack() -> String {
    json!({ "type": "connection_ack" }).to_string()
}

pub(super) fn pong(payload: Option<Value>) -> String {
    let mut message = json!({ "type": "pong" });
    if let (Some(payload), Some(message)) = (payload, message.as_object_mut()) {
        message.insert("payload".to_owned(), payload);
    }
    message.to_string()
}

/// An answer. `body` is JSON already, and isn't made twice.
pub(super) fn next(id: &str, body: &str) -> String {
    let id = Value::from(id);
    format!(r#"{{"id":{id},"type":"next","payload":{body}}}"#)
}

/// The errors that end an operation.
pub(super) fn error(id: &str, errors: &[ServerError]) -> String {
    json!({ "id": id, "type": "error", "payload": errors }).to_string()
}

pub(super) fn complete(id: &str) -> String {
    json!({ "id": id, "type": "complete" }).to_string()
}
