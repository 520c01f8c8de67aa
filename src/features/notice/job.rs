//! Telling inboxes of events.

use std::fmt;

use async_trait::async_trait;

use super::service;
use crate::{
    app::App,
    platform::{
        error::Result,
        job::{FAN_OUT, Handler, INBOX, Job, Lease, Outcome, Terms},
    },
};

/// Tells those of an event whom it concerns.
pub struct FanOut(pub App);

impl fmt::Debug for FanOut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FanOut")
    }
}

#[async_trait]
impl Handler for FanOut {
    fn kind(&self) -> &'static str {
        FAN_OUT
    }

    fn terms(&self) -> Terms {
        Terms {
            tries: 10,
            ..Terms::default()
        }
    }

    async fn run(&self, job: &Job, lease: &Lease) -> Result<Outcome> {
        service::fan_out(&self.0, job.subject_id, lease).await
    }
}

/// Tells an account that its inbox isn't what it was.
pub struct InboxChanged(pub App);

impl fmt::Debug for InboxChanged {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("InboxChanged")
    }
}

#[async_trait]
impl Handler for InboxChanged {
    fn kind(&self) -> &'static str {
        INBOX
    }

    async fn run(&self, job: &Job, lease: &Lease) -> Result<Outcome> {
        service::tell_changed(&self.0, job.subject_id, lease).await
    }
}
