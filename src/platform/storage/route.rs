//! The routes to a folder: what a bucket does for clients, done by this server.

use std::{io::SeekFrom, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, BodyDataStream},
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use chrono::Utc;
use futures_util::StreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts};
use tokio::{
    io::{AsyncReadExt, AsyncSeekExt},
    time::{Instant, timeout_at},
};
use tokio_util::io::ReaderStream;
use tower_http::cors::CorsLayer;

use super::{
    CHECKSUM, PART_NUMBER, RESPONSE_CACHE, RESPONSE_DISPOSITION, RESPONSE_TYPE, UPLOAD_ID,
    file::Folder,
    is_key,
    sign::{PATH, Permit},
};
use crate::platform::{error::Error, http::refuse};

/// Bytes of an object that are read at once.
const CHUNK: usize = 64 << 10;
/// Bytes a second that a body must bring on average; whoever is slower holds a connection for nothing.
const SLOWEST: u64 = 4 << 10;

/// What the routes know.
struct Door {
    folder: Arc<Folder>,
    body_timeout: Duration,
    /// Who may show what is served here: `Cross-Origin-Resource-Policy`.
    shown_by: HeaderValue,
}

/// Why a request isn't served.
struct Refused(StatusCode, &'static str, &'static str);

const FORBIDDEN: Refused = Refused(
    StatusCode::FORBIDDEN,
    "FORBIDDEN",
    "This request wasn't signed by the server, or its time is over.",
);
const NOT_FOUND: Refused = Refused(StatusCode::NOT_FOUND, "NOT_FOUND", "There is nothing here.");

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        match error {
            Error::Unavailable(_) => {
                let status = StatusCode::SERVICE_UNAVAILABLE;
                Self(status, "UNAVAILABLE", "Not available right now.")
            }
            error => {
                tracing::error!(?error, "internal error");
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                Self(status, "INTERNAL", "Something went wrong on our side.")
            }
        }
    }
}

/// The routes. They stand outside of the limits for GraphQL: each URL says itself how much may be sent.
pub(super) fn routes(folder: Arc<Folder>, origins: &[HeaderValue], body_timeout: Duration) -> Router {
    let shown_by = if origins.is_empty() {
        "same-origin"
    } else {
        "cross-origin"
    };
    let door = Door {
        folder,
        body_timeout,
        shown_by: HeaderValue::from_static(shown_by),
    };
    let cors = CorsLayer::new()
        .allow_origin(origins.to_vec())
        .allow_methods([Method::GET, Method::HEAD, Method::PUT])
        .allow_headers([
            header::CONTENT_TYPE,
            header::IF_NONE_MATCH,
            header::IF_RANGE,
            header::RANGE,
            CHECKSUM,
            HeaderName::from_static("x-request-id"),
        ])
        .expose_headers([
            header::ETAG,
            header::CONTENT_RANGE,
            header::CONTENT_DISPOSITION,
            HeaderName::from_static("x-request-id"),
        ])
        .max_age(Duration::from_secs(3600));
    Router::new()
        .route(&format!("{PATH}{{*key}}"), get(download).put(upload))
        .method_not_allowed_fallback(|request: Request| async move {
            let status = StatusCode::METHOD_NOT_ALLOWED;
            refuse(
                request.extensions(),
                status,
                "INVALID",
                "This method is not allowed here.",
            )
        })
        .layer(cors)
        .with_state(Arc::new(door))
}

async fn upload(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    match receive(&door, &parts, body).await {
        Ok(etag) => ([(header::ETAG, etag)], ()).into_response(),
        Err(Refused(status, code, message)) => refuse(&parts.extensions, status, code, message),
    }
}

async fn download(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    match send(&door, &parts).await {
        Ok(response) => response,
        Err(Refused(status, code, message)) => refuse(&parts.extensions, status, code, message),
    }
}

/// The key and what the URL permits to do with it.
fn permitted<'a>(door: &Door, parts: &'a Parts, method: &Method) -> Result<(&'a str, Permit), Refused> {
    let key = parts
        .uri
        .path()
        .strip_prefix(PATH)
        .filter(|key| is_key(key))
        .ok_or(NOT_FOUND)?;
    let query = parts.uri.query().unwrap_or_default();
    let permit = door.folder.urls.verify(method, key, query, &parts.headers, Utc::now());
    Ok((key, permit.ok_or(FORBIDDEN)?))
}

/// A body, and until when it must be there.
struct Arriving {
    body: BodyDataStream,
    left: u64,
    silence: Duration,
    end: Instant,
}

impl Arriving {
    async fn next(&mut self) -> Result<Option<Bytes>, Refused> {
        let deadline = self.end.min(Instant::now() + self.silence);
        let chunk = match timeout_at(deadline, self.body.next()).await {
            Ok(None) if self.left > 0 => return Err(cut()),
            Ok(None) => return Ok(None),
            Ok(Some(Ok(chunk))) => chunk,
            Ok(Some(Err(_))) => return Err(cut()),
            Err(_) => {
                let status = StatusCode::REQUEST_TIMEOUT;
                return Err(Refused(status, "INVALID", "The body took too long to arrive."));
            }
        };
        self.left = self.left.checked_sub(chunk.len() as u64).ok_or_else(larger)?;
        Ok(Some(chunk))
    }
}

fn cut() -> Refused {
    let message = "The body has fewer bytes than were announced.";
    Refused(StatusCode::BAD_REQUEST, "INVALID", message)
}

fn larger() -> Refused {
    let message = "The body has more bytes than were announced.";
    Refused(StatusCode::PAYLOAD_TOO_LARGE, "INVALID", message)
}

fn taken() -> Refused {
    let message = "Something was uploaded here already.";
    Refused(StatusCode::PRECONDITION_FAILED, "CONFLICT", message)
}

async fn receive(door: &Door, parts: &Parts, body: Body) -> Result<String, Refused> {
    let (key, permit) = permitted(door, parts, &Method::PUT)?;
    let size = permit.size.ok_or(FORBIDDEN)?;
    // Parts may go without.
    let checksum = parts.headers.get(CHECKSUM).map(|value| STANDARD.decode(value));
    let announced = parts.headers.get(header::CONTENT_LENGTH);
    match announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok()) {
        Some(announced) if announced > size => return Err(larger()),
        Some(announced) if announced < size => return Err(cut()),
        _ => {}
    }
    let part = match (permit.get(UPLOAD_ID), permit.get(PART_NUMBER).map(str::parse)) {
        (Some(upload_id), Some(Ok(number))) => Some((upload_id, number)),
        _ => None,
    };
    let mut arriving = Arriving {
        body: body.into_data_stream(),
        left: size,
        silence: door.body_timeout,
        end: Instant::now() + door.body_timeout + Duration::from_secs(size / SLOWEST),
    };
    let folder = &door.folder;
    let refusal = match part {
        Some((upload_id, _)) => folder.upload(key, upload_id).await?.is_none().then_some(NOT_FOUND),
        None => folder.read(key).await?.is_some().then(taken),
    };
    if let Some(refusal) = refusal {
        // Whoever sends a second time because the first answer was lost has to get to read this one: a connection that is closed
        // while the body comes in may take the answer along.
        while arriving.next().await?.is_some() {}
        return Err(refusal);
    }
    let mut incoming = folder.receive().await?;
    while let Some(chunk) = arriving.next().await? {
        incoming.write(&chunk).await?;
    }
    let (temporary, sum) = incoming.finish().await?;
    if checksum.is_some_and(|checksum| checksum.as_deref() != Ok(&sum[..])) {
        let message = "The body has another SHA-256 than was announced.";
        return Err(Refused(StatusCode::BAD_REQUEST, "INVALID", message));
    }
    match part {
        Some((upload_id, number)) => {
            let etag = folder.put_part(key, upload_id, number, temporary).await?;
            etag.ok_or(NOT_FOUND)
        }
        None => folder.put_new(key, temporary).await?.ok_or_else(taken),
    }
}

async fn send(door: &Door, parts: &Parts) -> Result<Response, Refused> {
    let (key, permit) = permitted(door, parts, &Method::GET)?;
    let mut opened = door.folder.read(key).await?.ok_or(NOT_FOUND)?;
    let value = |text: &str| HeaderValue::from_str(text).map_err(|_| FORBIDDEN);
    let etag = value(&opened.etag)?;
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(header::ETAG, etag.clone());
    headers.insert(
        header::CACHE_CONTROL,
        value(permit.get(RESPONSE_CACHE).unwrap_or("no-store"))?,
    );
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("sandbox; default-src 'none'"),
    );
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        door.shown_by.clone(),
    );
    let is_known = |tag: &str| matches!(tag.trim().trim_start_matches("W/"), tag if tag == "*" || tag == opened.etag);
    let mut known = parts.headers.get_all(header::IF_NONE_MATCH).iter();
    if known.any(|tags| tags.to_str().is_ok_and(|tags| tags.split(',').any(is_known))) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        header::CONTENT_TYPE,
        value(permit.get(RESPONSE_TYPE).ok_or(FORBIDDEN)?)?,
    );
    headers.insert(
        header::CONTENT_DISPOSITION,
        value(permit.get(RESPONSE_DISPOSITION).ok_or(FORBIDDEN)?)?,
    );
    let (first, length) = match range(&parts.headers, &opened.etag, opened.size) {
        Range::All => (0, opened.size),
        Range::Part(first, last) => {
            let range = value(&format!("bytes {first}-{last}/{}", opened.size))?;
            headers.insert(header::CONTENT_RANGE, range);
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            (first, last - first + 1)
        }
        Range::Outside => {
            let status = StatusCode::RANGE_NOT_SATISFIABLE;
            let mut response = refuse(&parts.extensions, status, "INVALID", "There are no such bytes.");
            let range = value(&format!("bytes */{}", opened.size))?;
            response.headers_mut().insert(header::CONTENT_RANGE, range);
            return Ok(response);
        }
    };
    response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    if parts.method != Method::HEAD {
        let sought = opened.file.seek(SeekFrom::Start(first)).await;
        sought.map_err(|error| Refused::from(super::file::failed(error)))?;
        let bytes = ReaderStream::with_capacity(opened.file.take(length), CHUNK);
        *response.body_mut() = Body::from_stream(bytes);
    }
    Ok(response)
}

/// What of an object is asked for.
#[derive(Debug, PartialEq, Eq)]
enum Range {
    All,
    /// The first and the last byte.
    Part(u64, u64),
    Outside,
}

/// Reads `Range` and `If-Range` (RFC 9110, 13.1.5 and 14.2). All of it is a good answer to several ranges, and to what is no range.
fn range(headers: &HeaderMap, etag: &str, size: u64) -> Range {
    let is_other = |known: &HeaderValue| known.as_bytes() != etag.as_bytes();
    if headers.get(header::IF_RANGE).is_some_and(is_other) {
        return Range::All;
    }
    let value = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let Some((first, last)) = value.and_then(|value| value.trim().strip_prefix("bytes=")?.split_once('-')) else {
        return Range::All;
    };
    let number = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| text.parse::<u64>().ok())?
    };
    let (first, last) = match (first.trim(), last.trim()) {
        ("", last) => match number(last) {
            Some(0) => return Range::Outside,
            Some(length) => (size.saturating_sub(length), u64::MAX),
            None => return Range::All,
        },
        (first, "") => match number(first) {
            Some(first) => (first, u64::MAX),
            None => return Range::All,
        },
        (first, last) => match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => (first, last),
            _ => return Range::All,
        },
    };
    if first >= size {
        return Range::Outside;
    }
    Range::Part(first, last.min(size - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &'static str) -> Range {
        let headers = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static(text))]);
        range(&headers, "\"a\"", 100)
    }

    #[test]
    fn one_range_is_served_and_everything_else_whole() {
        assert_eq!(of("bytes=0-9"), Range::Part(0, 9));
        assert_eq!(of("bytes=90-"), Range::Part(90, 99));
        assert_eq!(of("bytes=-10"), Range::Part(90, 99));
        assert_eq!(of("bytes=-1000"), Range::Part(0, 99));
        assert_eq!(of("bytes=99-1000"), Range::Part(99, 99));
        for outside in ["bytes=100-", "bytes=100-200", "bytes=-0"] {
            assert_eq!(of(outside), Range::Outside, "{outside}");
        }
        for whole in [
            "bytes=9-0",
            "bytes=0-1,3-4",
            "lines=0-9",
            "bytes=",
            "bytes=-",
            "bytes=+1-2",
            "bytes=a-b",
        ] {
            assert_eq!(of(whole), Range::All, "{whole}");
        }
    }

    #[test]
    fn a_range_of_what_has_changed_is_all_of_it() {
        let mut headers = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static("bytes=0-9"))]);
        headers.insert(header::IF_RANGE, HeaderValue::from_static("\"b\""));
        assert_eq!(range(&headers, "\"a\"", 100), Range::All);
        headers.insert(header::IF_RANGE, HeaderValue::from_static("\"a\""));
        assert_eq!(range(&headers, "\"a\"", 100), Range::Part(0, 9));
    }
}
