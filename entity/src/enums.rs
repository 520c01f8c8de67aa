//! Enum columns, stored as the SCREAMING_SNAKE_CASE names of the public API.

use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};

/// What an account is for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AccountKind {
    /// `ADMIN`.
    #[sea_orm(string_value = "ADMIN")]
    Admin,
    /// `STAFF`.
    #[sea_orm(string_value = "STAFF")]
    Staff,
    /// `PUPIL`.
    #[sea_orm(string_value = "PUPIL")]
    Pupil,
}

/// What an organisation is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrganisationKind {
    /// `SCHOOL`.
    #[sea_orm(string_value = "SCHOOL")]
    School,
    /// `VET_INSTITUTION`.
    #[sea_orm(string_value = "VET_INSTITUTION")]
    VetInstitution,
    /// `MOBILITY_ORGANISATION`.
    #[sea_orm(string_value = "MOBILITY_ORGANISATION")]
    MobilityOrganisation,
    /// `NATIONAL_SUPPORT_ORGANISATION`.
    #[sea_orm(string_value = "NATIONAL_SUPPORT_ORGANISATION")]
    NationalSupportOrganisation,
}

/// Life of a space.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SpaceState {
    /// `ACTIVE`.
    #[sea_orm(string_value = "ACTIVE")]
    Active,
    /// `CLOSED`.
    #[sea_orm(string_value = "CLOSED")]
    Closed,
    /// `ARCHIVED`.
    #[sea_orm(string_value = "ARCHIVED")]
    Archived,
}

/// What a member is in a space. Staff are `Coordinator` and `Teacher`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SpaceRole {
    /// `COORDINATOR`.
    #[sea_orm(string_value = "COORDINATOR")]
    Coordinator,
    /// `TEACHER`.
    #[sea_orm(string_value = "TEACHER")]
    Teacher,
    /// `MENTOR`.
    #[sea_orm(string_value = "MENTOR")]
    Mentor,
    /// `OBSERVER`.
    #[sea_orm(string_value = "OBSERVER")]
    Observer,
    /// `PUPIL`.
    #[sea_orm(string_value = "PUPIL")]
    Pupil,
}

/// Whether a pupil travels; pupils only.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MobilityStatus {
    /// `MOBILE`.
    #[sea_orm(string_value = "MOBILE")]
    Mobile,
    /// `NON_MOBILE`.
    #[sea_orm(string_value = "NON_MOBILE")]
    NonMobile,
    /// `HOST_PEER`.
    #[sea_orm(string_value = "HOST_PEER")]
    HostPeer,
}

/// What a grant lets a pupil do.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Capability {
    /// `OPEN_THREAD`.
    #[sea_orm(string_value = "OPEN_THREAD")]
    OpenThread,
    /// `LEAD_THREAD`.
    #[sea_orm(string_value = "LEAD_THREAD")]
    LeadThread,
    /// `MODERATE`.
    #[sea_orm(string_value = "MODERATE")]
    Moderate,
    /// `UPLOAD`.
    #[sea_orm(string_value = "UPLOAD")]
    Upload,
    /// `REVIEW`.
    #[sea_orm(string_value = "REVIEW")]
    Review,
}

/// What a thread is for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ThreadKind {
    /// `OPEN`.
    #[sea_orm(string_value = "OPEN")]
    Open,
    /// `QUESTION`.
    #[sea_orm(string_value = "QUESTION")]
    Question,
    /// `ICEBREAKER`.
    #[sea_orm(string_value = "ICEBREAKER")]
    Icebreaker,
}

/// Where a report stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReportState {
    /// `OPEN`.
    #[sea_orm(string_value = "OPEN")]
    Open,
    /// `UPHELD`.
    #[sea_orm(string_value = "UPHELD")]
    Upheld,
    /// `DISMISSED`.
    #[sea_orm(string_value = "DISMISSED")]
    Dismissed,
    /// `ESCALATED`.
    #[sea_orm(string_value = "ESCALATED")]
    Escalated,
}

/// What is done about a contribution when a report about it is upheld.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReportAction {
    /// `NONE`.
    #[sea_orm(string_value = "NONE")]
    None,
    /// `HIDE`.
    #[sea_orm(string_value = "HIDE")]
    Hide,
    /// `REMOVE`.
    #[sea_orm(string_value = "REMOVE")]
    Remove,
}

/// Where the invitation of an organisation into a space stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum InvitationState {
    /// `INVITED`.
    #[sea_orm(string_value = "INVITED")]
    Invited,
    /// `ACCEPTED`.
    #[sea_orm(string_value = "ACCEPTED")]
    Accepted,
    /// `DECLINED`.
    #[sea_orm(string_value = "DECLINED")]
    Declined,
}

/// The four parts of a space, in their order.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PhaseKind {
    /// `PREPARATION`.
    #[sea_orm(string_value = "PREPARATION")]
    Preparation,
    /// `DURING`.
    #[sea_orm(string_value = "DURING")]
    During,
    /// `AFTER`.
    #[sea_orm(string_value = "AFTER")]
    After,
    /// `DISSEMINATION`.
    #[sea_orm(string_value = "DISSEMINATION")]
    Dissemination,
}

/// Life of a phase.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PhaseState {
    /// `PLANNED`.
    #[sea_orm(string_value = "PLANNED")]
    Planned,
    /// `OPEN`.
    #[sea_orm(string_value = "OPEN")]
    Open,
    /// `CLOSED`.
    #[sea_orm(string_value = "CLOSED")]
    Closed,
}

/// Whether pupils' texts wait for a moderator.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ModerationMode {
    /// `POST`.
    #[sea_orm(string_value = "POST")]
    Post,
    /// `PRE`.
    #[sea_orm(string_value = "PRE")]
    Pre,
}

/// Who sees a root contribution; ordered from narrow to wide.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Audience {
    /// `AUTHOR`.
    #[sea_orm(string_value = "AUTHOR")]
    Author,
    /// `STAFF`.
    #[sea_orm(string_value = "STAFF")]
    Staff,
    /// `SPACE`.
    #[sea_orm(string_value = "SPACE")]
    Space,
}

/// What a contribution is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ContributionKind {
    /// `THREAD`.
    #[sea_orm(string_value = "THREAD")]
    Thread,
    /// `COMMENT`.
    #[sea_orm(string_value = "COMMENT")]
    Comment,
    /// `JOURNAL_ENTRY`.
    #[sea_orm(string_value = "JOURNAL_ENTRY")]
    JournalEntry,
    /// `MEDIA_ITEM`.
    #[sea_orm(string_value = "MEDIA_ITEM")]
    MediaItem,
    /// `ALBUM`.
    #[sea_orm(string_value = "ALBUM")]
    Album,
}

/// Life of a contribution.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ContentState {
    /// `DRAFT`.
    #[sea_orm(string_value = "DRAFT")]
    Draft,
    /// `PENDING`.
    #[sea_orm(string_value = "PENDING")]
    Pending,
    /// `PUBLISHED`.
    #[sea_orm(string_value = "PUBLISHED")]
    Published,
    /// `HIDDEN`.
    #[sea_orm(string_value = "HIDDEN")]
    Hidden,
    /// `REMOVED`.
    #[sea_orm(string_value = "REMOVED")]
    Removed,
}

/// Life of a revision. `Draft` is the text that only its author sees and never leaves the server as a revision.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RevisionState {
    /// `DRAFT`.
    #[sea_orm(string_value = "DRAFT")]
    Draft,
    /// `PENDING`.
    #[sea_orm(string_value = "PENDING")]
    Pending,
    /// `PUBLISHED`.
    #[sea_orm(string_value = "PUBLISHED")]
    Published,
    /// `RETURNED`.
    #[sea_orm(string_value = "RETURNED")]
    Returned,
    /// `SUPERSEDED`.
    #[sea_orm(string_value = "SUPERSEDED")]
    Superseded,
}

/// What a moderator (or the author, for `Removed`) decided.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DecisionKind {
    /// `APPROVED`.
    #[sea_orm(string_value = "APPROVED")]
    Approved,
    /// `RETURNED`.
    #[sea_orm(string_value = "RETURNED")]
    Returned,
    /// `HIDDEN`.
    #[sea_orm(string_value = "HIDDEN")]
    Hidden,
    /// `RESTORED`.
    #[sea_orm(string_value = "RESTORED")]
    Restored,
    /// `REMOVED`.
    #[sea_orm(string_value = "REMOVED")]
    Removed,
}

/// Why a moderator acted.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ModerationReason {
    /// `UNKIND`.
    #[sea_orm(string_value = "UNKIND")]
    Unkind,
    /// `OFF_TOPIC`.
    #[sea_orm(string_value = "OFF_TOPIC")]
    OffTopic,
    /// `PRIVACY`.
    #[sea_orm(string_value = "PRIVACY")]
    Privacy,
    /// `COPYRIGHT`.
    #[sea_orm(string_value = "COPYRIGHT")]
    Copyright,
    /// `UNSAFE`.
    #[sea_orm(string_value = "UNSAFE")]
    Unsafe,
    /// `SPAM`.
    #[sea_orm(string_value = "SPAM")]
    Spam,
    /// `OTHER`.
    #[sea_orm(string_value = "OTHER")]
    Other,
}

/// How an author felt that week; author and staff only.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Mood {
    /// `VERY_LOW`.
    #[sea_orm(string_value = "VERY_LOW")]
    VeryLow,
    /// `LOW`.
    #[sea_orm(string_value = "LOW")]
    Low,
    /// `OKAY`.
    #[sea_orm(string_value = "OKAY")]
    Okay,
    /// `GOOD`.
    #[sea_orm(string_value = "GOOD")]
    Good,
    /// `VERY_GOOD`.
    #[sea_orm(string_value = "VERY_GOOD")]
    VeryGood,
}

/// The eight key competences for lifelong learning (Council Recommendation 2018/C 189/01).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum KeyCompetence {
    /// `LITERACY`.
    #[sea_orm(string_value = "LITERACY")]
    Literacy,
    /// `MULTILINGUAL`.
    #[sea_orm(string_value = "MULTILINGUAL")]
    Multilingual,
    /// `MATHS_SCIENCE_TECH`.
    #[sea_orm(string_value = "MATHS_SCIENCE_TECH")]
    MathsScienceTech,
    /// `DIGITAL`.
    #[sea_orm(string_value = "DIGITAL")]
    Digital,
    /// `PERSONAL_SOCIAL_LEARNING`.
    #[sea_orm(string_value = "PERSONAL_SOCIAL_LEARNING")]
    PersonalSocialLearning,
    /// `CITIZENSHIP`.
    #[sea_orm(string_value = "CITIZENSHIP")]
    Citizenship,
    /// `ENTREPRENEURSHIP`.
    #[sea_orm(string_value = "ENTREPRENEURSHIP")]
    Entrepreneurship,
    /// `CULTURAL_EXPRESSION`.
    #[sea_orm(string_value = "CULTURAL_EXPRESSION")]
    CulturalExpression,
}

/// Outcomes that Erasmus+ Key Action 1 expects for pupils.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Ka1PupilOutcome {
    /// `LEARNING_PERFORMANCE`.
    #[sea_orm(string_value = "LEARNING_PERFORMANCE")]
    LearningPerformance,
    /// `EMPLOYABILITY`.
    #[sea_orm(string_value = "EMPLOYABILITY")]
    Employability,
    /// `INITIATIVE`.
    #[sea_orm(string_value = "INITIATIVE")]
    Initiative,
    /// `SELF_ESTEEM`.
    #[sea_orm(string_value = "SELF_ESTEEM")]
    SelfEsteem,
    /// `LANGUAGE_DIGITAL`.
    #[sea_orm(string_value = "LANGUAGE_DIGITAL")]
    LanguageDigital,
    /// `INTERCULTURAL`.
    #[sea_orm(string_value = "INTERCULTURAL")]
    Intercultural,
    /// `PARTICIPATION`.
    #[sea_orm(string_value = "PARTICIPATION")]
    Participation,
    /// `POSITIVE_INTERACTION`.
    #[sea_orm(string_value = "POSITIVE_INTERACTION")]
    PositiveInteraction,
    /// `EU_AWARENESS`.
    #[sea_orm(string_value = "EU_AWARENESS")]
    EuAwareness,
    /// `MOTIVATION`.
    #[sea_orm(string_value = "MOTIVATION")]
    Motivation,
}

/// How somebody reacts to what somebody else has written: kind ones alone.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReactionKind {
    /// `LIKE`.
    #[sea_orm(string_value = "LIKE")]
    Like,
    /// `LOVE`.
    #[sea_orm(string_value = "LOVE")]
    Love,
    /// `LAUGH`.
    #[sea_orm(string_value = "LAUGH")]
    Laugh,
    /// `SURPRISED`.
    #[sea_orm(string_value = "SURPRISED")]
    Surprised,
    /// `SUPPORT`.
    #[sea_orm(string_value = "SUPPORT")]
    Support,
    /// `THANKS`.
    #[sea_orm(string_value = "THANKS")]
    Thanks,
}

/// Why somebody is told of something.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NotificationKind {
    /// `REPLY`.
    #[sea_orm(string_value = "REPLY")]
    Reply,
    /// `MENTION`.
    #[sea_orm(string_value = "MENTION")]
    Mention,
    /// `DECISION`.
    #[sea_orm(string_value = "DECISION")]
    Decision,
    /// `PHASE_OPENED`.
    #[sea_orm(string_value = "PHASE_OPENED")]
    PhaseOpened,
    /// `ROLE_CHANGED`.
    #[sea_orm(string_value = "ROLE_CHANGED")]
    RoleChanged,
    /// `REPORT_TO_DECIDE`.
    #[sea_orm(string_value = "REPORT_TO_DECIDE")]
    ReportToDecide,
    /// `REVIEW_ASSIGNED`.
    #[sea_orm(string_value = "REVIEW_ASSIGNED")]
    ReviewAssigned,
    /// `REVIEW_DUE`.
    #[sea_orm(string_value = "REVIEW_DUE")]
    ReviewDue,
    /// `REVIEW_RELEASED`.
    #[sea_orm(string_value = "REVIEW_RELEASED")]
    ReviewReleased,
    /// `REVIEW_REACTED`.
    #[sea_orm(string_value = "REVIEW_REACTED")]
    ReviewReacted,
}

/// How much a member wants to hear of a thread.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SubscriptionLevel {
    /// `FOLLOWING`.
    #[sea_orm(string_value = "FOLLOWING")]
    Following,
    /// `DEFAULT`.
    #[sea_orm(string_value = "DEFAULT")]
    Default,
    /// `MUTED`.
    #[sea_orm(string_value = "MUTED")]
    Muted,
}

/// What happened; `<SUBJECT>_<PAST VERB>`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EventKind {
    /// `MEDIA_STATUS_CHANGED`.
    #[sea_orm(string_value = "MEDIA_STATUS_CHANGED")]
    MediaStatusChanged,
    /// `MEDIA_PROGRESSED`.
    #[sea_orm(string_value = "MEDIA_PROGRESSED")]
    MediaProgressed,
    /// `CONTRIBUTION_SUBMITTED`.
    #[sea_orm(string_value = "CONTRIBUTION_SUBMITTED")]
    ContributionSubmitted,
    /// `CONTRIBUTION_PUBLISHED`.
    #[sea_orm(string_value = "CONTRIBUTION_PUBLISHED")]
    ContributionPublished,
    /// `CONTRIBUTION_UPDATED`.
    #[sea_orm(string_value = "CONTRIBUTION_UPDATED")]
    ContributionUpdated,
    /// `CONTRIBUTION_RETURNED`.
    #[sea_orm(string_value = "CONTRIBUTION_RETURNED")]
    ContributionReturned,
    /// `CONTRIBUTION_HIDDEN`.
    #[sea_orm(string_value = "CONTRIBUTION_HIDDEN")]
    ContributionHidden,
    /// `CONTRIBUTION_RESTORED`.
    #[sea_orm(string_value = "CONTRIBUTION_RESTORED")]
    ContributionRestored,
    /// `CONTRIBUTION_WITHDRAWN`.
    #[sea_orm(string_value = "CONTRIBUTION_WITHDRAWN")]
    ContributionWithdrawn,
    /// `CONTRIBUTION_REMOVED`.
    #[sea_orm(string_value = "CONTRIBUTION_REMOVED")]
    ContributionRemoved,
    /// `CONTRIBUTION_AUDIENCE_CHANGED`.
    #[sea_orm(string_value = "CONTRIBUTION_AUDIENCE_CHANGED")]
    ContributionAudienceChanged,
    /// `CONTRIBUTION_REACTED`.
    #[sea_orm(string_value = "CONTRIBUTION_REACTED")]
    ContributionReacted,
    /// `JOURNAL_ENTRY_CONFIRMED`.
    #[sea_orm(string_value = "JOURNAL_ENTRY_CONFIRMED")]
    JournalEntryConfirmed,
    /// `THREAD_LOCKED`.
    #[sea_orm(string_value = "THREAD_LOCKED")]
    ThreadLocked,
    /// `THREAD_UNLOCKED`.
    #[sea_orm(string_value = "THREAD_UNLOCKED")]
    ThreadUnlocked,
    /// `THREAD_PINNED`.
    #[sea_orm(string_value = "THREAD_PINNED")]
    ThreadPinned,
    /// `THREAD_UNPINNED`.
    #[sea_orm(string_value = "THREAD_UNPINNED")]
    ThreadUnpinned,
    /// `THREAD_MOVED`.
    #[sea_orm(string_value = "THREAD_MOVED")]
    ThreadMoved,
    /// `PHASE_OPENED`.
    #[sea_orm(string_value = "PHASE_OPENED")]
    PhaseOpened,
    /// `PHASE_CLOSED`.
    #[sea_orm(string_value = "PHASE_CLOSED")]
    PhaseClosed,
    /// `PHASE_REOPENED`.
    #[sea_orm(string_value = "PHASE_REOPENED")]
    PhaseReopened,
    /// `PHASE_UPDATED`.
    #[sea_orm(string_value = "PHASE_UPDATED")]
    PhaseUpdated,
    /// `PHASE_PROMPTS_UPDATED`.
    #[sea_orm(string_value = "PHASE_PROMPTS_UPDATED")]
    PhasePromptsUpdated,
    /// `MEMBER_ADDED`.
    #[sea_orm(string_value = "MEMBER_ADDED")]
    MemberAdded,
    /// `MEMBER_UPDATED`.
    #[sea_orm(string_value = "MEMBER_UPDATED")]
    MemberUpdated,
    /// `MEMBER_REMOVED`.
    #[sea_orm(string_value = "MEMBER_REMOVED")]
    MemberRemoved,
    /// `GRANT_CREATED`.
    #[sea_orm(string_value = "GRANT_CREATED")]
    GrantCreated,
    /// `GRANT_REVOKED`.
    #[sea_orm(string_value = "GRANT_REVOKED")]
    GrantRevoked,
    /// `REPORT_CREATED`.
    #[sea_orm(string_value = "REPORT_CREATED")]
    ReportCreated,
    /// `REPORT_ESCALATED`.
    #[sea_orm(string_value = "REPORT_ESCALATED")]
    ReportEscalated,
    /// `REPORT_DECIDED`.
    #[sea_orm(string_value = "REPORT_DECIDED")]
    ReportDecided,
    /// `REPORT_DELAYED`.
    #[sea_orm(string_value = "REPORT_DELAYED")]
    ReportDelayed,
    /// `SPACE_UPDATED`.
    #[sea_orm(string_value = "SPACE_UPDATED")]
    SpaceUpdated,
    /// `ORGANISATION_ACCEPTED`.
    #[sea_orm(string_value = "ORGANISATION_ACCEPTED")]
    OrganisationAccepted,
    /// `NOTIFICATION_CREATED`; of inboxes.
    #[sea_orm(string_value = "NOTIFICATION_CREATED")]
    NotificationCreated,
    /// `NOTIFICATIONS_READ`; of inboxes.
    #[sea_orm(string_value = "NOTIFICATIONS_READ")]
    NotificationsRead,
    /// `REVIEW_ROUND_CREATED`.
    #[sea_orm(string_value = "REVIEW_ROUND_CREATED")]
    ReviewRoundCreated,
    /// `REVIEW_ROUND_UPDATED`.
    #[sea_orm(string_value = "REVIEW_ROUND_UPDATED")]
    ReviewRoundUpdated,
    /// `REVIEW_ROUND_OPENED`.
    #[sea_orm(string_value = "REVIEW_ROUND_OPENED")]
    ReviewRoundOpened,
    /// `REVIEW_ROUND_REFLECTED`.
    #[sea_orm(string_value = "REVIEW_ROUND_REFLECTED")]
    ReviewRoundReflected,
    /// `REVIEW_ROUND_CLOSED`.
    #[sea_orm(string_value = "REVIEW_ROUND_CLOSED")]
    ReviewRoundClosed,
    /// `REVIEW_ROUND_CANCELLED`.
    #[sea_orm(string_value = "REVIEW_ROUND_CANCELLED")]
    ReviewRoundCancelled,
    /// `REVIEW_ASSIGNED`.
    #[sea_orm(string_value = "REVIEW_ASSIGNED")]
    ReviewAssigned,
    /// `REVIEW_SUBMITTED`.
    #[sea_orm(string_value = "REVIEW_SUBMITTED")]
    ReviewSubmitted,
    /// `REVIEW_UPDATED`.
    #[sea_orm(string_value = "REVIEW_UPDATED")]
    ReviewUpdated,
    /// `REVIEW_DECLINED`.
    #[sea_orm(string_value = "REVIEW_DECLINED")]
    ReviewDeclined,
    /// `REVIEW_EXPIRED`.
    #[sea_orm(string_value = "REVIEW_EXPIRED")]
    ReviewExpired,
    /// `REVIEW_HELD`.
    #[sea_orm(string_value = "REVIEW_HELD")]
    ReviewHeld,
    /// `REVIEW_RELEASED`.
    #[sea_orm(string_value = "REVIEW_RELEASED")]
    ReviewReleased,
    /// `REVIEW_VOIDED`.
    #[sea_orm(string_value = "REVIEW_VOIDED")]
    ReviewVoided,
    /// `REVIEW_REACTED`.
    #[sea_orm(string_value = "REVIEW_REACTED")]
    ReviewReacted,
    /// `REVIEW_DUE`.
    #[sea_orm(string_value = "REVIEW_DUE")]
    ReviewDue,
}

/// What somebody did that the audit trail keeps; `<SUBJECT>_<PAST VERB>`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AuditAct {
    /// `CONTRIBUTION_APPROVED`.
    #[sea_orm(string_value = "CONTRIBUTION_APPROVED")]
    ContributionApproved,
    /// `CONTRIBUTION_RETURNED`.
    #[sea_orm(string_value = "CONTRIBUTION_RETURNED")]
    ContributionReturned,
    /// `CONTRIBUTION_HIDDEN`.
    #[sea_orm(string_value = "CONTRIBUTION_HIDDEN")]
    ContributionHidden,
    /// `CONTRIBUTION_RESTORED`.
    #[sea_orm(string_value = "CONTRIBUTION_RESTORED")]
    ContributionRestored,
    /// `CONTRIBUTION_REMOVED`.
    #[sea_orm(string_value = "CONTRIBUTION_REMOVED")]
    ContributionRemoved,
    /// `THREAD_PINNED`.
    #[sea_orm(string_value = "THREAD_PINNED")]
    ThreadPinned,
    /// `THREAD_UNPINNED`.
    #[sea_orm(string_value = "THREAD_UNPINNED")]
    ThreadUnpinned,
    /// `THREAD_LOCKED`.
    #[sea_orm(string_value = "THREAD_LOCKED")]
    ThreadLocked,
    /// `THREAD_UNLOCKED`.
    #[sea_orm(string_value = "THREAD_UNLOCKED")]
    ThreadUnlocked,
    /// `THREAD_MOVED`.
    #[sea_orm(string_value = "THREAD_MOVED")]
    ThreadMoved,
    /// `REPORT_ESCALATED`.
    #[sea_orm(string_value = "REPORT_ESCALATED")]
    ReportEscalated,
    /// `REPORT_DECIDED`.
    #[sea_orm(string_value = "REPORT_DECIDED")]
    ReportDecided,
    /// `GRANT_CREATED`.
    #[sea_orm(string_value = "GRANT_CREATED")]
    GrantCreated,
    /// `GRANT_REVOKED`.
    #[sea_orm(string_value = "GRANT_REVOKED")]
    GrantRevoked,
    /// `MEMBER_ADDED`.
    #[sea_orm(string_value = "MEMBER_ADDED")]
    MemberAdded,
    /// `MEMBER_UPDATED`.
    #[sea_orm(string_value = "MEMBER_UPDATED")]
    MemberUpdated,
    /// `MEMBER_REMOVED`.
    #[sea_orm(string_value = "MEMBER_REMOVED")]
    MemberRemoved,
    /// `ORGANISATION_INVITED`.
    #[sea_orm(string_value = "ORGANISATION_INVITED")]
    OrganisationInvited,
    /// `ORGANISATION_ACCEPTED`.
    #[sea_orm(string_value = "ORGANISATION_ACCEPTED")]
    OrganisationAccepted,
    /// `ORGANISATION_DECLINED`.
    #[sea_orm(string_value = "ORGANISATION_DECLINED")]
    OrganisationDeclined,
    /// `ORGANISATION_CREATED`.
    #[sea_orm(string_value = "ORGANISATION_CREATED")]
    OrganisationCreated,
    /// `PHASE_OPENED`.
    #[sea_orm(string_value = "PHASE_OPENED")]
    PhaseOpened,
    /// `PHASE_CLOSED`.
    #[sea_orm(string_value = "PHASE_CLOSED")]
    PhaseClosed,
    /// `PHASE_REOPENED`.
    #[sea_orm(string_value = "PHASE_REOPENED")]
    PhaseReopened,
    /// `PHASE_UPDATED`.
    #[sea_orm(string_value = "PHASE_UPDATED")]
    PhaseUpdated,
    /// `PHASE_PROMPTS_UPDATED`.
    #[sea_orm(string_value = "PHASE_PROMPTS_UPDATED")]
    PhasePromptsUpdated,
    /// `SPACE_CREATED`.
    #[sea_orm(string_value = "SPACE_CREATED")]
    SpaceCreated,
    /// `SPACE_UPDATED`.
    #[sea_orm(string_value = "SPACE_UPDATED")]
    SpaceUpdated,
    /// `SPACE_CLOSED`.
    #[sea_orm(string_value = "SPACE_CLOSED")]
    SpaceClosed,
    /// `SPACE_REOPENED`.
    #[sea_orm(string_value = "SPACE_REOPENED")]
    SpaceReopened,
    /// `SPACE_ARCHIVED`.
    #[sea_orm(string_value = "SPACE_ARCHIVED")]
    SpaceArchived,
    /// `ACCOUNT_CREATED`.
    #[sea_orm(string_value = "ACCOUNT_CREATED")]
    AccountCreated,
    /// `ACCOUNT_SECRET_RESET`.
    #[sea_orm(string_value = "ACCOUNT_SECRET_RESET")]
    AccountSecretReset,
    /// `ACCOUNT_NAME_CHANGED`.
    #[sea_orm(string_value = "ACCOUNT_NAME_CHANGED")]
    AccountNameChanged,
    /// `ACCOUNT_EMAIL_CHANGED`.
    #[sea_orm(string_value = "ACCOUNT_EMAIL_CHANGED")]
    AccountEmailChanged,
    /// `ORGANISATION_NAME_CHANGED`.
    #[sea_orm(string_value = "ORGANISATION_NAME_CHANGED")]
    OrganisationNameChanged,
    /// `ACCOUNT_LOGIN_COLLIDED`.
    #[sea_orm(string_value = "ACCOUNT_LOGIN_COLLIDED")]
    AccountLoginCollided,
    /// `ACCOUNT_PASSWORD_CHANGED`.
    #[sea_orm(string_value = "ACCOUNT_PASSWORD_CHANGED")]
    AccountPasswordChanged,
    /// `ACCOUNT_SESSIONS_REVOKED`.
    #[sea_orm(string_value = "ACCOUNT_SESSIONS_REVOKED")]
    AccountSessionsRevoked,
    /// `ACCOUNT_EXPORTED`.
    #[sea_orm(string_value = "ACCOUNT_EXPORTED")]
    AccountExported,
    /// `ACCOUNT_ERASED`.
    #[sea_orm(string_value = "ACCOUNT_ERASED")]
    AccountErased,
    /// `REVIEW_ROUND_CREATED`.
    #[sea_orm(string_value = "REVIEW_ROUND_CREATED")]
    ReviewRoundCreated,
    /// `REVIEW_ROUND_UPDATED`.
    #[sea_orm(string_value = "REVIEW_ROUND_UPDATED")]
    ReviewRoundUpdated,
    /// `REVIEW_ROUND_OPENED`.
    #[sea_orm(string_value = "REVIEW_ROUND_OPENED")]
    ReviewRoundOpened,
    /// `REVIEW_ROUND_REFLECTED`.
    #[sea_orm(string_value = "REVIEW_ROUND_REFLECTED")]
    ReviewRoundReflected,
    /// `REVIEW_ROUND_CLOSED`.
    #[sea_orm(string_value = "REVIEW_ROUND_CLOSED")]
    ReviewRoundClosed,
    /// `REVIEW_ROUND_CANCELLED`.
    #[sea_orm(string_value = "REVIEW_ROUND_CANCELLED")]
    ReviewRoundCancelled,
    /// `REVIEW_HELD`.
    #[sea_orm(string_value = "REVIEW_HELD")]
    ReviewHeld,
    /// `REVIEW_RELEASED`.
    #[sea_orm(string_value = "REVIEW_RELEASED")]
    ReviewReleased,
    /// `REVIEW_VOIDED`.
    #[sea_orm(string_value = "REVIEW_VOIDED")]
    ReviewVoided,
}

/// What a media file is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MediaKind {
    /// `IMAGE`.
    #[sea_orm(string_value = "IMAGE")]
    Image,
    /// `VIDEO`.
    #[sea_orm(string_value = "VIDEO")]
    Video,
    /// `AUDIO`.
    #[sea_orm(string_value = "AUDIO")]
    Audio,
    /// `DOCUMENT`.
    #[sea_orm(string_value = "DOCUMENT")]
    Document,
}

/// Where a media file stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MediaState {
    /// `REQUESTED`.
    #[sea_orm(string_value = "REQUESTED")]
    Requested,
    /// `UPLOADED`.
    #[sea_orm(string_value = "UPLOADED")]
    Uploaded,
    /// `PROCESSING`.
    #[sea_orm(string_value = "PROCESSING")]
    Processing,
    /// `READY`.
    #[sea_orm(string_value = "READY")]
    Ready,
    /// `QUARANTINED`.
    #[sea_orm(string_value = "QUARANTINED")]
    Quarantined,
    /// `FAILED`.
    #[sea_orm(string_value = "FAILED")]
    Failed,
    /// `EXPIRED`.
    #[sea_orm(string_value = "EXPIRED")]
    Expired,
    /// `DELETED`.
    #[sea_orm(string_value = "DELETED")]
    Deleted,
}

/// Why a media file can't be used.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MediaFailure {
    /// `CHECKSUM_MISMATCH`.
    #[sea_orm(string_value = "CHECKSUM_MISMATCH")]
    ChecksumMismatch,
    /// `TYPE_MISMATCH`.
    #[sea_orm(string_value = "TYPE_MISMATCH")]
    TypeMismatch,
    /// `UNSUPPORTED_TYPE`.
    #[sea_orm(string_value = "UNSUPPORTED_TYPE")]
    UnsupportedType,
    /// `TOO_LARGE`.
    #[sea_orm(string_value = "TOO_LARGE")]
    TooLarge,
    /// `TOO_MANY_PIXELS`.
    #[sea_orm(string_value = "TOO_MANY_PIXELS")]
    TooManyPixels,
    /// `CORRUPT`.
    #[sea_orm(string_value = "CORRUPT")]
    Corrupt,
    /// `UNSAFE`.
    #[sea_orm(string_value = "UNSAFE")]
    Unsafe,
    /// `INFECTED`.
    #[sea_orm(string_value = "INFECTED")]
    Infected,
    /// `TIMED_OUT`.
    #[sea_orm(string_value = "TIMED_OUT")]
    TimedOut,
    /// `UNAVAILABLE`.
    #[sea_orm(string_value = "UNAVAILABLE")]
    Unavailable,
}

/// A version of a media file that is given out.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MediaVariant {
    /// `ORIGINAL`.
    #[sea_orm(string_value = "ORIGINAL")]
    Original,
    /// `SMALL`.
    #[sea_orm(string_value = "SMALL")]
    Small,
    /// `MEDIUM`.
    #[sea_orm(string_value = "MEDIUM")]
    Medium,
    /// `LARGE`.
    #[sea_orm(string_value = "LARGE")]
    Large,
    /// `POSTER`.
    #[sea_orm(string_value = "POSTER")]
    Poster,
}

/// Under which terms others may use something. The names are those of Creative Commons 4.0.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Licence {
    /// `OWN_WORK`.
    #[sea_orm(string_value = "OWN_WORK")]
    OwnWork,
    /// `CC0`.
    #[sea_orm(string_value = "CC0")]
    Cc0,
    /// `CC_BY`.
    #[sea_orm(string_value = "CC_BY")]
    CcBy,
    /// `CC_BY_SA`.
    #[sea_orm(string_value = "CC_BY_SA")]
    CcBySa,
    /// `CC_BY_ND`.
    #[sea_orm(string_value = "CC_BY_ND")]
    CcByNd,
    /// `CC_BY_NC`.
    #[sea_orm(string_value = "CC_BY_NC")]
    CcByNc,
    /// `CC_BY_NC_SA`.
    #[sea_orm(string_value = "CC_BY_NC_SA")]
    CcByNcSa,
    /// `CC_BY_NC_ND`.
    #[sea_orm(string_value = "CC_BY_NC_ND")]
    CcByNcNd,
    /// `OTHER`.
    #[sea_orm(string_value = "OTHER")]
    Other,
}

/// Where a review round stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RoundState {
    /// `SETUP`.
    #[sea_orm(string_value = "SETUP")]
    Setup,
    /// `OPEN`.
    #[sea_orm(string_value = "OPEN")]
    Open,
    /// `REFLECTION`.
    #[sea_orm(string_value = "REFLECTION")]
    Reflection,
    /// `CLOSED`.
    #[sea_orm(string_value = "CLOSED")]
    Closed,
    /// `CANCELLED`.
    #[sea_orm(string_value = "CANCELLED")]
    Cancelled,
}

/// Where an assignment stands, and the review that comes of it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AssignmentState {
    /// `ASSIGNED`.
    #[sea_orm(string_value = "ASSIGNED")]
    Assigned,
    /// `STARTED`.
    #[sea_orm(string_value = "STARTED")]
    Started,
    /// `SUBMITTED`.
    #[sea_orm(string_value = "SUBMITTED")]
    Submitted,
    /// `HELD`.
    #[sea_orm(string_value = "HELD")]
    Held,
    /// `RELEASED`.
    #[sea_orm(string_value = "RELEASED")]
    Released,
    /// `ACKNOWLEDGED`.
    #[sea_orm(string_value = "ACKNOWLEDGED")]
    Acknowledged,
    /// `DECLINED`.
    #[sea_orm(string_value = "DECLINED")]
    Declined,
    /// `EXPIRED`.
    #[sea_orm(string_value = "EXPIRED")]
    Expired,
    /// `VOIDED`.
    #[sea_orm(string_value = "VOIDED")]
    Voided,
}

/// Why an assignment that ended doesn't count against its reviewer.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReviewExcuse {
    /// `WORK_GONE`.
    #[sea_orm(string_value = "WORK_GONE")]
    WorkGone,
    /// `REPLACED`.
    #[sea_orm(string_value = "REPLACED")]
    Replaced,
}

/// Whose names are hidden in a review round.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Anonymity {
    /// `OPEN`.
    #[sea_orm(string_value = "OPEN")]
    Open,
    /// `REVIEWER_HIDDEN`.
    #[sea_orm(string_value = "REVIEWER_HIDDEN")]
    ReviewerHidden,
    /// `DOUBLE_HIDDEN`.
    #[sea_orm(string_value = "DOUBLE_HIDDEN")]
    DoubleHidden,
}

/// What a criterion asks for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CriterionKind {
    /// `COMMENT`.
    #[sea_orm(string_value = "COMMENT")]
    Comment,
    /// `RUBRIC`.
    #[sea_orm(string_value = "RUBRIC")]
    Rubric,
    /// `CHECKLIST`.
    #[sea_orm(string_value = "CHECKLIST")]
    Checklist,
    /// `SCALE`.
    #[sea_orm(string_value = "SCALE")]
    Scale,
}

/// When authors get to read reviews.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReleasePolicy {
    /// `IMMEDIATE`.
    #[sea_orm(string_value = "IMMEDIATE")]
    Immediate,
    /// `TEACHER`.
    #[sea_orm(string_value = "TEACHER")]
    Teacher,
    /// `AT_REFLECTION`.
    #[sea_orm(string_value = "AT_REFLECTION")]
    AtReflection,
}

/// What an author finds of a review.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReviewReaction {
    /// `HELPFUL`.
    #[sea_orm(string_value = "HELPFUL")]
    Helpful,
    /// `PARTLY_HELPFUL`.
    #[sea_orm(string_value = "PARTLY_HELPFUL")]
    PartlyHelpful,
    /// `NOT_HELPFUL`.
    #[sea_orm(string_value = "NOT_HELPFUL")]
    NotHelpful,
    /// `UNKIND`.
    #[sea_orm(string_value = "UNKIND")]
    Unkind,
}

/// Why a reviewer declines.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeclineReason {
    /// `CONFLICT_OF_INTEREST`.
    #[sea_orm(string_value = "CONFLICT_OF_INTEREST")]
    ConflictOfInterest,
    /// `LANGUAGE`.
    #[sea_orm(string_value = "LANGUAGE")]
    Language,
    /// `NO_TIME`.
    #[sea_orm(string_value = "NO_TIME")]
    NoTime,
    /// `UNCOMFORTABLE`.
    #[sea_orm(string_value = "UNCOMFORTABLE")]
    Uncomfortable,
    /// `OTHER`.
    #[sea_orm(string_value = "OTHER")]
    Other,
}

/// What a teacher says of a reviewer and somebody's work.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(sea_orm::sea_query::StringLen::None)")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PairRuleKind {
    /// `MUST`.
    #[sea_orm(string_value = "MUST")]
    Must,
    /// `NEVER`.
    #[sea_orm(string_value = "NEVER")]
    Never,
}
