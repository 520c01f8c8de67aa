//! Phases.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Description, Enum, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use uuid::Uuid;

use super::{
    super::{
        service::{self, PhasePatch},
        store::{self, PhaseRow},
    },
    Space, spaces,
};
use crate::{
    app::app,
    features::{
        contribution::{ListKind, graphql::Lists},
        forum::graphql::{Thread, threads},
        journal::graphql::{JournalEntry, Prompt, Prompts, journal_entries, prompts},
        media::graphql::{Album, albums},
        review::graphql::{ReviewRound, Rounds, rounds_of_phase},
    },
    platform::{
        db::Reader,
        error::{Error, Refusal, Result},
        graphql::{actor, input_id, kept, reader, settle},
        id::{self, Kind},
        level::{At, Level, Link},
        page::{Listed, PageArgs},
        permission::ActionPermission,
        scalar::{DateTime, IsoWeek, LanguageTag},
    },
    policy::{self, PhaseAction},
};

/// The four parts of a space.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::PhaseKind")]
pub enum PhaseKind {
    /// Before the mobility.
    Preparation,
    /// While pupils are abroad.
    During,
    /// After they have come back.
    After,
    /// When the results are shared.
    Dissemination,
}

/// Where a phase stands.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::PhaseState")]
pub enum PhaseState {
    /// Staff prepare drafts.
    Planned,
    /// Members write.
    Open,
    /// Nobody writes; moderation goes on, and authors remove their own work or narrow its audience.
    Closed,
}

/// Whether pupils' texts wait for a moderator.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::ModerationMode")]
pub enum ModerationMode {
    /// Texts are published at once and moderated afterwards.
    Post,
    /// What is meant for the space and not by staff waits for a moderator.
    Pre,
}

/// What belongs to phases.
#[derive(Debug, Default)]
pub struct PhaseLinks {
    spaces: Link<HashMap<Uuid, Space>>,
    lists: Arc<Lists>,
    prompts: Prompts,
    rounds: Arc<Rounds>,
}

/// One of the four dated parts of a space. Dates are advice; the state is the rule.
#[derive(Clone, Debug, Description)]
pub struct Phase(pub At<PhaseRow, PhaseLinks>);

impl Phase {
    fn parents(&self) -> (Vec<Uuid>, Uuid) {
        (self.0.level().rows.iter().map(|row| row.id).collect(), self.0.id)
    }

    /// The week of now, where the space is.
    fn this_week(&self) -> IsoWeek {
        let now = self.0.reader().db().clock().now();
        IsoWeek::at(now, &self.0.time_zone)
    }
}

#[Object(use_type_description)]
impl Phase {
    /// Opaque id.
    pub async fn id(&self) -> ID {
        id::encode(Kind::Phase, self.0.id)
    }

    /// Which of the four.
    async fn kind(&self) -> PhaseKind {
        self.0.kind.into()
    }

    /// Where it stands.
    async fn state(&self) -> PhaseState {
        self.0.state.into()
    }

    /// Title.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// What happens in it.
    async fn description(&self) -> &str {
        &self.0.description
    }

    /// Planned start.
    async fn starts_at(&self) -> Option<DateTime> {
        self.0.starts_at.map(Into::into)
    }

    /// Planned end.
    async fn ends_at(&self) -> Option<DateTime> {
        self.0.ends_at.map(Into::into)
    }

    /// Counts changes of its settings, state and prompts: send it as `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// Whether pupils' texts wait for a moderator.
    async fn moderation(&self) -> ModerationMode {
        self.0.moderation.into()
    }

    /// Whether pupils may open threads.
    async fn allows_pupil_threads(&self) -> bool {
        self.0.allows_pupil_threads
    }

    /// Whether pupils may comment.
    async fn allows_pupil_comments(&self) -> bool {
        self.0.allows_pupil_comments
    }

    /// Whether pupils upload photos, videos and files, and make albums, without a grant.
    async fn allows_pupil_uploads(&self) -> bool {
        self.0.allows_pupil_uploads
    }

    /// Why it was opened again, in the coordinator's words. Null if it never was.
    async fn reopen_reason(&self) -> Option<&str> {
        self.0.reopen_reason.as_deref()
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

    /// What the viewer may do here. Ask again after a `PhaseEvent` or a `MemberEvent` about the viewer.
    async fn viewer_can(&self) -> PhaseViewerCan {
        let (viewer, facts) = (self.0.viewer.member(), self.0.facts());
        let can = |action| -> ActionPermission { policy::phase(action, &viewer, &facts).into() };
        PhaseViewerCan {
            phase_update: can(PhaseAction::Update),
            phase_open: can(PhaseAction::Open),
            phase_close: can(PhaseAction::Close),
            phase_reopen: can(PhaseAction::Reopen),
            thread_create: can(PhaseAction::ThreadCreate),
            journal_entry_create: can(PhaseAction::JournalEntryCreate),
            media_upload_request: can(PhaseAction::MediaUpload),
            album_create: can(PhaseAction::AlbumCreate),
            phase_prompts_update: can(PhaseAction::PromptsUpdate),
            review_round_create: can(PhaseAction::RoundCreate),
        }
    }

    /// What the journal entries of a week are asked to tell about, in order, at most 10, all in one language: that which is asked
    /// for, or else another variety of it; without, the viewer's own; else English; else any that there is.
    async fn prompts(
        &self,
        #[graphql(desc = "The week; by default this week in the time zone of the space.")] week: Option<IsoWeek>,
        #[graphql(desc = "The language; by default the viewer's.")] language: Option<LanguageTag>,
    ) -> Result<Vec<Prompt>> {
        let level = self.0.level();
        let week = week.unwrap_or_else(|| self.this_week());
        prompts(&level.links.prompts, &level.reader, self.parents(), &week, language).await
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
            ListKind::PhaseThreads,
            &args,
        )
        .await
    }

    /// Its albums, newest first.
    async fn albums(
        &self,
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
        let which = (ListKind::PhaseAlbums, None);
        albums(&level.links.lists, &level.reader, self.parents(), which, &args).await
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
        rounds_of_phase(&level.links.rounds, &level.reader, self.parents(), &args).await
    }

    /// Its journal entries, newest first.
    async fn journal_entries(
        &self,
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
        let which = (ListKind::PhaseEntries, None);
        journal_entries(&level.links.lists, &level.reader, self.parents(), which, &args).await
    }
}

/// What the viewer may do with a phase.
#[derive(SimpleObject)]
pub struct PhaseViewerCan {
    /// Change its settings.
    phase_update: ActionPermission,
    /// Open it.
    phase_open: ActionPermission,
    /// Close it.
    phase_close: ActionPermission,
    /// Open it again.
    phase_reopen: ActionPermission,
    /// Open a thread in it; staff also as a draft while it is planned.
    thread_create: ActionPermission,
    /// Begin a journal entry in it.
    journal_entry_create: ActionPermission,
    /// Upload a photo, video or file to it; staff also while it is planned.
    media_upload_request: ActionPermission,
    /// Make an album in it; staff also while it is planned.
    album_create: ActionPermission,
    /// Set the prompts of its weeks.
    phase_prompts_update: ActionPermission,
    /// Make a round of peer review in it.
    review_round_create: ActionPermission,
}

/// Phases by id, as far as the viewer is a member of their space.
///
/// # Errors
/// The database's.
pub async fn phases(reader: &Arc<Reader>, ids: &[Uuid]) -> Result<HashMap<Uuid, Phase>> {
    let level = Level::new(reader, store::phases_by_id(reader, ids).await?);
    Ok(level.all().into_iter().map(|phase| (phase.id, Phase(phase))).collect())
}

/// The phases of spaces, in order of kind.
pub(super) async fn phases_of(reader: &Arc<Reader>, spaces: &[Uuid]) -> Result<HashMap<Uuid, Vec<Phase>>> {
    let level = Level::new(reader, store::phases(reader, "p.space_id", spaces).await?);
    let mut by_space: HashMap<Uuid, Vec<Phase>> = HashMap::new();
    for phase in level.all() {
        by_space.entry(phase.space_id).or_default().push(Phase(phase));
    }
    Ok(by_space)
}

/// A phase and its space, for payloads.
///
/// # Errors
/// The database's.
pub async fn surroundings(reader: &Arc<Reader>, phase: Option<Uuid>) -> Result<(Option<Phase>, Option<Space>)> {
    let (Some(id), Ok(_)) = (phase, reader.actor()?.ready()) else {
        return Ok((None, None));
    };
    let Some(phase) = phases(reader, &[id]).await?.remove(&id) else {
        return Ok((None, None));
    };
    let space = spaces(reader, &[phase.0.space_id]).await?.remove(&phase.0.space_id);
    Ok((Some(phase), space))
}

/// Input of `phaseUpdate`.
#[derive(InputObject)]
pub struct PhaseUpdateInput {
    /// The phase.
    phase_id: ID,
    /// Its `version` as the coordinator has seen it.
    expected_version: i32,
    /// Title, 1 to 200 characters; absent = unchanged.
    title: MaybeUndefined<String>,
    /// What happens in it, at most 5,000 characters; absent = unchanged, null = empty.
    description: MaybeUndefined<String>,
    /// Planned start; absent = unchanged, null = none.
    starts_at: MaybeUndefined<DateTime>,
    /// Planned end, not before the start; absent = unchanged, null = none.
    ends_at: MaybeUndefined<DateTime>,
    /// Whether pupils' texts wait for a moderator; absent = unchanged.
    moderation: MaybeUndefined<ModerationMode>,
    /// Whether pupils may open threads; absent = unchanged.
    allows_pupil_threads: MaybeUndefined<bool>,
    /// Whether pupils may comment; absent = unchanged.
    allows_pupil_comments: MaybeUndefined<bool>,
    /// Whether pupils upload photos, videos and files, and make albums, without a grant; absent = unchanged.
    allows_pupil_uploads: MaybeUndefined<bool>,
}

/// Input of `phaseReopen`.
#[derive(InputObject)]
pub struct PhaseReopenInput {
    /// The phase.
    phase_id: ID,
    /// Why, 1 to 500 characters; members read it.
    reason: String,
}

/// Answer of `phaseUpdate`.
#[derive(SimpleObject)]
pub struct PhaseUpdatePayload {
    /// The phase as it is now.
    phase: Option<Phase>,
    /// Its space.
    space: Option<Space>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `phaseOpen`.
#[derive(InputObject)]
pub struct PhaseOpenInput {
    /// The phase.
    phase_id: ID,
}

/// Answer of `phaseOpen`.
#[derive(SimpleObject)]
pub struct PhaseOpenPayload {
    /// The phase as it is now.
    phase: Option<Phase>,
    /// Its space.
    space: Option<Space>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `phaseClose`.
#[derive(InputObject)]
pub struct PhaseCloseInput {
    /// The phase.
    phase_id: ID,
}

/// Answer of `phaseClose`.
#[derive(SimpleObject)]
pub struct PhaseClosePayload {
    /// The phase as it is now.
    phase: Option<Phase>,
    /// Its space.
    space: Option<Space>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Answer of `phaseReopen`.
#[derive(SimpleObject)]
pub struct PhaseReopenPayload {
    /// The phase as it is now.
    phase: Option<Phase>,
    /// Its space.
    space: Option<Space>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Mutations of phases.
#[derive(Default)]
pub struct PhaseMutation;

#[Object]
impl PhaseMutation {
    /// Changes the settings of a phase. Coordinators only.
    async fn phase_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: PhaseUpdateInput,
    ) -> Result<Option<PhaseUpdatePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("phaseId", &[Kind::Phase], &input.phase_id);
        let known = id.as_ref().ok().copied();
        let work = async {
            let time = |field, time: MaybeUndefined<DateTime>| match time {
                MaybeUndefined::Undefined => Ok(None),
                MaybeUndefined::Null => Ok(Some(None)),
                MaybeUndefined::Value(time) => time
                    .checked()
                    .map(|time| Some(Some(time)))
                    .map_err(|error: Error| error.at(&[field])),
            };
            let patch = PhasePatch {
                title: kept("title", input.title)?,
                description: match input.description {
                    MaybeUndefined::Undefined => None,
                    MaybeUndefined::Null => Some(String::new()),
                    MaybeUndefined::Value(description) => Some(description),
                },
                starts_at: time("startsAt", input.starts_at)?,
                ends_at: time("endsAt", input.ends_at)?,
                moderation: kept("moderation", input.moderation)?.map(Into::into),
                allows_pupil_threads: kept("allowsPupilThreads", input.allows_pupil_threads)?,
                allows_pupil_comments: kept("allowsPupilComments", input.allows_pupil_comments)?,
                allows_pupil_uploads: kept("allowsPupilUploads", input.allows_pupil_uploads)?,
            };
            service::phase_update(app, actor, id?, input.expected_version, patch).await
        };
        let (_, user_errors) = settle(ctx, work).await?;
        let (phase, space) = surroundings(reader(ctx)?, known).await?;
        Ok(Some(PhaseUpdatePayload {
            phase,
            space,
            user_errors,
        }))
    }

    /// Opens a planned phase: members write in it. Coordinators only. Repeating it is success.
    async fn phase_open(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: PhaseOpenInput,
    ) -> Result<Option<PhaseOpenPayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("phaseId", &[Kind::Phase], &input.phase_id);
        let known = id.as_ref().ok().copied();
        let (_, user_errors) = settle(ctx, async { service::phase_open(app, actor, id?).await }).await?;
        let (phase, space) = surroundings(reader(ctx)?, known).await?;
        Ok(Some(PhaseOpenPayload {
            phase,
            space,
            user_errors,
        }))
    }

    /// Closes an open phase: nobody writes in it any more. Coordinators only. Repeating it is success.
    async fn phase_close(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: PhaseCloseInput,
    ) -> Result<Option<PhaseClosePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("phaseId", &[Kind::Phase], &input.phase_id);
        let known = id.as_ref().ok().copied();
        let (_, user_errors) = settle(ctx, async { service::phase_close(app, actor, id?).await }).await?;
        let (phase, space) = surroundings(reader(ctx)?, known).await?;
        Ok(Some(PhaseClosePayload {
            phase,
            space,
            user_errors,
        }))
    }

    /// Opens a closed phase again, with a reason. Coordinators only. Repeating it is success.
    async fn phase_reopen(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: PhaseReopenInput,
    ) -> Result<Option<PhaseReopenPayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("phaseId", &[Kind::Phase], &input.phase_id);
        let known = id.as_ref().ok().copied();
        let (_, user_errors) = settle(ctx, async {
            service::phase_reopen(app, actor, id?, &input.reason).await
        })
        .await?;
        let (phase, space) = surroundings(reader(ctx)?, known).await?;
        Ok(Some(PhaseReopenPayload {
            phase,
            space,
            user_errors,
        }))
    }
}
