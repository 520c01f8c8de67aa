//! Grants in the API.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Description, Enum, ID, InputObject, Object, SimpleObject};
use uuid::Uuid;

use super::service;
use crate::{
    app::app,
    features::{
        contribution::graphql::{Contribution, contributions},
        forum::graphql::Thread,
        space::{
            self, GrantRow, NewGrant,
            graphql::{Membership, Phase, members, phases},
        },
    },
    platform::{
        db::Reader,
        error::{Refusal, Result},
        graphql::{actor, input_id, reader, settle, settle_created},
        id::{self, Kind},
        idempotency::{Created, Key},
        level::{At, Level, Link},
        scalar::DateTime,
    },
};

/// What a grant lets a pupil do.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::Capability")]
pub enum Capability {
    /// Open threads where the phase doesn't let pupils.
    OpenThread,
    /// Pin, lock and move threads.
    LeadThread,
    /// Read what waits or is hidden, approve, return, hide, restore and remove it: what pupils wrote for all members, except the own
    /// work.
    Moderate,
    /// Upload photos, videos and files where the phase doesn't let pupils.
    Upload,
    /// Review the work of others, whatever the mobility status.
    Review,
}

/// What belongs to grants.
#[derive(Debug, Default)]
pub struct GrantLinks {
    members: Link<HashMap<Uuid, Membership>>,
    phases: Link<HashMap<Uuid, Phase>>,
    threads: Link<HashMap<Uuid, Contribution>>,
}

/// What a coordinator lets a pupil do beyond their role: in the whole space, in one phase or in one thread. All members of the space
/// see who may do what.
#[derive(Clone, Debug, Description)]
pub struct Grant(pub At<GrantRow, GrantLinks>);

impl Grant {
    async fn member(&self, id: Uuid) -> Result<Option<Membership>> {
        let level = self.0.level();
        let ids = || {
            let of = |row: &GrantRow| [Some(row.member_id), Some(row.granted_by_id), row.revoked_by_id];
            level.rows.iter().flat_map(of).flatten().collect::<Vec<_>>()
        };
        let load = || Box::pin(async move { members(&level.reader, &ids()).await }) as _;
        Ok(level.links.members.load(load).await?.get(&id).cloned())
    }
}

#[Object(use_type_description)]
impl Grant {
    /// Opaque id.
    pub async fn id(&self) -> ID {
        id::encode(Kind::Grant, self.0.id)
    }

    /// What it is for.
    async fn capability(&self) -> Capability {
        self.0.capability.into()
    }

    /// Whose it is.
    async fn membership(&self) -> Result<Option<Membership>> {
        self.member(self.0.member_id).await
    }

    /// The phase that it is for, or that its thread is in: the grant ends with it at the latest. Null if it is for the whole space.
    async fn phase(&self) -> Result<Option<Phase>> {
        let Some(phase) = self.0.phase_id else { return Ok(None) };
        let level = self.0.level();
        let ids = || level.rows.iter().filter_map(|row| row.phase_id).collect::<Vec<_>>();
        let load = || Box::pin(async move { phases(&level.reader, &ids()).await }) as _;
        Ok(level.links.phases.load(load).await?.get(&phase).cloned())
    }

    /// The thread that it is for. Null if it is for more than one thread, or the viewer doesn't see the thread.
    async fn thread(&self) -> Result<Option<Thread>> {
        let Some(thread) = self.0.thread_id else {
            return Ok(None);
        };
        let level = self.0.level();
        let ids = || level.rows.iter().filter_map(|row| row.thread_id).collect::<Vec<_>>();
        let load = || Box::pin(async move { contributions(&level.reader, &ids()).await }) as _;
        Ok(match level.links.threads.load(load).await?.get(&thread) {
            Some(Contribution::Thread(thread)) => Some(thread.clone()),
            _ => None,
        })
    }

    /// Who gave it.
    async fn granted_by(&self) -> Result<Option<Membership>> {
        self.member(self.0.granted_by_id).await
    }

    /// When it was given.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it ends, or ended. Null if nobody has set a time: it ends when its phase or the space is closed, or the pupil leaves.
    async fn ends_at(&self) -> Option<DateTime> {
        self.0.ends_at.map(Into::into)
    }

    /// Who took it back. Null if nobody has.
    async fn revoked_by(&self) -> Result<Option<Membership>> {
        match self.0.revoked_by_id {
            Some(member) => self.member(member).await,
            None => Ok(None),
        }
    }

    /// Whether it is in force now.
    async fn is_in_force(&self) -> bool {
        let now = self.0.reader().db().clock().now();
        self.0.ends_at.is_none_or(|end| end > now)
    }
}

/// Grants by id, as far as the viewer is a member of their space.
///
/// # Errors
/// The database's.
pub async fn grant_nodes(reader: &Arc<Reader>, ids: &[Uuid]) -> Result<HashMap<Uuid, Grant>> {
    let level = Level::new(reader, space::grants_by_id(reader, ids).await?);
    Ok(level.all().into_iter().map(|row| (row.id, Grant(row))).collect())
}

/// The grants in force of members, newest first.
///
/// # Errors
/// The database's.
pub async fn grants(reader: &Arc<Reader>, members: &[Uuid]) -> Result<HashMap<Uuid, Vec<Grant>>> {
    let level = Level::new(reader, space::grants_of(reader, members).await?);
    let mut by_member: HashMap<Uuid, Vec<Grant>> = HashMap::new();
    for row in level.all() {
        by_member.entry(row.member_id).or_default().push(Grant(row));
    }
    Ok(by_member)
}

/// Input of `grantCreate`.
#[derive(InputObject)]
pub struct GrantCreateInput {
    /// The pupil.
    membership_id: ID,
    /// What they may do.
    capability: Capability,
    /// Only in this phase, which must not be closed. Absent together with `threadId` = in the whole space.
    phase_id: Option<ID>,
    /// Only in this thread, whose phase must not be closed.
    thread_id: Option<ID>,
    /// Until when; absent = until its phase, or the space, is closed. It never lasts longer than that.
    ends_at: Option<DateTime>,
    /// 16 to 64 characters, new for every grant: a repeated call with the same key and input answers with the same grant.
    idempotency_key: Option<String>,
}

/// Answer of `grantCreate`.
#[derive(SimpleObject)]
pub struct GrantCreatePayload {
    /// The grant.
    grant: Option<Grant>,
    /// The pupil with their `grants`.
    membership: Option<Membership>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `grantRevoke`.
#[derive(InputObject)]
pub struct GrantRevokeInput {
    /// The grant.
    grant_id: ID,
}

/// Answer of `grantRevoke`.
#[derive(SimpleObject)]
pub struct GrantRevokePayload {
    /// The grant, which is in force no more.
    grant: Option<Grant>,
    /// The pupil with their other `grants`.
    membership: Option<Membership>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Mutations of grants.
#[derive(Default)]
pub struct GrantMutation;

#[Object]
impl GrantMutation {
    /// Lets a pupil do more than their role does: in the whole space, a phase or a thread, for a time. For coordinators. At most 50 grants
    /// of one pupil are in force. Repeating it with the same capability and place changes when it ends, if anything.
    async fn grant_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: GrantCreateInput,
    ) -> Result<Option<GrantCreatePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let member = input_id("membershipId", &[Kind::Membership], &input.membership_id);
        let known = member.as_ref().ok().copied();
        let work = async {
            let key = Key::new("grantCreate", input.idempotency_key.as_deref(), &input)?;
            let place = |field: &str, kind, id: Option<ID>| id.map(|id| input_id(field, &[kind], &id)).transpose();
            let ends_at = input.ends_at.map(|time| time.checked()).transpose();
            let new = NewGrant {
                member_id: member?,
                capability: input.capability.into(),
                phase_id: place("phaseId", Kind::Phase, input.phase_id)?,
                thread_id: place("threadId", Kind::Thread, input.thread_id)?,
                ends_at: ends_at.map_err(|error| error.at(&["endsAt"]))?,
            };
            service::create(app, actor, new, key).await
        };
        let (created, mut user_errors) = settle_created(ctx, work).await?;
        let (found, membership) = now(ctx, created.map(|created| created.id), known).await?;
        Ok(Some(GrantCreatePayload {
            grant: Created::read_back(created, found, &mut user_errors)?,
            membership,
            user_errors,
        }))
    }

    /// Takes a grant back at once. For coordinators. Repeating it is success.
    async fn grant_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: GrantRevokeInput,
    ) -> Result<Option<GrantRevokePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("grantId", &[Kind::Grant], &input.grant_id);
        let known = id.as_ref().ok().copied();
        let (_, user_errors) = settle(ctx, async { service::revoke(app, actor, id?).await }).await?;
        let (grant, membership) = now(ctx, known, None).await?;
        Ok(Some(GrantRevokePayload {
            grant,
            membership,
            user_errors,
        }))
    }
}

/// A grant and its owner, or somebody, as they are now.
async fn now(ctx: &Context<'_>, id: Option<Uuid>, member: Option<Uuid>) -> Result<(Option<Grant>, Option<Membership>)> {
    if actor(ctx)?.ready().is_err() {
        return Ok((None, None));
    }
    let reader = reader(ctx)?;
    let grant = match id {
        Some(id) => grant_nodes(reader, &[id]).await?.remove(&id),
        None => None,
    };
    let member = grant.as_ref().map(|grant| grant.0.member_id).or(member);
    let membership = match member {
        Some(id) => members(reader, &[id]).await?.remove(&id),
        None => None,
    };
    Ok((grant, membership))
}
