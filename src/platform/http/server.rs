//! The HTTP/1.1 server under the front door, with a limit on everything that a client can be slow at.

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo};
use futures_util::FutureExt;
use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

/// Bytes of a request's line and headers, together.
const HEADER_BYTES: usize = 65_536;
/// How long a client may not take a single byte of an answer.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long to wait when the system has no more connections to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// Limits on connections.
#[derive(Clone, Copy, Debug)]
pub struct Connections {
    /// Open ones, sockets included; further clients wait until one ends.
    pub most: usize,
    /// How long a client may take for the headers of a request, and stay silent between two requests.
    pub header_timeout: Duration,
    /// How long clients are still let in once the process is about to end: load balancers and clients have to notice first.
    pub drain: Duration,
    /// How long requests may go on afterwards.
    pub stop_grace: Duration,
}

/// The place of a connection among those that may be open. A socket keeps it when it takes the connection over.
pub(super) type Place = Arc<OwnedSemaphorePermit>;

/// Serves until `stop`, then finishes what is in flight.
///
/// # Errors
/// Never in practice.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Connections,
    stop: CancellationToken,
) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(limits.most.min(Semaphore::MAX_PERMITS)));
    let (connections, closing) = (TaskTracker::new(), CancellationToken::new());
    let welcome = |(stream, peer), place| {
        let connection = connection(
            stream,
            (peer, place),
            router.clone(),
            limits.header_timeout,
            closing.clone(),
        );
        connections.spawn(connection);
    };
    let accept = async {
        loop {
            let place = Arc::clone(&places).acquire_owned().await.map_err(io::Error::other)?;
            welcome(accept(&listener).await, place);
        }
    };
    let drained = async {
        stop.cancelled().await;
        sleep(limits.drain).await;
        Ok(())
    };
    let outcome = tokio::select! {
        outcome = accept => outcome,
        outcome = drained => outcome,
    };
    // Whom the system has let in already would be cut off.
    while let (Some(Ok(guest)), Ok(place)) = (
        listener.accept().now_or_never(),
        Arc::clone(&places).try_acquire_owned(),
    ) {
        welcome(guest, place);
    }
    drop(listener);
    closing.cancel();
    connections.close();
    if timeout(limits.stop_grace, connections.wait()).await.is_err() {
        tracing::warn!("requests were cut off at the end of the process");
    }
    outcome
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Answers are written at once: waiting for more would only delay them.
                if stream.set_nodelay(true).is_ok() {
                    return (stream, peer);
                }
            }
            // The client was gone before it was its turn.
            Err(error) if is_of_client(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_of_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn connection(
    stream: TcpStream,
    (peer, place): (SocketAddr, OwnedSemaphorePermit),
    router: Router,
    header_timeout: Duration,
    closing: CancellationToken,
) {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIMEOUT));
    let place: Place = Arc::new(place);
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(Arc::clone(&place));
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_buf_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(Box::pin(stream)), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // What goes wrong here is the client's doing: it hung up, or wrote no HTTP.
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection broke off");
    }
}
