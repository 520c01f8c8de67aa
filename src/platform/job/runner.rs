//! Claiming jobs and working on them.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::TimeDelta;
use futures_util::future::join_all;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::{JoinError, JoinSet},
    time::{Instant, MissedTickBehavior, interval, interval_at, sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use uuid::Uuid;

use super::{
    Handler, Job, Outcome, Terms,
    lease::{Lease, Step},
    queue,
};
use crate::platform::{
    db::Db,
    error::{Error, Result},
    retry::Retry,
};

/// How often due jobs are looked for: those that other nodes have asked for, and those whose time has come.
const LOOK: Duration = Duration::from_secs(2);

/// How long a claim is good for; it is renewed three times as often.
const LEASE: Duration = Duration::from_secs(60);

/// How long a handler may take to come to an end.
const GRACE: Duration = Duration::from_secs(5);

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// Works on the jobs of some kinds, a bounded number of each at the same time.
#[derive(Debug)]
pub struct Runner {
    db: Db,
    lease: Duration,
    kinds: BTreeMap<&'static str, Kind>,
    /// Jobs whose last attempt ended in this process, which the database did not take note of.
    unnoted: Arc<Mutex<HashSet<Uuid>>>,
}

#[derive(Clone, Debug)]
struct Kind {
    handler: Arc<dyn Handler>,
    terms: Terms,
    places: Arc<Semaphore>,
}

impl Runner {
    /// A runner that knows these handlers, one for each kind.
    #[must_use]
    pub fn new(db: &Db, handlers: Vec<Arc<dyn Handler>>) -> Self {
        let kinds = handlers.into_iter().map(|handler| {
            let terms = handler.terms();
            let places = Arc::new(Semaphore::new(terms.at_once));
            let name = handler.kind();
            (name, Kind { handler, terms, places })
        });
        Self {
            db: db.clone(),
            lease: LEASE,
            kinds: kinds.collect(),
            unnoted: Arc::default(),
        }
    }

    /// The same with other leases than those of a minute. For tests alone.
    #[doc(hidden)]
    #[must_use]
    pub fn with_lease(self, lease: Duration) -> Self {
        Self { lease, ..self }
    }

    /// The same for some kinds of jobs only. For tests alone.
    #[doc(hidden)]
    #[must_use]
    pub fn only(mut self, is_wanted: impl Fn(&str) -> bool) -> Self {
        self.kinds.retain(|kind, _| is_wanted(kind));
        self
    }

    /// Works until `stop`, then gives back what it couldn't finish within a few seconds.
    pub async fn run(&self, stop: CancellationToken) {
        if self.kinds.is_empty() {
            return;
        }
        let mut retry = Retry::new("looking for jobs");
        if !self.db.is_postgres() {
            // This process has the database for itself: whoever held a claim is gone.
            while let Err(error) = queue::end_claims(&self.db).await {
                if stop.run_until_cancelled(retry.failed(&error)).await.is_none() {
                    return;
                }
            }
        }
        let mut running = JoinSet::new();
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(_) = running.join_next() => {}
                () = self.db.jobs_asked_for() => {}
                _ = look.tick() => {}
            }
            match self.claim().await {
                Ok(attempts) => {
                    retry.worked();
                    for attempt in attempts {
                        running.spawn(attempt.run(stop.clone()));
                    }
                }
                Err(error) => {
                    stop.run_until_cancelled(retry.failed(&error)).await;
                }
            }
        }
        while running.join_next().await.is_some() {}
    }

    /// One round: claims what is due now, works on it, and returns how many jobs that were.
    ///
    /// # Errors
    /// The database's, when it looks for jobs.
    pub async fn run_due(&self, stop: &CancellationToken) -> Result<usize> {
        let attempts = self.claim().await?;
        let count = attempts.len();
        join_all(attempts.into_iter().map(|attempt| attempt.run(stop.clone()))).await;
        Ok(count)
    }

    /// Claims as many due jobs as there are places for.
    async fn claim(&self) -> Result<Vec<Attempt>> {
        let take = |kind: &Kind| {
            let take = || Arc::clone(&kind.places).try_acquire_owned().ok();
            std::iter::from_fn(take).collect::<Vec<OwnedSemaphorePermit>>()
        };
        let mut taken: BTreeMap<_, _> = self.kinds.iter().map(|(&name, kind)| (name, take(kind))).collect();
        let places: &Vec<_> = &taken.iter().map(|(&name, places)| (name, places.len())).collect();
        if places.iter().all(|(_, free)| *free == 0) || self.db.refuses() || !queue::is_due(&self.db, places).await? {
            return Ok(Vec::new());
        }
        let claim = self.db.clock().new_id();
        let until = self.db.clock().system() + self.lease;
        let jobs = self
            .db
            .write(None, |tx| {
                Box::pin(async move { queue::claim(tx, claim, until, places).await })
            })
            .await?;
        let attempts = jobs.into_iter().filter_map(|job| {
            Some(Attempt {
                kind: self.kinds.get(&*job.kind)?.clone(),
                _place: taken.get_mut(&*job.kind)?.pop()?,
                lease: Lease::new(&self.db, job.id, claim),
                term: self.lease,
                db: self.db.clone(),
                unnoted: Arc::clone(&self.unnoted),
                job,
            })
        });
        Ok(attempts.collect())
    }
}

/// A job in work.
struct Attempt {
    db: Db,
    job: Job,
    kind: Kind,
    lease: Lease,
    /// How long the lease is good for without being renewed.
    term: Duration,
    unnoted: Arc<Mutex<HashSet<Uuid>>>,
    _place: OwnedSemaphorePermit,
}

/// Why an attempt is called off.
#[derive(Clone, Copy, Debug)]
enum End {
    Stopped,
    TimeUp,
    Lost,
}

/// What a handler's task returned; none if it had to be dropped.
type Returned = Option<std::result::Result<Result<Outcome>, JoinError>>;

impl Attempt {
    async fn run(self, stop: CancellationToken) {
        let is_unnoted = self.lock_unnoted().remove(&self.job.id);
        if self.job.attempts > self.kind.terms.tries && !is_unnoted {
            // Each attempt took its process with it.
            return self.give_up("DIED").await;
        }
        let task = {
            let (handler, job, lease) = (Arc::clone(&self.kind.handler), self.job.clone(), self.lease.clone());
            // A task of its own: a panic ends there, and one who computes for long doesn't keep the lease from being renewed.
            tokio::spawn(async move { handler.run(&job, &lease).await })
        };
        let (returned, end) = self.watch(AbortOnDropHandle::new(task), &stop).await;
        let (why, cause) = match (returned, end) {
            (Some(Ok(Ok(Outcome::Completed(_)))), _) => return,
            (Some(Ok(Ok(Outcome::Done))), _) => return self.check(self.lease.end().await),
            (_, Some(End::Lost)) => return self.check(Ok(Step::Lost)),
            (Some(Ok(Ok(Outcome::Later(pause)))), _) => {
                let pause = TimeDelta::from_std(pause).unwrap_or_default();
                return self.check(self.lease.leave(pause).await);
            }
            (Some(Ok(Ok(Outcome::Park(why)))), _) => {
                self.warn(why, None);
                return self.give_up(why).await;
            }
            (_, Some(End::Stopped)) => return self.check(self.lease.give_back().await),
            (_, Some(End::TimeUp)) => ("TIME_UP", None),
            (Some(Ok(Ok(Outcome::Retry(why)))), None) => (why, None),
            (Some(Ok(Err(error))), None) => (word(&error), Some(error)),
            // The text of a panic is in the log already.
            (Some(Err(_)) | None, None) => ("PANIC", None),
        };
        // The job is not at fault, and no attempt fares better until there is room.
        let counts = !self.db.refuses();
        self.warn(why, cause);
        if !counts || self.job.attempts < self.kind.terms.tries {
            self.check(self.lease.put_off(self.pause(), why, counts).await);
        } else {
            self.give_up(why).await;
        }
    }

    /// Waits for the handler, and keeps the lease meanwhile.
    async fn watch(
        &self,
        mut task: AbortOnDropHandle<Result<Outcome>>,
        stop: &CancellationToken,
    ) -> (Returned, Option<End>) {
        let beat = self.term / 3;
        let mut beat = interval_at(Instant::now() + beat, beat);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut limit = std::pin::pin!(sleep(self.kind.terms.limit));
        let mut good_until = self.job.due_at;
        let end = loop {
            tokio::select! {
                returned = &mut task => return (Some(returned), None),
                () = stop.cancelled() => break End::Stopped,
                () = &mut limit => break End::TimeUp,
                () = self.lease.ended() => break End::Lost,
                _ = beat.tick() => {
                    let until = self.db.clock().system() + self.term;
                    match self.lease.renew(until).await {
                        Ok(Step::Taken) => good_until = until,
                        Ok(Step::Lost) => break End::Lost,
                        Err(_) if self.db.clock().system() >= good_until => break End::Lost,
                        // The database will answer next time, or nobody else can claim the job either.
                        Err(_) => {}
                    }
                }
            }
        };
        self.lease.call_off();
        (timeout(GRACE, task).await.ok(), Some(end))
    }

    /// Parks the job. If that is not possible, because it was asked for again or its handler couldn't take note, it is put off.
    async fn give_up(&self, why: &'static str) {
        match self.lease.park(&*self.kind.handler, &self.job, why).await {
            Ok(()) => tracing::warn!(kind = self.job.kind, job = %self.job.id, why, "a job was given up"),
            Err(error) => {
                tracing::warn!(kind = self.job.kind, job = %self.job.id, ?error, "a job could not be given up yet");
                let counts = !self.db.refuses();
                self.check(self.lease.put_off(self.pause(), why, counts).await);
            }
        }
    }

    fn lock_unnoted(&self) -> MutexGuard<'_, HashSet<Uuid>> {
        self.unnoted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pause(&self) -> TimeDelta {
        let failed = u32::try_from(self.job.attempts - 1).unwrap_or_default();
        let pause = self.kind.terms.pause.saturating_mul(4_u32.saturating_pow(failed));
        let pause = pause.min(LONGEST_PAUSE).mul_f64(rand::random_range(0.75..1.25));
        TimeDelta::milliseconds(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX))
    }

    fn warn(&self, why: &'static str, cause: Option<Error>) {
        let Job { kind, id, attempts, .. } = &self.job;
        tracing::warn!(kind, job = %id, attempt = attempts, why, ?cause, "an attempt at a job failed");
    }

    /// Logs that the last step of an attempt had no effect: somebody will do the job again.
    fn check(&self, step: Result<Step>) {
        let Job { kind, id, .. } = &self.job;
        match step {
            Ok(Step::Taken) => {}
            Ok(Step::Lost) => tracing::warn!(kind, job = %id, "the lease of a job was lost"),
            Err(error) => {
                self.lock_unnoted().insert(*id);
                tracing::warn!(kind, job = %id, ?error, "the end of an attempt could not be noted");
            }
        }
    }
}

/// A word for the row.
fn word(error: &Error) -> &'static str {
    match error {
        Error::Refused(_) | Error::Unauthenticated => "REFUSED",
        Error::RateLimited(_) | Error::Unavailable(_) | Error::Contended => "UNAVAILABLE",
        Error::Internal(_) => "INTERNAL",
    }
}
