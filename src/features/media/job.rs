//! What happens to files in the background.

use std::{fmt, time::Duration};

use async_trait::async_trait;

use super::service;
use crate::{
    app::App,
    platform::{
        db::Tx,
        error::Result,
        job::{Handler, Job, Lease, Outcome, Terms},
    },
};

/// The kind of job that makes a safe version of a file.
pub(super) const PROCESS: &str = "media.process";

/// Makes safe versions of files.
pub struct ProcessMedia(pub App);

impl fmt::Debug for ProcessMedia {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ProcessMedia")
    }
}

#[async_trait]
impl Handler for ProcessMedia {
    fn kind(&self) -> &'static str {
        PROCESS
    }

    /// One at a time: a decoded photo takes up to 100 MB.
    fn terms(&self) -> Terms {
        Terms {
            at_once: 1,
            limit: Duration::from_secs(600),
            ..Terms::default()
        }
    }

    async fn run(&self, job: &Job, lease: &Lease) -> Result<Outcome> {
        service::process(&self.0, job, lease).await
    }

    async fn given_up(&self, tx: &mut Tx<'_>, job: &Job) -> Result<()> {
        service::give_up(tx, job).await
    }
}

/// Clears away what nobody waits for. Returns how many files and objects.
///
/// # Errors
/// The store's or the database's.
pub async fn sweep(app: &App) -> Result<usize> {
    service::sweep(app).await
}
