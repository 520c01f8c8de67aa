//! GraphQL over WebSocket: `graphql-transport-ws`, one task a socket.
//!
//! A socket holds no queue: operations are polled only when the message before has been taken by the client, so a
//! client that reads slowly slows its own operations and nothing else.

mod protocol;
mod running;
mod session;

use std::sync::Arc;

use async_graphql::Executor;
use axum::{extract::ws::WebSocketUpgrade, response::Response};
use http::{HeaderMap, StatusCode, header};

use self::session::Session;
use super::{Client, Door, Options, server::Place};

/// Bytes that are read at once: every idle socket keeps as many.
const READ_BUFFER: usize = 1024;
/// Bytes that wait to be written; no message can be larger.
const WRITE_BUFFER: usize = 262_144;
/// Bytes of a message to a client: the frame around it takes up to 10.
const MESSAGE: usize = WRITE_BUFFER - 10;

/// Accepts a socket.
pub(super) fn upgrade<E: Executor>(
    door: &Arc<Door<E>>,
    (client, place): (Client, Option<Place>),
    headers: &HeaderMap,
    upgrade: Option<WebSocketUpgrade>,
) -> Result<Response, (StatusCode, &'static str)> {
    if !is_welcome(headers, &door.options) {
        return Err((StatusCode::FORBIDDEN, "Pages of this origin may not open a socket."));
    }
    let upgrade = upgrade.ok_or((StatusCode::BAD_REQUEST, "This is not the beginning of a WebSocket."))?;
    let upgrade = upgrade.protocols([protocol::NAME]);
    if upgrade.selected_protocol().is_none() {
        return Err((StatusCode::BAD_REQUEST, "The subprotocol must be graphql-transport-ws."));
    }
    // As much as over HTTP, so that whatever can be written can be sent.
    let most = door.options.body_limit;
    let (door, sockets) = (Arc::clone(door), door.sockets.clone());
    let upgrade = upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER)
        .max_frame_size(most)
        .max_message_size(most);
    Ok(upgrade.on_upgrade(move |socket| {
        sockets.track_future(async move {
            Session::new(door, client, socket).run().await;
            drop(place);
        })
    }))
}

/// Whether the page that opens the socket may: browsers ask nobody before they do. What is no browser names no origin.
fn is_welcome(headers: &HeaderMap, options: &Options) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    let Ok(origin) = origin.to_str() else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let is_same = match (origin.split_once("://"), host) {
        (Some((_, origin)), Some(host)) => origin.eq_ignore_ascii_case(host),
        _ => false,
    };
    is_same
        || options
            .allowed_origins
            .iter()
            .any(|allowed| allowed.as_bytes().eq_ignore_ascii_case(origin.as_bytes()))
}
