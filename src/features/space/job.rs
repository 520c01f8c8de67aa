//! What happens to spaces by time.

use std::fmt;

use async_trait::async_trait;
use entity::enums::EventKind;

use super::{service, store};
use crate::{
    app::App,
    event,
    features::{account, organisation},
    platform::{
        db::Reader,
        error::Result,
        job::{Handler, Job, Lease, Outcome},
    },
};

/// Tells the spaces of a person, or of an organisation, that the name is another one.
pub struct TellRenamed {
    app: App,
    kind: &'static str,
}

impl TellRenamed {
    /// Both kinds.
    #[must_use]
    pub fn all(app: &App) -> [Self; 2] {
        [account::RENAMED, organisation::RENAMED].map(|kind| Self { app: app.clone(), kind })
    }
}

impl fmt::Debug for TellRenamed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TellRenamed")
    }
}

#[async_trait]
impl Handler for TellRenamed {
    fn kind(&self) -> &'static str {
        self.kind
    }

    /// A unit for each space. An attempt that follows another one may tell some of them twice, which clients don't notice.
    async fn run(&self, job: &Job, lease: &Lease) -> Result<Outcome> {
        let reader = Reader::passing(&self.app.db, None);
        let places = match self.kind {
            account::RENAMED => store::system_memberships(&reader, job.subject_id).await?,
            _ => store::system_spaces_of(&reader, job.subject_id).await?,
        };
        for place in places {
            if lease.is_over() {
                return Ok(Outcome::Retry("LATE"));
            }
            let unit = self.app.db.write(Some(place.space_id), |tx| {
                Box::pin(async move {
                    let event = match place.member_id {
                        Some(member) => event::member(tx.clock(), EventKind::MemberUpdated, None, member),
                        None => event::space(tx.clock(), EventKind::SpaceUpdated, None),
                    };
                    tx.emit(place.space_id, event);
                    Ok(())
                })
            });
            unit.await?;
        }
        Ok(Outcome::Done)
    }
}

/// Archives the spaces that have been closed for 180 days. Returns how many.
///
/// # Errors
/// The database's.
pub async fn archive_closed(app: &App) -> Result<usize> {
    let due = store::system_due_for_archive(&app.db, app.clock.now() - crate::policy::REOPEN_WITHIN).await?;
    for &space in &due {
        service::archive_by_time(app, space).await?;
    }
    Ok(due.len())
}
