//! Moving threads between phases.

use entity::enums::{AuditAct, ContributionKind, EventKind, PhaseState};
use uuid::Uuid;

use super::super::store;
use super::{emit, lock, permit, place, record};
use crate::{
    app::App,
    features::space::{phase_facts, relocate_grants},
    platform::{
        auth::Actor,
        error::{Error, Reason, Result},
    },
    policy::ContentAction,
};

/// Moves a thread with its comments into another phase of its space, open or closed: what others see doesn't go into a phase
/// that is only planned. Returns the phase that it was in; none if it was there already, which changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`.
pub async fn thread_move(app: &App, actor: &Actor, id: Uuid, phase: Uuid) -> Result<Option<Uuid>> {
    let place = &place(app, actor, id).await?;
    app.db
        .write(Some(place.space), |tx| {
            Box::pin(async move {
                let known = lock(tx, actor, place, id).await?;
                if known.kind != ContributionKind::Thread {
                    return Err(Error::not_found());
                }
                permit(ContentAction::Move, &known)?;
                let no_phase = || Error::not_found().at(&["phaseId"]);
                let target = match phase_facts(tx, actor.account_id, phase).await {
                    Err(error) if error.is_not_found() => return Err(no_phase()),
                    target => target?,
                };
                if target.space_id != known.space_id {
                    return Err(no_phase());
                }
                if known.phase_id == phase {
                    return Ok(None);
                }
                // Staff put things in order in closed phases too; who leads a thread stays among open ones.
                let is_open = target.state == PhaseState::Open;
                if !is_open && !known.viewer().is_staff() || target.state == PhaseState::Planned {
                    return Err(Error::forbidden(Reason::PhaseNotOpen).at(&["phaseId"]));
                }
                store::relocate(tx, id, phase).await?;
                relocate_grants(tx, id, phase).await?;
                emit(tx, &known, EventKind::ThreadMoved, (known.state, known.audience())).await?;
                let before = phase_facts(tx, actor.account_id, known.phase_id).await?.kind;
                let record = record(AuditAct::ThreadMoved, actor.account_id, &known).before(before);
                tx.audit(known.space_id, record.after(target.kind));
                Ok(Some(known.phase_id))
            })
        })
        .await
}
