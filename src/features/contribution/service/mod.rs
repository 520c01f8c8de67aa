//! Use cases of contributions: writing, and the lifecycle that all kinds share.

mod author;
mod create;
mod erase;
mod media;
mod moderate;
mod react;
mod relocate;
mod render;
mod report;

use entity::{
    contribution,
    enums::{Audience, AuditAct, ContentState, ContributionKind, DecisionKind, EventKind, ModerationReason},
};
use sea_orm::ActiveValue::Unchanged;
use uuid::Uuid;

pub use self::{
    author::{confirm, publish, remove, update, withdraw},
    create::{NewComment, NewRoot, comment_create, root_create},
    erase::{erase, forget},
    media::{file_is, file_progressed, file_step, item_delete, item_insert, item_text},
    moderate::{Flag, approve, give_back, hide, restore, set_flag},
    react::{react, thread_subscribe},
    relocate::thread_move,
    render::render_anew,
    report::{hide_reported, restore_reported, seal, uphold},
};
use super::store::{self, Locked};
use crate::{
    app::App,
    event,
    platform::{
        audit::{Record, State},
        auth::Actor,
        db::{Gate, Reader, Tx},
        error::{Error, Result},
        job::{INBOX, NewJob},
        stream::{ContributionFacts, NewEvent},
    },
    policy::{self, Verdict},
};

/// Where a contribution is, to find its locks; not a fact to decide by.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The space.
    pub space: Uuid,
    /// The root, if it is a comment.
    pub root: Option<Uuid>,
}

/// Where a contribution is that the actor sees.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn place(app: &App, actor: &Actor, id: Uuid) -> Result<Place> {
    let reader = Reader::passing(&app.db, Some(actor.clone()));
    let found = store::by_ids(&reader, &[id]).await?;
    let row = found.first().ok_or_else(Error::not_found)?;
    Ok(Place {
        space: row.space_id,
        root: row.root_id,
    })
}

/// Whether there is such a contribution, whoever sees it.
///
/// # Errors
/// The database's.
pub async fn is_stored(app: &App, id: Uuid) -> Result<bool> {
    store::system_exists(&Reader::passing(&app.db, None), id).await
}

/// The phase of a thread that the actor sees and that is published or was. Only behind the gate.
///
/// # Errors
/// The database's.
pub async fn thread_phase(tx: &Tx<'_>, actor: &Actor, id: Uuid) -> Result<Option<Uuid>> {
    let known = store::lock(tx, actor.account_id, id, None).await?;
    let known = known.filter(|known| known.kind == ContributionKind::Thread && known.state != ContentState::Removed);
    Ok(known.map(|known| known.phase_id))
}

/// Passes the gate and locks a contribution that the actor sees.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn lock(tx: &Tx<'_>, actor: &Actor, place: &Place, id: Uuid) -> Result<Locked> {
    tx.gate(place.space, Gate::Shared).await?;
    let found = store::lock(tx, actor.account_id, id, place.root).await?;
    found.ok_or_else(Error::not_found)
}

/// The same, whether the actor sees it or not: only for those who see a report about it.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn lock_any(tx: &Tx<'_>, actor: &Actor, place: &Place, id: Uuid) -> Result<Locked> {
    tx.gate(place.space, Gate::Shared).await?;
    let found = store::lock_any(tx, actor.account_id, id, place.root).await?;
    found.ok_or_else(Error::not_found)
}

/// Locks a contribution, and its root: what members see of it stays as it is until the unit ends. Only behind the gate.
///
/// # Errors
/// The database's.
pub async fn hold(tx: &Tx<'_>, root: Option<Uuid>, id: Uuid) -> Result<()> {
    store::lock_rows(tx, id, root).await
}

fn allow(verdict: Verdict) -> Result<()> {
    verdict.map_err(Error::forbidden)
}

fn permit(action: policy::ContentAction, known: &Locked) -> Result<()> {
    allow(known.allows(action))
}

/// A row that changes only what is set.
fn patch(id: Uuid) -> contribution::ActiveModel {
    contribution::ActiveModel {
        id: Unchanged(id),
        ..Default::default()
    }
}

/// Whether the author's text waits for a moderator before this audience sees it.
fn waits(tx: &Tx<'_>, known: &Locked, audience: Audience) -> bool {
    policy::is_pre_moderated(&known.viewer(), known.phase().moderation, audience, tx.clock().now())
}

/// What an event says of a contribution, with state and audience after it.
fn facts(known: &Locked, (state, audience): (ContentState, Audience)) -> ContributionFacts {
    ContributionFacts {
        id: known.id,
        phase_id: known.phase_id,
        kind: known.kind,
        root_id: known.root_id,
        author_id: known.author_id,
        root_author_id: known.root_author_id(),
        state: (known.state, state),
        audience: (known.effective_audience(), audience),
    }
}

/// Notes what happened, with state and audience before and after. The row is written by then.
async fn emit(tx: &mut Tx<'_>, known: &Locked, kind: EventKind, after: (ContentState, Audience)) -> Result<()> {
    let actor = known.viewer().id;
    emit_as(tx, known, kind, after, (Some(actor), actor != known.author_id)).await
}

/// The same, saying who did it, if anybody did, and whether as a moderator.
async fn emit_as(
    tx: &mut Tx<'_>,
    known: &Locked,
    kind: EventKind,
    after: (ContentState, Audience),
    (actor, is_moderation): (Option<Uuid>, bool),
) -> Result<()> {
    let event = event::contribution(tx.clock(), kind, actor, is_moderation, facts(known, after));
    announce(tx, known, event).await
}

/// Emits an event about a contribution, and has inboxes follow if it changes who sees that.
async fn announce(tx: &mut Tx<'_>, known: &Locked, event: NewEvent) -> Result<()> {
    // Before it is published first, nobody but its author knows of it.
    if known.published_at.is_some()
        && event
            .contribution
            .as_ref()
            .is_some_and(ContributionFacts::changes_sight)
    {
        resight(tx, &[known.id]).await?;
    }
    tx.emit(known.space_id, event);
    Ok(())
}

/// Has inboxes follow what others see of contributions from now on.
async fn resight(tx: &mut Tx<'_>, ids: &[Uuid]) -> Result<()> {
    for account in store::resight(tx, ids).await? {
        tx.enqueue(NewJob {
            kind: INBOX,
            subject_id: account,
            space_id: None,
            due_at: tx.clock().now(),
        });
    }
    Ok(())
}

/// A record about a contribution.
fn record(act: AuditAct, actor: impl Into<Option<Uuid>>, known: &Locked) -> Record {
    Record::new(act, actor, (known.kind.into(), known.id))
}

/// Notes for the audit trail what a moderator decided.
fn audit_decision(
    tx: &mut Tx<'_>,
    actor: impl Into<Option<Uuid>>,
    known: &Locked,
    kind: DecisionKind,
    (after, reason): (ContentState, Option<ModerationReason>),
) {
    let act = match kind {
        DecisionKind::Approved => AuditAct::ContributionApproved,
        DecisionKind::Returned => AuditAct::ContributionReturned,
        DecisionKind::Hidden => AuditAct::ContributionHidden,
        DecisionKind::Restored => AuditAct::ContributionRestored,
        DecisionKind::Removed => AuditAct::ContributionRemoved,
    };
    let state = |state| State::from(state).number(author::decided_version(known));
    let record = record(act, actor, known).before(state(known.state));
    tx.audit(known.space_id, record.after(state(after).maybe(reason)));
}

/// Keeps the counters of a comment's root: whether it counts before and after, and whether it is new.
async fn recount(tx: &Tx<'_>, known: &Locked, after: ContentState, is_new: bool) -> Result<()> {
    let Some(root) = known.root_id.filter(|_| known.kind == ContributionKind::Comment) else {
        return Ok(());
    };
    let counts = |state| i32::from(state == ContentState::Published);
    let change = counts(after) - counts(known.state);
    if change != 0 {
        let at = (is_new && change > 0).then(|| tx.clock().now());
        store::add_comment(tx, root, change, at).await?;
    }
    Ok(())
}
