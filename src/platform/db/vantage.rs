//! Reading among those who listen to a space on this node: what is read for one of them is read for all.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::Reader;
use crate::platform::{
    auth::{Actor, seat::Seat},
    error::Result,
    live::{Personal, Shared},
};

/// From where one of those who listen sees what was read for all of them.
#[derive(Debug)]
pub struct Vantage {
    /// Where they sit.
    pub seat: Arc<Seat>,
    shared: Arc<Shared>,
    actor: Actor,
    /// Whom the rows concern that were handed out, while one reads for all like this one.
    concerned: Option<Mutex<BTreeSet<Uuid>>>,
}

impl Vantage {
    /// The actor's own.
    #[must_use]
    pub fn own(seat: Arc<Seat>, shared: Arc<Shared>, actor: &Actor) -> Self {
        Self {
            seat,
            shared,
            actor: actor.clone(),
            concerned: None,
        }
    }

    /// That of all who sit in `seat`, which may be [nobody's](Seat::of_all_like). What every member of the space sees is read on behalf of
    /// `actor`, one of them; whatever else asks who reads, fails: so all that is found follows from the seat.
    #[must_use]
    pub fn common(seat: Arc<Seat>, shared: Arc<Shared>, actor: &Actor) -> Self {
        Self {
            concerned: Some(Mutex::default()),
            ..Self::own(seat, shared, actor)
        }
    }

    /// Who reads, if it is somebody.
    pub(super) fn actor(&self) -> Option<&Actor> {
        self.concerned.is_none().then_some(&self.actor)
    }

    /// A reader of rows that are the same for every member of the space.
    #[must_use]
    pub fn member(&self, reader: &Reader) -> Arc<Reader> {
        Reader::passing(reader.db(), Some(self.actor.clone()))
    }

    /// A place of the stream that nothing of what was read for all is older than.
    #[must_use]
    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Rows that are read for all who listen; see [`Shared::rows`].
    ///
    /// # Errors
    /// Those of `load`.
    pub async fn rows<'a, T: Personal>(
        &self,
        ids: &[Uuid],
        load: impl FnOnce(Vec<Uuid>) -> BoxFuture<'a, Result<Vec<(Uuid, T)>>>,
    ) -> Result<Vec<Arc<T>>> {
        let rows = self.shared.rows(ids, load).await?;
        if let Some(concerned) = &self.concerned {
            let mut concerned = concerned.lock().unwrap_or_else(PoisonError::into_inner);
            concerned.extend(rows.iter().flat_map(|row| row.people()));
        }
        Ok(rows)
    }

    /// The members whom something concerns of what was read so far: they may see it differently.
    #[must_use]
    pub fn concerned(&self) -> BTreeSet<Uuid> {
        let concerned = self.concerned.as_ref();
        concerned
            .map(|concerned| concerned.lock().unwrap_or_else(PoisonError::into_inner).clone())
            .unwrap_or_default()
    }
}
