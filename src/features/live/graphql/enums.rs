//! Enums of events.

use async_graphql::Enum;
use entity::enums::EventKind;

use crate::platform::live::ResetReason;

/// What happened: `<SUBJECT>_<PAST VERB>`. Further values may appear.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpaceEventKind {
    /// Something waits for a moderator. For its author and staff.
    ContributionSubmitted,
    /// Others can see it from now on.
    ContributionPublished,
    /// Its text has changed.
    ContributionUpdated,
    /// A moderator gave it back to its author. For its author and staff.
    ContributionReturned,
    /// A moderator took it out of sight.
    ContributionHidden,
    /// A moderator brought it back.
    ContributionRestored,
    /// Its author took it back into the drafts.
    ContributionWithdrawn,
    /// It was removed for good.
    ContributionRemoved,
    /// Its audience has changed.
    ContributionAudienceChanged,
    /// Somebody has reacted to it, or taken a reaction back.
    ContributionReacted,
    /// A co-author of a journal entry has confirmed it.
    JournalEntryConfirmed,
    /// The file of a media item has come a step further: see its `status`. About what it is attached to: it can be seen now.
    MediaStatusChanged,
    /// The file of a media item is being processed: see its `progress`. For its uploader.
    MediaProgressed,
    /// A thread takes no more comments.
    ThreadLocked,
    /// A thread takes comments again.
    ThreadUnlocked,
    /// A thread stands first in lists.
    ThreadPinned,
    /// A thread is back in its place.
    ThreadUnpinned,
    /// A thread is in another phase now, with its comments: take it off lists of the one where it was.
    ThreadMoved,
    /// Members write in a phase from now on.
    PhaseOpened,
    /// Nobody writes in a phase any more.
    PhaseClosed,
    /// Members write in a phase again.
    PhaseReopened,
    /// The settings of a phase have changed.
    PhaseUpdated,
    /// The prompts of a week have changed.
    PhasePromptsUpdated,
    /// Somebody has come into the space.
    MemberAdded,
    /// Somebody's role, status or name has changed. A name without an actor.
    MemberUpdated,
    /// Somebody has left the space.
    MemberRemoved,
    /// A pupil may do more than before, or for another time.
    GrantCreated,
    /// A grant of a pupil was taken back. One that ends with its time, its phase or its space makes no event of its own.
    GrantRevoked,
    /// Somebody has reported a contribution.
    ReportCreated,
    /// A report was passed on to the coordinators.
    ReportEscalated,
    /// A report was upheld or dismissed.
    ReportDecided,
    /// Nobody has decided a report for 24 hours. For coordinators who see it; once, within the hour, without an actor.
    ReportDelayed,
    /// Staff prepare a round of peer review. For staff.
    ReviewRoundCreated,
    /// The settings of a round have changed. Before it is opened, for staff.
    ReviewRoundUpdated,
    /// Reviews were handed out.
    ReviewRoundOpened,
    /// Authors read and react from now on.
    ReviewRoundReflected,
    /// A round is over.
    ReviewRoundClosed,
    /// A round was called off. One that was never opened, for staff.
    ReviewRoundCancelled,
    /// A single review was handed out: late work, or what somebody else gave back or left undone. For its reviewer and staff.
    ReviewAssigned,
    /// A review was submitted. For its reviewer and staff.
    ReviewSubmitted,
    /// A submitted review was changed. For its reviewer and staff.
    ReviewUpdated,
    /// A reviewer gave an assignment back. For them and staff.
    ReviewDeclined,
    /// An assignment was not submitted in time. For its reviewer and staff.
    ReviewExpired,
    /// A review is kept from its author. For its reviewer and staff, and for those who had read it, who see nothing of it any more.
    ReviewHeld,
    /// A review was given to its author.
    ReviewReleased,
    /// A review was taken out for good. For its reviewer and staff.
    ReviewVoided,
    /// An author has said what they find of a review.
    ReviewReacted,
    /// A review is due within a day. For its reviewer; without an actor.
    ReviewDue,
    /// Settings or state of the space have changed, or the name of an organisation that takes part, without an actor.
    SpaceUpdated,
    /// An organisation takes part from now on.
    OrganisationAccepted,
    /// Nothing, for a while: keeps the cursor fresh.
    Heartbeat,
    /// Events were skipped: load the page again, then go on.
    StreamReset,
    /// No more events will come.
    StreamEnded,
}

impl From<EventKind> for SpaceEventKind {
    fn from(kind: EventKind) -> Self {
        match kind {
            EventKind::ContributionSubmitted => Self::ContributionSubmitted,
            EventKind::ContributionPublished => Self::ContributionPublished,
            EventKind::ContributionUpdated => Self::ContributionUpdated,
            EventKind::ContributionReturned => Self::ContributionReturned,
            EventKind::ContributionHidden => Self::ContributionHidden,
            EventKind::ContributionRestored => Self::ContributionRestored,
            EventKind::ContributionWithdrawn => Self::ContributionWithdrawn,
            EventKind::ContributionRemoved => Self::ContributionRemoved,
            EventKind::ContributionAudienceChanged => Self::ContributionAudienceChanged,
            EventKind::ContributionReacted => Self::ContributionReacted,
            EventKind::JournalEntryConfirmed => Self::JournalEntryConfirmed,
            EventKind::MediaStatusChanged => Self::MediaStatusChanged,
            EventKind::MediaProgressed => Self::MediaProgressed,
            EventKind::ThreadLocked => Self::ThreadLocked,
            EventKind::ThreadUnlocked => Self::ThreadUnlocked,
            EventKind::ThreadPinned => Self::ThreadPinned,
            EventKind::ThreadUnpinned => Self::ThreadUnpinned,
            EventKind::ThreadMoved => Self::ThreadMoved,
            EventKind::PhaseOpened => Self::PhaseOpened,
            EventKind::PhaseClosed => Self::PhaseClosed,
            EventKind::PhaseReopened => Self::PhaseReopened,
            EventKind::PhaseUpdated => Self::PhaseUpdated,
            EventKind::PhasePromptsUpdated => Self::PhasePromptsUpdated,
            EventKind::MemberAdded => Self::MemberAdded,
            EventKind::MemberUpdated => Self::MemberUpdated,
            EventKind::MemberRemoved => Self::MemberRemoved,
            EventKind::GrantCreated => Self::GrantCreated,
            EventKind::GrantRevoked => Self::GrantRevoked,
            EventKind::ReportCreated => Self::ReportCreated,
            EventKind::ReportEscalated => Self::ReportEscalated,
            EventKind::ReportDecided => Self::ReportDecided,
            EventKind::ReportDelayed => Self::ReportDelayed,
            EventKind::ReviewRoundCreated => Self::ReviewRoundCreated,
            EventKind::ReviewRoundUpdated => Self::ReviewRoundUpdated,
            EventKind::ReviewRoundOpened => Self::ReviewRoundOpened,
            EventKind::ReviewRoundReflected => Self::ReviewRoundReflected,
            EventKind::ReviewRoundClosed => Self::ReviewRoundClosed,
            EventKind::ReviewRoundCancelled => Self::ReviewRoundCancelled,
            EventKind::ReviewAssigned => Self::ReviewAssigned,
            EventKind::ReviewSubmitted => Self::ReviewSubmitted,
            EventKind::ReviewUpdated => Self::ReviewUpdated,
            EventKind::ReviewDeclined => Self::ReviewDeclined,
            EventKind::ReviewExpired => Self::ReviewExpired,
            EventKind::ReviewHeld => Self::ReviewHeld,
            EventKind::ReviewReleased => Self::ReviewReleased,
            EventKind::ReviewVoided => Self::ReviewVoided,
            EventKind::ReviewReacted => Self::ReviewReacted,
            EventKind::ReviewDue => Self::ReviewDue,
            EventKind::SpaceUpdated => Self::SpaceUpdated,
            EventKind::OrganisationAccepted => Self::OrganisationAccepted,
            // Of inboxes, never in a space.
            EventKind::NotificationCreated | EventKind::NotificationsRead => Self::Heartbeat,
        }
    }
}

/// Why events were skipped.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamResetReason {
    /// The cursor is older than what is kept.
    Expired,
    /// The stream was started anew, for instance from a backup.
    OtherEpoch,
    /// The cursor is of an event that hasn't happened, for instance before a backup was restored.
    Future,
}

impl From<ResetReason> for StreamResetReason {
    fn from(reason: ResetReason) -> Self {
        match reason {
            ResetReason::Expired => Self::Expired,
            ResetReason::OtherEpoch => Self::OtherEpoch,
            ResetReason::Future => Self::Future,
        }
    }
}

/// Why no more events will come.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEndReason {
    /// The viewer is no member any more.
    MembershipEnded,
    /// The viewer's session has ended: sign in again.
    SessionEnded,
}
