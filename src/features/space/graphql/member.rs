//! Members.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Description, Enum, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use chrono::Datelike;
use uuid::Uuid;

use super::{
    super::{
        rules::NewMember,
        service::{self, MemberPatch},
        store::{self, MemberRow, Namesake},
    },
    Space, spaces,
};
use crate::{
    app::app,
    features::{
        account::graphql::{Account, accounts},
        contribution::{ListKind, graphql::Lists},
        grant::graphql::{Grant, grants},
        journal::graphql::{JournalEntry, journal_entries},
        organisation::graphql::{Organisation, of_rows},
    },
    platform::{
        db::Reader,
        error::{Error, Refusal, Result},
        graphql::{actor, input_id, kept, reader, settle},
        id::{self, Kind},
        idempotency::Key,
        level::{At, Level, Link, Listing, objects},
        page::{Cut, Listed, PageArgs, Total},
        scalar::DateTime,
    },
};

/// What a member is in a space. Staff are `COORDINATOR` and `TEACHER`.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::SpaceRole")]
pub enum SpaceRole {
    /// Runs the space: settings, phases, members; moderates.
    Coordinator,
    /// Adds pupils of the own school; moderates.
    Teacher,
    /// Accompanies pupils; writes, but doesn't moderate.
    Mentor,
    /// Reads.
    Observer,
    /// Learns.
    Pupil,
}

/// Whether a pupil travels.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::MobilityStatus")]
pub enum MobilityStatus {
    /// Has a stay abroad in this project, for the whole life of the space; writes journal entries.
    Mobile,
    /// Takes part from home.
    NonMobile,
    /// Takes part from home and hosts pupils who travel.
    HostPeer,
}

/// What belongs to members.
#[derive(Debug, Default)]
pub struct MemberLinks {
    organisations: Link<HashMap<Uuid, Organisation>>,
    accounts: Link<HashMap<Uuid, Account>>,
    spaces: Link<HashMap<Uuid, Space>>,
    grants: Link<HashMap<Uuid, Vec<Grant>>>,
    namesakes: Link<HashMap<Uuid, Namesake>>,
    lists: Arc<Lists>,
}

/// An account in a space. Members see each other by `displayName`; the account itself is seen by its owner and by staff of the
/// same organisation only.
#[derive(Clone, Debug, Description)]
pub struct Membership(pub At<MemberRow, MemberLinks>);

impl Membership {
    /// The organisation that came with the row.
    ///
    /// # Errors
    /// Never in practice.
    pub async fn affiliation(&self) -> Result<Option<Organisation>> {
        let level = self.0.level();
        let load = || {
            Box::pin(async {
                let mut rows: Vec<_> = level.rows.iter().map(MemberRow::organisation).collect();
                rows.sort_by_key(|row| row.id);
                rows.dedup_by_key(|row| row.id);
                Ok(of_rows(&level.reader, rows))
            }) as _
        };
        Ok(level
            .links
            .organisations
            .load(load)
            .await?
            .get(&self.0.organisation_id)
            .cloned())
    }

    /// The lists below the members of this level, who reads them, and whose they are.
    pub(in crate::features) fn lists(&self) -> (&Arc<Lists>, &Arc<Reader>, (Vec<Uuid>, Uuid)) {
        let level = self.0.level();
        let parents = (level.rows.iter().map(|row| row.id).collect(), self.0.id);
        (&level.links.lists, &level.reader, parents)
    }

    /// Whether the viewer is this member, or staff of this space.
    fn is_near(&self) -> bool {
        let viewer = self.0.viewer.member();
        viewer.id == self.0.id || viewer.is_staff()
    }
}

#[Object(use_type_description)]
impl Membership {
    /// Opaque id.
    pub async fn id(&self) -> ID {
        id::encode(Kind::Membership, self.0.id)
    }

    /// The name that members see. Pupils: given name and first letter of the family name. Empty once the person was erased.
    async fn display_name(&self) -> &str {
        &self.0.display_name
    }

    /// What tells this member apart. Null unless another present member of the space has the same name, in whatever case: then show it
    /// beside the name. Null for those who left.
    async fn distinction(&self) -> Result<Option<MemberDistinction>> {
        let level = self.0.level();
        let spaces = || {
            let mut spaces: Vec<_> = level.rows.iter().map(|row| row.space_id).collect();
            spaces.sort_unstable();
            spaces.dedup();
            spaces
        };
        let load = || Box::pin(async move { store::namesakes(&level.reader, &spaces()).await }) as _;
        let Some(namesake) = level.links.namesakes.load(load).await?.get(&self.0.id).cloned() else {
            return Ok(None);
        };
        Ok(Some(MemberDistinction {
            organisation: self.affiliation().await?.ok_or_else(Error::not_found)?,
            joined_year: namesake.created_at.year(),
            login: namesake.login,
        }))
    }

    /// What they are here.
    async fn role(&self) -> SpaceRole {
        self.0.role.into()
    }

    /// Whether they travel. Null for all but pupils.
    async fn mobility_status(&self) -> Option<MobilityStatus> {
        self.0.mobility_status.map(Into::into)
    }

    /// Whom they stand for.
    async fn organisation(&self) -> Result<Organisation> {
        self.affiliation().await?.ok_or_else(Error::not_found)
    }

    /// Until when their texts wait for a moderator, whatever the phase says. For themselves and staff; null for everybody else.
    async fn pre_moderated_until(&self) -> Option<DateTime> {
        self.0.pre_moderated_until.filter(|_| self.is_near()).map(Into::into)
    }

    /// When they were removed. What they wrote stays.
    async fn left_at(&self) -> Option<DateTime> {
        self.0.left_at.map(Into::into)
    }

    /// Counts changes: send it as `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// The account. For its owner and staff of the same organisation; null for everybody else.
    async fn account(&self) -> Result<Option<Account>> {
        let level = self.0.level();
        let ids = || level.rows.iter().map(|row| row.account_id).collect::<Vec<_>>();
        let load = || Box::pin(async move { accounts(&level.reader, &ids()).await }) as _;
        Ok(level.links.accounts.load(load).await?.get(&self.0.account_id).cloned())
    }

    /// The space.
    async fn space(&self) -> Result<Space> {
        let level = self.0.level();
        let ids = || level.rows.iter().map(|row| row.space_id).collect::<Vec<_>>();
        let load = || Box::pin(async move { spaces(&level.reader, &ids()).await }) as _;
        level
            .links
            .spaces
            .load(load)
            .await?
            .get(&self.0.space_id)
            .cloned()
            .ok_or_else(Error::not_found)
    }

    /// What they may do beyond their role: the grants in force, newest first, at most 50.
    async fn grants(&self) -> Result<Vec<Grant>> {
        let level = self.0.level();
        let ids = || level.rows.iter().map(|row| row.id).collect::<Vec<_>>();
        let load = || Box::pin(async move { grants(&level.reader, &ids()).await }) as _;
        Ok(level
            .links
            .grants
            .load(load)
            .await?
            .get(&self.0.id)
            .cloned()
            .unwrap_or_default())
    }

    /// Their journal entries, newest first.
    async fn journal_entries(
        &self,
        #[graphql(desc = "Number of entries from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of entries from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Listed<JournalEntry>> {
        let (lists, reader, parents) = self.lists();
        let args = PageArgs {
            first,
            after,
            last,
            before,
        };
        journal_entries(lists, reader, parents, (ListKind::MemberEntries, None), &args).await
    }
}

/// What tells members apart who have the same name.
#[derive(SimpleObject)]
pub struct MemberDistinction {
    /// Whom they stand for.
    organisation: Organisation,
    /// The year (UTC) in which they came into the space.
    joined_year: i32,
    /// What they sign in with. For staff of the same organisation; null for everybody else.
    login: Option<String>,
}

/// Members by id, as far as the viewer shares a space with them.
///
/// # Errors
/// The database's.
pub async fn members(reader: &Arc<Reader>, ids: &[Uuid]) -> Result<HashMap<Uuid, Membership>> {
    let level = Level::new(reader, store::members_by_id(reader, ids).await?);
    Ok(level
        .all()
        .into_iter()
        .map(|member| (member.id, Membership(member)))
        .collect())
}

/// The viewer's memberships.
///
/// # Errors
/// `INVALID` for faulty page arguments.
pub async fn own_memberships(reader: &Arc<Reader>, args: &PageArgs) -> Result<Listed<Membership>> {
    let cut = store::own_memberships(reader, &args.page(store::MEMBER_ORDER)?).await?;
    let level = Level::new(reader, cut.rows.clone());
    let reader = Arc::clone(reader);
    let total = Total::new(move || {
        let reader = Arc::clone(&reader);
        Box::pin(async move { store::own_membership_count(&reader).await })
    });
    Ok(cut
        .with(level.all().into_iter().map(Membership).collect())
        .connection(total))
}

type Role = Option<entity::enums::SpaceRole>;

/// The member lists of the spaces of a level.
pub type MemberLists = Listing<Role, At<MemberRow, MemberLinks>>;

/// The members of one space.
pub(super) async fn members_of(
    lists: &Arc<MemberLists>,
    reader: &Arc<Reader>,
    (parents, parent): (Vec<Uuid>, Uuid),
    role: Role,
    args: &PageArgs,
) -> Result<Listed<Membership>> {
    let page = args.page(store::MEMBER_ORDER)?;
    let parents = Arc::new(parents);
    let load = || Box::pin(async { Ok(objects(reader, store::members(reader, &parents, role, &page).await?)) }) as _;
    let (reader_, parents_) = (Arc::clone(reader), Arc::clone(&parents));
    let count = move || {
        let (reader, parents) = (Arc::clone(&reader_), Arc::clone(&parents_));
        Box::pin(async move { store::member_counts(&reader, &parents, role).await }) as _
    };
    let (cut, total) = lists.page((role, page.clone()), parent, load, count).await?;
    Ok(cut.map(Membership).connection(total))
}

/// The mobile pupils of the spaces of a level, perhaps only those of one organisation.
pub type MobilePupils = Listing<Option<Uuid>, At<MemberRow, MemberLinks>>;

/// The mobile pupils of one space, by name; none for all but staff.
///
/// # Errors
/// `INVALID` for faulty page arguments.
pub async fn mobile_pupils(
    lists: &Arc<MobilePupils>,
    reader: &Arc<Reader>,
    (parents, parent): (Vec<Uuid>, Uuid),
    organisation: Option<Uuid>,
    args: &PageArgs,
) -> Result<(Cut<Membership>, Total)> {
    let page = args.page(store::NAME_ORDER)?;
    let parents = Arc::new(parents);
    let load = || {
        Box::pin(async {
            let cuts = store::mobile_pupils(reader, &parents, organisation, &page).await?;
            Ok(objects(reader, cuts))
        }) as _
    };
    let (reader_, parents_) = (Arc::clone(reader), Arc::clone(&parents));
    let count = move || {
        let (reader, parents) = (Arc::clone(&reader_), Arc::clone(&parents_));
        Box::pin(async move { store::mobile_pupil_counts(&reader, &parents, organisation).await }) as _
    };
    let (cut, total) = lists.page((organisation, page.clone()), parent, load, count).await?;
    Ok((cut.map(Membership), total))
}

/// Input of `memberAdd`.
#[derive(InputObject)]
pub struct MemberAddInput {
    /// The space.
    space_id: ID,
    /// Accounts of the own organisation, at least 1 and at most 200.
    rows: Vec<MemberRowInput>,
    /// 16 to 64 characters, new for every batch: a repeated call with the same key and input adds nobody twice.
    idempotency_key: Option<String>,
}

/// Somebody to be added.
#[derive(InputObject)]
pub struct MemberRowInput {
    /// Whose account.
    account_id: ID,
    /// As what. Pupils have the role `PUPIL`, staff any other.
    role: SpaceRole,
    /// Whether they travel; pupils only, `NON_MOBILE` by default.
    mobility_status: Option<MobilityStatus>,
}

/// Answer of `memberAdd`.
#[derive(SimpleObject, Default)]
pub struct MemberAddPayload {
    /// One result for each row, in the same order, at most 200.
    results: Vec<MemberAddResult>,
    /// The space.
    space: Option<Space>,
    /// What went wrong with the whole; empty if the batch was processed.
    user_errors: Vec<Refusal>,
}

/// What became of one row.
#[derive(SimpleObject)]
pub struct MemberAddResult {
    /// Position in the input.
    index: i32,
    /// The membership.
    membership: Option<Membership>,
    /// What went wrong with this row.
    user_errors: Vec<Refusal>,
}

/// Input of `memberUpdate`.
#[derive(InputObject)]
pub struct MemberUpdateInput {
    /// The member.
    membership_id: ID,
    /// Its `version` as the coordinator has seen it.
    expected_version: i32,
    /// Role; absent = unchanged.
    role: MaybeUndefined<SpaceRole>,
    /// Whether they travel; pupils only; absent = unchanged.
    mobility_status: MaybeUndefined<MobilityStatus>,
    /// Until when their texts wait for a moderator; absent = unchanged, null = no longer.
    pre_moderated_until: MaybeUndefined<DateTime>,
}

/// Answer of `memberUpdate`.
#[derive(SimpleObject)]
pub struct MemberUpdatePayload {
    /// The member as it is now.
    membership: Option<Membership>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `memberRemove`.
#[derive(InputObject)]
pub struct MemberRemoveInput {
    /// The member.
    membership_id: ID,
}

/// Answer of `memberRemove`.
#[derive(SimpleObject)]
pub struct MemberRemovePayload {
    /// The member, with `leftAt`.
    membership: Option<Membership>,
    /// The space; null if the viewer has removed themselves.
    space: Option<Space>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Mutations of members.
#[derive(Default)]
pub struct MemberMutation;

#[Object]
impl MemberMutation {
    /// Adds up to 200 accounts of the own organisation: coordinators staff and pupils, teachers pupils. Faulty rows are reported
    /// one by one; the others are added.
    async fn member_add(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: MemberAddInput,
    ) -> Result<Option<MemberAddPayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let space = input_id("spaceId", &[Kind::Space], &input.space_id);
        let known = space.as_ref().ok().copied();
        let work = async {
            let key = Key::new("memberAdd", input.idempotency_key.as_deref(), &input)?;
            let row = |row: &MemberRowInput| {
                let account_id = input_id("accountId", &[Kind::Account], &row.account_id)?;
                Ok(NewMember {
                    account_id,
                    role: row.role.into(),
                    mobility: row.mobility_status.map(Into::into),
                })
            };
            let rows: Vec<_> = input.rows.iter().map(row).collect();
            service::member_add(app, actor, space?, &rows, key).await
        };
        let (added, user_errors) = settle(ctx, work).await?;
        let space = match known {
            Some(id) if actor.ready().is_ok() => spaces(reader(ctx)?, &[id]).await?.remove(&id),
            _ => None,
        };
        let added = added.unwrap_or_default();
        let ids: Vec<Uuid> = added.iter().filter_map(|row| row.as_ref().ok().copied()).collect();
        let members = members(reader(ctx)?, &ids).await?;
        let mut results = Vec::with_capacity(added.len());
        for (position, row) in added.into_iter().enumerate() {
            let index = i32::try_from(position).unwrap_or(i32::MAX);
            results.push(match row {
                Ok(id) => MemberAddResult {
                    index,
                    membership: members.get(&id).cloned(),
                    user_errors: Vec::new(),
                },
                Err(error) => {
                    let user_errors = error.at(&["rows", &position.to_string()]).into_refusals()?;
                    MemberAddResult {
                        index,
                        membership: None,
                        user_errors,
                    }
                }
            });
        }
        Ok(Some(MemberAddPayload {
            results,
            space,
            user_errors,
        }))
    }

    /// Changes role, mobility status or pre-moderation of a member. Coordinators only.
    async fn member_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: MemberUpdateInput,
    ) -> Result<Option<MemberUpdatePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("membershipId", &[Kind::Membership], &input.membership_id);
        let known = id.as_ref().ok().copied();
        let work = async {
            let pre_moderated_until = match input.pre_moderated_until {
                MaybeUndefined::Undefined => None,
                MaybeUndefined::Null => Some(None),
                MaybeUndefined::Value(time) => {
                    Some(Some(time.checked().map_err(|error| error.at(&["preModeratedUntil"]))?))
                }
            };
            let patch = MemberPatch {
                role: kept("role", input.role)?.map(Into::into),
                mobility: kept("mobilityStatus", input.mobility_status)?.map(Into::into),
                pre_moderated_until,
            };
            service::member_update(app, actor, id?, input.expected_version, patch).await
        };
        let (_, user_errors) = settle(ctx, work).await?;
        Ok(Some(MemberUpdatePayload {
            membership: now(ctx, known).await?,
            user_errors,
        }))
    }

    /// Removes a member, who loses sight of the space at once; what they wrote stays. Coordinators only. Repeating it is success.
    async fn member_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: MemberRemoveInput,
    ) -> Result<Option<MemberRemovePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("membershipId", &[Kind::Membership], &input.membership_id);
        let known = id.as_ref().ok().copied();
        let (_, user_errors) = settle(ctx, async { service::member_remove(app, actor, id?).await }).await?;
        let membership = now(ctx, known).await?;
        let space = match &membership {
            Some(membership) => spaces(reader(ctx)?, &[membership.0.space_id])
                .await?
                .remove(&membership.0.space_id),
            None => None,
        };
        Ok(Some(MemberRemovePayload {
            membership,
            space,
            user_errors,
        }))
    }
}

async fn now(ctx: &Context<'_>, id: Option<Uuid>) -> Result<Option<Membership>> {
    match id {
        Some(id) if actor(ctx)?.ready().is_ok() => Ok(members(reader(ctx)?, &[id]).await?.remove(&id)),
        _ => Ok(None),
    }
}
