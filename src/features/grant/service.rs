//! Giving grants and taking them back.

use entity::enums::{AuditAct, Capability, EventKind, PhaseState, SpaceRole};
use uuid::Uuid;

use crate::{
    app::App,
    event,
    features::{
        contribution::thread_phase,
        space::{
            NewGrant, change_grant, facts, grant, grants_by_id, grants_in_force, insert_grant, membership, phase_facts,
            space_of_member,
        },
    },
    platform::{
        audit::Record,
        auth::Actor,
        db::{Gate, Reader, Tx},
        error::{Error, Reason, Result},
        id::Kind,
        idempotency::{self, Claim, Created, Key},
    },
    policy::{self, SpaceAction},
};

/// Grants in force of one member at most.
pub(super) const MOST: usize = 50;

/// Gives a pupil a grant, and returns its id. Repeating it changes the end of the grant, if anything.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `INVALID`, `CONFLICT`/`KEY_REUSED`.
pub async fn create(app: &App, actor: &Actor, new: NewGrant, key: Option<Key>) -> Result<Created> {
    if new.capability == Capability::OpenThread && new.thread_id.is_some() {
        let error = Error::invalid(Reason::OutOfRange, "Threads are opened in a phase, not in a thread.");
        return Err(error.at(&["threadId"]));
    }
    if new.phase_id.is_some() && new.thread_id.is_some() {
        let error = Error::invalid(Reason::OutOfRange, "Either a phase or a thread.");
        return Err(error.at(&["phaseId"]));
    }
    let space = space_of_member(app, actor, new.member_id).await?;
    let (id, new, key) = (app.clock.new_id(), &new, &key);
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                let claim = idempotency::claim(tx, actor.account_id, key.as_ref(), id).await?;
                tx.gate(space, Gate::Exclusive).await?;
                // A repetition without a new grant is answered below, with the grant that there was.
                if let Claim::Replay(id) = claim
                    && grant(tx, id).await?.is_some()
                {
                    return Ok(id);
                }
                let now = tx.clock().now();
                let facts = facts(tx, actor.account_id, space).await?;
                let viewer = facts.member();
                policy::space(SpaceAction::GrantCreate, &viewer, &facts.space(), now).map_err(Error::forbidden)?;
                if new.ends_at.is_some_and(|end| end <= now) {
                    return Err(Error::invalid(Reason::OutOfRange, "It ends in the future.").at(&["endsAt"]));
                }
                let pupil = membership(tx, new.member_id).await?.ok_or_else(Error::not_found)?;
                if pupil.left_at.is_some() {
                    return Err(Error::forbidden(Reason::StateNotAllowed).at(&["membershipId"]));
                }
                if pupil.role != SpaceRole::Pupil {
                    let error = Error::invalid(Reason::OutOfRange, "Grants are for pupils.");
                    return Err(error.at(&["membershipId"]));
                }
                let mut new = new.clone();
                new.phase_id = place(tx, actor, space, &new).await?;
                let known = grants_in_force(tx, new.member_id).await?;
                let same = known.iter().find(|known| {
                    known.capability == new.capability
                        && (known.thread_id, known.phase_id) == (new.thread_id, new.phase_id)
                });
                let id = match same {
                    Some(same) if same.ends_at == new.ends_at => return Ok(same.id),
                    Some(same) => {
                        change_grant(tx, same.id, new.ends_at, None).await?;
                        same.id
                    }
                    None if known.len() >= MOST => {
                        let error = Error::invalid(Reason::TooLong, format!("At most {MOST} grants for one pupil."));
                        return Err(error.at(&["membershipId"]));
                    }
                    None => {
                        insert_grant(tx, id, (space, viewer.id), &new).await?;
                        id
                    }
                };
                let record = Record::new(AuditAct::GrantCreated, actor.account_id, (Kind::Grant, id));
                tx.audit(space, record.after(new.capability));
                let event = event::member(tx.clock(), EventKind::GrantCreated, viewer.id, new.member_id);
                tx.emit(space, event);
                Ok(id)
            })
        })
        .await
        .map(|made| Created::of(made, id))
}

/// The phase with which a grant ends at the latest.
async fn place(tx: &Tx<'_>, actor: &Actor, space: Uuid, new: &NewGrant) -> Result<Option<Uuid>> {
    let (field, phase) = match (new.thread_id, new.phase_id) {
        (Some(thread), _) => {
            let found = thread_phase(tx, actor, thread).await?;
            ("threadId", found.ok_or_else(|| Error::not_found().at(&["threadId"]))?)
        }
        (None, Some(phase)) => ("phaseId", phase),
        (None, None) => return Ok(None),
    };
    let known = phase_facts(tx, actor.account_id, phase).await;
    let known = known.map_err(|error| error.missing(field))?;
    if known.space_id != space {
        return Err(Error::not_found().at(&[field]));
    }
    if known.state == PhaseState::Closed {
        return Err(Error::forbidden(Reason::PhaseNotOpen).at(&[field]));
    }
    Ok(Some(phase))
}

/// Takes a grant back. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`.
pub(super) async fn revoke(app: &App, actor: &Actor, id: Uuid) -> Result<()> {
    let not_found = || Error::not_found().at(&["grantId"]);
    let reader = Reader::passing(&app.db, Some(actor.clone()));
    let found = grants_by_id(&reader, &[id]).await?;
    let space = found.first().map(|grant| grant.space_id).ok_or_else(not_found)?;
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                tx.gate(space, Gate::Exclusive).await?;
                let now = tx.clock().now();
                let facts = facts(tx, actor.account_id, space).await.map_err(|_| not_found())?;
                let viewer = facts.member();
                policy::space(SpaceAction::GrantRevoke, &viewer, &facts.space(), now).map_err(Error::forbidden)?;
                let known = grant(tx, id).await?.ok_or_else(not_found)?;
                if known.ends_at.is_some_and(|end| end <= now) {
                    return Ok(());
                }
                change_grant(tx, id, Some(now), Some(viewer.id)).await?;
                let record = Record::new(AuditAct::GrantRevoked, actor.account_id, (Kind::Grant, id));
                tx.audit(space, record.before(known.capability));
                let event = event::member(tx.clock(), EventKind::GrantRevoked, viewer.id, known.member_id);
                tx.emit(space, event);
                Ok(())
            })
        })
        .await
}
