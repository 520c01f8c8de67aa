//! Use cases of the forum beside those that all contributions share.

use uuid::Uuid;

use super::store::{self, Threads};
use crate::{
    app::App,
    features::space::space_of_phase,
    platform::{
        auth::Actor,
        db::{Gate, Reader},
        error::{Error, Result},
    },
};

/// Notes that somebody has read a thread up to a comment, or all of it. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn mark_read(app: &App, actor: &Actor, thread: Uuid, up_to: Option<Uuid>) -> Result<()> {
    let reader = Reader::passing(&app.db, Some(actor.clone()));
    let space = store::space_of_thread(&reader, thread)
        .await?
        .ok_or_else(Error::not_found)?;
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                tx.gate(space, Gate::Shared).await?;
                let account = actor.account_id;
                if !store::is_seen(tx, account, thread, None).await? {
                    return Err(Error::not_found());
                }
                if let Some(comment) = up_to
                    && !store::is_seen(tx, account, thread, Some(comment)).await?
                {
                    return Err(Error::not_found().at(&["upToCommentId"]));
                }
                store::mark_read(tx, account, Threads::One(thread), up_to).await
            })
        })
        .await
}

/// Notes that somebody has read all threads of a phase. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn mark_phase_read(app: &App, actor: &Actor, phase: Uuid) -> Result<()> {
    let reader = Reader::passing(&app.db, Some(actor.clone()));
    let space = space_of_phase(&reader, phase).await?.ok_or_else(Error::not_found)?;
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                tx.gate(space, Gate::Shared).await?;
                store::mark_read(tx, actor.account_id, Threads::OfPhase(phase), None).await
            })
        })
        .await
}
