//! Reads without N+1: levels and links.
//!
//! The rows that one statement returned are a [`Level`]; a GraphQL object is one row of a shared level ([`At`]). A relation
//! is a [`Link`] on the level: one statement, for all rows of the level, run by the first resolver that asks. Batching
//! therefore needs neither timers nor look-ahead, and a list costs one statement per relation, however long it is.
//!
//! A level lives in one request and is never cached or shared between viewers; after a write, load a new one.

use std::{
    any::Any,
    collections::HashMap,
    marker::PhantomData,
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::{TryFutureExt, future::BoxFuture};
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::{
    db::Reader,
    error::{Error, Result},
    page::{Cut, Page, Total},
};

/// Rows of one statement, with the links to what belongs to them.
#[derive(Debug)]
pub struct Level<R, L> {
    /// Who reads, and through which connection.
    pub reader: Arc<Reader>,
    /// The rows.
    pub rows: Vec<R>,
    /// What belongs to the rows, as far as it was asked for.
    pub links: L,
}

impl<R, L: Default> Level<R, L> {
    /// A new level.
    #[must_use]
    pub fn new(reader: &Arc<Reader>, rows: Vec<R>) -> Arc<Self> {
        Arc::new(Self {
            reader: Arc::clone(reader),
            rows,
            links: L::default(),
        })
    }

    /// Every row as an object.
    #[must_use]
    pub fn all(self: &Arc<Self>) -> Vec<At<R, L>> {
        (0..self.rows.len()).map(|index| At(Arc::clone(self), index)).collect()
    }

    /// The first row as an object.
    #[must_use]
    pub fn first(self: &Arc<Self>) -> Option<At<R, L>> {
        (!self.rows.is_empty()).then(|| At(Arc::clone(self), 0))
    }
}

/// One row of a level.
#[derive(Debug)]
pub struct At<R, L>(pub Arc<Level<R, L>>, pub usize);

impl<R, L> At<R, L> {
    /// The level of this row.
    #[must_use]
    pub fn level(&self) -> &Arc<Level<R, L>> {
        &self.0
    }

    /// Who reads.
    #[must_use]
    pub fn reader(&self) -> &Arc<Reader> {
        &self.0.reader
    }
}

impl<R, L> Clone for At<R, L> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0), self.1)
    }
}

impl<R, L> Deref for At<R, L> {
    type Target = R;

    fn deref(&self) -> &R {
        &self.0.rows[self.1]
    }
}

/// A relation of a level: filled once. An error is kept too, so that siblings don't repeat a failing statement.
///
/// What it holds is kept behind `dyn Any`: the links of all levels form a cycle of types, and without this cut the compiler
/// would walk the whole cycle for every resolver to see that its future is `Send`.
#[derive(Debug)]
pub struct Link<V>(OnceCell<Result<Box<dyn Any + Send + Sync>>>, PhantomData<fn() -> V>);

impl<V> Default for Link<V> {
    fn default() -> Self {
        Self(OnceCell::new(), PhantomData)
    }
}

impl<V: Send + Sync + 'static> Link<V> {
    /// A link that is filled already.
    pub fn filled(value: V) -> Self {
        Self(OnceCell::new_with(Some(Ok(Box::new(value)))), PhantomData)
    }

    /// What belongs to the rows; runs `batch` unless a sibling has.
    ///
    /// # Errors
    /// The error of the batch, for every sibling.
    pub async fn load<'a>(&'a self, batch: impl FnOnce() -> BoxFuture<'a, Result<V>>) -> Result<&'a V> {
        let kept = match self.0.get() {
            Some(kept) => kept,
            // Boxed, so that the future of every field stays small.
            None => {
                let fill = || batch().map_ok(|value| Box::new(value) as Box<dyn Any + Send + Sync>);
                Box::pin(self.0.get_or_init(fill)).await
            }
        };
        match kept {
            Ok(value) => value
                .downcast_ref()
                .ok_or_else(|| Error::internal("a link that doesn't hold what its type says")),
            Err(error) => Err(error.clone()),
        }
    }
}

/// A relation with arguments: one link for each set of arguments that was asked for.
#[derive(Debug)]
pub struct Links<A, V>(Mutex<Vec<(A, Arc<Link<V>>)>>);

impl<A, V> Default for Links<A, V> {
    fn default() -> Self {
        Self(Mutex::new(Vec::new()))
    }
}

impl<A: PartialEq, V: Send + Sync + 'static> Links<A, V> {
    /// The link for these arguments.
    pub fn of(&self, arguments: A) -> Arc<Link<V>> {
        let mut links = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, link)) = links.iter().find(|(known, _)| *known == arguments) {
            return Arc::clone(link);
        }
        let link = Arc::new(Link::default());
        links.push((arguments, Arc::clone(&link)));
        link
    }
}

/// A list below every object of a level, for each set of arguments that was asked for: one statement for the pages of all
/// parents, and one to count them.
#[derive(Debug)]
pub struct Listing<A, T> {
    pages: Links<(A, Page), HashMap<Uuid, Cut<T>>>,
    totals: Links<A, HashMap<Uuid, i64>>,
}

impl<A, T> Default for Listing<A, T> {
    fn default() -> Self {
        Self {
            pages: Links::default(),
            totals: Links::default(),
        }
    }
}

impl<A, T> Listing<A, T>
where
    A: Clone + PartialEq + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
{
    /// The page of one parent, and how to count its whole list.
    ///
    /// # Errors
    /// The error of `load`, for every parent.
    pub async fn page<'a>(
        self: &Arc<Self>,
        (arguments, page): (A, Page),
        parent: Uuid,
        load: impl FnOnce() -> BoxFuture<'a, Result<HashMap<Uuid, Cut<T>>>>,
        count: impl Fn() -> BoxFuture<'static, Result<HashMap<Uuid, i64>>> + Clone + Send + Sync + 'static,
    ) -> Result<(Cut<T>, Total)> {
        let link = self.pages.of((arguments.clone(), page.clone()));
        // Called inside closures, so that the futures may live as long as the links here.
        let cut = link.load(|| load()).await?.get(&parent).cloned();
        let cut = cut.unwrap_or_else(|| page.nothing());
        let this = Arc::clone(self);
        let total = Total::new(move || {
            let (link, count) = (this.totals.of(arguments.clone()), count.clone());
            Box::pin(async move { Ok(link.load(|| count()).await?.get(&parent).copied().unwrap_or_default()) })
        });
        Ok((cut, total))
    }
}

/// Pages of several parents as objects of one level, so that what hangs on them is loaded at once.
#[must_use]
pub fn objects<R: Clone, L: Default>(
    reader: &Arc<Reader>,
    cuts: HashMap<Uuid, Cut<R>>,
) -> HashMap<Uuid, Cut<At<R, L>>> {
    let rows = cuts.values().flat_map(|cut| cut.rows.iter().cloned()).collect();
    let mut objects = Level::new(reader, rows).all().into_iter();
    let filled = |(parent, cut): (Uuid, Cut<R>)| {
        let own = objects.by_ref().take(cut.rows.len()).collect();
        (parent, cut.with(own))
    };
    cuts.into_iter().map(filled).collect()
}
