//! One operation on a socket, as a stream of messages.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use async_graphql::{Executor, Response, Value, Variables};
use async_trait::async_trait;
use futures_util::{
    FutureExt, StreamExt,
    stream::{self, BoxStream},
};
use tracing::Instrument;

use super::{MESSAGE, protocol};
use crate::platform::{
    db::Reader,
    error::{Code, Error, Result},
    feed::{Answer, Feed, Item, Selection, Slot, Teller, Told},
    http::{
        Caller, Client, Door, RequestId, answer,
        operation::{Operation, Plan, with_data},
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
    /// The library runs it: for a subscription, until its feed is there.
    Open(BoxStream<'static, Response>, Arc<Slot>),
    Fed(Box<dyn Feed>),
    Ended,
}

struct Running<E> {
    task: Task<E>,
    id: String,
    record: Box<Record>,
    is_subscription: bool,
    state: State,
    is_first: bool,
}

/// What is asked for.
struct Task<E> {
    door: Arc<Door<E>>,
    client: Client,
    request_id: RequestId,
    plan: Option<Plan>,
    selection: Selection,
    /// As JSON: they are seldom needed.
    variables: Box<str>,
}

#[async_trait]
impl<E: Executor> Teller for Task<E> {
    fn selection(&self) -> Selection {
        self.selection
    }

    async fn tell(&self, reader: &Arc<Reader>, item: Item) -> Response {
        let Some(plan) = &self.plan else {
            return Response::from_errors(vec![answer::from(Error::internal("nothing is asked for"))]);
        };
        let variables = serde_json::from_str(&self.variables).unwrap_or_default();
        let request = match plan.request(&self.door.types, &Variables::from_json(variables)) {
            Ok(request) => request,
            Err(error) => return Response::from_errors(vec![error]),
        };
        let request = with_data(request, &self.door, Arc::clone(reader), self.client, &self.request_id);
        let mut answers = self.door.executor.execute_stream(request.data(Told(item)), None);
        let answer = tokio::time::timeout(self.door.options.request_timeout, answers.next()).await;
        let mut response = answer
            .unwrap_or_else(|_| Some(Response::from_errors(vec![answer::from(late())])))
            .unwrap_or_default();
        plan.complete(&self.door.types, &mut response);
        response
    }
}

fn late() -> Error {
    Error::Unavailable(Duration::from_secs(1))
}

/// Runs an operation for whoever the token stands for *now*: a session may have ended since the socket was opened.
pub(super) fn run<E: Executor>(
    door: Arc<Door<E>>,
    (id, request_id, record): (String, RequestId, Record),
    (operation, caller, client): (Operation, Caller, Client),
) -> BoxStream<'static, (String, Step)> {
    let running = Running {
        task: Task {
            door,
            client,
            request_id,
            plan: None,
            selection: Selection::default(),
            variables: Box::default(),
        },
        id,
        record: Box::new(record),
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

impl<E: Executor> Task<E> {
    /// What the library answers by itself.
    fn own(&self, mut response: Response) -> Answer {
        if let Some(plan) = &self.plan {
            plan.complete(&self.door.types, &mut response);
        }
        response.into()
    }
}

impl<E: Executor> Running<E> {
    async fn step(&mut self) -> Option<Step> {
        if matches!(self.state, State::Ended) {
            return None;
        }
        let (stats, mark) = (Arc::clone(self.record.stats()), self.record.mark());
        let span = tracing::info_span!("graphql", request = %self.task.request_id);
        let answer = AssertUnwindSafe(stats.count(self.answer()))
            .catch_unwind()
            .instrument(span);
        Some(match answer.await {
            Ok(Ok(Some(Answer::Own(response)))) => self.told(*response, &mark),
            Ok(Ok(Some(Answer::Shared(data)))) => self.told_as_others(&data, &mark),
            Ok(Ok(None)) => {
                self.state = State::Ended;
                Step::End(protocol::complete(&self.id))
            }
            Ok(Err(error)) => self.refused(error),
            Err(_) => self.refused(Error::internal("a panic")),
        })
    }

    /// What is answered next.
    async fn answer(&mut self) -> Result<Option<Answer>> {
        let limit = self.task.door.options.request_timeout;
        if matches!(self.state, State::New(..)) {
            // In a box: what is needed for a moment would be part of each idle subscription.
            let opening = Box::pin(self.open());
            tokio::time::timeout(limit, opening).await.map_err(|_| late())??;
        }
        if let State::Open(stream, slot) = &mut self.state {
            let response = if self.is_subscription {
                stream.next().await
            } else {
                tokio::time::timeout(limit, stream.next()).await.map_err(|_| late())?
            };
            match (response, slot.take()) {
                (None, Some(feed)) => self.state = State::Fed(feed),
                (response, _) => return Ok(response.map(|response| self.task.own(response))),
            }
        }
        match &mut self.state {
            State::Fed(feed) => feed.next(&self.task).await.transpose(),
            _ => Ok(None),
        }
    }

    async fn open(&mut self) -> Result<()> {
        let State::New(operation, caller) = std::mem::replace(&mut self.state, State::Ended) else {
            return Ok(());
        };
        let task = &mut self.task;
        let payer = (Some(&caller), &task.client);
        operation.charge(&task.door, payer, &mut self.record).await?;
        let db = &task.door.db;
        let (mut reader, actor) = task.door.authenticate.authenticate(db, &caller).await?;
        if self.is_subscription {
            // It stays open long: it must not keep a connection, nor see the past.
            reader = Reader::passing(db, Some(actor));
        }
        let (plan, request, variables) = operation.into_parts();
        if self.is_subscription {
            task.selection = plan.selection(&variables);
            task.variables = serde_json::to_string(&variables).unwrap_or_default().into();
        }
        let slot = Arc::<Slot>::default();
        let request = request.data(Arc::clone(&slot));
        let request = with_data(request, &task.door, reader, task.client, &task.request_id);
        task.plan = Some(plan);
        self.state = State::Open(task.door.executor.execute_stream(request, None), slot);
        Ok(())
    }

    fn told(&mut self, mut response: Response, mark: &Mark) -> Step {
        let is_empty = response.data == Value::Null && !response.errors.is_empty();
        let is_refused = answer::is_refused(&response) || self.is_subscription && is_empty;
        answer::tidy(&mut response, &self.task.request_id);
        self.record.answer(0, &response);
        if self.is_first && is_refused {
            self.state = State::Ended;
            return Step::End(protocol::error(&self.id, &response.errors));
        }
        self.extend(&mut response, mark);
        self.next(&answer::body(&response))
    }

    /// What others were told already: the text of `data`.
    fn told_as_others(&mut self, data: &str, mark: &Mark) -> Step {
        let mut response = Response::default();
        self.record.answer(0, &response);
        self.extend(&mut response, mark);
        self.next(&answer::body_of(data, &response.extensions))
    }

    fn extend(&mut self, response: &mut Response, mark: &Mark) {
        let is_first = std::mem::replace(&mut self.is_first, false);
        if let Some(charge) = self.record.charge.as_ref().filter(|_| is_first) {
            answer::add_cost(response, charge);
        }
        if self.task.door.options.has_stats {
            answer::add_stats(response, &self.record.since(mark));
        }
    }

    fn next(&mut self, body: &str) -> Step {
        let message = protocol::next(&self.id, body);
        if message.len() <= MESSAGE {
            return Step::Next(message);
        }
        self.refused(Error::refused(
            Code::Invalid,
            None,
            "The answer is too large for a socket: ask for less, or over HTTP.",
        ))
    }

    fn refused(&mut self, error: Error) -> Step {
        self.state = State::Ended;
        let is_expelled = matches!(error, Error::Unauthenticated);
        let response = answer::refusal(vec![answer::from(error)], &self.task.request_id);
        self.record.answer(0, &response);
        let message = protocol::error(&self.id, &response.errors);
        if is_expelled {
            Step::Expel(message)
        } else {
            Step::End(message)
        }
    }
}
