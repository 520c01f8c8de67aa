//! Subscribers: each listens to one stream, goes on after every break where it was, and judges what it hears.

use std::{pin::pin, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use tokio::{
    sync::{Semaphore, watch},
    time::{Instant, sleep, sleep_until, timeout},
};

use super::{
    account::Account,
    api::Api,
    judge::{Heard, Mark, Verdict},
    socket::{Event, Socket},
    stage::Stream,
    tally::Tally,
};

/// How long the first event may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a subscriber waits after a failure: twice as long after each further one, up to the second.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// What all subscribers of a run do.
#[derive(Clone, Debug)]
pub(super) enum Phase {
    /// They listen.
    Listen,
    /// They have been dropped.
    Away,
    /// They come back.
    Return(Arc<Return>),
    /// They listen, and are no longer cut.
    Settle,
    /// They end.
    End,
}

/// How the subscribers of a storm come back.
#[derive(Debug)]
pub(super) struct Return {
    pub at: Instant,
    /// Each at some time in this.
    pub within: Duration,
    /// How many comments were acknowledged then, by stream and writer: who has them all has caught up.
    pub acknowledged: Vec<Vec<u32>>,
}

/// One subscriber: one socket after the other.
pub(super) struct Subscriber {
    pub api: Api,
    pub account: Arc<Account>,
    pub tally: Arc<Tally>,
    pub stream: Arc<Stream>,
    /// Which stream it is.
    pub place: usize,
    pub phases: watch::Receiver<Phase>,
    /// How many may be opened at the same time at first.
    pub turns: Arc<Semaphore>,
    pub cut: Option<Duration>,
    /// The node of the next connection.
    pub node: usize,
    pub state: State,
}

/// What a subscriber knows over all its connections.
pub(super) struct State {
    cursor: String,
    heard: Heard,
    /// Whether it has heard anything, and so is known to listen.
    is_ready: bool,
    /// When the connection was opened.
    opened_at: DateTime<Utc>,
    /// What it has to catch up with.
    due: Option<Arc<Return>>,
}

impl State {
    pub(super) fn new(stream: &Stream) -> Self {
        Self {
            cursor: stream.cursor.clone(),
            heard: Heard::new(stream.writers.len()),
            is_ready: false,
            opened_at: DateTime::default(),
            due: None,
        }
    }
}

impl Subscriber {
    /// Listens to the end, and returns what it has heard.
    pub(super) async fn run(mut self) -> Heard {
        let mut phases = self.phases.clone();
        let mut pause = PAUSE.0;
        loop {
            let phase = phases.borrow_and_update().clone();
            match phase {
                Phase::End => return self.state.heard,
                Phase::Away => {
                    let next = phases.wait_for(|phase| !matches!(phase, Phase::Away)).await;
                    if let Ok(Phase::Return(back)) = next.map(|next| next.clone()) {
                        sleep_until(back.at + back.within.mul_f64(rand::random())).await;
                        self.state.due = Some(back);
                    }
                    continue;
                }
                Phase::Listen | Phase::Return(_) | Phase::Settle => {}
            }
            let ended = tokio::select! {
                ended = self.listen() => ended,
                _ = phases.wait_for(|phase| matches!(phase, Phase::Away | Phase::End)) => continue,
            };
            self.node += 1;
            match ended {
                Ok(()) => {
                    self.tally.cuts.add();
                    pause = PAUSE.0;
                }
                Err(error) => {
                    self.tally.problem(&format!("socket: {error}"));
                    tokio::select! {
                        () = sleep(pause.mul_f64(0.5 + rand::random::<f64>())) => {}
                        _ = phases.changed() => {}
                    }
                    pause = (pause * 2).min(PAUSE.1);
                }
            }
        }
    }

    /// One connection, until it is cut on purpose.
    async fn listen(&mut self) -> Result<(), String> {
        let mut socket = if self.state.is_ready {
            self.open().await?
        } else {
            let turns = Arc::clone(&self.turns);
            let _turn = turns.acquire().await;
            let mut socket = self.open().await?;
            // The others wait until this one is known to listen.
            let event = timeout(PATIENCE, socket.next()).await;
            self.judge(event.map_err(|_| format!("no event within {PATIENCE:?}"))??);
            socket
        };
        let mut cut = pin!(cut_after(self.cut));
        loop {
            tokio::select! {
                () = &mut cut, if !matches!(*self.phases.borrow(), Phase::Settle) => return Ok(()),
                event = socket.next() => self.judge(event?),
            }
        }
    }

    async fn open(&mut self) -> Result<Socket, String> {
        let start = Instant::now();
        let mut socket = Socket::open(self.api.node(self.node), &self.account.token()).await?;
        self.tally.opening.note(start.elapsed());
        self.state.opened_at = Utc::now();
        socket.subscribe(&self.stream.space, &self.state.cursor).await?;
        Ok(socket)
    }

    fn judge(&mut self, event: Event) {
        let (state, tally) = (&mut self.state, &self.tally);
        if !std::mem::replace(&mut state.is_ready, true) {
            tally.ready.add();
        }
        if matches!(&*event.kind, "STREAM_RESET" | "STREAM_ENDED") {
            tally.problem(&event.kind);
        }
        if let Some(mark) = event.excerpt().and_then(Mark::read) {
            let is_own = mark.stream == self.place;
            let verdict = is_own.then(|| state.heard.note(mark.writer, mark.number)).flatten();
            match verdict {
                None => tally.problem("an event of another stream"),
                Some(Verdict::Repeated) => tally.repeated.add(),
                Some(Verdict::Late) => tally.out_of_order.add(),
                Some(Verdict::Fine) => {}
            }
            if matches!(verdict, Some(Verdict::Fine | Verdict::Late)) {
                tally.delivered.add();
                let took = (Utc::now() - event.occurred_at).to_std().unwrap_or_default();
                let has_waited = event.occurred_at >= state.opened_at;
                if has_waited { &tally.live } else { &tally.replayed }.note(took);
            }
        }
        state.cursor = event.cursor;
        let has_caught_up = |due: &mut Arc<Return>| state.heard.reaches(&due.acknowledged[self.place]);
        if let Some(due) = state.due.take_if(has_caught_up) {
            tally.catching_up.note(due.at.elapsed());
        }
    }
}

/// Somewhere around the given time; never if there's none.
async fn cut_after(about: Option<Duration>) {
    match about {
        Some(about) => sleep(about.mul_f64(0.5 + rand::random::<f64>())).await,
        None => std::future::pending().await,
    }
}
