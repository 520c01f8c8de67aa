//! The life of one socket, from its opening to its close frame.

use std::{
    collections::HashMap,
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
};

use async_graphql::Executor;
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures_util::{
    FutureExt, StreamExt,
    stream::{self, AbortHandle, BoxStream, SelectAll},
};
use tokio::time::{Duration, Instant, sleep_until, timeout};

use super::{
    protocol::{self, Close, Said},
    running::{self, Step},
};
use crate::platform::{
    error::Error,
    http::{
        Caller, Client, Door, RequestId, answer,
        operation::{Operation, bearer},
        params::Params,
        record::Record,
    },
};

/// How long a client has to answer a close frame.
const FAREWELL: Duration = Duration::from_secs(2);
/// The same for a client that has stopped reading: the frame waits behind what it hasn't read.
const LONG_FAREWELL: Duration = Duration::from_secs(8);
/// What the WebSocket library's error says when a message is over the limit; it has no type that we could name.
const TOO_BIG: &str = "Space limit exceeded";

/// Who opened the socket.
struct Guest {
    caller: Caller,
    /// When the socket ends because of the token.
    until: Instant,
}

struct Active {
    handle: AbortHandle,
    is_subscription: bool,
}

/// An open socket.
pub(super) struct Session<E> {
    door: Arc<Door<E>>,
    client: Client,
    socket: WebSocket,
    guest: Option<Guest>,
    /// The running operations, by the client's id.
    active: HashMap<String, Active>,
    steps: SelectAll<BoxStream<'static, (String, Step)>>,
    opened: Instant,
    heard: Instant,
    pinged: Instant,
}

impl<E: Executor> Session<E> {
    pub(super) fn new(door: Arc<Door<E>>, client: Client, socket: WebSocket) -> Self {
        let now = Instant::now();
        Self {
            door,
            client,
            socket,
            guest: None,
            active: HashMap::new(),
            steps: SelectAll::new(),
            opened: now,
            heard: now,
            pinged: now,
        }
    }

    pub(super) async fn run(mut self) {
        let Err(close) = self.serve().await;
        // What still runs ends now, not after the farewell.
        self.steps.clear();
        tracing::debug!(code = close.code, reason = %close.reason, "a socket ends");
        let farewell = async {
            if let Some(code) = close.code {
                let reason = close.reason.to_string().into();
                let _ = self
                    .socket
                    .send(Message::Close(Some(CloseFrame { code, reason })))
                    .await;
            }
            // Until the client has answered: dropped with unread data, the system could take the close frame back.
            while let Some(Ok(_)) = self.socket.recv().await {}
        };
        let patience = if close == Close::STALLED {
            LONG_FAREWELL
        } else {
            FAREWELL
        };
        let _ = timeout(patience, farewell).await;
    }

    async fn serve(&mut self) -> Result<Infallible, Close> {
        let door = Arc::clone(&self.door);
        // Both wait once for all messages: to begin anew for each would take longer than to send it.
        let mut stopped = pin!(door.closing_time());
        let mut alarm = pin!(sleep_until(self.alarm()));
        loop {
            let due = self.alarm();
            if due < alarm.deadline() || alarm.is_elapsed() {
                alarm.as_mut().reset(due);
            }
            tokio::select! {
                () = &mut stopped => return Err(Box::pin(self.finish()).await),
                () = &mut alarm => self.wake().await?,
                message = self.socket.recv() => self.receive(message).await?,
                Some((id, step)) = self.steps.next() => self.deliver(&id, step).await?,
            }
        }
    }

    /// When something is due without anybody saying a word. An alarm that comes early does no harm.
    fn alarm(&self) -> Instant {
        let options = &self.door.options;
        let until = self
            .guest
            .as_ref()
            .map_or(self.opened + options.init_timeout, |guest| guest.until);
        until
            .min(self.pinged + options.ping_interval)
            .min(self.heard + options.silence_limit)
    }

    async fn wake(&mut self) -> Result<(), Close> {
        let (now, options) = (Instant::now(), &self.door.options);
        match &self.guest {
            None if now >= self.opened + options.init_timeout => return Err(Close::INIT_TIMEOUT),
            Some(guest) if now >= guest.until => return Err(Close::FORBIDDEN),
            _ => {}
        }
        if now >= self.heard + options.silence_limit {
            return Err(Close::SILENT);
        }
        if now >= self.pinged + options.ping_interval {
            self.pinged = now;
            self.send(Message::Ping(bytes::Bytes::new())).await?;
        }
        Ok(())
    }

    async fn receive(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), Close> {
        self.heard = Instant::now();
        match message {
            Some(Ok(Message::Text(text))) => match protocol::read(&text) {
                // In a box: what is needed for a moment would be part of each idle socket.
                Some(said) => Box::pin(self.hear(said)).await,
                None => Err(Close::MALFORMED),
            },
            Some(Ok(Message::Binary(_))) => Err(Close::MALFORMED),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
            Some(Err(error)) if error.to_string().starts_with(TOO_BIG) => Err(Close::TOO_BIG),
            Some(Ok(Message::Close(_)) | Err(_)) | None => Err(Close::GONE),
        }
    }

    async fn hear(&mut self, said: Said) -> Result<(), Close> {
        match said {
            Said::Init { .. } if self.guest.is_some() => Err(Close::INIT_TWICE),
            Said::Init { authorization } => self.init(authorization).await,
            Said::Ping(payload) => self.text(protocol::pong(payload)).await,
            Said::Pong => Ok(()),
            Said::Subscribe { id, params } => self.subscribe(id, params).await,
            Said::Complete { id } => {
                if let Some(active) = self.active.remove(&id) {
                    active.handle.abort();
                }
                Ok(())
            }
        }
    }

    async fn init(&mut self, authorization: Option<String>) -> Result<(), Close> {
        let authorization = authorization.ok_or(Close::FORBIDDEN)?;
        let caller = bearer(&authorization).and_then(|token| self.door.authenticate.read(token));
        let caller = caller.map_err(|_| Close::FORBIDDEN)?;
        let authenticate = self.door.authenticate.authenticate(&self.door.db, &caller);
        let authenticate = AssertUnwindSafe(authenticate).catch_unwind();
        match timeout(self.door.options.request_timeout, authenticate).await {
            Ok(Ok(Ok(_))) => {}
            Ok(Ok(Err(Error::Unauthenticated))) => return Err(Close::FORBIDDEN),
            Ok(Ok(Err(error))) => {
                tracing::warn!(?error, "a socket could not be opened");
                return Err(Close::unavailable());
            }
            Ok(Err(_)) | Err(_) => return Err(Close::unavailable()),
        }
        let left = (caller.expires_at - self.door.db.clock().system())
            .to_std()
            .unwrap_or_default();
        self.guest = Some(Guest {
            caller,
            until: Instant::now() + left + self.door.options.expiry_grace,
        });
        self.text(protocol::ack()).await
    }

    async fn subscribe(&mut self, id: String, params: Params) -> Result<(), Close> {
        let caller = self.guest.as_ref().ok_or(Close::UNAUTHORIZED)?.caller;
        if self.active.contains_key(&id) {
            return Err(Close::duplicate(&id));
        }
        let request_id = RequestId::new(&self.door.db);
        let mut record = Record::new(&request_id, "websocket");
        let operation = if self.active.len() < self.door.options.max_subscriptions {
            let read = || Operation::read(&self.door, Some(&caller), params, &mut record);
            catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(vec![answer::from(Error::internal("a panic"))]))
        } else {
            Err(vec![answer::from(Error::RateLimited(Duration::from_secs(1)))])
        };
        match operation {
            Ok(operation) => {
                let is_subscription = operation.is_subscription();
                let steps = running::run(
                    Arc::clone(&self.door),
                    (id.clone(), request_id, record),
                    (operation, caller, self.client),
                );
                let (steps, handle) = stream::abortable(steps);
                self.steps.push(steps.boxed());
                self.active.insert(
                    id,
                    Active {
                        handle,
                        is_subscription,
                    },
                );
                Ok(())
            }
            Err(errors) => {
                let response = answer::refusal(errors, &request_id);
                record.answer(0, &response);
                self.text(protocol::error(&id, &response.errors)).await
            }
        }
    }

    async fn deliver(&mut self, id: &str, step: Step) -> Result<(), Close> {
        match step {
            Step::Next(message) => self.text(message).await,
            Step::End(message) => {
                self.active.remove(id);
                self.text(message).await
            }
            Step::Expel(message) => {
                self.text(message).await?;
                Err(Close::FORBIDDEN)
            }
        }
    }

    /// The process is about to end: queries and mutations finish, subscriptions go on elsewhere.
    async fn finish(&mut self) -> Close {
        self.active.retain(|_, active| {
            if active.is_subscription {
                active.handle.abort();
            }
            !active.is_subscription
        });
        let grace = self.door.options.stop_grace;
        let rest = async {
            while let Some((id, step)) = self.steps.next().await {
                self.deliver(&id, step).await?;
            }
            Ok(())
        };
        match timeout(grace, rest).await {
            Ok(Err(close)) => close,
            Ok(Ok(())) | Err(_) => Close::stopping(),
        }
    }

    async fn text(&mut self, text: String) -> Result<(), Close> {
        self.send(Message::Text(text.into())).await
    }

    async fn send(&mut self, message: Message) -> Result<(), Close> {
        match timeout(self.door.options.send_timeout, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Close::GONE),
            Err(_) => Err(Close::STALLED),
        }
    }
}
