//! The audit trail in the API.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Description, Enum, ID, Object};
use uuid::Uuid;

use super::store::{self, RecordRow};
use crate::{
    features::space::graphql::{Membership, members},
    platform::{
        audit,
        db::Reader,
        error::{Error, Result},
        id::{self, Kind},
        level::{At, Level, Link, Listing, objects},
        page::{Listed, PageArgs},
        scalar::DateTime,
    },
};

/// What somebody did. The states before and after it are enum values and numbers, in the order in which they are named here.
/// Further values may appear.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::AuditAct")]
pub enum AuditAct {
    /// A moderator published what waited. Subject: the contribution. States: `ContentState`, version.
    ContributionApproved,
    /// A moderator gave back what waited. Subject: the contribution. States: `ContentState`, version; after it also the `ModerationReason`, if one was given.
    ContributionReturned,
    /// A moderator, or nobody but the weight of reports, took it out of sight. Subject: the contribution. States: `ContentState`, version; after it also the `ModerationReason`.
    ContributionHidden,
    /// A moderator brought it back into sight. Subject: the contribution. States: `ContentState`, version.
    ContributionRestored,
    /// A moderator removed what somebody else wrote. Subject: the contribution. States: `ContentState`, version; after it also the `ModerationReason`.
    ContributionRemoved,
    /// A thread stands first in lists. Subject: the thread.
    ThreadPinned,
    /// A thread is back in its place. Subject: the thread.
    ThreadUnpinned,
    /// A thread takes no more comments. Subject: the thread.
    ThreadLocked,
    /// A thread takes comments again. Subject: the thread.
    ThreadUnlocked,
    /// A thread went into another phase. Subject: the thread. States: `PhaseKind`.
    ThreadMoved,
    /// A moderator passed a report on to the coordinators. Subject: the report. States: `ReportState`.
    ReportEscalated,
    /// A moderator upheld or dismissed a report. Subject: the report. States: `ReportState`; after it also the `ReportAction`, if it was upheld.
    ReportDecided,
    /// A pupil was let do more than their role does, or until another time. Subject: the grant. State after: `Capability`.
    GrantCreated,
    /// A grant was taken back. Subject: the grant. State before: `Capability`.
    GrantRevoked,
    /// Somebody came into the space. Subject: the member. State after: `SpaceRole`, for pupils `MobilityStatus`.
    MemberAdded,
    /// Role or status of a member changed. Subject: the member. States: `SpaceRole`, for pupils `MobilityStatus`, and `PRE` while their texts wait for a moderator.
    MemberUpdated,
    /// Somebody had to leave the space. Subject: the member. State before: `SpaceRole`, for pupils `MobilityStatus`.
    MemberRemoved,
    /// An organisation was invited. Subject: the organisation. States: `INVITED`, `DECLINED`.
    OrganisationInvited,
    /// An organisation came into the space, and who accepted became its coordinator. Subject: the organisation. States: `INVITED`, `ACCEPTED`.
    OrganisationAccepted,
    /// An organisation declined. Subject: the organisation. States: `INVITED`, `DECLINED`.
    OrganisationDeclined,
    /// An organisation was made. Subject: the organisation. State after: `OrganisationKind`.
    OrganisationCreated,
    /// A phase was opened. Subject: the phase. States: `PhaseState`.
    PhaseOpened,
    /// A phase was closed. Subject: the phase. States: `PhaseState`.
    PhaseClosed,
    /// A phase was opened again. Subject: the phase. States: `PhaseState`.
    PhaseReopened,
    /// Settings of a phase changed. Subject: the phase. States: version, `ModerationMode`, and `PUPIL_THREADS` and `PUPIL_COMMENTS` where pupils may write them.
    PhaseUpdated,
    /// The prompts of a week changed. Subject: the phase. States: version.
    PhasePromptsUpdated,
    /// The space was made. Subject: the space. State after: `SpaceState`.
    SpaceCreated,
    /// Settings of the space changed. Subject: the space. States: version.
    SpaceUpdated,
    /// The space was closed. Subject: the space. States: `SpaceState`.
    SpaceClosed,
    /// The space was opened again. Subject: the space. States: `SpaceState`.
    SpaceReopened,
    /// The space was made read-only, by a coordinator or by time. Subject: the space. States: `SpaceState`.
    SpaceArchived,
    /// An account was made. Subject: the account. State after: `AccountKind`.
    AccountCreated,
    /// Staff made a new one-time secret for an account; its sessions ended. Subject: the account.
    AccountSecretReset,
    /// Staff mended the name of a pupil or colleague. Subject: the account.
    AccountNameChanged,
    /// The e-mail address of an account was changed, by its owner or by staff of the same organisation with a new one-time secret; its
    /// sessions ended. Subject: the account.
    AccountEmailChanged,
    /// The name of an organisation was mended. Subject: the organisation.
    OrganisationNameChanged,
    /// The login of an account was found to be the same as another one's but for case and form. Subject: the account.
    AccountLoginCollided,
    /// Somebody replaced their own password or one-time secret; their other sessions ended. Subject: the account.
    AccountPasswordChanged,
    /// Somebody ended all their sessions. Subject: the account.
    AccountSessionsRevoked,
    /// Somebody took a copy of all that is kept about a person. Subject: the account.
    AccountExported,
    /// A person was erased. Subject: the account. State before: `AccountKind`.
    AccountErased,
    /// Staff made a round of peer review. Subject: the round. State after: `RoundState`.
    ReviewRoundCreated,
    /// Staff changed the settings of a round. Subject: the round. States: `RoundState`, version.
    ReviewRoundUpdated,
    /// Staff opened a round, and reviews were handed out. Subject: the round. States: `RoundState`, version.
    ReviewRoundOpened,
    /// The reflection of a round began. Subject: the round. States: `RoundState`, version.
    ReviewRoundReflected,
    /// A round was closed. Subject: the round. States: `RoundState`, version.
    ReviewRoundClosed,
    /// Staff called a round off. Subject: the round. States: `RoundState`, version.
    ReviewRoundCancelled,
    /// Staff kept a review from its author. Subject: the review. States: `AssignmentState`.
    ReviewHeld,
    /// Staff gave a review to its author. Subject: the review. States: `AssignmentState`.
    ReviewReleased,
    /// Staff took a review out for good. Subject: the review. States: `AssignmentState`.
    ReviewVoided,
}

/// What belongs to records.
#[derive(Debug, Default)]
pub struct RecordLinks {
    actors: Link<HashMap<Uuid, Membership>>,
}

/// One act in the audit trail of a space, for good: ids and enum values only, so that it stays when a person is erased. Each
/// record carries the hash of the one before it, by which an operator finds out whether one was changed or taken out. For
/// coordinators of the space only.
#[derive(Clone, Debug, Description)]
pub struct AuditRecord(pub At<RecordRow, RecordLinks>);

#[Object(use_type_description)]
impl AuditRecord {
    /// Opaque id.
    pub async fn id(&self) -> ID {
        id::encode(Kind::AuditRecord, self.0.id)
    }

    /// Place in the trail of the space: 1 for the first, without gaps.
    async fn seq(&self) -> i32 {
        self.0.number()
    }

    /// When.
    async fn occurred_at(&self) -> DateTime {
        self.0.occurred_at.into()
    }

    /// What was done.
    async fn act(&self) -> AuditAct {
        self.0.act.into()
    }

    /// Who did it. Null if that was nobody of this space: the system, the operator, or somebody of the same school.
    async fn actor(&self) -> Result<Option<Membership>> {
        let level = self.0.level();
        let ids = || {
            level
                .rows
                .iter()
                .filter_map(|row| row.actor_member_id)
                .collect::<Vec<_>>()
        };
        let load = || Box::pin(async move { members(&level.reader, &ids()).await }) as _;
        let actors = level.links.actors.load(load).await?;
        Ok(self.0.actor_member_id.and_then(|id| actors.get(&id)).cloned())
    }

    /// What it was done to: an id for `node`, which finds it as far as the viewer may see it. `act` says of which type.
    async fn subject_id(&self) -> Result<ID> {
        let kind = Kind::ALL.iter().find(|kind| kind.prefix() == self.0.subject_kind);
        let kind = kind.ok_or_else(|| Error::broken("an audit record about something of no kind"))?;
        Ok(id::encode(*kind, self.0.subject_id))
    }

    /// How it was before, in enum values and numbers with blanks between them; `act` says which. Null if there is nothing to
    /// say.
    async fn before(&self) -> Option<&str> {
        self.0.state_before.as_deref()
    }

    /// How it was afterwards, in enum values and numbers with blanks between them; `act` says which. Null if there is nothing to
    /// say.
    async fn after(&self) -> Option<&str> {
        self.0.state_after.as_deref()
    }

    /// SHA-256 over this record and `previousHash`, in hexadecimal.
    async fn hash(&self) -> String {
        audit::hex(&self.0.hash)
    }

    /// The hash of the record before; null for the first.
    async fn previous_hash(&self) -> Option<String> {
        self.0.previous_hash.as_deref().map(audit::hex)
    }
}

/// Lists of records below the objects of a level.
pub type Records = Listing<(), At<RecordRow, RecordLinks>>;

/// The trail of one space, newest first; empty for all but coordinators.
///
/// # Errors
/// `INVALID` for faulty page arguments.
pub async fn trail(
    lists: &Arc<Records>,
    reader: &Arc<Reader>,
    (parents, parent): (Vec<Uuid>, Uuid),
    args: &PageArgs,
) -> Result<Listed<AuditRecord>> {
    let page = args.page(store::ORDER)?;
    let parents = Arc::new(parents);
    let load = || Box::pin(async { Ok(objects(reader, store::page(reader, &parents, &page).await?)) }) as _;
    let (reader_, parents_) = (Arc::clone(reader), Arc::clone(&parents));
    let count = move || {
        let (reader, parents) = (Arc::clone(&reader_), Arc::clone(&parents_));
        Box::pin(async move { store::counts(&reader, &parents).await }) as _
    };
    let (cut, total) = lists.page(((), page.clone()), parent, load, count).await?;
    Ok(cut.map(AuditRecord).connection(total))
}

/// Records, as far as the viewer may see them.
///
/// # Errors
/// The database's.
pub async fn record_nodes(reader: &Arc<Reader>, ids: &[Uuid]) -> Result<HashMap<Uuid, AuditRecord>> {
    let level = Level::new(reader, store::by_ids(reader, ids).await?);
    Ok(level.all().into_iter().map(|row| (row.id, AuditRecord(row))).collect())
}
