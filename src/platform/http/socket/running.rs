//! One operation on a socket, as a stream of messages.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use async_graphql::{Executor, Response, Value};
use futures_util::{
    FutureExt, StreamExt,
    stream::{self, BoxStream},
};
use tracing::Instrument;

use super::{MESSAGE, protocol};
use crate::platform::{
    db::Reader,
    error::{Code, Error, Result},
    http::{
        Caller, Client, Door, RequestId, answer,
        operation::{Operation, Plan},
        record::{Mark, Record},
    },
};

/// What an operation has to say.
pub(super) enum Step {
    /// An answer; more may come.
    Next(String),
    /// The end: `complete`, or `error`.
    End(String),
    /// The token is no longer good: the end of the operation and of the socket.
    Expel(String),
}

enum State {
    New(Box<Operation>, Caller),
    Open(BoxStream<'static, Response>, Plan),
    Ended,
}

struct Running<E> {
    door: Arc<Door<E>>,
    client: Client,
    id: String,
    request_id: RequestId,
    record: Record,
    is_subscription: bool,
    state: State,
    is_first: bool,
}

/// Runs an operation for whoever the token stands for *now*: a session may have ended since the socket was opened.
pub(super) fn run<E: Executor>(
    door: Arc<Door<E>>,
    (id, request_id, record): (String, RequestId, Record),
    (operation, caller, client): (Operation, Caller, Client),
) -> BoxStream<'static, (String, Step)> {
    let running = Running {
        door,
        client,
        id,
        request_id,
        record,
        is_subscription: operation.is_subscription(),
        state: State::New(Box::new(operation), caller),
        is_first: true,
    };
    stream::unfold(running, async |mut running| {
        let step = running.step().await?;
        Some(((running.id.clone(), step), running))
    })
    .boxed()
}

impl<E: Executor> Running<E> {
    async fn step(&mut self) -> Option<Step> {
        if matches!(self.state, State::Ended) {
            return None;
        }
        let (stats, mark) = (Arc::clone(self.record.stats()), self.record.mark());
        let span = tracing::info_span!("graphql", request = %self.request_id);
        let response = AssertUnwindSafe(stats.count(self.response()))
            .catch_unwind()
            .instrument(span);
        Some(match response.await {
            Ok(Ok(Some(response))) => self.told(response, &mark),
            Ok(Ok(None)) => {
                self.state = State::Ended;
                Step::End(protocol::complete(&self.id))
            }
            Ok(Err(error)) => self.refused(error),
            Err(_) => self.refused(Error::internal("a panic")),
        })
    }

    /// The next answer of the schema.
    async fn response(&mut self) -> Result<Option<Response>> {
        let limit = self.door.options.request_timeout;
        let late = |_| Error::Unavailable(Duration::from_secs(1));
        if matches!(self.state, State::New(..)) {
            // In a box: what is needed for a moment would be part of each idle subscription.
            tokio::time::timeout(limit, Box::pin(self.open()))
                .await
                .map_err(late)??;
        }
        let State::Open(stream, _) = &mut self.state else {
            return Ok(None);
        };
        if self.is_subscription {
            Ok(stream.next().await)
        } else {
            tokio::time::timeout(limit, stream.next()).await.map_err(late)
        }
    }

    async fn open(&mut self) -> Result<()> {
        let State::New(operation, caller) = std::mem::replace(&mut self.state, State::Ended) else {
            return Ok(());
        };
        let payer = (Some(&caller), &self.client);
        operation.charge(&self.door, payer, &mut self.record).await?;
        let db = &self.door.db;
        let (mut reader, actor) = self.door.authenticate.authenticate(db, &caller).await?;
        if self.is_subscription {
            // It stays open long: it must not keep a connection, nor see the past.
            reader = Reader::passing(db, Some(actor));
        }
        let (request, plan) = operation.request(&self.door, reader, self.client, &self.request_id);
        self.state = State::Open(self.door.executor.execute_stream(request, None), plan);
        Ok(())
    }

    fn told(&mut self, mut response: Response, mark: &Mark) -> Step {
        let is_empty = response.data == Value::Null && !response.errors.is_empty();
        let is_refused = answer::is_refused(&response) || self.is_subscription && is_empty;
        let is_first = std::mem::replace(&mut self.is_first, false);
        answer::tidy(&mut response, &self.request_id);
        self.record.answer(0, &response);
        if is_first && is_refused {
            self.state = State::Ended;
            return Step::End(protocol::error(&self.id, &response.errors));
        }
        if let State::Open(_, plan) = &self.state {
            plan.complete(&self.door.types, &mut response);
        }
        if let Some(charge) = self.record.charge.as_ref().filter(|_| is_first) {
            answer::add_cost(&mut response, charge);
        }
        if self.door.options.has_stats {
            answer::add_stats(&mut response, &self.record.since(mark));
        }
        let message = protocol::next(&self.id, &answer::body(&response));
        if message.len() > MESSAGE {
            let error = Error::refused(
                Code::Invalid,
                None,
                "The answer is too large for a socket: ask for less, or over HTTP.",
            );
            return self.refused(error);
        }
        Step::Next(message)
    }

    fn refused(&mut self, error: Error) -> Step {
        self.state = State::Ended;
        let is_expelled = matches!(error, Error::Unauthenticated);
        let response = answer::refusal(vec![answer::from(error)], &self.request_id);
        self.record.answer(0, &response);
        let message = protocol::error(&self.id, &response.errors);
        if is_expelled {
            Step::Expel(message)
        } else {
            Step::End(message)
        }
    }
}
