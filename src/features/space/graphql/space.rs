//! Spaces and invitations into them.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Description, Enum, ID, Object, SimpleObject};
use uuid::Uuid;

use super::{
    super::store::{self, InvitationRow, SpaceRow},
    Membership, MobilePupils, Phase, SpaceRole,
    member::{MemberLists, members, members_of},
    phase::{PhaseKind, phases_of},
};
use crate::{
    app::app,
    features::{
        audit::graphql::{AuditRecord, Records, trail},
        contribution::{
            ListKind,
            graphql::{Decisions, Lists, ModerationItem, ModerationLogEntry, log},
        },
        forum::graphql::{Thread, threads},
        journal::graphql::{JournalEntry, JournalEntryFilterInput, JournalWeek, journal_entries, journal_weeks},
        media::graphql::{Album, AlbumFilterInput, MediaFilterInput, MediaItem, MediaUsage, albums, media, usages},
        organisation::{
            OrganisationRow,
            graphql::{Organisation, of_rows, organisations},
        },
        report::graphql::{ModerationCounts, ModerationQueueFilterInput, Queue, counts, queue},
        review::graphql::{ReviewRound, Rounds, rounds_of_space},
    },
    platform::{
        db::Reader,
        error::{Error, Result},
        id::{self, Kind},
        level::{At, Level, Link, Listing},
        page::{Cut, Listed, PageArgs, Total},
        permission::ActionPermission,
        scalar::{DateTime, IsoWeek, LocalTime},
    },
    policy::{self, SpaceAction},
};

/// Where a space stands.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::SpaceState")]
pub enum SpaceState {
    /// In use.
    Active,
    /// Nobody writes; a coordinator can open it again within 180 days.
    Closed,
    /// Read-only for good.
    Archived,
}

/// The hours of each day in which pupils can be present.
#[derive(SimpleObject, Clone, Debug)]
pub struct PresenceHours {
    /// When they begin, in the time zone of the space.
    from: LocalTime,
    /// When they end; an earlier time than `from` is that of the next day.
    to: LocalTime,
}

/// What belongs to spaces.
#[derive(Debug, Default)]
pub struct SpaceLinks {
    phases: Link<HashMap<Uuid, Vec<Phase>>>,
    organisations: Arc<Listing<(), Organisation>>,
    members: Arc<MemberLists>,
    viewers: Link<HashMap<Uuid, Membership>>,
    lists: Arc<Lists>,
    queue: Arc<Queue>,
    counts: Link<HashMap<Uuid, ModerationCounts>>,
    log: Arc<Decisions>,
    rounds: Arc<Rounds>,
    trail: Arc<Records>,
    mobile_pupils: Arc<MobilePupils>,
    media_usages: Link<HashMap<Uuid, MediaUsage>>,
}

/// The working area of a project. Seen by its members only.
#[derive(Clone, Debug, Description)]
pub struct Space(pub At<SpaceRow, SpaceLinks>);

impl Space {
    /// Who reads, as a member of this space.
    #[must_use]
    pub fn viewer(&self) -> policy::Member {
        self.0.viewer.member()
    }

    fn parents(&self) -> (Vec<Uuid>, Uuid) {
        (self.0.level().rows.iter().map(|row| row.id).collect(), self.0.id)
    }
}

#[Object(use_type_description)]
impl Space {
    /// Opaque id.
    pub async fn id(&self) -> ID {
        id::encode(Kind::Space, self.0.id)
    }

    /// Title.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// What the project is about.
    async fn description(&self) -> &str {
        &self.0.description
    }

    /// Where it stands.
    async fn state(&self) -> SpaceState {
        self.0.state.into()
    }

    /// IANA time zone of its weeks and dates, for instance `Europe/Madrid`.
    async fn time_zone(&self) -> &str {
        &self.0.time_zone
    }

    /// When pupils can be present: outside of these hours of each day, in `timeZone`, nobody sees that they are there, and they see
    /// nobody. Null = always.
    async fn presence_hours(&self) -> Option<PresenceHours> {
        self.0.presence_hours().map(|hours| PresenceHours {
            from: LocalTime::of_minutes(hours.from),
            to: LocalTime::of_minutes(hours.to),
        })
    }

    /// Counts changes of its settings and state: send it as `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// The place in the space's event stream at which everything selected below this object was read, or earlier: subscribe with
    /// `spaceEvents(spaceId, after: eventCursor)` and no change is lost.
    async fn event_cursor(&self) -> String {
        self.0.cursor().encode()
    }

    /// Exactly four, in order of kind.
    async fn phases(&self) -> Result<Vec<Phase>> {
        let level = self.0.level();
        let load = || Box::pin(async { phases_of(&level.reader, &self.parents().0).await }) as _;
        Ok(level
            .links
            .phases
            .load(load)
            .await?
            .get(&self.0.id)
            .cloned()
            .unwrap_or_default())
    }

    /// The phase of this kind.
    async fn phase(&self, #[graphql(desc = "Which of the four.")] kind: PhaseKind) -> Result<Phase> {
        let level = self.0.level();
        let load = || Box::pin(async { phases_of(&level.reader, &self.parents().0).await }) as _;
        let phases = level.links.phases.load(load).await?.get(&self.0.id);
        let kind = kind.into();
        phases
            .into_iter()
            .flatten()
            .find(|phase| phase.0.kind == kind)
            .cloned()
            .ok_or_else(Error::not_found)
    }

    /// The organisations that take part, in the order in which they were invited.
    async fn organisations(
        &self,
        #[graphql(desc = "Number of organisations from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of organisations from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Listed<Organisation>> {
        let level = self.0.level();
        let page = PageArgs {
            first,
            after,
            last,
            before,
        }
        .page(store::PART_ORDER)?;
        let (parents, parent) = self.parents();
        let parents = Arc::new(parents);
        let load = || {
            Box::pin(async {
                let cuts = store::organisations(&level.reader, &parents, &page).await?;
                let known = of_rows(
                    &level.reader,
                    cuts.values().flat_map(|cut| cut.rows.iter().cloned()).collect(),
                );
                let filled = |cut: &Cut<OrganisationRow>| {
                    cut.with(cut.rows.iter().filter_map(|row| known.get(&row.id).cloned()).collect())
                };
                Ok(cuts.iter().map(|(&space, cut)| (space, filled(cut))).collect())
            }) as _
        };
        let (reader_, parents_) = (Arc::clone(&level.reader), Arc::clone(&parents));
        let count = move || {
            let (reader, parents) = (Arc::clone(&reader_), Arc::clone(&parents_));
            Box::pin(async move { store::organisation_counts(&reader, &parents).await }) as _
        };
        let (cut, total) = level
            .links
            .organisations
            .page(((), page.clone()), parent, load, count)
            .await?;
        Ok(cut.connection(total))
    }

    /// Who belongs to it, in the order in which they came; without those who left.
    async fn members(
        &self,
        #[graphql(desc = "Only members with this role.")] role: Option<SpaceRole>,
        #[graphql(desc = "Number of members from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of members from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Listed<Membership>> {
        let level = self.0.level();
        let args = PageArgs {
            first,
            after,
            last,
            before,
        };
        members_of(
            &level.links.members,
            &level.reader,
            self.parents(),
            role.map(Into::into),
            &args,
        )
        .await
    }

    /// The viewer's own membership.
    async fn viewer_membership(&self) -> Result<Option<Membership>> {
        let level = self.0.level();
        let ids = || level.rows.iter().map(|row| row.viewer.member().id).collect::<Vec<_>>();
        let load = || Box::pin(async move { members(&level.reader, &ids()).await }) as _;
        Ok(level
            .links
            .viewers
            .load(load)
            .await?
            .get(&self.0.viewer.member().id)
            .cloned())
    }

    /// What the viewer may do with it. Ask again after a `MemberEvent` about the viewer or a `SpaceSettingsEvent`.
    async fn viewer_can(&self) -> SpaceViewerCan {
        let (viewer, facts) = (self.0.viewer.member(), self.0.facts());
        let now = self.0.reader().db().clock().now();
        let can = |action| -> ActionPermission { policy::space(action, &viewer, &facts, now).into() };
        SpaceViewerCan {
            space_update: can(SpaceAction::Update),
            space_close: can(SpaceAction::Close),
            space_reopen: can(SpaceAction::Reopen),
            space_archive: can(SpaceAction::Archive),
            space_organisation_invite: can(SpaceAction::OrganisationInvite),
            member_add: can(SpaceAction::PupilAdd),
            member_update: can(SpaceAction::MemberUpdate),
            member_remove: can(SpaceAction::MemberRemove),
            moderate: can(SpaceAction::Moderate),
            grant_create: can(SpaceAction::GrantCreate),
            grant_revoke: can(SpaceAction::GrantRevoke),
        }
    }

    /// Its threads, pinned ones first, then by last activity. A list by activity may skip a thread that jumps to the top while a
    /// client pages; the live event covers it.
    async fn threads(
        &self,
        #[graphql(desc = "Number of threads from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of threads from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Listed<Thread>> {
        let level = self.0.level();
        let args = PageArgs {
            first,
            after,
            last,
            before,
        };
        threads(
            &level.links.lists,
            &level.reader,
            self.parents(),
            ListKind::SpaceThreads,
            &args,
        )
        .await
    }

    /// Its journal entries, newest first.
    async fn journal_entries(
        &self,
        #[graphql(desc = "Which entries; by default all that are published or wait for a moderator.")] filter: Option<
            JournalEntryFilterInput,
        >,
        #[graphql(desc = "Number of entries from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of entries from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Listed<JournalEntry>> {
        let level = self.0.level();
        let args = PageArgs {
            first,
            after,
            last,
            before,
        };
        let which = (ListKind::SpaceEntries, filter);
        journal_entries(&level.links.lists, &level.reader, self.parents(), which, &args).await
    }

    /// Its photos, videos and files, newest first: what is published, what waits for a moderator as far as the viewer sees it, and what
    /// is attached to something that the viewer sees.
    async fn media(
        &self,
        #[graphql(desc = "Which media; by default all.")] filter: Option<MediaFilterInput>,
        #[graphql(desc = "Number of items from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Listed<MediaItem>> {
        let level = self.0.level();
        let args = PageArgs {
            first,
            after,
            last,
            before,
        };
        media(&level.links.lists, &level.reader, self.parents(), filter, &args).await
    }

    /// Its albums, newest first.
    async fn albums(
        &self,
        #[graphql(desc = "Which albums; by default all that are published or wait for a moderator.")] filter: Option<
            AlbumFilterInput,
        >,
        #[graphql(desc = "Number of albums from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of albums from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Listed<Album>> {
        let level = self.0.level();
        let args = PageArgs {
            first,
            after,
            last,
            before,
        };
        let which = (ListKind::SpaceAlbums, filter);
        albums(&level.links.lists, &level.reader, self.parents(), which, &args).await
    }

    /// How much room its media take.
    async fn media_usage(&self, ctx: &Context<'_>) -> Result<MediaUsage> {
        let (level, quotas) = (self.0.level(), &app(ctx)?.quotas);
        let load = || Box::pin(async { usages(&level.reader, quotas, &self.parents().0).await }) as _;
        let usages = level.links.media_usages.load(load).await?;
        usages.get(&self.0.id).cloned().ok_or_else(Error::not_found)
    }

    /// The mobile pupils, by name, each with their journal entries of a week or none. For staff; empty for everybody else.
    #[expect(clippy::too_many_arguments, reason = "a list with a week and a filter")]
    async fn journal_week(
        &self,
        #[graphql(desc = "The week.")] week: IsoWeek,
        #[graphql(desc = "Only pupils of this organisation.")] organisation_id: Option<ID>,
        #[graphql(desc = "Number of pupils from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of pupils from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Listed<JournalWeek>> {
        let level = self.0.level();
        let organisation = organisation_id
            .map(|id| id::decode_as(&[Kind::Organisation], &id))
            .transpose()?;
        let args = PageArgs {
            first,
            after,
            last,
            before,
        };
        let which = (&week, organisation);
        journal_weeks(&level.links.mobile_pupils, &level.reader, self.parents(), which, &args).await
    }

    /// How much waits for the viewer to decide, by kind.
    async fn moderation_counts(&self) -> Result<ModerationCounts> {
        let level = self.0.level();
        let load = || Box::pin(async { counts(&level.reader, &self.parents().0).await }) as _;
        let counts = level.links.counts.load(load).await?.get(&self.0.id).copied();
        counts.ok_or_else(Error::not_found)
    }

    /// Its rounds of peer review, newest first: those that were opened, for staff all.
    async fn review_rounds(
        &self,
        #[graphql(desc = "Number of rounds from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of rounds from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Listed<ReviewRound>> {
        let level = self.0.level();
        let args = PageArgs {
            first,
            after,
            last,
            before,
        };
        rounds_of_space(&level.links.rounds, &level.reader, self.parents(), &args).await
    }

    /// What waits for a moderator, oldest first: versions of texts and reports. For staff, and for pupils as far as they co-moderate;
    /// empty for everybody else.
    async fn moderation_queue(
        &self,
        #[graphql(desc = "Which items; by default all.")] filter: Option<ModerationQueueFilterInput>,
        #[graphql(desc = "Number of items from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Listed<ModerationItem>> {
        let level = self.0.level();
        let args = PageArgs {
            first,
            after,
            last,
            before,
        };
        queue(
            &level.links.queue,
            &level.reader,
            self.parents(),
            filter.as_ref(),
            &args,
        )
        .await
    }

    /// What moderators have decided, newest first. For staff; empty for everybody else.
    async fn moderation_log(
        &self,
        #[graphql(desc = "Number of items from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Listed<ModerationLogEntry>> {
        let level = self.0.level();
        let args = PageArgs {
            first,
            after,
            last,
            before,
        };
        log(&level.links.log, &level.reader, self.parents(), &args).await
    }

    /// The audit trail, newest first: every act of moderation, on roles and members, on phases and the space itself, and on the
    /// accounts of its members. For coordinators; empty for everybody else.
    async fn audit_log(
        &self,
        #[graphql(desc = "Number of records from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of records from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Listed<AuditRecord>> {
        let level = self.0.level();
        let args = PageArgs {
            first,
            after,
            last,
            before,
        };
        trail(&level.links.trail, &level.reader, self.parents(), &args).await
    }
}

/// What the viewer may do with a space.
#[derive(SimpleObject)]
pub struct SpaceViewerCan {
    /// Change its settings.
    space_update: ActionPermission,
    /// Close it: possible while no phase is open.
    space_close: ActionPermission,
    /// Open it again.
    space_reopen: ActionPermission,
    /// Make it read-only for good.
    space_archive: ActionPermission,
    /// Invite another organisation.
    space_organisation_invite: ActionPermission,
    /// Add members of the own organisation; teachers add pupils only.
    member_add: ActionPermission,
    /// Change roles and mobility statuses.
    member_update: ActionPermission,
    /// Remove members.
    member_remove: ActionPermission,
    /// Read the moderation queue and decide what waits; hide, restore and remove what others wrote. Pupils by grant, as far as that
    /// reaches.
    moderate: ActionPermission,
    /// Let pupils do more than their role does.
    grant_create: ActionPermission,
    /// Take grants back.
    grant_revoke: ActionPermission,
}

/// Spaces, as far as the viewer is a member.
///
/// # Errors
/// The database's.
pub async fn spaces(reader: &Arc<Reader>, ids: &[Uuid]) -> Result<HashMap<Uuid, Space>> {
    let level = Level::new(reader, store::spaces(reader, ids).await?);
    Ok(level.all().into_iter().map(|space| (space.id, Space(space))).collect())
}

/// What belongs to invitations.
#[derive(Debug, Default)]
pub struct InvitationLinks {
    organisations: Link<HashMap<Uuid, Organisation>>,
}

/// An invitation of an organisation into a space. Seen by staff of that organisation and coordinators of the space, until it is
/// answered.
#[derive(Clone, Debug, Description)]
pub struct SpaceInvitation(pub At<InvitationRow, InvitationLinks>);

impl SpaceInvitation {
    async fn party(&self, id: Uuid) -> Result<Organisation> {
        let level = self.0.level();
        let ids = || {
            level
                .rows
                .iter()
                .flat_map(|row| [row.organisation_id, row.invited_by_id])
                .collect::<Vec<_>>()
        };
        let load = || Box::pin(async move { organisations(&level.reader, &ids()).await }) as _;
        level
            .links
            .organisations
            .load(load)
            .await?
            .get(&id)
            .cloned()
            .ok_or_else(Error::not_found)
    }
}

#[Object(use_type_description)]
impl SpaceInvitation {
    /// Opaque id.
    pub async fn id(&self) -> ID {
        id::encode(Kind::Invitation, self.0.id)
    }

    /// Title of the space.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// Who invites.
    async fn invited_by(&self) -> Result<Organisation> {
        self.party(self.0.invited_by_id).await
    }

    /// Who is invited.
    async fn organisation(&self) -> Result<Organisation> {
        self.party(self.0.organisation_id).await
    }

    /// When.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }
}

/// Invitations by id, as far as the viewer may see them.
///
/// # Errors
/// The database's.
pub async fn invitation_nodes(reader: &Arc<Reader>, ids: &[Uuid]) -> Result<HashMap<Uuid, SpaceInvitation>> {
    let level = Level::new(reader, store::invitations_by_id(reader, ids).await?);
    Ok(level
        .all()
        .into_iter()
        .map(|row| (row.id, SpaceInvitation(row)))
        .collect())
}

/// Invitations that wait for the viewer's organisation.
///
/// # Errors
/// `INVALID` for faulty page arguments.
pub async fn invitations(reader: &Arc<Reader>, args: &PageArgs) -> Result<Listed<SpaceInvitation>> {
    let cut = store::invitations(reader, &args.page(store::INVITATION_ORDER)?).await?;
    let level = Level::new(reader, cut.rows.clone());
    let reader = Arc::clone(reader);
    let total = Total::new(move || {
        let reader = Arc::clone(&reader);
        Box::pin(async move { store::invitation_count(&reader).await })
    });
    Ok(cut
        .with(level.all().into_iter().map(SpaceInvitation).collect())
        .connection(total))
}
