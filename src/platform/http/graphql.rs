//! GraphQL over HTTP, as the GraphQL-over-HTTP specification says.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use async_graphql::{Executor, Response as Answer, ServerError, parser::types::OperationType};
use axum::{
    Extension,
    body::Body,
    extract::{
        RawQuery, Request, State,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    response::Response,
};
use futures_util::{FutureExt, StreamExt};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tracing::Instrument;

use super::{
    Caller, Client, Door, RefreshCookie, RequestId, answer,
    media::{self, Media},
    operation::{Operation, bearer},
    params::Params,
    record::Record,
    server::Place,
    socket,
};
use crate::platform::{
    db::Reader,
    error::{Error, Result},
};

/// A request that was not answered by the schema.
struct Refused {
    status: StatusCode,
    errors: Vec<ServerError>,
    /// Whether the request itself is at fault, not the document in it: then plain JSON has this status as well.
    is_transport: bool,
}

impl Refused {
    fn transport(status: StatusCode, message: &str) -> Self {
        Self {
            status,
            errors: vec![answer::invalid(message)],
            is_transport: true,
        }
    }

    fn document(errors: Vec<ServerError>) -> Self {
        let is_unauthenticated = errors
            .iter()
            .any(|error| answer::code(error) == Some("UNAUTHENTICATED"));
        Self {
            status: if is_unauthenticated {
                StatusCode::UNAUTHORIZED
            } else {
                StatusCode::BAD_REQUEST
            },
            errors,
            is_transport: is_unauthenticated,
        }
    }

    fn of(error: Error, is_transport: bool) -> Self {
        let status = match error {
            Error::Refused(_) => StatusCode::BAD_REQUEST,
            Error::Unauthenticated => StatusCode::UNAUTHORIZED,
            Error::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
            Error::Unavailable(_) | Error::Contended => StatusCode::SERVICE_UNAVAILABLE,
            Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self {
            status,
            errors: vec![answer::from(error)],
            is_transport,
        }
    }
}

/// `GET`: a query in the URL, or the beginning of a socket.
pub(super) async fn get<E: Executor>(
    State(door): State<Arc<Door<E>>>,
    Extension(id): Extension<RequestId>,
    Extension(client): Extension<Client>,
    place: Option<Extension<Place>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    upgrade: std::result::Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let is_socket = headers
        .get(header::UPGRADE)
        .is_some_and(|upgrade| upgrade.as_bytes().eq_ignore_ascii_case(b"websocket"));
    if is_socket {
        return match socket::upgrade(&door, (client, place.map(|place| place.0)), &headers, upgrade.ok()) {
            Ok(response) => response,
            Err((status, message)) => {
                let refused = Refused::transport(status, message);
                finish(&door, &headers, Record::new(&id, "websocket"), &id, Err(refused))
            }
        };
    }
    let mut record = Record::new(&id, "http");
    let result = match Params::from_url(&query.unwrap_or_default()) {
        Ok(params) => guarded(run(&door, (&id, client), &headers, (params, true), &mut record)).await,
        Err(message) => Err(Refused::transport(StatusCode::BAD_REQUEST, message)),
    };
    finish(&door, &headers, record, &id, result)
}

/// `POST`: any operation but subscriptions, in a JSON body.
pub(super) async fn post<E: Executor>(
    State(door): State<Arc<Door<E>>>,
    Extension(id): Extension<RequestId>,
    Extension(client): Extension<Client>,
    request: Request,
) -> Response {
    let mut record = Record::new(&id, "http");
    let (parts, body) = request.into_parts();
    let result = match body_params(&door, &parts.headers, body).await {
        Ok(params) => guarded(run(&door, (&id, client), &parts.headers, (params, false), &mut record)).await,
        Err(refused) => Err(refused),
    };
    finish(&door, &parts.headers, record, &id, result)
}

async fn body_params<E>(door: &Door<E>, headers: &HeaderMap, body: Body) -> std::result::Result<Params, Refused> {
    let refuse = Refused::transport;
    if !media::is_json(headers) {
        let message = "The content type must be application/json in UTF-8.";
        return Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    let body = tokio::time::timeout(door.options.body_timeout, read(body, door.options.body_limit))
        .await
        .map_err(|_| refuse(StatusCode::REQUEST_TIMEOUT, "The body took too long to arrive."))??;
    Params::from_body(&body).map_err(|message| refuse(StatusCode::BAD_REQUEST, message))
}

async fn read(body: Body, limit: usize) -> std::result::Result<Vec<u8>, Refused> {
    let mut bytes = Vec::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Refused::transport(StatusCode::BAD_REQUEST, "The body broke off."))?;
        if bytes.len() + chunk.len() > limit {
            return Err(Refused::transport(
                StatusCode::PAYLOAD_TOO_LARGE,
                "The body is too large.",
            ));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// A panic, wherever it happens, is one masked error.
async fn guarded(
    work: impl Future<Output = std::result::Result<Answer, Refused>>,
) -> std::result::Result<Answer, Refused> {
    let work = AssertUnwindSafe(work).catch_unwind().await;
    work.unwrap_or_else(|_| Err(Refused::of(Error::internal("a panic"), false)))
}

async fn run<E: Executor>(
    door: &Door<E>,
    (id, client): (&RequestId, Client),
    headers: &HeaderMap,
    (params, is_get): (Params, bool),
    record: &mut Record,
) -> std::result::Result<Answer, Refused> {
    let caller = caller(door, headers);
    let known = caller.as_ref().ok().and_then(Option::as_ref);
    let operation = Operation::read(door, known, params, record);
    let operation = operation.map_err(Refused::document)?;
    match operation.kind {
        OperationType::Query => {}
        _ if is_get => {
            let message = "Only queries can be sent with GET.";
            return Err(Refused::transport(StatusCode::METHOD_NOT_ALLOWED, message));
        }
        OperationType::Mutation => {}
        OperationType::Subscription => {
            let message = "Subscriptions need a WebSocket with the subprotocol graphql-transport-ws.";
            return Err(Refused::document(vec![answer::invalid(message)]));
        }
    }
    let refuse = |error| Refused::of(error, true);
    let caller = caller.map_err(refuse)?;
    let payer = (caller.as_ref(), &client);
    operation.charge(door, payer, record).await.map_err(refuse)?;
    let answer = async {
        let reader = match &caller {
            None => Reader::new(&door.db, None),
            Some(caller) => {
                let authenticated = door.authenticate.authenticate(&door.db, caller).await;
                authenticated.map_err(refuse)?.0
            }
        };
        let (mut request, plan) = operation.request(door, reader, client, id);
        if door.options.has_refresh_cookie {
            request = request.data(RefreshCookie::read(headers));
        }
        let mut answer = door.executor.execute(request).await;
        plan.complete(&door.types, &mut answer);
        Ok(answer)
    };
    let answer = record
        .stats()
        .count(answer)
        .instrument(tracing::info_span!("graphql", request = %id));
    // Boxed: it is large, and the futures around it would all be as large.
    match tokio::time::timeout(door.options.request_timeout, answer.boxed()).await {
        Ok(answer) => answer,
        Err(_) => Err(Refused::of(Error::Unavailable(Duration::from_secs(1)), false)),
    }
}

/// Who asks: nobody in particular without a token; with a bad one the whole request is refused.
fn caller<E>(door: &Door<E>, headers: &HeaderMap) -> Result<Option<Caller>> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            let token = bearer(value.to_str().map_err(|_| Error::Unauthenticated)?)?;
            door.authenticate.read(token).map(Some)
        }
        (Some(_), Some(_)) => Err(Error::Unauthenticated),
    }
}

fn finish<E>(
    door: &Door<E>,
    headers: &HeaderMap,
    mut record: Record,
    id: &RequestId,
    result: std::result::Result<Answer, Refused>,
) -> Response {
    let media = Media::accepted(headers);
    let (status, mut answer) = match result {
        Ok(answer) if answer::is_refused(&answer) && media == Media::GraphQl => (StatusCode::BAD_REQUEST, answer),
        Ok(answer) if answer::is_rate_limited(&answer) => (StatusCode::TOO_MANY_REQUESTS, answer),
        Ok(answer) => (StatusCode::OK, answer),
        Err(refused) => {
            let has_status = refused.is_transport || media == Media::GraphQl;
            let status = if has_status { refused.status } else { StatusCode::OK };
            (status, Answer::from_errors(refused.errors))
        }
    };
    answer::tidy(&mut answer, id);
    if let Some(charge) = &record.charge {
        answer::add_cost(&mut answer, charge);
    }
    if door.options.has_stats {
        answer::add_stats(&mut answer, &record.total());
    }
    record.answer(status.as_u16(), &answer);
    let mut response = answer::json(status, media.content_type(), answer::body(&answer));
    let headers = response.headers_mut();
    if let Some(cookie) = answer.http_headers.remove(header::SET_COOKIE) {
        headers.insert(header::SET_COOKIE, cookie);
    }
    match status {
        StatusCode::UNAUTHORIZED => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        StatusCode::METHOD_NOT_ALLOWED => {
            headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
        }
        _ => {}
    }
    if let Some(wait) = answer.errors.first().and_then(answer::retry_after)
        && !status.is_success()
    {
        headers.insert(header::RETRY_AFTER, wait.div_ceil(1000).into());
    }
    response
}
