//! Telling inboxes of events.

use std::fmt;

use async_trait::async_trait;

use super::service;
use crate::{
    app::App,
    platform::{
        error::Result,
        job::{FAN_OUT, Handler, Job, Lease, Outcome, Terms},
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
