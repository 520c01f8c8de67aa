//! What moderators do with what others wrote.

use entity::enums::{
    AuditAct, ContentState, ContributionKind, DecisionKind, EventKind, ModerationReason, RevisionState,
};
use sea_orm::ActiveValue::Set;
use uuid::Uuid;

use super::super::{rules, store};
use super::{audit_decision, author::decide, emit, lock, patch, permit, place, record, recount};
use crate::{
    app::App,
    platform::{
        auth::Actor,
        db::Reader,
        error::{Error, Result},
        text,
    },
    policy::ContentAction,
};

/// Publishes what waits: a new contribution, or an edit. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `CONFLICT`/`STALE_VERSION`: nobody approves a text that they haven't seen.
pub async fn approve(app: &App, actor: &Actor, id: Uuid, expected: i32) -> Result<()> {
    let place = &place(app, actor, id).await?;
    app.db
        .write(Some(place.space), |tx| {
            Box::pin(async move {
                let known = lock(tx, actor, place, id).await?;
                let is_done = known.pending_version.is_none() && known.published_version == Some(expected);
                if is_done && known.is_moderated() && known.state == ContentState::Published {
                    return Ok(());
                }
                permit(ContentAction::Approve, &known)?;
                if known.pending_version != Some(expected) {
                    return Err(Error::stale());
                }
                let now = tx.clock().now();
                let revision = store::revision(tx, id, expected).await?;
                let revision = revision.ok_or_else(|| Error::internal("a pending version without text"))?;
                store::set_revision(tx, id, expected, RevisionState::Published, None).await?;
                decide(tx, &known, DecisionKind::Approved, (None, None)).await?;
                audit_decision(
                    tx,
                    actor.account_id,
                    &known,
                    DecisionKind::Approved,
                    (ContentState::Published, None),
                );
                let is_first = known.published_at.is_none();
                let audience = revision.audience.unwrap_or(known.audience());
                let mut row = patch(id);
                row.state = Set(ContentState::Published);
                row.published_version = Set(Some(expected));
                row.pending_version = Set(None);
                row.language = Set(revision.language);
                row.week = Set(revision.week);
                if known.root_id.is_none() {
                    row.audience = Set(audience);
                }
                if is_first {
                    row.published_at = Set(Some(now));
                    row.listed_at = Set(Some(now));
                    row.last_activity_at = Set(now);
                } else if rules::is_marked(known.published_at, now) && known.state == ContentState::Published {
                    row.edited_at = Set(Some(now));
                }
                store::update(tx, row).await?;
                recount(tx, &known, ContentState::Published, is_first).await?;
                let kind = if known.state != ContentState::Published {
                    EventKind::ContributionPublished
                } else if audience != known.audience() {
                    EventKind::ContributionAudienceChanged
                } else {
                    EventKind::ContributionUpdated
                };
                emit(tx, &known, kind, (ContentState::Published, audience)).await?;
                Ok(())
            })
        })
        .await
}

/// Gives what waits back to its author with a note. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `INVALID` without a note, `CONFLICT`/`STALE_VERSION`.
pub async fn give_back(
    app: &App,
    actor: &Actor,
    id: Uuid,
    expected: i32,
    reason: Option<ModerationReason>,
    note: &str,
) -> Result<()> {
    let note = &text::required(note, rules::LONGEST_NOTE).map_err(|error| error.at(&["note"]))?;
    let place = &match place(app, actor, id).await {
        // What was new is a draft again, which its author alone sees.
        Err(error) if error.is_not_found() && is_returned(app, actor, id, expected).await? => return Ok(()),
        place => place?,
    };
    app.db
        .write(Some(place.space), |tx| {
            Box::pin(async move {
                let known = lock(tx, actor, place, id).await?;
                let last = store::latest_decision(tx, id).await?;
                if known.pending_version.is_none()
                    && known.is_moderated()
                    && last == Some((DecisionKind::Returned, expected))
                {
                    return Ok(());
                }
                permit(ContentAction::Return, &known)?;
                if known.pending_version != Some(expected) {
                    return Err(Error::stale());
                }
                store::set_revision(tx, id, expected, RevisionState::Returned, None).await?;
                decide(tx, &known, DecisionKind::Returned, (reason, Some(note.clone()))).await?;
                let state = if known.state == ContentState::Pending {
                    ContentState::Draft
                } else {
                    known.state
                };
                audit_decision(tx, actor.account_id, &known, DecisionKind::Returned, (state, reason));
                let mut row = patch(id);
                row.state = Set(state);
                row.pending_version = Set(None);
                store::update(tx, row).await?;
                emit(tx, &known, EventKind::ContributionReturned, (state, known.audience())).await?;
                Ok(())
            })
        })
        .await
}

/// Whether this version is with its author again, for those who could have returned it.
async fn is_returned(app: &App, actor: &Actor, id: Uuid, version: i32) -> Result<bool> {
    let reader = Reader::passing(&app.db, Some(actor.clone()));
    store::is_returned(&reader, id, version).await
}

/// Takes a published contribution out of sight, with a reason. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `INVALID`.
pub async fn hide(app: &App, actor: &Actor, id: Uuid, reason: ModerationReason, note: Option<&str>) -> Result<()> {
    let note = note.map(|note| text::required(note, rules::LONGEST_NOTE)).transpose();
    let note = note.map_err(|error| error.at(&["note"]))?;
    turn(
        app,
        actor,
        id,
        (ContentAction::Hide, ContentState::Hidden),
        (Some(reason), note),
    )
    .await
}

/// Brings a hidden contribution back. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`.
pub async fn restore(app: &App, actor: &Actor, id: Uuid) -> Result<()> {
    turn(
        app,
        actor,
        id,
        (ContentAction::Restore, ContentState::Published),
        (None, None),
    )
    .await
}

async fn turn(
    app: &App,
    actor: &Actor,
    id: Uuid,
    (action, target): (ContentAction, ContentState),
    why: (Option<ModerationReason>, Option<String>),
) -> Result<()> {
    let place = &place(app, actor, id).await?;
    let (decision, kind) = match target {
        ContentState::Hidden => (DecisionKind::Hidden, EventKind::ContributionHidden),
        _ => (DecisionKind::Restored, EventKind::ContributionRestored),
    };
    let why = &why;
    app.db
        .write(Some(place.space), |tx| {
            Box::pin(async move {
                let known = lock(tx, actor, place, id).await?;
                if known.state == target && known.is_moderated() {
                    return Ok(());
                }
                permit(action, &known)?;
                decide(tx, &known, decision, why.clone()).await?;
                audit_decision(tx, actor.account_id, &known, decision, (target, why.0));
                let mut row = patch(id);
                row.state = Set(target);
                store::update(tx, row).await?;
                recount(tx, &known, target, false).await?;
                emit(tx, &known, kind, (target, known.audience())).await?;
                Ok(())
            })
        })
        .await
}

/// What staff, and pupils who lead it, switch on a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// It stands first.
    Pinned,
    /// It takes no more comments.
    Locked,
}

/// Switches a flag of a thread. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`.
pub async fn set_flag(app: &App, actor: &Actor, id: Uuid, flag: Flag, on: bool) -> Result<()> {
    let place = &place(app, actor, id).await?;
    app.db
        .write(Some(place.space), |tx| {
            Box::pin(async move {
                let known = lock(tx, actor, place, id).await?;
                if known.kind != ContributionKind::Thread {
                    return Err(Error::not_found());
                }
                let (action, is_on) = match flag {
                    Flag::Pinned => (ContentAction::Pin, known.is_pinned),
                    Flag::Locked => (ContentAction::Lock, known.is_locked()),
                };
                permit(action, &known)?;
                if is_on == on {
                    return Ok(());
                }
                let mut row = patch(id);
                let (kind, act) = match (flag, on) {
                    (Flag::Pinned, true) => (EventKind::ThreadPinned, AuditAct::ThreadPinned),
                    (Flag::Pinned, false) => (EventKind::ThreadUnpinned, AuditAct::ThreadUnpinned),
                    (Flag::Locked, true) => (EventKind::ThreadLocked, AuditAct::ThreadLocked),
                    (Flag::Locked, false) => (EventKind::ThreadUnlocked, AuditAct::ThreadUnlocked),
                };
                match flag {
                    Flag::Pinned => row.is_pinned = Set(on),
                    Flag::Locked => row.is_locked = Set(on),
                }
                store::update(tx, row).await?;
                emit(tx, &known, kind, (known.state, known.audience())).await?;
                tx.audit(known.space_id, record(act, actor.account_id, &known));
                Ok(())
            })
        })
        .await
}
