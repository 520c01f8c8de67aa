//! What the allocation says: who reviews what and why, and what is missing and why.

use uuid::Uuid;

use super::request::Pair;

/// The assignments to make, and how good they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Allocation {
    /// The new assignments, in the order of snapshot and reviewer. Existing ones aren't repeated.
    pub assignments: Vec<Assignment>,
    /// How good the round is with them.
    pub quality: Quality,
    /// The snapshots that miss reviews.
    pub shortfalls: Vec<Shortfall>,
    /// The MUST pairs that weren't made.
    pub refused: Vec<RefusedMust>,
    /// Live existing assignments that a hard rule of now would forbid, as when a NEVER was added later. They stay: a teacher decides.
    pub breaches: Vec<Breach>,
}

/// A reviewer gets a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The member who reviews.
    pub reviewer: Uuid,
    /// What they review.
    pub snapshot: Uuid,
    /// The answer to "why me?", what weighs most first.
    pub reasons: Vec<Reason>,
}

/// Why a pair was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A teacher wanted it.
    Must,
    /// Nobody else who may review it would have fewer reviews.
    LeastLoaded,
    /// Everybody who may review it does.
    OnlyEligible,
    /// What the reviewer was to review went out of sight: they get this instead.
    Owed,
    /// The reviewer is from a school of the authors.
    OwnSchool,
    /// The reviewer is from another school.
    PartnerSchool,
    /// The reviewer reviewed none of the authors in the last 3 rounds.
    NewPair,
    /// They did; without it, others would have too much.
    RepeatedPair,
    /// A language that both have, one reason for each.
    SharedLanguage(String),
}

/// Why a reviewer can't be given a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Barrier {
    /// They made it.
    Author,
    /// They helped to make it.
    CoAuthor,
    /// A NEVER pair.
    Never,
    /// They have no language in common.
    NoSharedLanguage,
    /// They already have it.
    AlreadyAssigned,
    /// They had it in this round and it is over.
    AlreadyOver,
}

/// How many reviewers a barrier keeps from a snapshot. Who has several counts for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Barred {
    /// What keeps them.
    pub barrier: Barrier,
    /// How many.
    pub reviewers: u32,
}

/// A snapshot that gets fewer reviews than it wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortfall {
    /// The snapshot.
    pub snapshot: Uuid,
    /// How many reviews are missing.
    pub missing: u32,
    /// Why.
    pub cause: Cause,
    /// How many could be given it when the allocation began.
    pub eligible: u32,
    /// What kept the others.
    pub barred: Vec<Barred>,
}

/// Why reviews are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The round has no reviewers.
    NoReviewers,
    /// It has, but none who could be given the snapshot, other than those who may have it already.
    NoEligibleReviewer,
    /// Some could, and all of them were.
    TooFewEligible,
}

/// A MUST pair that wasn't made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RefusedMust {
    /// The pair as it was asked for.
    pub pair: Pair,
    /// The snapshot that it failed at; none if no snapshot was found.
    pub snapshot: Option<Uuid>,
    /// Why.
    pub refusal: Refusal,
}

/// Why a MUST pair wasn't made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// A hard rule. [`Barrier::Never`] is the conflict of a MUST with a NEVER.
    Barred(Barrier),
    /// The member is none of the reviewers.
    UnknownReviewer,
    /// No snapshot of the request is meant.
    UnknownTarget,
}

/// An existing assignment that a hard rule would forbid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breach {
    /// The member who reviews.
    pub reviewer: Uuid,
    /// What they review.
    pub snapshot: Uuid,
    /// The rule.
    pub barrier: Barrier,
}

/// The figures of a round, live existing assignments included unless said otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Quality {
    /// One for each snapshot, in the order of their ids.
    pub snapshots: Vec<SnapshotQuality>,
    /// The fewest reviews that a reviewer has; 0 without reviewers.
    pub min_load: u32,
    /// The most reviews that a reviewer has; 0 without reviewers.
    pub max_load: u32,
    /// The mean of the reviews that reviewers have; 0 without reviewers.
    pub mean_load: f64,
    /// What was made as small as it can be.
    pub objective: Objective,
}

/// The figures of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotQuality {
    /// The snapshot.
    pub snapshot: Uuid,
    /// How many reviewers it has.
    pub assigned: u32,
    /// How many it misses.
    pub missing: u32,
    /// How many reviewers from a school of its authors it misses.
    pub missing_home: u32,
    /// How many reviewers from another school it misses.
    pub missing_partner: u32,
}

/// What is made as small as it can be; it compares as it is weighed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Objective {
    /// The sum over snapshots of the squares of missing reviews.
    pub missing_squares: u128,
    /// The sum over reviewers of the squares of load.
    pub load_squares: u128,
    /// New pairs that are repeated from the last 3 rounds.
    pub repeated_pairs: u64,
    /// Missing home and partner reviewers.
    pub missing_mix: u64,
}
