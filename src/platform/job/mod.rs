//! Jobs: work that is done later, or again, and survives the process. Each is a row that is written in the unit of work of
//! its cause, and goes when it is done.
//!
//! A [`Runner`] claims what is due for a while, under a claim id of its own, and keeps that [`Lease`] alive while a
//! [`Handler`] works. Who dies loses it, and another does the job again; who lost it can't end the job any more. So an attempt
//! may be made twice, but what a handler writes in the unit in which it calls [`Lease::complete`] is written once.
//!
//! Of a kind, a subject has one job at a time. Asked for again while it waits, it stays one, at the earlier time; asked for again while somebody
//! works on it, it is done once more afterwards, because who works may have read too early.
//!
//! The clocks of all nodes must agree to within half a minute.

mod lease;
mod queue;
mod runner;

use std::{fmt::Debug, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

pub use entity::job::Model as Job;

pub(super) use self::queue::append;
pub use self::{
    lease::{Completed, Lease},
    queue::forget_parked,
    runner::Runner,
};
use super::{db::Tx, error::Result};

/// The kind of the jobs that tell inboxes of an event, which is their subject. A unit of work asks for them by itself.
pub const FAN_OUT: &str = "fanout";

/// The kind of the jobs that tell an account, their subject, that what it hasn't read has become less or more.
pub const INBOX: &str = "inbox";

/// The kind of the jobs that bring rows to the form of a later release; see [`migration::Backfill`].
pub const BACKFILL: &str = "backfill";

/// A job to be asked for with [`Tx::enqueue`].
#[derive(Clone, Copy, Debug)]
pub struct NewJob {
    /// What is to be done: the kind of a [`Handler`].
    pub kind: &'static str,
    /// To what.
    pub subject_id: Uuid,
    /// In which space, if in one.
    pub space_id: Option<Uuid>,
    /// When, at the earliest.
    pub due_at: DateTime<Utc>,
}

/// Does the jobs of one kind.
#[async_trait]
pub trait Handler: Debug + Send + Sync {
    /// The kind; it stays the same for as long as there may be rows with it.
    fn kind(&self) -> &'static str;

    /// How its jobs are done.
    fn terms(&self) -> Terms {
        Terms::default()
    }

    /// Makes an attempt. It may follow one that was broken off anywhere. When the lease [ends](Lease::ended) it has five
    /// seconds to return, then it is dropped; work on other threads has to look at [`Lease::is_over`] by itself.
    ///
    /// # Errors
    /// Anything: the attempt has failed, like with [`Outcome::Retry`].
    async fn run(&self, job: &Job, lease: &Lease) -> Result<Outcome>;

    /// The job will not be attempted again. Runs in the unit of work that parks it.
    ///
    /// # Errors
    /// The database's: it is tried again later.
    async fn given_up(&self, _tx: &mut Tx<'_>, _job: &Job) -> Result<()> {
        Ok(())
    }
}

/// How jobs of a kind are done.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Jobs that a node works on at the same time.
    pub at_once: usize,
    /// How long an attempt may take.
    pub limit: Duration,
    /// Attempts before it is given up.
    pub tries: i32,
    /// How long after the first failed attempt the second begins; each further pause is four times as long, up to an hour.
    pub pause: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            at_once: 4,
            limit: Duration::from_secs(300),
            tries: 5,
            pause: Duration::from_secs(10),
        }
    }
}

/// How an attempt ended. Reasons are words of the program, so that no personal text comes into the row or the log.
#[derive(Debug)]
pub enum Outcome {
    /// It is done; the runner ends the job.
    Done,
    /// It is done, and the job ended with it.
    Completed(Completed),
    /// It didn't work this time.
    Retry(&'static str),
    /// Not now, and nothing is wrong: another attempt, or another node, goes on after this time.
    Later(Duration),
    /// It will never work.
    Park(&'static str),
}

impl From<Completed> for Outcome {
    fn from(completed: Completed) -> Self {
        Self::Completed(completed)
    }
}
