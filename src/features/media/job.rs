//! What happens to files in the background.

use std::{fmt, time::Duration};

use async_trait::async_trait;

use super::service::{self, DELETE, PROCESS};
use crate::{
    app::App,
    platform::{
        db::Tx,
        error::Result,
        job::{Handler, Job, Lease, Outcome, Terms},
    },
};

/// Deletes files of those who were erased.
pub struct DeleteMedia(pub App);

impl fmt::Debug for DeleteMedia {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DeleteMedia")
    }
}

#[async_trait]
impl Handler for DeleteMedia {
    fn kind(&self) -> &'static str {
        DELETE
    }

    /// Until it is done: the sweep goes on where this gives up.
    fn terms(&self) -> Terms {
        Terms {
            tries: 10,
            ..Terms::default()
        }
    }

    async fn run(&self, job: &Job, _: &Lease) -> Result<Outcome> {
        service::delete(&self.0, job.subject_id).await?;
        Ok(Outcome::Done)
    }
}

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
