//! Noticing that a session has ended while its sockets are open.

use std::{
    pin::Pin,
    sync::{Arc, Weak},
};

use sea_orm::ConnectionTrait;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use uuid::Uuid;

use super::hub::Hub;
use crate::platform::{
    db::Db,
    error::{Error, Result},
};

/// A session that somebody on this node watches.
#[derive(Debug)]
pub(super) struct Watched {
    id: Uuid,
    hub: Weak<Hub>,
    ended: CancellationToken,
}

impl Watched {
    pub(super) fn new(id: Uuid, hub: Weak<Hub>) -> Self {
        let ended = CancellationToken::new();
        Self { id, hub, ended }
    }

    pub(super) fn end(&self) {
        self.ended.cancel();
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let Some(hub) = self.hub.upgrade() {
            hub.sessions.forget(self.id);
        }
    }
}

/// Tells when a session has ended. Nothing is watched any more when it is dropped.
#[derive(Clone, Debug)]
pub struct SessionWatch(pub(super) Arc<Watched>);

impl SessionWatch {
    /// Whether it is known to have ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.0.ended.is_cancelled()
    }

    /// The same as [`Self::ended`], to be waited for again and again.
    #[must_use]
    pub fn ending(&self) -> Pin<Box<WaitForCancellationFutureOwned>> {
        Box::pin(self.0.ended.clone().cancelled_owned())
    }

    /// Completes within about two seconds after the session was ended, has expired or was deleted; longer only while the
    /// database is away. Needs [`super::Live::run`] of this node. Cancel safe.
    pub async fn ended(&self) {
        self.0.ended.cancelled().await;
    }
}

/// Which of `sessions` go on. The others have ended, have expired or are gone.
pub(super) async fn alive(db: &Db, sessions: &[Uuid]) -> Result<Vec<Uuid>> {
    let mut sql = db.sql("SELECT id FROM session WHERE ");
    sql.is_in("id", sessions)
        .push(" AND ended_at IS NULL AND expires_at > ")
        .bind(db.clock().system());
    let rows = db.newest().query_all_raw(sql.statement()).await?;
    rows.iter()
        .map(|row| row.try_get("", "id").map_err(Error::from))
        .collect()
}
