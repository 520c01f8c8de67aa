//! Subscriptions that the server drives itself, so that what many are told is made once.
//!
//! The library would run a subscription as one stream for each subscriber, with all that it needs to run kept while nothing
//! happens. Here the resolver of a root field only builds a [`Feed`] and leaves it in a [`Slot`]; whoever runs the operation
//! takes it from there. When something happens, the feed has its [`Teller`] run the operation once more for just this item: the
//! same resolver then finds the item and hands it out. Between two items a subscriber is a cursor, and an answer that is the same
//! for several of them is made for the first.

use std::{
    any::Any,
    sync::{Arc, Mutex, PoisonError},
};

use async_graphql::{Context, Response, Value};
use async_trait::async_trait;
use futures_util::stream;

use super::{
    db::Reader,
    error::{Error, Result},
};

/// Something that happened, as the type of the root field.
pub type Item = Box<dyn Any + Send + Sync>;

/// What a subscriber is told.
pub enum Answer {
    /// Made for this one.
    Own(Box<Response>),
    /// Made for all like this one: the text of its `data`, in which nothing failed.
    Shared(Arc<str>),
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        Self::Own(Box::new(response))
    }
}

impl Answer {
    /// The text of an answer that may be shared; none if something in it failed.
    pub fn text(response: &Response) -> Option<Arc<str>> {
        let is_whole = response.errors.is_empty() && response.data != Value::Null;
        let text = is_whole.then(|| serde_json::to_string(&response.data));
        text?.ok().map(Arc::from)
    }
}

/// Runs what a subscriber has asked for.
#[async_trait]
pub trait Teller: Send + Sync {
    /// What is asked for: two subscribers with the same selection are told the same, as far as they see the same.
    fn selection(&self) -> Selection;

    /// What a reader is told of an item.
    async fn tell(&self, reader: &Arc<Reader>, item: Item) -> Response;
}

/// The hash of a document, of the operation in it, and of the variables that are used below its root field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Selection(pub [u8; 32]);

/// A subscription.
#[async_trait]
pub trait Feed: Send {
    /// What the subscriber is told next; nothing after the end, or after an error.
    async fn next(&mut self, teller: &dyn Teller) -> Option<Result<Answer>>;
}

/// Where the resolver of a subscription leaves its feed. Data of the request.
#[derive(Default)]
pub struct Slot(Mutex<Option<Box<dyn Feed>>>);

impl Slot {
    /// What was left.
    pub fn take(&self) -> Option<Box<dyn Feed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The item that the operation is run for. Data of the request.
pub struct Told(pub Item);

/// What the resolver of a subscription returns: the item, or nothing, since the feed says the rest.
pub type Handed<T> = stream::Iter<std::option::IntoIter<T>>;

/// The whole of a subscription's resolver: hands out the item if there is one, else opens the feed.
///
/// # Errors
/// Those of `open`.
pub async fn subscribe<T, F>(ctx: &Context<'_>, open: impl Future<Output = Result<F>>) -> Result<Handed<T>>
where
    T: Clone + Send + Sync + 'static,
    F: Feed + 'static,
{
    if let Some(Told(item)) = ctx.data_opt::<Told>() {
        let item = item.downcast_ref::<T>().cloned();
        let item = item.ok_or_else(|| Error::internal("an item of another subscription"))?;
        return Ok(stream::iter(Some(item)));
    }
    let slot = ctx
        .data::<Arc<Slot>>()
        .map_err(|error| Error::internal(error.message))?;
    // In a box: what is needed for a moment would be part of the resolver's future.
    let feed: Box<dyn Feed> = Box::new(Box::pin(open).await?);
    *slot.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(feed);
    Ok(stream::iter(None))
}
