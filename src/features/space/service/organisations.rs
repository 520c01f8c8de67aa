//! How organisations come into a space.

use entity::{
    enums::{AccountKind, AuditAct, EventKind, InvitationState, SpaceRole},
    membership, space_organisation,
};
use sea_orm::ActiveValue::{Set, Unchanged};
use uuid::Uuid;

use super::{super::store, allow, spaces::coordinator};
use crate::{
    app::App,
    event,
    platform::{
        audit::Record,
        auth::Actor,
        db::Gate,
        error::{Error, Reason, Result},
        id::Kind,
    },
    policy::{self, SpaceAction},
};

/// Invites an organisation. Repeating it while the invitation waits changes nothing; one that was declined waits again.
/// Returns the invitation.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`; `INVALID`/`ALREADY_MEMBER` if it takes part.
pub async fn organisation_invite(app: &App, actor: &Actor, space: Uuid, organisation: Uuid) -> Result<Uuid> {
    let id = app.clock.new_id();
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                tx.gate(space, Gate::Exclusive).await?;
                let facts = store::facts(tx, actor.account_id, space)
                    .await
                    .map_err(|error| error.at(&["spaceId"]))?;
                let member = facts.member();
                let action = SpaceAction::OrganisationInvite;
                allow(policy::space(action, &member, &facts.space(), tx.clock().now()))?;
                if !store::is_organisation(tx, organisation).await? {
                    return Err(Error::not_found().at(&["organisationId"]));
                }
                match store::part(tx, space, organisation).await? {
                    None => {
                        let row = space_organisation::ActiveModel {
                            id: Set(id),
                            space_id: Set(space),
                            organisation_id: Set(organisation),
                            invited_by_id: Set(member.organisation_id),
                            state: Set(InvitationState::Invited),
                            created_at: Set(tx.clock().now()),
                            answered_at: Set(None),
                        };
                        store::insert_part(tx, row).await?;
                        let record = record(AuditAct::OrganisationInvited, actor, organisation);
                        tx.audit(space, record.after(InvitationState::Invited));
                        Ok(id)
                    }
                    Some(part) => match part.state {
                        InvitationState::Invited => Ok(part.id),
                        InvitationState::Declined => {
                            let by = Some(member.organisation_id);
                            store::set_part(tx, part.id, InvitationState::Invited, by).await?;
                            let record = record(AuditAct::OrganisationInvited, actor, organisation);
                            tx.audit(space, record.before(part.state).after(InvitationState::Invited));
                            Ok(part.id)
                        }
                        InvitationState::Accepted => {
                            let message = "The organisation takes part already.";
                            Err(Error::invalid(Reason::AlreadyMember, message).at(&["organisationId"]))
                        }
                    },
                }
            })
        })
        .await
}

/// Accepts an invitation for the actor's organisation: the actor becomes its coordinator. Repeating it changes nothing.
/// Returns the space and the membership.
///
/// # Errors
/// `NOT_FOUND` for all but staff of the invited organisation, and for a declined invitation; `FORBIDDEN` if the space isn't
/// active.
pub async fn organisation_accept(app: &App, actor: &Actor, invitation: Uuid) -> Result<(Uuid, Uuid)> {
    let (organisation, part) = own_invitation(app, actor, invitation).await?;
    let space = part.space_id;
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                tx.gate(space, Gate::Exclusive).await?;
                let part = store::invitation(tx, invitation, organisation)
                    .await?
                    .ok_or_else(not_found)?;
                let known = store::memberships_of(tx, space, &[actor.account_id])
                    .await?
                    .remove(&actor.account_id);
                match (part.state, &known) {
                    (InvitationState::Invited, _) => {}
                    (InvitationState::Accepted, Some(known)) if known.left_at.is_none() => {
                        return Ok((space, known.id));
                    }
                    _ => return Err(not_found()),
                }
                if store::space_state(tx, space).await? != Some(entity::enums::SpaceState::Active) {
                    return Err(Error::forbidden(Reason::StateNotAllowed));
                }
                store::set_part(tx, part.id, InvitationState::Accepted, None).await?;
                let member = match known {
                    None => {
                        let row = coordinator(tx, space, actor.account_id, organisation);
                        let id = row.id.clone().take().unwrap_or_default();
                        store::insert_membership(tx, row).await?;
                        id
                    }
                    Some(known) => {
                        let row = membership::ActiveModel {
                            id: Unchanged(known.id),
                            role: Set(SpaceRole::Coordinator),
                            organisation_id: Set(organisation),
                            left_at: Set(None),
                            media_bytes: Set(0),
                            version: Set(known.version + 1),
                            ..Default::default()
                        };
                        store::update_membership(tx, row).await?;
                        known.id
                    }
                };
                let accepted = event::space(tx.clock(), EventKind::OrganisationAccepted, member);
                let added = event::member(tx.clock(), EventKind::MemberAdded, member, member);
                tx.emit(space, accepted);
                tx.emit(space, added);
                let record = record(AuditAct::OrganisationAccepted, actor, organisation);
                tx.audit(space, record.before(part.state).after(InvitationState::Accepted));
                Ok((space, member))
            })
        })
        .await
}

/// Declines an invitation for the actor's organisation. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND` for all but staff of the invited organisation, and for an accepted invitation.
pub async fn organisation_decline(app: &App, actor: &Actor, invitation: Uuid) -> Result<()> {
    let (organisation, part) = own_invitation(app, actor, invitation).await?;
    let space = part.space_id;
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                tx.gate(space, Gate::Exclusive).await?;
                let part = store::invitation(tx, invitation, organisation)
                    .await?
                    .ok_or_else(not_found)?;
                match part.state {
                    InvitationState::Invited => {
                        store::set_part(tx, part.id, InvitationState::Declined, None).await?;
                        let record = record(AuditAct::OrganisationDeclined, actor, organisation);
                        tx.audit(space, record.before(part.state).after(InvitationState::Declined));
                        Ok(())
                    }
                    InvitationState::Declined => Ok(()),
                    InvitationState::Accepted => Err(not_found()),
                }
            })
        })
        .await
}

/// A record about an organisation.
fn record(act: AuditAct, actor: &Actor, organisation: Uuid) -> Record {
    Record::new(act, actor.account_id, (Kind::Organisation, organisation))
}

/// The invitation, to find its space; read again behind the gate.
async fn own_invitation(app: &App, actor: &Actor, id: Uuid) -> Result<(Uuid, space_organisation::Model)> {
    let (AccountKind::Staff, Some(organisation)) = (actor.kind, actor.organisation_id) else {
        return Err(not_found());
    };
    let find = app.db.write(None, |tx| {
        Box::pin(async move { store::invitation(tx, id, organisation).await })
    });
    Ok((organisation, find.await?.ok_or_else(not_found)?))
}

fn not_found() -> Error {
    Error::not_found().at(&["invitationId"])
}
