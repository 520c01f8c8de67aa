//! The seat of one who listens to a space, as it is now.

use std::sync::Arc;

use uuid::Uuid;

use crate::{
    features::space::seat,
    platform::{
        auth::{Actor, seat::Seat},
        db::{Db, Reader, Vantage},
        error::{Error, Result},
        live::{Listener, Shared},
    },
};

/// A member who listens to a space.
pub struct Seated {
    db: Db,
    actor: Actor,
    space: Uuid,
    seat: Arc<Seat>,
    /// The seat of all like this one; none if there are none.
    all_like: Option<Arc<Seat>>,
    /// The last event that the seat takes into account; none if it has to be read again.
    as_of: Option<i64>,
}

/// What became of a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sitting {
    /// Nothing has happened that could have changed it.
    Same,
    /// It was read again.
    Renewed,
    /// They are no member any more.
    Over,
}

impl Seated {
    /// # Errors
    /// `NOT_FOUND` for all but members.
    pub async fn new(db: &Db, actor: &Actor, space: Uuid) -> Result<Self> {
        let reader = Reader::passing(db, Some(actor.clone()));
        let (seat, as_of) = seat(&reader, space).await?.ok_or_else(Error::not_found)?;
        Ok(Self {
            db: db.clone(),
            actor: actor.clone(),
            space,
            all_like: seat.of_all_like().map(Arc::new),
            seat: Arc::new(seat),
            as_of: Some(as_of),
        })
    }

    /// Reads the seat again if something happened that may have changed it.
    ///
    /// # Errors
    /// The database's.
    pub async fn renew(&mut self, listener: &Listener) -> Result<Sitting> {
        let (member, has_grants) = (self.seat.member_id, !self.seat.grants.is_empty());
        let is_current = |&as_of: &i64| !listener.has_moved(member, has_grants, as_of);
        if self.as_of.as_ref().is_some_and(is_current) {
            return Ok(Sitting::Same);
        }
        let Some((seat, as_of)) = seat(&self.passing(), self.space).await? else {
            return Ok(Sitting::Over);
        };
        self.all_like = seat.of_all_like().map(Arc::new);
        self.seat = Arc::new(seat);
        self.as_of = Some(as_of);
        Ok(Sitting::Renewed)
    }

    /// The past turned out to be another one: the seat has to be read again.
    pub fn forget(&mut self) {
        self.as_of = None;
    }

    /// The seat as it was read last.
    #[must_use]
    pub fn seat(&self) -> &Arc<Seat> {
        &self.seat
    }

    /// The seat of all who differ from this one in nothing but who they are; none if there are none.
    #[must_use]
    pub fn all_like(&self) -> Option<&Arc<Seat>> {
        self.all_like.as_ref()
    }

    /// A reader of their own.
    #[must_use]
    pub fn passing(&self) -> Arc<Reader> {
        Reader::passing(&self.db, Some(self.actor.clone()))
    }

    /// A reader who takes what was read for all who listen.
    #[must_use]
    pub fn among(&self, shared: &Arc<Shared>) -> Arc<Reader> {
        let vantage = Vantage::own(Arc::clone(&self.seat), Arc::clone(shared), &self.actor);
        Reader::among(&self.db, vantage)
    }

    /// The same for nobody: what it finds is what all find who sit in this seat.
    #[must_use]
    pub fn among_all_in(&self, seat: &Arc<Seat>, shared: &Arc<Shared>) -> Arc<Reader> {
        let vantage = Vantage::common(Arc::clone(seat), Arc::clone(shared), &self.actor);
        Reader::among(&self.db, vantage)
    }
}
