//! Opening, closing and changing phases.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::{
    enums::{AuditAct, EventKind, ModerationMode, PhaseKind, PhaseState, SpaceRole},
    phase,
};
use sea_orm::ActiveValue::{Set, Unchanged};
use uuid::Uuid;

use super::{super::store, allow};
use crate::{
    app::App,
    event,
    platform::{
        audit::{Record, State},
        auth::Actor,
        db::{Gate, Reader},
        error::{Checks, Error, Reason, Result},
        id::Kind,
        idempotency::Update,
        text,
    },
    policy::{self, PhaseAction},
};

/// What changes in a phase; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct PhasePatch {
    /// Title.
    pub title: Option<String>,
    /// What happens in it.
    pub description: Option<String>,
    /// Planned start; `Some(None)` clears it.
    pub starts_at: Option<Option<DateTime<Utc>>>,
    /// Planned end; `Some(None)` clears it.
    pub ends_at: Option<Option<DateTime<Utc>>>,
    /// Whether pupils' texts wait.
    pub moderation: Option<ModerationMode>,
    /// Whether pupils open threads.
    pub allows_pupil_threads: Option<bool>,
    /// Whether pupils comment.
    pub allows_pupil_comments: Option<bool>,
    /// Whether pupils upload media.
    pub allows_pupil_uploads: Option<bool>,
}

/// The space of a phase, to find its gate.
async fn space_of(app: &App, actor: &Actor, phase: Uuid) -> Result<Uuid> {
    let reader = Reader::passing(&app.db, Some(actor.clone()));
    let space = store::space_of_phase(&reader, phase).await?;
    space.ok_or_else(|| Error::not_found().at(&["phaseId"]))
}

/// The actor's own membership in the space of a phase.
///
/// # Errors
/// The database's.
pub async fn membership_of(app: &App, actor: &Actor, phase: Uuid) -> Result<Option<Uuid>> {
    let reader = Reader::passing(&app.db, Some(actor.clone()));
    let found = store::phases(&reader, "p.id", &[phase]).await?;
    Ok(found.first().map(|phase| phase.viewer.member().id))
}

/// The phases of a space.
///
/// # Errors
/// The database's.
pub async fn phase_ids(app: &App, actor: &Actor, space: Uuid) -> Result<HashMap<PhaseKind, Uuid>> {
    let reader = Reader::passing(&app.db, Some(actor.clone()));
    let phases = store::phases(&reader, "p.space_id", &[space]).await?;
    Ok(phases.into_iter().map(|phase| (phase.kind, phase.id)).collect())
}

/// Changes the settings of a phase.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `INVALID`, `CONFLICT`/`STALE_VERSION`.
pub async fn phase_update(
    app: &App,
    actor: &Actor,
    id: Uuid,
    expected_version: i32,
    mut patch: PhasePatch,
) -> Result<()> {
    let mut checks = Checks::default();
    if let Some(title) = patch.title.take() {
        patch.title = checks.field("title", text::line(&title, 200))?;
    }
    if let Some(description) = patch.description.take() {
        patch.description = checks.field("description", text::optional(&description, 5_000))?;
    }
    checks.done()?;
    let space = space_of(app, actor, id).await?;
    let patch = &patch;
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                tx.gate(space, Gate::Exclusive).await?;
                let facts = store::phase_facts(tx, actor.account_id, id).await?;
                let member = facts.viewer.member();
                allow(policy::phase(PhaseAction::Update, &member, &facts.facts()))?;
                let update = Update::new(actor.account_id, (id, expected_version), patch);
                if update.is_done(tx, facts.version).await? {
                    return Ok(());
                }
                let starts_at = patch.starts_at.unwrap_or(facts.starts_at);
                let ends_at = patch.ends_at.unwrap_or(facts.ends_at);
                if starts_at.zip(ends_at).is_some_and(|(start, end)| end < start) {
                    return Err(Error::invalid(Reason::OutOfRange, "A phase ends after it starts.").at(&["endsAt"]));
                }
                let moderation = patch.moderation.unwrap_or(facts.moderation);
                let threads = patch.allows_pupil_threads.unwrap_or(facts.allows_pupil_threads);
                let comments = patch.allows_pupil_comments.unwrap_or(facts.allows_pupil_comments);
                let uploads = patch.allows_pupil_uploads.unwrap_or(facts.allows_pupil_uploads);
                let before = [
                    facts.allows_pupil_threads,
                    facts.allows_pupil_comments,
                    facts.allows_pupil_uploads,
                ];
                let before = settings(facts.version, facts.moderation, before);
                let after = settings(facts.version + 1, moderation, [threads, comments, uploads]);
                let row = phase::ActiveModel {
                    id: Unchanged(id),
                    title: Set(patch.title.clone().unwrap_or(facts.title)),
                    description: Set(patch.description.clone().unwrap_or(facts.description)),
                    starts_at: Set(starts_at),
                    ends_at: Set(ends_at),
                    moderation: Set(moderation),
                    allows_pupil_threads: Set(threads),
                    allows_pupil_comments: Set(comments),
                    allows_pupil_uploads: Set(uploads),
                    version: Set(facts.version + 1),
                    ..Default::default()
                };
                store::update_phase(tx, row).await?;
                update.done(tx).await?;
                let event = event::phase(tx.clock(), EventKind::PhaseUpdated, member.id, id);
                tx.emit(space, event);
                let record = Record::new(AuditAct::PhaseUpdated, actor.account_id, (Kind::Phase, id));
                tx.audit(space, record.before(before).after(after));
                Ok(())
            })
        })
        .await
}

/// The settings of a phase, for a record.
fn settings(version: i32, moderation: ModerationMode, [threads, comments, uploads]: [bool; 3]) -> State {
    let state = State::default().number(version).value(moderation);
    let state = state.flag("PUPIL_THREADS", threads).flag("PUPIL_COMMENTS", comments);
    state.flag("PUPIL_UPLOADS", uploads)
}

/// Opens a planned phase. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`.
pub async fn phase_open(app: &App, actor: &Actor, id: Uuid) -> Result<()> {
    step(app, actor, id, PhaseAction::Open, None).await
}

/// Closes an open phase: nobody writes in it any more. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`.
pub async fn phase_close(app: &App, actor: &Actor, id: Uuid) -> Result<()> {
    step(app, actor, id, PhaseAction::Close, None).await
}

/// Opens a closed phase again, with a reason that the members read. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `INVALID` without a reason.
pub async fn phase_reopen(app: &App, actor: &Actor, id: Uuid, reason: &str) -> Result<()> {
    let reason = text::required(reason, 500).map_err(|error| error.at(&["reason"]))?;
    step(app, actor, id, PhaseAction::Reopen, Some(reason)).await
}

async fn step(app: &App, actor: &Actor, id: Uuid, action: PhaseAction, reason: Option<String>) -> Result<()> {
    let space = space_of(app, actor, id).await?;
    let (target, kind, act) = match action {
        PhaseAction::Close => (PhaseState::Closed, EventKind::PhaseClosed, AuditAct::PhaseClosed),
        PhaseAction::Reopen => (PhaseState::Open, EventKind::PhaseReopened, AuditAct::PhaseReopened),
        _ => (PhaseState::Open, EventKind::PhaseOpened, AuditAct::PhaseOpened),
    };
    let reason = &reason;
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                tx.gate(space, Gate::Exclusive).await?;
                let facts = store::phase_facts(tx, actor.account_id, id).await?;
                let member = facts.viewer.member();
                if facts.state == target && member.role == SpaceRole::Coordinator {
                    return Ok(());
                }
                allow(policy::phase(action, &member, &facts.facts()))?;
                let mut row = phase::ActiveModel {
                    id: Unchanged(id),
                    state: Set(target),
                    ..Default::default()
                };
                row.version = Set(facts.version + 1);
                row.closed_at = Set((target == PhaseState::Closed).then(|| tx.clock().now()));
                if let Some(reason) = reason {
                    row.reopen_reason = Set(Some(reason.clone()));
                }
                store::update_phase(tx, row).await?;
                if target == PhaseState::Closed {
                    store::end_grants_of_phase(tx, id).await?;
                }
                let event = event::phase(tx.clock(), kind, member.id, id);
                tx.emit(space, event);
                let record = Record::new(act, actor.account_id, (Kind::Phase, id));
                tx.audit(space, record.before(facts.state).after(target));
                Ok(())
            })
        })
        .await
}
