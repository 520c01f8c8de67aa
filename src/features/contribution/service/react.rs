//! What members do with what others have written, without words.

use entity::enums::{ContributionKind, EventKind, ReactionKind, SubscriptionLevel};
use uuid::Uuid;

use super::super::store;
use super::{facts, lock, permit, place};
use crate::{
    app::App,
    event,
    platform::{
        auth::Actor,
        error::{Error, Result},
    },
    policy::ContentAction,
};

/// Reacts to a contribution, or takes a reaction back. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`.
pub async fn react(app: &App, actor: &Actor, id: Uuid, kind: ReactionKind, on: bool) -> Result<()> {
    let place = &place(app, actor, id).await?;
    app.db
        .write(Some(place.space), |tx| {
            Box::pin(async move {
                let known = lock(tx, actor, place, id).await?;
                permit(ContentAction::React, &known)?;
                let member = known.viewer().id;
                let is_changed = if on {
                    store::add_reaction(tx, id, member, kind).await?
                } else {
                    store::remove_reaction(tx, id, member, kind).await?
                };
                if is_changed {
                    let facts = facts(&known, (known.state, known.audience()));
                    let kind = EventKind::ContributionReacted;
                    let event = event::contribution(tx.clock(), kind, member, false, facts);
                    tx.emit(known.space_id, event);
                }
                Ok(())
            })
        })
        .await
}

/// Follows or mutes a thread, or neither. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn thread_subscribe(app: &App, actor: &Actor, id: Uuid, level: SubscriptionLevel) -> Result<()> {
    let place = &place(app, actor, id).await?;
    app.db
        .write(Some(place.space), |tx| {
            Box::pin(async move {
                let known = lock(tx, actor, place, id).await?;
                if known.kind != ContributionKind::Thread {
                    return Err(Error::not_found());
                }
                store::subscribe(tx, known.viewer().id, id, level, true).await
            })
        })
        .await
}
