//! What a subscriber wants to hear of.

use async_graphql::ID;
use entity::enums::EventKind;
use uuid::Uuid;

use super::SpaceEventKind;
use crate::platform::{
    error::{Error, Reason, Result},
    id::{self, Kind},
    stream::Event,
};

/// Phases of a space.
const PHASES: usize = 4;
/// Kinds that a subscriber names at most.
const MOST_KINDS: usize = 100;

/// What a subscriber wants to hear of; what is absent doesn't filter.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    kinds: Option<Vec<SpaceEventKind>>,
    phases: Option<Vec<Uuid>>,
    thread: Option<Uuid>,
}

impl Filter {
    /// # Errors
    /// `INVALID` for what is no id of its type, and for more phases than there are.
    pub(super) fn new(kinds: Option<Vec<SpaceEventKind>>, phases: Option<&[ID]>, thread: Option<&ID>) -> Result<Self> {
        if kinds.as_ref().is_some_and(|kinds| kinds.len() > MOST_KINDS) {
            let error = Error::invalid(Reason::TooLong, format!("At most {MOST_KINDS}."));
            return Err(error.at(&["kinds"]));
        }
        if phases.is_some_and(|phases| phases.len() > PHASES) {
            let error = Error::invalid(Reason::TooLong, format!("A space has {PHASES} phases."));
            return Err(error.at(&["phaseIds"]));
        }
        let decode = |kind, field: &str, id: &ID| id::decode_as(&[kind], id).map_err(|error| error.at(&[field]));
        let phase = |id: &ID| decode(Kind::Phase, "phaseIds", id);
        Ok(Self {
            kinds,
            phases: phases.map(|phases| phases.iter().map(phase).collect()).transpose()?,
            thread: thread.map(|id| decode(Kind::Thread, "threadId", id)).transpose()?,
        })
    }

    /// Whether the subscriber wants to hear of an event.
    pub(super) fn wants(&self, event: &Event) -> bool {
        let is_kind = |kinds: &Vec<SpaceEventKind>| kinds.contains(&event.kind.into());
        // The event of a thread that has moved is in its new phase, and news for both.
        let is_in = |phases: &Vec<Uuid>| {
            event.kind == EventKind::ThreadMoved || event.phase_id.is_some_and(|phase| phases.contains(&phase))
        };
        let is_about = |thread: Uuid| event.contribution_id == Some(thread) || event.root_id == Some(thread);
        self.kinds.as_ref().is_none_or(is_kind)
            && self.phases.as_ref().is_none_or(is_in)
            && self.thread.is_none_or(is_about)
    }
}
