//! What happens to review rounds in the background.

use std::fmt;

use async_trait::async_trait;

use super::service::{self, ROUND};
use crate::{
    app::App,
    platform::{
        error::Result,
        job::{Handler, Job, Lease, Outcome, Terms},
    },
};

/// Looks after a round.
pub struct CareForRound(pub App);

impl fmt::Debug for CareForRound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CareForRound")
    }
}

#[async_trait]
impl Handler for CareForRound {
    fn kind(&self) -> &'static str {
        ROUND
    }

    /// Never given up: a round that nobody looks after stands still for all of a class.
    fn terms(&self) -> Terms {
        Terms {
            tries: i32::MAX,
            ..Terms::default()
        }
    }

    async fn run(&self, job: &Job, _: &Lease) -> Result<Outcome> {
        service::look_after(&self.0, job.subject_id).await?;
        Ok(Outcome::Done)
    }
}
