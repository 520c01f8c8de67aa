//! Writers: comments at a steady pace, each until it is acknowledged.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use tokio::time::{Instant, sleep, sleep_until};

use super::{account::Account, api::Api, judge::Mark, stage::Stream, tally::Tally};

/// How long a writer tries to get one comment acknowledged.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long it waits before it tries again.
const PAUSE: Duration = Duration::from_millis(200);

/// When the comments of one stream are due: evenly, whoever of the writers is free. When the server is slower than that, what is
/// due is written as soon as it can be.
#[derive(Debug)]
pub(super) struct Pace {
    start: Instant,
    interval: Duration,
    end: Option<Instant>,
    most: u64,
    given: AtomicU64,
}

impl Pace {
    /// So many a second, until `end` or as many as `most`.
    pub(super) fn new(start: Instant, per_second: f64, end: Option<Instant>, most: Option<u64>) -> Self {
        Self {
            start,
            interval: Duration::try_from_secs_f64(1.0 / per_second).unwrap_or(Duration::MAX),
            end,
            most: most.unwrap_or(u64::MAX),
            given: AtomicU64::new(0),
        }
    }

    /// When the next one is due; nothing if that was the last.
    fn next(&self) -> Option<Instant> {
        let number = self.given.fetch_add(1, Ordering::Relaxed);
        let after = u32::try_from(number)
            .ok()
            .and_then(|number| self.interval.checked_mul(number))?;
        let due = self.start.checked_add(after)?;
        let is_over = self.end.is_some_and(|end| due >= end || Instant::now() >= end);
        (number < self.most && !is_over).then_some(due)
    }
}

/// How many comments of one writer were sent and acknowledged.
#[derive(Debug, Default)]
pub(super) struct Progress {
    sent: AtomicU32,
    acknowledged: AtomicU32,
}

impl Progress {
    pub(super) fn sent(&self) -> u32 {
        self.sent.load(Ordering::SeqCst)
    }

    pub(super) fn acknowledged(&self) -> u32 {
        self.acknowledged.load(Ordering::SeqCst)
    }

    /// How many were sent of which nobody knows what became: the last one, or none.
    pub(super) fn unknown(&self) -> u32 {
        self.sent() - self.acknowledged()
    }
}

/// One writer of a stream.
pub(super) struct Writer {
    pub api: Api,
    pub account: Arc<Account>,
    pub tally: Arc<Tally>,
    pub pace: Arc<Pace>,
    pub stream: Arc<Stream>,
    /// Which stream, and which of its writers.
    pub place: (usize, usize),
    /// Makes the keys of this run unlike those of any other.
    pub run: u64,
}

impl Writer {
    /// Writes until the pace ends, or a comment can't be written.
    pub(super) async fn run(self) {
        let (stream, writer) = self.place;
        let progress = &self.stream.writers[writer];
        let mut node = stream + writer;
        for number in 0.. {
            let Some(due) = self.pace.next() else { return };
            sleep_until(due).await;
            let mark = Mark { stream, writer, number };
            progress.sent.store(number + 1, Ordering::SeqCst);
            let start = Instant::now();
            while let Err(error) = self.write(node, mark).await {
                self.tally.problem(&format!("write: {error}"));
                if start.elapsed() > PATIENCE {
                    return;
                }
                node += 1;
                sleep(PAUSE).await;
            }
            progress.acknowledged.store(number + 1, Ordering::SeqCst);
            self.tally.writes.note(start.elapsed());
        }
    }

    async fn write(&self, node: usize, mark: Mark) -> Result<(), String> {
        let input = json!({
            "rootId": self.stream.thread,
            "body": mark.text(),
            // Whoever tries again must not write twice.
            "idempotencyKey": format!("bench-{:016x}-{}-{}-{}", self.run, mark.stream, mark.writer, mark.number),
        });
        let token = self.account.token();
        let create = ("commentCreate", "comment { id }");
        self.api.mutate(node, Some(&token), create, input).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn comments_are_due_evenly() {
        let start = Instant::now();
        let pace = Pace::new(start, 20.0, None, None);
        let due: Vec<_> = (0..3).filter_map(|_| pace.next()).map(|due| due - start).collect();
        assert_eq!(due, [0, 50, 100].map(Duration::from_millis));
    }

    #[tokio::test]
    async fn a_pace_ends_after_its_time_or_number() {
        let start = Instant::now();
        let count = |pace: Pace| std::iter::from_fn(|| pace.next()).count();
        assert_eq!(
            count(Pace::new(start, 10.0, Some(start + Duration::from_secs(1)), None)),
            10
        );
        assert_eq!(count(Pace::new(start, 10.0, None, Some(7))), 7);
        assert_eq!(count(Pace::new(start, 10.0, Some(start), None)), 0);
    }
}
