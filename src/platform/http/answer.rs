//! What leaves the front door: errors in one shape, nothing internal in them.

use std::collections::BTreeMap;

use async_graphql::{ErrorExtensionValues, Name, Response, ServerError, Value};
use axum::response::IntoResponse;
use chrono::SecondsFormat;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::{RequestId, document::missing, operation::Charge, record::Cost};
use crate::platform::error::Error;

/// The content type of plain JSON.
pub(super) const JSON: &str = "application/json; charset=utf-8";
/// Errors of a refused document that are told; the rest are more of the same.
const TOLD: usize = 50;
/// Bytes of a message: some of the library's repeat the whole input.
const MESSAGE: usize = 500;

/// An error with a code.
pub(super) fn with_code(code: &str, message: impl Into<String>) -> ServerError {
    let mut error = ServerError::new(message, None);
    set_code(&mut error, code);
    error
}

/// A fault of the client's.
pub(super) fn invalid(message: impl Into<String>) -> ServerError {
    with_code("INVALID", message)
}

/// One of our own errors.
pub(super) fn from(error: Error) -> ServerError {
    let error = async_graphql::Error::from(error);
    let mut told = ServerError::new(error.message, None);
    told.extensions = error.extensions;
    told
}

/// The code of an error.
pub(super) fn code(error: &ServerError) -> Option<&str> {
    match error.extensions.as_ref()?.get("code")? {
        Value::String(code) => Some(code),
        Value::Enum(code) => Some(code),
        _ => None,
    }
}

/// The milliseconds after which to come back.
pub(super) fn retry_after(error: &ServerError) -> Option<u64> {
    match error.extensions.as_ref()?.get("retryAfterMs")? {
        Value::Number(number) => number.as_u64(),
        _ => None,
    }
}

/// Whether the document was refused, so that nothing of it ran: such an answer has no `data`.
pub(super) fn is_refused(response: &Response) -> bool {
    response.data == Value::Null
        && !response.errors.is_empty()
        && response.errors.iter().all(|error| error.path.is_empty())
}

/// Gives every error its code and the request's id, and hides what isn't for clients.
pub(super) fn tidy(response: &mut Response, id: &RequestId) {
    if is_refused(response) {
        response.errors.truncate(TOLD);
    }
    for error in &mut response.errors {
        if code(error).is_none() {
            // Refused by the library: before it ran, or where a value didn't fit its type. All else is a bug of ours.
            if error.path.is_empty() || is_coercion(&error.message) {
                if let Some(message) = missing(&error.message) {
                    error.message = message;
                }
                set_code(error, "INVALID");
            } else {
                tracing::error!(request = %id, path = ?error.path, message = error.message, "an error without a code");
                error.message = "Something went wrong on our side.".to_owned();
                set_code(error, "INTERNAL");
            }
        }
        shorten(&mut error.message);
        error.extensions.get_or_insert_default().set("requestId", id.0.as_ref());
    }
}

/// An answer that is nothing but errors.
pub(super) fn refusal(errors: Vec<ServerError>, id: &RequestId) -> Response {
    let mut response = Response::from_errors(errors);
    tidy(&mut response, id);
    response
}

/// Adds what the operation took from the caller's budget.
pub(super) fn add_cost(response: &mut Response, charge: &Charge) {
    let reset_at = charge.grant.reset_at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let cost = [
        ("requested", Value::from(charge.requested)),
        ("limit", Value::from(charge.limit)),
        ("remaining", Value::from(charge.grant.remaining)),
        ("resetAt", Value::from(reset_at)),
    ];
    extend(response, "cost", cost);
}

/// Adds what the answer took to make.
pub(super) fn add_stats(response: &mut Response, cost: &Cost) {
    let stats = [
        ("sql", Value::from(cost.sql)),
        ("rows", Value::from(cost.rows)),
        ("ms", Value::from((cost.ms * 100.0).round() / 100.0)),
    ];
    extend(response, "stats", stats);
}

fn extend<const N: usize>(response: &mut Response, name: &str, values: [(&str, Value); N]) {
    let values = values.into_iter().map(|(name, value)| (Name::new(name), value));
    response
        .extensions
        .insert(name.to_owned(), Value::Object(values.collect()));
}

/// Whether all that was asked for was refused because of the rate.
pub(super) fn is_rate_limited(response: &Response) -> bool {
    let is_empty = match &response.data {
        Value::Object(fields) => fields.values().all(|value| *value == Value::Null),
        data => *data == Value::Null,
    };
    let is_limit = |error: &ServerError| code(error) == Some("RATE_LIMITED");
    is_empty && !response.errors.is_empty() && response.errors.iter().all(is_limit)
}

/// The answer as JSON.
pub(super) fn body(response: &Response) -> String {
    #[derive(Serialize)]
    struct Body<'a> {
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        errors: &'a [ServerError],
        #[serde(skip_serializing_if = "Option::is_none")]
        data: Option<&'a Value>,
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        extensions: &'a BTreeMap<String, Value>,
    }
    let body = Body {
        errors: &response.errors,
        data: (!is_refused(response)).then_some(&response.data),
        extensions: &response.extensions,
    };
    // Numbers, texts and maps with texts as keys: there is nothing in it that JSON can't say.
    serde_json::to_string(&body).unwrap_or_default()
}

/// The same for an answer without errors whose data is JSON already.
pub(super) fn body_of(data: &str, extensions: &BTreeMap<String, Value>) -> String {
    if extensions.is_empty() {
        return format!(r#"{{"data":{data}}}"#);
    }
    let extensions = serde_json::to_string(extensions).unwrap_or_default();
    format!(r#"{{"data":{data},"extensions":{extensions}}}"#)
}

/// An answer over HTTP.
pub(super) fn json(status: StatusCode, content_type: &'static str, body: String) -> axum::response::Response {
    let content_type = HeaderValue::from_static(content_type);
    (status, [(header::CONTENT_TYPE, content_type)], body).into_response()
}

fn set_code(error: &mut ServerError, code: &str) {
    let extensions: &mut ErrorExtensionValues = error.extensions.get_or_insert_default();
    extensions.set("code", code);
}

/// Whether the library says that a value doesn't fit its type.
fn is_coercion(message: &str) -> bool {
    const BEGINNINGS: [&str; 4] = [
        "Failed to parse \"",
        "Expected input type \"",
        "Invalid value for ",
        "Variable ",
    ];
    BEGINNINGS.iter().any(|beginning| message.starts_with(beginning))
}

fn shorten(message: &mut String) {
    if message.len() > MESSAGE {
        message.truncate(message.floor_char_boundary(MESSAGE));
        message.push('…');
    }
}
