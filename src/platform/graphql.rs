//! What all resolvers share.

use std::{future::Future, sync::Arc};

use async_graphql::{Context, ID, MaybeUndefined};
use uuid::Uuid;

use super::{
    auth::Actor,
    db::Reader,
    error::{Error, Reason, Refusal, Result},
    http::Client,
    id::{self, Kind},
    idempotency::Created,
};

/// The reader of this request.
///
/// # Errors
/// The server is put together wrongly.
pub fn reader<'a>(ctx: &Context<'a>) -> Result<&'a Arc<Reader>> {
    ctx.data::<Arc<Reader>>()
        .map_err(|error| Error::internal(error.message))
}

/// The machine that asks.
///
/// # Errors
/// The server is put together wrongly.
pub fn client<'a>(ctx: &Context<'a>) -> Result<&'a Client> {
    ctx.data::<Client>().map_err(|error| Error::internal(error.message))
}

/// Who asks; every root field but a few begins with this.
///
/// # Errors
/// `UNAUTHENTICATED`, or `FORBIDDEN`/`PASSWORD_CHANGE_REQUIRED` while the one-time secret is in use.
pub fn ready<'a>(ctx: &Context<'a>) -> Result<&'a Arc<Reader>> {
    let reader = reader(ctx)?;
    reader.actor()?.ready()?;
    Ok(reader)
}

/// Who acts in a mutation.
///
/// # Errors
/// `UNAUTHENTICATED`.
pub fn actor<'a>(ctx: &Context<'a>) -> Result<&'a Actor> {
    reader(ctx)?.actor()
}

/// Runs the use case of a mutation: what it made, or what the caller can mend, for `userErrors`. What is read afterwards
/// sees the change.
///
/// # Errors
/// What the caller can't mend.
pub async fn settle<T>(ctx: &Context<'_>, work: impl Future<Output = Result<T>>) -> Result<(Option<T>, Vec<Refusal>)> {
    match actor(ctx)?.ready() {
        Ok(_) => settle_any(ctx, work).await,
        Err(error) => Ok((None, error.into_refusals()?)),
    }
}

/// The same for the few mutations that somebody with a one-time secret, or nobody, may call.
///
/// # Errors
/// What the caller can't mend.
pub async fn settle_any<T>(
    ctx: &Context<'_>,
    work: impl Future<Output = Result<T>>,
) -> Result<(Option<T>, Vec<Refusal>)> {
    reader(ctx)?.release().await;
    match work.await {
        Ok(done) => Ok((Some(done), Vec::new())),
        Err(error) => Ok((None, error.into_refusals()?)),
    }
}

/// The same for a create with a client's key. If that stands for something else already, what it stands for is there beside the refusal, so that
/// the caller sees it as it is now.
///
/// # Errors
/// What the caller can't mend.
pub async fn settle_created(
    ctx: &Context<'_>,
    work: impl Future<Output = Result<Created>>,
) -> Result<(Option<Created>, Vec<Refusal>)> {
    let (created, refusals) = settle(ctx, work).await?;
    let known = refusals.iter().find_map(|refusal| refusal.stands_for);
    Ok((known.map(|id| Created { id, is_replay: true }).or(created), refusals))
}

/// Rows of a batch at most.
const MOST_ROWS: usize = 100;

/// Runs the use cases of a batch of 1 to 100 rows, one after the other: each is a unit of work of its own, and one that fails stops none.
/// What went wrong with each row, below its place in `field`; nothing at all if the whole was refused.
///
/// # Errors
/// What the caller can't mend.
pub async fn settle_each(
    ctx: &Context<'_>,
    field: &str,
    rows: impl ExactSizeIterator<Item = impl Future<Output = Result<()>>>,
) -> Result<(Vec<Vec<Refusal>>, Vec<Refusal>)> {
    let work = async {
        match rows.len() {
            0 => return Err(Error::invalid(Reason::Required, "At least one row.").at(&[field])),
            1..=MOST_ROWS => {}
            _ => return Err(Error::invalid(Reason::TooLong, format!("At most {MOST_ROWS} rows.")).at(&[field])),
        }
        let mut outcomes = Vec::with_capacity(rows.len());
        for (index, row) in rows.enumerate() {
            outcomes.push(match row.await {
                Ok(()) => Vec::new(),
                Err(error) => error.at(&[field, &index.to_string()]).into_refusals()?,
            });
        }
        Ok(outcomes)
    };
    let (outcomes, user_errors) = settle(ctx, work).await?;
    Ok((outcomes.unwrap_or_default(), user_errors))
}

/// Reads an id in the input of a mutation.
///
/// # Errors
/// `INVALID`/`MALFORMED` at `field`.
pub fn input_id(field: &str, kinds: &[Kind], id: &ID) -> Result<Uuid> {
    id::decode_as(kinds, id).map_err(|error| error.at(&[field]))
}

/// A field of an update that can be left out, but not cleared.
///
/// # Errors
/// `INVALID`/`REQUIRED` at `field` for null.
pub fn kept<T>(field: &str, value: MaybeUndefined<T>) -> Result<Option<T>> {
    match value {
        MaybeUndefined::Undefined => Ok(None),
        MaybeUndefined::Null => Err(Error::invalid(Reason::Required, "It can't be cleared.").at(&[field])),
        MaybeUndefined::Value(value) => Ok(Some(value)),
    }
}

/// What an update changes in what can be cleared by null: `None` leaves it.
pub fn cleared<T>(value: MaybeUndefined<T>) -> Option<Option<T>> {
    match value {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
}
