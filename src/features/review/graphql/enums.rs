//! Enums of rounds.

use async_graphql::Enum;

use super::super::rules;

/// Where a review round stands.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::RoundState")]
pub enum RoundState {
    /// Staff prepare it; nobody else sees it.
    Setup,
    /// Reviewers write. What they are asked is frozen.
    Open,
    /// Authors read and react.
    Reflection,
    /// It is over; names are shown if the round says so.
    Closed,
    /// It was called off.
    Cancelled,
}

/// Whose names a round hides. Staff always see them.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::Anonymity")]
pub enum Anonymity {
    /// Nobody's.
    Open,
    /// Authors and classmates don't learn who reviews.
    ReviewerHidden,
    /// Nor do reviewers learn from the round whose work they review; see `anonymityLimit`.
    DoubleHidden,
}

/// What keeps authors from being unknown to reviewers, whatever `anonymity` says. Show it to staff before they promise anything.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "rules::round::AnonymityLimit")]
pub enum AnonymityLimit {
    /// Journals are told in the first person, show faces and places, and classmates know who travels.
    JournalsTellWhoWrites,
    /// What is reviewed is published in the space with the name of its author.
    SignedInSpace,
}

/// When authors get to read reviews.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::ReleasePolicy")]
pub enum ReleasePolicy {
    /// As soon as they are submitted. They can't be changed then.
    Immediate,
    /// One by one, when staff release them.
    Teacher,
    /// All at once, when the reflection begins.
    AtReflection,
}

/// What a criterion asks for.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::CriterionKind")]
pub enum CriterionKind {
    /// Words.
    Comment,
    /// One of some described levels.
    Rubric,
    /// Which of some items are met.
    Checklist,
    /// A step between two ends.
    Scale,
}

/// What staff say of a reviewer and somebody's work.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::PairRuleKind")]
pub enum PairRuleKind {
    /// They review it.
    Must,
    /// They don't.
    Never,
}

/// Criteria that are ready to use.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "rules::template::TemplateKind")]
pub enum ReviewTemplateKind {
    /// Kind, specific and helpful feedback: for any work, and for those who review for the first time.
    KindSpecificHelpful,
    /// Noticing, asking and comparing, without judging: for journal entries.
    InterculturalReflection,
    /// Purpose, clarity, sources and design: for posters, videos and presentations.
    ProductCritique,
}

/// Why a reviewer got a piece of work.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PairReasonKind {
    /// Staff wanted it.
    Must,
    /// Nobody else who may review it would have fewer reviews.
    LeastLoaded,
    /// Everybody who may review it does.
    OnlyEligible,
    /// The reviewer is from a school of the authors.
    OwnSchool,
    /// The reviewer is from another school.
    PartnerSchool,
    /// The reviewer reviewed nothing of the authors in the last 3 rounds.
    NewPair,
    /// They did; without it, others would have too much.
    RepeatedPair,
    /// A language that both have: `language` says which.
    SharedLanguage,
    /// Somebody else has declined, or has not written it in time.
    Reoffered,
    /// The work joined after the round was opened.
    LateEntry,
    /// What the reviewer had before went out of sight: this came instead.
    Replacement,
}

/// Why a piece of work misses reviews.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "rules::allocation::Cause")]
pub enum ShortfallCause {
    /// The round has no reviewers.
    NoReviewers,
    /// It has, but none who may review this.
    NoEligibleReviewer,
    /// Some may, and all of them do.
    TooFewEligible,
}

/// Why a member can't review a piece of work.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "rules::allocation::Barrier")]
pub enum PairBarrier {
    /// They made it.
    Author,
    /// They helped to make it.
    CoAuthor,
    /// Staff said so.
    Never,
    /// They have no language in common.
    NoSharedLanguage,
    /// They already have it.
    AlreadyAssigned,
    /// They had it in this round, and it is over.
    AlreadyOver,
}

/// Where an assignment stands, and the review that comes of it.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::AssignmentState")]
pub enum AssignmentState {
    /// The reviewer hasn't begun.
    Assigned,
    /// The reviewer writes.
    Started,
    /// The review is handed in and not released; its reviewer can still change it.
    Submitted,
    /// Staff look at it; nobody else but its reviewer sees it.
    Held,
    /// Its author reads it.
    Released,
    /// Its author has reacted.
    Acknowledged,
    /// The reviewer gave it back.
    Declined,
    /// It was not written in time, or ended because the work went out of sight: `excuse` says so.
    Expired,
    /// Staff took it out.
    Voided,
}

/// Why it doesn't count against a reviewer that an assignment ended.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::ReviewExcuse")]
pub enum ReviewExcuse {
    /// The work went out of sight. If it comes back in time, so does the assignment, with what was written.
    WorkGone,
    /// The work went out of sight, and the reviewer got other work instead: this one doesn't come back.
    Replaced,
}

/// Why a reviewer gives an assignment back. For staff.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::DeclineReason")]
pub enum DeclineReason {
    /// They are too close to the author, or to what it is about.
    ConflictOfInterest,
    /// They don't understand its language well enough.
    Language,
    /// They can't do it in time.
    NoTime,
    /// It makes them feel bad.
    Uncomfortable,
    /// Something else.
    Other,
}

/// What an author finds of a review.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::ReviewReaction")]
pub enum ReviewReaction {
    /// It helps.
    Helpful,
    /// Some of it helps.
    PartlyHelpful,
    /// It doesn't help.
    NotHelpful,
    /// It hurts: it is taken out of sight, and staff decide.
    Unkind,
}
