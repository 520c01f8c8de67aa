//! Who may do what: the whole table, as pure functions over plain values.
//!
//! *Sight* comes first: what somebody may not see does not exist for them (`NOT_FOUND`). It has two forms that a property
//! test holds together: [`sees`] for one object in memory, [`VISIBLE`] for lists in SQL. Then *permission*: the functions
//! [`space`], [`phase`] and [`content`] say whether an action is allowed and, if not, why; mutations obey them and
//! `viewerCan` shows them.

use chrono::{DateTime, Days, TimeDelta, Utc};
use entity::enums::{
    Anonymity, AssignmentState, Audience, Capability, ContentState, ContributionKind, MediaState, MobilityStatus,
    ModerationMode, ModerationReason, PhaseState, ReportState, RoundState, SpaceRole, SpaceState,
};
use uuid::Uuid;

use crate::platform::error::Reason;

/// Whether something is allowed, or why not.
pub type Verdict = Result<(), Reason>;

/// How long a closed space can be opened again.
pub const REOPEN_WITHIN: TimeDelta = TimeDelta::days(180);

/// The viewer in a space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The membership.
    pub id: Uuid,
    /// What they are.
    pub role: SpaceRole,
    /// Whom they stand for.
    pub organisation_id: Uuid,
    /// Whether they travel.
    pub mobility: Option<MobilityStatus>,
    /// Until when their texts wait for a moderator.
    pub pre_moderated_until: Option<DateTime<Utc>>,
    /// What grants let them do with the object in question: those for its thread, its phase and its space. For the space itself,
    /// those for anything in it.
    pub capabilities: Vec<Capability>,
}

impl Member {
    /// Whether a grant lets them do this.
    #[must_use]
    pub fn has(&self, capability: Capability) -> bool {
        self.capabilities.contains(&capability)
    }

    /// Staff moderate; coordinators and teachers are staff.
    #[must_use]
    pub fn is_staff(&self) -> bool {
        is_staff(self.role)
    }
}

/// Whether a role is staff.
#[must_use]
pub fn is_staff(role: SpaceRole) -> bool {
    matches!(role, SpaceRole::Coordinator | SpaceRole::Teacher)
}

/// A space as far as rules ask for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    /// Where it stands.
    pub state: SpaceState,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Whether one of its phases is open.
    pub has_open_phase: bool,
}

/// The hours of each day in which pupils may be seen as present, in minutes since midnight; from the later to the earlier it is over
/// midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PresenceHours {
    /// The first minute.
    pub from: i32,
    /// The first minute after.
    pub to: i32,
}

/// A phase as far as rules ask for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    /// State of its space.
    pub space: SpaceState,
    /// Where it stands.
    pub state: PhaseState,
    /// Whether pupils' texts wait.
    pub moderation: ModerationMode,
    /// Whether pupils open threads.
    pub allows_pupil_threads: bool,
    /// Whether pupils comment.
    pub allows_pupil_comments: bool,
    /// Whether pupils upload media.
    pub allows_pupil_uploads: bool,
}

impl Phase {
    /// A phase for what doesn't depend on what members may write in it.
    #[must_use]
    pub fn bare(space: SpaceState, state: PhaseState) -> Self {
        Self {
            space,
            state,
            moderation: ModerationMode::Post,
            allows_pupil_threads: false,
            allows_pupil_comments: false,
            allows_pupil_uploads: false,
        }
    }
}

/// A contribution as far as rules ask for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// What it is.
    pub kind: ContributionKind,
    /// Where it stands.
    pub state: ContentState,
    /// Who sees it, if it is a root.
    pub audience: Audience,
    /// Its author.
    pub author_id: Uuid,
    /// Whether its author was staff.
    pub is_by_staff: bool,
    /// Whether somebody has reported it as unsafe, and nobody has dismissed that: pupils don't judge it.
    pub is_sealed: bool,
    /// Whether a version waits for a moderator.
    pub has_pending_version: bool,
    /// Whether somebody has answered it; threads only. What waits or is hidden counts, what was removed does not.
    pub has_replies: bool,
    /// Whether it takes comments no more.
    pub is_locked: bool,
    /// Whether the viewer is named as co-author; journal entries only.
    pub is_co_author: bool,
    /// Whether it is hidden and a report about it stands: nobody has dismissed it.
    pub has_report: bool,
    /// Whether it is hidden and a report about it waits for a decision.
    pub has_open_report: bool,
    /// Where its file stands; media items only.
    pub file: Option<MediaState>,
    /// Whether the viewer sees something that it is attached to; media items only.
    pub is_shown_by_host: bool,
    /// Whether it is an image or video that nobody has described for those who can't see it.
    pub lacks_alt_text: bool,
    /// Its root, if it is none.
    pub root: Option<Root>,
}

/// The root of a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// Where it stands.
    pub state: ContentState,
    /// Who sees it.
    pub audience: Audience,
    /// Its author.
    pub author_id: Uuid,
    /// Whether its author was staff.
    pub is_by_staff: bool,
    /// Whether somebody has reported it as unsafe, and nobody has dismissed that: pupils don't judge it.
    pub is_sealed: bool,
    /// Whether a version waits for a moderator.
    pub has_pending_version: bool,
    /// Whether it takes comments no more.
    pub is_locked: bool,
    /// Whether it is a question that takes answers, and the viewer has given none.
    pub hides_answers: bool,
}

// ---------------------------------------------------------------------------------------------------------------- sight

/// Whether a member sees a contribution at all (a placeholder counts).
#[must_use]
pub fn sees(viewer: &Member, content: &Content) -> bool {
    match &content.root {
        None => {
            let audience = effective(content.audience, content.has_pending_version);
            sees_root(viewer, content.state, audience, content.author_id)
                || is_backstage(content.state)
                    && co_moderates(viewer, content.audience, content.is_by_staff || content.is_sealed)
                || content.is_shown_by_host
        }
        Some(root) => {
            let audience = effective(root.audience, root.has_pending_version);
            let is_root_seen = sees_root(viewer, root.state, audience, root.author_id)
                || is_backstage(root.state) && co_moderates(viewer, root.audience, root.is_by_staff || root.is_sealed);
            let is_answered = !root.hides_answers
                || viewer.role != SpaceRole::Pupil
                || [content.author_id, root.author_id].contains(&viewer.id)
                || co_moderates(viewer, root.audience, content.is_by_staff || content.is_sealed);
            is_root_seen
                && is_answered
                && match content.state {
                    ContentState::Published | ContentState::Hidden | ContentState::Removed => true,
                    ContentState::Pending => decides(viewer, content),
                    ContentState::Draft => viewer.id == content.author_id,
                }
        }
    }
}

/// Whether something in this state is shown to those alone who decide about it.
fn is_backstage(state: ContentState) -> bool {
    matches!(state, ContentState::Pending | ContentState::Hidden)
}

/// Whether a pupil co-moderates what is written for this audience: never what staff wrote or must judge, nor what isn't meant for
/// all.
fn co_moderates(viewer: &Member, audience: Audience, is_for_staff: bool) -> bool {
    viewer.has(Capability::Moderate) && audience == Audience::Space && !is_for_staff
}

/// Who sees a root, in effect: what waits is shown to those who decide about it. Something private waits only while its author
/// asks to show it to all.
#[must_use]
pub fn effective(audience: Audience, has_pending_version: bool) -> Audience {
    if has_pending_version {
        audience.max(Audience::Staff)
    } else {
        audience
    }
}

fn sees_root(viewer: &Member, state: ContentState, audience: Audience, author_id: Uuid) -> bool {
    viewer.id == author_id
        || match state {
            ContentState::Draft => false,
            ContentState::Published => match audience {
                Audience::Space => true,
                Audience::Staff => viewer.is_staff(),
                Audience::Author => false,
            },
            ContentState::Pending | ContentState::Hidden | ContentState::Removed => {
                viewer.is_staff() && audience != Audience::Author
            }
        }
}

/// Whether a member could see a contribution when an event about it began, going by what the event keeps. The capabilities of
/// the viewer are those that reach it.
#[must_use]
pub fn may_have_seen(
    viewer: &Member,
    state: ContentState,
    audience: Audience,
    author_id: Uuid,
    root_author_id: Option<Uuid>,
) -> bool {
    // Who wrote it is not kept; about what staff wrote, a co-moderator hears that an unknown id is gone.
    let is_moderated = co_moderates(viewer, audience, false);
    match root_author_id {
        None => sees_root(viewer, state, audience, author_id) || is_backstage(state) && is_moderated,
        Some(root_author_id) => {
            let is_near = viewer.id == author_id || viewer.is_staff() || is_moderated;
            let is_shown = match state {
                ContentState::Published | ContentState::Hidden | ContentState::Removed => true,
                ContentState::Pending => is_near,
                ContentState::Draft => viewer.id == author_id,
            };
            sees_root(viewer, ContentState::Published, audience, root_author_id) && is_shown
        }
    }
}

/// Whether a member who sees a contribution reads its text and knows its author, or sees a placeholder.
#[must_use]
pub fn sees_text(viewer: &Member, content: &Content) -> bool {
    match content.state {
        ContentState::Hidden => decides(viewer, content),
        ContentState::Removed => sees_backstage(viewer, content),
        _ => true,
    }
}

/// Whether a member sees what waits, and what is hidden: the author, staff, and pupils who co-moderate it.
#[must_use]
pub fn decides(viewer: &Member, content: &Content) -> bool {
    let audience = content.root.as_ref().map_or(content.audience, |root| root.audience);
    sees_backstage(viewer, content) || co_moderates(viewer, audience, content.is_by_staff || content.is_sealed)
}

/// Whether a member sees decisions and earlier versions: the author and staff.
#[must_use]
pub fn sees_backstage(viewer: &Member, content: &Content) -> bool {
    viewer.id == content.author_id || viewer.is_staff()
}

/// Whether a grant to moderate of the viewer `m` reaches the contribution `c`. `:now` is the time of the statement.
macro_rules! co_moderates_sql {
    () => {
        "m.role = 'PUPIL' AND EXISTS (SELECT 1 FROM capability_grant g WHERE g.member_id = m.id AND \
            g.capability = 'MODERATE' AND (g.ends_at IS NULL OR g.ends_at > :now) \
            AND g.scope_id IN (c.space_id, c.phase_id, COALESCE(c.root_id, c.id)))"
    };
}
pub(crate) use co_moderates_sql;

/// Whether the viewer `m` has answered the thread `r`. A scalar, as databases may answer an `EXISTS` by reading all answers.
macro_rules! has_answered {
    () => {
        "((SELECT 1 FROM contribution k WHERE k.root_id = r.id AND k.author_id = m.id AND k.depth = 0 \
            AND k.state IN ('PUBLISHED', 'PENDING', 'HIDDEN') LIMIT 1) IS NOT NULL)"
    };
}
pub(crate) use has_answered;

/// [`VISIBLE`] as a literal.
macro_rules! visible_sql {
    () => {
        concat!(
    "((c.root_id IS NULL AND (c.author_id = m.id \
        OR (c.state = 'PUBLISHED' AND (c.audience = 'SPACE' \
            OR ((c.audience = 'STAFF' OR c.pending_version IS NOT NULL) \
                AND m.role IN ('COORDINATOR', 'TEACHER')))) \
        OR (c.state IN ('PENDING', 'HIDDEN', 'REMOVED') AND (c.audience <> 'AUTHOR' OR c.pending_version IS NOT NULL) \
            AND m.role IN ('COORDINATOR', 'TEACHER')) \
        OR (c.state IN ('PENDING', 'HIDDEN') AND c.audience = 'SPACE' AND NOT c.author_is_staff AND NOT c.is_sealed AND ",
    $crate::policy::co_moderates_sql!(),
    "))) \
    OR (c.root_id IS NOT NULL AND (r.author_id = m.id \
        OR (r.state = 'PUBLISHED' AND (r.audience = 'SPACE' \
            OR ((r.audience = 'STAFF' OR r.pending_version IS NOT NULL) \
                AND m.role IN ('COORDINATOR', 'TEACHER')))) \
        OR (r.state IN ('PENDING', 'HIDDEN', 'REMOVED') AND (r.audience <> 'AUTHOR' OR r.pending_version IS NOT NULL) \
            AND m.role IN ('COORDINATOR', 'TEACHER')) \
        OR (r.state IN ('PENDING', 'HIDDEN') AND r.audience = 'SPACE' AND NOT r.author_is_staff AND NOT r.is_sealed AND ",
    $crate::policy::co_moderates_sql!(),
    ")) \
        AND (r.thread_kind IS NULL OR r.thread_kind <> 'QUESTION' OR r.is_locked OR m.role <> 'PUPIL' \
            OR c.author_id = m.id OR r.author_id = m.id OR ",
    $crate::policy::has_answered!(),
    " OR (r.audience = 'SPACE' AND NOT c.author_is_staff AND NOT c.is_sealed AND ",
    $crate::policy::co_moderates_sql!(),
    ")) \
        AND (c.state IN ('PUBLISHED', 'HIDDEN', 'REMOVED') OR c.author_id = m.id \
            OR (c.state = 'PENDING' AND (m.role IN ('COORDINATOR', 'TEACHER') \
                OR (r.audience = 'SPACE' AND NOT c.author_is_staff AND NOT c.is_sealed AND ",
    $crate::policy::co_moderates_sql!(),
    "))))))"
)
    };
}
pub(crate) use visible_sql;

/// [`sees`] as an SQL condition over `c` (contribution), `r` (its root, left joined) and `m` (the viewer's membership); what is seen
/// by its host is apart.
pub const VISIBLE: &str = visible_sql!();

/// Whether the media item with the id `$item` is attached to something, `$of` which, of which the viewer `m` reads that version. Albums
/// select what is seen anyway.
macro_rules! has_host {
    ($item:literal, $of:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM attachment a JOIN contribution c ON c.id = a.host_id \
                LEFT JOIN contribution r ON r.id = c.root_id WHERE c.kind <> 'ALBUM' AND a.item_id = ",
            $item,
            $of,
            " AND ",
            $crate::policy::visible_sql!(),
            " AND (c.state IN ('DRAFT', 'PENDING', 'PUBLISHED') AND a.version = COALESCE(c.published_version, c.version) \
                OR a.version = c.pending_version AND ",
            $crate::policy::decides_sql!(),
            " OR ",
            $crate::policy::backstage_sql!(),
            "))"
        )
    };
}
pub(crate) use has_host;

/// Whether a media item `c`, whose id is `$item` too, is seen because of what it is attached to. What belongs to somebody else than
/// the author of that is shown only as long as it is seen anyway, and others than staff see a file once it is ready.
macro_rules! shown_by_host {
    ($item:literal) => {
        concat!(
            "(c.kind = 'MEDIA_ITEM' AND c.state NOT IN ('HIDDEN', 'REMOVED') AND (c.file_state = 'READY' \
                OR m.role IN ('COORDINATOR', 'TEACHER')) AND ",
            $crate::policy::has_host!($item, " AND a.is_own"),
            ")"
        )
    };
}
pub(crate) use shown_by_host;

/// [`DECIDES`] as a literal.
macro_rules! decides_sql {
    () => {
        concat!(
            "(c.author_id = m.id OR m.role IN ('COORDINATOR', 'TEACHER') \
                OR (COALESCE(r.audience, c.audience) = 'SPACE' AND NOT c.author_is_staff AND NOT c.is_sealed AND ",
            $crate::policy::co_moderates_sql!(),
            "))"
        )
    };
}
pub(crate) use decides_sql;

/// [`decides`] as an SQL condition over the same, for what [`VISIBLE`] finds.
pub const DECIDES: &str = decides_sql!();

/// [`BACKSTAGE`] as a literal.
macro_rules! backstage_sql {
    () => {
        "(c.author_id = m.id OR m.role IN ('COORDINATOR', 'TEACHER'))"
    };
}
pub(crate) use backstage_sql;

/// [`sees_backstage`] as an SQL condition over the same, for what [`VISIBLE`] finds.
pub const BACKSTAGE: &str = backstage_sql!();

/// [`sees_text`] as an SQL condition over the same, for what [`VISIBLE`] finds.
pub const SEES_TEXT: &str = concat!(
    "(c.state NOT IN ('HIDDEN', 'REMOVED') OR ",
    backstage_sql!(),
    " OR c.state = 'HIDDEN' AND ",
    decides_sql!(),
    ")"
);

// ------------------------------------------------------------------------------------------------------------ permission

/// What is done to a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpaceAction {
    /// `spaceUpdate`.
    Update,
    /// `spaceClose`.
    Close,
    /// `spaceReopen`.
    Reopen,
    /// `spaceArchive`.
    Archive,
    /// `spaceOrganisationInvite`.
    OrganisationInvite,
    /// `memberAdd` of pupils.
    PupilAdd,
    /// `memberAdd` of staff.
    StaffAdd,
    /// `memberUpdate`.
    MemberUpdate,
    /// `memberRemove`.
    MemberRemove,
    /// Approve, return, hide, restore and remove what others wrote; read the moderation queue.
    Moderate,
    /// `grantCreate`.
    GrantCreate,
    /// `grantRevoke`.
    GrantRevoke,
}

impl SpaceAction {
    /// Every action.
    pub const ALL: [Self; 12] = [
        Self::Update,
        Self::Close,
        Self::Reopen,
        Self::Archive,
        Self::OrganisationInvite,
        Self::PupilAdd,
        Self::StaffAdd,
        Self::MemberUpdate,
        Self::MemberRemove,
        Self::Moderate,
        Self::GrantCreate,
        Self::GrantRevoke,
    ];
}

/// What a member may do to a space.
///
/// # Errors
/// Why not.
pub fn space(action: SpaceAction, viewer: &Member, space: &Space, now: DateTime<Utc>) -> Verdict {
    match action {
        SpaceAction::Moderate => moderates(viewer)?,
        SpaceAction::PupilAdd => ensure(viewer.is_staff(), Reason::RoleNotAllowed)?,
        _ => ensure(viewer.role == SpaceRole::Coordinator, Reason::RoleNotAllowed)?,
    }
    let state = space.state;
    match action {
        SpaceAction::Update
        | SpaceAction::OrganisationInvite
        | SpaceAction::PupilAdd
        | SpaceAction::StaffAdd
        | SpaceAction::GrantCreate => ensure(state == SpaceState::Active, Reason::StateNotAllowed),
        SpaceAction::Close => ensure(
            state == SpaceState::Active && !space.has_open_phase,
            Reason::StateNotAllowed,
        ),
        SpaceAction::Reopen => {
            ensure(state == SpaceState::Closed, Reason::StateNotAllowed)?;
            ensure(
                space.closed_at.is_some_and(|closed| now - closed <= REOPEN_WITHIN),
                Reason::TooLate,
            )
        }
        SpaceAction::Archive => ensure(state == SpaceState::Closed, Reason::StateNotAllowed),
        SpaceAction::MemberUpdate | SpaceAction::MemberRemove | SpaceAction::Moderate | SpaceAction::GrantRevoke => {
            ensure(state != SpaceState::Archived, Reason::StateNotAllowed)
        }
    }
}

/// What is done to a phase or begun in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhaseAction {
    /// `phaseUpdate`.
    Update,
    /// `phaseOpen`.
    Open,
    /// `phaseClose`.
    Close,
    /// `phaseReopen`.
    Reopen,
    /// `threadCreate`, published or as a draft.
    ThreadCreate,
    /// `journalEntryCreate`, published or as a draft.
    JournalEntryCreate,
    /// `mediaUploadRequest`.
    MediaUpload,
    /// `albumCreate`, published or as a draft.
    AlbumCreate,
    /// `phasePromptsUpdate`.
    PromptsUpdate,
    /// `reviewRoundCreate`.
    RoundCreate,
}

impl PhaseAction {
    /// Every action.
    pub const ALL: [Self; 10] = [
        Self::Update,
        Self::Open,
        Self::Close,
        Self::Reopen,
        Self::ThreadCreate,
        Self::JournalEntryCreate,
        Self::MediaUpload,
        Self::AlbumCreate,
        Self::PromptsUpdate,
        Self::RoundCreate,
    ];
}

/// What a member may do to a phase or begin in it.
///
/// # Errors
/// Why not.
pub fn phase(action: PhaseAction, viewer: &Member, phase: &Phase) -> Verdict {
    let role = viewer.role;
    match action {
        PhaseAction::ThreadCreate => {
            may_write(ContributionKind::Thread, viewer, phase)?;
            ensure(phase.space == SpaceState::Active, Reason::StateNotAllowed)?;
            ensure(may_draft(viewer, phase), Reason::PhaseNotOpen)
        }
        PhaseAction::MediaUpload | PhaseAction::AlbumCreate => {
            may_write(ContributionKind::MediaItem, viewer, phase)?;
            ensure(phase.space == SpaceState::Active, Reason::StateNotAllowed)?;
            ensure(may_draft(viewer, phase), Reason::PhaseNotOpen)
        }
        PhaseAction::JournalEntryCreate => {
            may_write(ContributionKind::JournalEntry, viewer, phase)?;
            ensure(phase.space == SpaceState::Active, Reason::StateNotAllowed)?;
            ensure(phase.state == PhaseState::Open, Reason::PhaseNotOpen)
        }
        PhaseAction::PromptsUpdate => {
            ensure(viewer.is_staff(), Reason::RoleNotAllowed)?;
            ensure(phase.space == SpaceState::Active, Reason::StateNotAllowed)
        }
        PhaseAction::RoundCreate => {
            ensure(viewer.is_staff(), Reason::RoleNotAllowed)?;
            ensure(phase.space == SpaceState::Active, Reason::StateNotAllowed)?;
            ensure(phase.state != PhaseState::Closed, Reason::PhaseNotOpen)
        }
        PhaseAction::Update | PhaseAction::Open | PhaseAction::Close | PhaseAction::Reopen => {
            ensure(role == SpaceRole::Coordinator, Reason::RoleNotAllowed)?;
            let state = match action {
                PhaseAction::Open => phase.state == PhaseState::Planned,
                PhaseAction::Close => phase.state == PhaseState::Open,
                PhaseAction::Reopen => phase.state == PhaseState::Closed,
                _ => true,
            };
            ensure(state && phase.space == SpaceState::Active, Reason::StateNotAllowed)
        }
    }
}

/// What is done to a contribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentAction {
    /// `threadUpdate`, `commentUpdate`, `journalEntryUpdate`, `mediaItemUpdate`, `albumUpdate`.
    Update,
    /// An update that only narrows the audience.
    AudienceLower,
    /// `contributionPublish`.
    Publish,
    /// `contributionWithdraw`.
    Withdraw,
    /// `contributionRemove`.
    Remove,
    /// `contributionApprove`.
    Approve,
    /// `contributionReturn`.
    Return,
    /// `contributionHide`.
    Hide,
    /// `contributionRestore`.
    Restore,
    /// `threadPin`, `threadUnpin`.
    Pin,
    /// `threadLock`, `threadUnlock`.
    Lock,
    /// `commentCreate` on it.
    CommentCreate,
    /// `reactionAdd`, `reactionRemove`.
    React,
    /// `threadMove`.
    Move,
    /// `journalEntryConfirm`.
    Confirm,
    /// `contributionReport`.
    Report,
    /// `mediaUploadParts`, `mediaUploadComplete`.
    Upload,
    /// `mediaRetry`.
    Retry,
}

impl ContentAction {
    /// Every action.
    pub const ALL: [Self; 18] = [
        Self::Update,
        Self::AudienceLower,
        Self::Publish,
        Self::Withdraw,
        Self::Remove,
        Self::Approve,
        Self::Return,
        Self::Hide,
        Self::Restore,
        Self::Pin,
        Self::Lock,
        Self::CommentCreate,
        Self::React,
        Self::Move,
        Self::Confirm,
        Self::Report,
        Self::Upload,
        Self::Retry,
    ];
}

/// What a member who sees a contribution may do to it.
///
/// # Errors
/// Why not.
pub fn content(action: ContentAction, viewer: &Member, phase: &Phase, content: &Content) -> Verdict {
    use ContentState::{Draft, Hidden, Pending, Published, Removed};

    let is_own = content.author_id == viewer.id;
    let state = content.state;
    let author = || {
        ensure(is_own, Reason::NotAuthor)?;
        ensure(viewer.role != SpaceRole::Observer, Reason::RoleNotAllowed)
    };
    let moderator = || {
        moderates(viewer)?;
        if viewer.is_staff() {
            return Ok(());
        }
        ensure(!is_own && !content.is_co_author, Reason::OwnContent)?;
        ensure(!content.is_by_staff && !content.is_sealed, Reason::StaffContent)?;
        ensure(decides(viewer, content), Reason::RoleNotAllowed)?;
        ensure(phase.state == PhaseState::Open, Reason::PhaseNotOpen)
    };
    let leader = || {
        may_by_grant(viewer, viewer.is_staff(), Capability::LeadThread)?;
        ensure(
            viewer.is_staff() || phase.state == PhaseState::Open,
            Reason::PhaseNotOpen,
        )
    };
    let writable = || ensure(phase.space != SpaceState::Archived, Reason::StateNotAllowed);
    let open = || ensure(phase.state == PhaseState::Open, Reason::PhaseNotOpen);
    let is = |allowed: bool| ensure(allowed, Reason::StateNotAllowed);
    match action {
        ContentAction::Update => {
            author()?;
            writable()?;
            let is_prepared = state == Draft && phase.space == SpaceState::Active && may_draft(viewer, phase);
            ensure(is_prepared || open().is_ok(), Reason::PhaseNotOpen)?;
            is(matches!(state, Draft | Pending | Published))
        }
        ContentAction::AudienceLower => {
            author()?;
            writable()?;
            is(content.root.is_none() && matches!(state, Draft | Pending | Published))
        }
        ContentAction::Publish => {
            author()?;
            may_write(content.kind, viewer, phase)?;
            writable()?;
            open()?;
            if let Some(root) = &content.root {
                takes_comments(root.state, root.is_locked)?;
            }
            is(state == Draft)?;
            ensure(
                content.file.is_none_or(|file| file == MediaState::Ready),
                Reason::FileNotReady,
            )?;
            ensure(!content.lacks_alt_text, Reason::AltTextRequired)
        }
        ContentAction::Withdraw => {
            author()?;
            writable()?;
            open()?;
            match (state, content.kind) {
                (Pending, _) | (Published, ContributionKind::JournalEntry) => Ok(()),
                (Published, ContributionKind::Thread | ContributionKind::MediaItem | ContributionKind::Album) => {
                    ensure(!content.has_replies, Reason::HasReplies)
                }
                _ => Err(Reason::StateNotAllowed),
            }
        }
        ContentAction::Remove if is_own => {
            author()?;
            writable()?;
            is(matches!(state, Draft | Pending | Published))
        }
        ContentAction::Remove => {
            moderator()?;
            writable()?;
            is(matches!(state, Pending | Published | Hidden))
        }
        ContentAction::Approve | ContentAction::Return => {
            moderator()?;
            writable()?;
            is(state == Pending || state == Published && content.has_pending_version)
        }
        ContentAction::Hide => {
            moderator()?;
            writable()?;
            is(state == Published)
        }
        ContentAction::Restore => {
            moderator()?;
            ensure(!is_own || !content.has_report, Reason::OwnContent)?;
            // Who may judge staff is for the report to say.
            ensure(!content.is_by_staff || !content.has_open_report, Reason::ReportOpen)?;
            writable()?;
            is(state == Hidden)
        }
        ContentAction::Pin | ContentAction::Lock | ContentAction::Move => {
            leader()?;
            writable()?;
            is(content.kind == ContributionKind::Thread && !matches!(state, Draft | Removed))
        }
        ContentAction::CommentCreate => {
            may_write(ContributionKind::Comment, viewer, phase)?;
            writable()?;
            open()?;
            is(content.root.is_none())?;
            takes_comments(state, content.is_locked)
        }
        ContentAction::React => {
            may_write(ContributionKind::Comment, viewer, phase)?;
            writable()?;
            open()?;
            let is_root_published = content.root.as_ref().is_none_or(|root| root.state == Published);
            is(state == Published && is_root_published)
        }
        ContentAction::Confirm => {
            ensure(content.is_co_author, Reason::NotCoAuthor)?;
            writable()?;
            open()?;
            is(state == Published)
        }
        ContentAction::Upload | ContentAction::Retry => {
            author()?;
            writable()?;
            ensure(may_draft(viewer, phase), Reason::PhaseNotOpen)?;
            let wanted = match action {
                ContentAction::Upload => MediaState::Requested,
                _ => MediaState::Failed,
            };
            is(content.file == Some(wanted))
        }
        ContentAction::Report => {
            ensure(!is_own && !content.is_co_author, Reason::OwnContent)?;
            writable()?;
            is(state == Published)
        }
    }
}

/// A report as far as rules ask for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Why.
    pub reason: ModerationReason,
    /// Where it stands.
    pub state: ReportState,
    /// Who reports.
    pub reporter_id: Uuid,
    /// Whom the reporter stands for.
    pub reporter_organisation_id: Uuid,
    /// Whom the author of the contribution stands for.
    pub author_organisation_id: Uuid,
    /// Whether it is about a review of the contribution, not about the contribution itself.
    pub is_about_review: bool,
}

/// Whether a member sees a report as a moderator: nobody sees one about the own work, or about a review of it. One about staff is for the
/// coordinators of the other schools and of the reporter's; one of something unsafe, or of a review, never for pupils.
#[must_use]
pub fn sees_report(viewer: &Member, report: &Report, content: &Content) -> bool {
    if content.author_id == viewer.id || content.is_co_author {
        return false;
    }
    if report.is_about_review {
        return viewer.is_staff();
    }
    if content.is_by_staff {
        let is_near = viewer.organisation_id == report.author_organisation_id;
        return viewer.role == SpaceRole::Coordinator
            && (!is_near || viewer.organisation_id == report.reporter_organisation_id);
    }
    viewer.is_staff()
        || report.reason != ModerationReason::Unsafe
            && report.state == ReportState::Open
            && report.reporter_id != viewer.id
            && decides(viewer, content)
}

/// Whether a member sees a report because it is their own. Pupils lose sight of what is unsafe.
#[must_use]
pub fn sees_own_report(viewer: &Member, reporter_id: Uuid, reason: ModerationReason) -> bool {
    reporter_id == viewer.id && (reason != ModerationReason::Unsafe || viewer.role != SpaceRole::Pupil)
}

/// [`sees_report`] as an SQL condition over `x` (report), `c` (its contribution), `r` (the root of that, left joined) and `m` (the
/// viewer's membership).
pub const REPORT_VISIBLE: &str = concat!(
    "(c.author_id <> m.id AND NOT EXISTS (SELECT 1 FROM co_author k WHERE k.contribution_id = c.id AND k.member_id = m.id) \
        AND CASE WHEN x.review_id IS NOT NULL THEN m.role IN ('COORDINATOR', 'TEACHER') ELSE \
        ((NOT c.author_is_staff AND m.role IN ('COORDINATOR', 'TEACHER')) \
        OR (c.author_is_staff AND m.role = 'COORDINATOR' \
            AND (m.organisation_id <> c.author_org_id OR m.organisation_id = x.reporter_organisation_id)) \
        OR (x.reason <> 'UNSAFE' AND x.state = 'OPEN' AND x.reporter_id <> m.id AND NOT c.author_is_staff AND NOT c.is_sealed \
            AND COALESCE(r.audience, c.audience) = 'SPACE' AND ",
    co_moderates_sql!(),
    ")) END)"
);

/// [`sees_own_report`] as an SQL condition over the same.
pub const REPORT_OWN: &str = "(x.reporter_id = m.id AND (x.reason <> 'UNSAFE' OR m.role <> 'PUPIL'))";

/// What is done with a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportDeed {
    /// `reportDecide`.
    Decide,
    /// `reportEscalate`.
    Escalate,
}

/// What a member who sees a report may do with it.
///
/// # Errors
/// Why not.
pub fn report(deed: ReportDeed, viewer: &Member, phase: &Phase, report: &Report, content: &Content) -> Verdict {
    moderates(viewer)?;
    ensure(sees_report(viewer, report, content), Reason::RoleNotAllowed)?;
    ensure(phase.space != SpaceState::Archived, Reason::StateNotAllowed)?;
    ensure(
        viewer.is_staff() || phase.state == PhaseState::Open,
        Reason::PhaseNotOpen,
    )?;
    match (deed, report.state) {
        (_, ReportState::Open) => Ok(()),
        (ReportDeed::Decide, ReportState::Escalated) => {
            ensure(viewer.role == SpaceRole::Coordinator, Reason::RoleNotAllowed)
        }
        _ => Err(Reason::StateNotAllowed),
    }
}

/// For how many days of the calendar after a phase was closed authors still react to reviews.
pub const REACT_WITHIN: Days = Days::new(7);

/// What is done to a review round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoundAction {
    /// `reviewRoundUpdate`.
    Update,
    /// `reviewRoundOpen`.
    Open,
    /// `reviewRoundReflect`.
    Reflect,
    /// `reviewRoundClose`.
    Close,
    /// `reviewRoundCancel`.
    Cancel,
}

impl RoundAction {
    /// Every action.
    pub const ALL: [Self; 5] = [Self::Update, Self::Open, Self::Reflect, Self::Close, Self::Cancel];
}

/// What a member may do to a round that they see.
///
/// # Errors
/// Why not.
pub fn round(action: RoundAction, viewer: &Member, phase: &Phase, state: RoundState) -> Verdict {
    use RoundState::{Open, Reflection, Setup};

    ensure(viewer.is_staff(), Reason::RoleNotAllowed)?;
    let is_kept = match action {
        // A space that is closed may still bring its rounds to an end.
        RoundAction::Close | RoundAction::Cancel => phase.space != SpaceState::Archived,
        _ => phase.space == SpaceState::Active,
    };
    let from: &[RoundState] = match action {
        RoundAction::Update | RoundAction::Cancel => &[Setup, Open, Reflection],
        RoundAction::Open => &[Setup],
        RoundAction::Reflect => &[Open],
        RoundAction::Close => &[Reflection],
    };
    ensure(is_kept && from.contains(&state), Reason::StateNotAllowed)?;
    let is_open = phase.state == PhaseState::Open;
    ensure(action != RoundAction::Open || is_open, Reason::PhaseNotOpen)
}

/// Whether a member sees a round: before it is opened it is between staff.
#[must_use]
pub fn sees_round(viewer: &Member, was_opened: bool) -> bool {
    was_opened || viewer.is_staff()
}

/// Whether a member may be given reviews: pupils who stay or host, others by grant.
#[must_use]
pub fn reviews(member: &Member) -> bool {
    let stays = matches!(
        member.mobility,
        Some(MobilityStatus::NonMobile | MobilityStatus::HostPeer)
    );
    member.role == SpaceRole::Pupil && (stays || member.has(Capability::Review))
}

/// An assignment, and the review that comes of it, as far as rules ask for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// Where its round stands.
    pub round: RoundState,
    /// Whose names its round hides.
    pub anonymity: Anonymity,
    /// Whether names are shown after all, as its round is closed.
    pub is_revealed: bool,
    /// Whether its round shows released reviews to the whole space.
    pub is_shared: bool,
    /// Where it stands.
    pub state: AssignmentState,
    /// Who reviews.
    pub reviewer_id: Uuid,
    /// Whether the viewer has made what is reviewed, alone or with others.
    pub is_by_viewer: bool,
    /// Whether all members see the contribution that is reviewed.
    pub is_target_public: bool,
    /// Whether its author has read it before, though it may be held now.
    pub was_released: bool,
    /// Whether its time is over.
    pub is_overdue: bool,
    /// Whether the reviewer has declined another one in this round.
    pub has_declined: bool,
    /// Whether the phase was closed more than [`REACT_WITHIN`] ago.
    pub is_phase_long_closed: bool,
}

impl Review {
    /// Whether its author reads it.
    fn is_out(&self) -> bool {
        matches!(self.state, AssignmentState::Released | AssignmentState::Acknowledged)
    }

    /// Whether something was submitted, and stands.
    fn is_submitted(&self) -> bool {
        self.is_out() || matches!(self.state, AssignmentState::Submitted | AssignmentState::Held)
    }
}

/// Whether a member sees an assignment: who reviews, and who does.
#[must_use]
pub fn sees_assignment(viewer: &Member, review: &Review) -> bool {
    viewer.is_staff() || viewer.id == review.reviewer_id
}

/// Whether a member sees a review: its reviewer and staff once it is submitted, its author once it is released, and then others if the
/// round shares reviews and doesn't hide whose work it is.
#[must_use]
pub fn sees_review(viewer: &Member, review: &Review) -> bool {
    sees_assignment(viewer, review) && (review.is_submitted() || review.state == AssignmentState::Voided)
        || review.is_out() && reads_review(review)
}

/// Whether a member reads a review once it is released, be they neither its reviewer nor staff.
#[must_use]
pub fn reads_review(review: &Review) -> bool {
    let is_open_to_all = review.is_shared
        && review.is_target_public
        && (review.anonymity != Anonymity::DoubleHidden || review.is_revealed);
    review.is_by_viewer || is_open_to_all
}

/// [`sees_assignment`] as an SQL condition over `v` (review) and `m` (the viewer's membership).
pub const ASSIGNMENT_VISIBLE: &str = "(v.reviewer_id = m.id OR m.role IN ('COORDINATOR', 'TEACHER'))";

/// Whether the viewer `m` made the contribution `c`, alone or with others.
macro_rules! made_sql {
    () => {
        "(c.author_id = m.id OR EXISTS (SELECT 1 FROM co_author k WHERE k.contribution_id = c.id AND k.member_id = m.id))"
    };
}
pub(crate) use made_sql;

/// [`made_sql`] as a constant.
pub const MADE: &str = made_sql!();

/// What all members of a space read, and nobody has to judge, of `c`.
macro_rules! public_sql {
    () => {
        "(c.state = 'PUBLISHED' AND c.audience = 'SPACE' AND c.root_id IS NULL)"
    };
}
pub(crate) use public_sql;

/// Whether the round `x` doesn't hide whose work is reviewed, or no more.
macro_rules! author_shown_sql {
    () => {
        "(x.anonymity <> 'DOUBLE_HIDDEN' OR x.reveals_names AND x.state = 'CLOSED')"
    };
}

/// [`sees_review`] as an SQL condition over `v` (review), `x` (its round), `c` (what it is about) and `m` (the viewer's membership).
pub const REVIEW_VISIBLE: &str = concat!(
    "((v.reviewer_id = m.id OR m.role IN ('COORDINATOR', 'TEACHER')) \
        AND v.state IN ('SUBMITTED', 'HELD', 'RELEASED', 'ACKNOWLEDGED', 'VOIDED') \
    OR v.state IN ('RELEASED', 'ACKNOWLEDGED') AND (",
    made_sql!(),
    " OR x.is_shared AND ",
    public_sql!(),
    " AND ",
    author_shown_sql!(),
    "))"
);

/// [`knows_author`] as an SQL condition over the same.
pub const AUTHOR_KNOWN: &str = concat!(
    "(m.role IN ('COORDINATOR', 'TEACHER') OR ",
    author_shown_sql!(),
    " OR ",
    made_sql!(),
    ")"
);

/// Whether a member who sees a review may know who wrote it.
#[must_use]
pub fn knows_reviewer(viewer: &Member, review: &Review) -> bool {
    sees_assignment(viewer, review) || review.anonymity == Anonymity::Open || review.is_revealed
}

/// Whether a member who sees a review may know whose work it is about.
#[must_use]
pub fn knows_author(viewer: &Member, review: &Review) -> bool {
    viewer.is_staff() || review.is_by_viewer || review.anonymity != Anonymity::DoubleHidden || review.is_revealed
}

/// What is done with an assignment or a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewDeed {
    /// `reviewSave`.
    Save,
    /// `reviewSubmit`.
    Submit,
    /// `reviewDecline`.
    Decline,
    /// `reviewHold`.
    Hold,
    /// `reviewRelease`.
    Release,
    /// `reviewVoid`.
    Void,
    /// `reviewReact`.
    React,
}

impl ReviewDeed {
    /// Every deed.
    pub const ALL: [Self; 7] = [
        Self::Save,
        Self::Submit,
        Self::Decline,
        Self::Hold,
        Self::Release,
        Self::Void,
        Self::React,
    ];
}

/// What a member who sees an assignment or its review may do with it.
///
/// # Errors
/// Why not.
pub fn review(deed: ReviewDeed, viewer: &Member, phase: &Phase, review: &Review) -> Verdict {
    use AssignmentState::{Acknowledged, Assigned, Held, Released, Started, Submitted};

    let is = |states: &[AssignmentState]| ensure(states.contains(&review.state), Reason::StateNotAllowed);
    let is_running = || {
        ensure(
            matches!(review.round, RoundState::Open | RoundState::Reflection),
            Reason::StateNotAllowed,
        )
    };
    ensure(phase.space == SpaceState::Active, Reason::StateNotAllowed)?;
    match deed {
        ReviewDeed::Save | ReviewDeed::Submit => {
            ensure(viewer.id == review.reviewer_id, Reason::NotReviewer)?;
            is(&[Assigned, Started, Submitted, Held])?;
            is_running()?;
            // A review of what nobody sees is one of nothing.
            ensure(review.is_target_public, Reason::StateNotAllowed)?;
            // What its author has read stays as it was read: others decide about that.
            ensure(!review.was_released, Reason::StateNotAllowed)?;
            ensure(phase.state == PhaseState::Open, Reason::PhaseNotOpen)?;
            // What was submitted is made better as long as nobody has read it.
            let is_in_time = review.round == RoundState::Open && !review.is_overdue;
            ensure(is_in_time || matches!(review.state, Submitted | Held), Reason::TooLate)
        }
        ReviewDeed::Decline => {
            ensure(viewer.id == review.reviewer_id, Reason::NotReviewer)?;
            is(&[Assigned])?;
            ensure(review.round == RoundState::Open, Reason::StateNotAllowed)?;
            ensure(!review.has_declined, Reason::AlreadyDeclined)
        }
        ReviewDeed::Hold => {
            ensure(viewer.is_staff(), Reason::RoleNotAllowed)?;
            is_running()?;
            is(&[Submitted, Released, Acknowledged])
        }
        ReviewDeed::Release => {
            ensure(viewer.is_staff(), Reason::RoleNotAllowed)?;
            is_running()?;
            is(&[Submitted, Held])
        }
        ReviewDeed::Void => {
            ensure(viewer.is_staff(), Reason::RoleNotAllowed)?;
            is_running()?;
            is(&[Held])
        }
        ReviewDeed::React => {
            ensure(review.is_by_viewer, Reason::NotAuthor)?;
            is(&[Released, Acknowledged])?;
            ensure(review.round == RoundState::Reflection, Reason::StateNotAllowed)?;
            ensure(
                phase.state == PhaseState::Open || !review.is_phase_long_closed,
                Reason::TooLate,
            )
        }
    }
}

/// Whether reports take a contribution out of sight by themselves: one of staff, one of something unsafe or private, or those of
/// two others.
#[must_use]
pub fn hides(reason: ModerationReason, is_by_staff: bool, reporters: i64) -> bool {
    is_by_staff || matches!(reason, ModerationReason::Unsafe | ModerationReason::Privacy) || reporters >= 2
}

/// Whether a text of this author waits for a moderator before this audience sees it.
#[must_use]
pub fn is_pre_moderated(author: &Member, moderation: ModerationMode, audience: Audience, now: DateTime<Utc>) -> bool {
    let is_watched = moderation == ModerationMode::Pre || author.pre_moderated_until.is_some_and(|until| until > now);
    is_watched && audience == Audience::Space && !author.is_staff()
}

/// Who writes which kind in a phase, whatever its state.
fn may_write(kind: ContributionKind, viewer: &Member, phase: &Phase) -> Verdict {
    let is_pupil = viewer.role == SpaceRole::Pupil;
    if kind == ContributionKind::JournalEntry {
        ensure(is_pupil, Reason::RoleNotAllowed)?;
        return ensure(viewer.mobility == Some(MobilityStatus::Mobile), Reason::NotMobile);
    }
    ensure(viewer.role != SpaceRole::Observer, Reason::RoleNotAllowed)?;
    match kind {
        ContributionKind::Comment => ensure(!is_pupil || phase.allows_pupil_comments, Reason::RoleNotAllowed),
        ContributionKind::MediaItem | ContributionKind::Album => {
            may_by_grant(viewer, !is_pupil || phase.allows_pupil_uploads, Capability::Upload)
        }
        _ => may_by_grant(viewer, !is_pupil || phase.allows_pupil_threads, Capability::OpenThread),
    }
}

/// Who moderates: staff, and pupils by grant.
fn moderates(viewer: &Member) -> Verdict {
    may_by_grant(viewer, viewer.is_staff(), Capability::Moderate)
}

/// What is allowed anyway, or to pupils by a grant.
fn may_by_grant(viewer: &Member, is_allowed: bool, capability: Capability) -> Verdict {
    if is_allowed {
        return Ok(());
    }
    ensure(viewer.role == SpaceRole::Pupil, Reason::RoleNotAllowed)?;
    ensure(viewer.has(capability), Reason::NeedsGrant)
}

/// Staff prepare drafts in planned phases; everybody else writes in open ones.
fn may_draft(viewer: &Member, phase: &Phase) -> bool {
    match phase.state {
        PhaseState::Open => true,
        PhaseState::Planned => viewer.is_staff(),
        PhaseState::Closed => false,
    }
}

fn takes_comments(state: ContentState, is_locked: bool) -> Verdict {
    ensure(
        matches!(state, ContentState::Published | ContentState::Pending),
        Reason::StateNotAllowed,
    )?;
    ensure(!is_locked, Reason::ThreadLocked)
}

fn ensure(allowed: bool, reason: Reason) -> Verdict {
    if allowed { Ok(()) } else { Err(reason) }
}
