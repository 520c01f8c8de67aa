//! Mutations of spaces and of the organisations in them.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use uuid::Uuid;

use super::{
    super::service::{self, SpacePatch},
    Membership, Space, SpaceInvitation, invitation_nodes, members, spaces,
};
use crate::{
    app::app,
    features::organisation::graphql::{Organisation, organisations},
    platform::{
        error::{Refusal, Result},
        graphql::{actor, cleared, input_id, kept, reader, settle, settle_created},
        id::Kind,
        idempotency::{Created, Key},
        scalar::LocalTime,
    },
};

/// Input of `spaceCreate`.
#[derive(InputObject)]
pub struct SpaceCreateInput {
    /// Title, 1 to 200 characters.
    title: String,
    /// What the project is about, at most 5,000 characters.
    description: Option<String>,
    /// IANA time zone of its weeks and dates; by default that of your organisation.
    time_zone: Option<String>,
    /// 16 to 64 characters, new for every space: a repeated call with the same key and input makes nothing twice.
    idempotency_key: Option<String>,
}

/// Input of `spaceUpdate`.
#[derive(InputObject)]
pub struct SpaceUpdateInput {
    /// The space.
    space_id: ID,
    /// Its `version` as the coordinator has seen it.
    expected_version: i32,
    /// Title, 1 to 200 characters; absent = unchanged.
    title: MaybeUndefined<String>,
    /// What the project is about, at most 5,000 characters; absent = unchanged, null = empty.
    description: MaybeUndefined<String>,
    /// IANA time zone; absent = unchanged.
    time_zone: MaybeUndefined<String>,
    /// When pupils can be present, in this time zone; absent = unchanged, null = always.
    presence_hours: MaybeUndefined<PresenceHoursInput>,
}

/// The hours of each day in which pupils can be present.
#[derive(InputObject)]
pub struct PresenceHoursInput {
    /// When they begin.
    from: LocalTime,
    /// When they end; an earlier time than `from` is that of the next day, the same time is refused.
    to: LocalTime,
}

/// Input of `spaceOrganisationInvite`.
#[derive(InputObject)]
pub struct SpaceOrganisationInviteInput {
    /// The space.
    space_id: ID,
    /// Who is invited.
    organisation_id: ID,
}

/// Answer of `spaceOrganisationInvite`.
#[derive(SimpleObject)]
pub struct SpaceOrganisationInvitePayload {
    /// The invitation.
    invitation: Option<SpaceInvitation>,
    /// The space.
    space: Option<Space>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `spaceOrganisationAccept`.
#[derive(InputObject)]
pub struct SpaceOrganisationAcceptInput {
    /// The invitation: see `viewer { invitations }`.
    invitation_id: ID,
}

/// Answer of `spaceOrganisationAccept`.
#[derive(SimpleObject)]
pub struct SpaceOrganisationAcceptPayload {
    /// The space, which the viewer sees from now on.
    space: Option<Space>,
    /// The viewer's membership, as coordinator.
    membership: Option<Membership>,
    /// The viewer's organisation, which takes part from now on.
    organisation: Option<Organisation>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `spaceOrganisationDecline`.
#[derive(InputObject)]
pub struct SpaceOrganisationDeclineInput {
    /// The invitation: see `viewer { invitations }`.
    invitation_id: ID,
}

/// Answer of `spaceOrganisationDecline`.
#[derive(SimpleObject)]
pub struct SpaceOrganisationDeclinePayload {
    /// The invitation that is gone.
    deleted_invitation_id: Option<ID>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Answer of `spaceCreate`.
#[derive(SimpleObject)]
pub struct SpaceCreatePayload {
    /// The space as it is now.
    space: Option<Space>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Answer of `spaceUpdate`.
#[derive(SimpleObject)]
pub struct SpaceUpdatePayload {
    /// The space as it is now.
    space: Option<Space>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `spaceClose`.
#[derive(InputObject)]
pub struct SpaceCloseInput {
    /// The space.
    space_id: ID,
}

/// Answer of `spaceClose`.
#[derive(SimpleObject)]
pub struct SpaceClosePayload {
    /// The space as it is now.
    space: Option<Space>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `spaceReopen`.
#[derive(InputObject)]
pub struct SpaceReopenInput {
    /// The space.
    space_id: ID,
}

/// Answer of `spaceReopen`.
#[derive(SimpleObject)]
pub struct SpaceReopenPayload {
    /// The space as it is now.
    space: Option<Space>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `spaceArchive`.
#[derive(InputObject)]
pub struct SpaceArchiveInput {
    /// The space.
    space_id: ID,
}

/// Answer of `spaceArchive`.
#[derive(SimpleObject)]
pub struct SpaceArchivePayload {
    /// The space as it is now.
    space: Option<Space>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

async fn now(ctx: &Context<'_>, id: Option<Uuid>) -> Result<Option<Space>> {
    match id {
        Some(id) if actor(ctx)?.ready().is_ok() => Ok(spaces(reader(ctx)?, &[id]).await?.remove(&id)),
        _ => Ok(None),
    }
}

/// Mutations of spaces.
#[derive(Default)]
pub struct SpaceMutation;

#[Object]
impl SpaceMutation {
    /// Makes a space with four planned phases. Staff only; the viewer becomes its coordinator.
    async fn space_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: SpaceCreateInput,
    ) -> Result<Option<SpaceCreatePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let reader = reader(ctx)?;
        let work = async {
            let key = Key::new("spaceCreate", input.idempotency_key.as_deref(), &input)?;
            let time_zone = match (input.time_zone, actor.organisation_id) {
                (Some(time_zone), _) => time_zone,
                (None, Some(id)) => {
                    let own = organisations(reader, &[id]).await?;
                    reader.release().await;
                    own.get(&id)
                        .map_or_else(|| "UTC".to_owned(), |own| own.0.time_zone.clone())
                }
                (None, None) => "UTC".to_owned(),
            };
            let description = input.description.unwrap_or_default();
            service::create(app, actor, (&input.title, &description, &time_zone), key).await
        };
        let (created, mut user_errors) = settle_created(ctx, work).await?;
        let found = now(ctx, created.map(|created| created.id)).await?;
        Ok(Some(SpaceCreatePayload {
            space: Created::read_back(created, found, &mut user_errors)?,
            user_errors,
        }))
    }

    /// Changes the settings of a space. Coordinators only.
    async fn space_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: SpaceUpdateInput,
    ) -> Result<Option<SpaceUpdatePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("spaceId", &[Kind::Space], &input.space_id);
        let known = id.as_ref().ok().copied();
        let work = async {
            let description = match input.description {
                MaybeUndefined::Undefined => None,
                MaybeUndefined::Null => Some(String::new()),
                MaybeUndefined::Value(description) => Some(description),
            };
            let patch = SpacePatch {
                title: kept("title", input.title)?,
                description,
                time_zone: kept("timeZone", input.time_zone)?,
                presence_hours: cleared(input.presence_hours).map(|hours| hours.map(|hours| (hours.from, hours.to))),
            };
            service::update(app, actor, id?, input.expected_version, patch).await
        };
        let (_, user_errors) = settle(ctx, work).await?;
        Ok(Some(SpaceUpdatePayload {
            space: now(ctx, known).await?,
            user_errors,
        }))
    }

    /// Closes a space none of whose phases is open. Coordinators only. Repeating it is success.
    async fn space_close(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: SpaceCloseInput,
    ) -> Result<Option<SpaceClosePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("spaceId", &[Kind::Space], &input.space_id);
        let known = id.as_ref().ok().copied();
        let (_, user_errors) = settle(ctx, async { service::close(app, actor, id?).await }).await?;
        Ok(Some(SpaceClosePayload {
            space: now(ctx, known).await?,
            user_errors,
        }))
    }

    /// Opens a closed space again, within 180 days. Coordinators only. Repeating it is success.
    async fn space_reopen(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: SpaceReopenInput,
    ) -> Result<Option<SpaceReopenPayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("spaceId", &[Kind::Space], &input.space_id);
        let known = id.as_ref().ok().copied();
        let (_, user_errors) = settle(ctx, async { service::reopen(app, actor, id?).await }).await?;
        Ok(Some(SpaceReopenPayload {
            space: now(ctx, known).await?,
            user_errors,
        }))
    }

    /// Makes a closed space read-only for good. Coordinators only. Repeating it is success.
    async fn space_archive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: SpaceArchiveInput,
    ) -> Result<Option<SpaceArchivePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("spaceId", &[Kind::Space], &input.space_id);
        let known = id.as_ref().ok().copied();
        let (_, user_errors) = settle(ctx, async { service::archive(app, actor, id?).await }).await?;
        Ok(Some(SpaceArchivePayload {
            space: now(ctx, known).await?,
            user_errors,
        }))
    }
}

/// Mutations of organisations in spaces.
#[derive(Default)]
pub struct InvitationMutation;

#[Object]
impl InvitationMutation {
    /// Invites another organisation into a space. Coordinators only. Repeating it is success.
    async fn space_organisation_invite(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: SpaceOrganisationInviteInput,
    ) -> Result<Option<SpaceOrganisationInvitePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let space = input_id("spaceId", &[Kind::Space], &input.space_id);
        let known = space.as_ref().ok().copied();
        let work = async {
            let organisation = input_id("organisationId", &[Kind::Organisation], &input.organisation_id)?;
            service::organisation_invite(app, actor, space?, organisation).await
        };
        let (id, user_errors) = settle(ctx, work).await?;
        let invitation = match id {
            Some(id) => invitation_nodes(reader(ctx)?, &[id]).await?.remove(&id),
            None => None,
        };
        Ok(Some(SpaceOrganisationInvitePayload {
            invitation,
            space: now(ctx, known).await?,
            user_errors,
        }))
    }

    /// Accepts an invitation for the own organisation; the viewer becomes its coordinator. Staff of the invited organisation
    /// only. Repeating it is success.
    async fn space_organisation_accept(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: SpaceOrganisationAcceptInput,
    ) -> Result<Option<SpaceOrganisationAcceptPayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let work = async {
            let id = input_id("invitationId", &[Kind::Invitation], &input.invitation_id)?;
            service::organisation_accept(app, actor, id).await
        };
        let (done, user_errors) = settle(ctx, work).await?;
        let Some((space, member)) = done else {
            return Ok(Some(SpaceOrganisationAcceptPayload {
                space: None,
                membership: None,
                organisation: None,
                user_errors,
            }));
        };
        let membership = members(reader(ctx)?, &[member]).await?.remove(&member);
        let organisation = match &membership {
            Some(membership) => membership.affiliation().await?,
            None => None,
        };
        let space = now(ctx, Some(space)).await?;
        Ok(Some(SpaceOrganisationAcceptPayload {
            space,
            membership,
            organisation,
            user_errors,
        }))
    }

    /// Declines an invitation for the own organisation. Staff of the invited organisation only. Repeating it is success.
    async fn space_organisation_decline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: SpaceOrganisationDeclineInput,
    ) -> Result<Option<SpaceOrganisationDeclinePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let work = async {
            let id = input_id("invitationId", &[Kind::Invitation], &input.invitation_id)?;
            service::organisation_decline(app, actor, id).await
        };
        let (done, user_errors) = settle(ctx, work).await?;
        Ok(Some(SpaceOrganisationDeclinePayload {
            deleted_invitation_id: done.map(|()| input.invitation_id),
            user_errors,
        }))
    }
}
