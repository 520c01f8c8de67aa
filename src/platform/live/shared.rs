//! Rows that are read once for everybody who listens to a stream.

use std::{
    any::{Any, TypeId},
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use tokio::{sync::OnceCell, time::Instant};
use uuid::Uuid;

use crate::platform::{auth::seat::Seat, error::Result, feed::Selection, stream::Cursor};

/// Rows and answers that are kept at most: whoever needs more begins anew.
const MOST: usize = 1_000;
/// Bytes of an answer that weigh as much as a row.
const WEIGHT: usize = 4_096;
/// How long an answer may be shared: what is in it of the time, and of what no event tells of, is not older.
const FRESH: Duration = Duration::from_secs(5);

/// A row that is read for all who listen.
pub trait Personal: Send + Sync + 'static {
    /// The members to whom it is something special: they may see it differently from others who sit like them.
    fn people(&self) -> Vec<Uuid>;
}

/// Whose answers to an event are the same: what they asked for, the place of the event, and how they sit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AnswerKey {
    /// What they asked for.
    pub selection: Selection,
    /// The place of the event.
    pub cursor: Cursor,
    /// How they sit: a member's own seat, for all their sockets, or [nobody's](Seat::of_all_like).
    pub seat: Arc<Seat>,
}

/// What is told to all who have the same key.
#[derive(Debug)]
pub enum Common {
    /// It depends on who they are.
    Differs,
    /// All but a few are told the same.
    Same {
        /// What; nothing, if the event isn't for them.
        told: Option<Arc<str>>,
        /// The members of whom that isn't known.
        except: BTreeSet<Uuid>,
        /// When it was made.
        made: Instant,
    },
}

impl Common {
    /// What a member is told; `None` if that has to be found out for this one.
    #[must_use]
    pub fn to(&self, member: Uuid) -> Option<Option<Arc<str>>> {
        match self {
            Self::Same { told, except, made } if !except.contains(&member) && made.elapsed() < FRESH => {
                Some(told.clone())
            }
            _ => None,
        }
    }
}

/// What a node has read for those who listen to a stream, by type and id. Nobody's sight is in it: what each of them sees of a row
/// is decided for each. It is good until more is known of the stream: from then on listeners get a new one, so that nobody is shown
/// what an event that they have got, or an act that was answered before, has changed.
#[derive(Debug)]
pub struct Shared {
    /// How far the stream was known to go before any of it was read.
    pub(super) known: i64,
    /// A place of the stream that nothing in here is older than.
    since: Cursor,
    shelves: Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
    answers: Mutex<HashMap<AnswerKey, Arc<OnceCell<Common>>>>,
    count: AtomicUsize,
}

/// The rows of one type; none for an id of nothing.
struct Shelf<T> {
    known: RwLock<HashMap<Uuid, Option<Arc<T>>>>,
    /// Held by the one who reads for the others.
    turn: tokio::sync::Mutex<()>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self {
            known: RwLock::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }
}

impl<T> Shelf<T> {
    /// The ids that nobody has asked for yet.
    fn missing(&self, ids: &[Uuid]) -> Vec<Uuid> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        ids.iter().filter(|id| !known.contains_key(id)).copied().collect()
    }

    fn find(&self, ids: &[Uuid]) -> Vec<Arc<T>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        ids.iter().filter_map(|id| known.get(id)?.clone()).collect()
    }
}

impl Shared {
    pub(super) fn new(known: i64, since: Cursor) -> Self {
        Self {
            known,
            since,
            shelves: Mutex::default(),
            answers: Mutex::default(),
            count: AtomicUsize::new(0),
        }
    }

    /// A place of the stream that nothing in here is older than.
    #[must_use]
    pub fn since(&self) -> Cursor {
        self.since
    }

    pub(super) fn is_full(&self) -> bool {
        self.count.load(Ordering::Relaxed) >= MOST
    }

    fn shelf<T: Send + Sync + 'static>(&self) -> Arc<Shelf<T>> {
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        let shelf = shelves
            .entry(TypeId::of::<T>())
            .or_insert_with(|| Arc::new(Shelf::<T>::default()));
        Arc::clone(shelf).downcast().unwrap_or_default()
    }

    /// The rows of these ids, as far as there are any, each once. Those that nobody has asked for yet are read by `load`, which gets their ids,
    /// while all others who need some of this type wait.
    ///
    /// # Errors
    /// Those of `load`; whoever asks next tries again.
    pub(in super::super) async fn rows<'a, T: Personal>(
        &self,
        ids: &[Uuid],
        load: impl FnOnce(Vec<Uuid>) -> BoxFuture<'a, Result<Vec<(Uuid, T)>>>,
    ) -> Result<Vec<Arc<T>>> {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        let shelf = self.shelf::<T>();
        if !shelf.missing(&ids).is_empty() {
            let _turn = shelf.turn.lock().await;
            let missing = shelf.missing(&ids);
            if !missing.is_empty() {
                let rows = load(missing.clone()).await?;
                self.count.fetch_add(missing.len(), Ordering::Relaxed);
                let mut known = shelf.known.write().unwrap_or_else(PoisonError::into_inner);
                known.extend(missing.into_iter().map(|id| (id, None)));
                known.extend(rows.into_iter().map(|(id, row)| (id, Some(Arc::new(row)))));
            }
        }
        Ok(shelf.find(&ids))
    }

    /// What all with this key are told: made by the first who asks while the others wait.
    #[must_use]
    pub fn answer(&self, key: AnswerKey) -> Arc<OnceCell<Common>> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(answers.entry(key).or_default())
    }

    /// Notes that an answer was made.
    pub fn made(&self, common: &Common) {
        let bytes = match common {
            Common::Same { told: Some(told), .. } => told.len(),
            _ => 0,
        };
        self.count.fetch_add(1 + bytes / WEIGHT, Ordering::Relaxed);
    }
}
