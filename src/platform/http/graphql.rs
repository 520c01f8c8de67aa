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
    Front, RequestId, answer,
    media::{self, Media},
    operation::{Operation, bearer},
    params::Params,
    record::Record,
    socket,
};
use crate::platform::{
    db::Reader,
    error::{Error, Result},
};

/// A request that was not answered by the schema.
struct Refused {
    status: StatusCode,
    error: ServerError,
    /// Whether the request itself is at fault, not the document in it: then plain JSON has this status as well.
    is_transport: bool,
}

impl Refused {
    fn transport(status: StatusCode, message: &str) -> Self {
        Self {
            status,
            error: answer::invalid(message),
            is_transport: true,
        }
    }

    fn document(error: ServerError) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error,
            is_transport: false,
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
        let error = answer::from(error);
        Self {
            status,
            error,
            is_transport,
        }
    }
}

/// `GET`: a query in the URL, or the beginning of a socket.
pub(super) async fn get<E: Executor>(
    State(front): State<Arc<Front<E>>>,
    Extension(id): Extension<RequestId>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    upgrade: std::result::Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let is_socket = headers
        .get(header::UPGRADE)
        .is_some_and(|upgrade| upgrade.as_bytes().eq_ignore_ascii_case(b"websocket"));
    if is_socket {
        return match socket::upgrade(&front, &headers, upgrade.ok()) {
            Ok(response) => response,
            Err((status, message)) => {
                let refused = Refused::transport(status, message);
                finish(&front, &headers, Record::new(&id, "websocket"), &id, Err(refused))
            }
        };
    }
    let mut record = Record::new(&id, "http");
    let result = match Params::from_url(&query.unwrap_or_default()) {
        Ok(params) => run(&front, &id, &headers, params, true, &mut record).await,
        Err(message) => Err(Refused::transport(StatusCode::BAD_REQUEST, message)),
    };
    finish(&front, &headers, record, &id, result)
}

/// `POST`: any operation but subscriptions, in a JSON body.
pub(super) async fn post<E: Executor>(
    State(front): State<Arc<Front<E>>>,
    Extension(id): Extension<RequestId>,
    request: Request,
) -> Response {
    let mut record = Record::new(&id, "http");
    let (parts, body) = request.into_parts();
    let result = match body_params(&front, &parts.headers, body).await {
        Ok(params) => run(&front, &id, &parts.headers, params, false, &mut record).await,
        Err(refused) => Err(refused),
    };
    finish(&front, &parts.headers, record, &id, result)
}

async fn body_params<E>(front: &Front<E>, headers: &HeaderMap, body: Body) -> std::result::Result<Params, Refused> {
    let refuse = Refused::transport;
    if !media::is_json(headers) {
        let message = "The content type must be application/json in UTF-8.";
        return Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    let body = tokio::time::timeout(front.options.body_timeout, read(body, front.options.body_limit))
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

async fn run<E: Executor>(
    front: &Front<E>,
    id: &RequestId,
    headers: &HeaderMap,
    params: Params,
    is_get: bool,
    record: &mut Record,
) -> std::result::Result<Answer, Refused> {
    let operation = Operation::read(params, &front.options.document, record).map_err(Refused::document)?;
    match operation.kind {
        OperationType::Query => {}
        _ if is_get => {
            let message = "Only queries can be sent with GET.";
            return Err(Refused::transport(StatusCode::METHOD_NOT_ALLOWED, message));
        }
        OperationType::Mutation => {}
        OperationType::Subscription => {
            let message = "Subscriptions need a WebSocket with the subprotocol graphql-transport-ws.";
            return Err(Refused::document(answer::invalid(message)));
        }
    }
    let answer = async {
        let reader = reader(front, headers).await.map_err(|error| Refused::of(error, true))?;
        let (request, plan) = operation.request(reader, &front.db, id);
        let mut answer = front.executor.execute(request).await;
        plan.complete(&front.types, &mut answer);
        Ok(answer)
    };
    let answer = AssertUnwindSafe(record.stats().count(answer)).catch_unwind();
    let answer = answer.instrument(tracing::info_span!("graphql", request = %id));
    // Boxed: it is large, and the futures around it would all be as large.
    match tokio::time::timeout(front.options.request_timeout, answer.boxed()).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(Refused::of(Error::internal("a panic"), false)),
        Err(_) => Err(Refused::of(Error::Unavailable(Duration::from_secs(1)), false)),
    }
}

/// Who reads: nobody in particular without a token; with a bad one the whole request is refused.
async fn reader<E>(front: &Front<E>, headers: &HeaderMap) -> Result<Arc<Reader>> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(Reader::new(&front.db, None)),
        (Some(value), None) => {
            let token = bearer(value.to_str().map_err(|_| Error::Unauthenticated)?)?;
            let (reader, ..) = front.authenticate.authenticate(&front.db, token).await?;
            Ok(reader)
        }
        (Some(_), Some(_)) => Err(Error::Unauthenticated),
    }
}

fn finish<E>(
    front: &Front<E>,
    headers: &HeaderMap,
    mut record: Record,
    id: &RequestId,
    result: std::result::Result<Answer, Refused>,
) -> Response {
    let media = Media::accepted(headers);
    let (status, mut answer) = match result {
        Ok(answer) if answer::is_refused(&answer) && media == Media::GraphQl => (StatusCode::BAD_REQUEST, answer),
        Ok(answer) => (StatusCode::OK, answer),
        Err(refused) => {
            let has_status = refused.is_transport || media == Media::GraphQl;
            let status = if has_status { refused.status } else { StatusCode::OK };
            (status, Answer::from_errors(vec![refused.error]))
        }
    };
    answer::tidy(&mut answer, id);
    if front.options.has_stats {
        answer::add_stats(&mut answer, &record.total());
    }
    record.answer(status.as_u16(), &answer);
    let mut response = answer::json(status, media.content_type(), answer::body(&answer));
    let headers = response.headers_mut();
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
