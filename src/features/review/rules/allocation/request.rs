//! What the allocation is made from.

use std::{
    collections::{BTreeMap, BTreeSet},
    error, fmt,
};

use uuid::Uuid;

/// What is known of a round when reviews are handed out. The order of the lists means nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Work that wants reviews. With late entries: all of it, or the late ones only.
    pub snapshots: Vec<Snapshot>,
    /// Who may be given reviews now.
    pub reviewers: Vec<Reviewer>,
    /// The `k` reviews that each snapshot wants.
    pub reviews_wanted: u32,
    /// Pairs that a teacher wants.
    pub must: Vec<Pair>,
    /// Pairs that a teacher doesn't want.
    pub never: Vec<Pair>,
    /// How many reviewers of a snapshot should be from a school of its authors.
    pub home_min: u32,
    /// How many reviewers of a snapshot should be from another school.
    pub partner_min: u32,
    /// Who reviewed whom in the last 3 rounds.
    pub history: Vec<PastPair>,
    /// The assignments that the round already has, whatever became of them.
    pub existing: Vec<Existing>,
    /// How many reviews members lost because what they were to review went out of sight: they get others instead.
    pub owed: BTreeMap<Uuid, u32>,
    /// Decides where the rules leave a choice.
    pub seed: u64,
}

/// Work as it is reviewed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The id of the revision.
    pub id: Uuid,
    /// The member who made it.
    pub author: Uuid,
    /// The members who made it with them.
    pub co_authors: BTreeSet<Uuid>,
    /// The schools of those who made it.
    pub schools: BTreeSet<Uuid>,
    /// The languages that it is in. Compared letter by letter: `en` isn't `en-GB`.
    pub languages: BTreeSet<String>,
}

impl Snapshot {
    /// Everybody who made it.
    pub(super) fn authors(&self) -> impl Iterator<Item = Uuid> + '_ {
        [self.author].into_iter().chain(self.co_authors.iter().copied())
    }
}

/// A member who may review.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reviewer {
    /// The member.
    pub member: Uuid,
    /// Their school.
    pub school: Uuid,
    /// The languages that they can review in.
    pub languages: BTreeSet<String>,
    /// How many reviews they have in this round. It may count more than the live ones of `existing`, as when a review was voided that
    /// they wrote; if it counts less, the live ones hold.
    pub load: u32,
}

/// A reviewer and what they must or must never review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair {
    /// The member who reviews.
    pub reviewer: Uuid,
    /// What they review.
    pub target: Target,
}

/// What a pair is about. Teachers think of people; a snapshot is for those who mean one piece of work among several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// Every snapshot of this member, as author or co-author.
    Author(Uuid),
    /// This snapshot.
    Snapshot(Uuid),
}

/// That somebody reviewed work of somebody in the last 3 rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PastPair {
    /// The member who reviewed.
    pub reviewer: Uuid,
    /// The author or co-author.
    pub author: Uuid,
    /// How often. More often isn't worse than once: what is counted is pairs.
    pub times: u32,
}

/// An assignment that was made earlier in the round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Existing {
    /// The member who reviews.
    pub reviewer: Uuid,
    /// Their school, as they may no longer be among the reviewers.
    pub school: Uuid,
    /// What they review.
    pub snapshot: Uuid,
    /// Whether it still counts.
    pub standing: Standing,
}

/// Whether an assignment counts for its snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A review was written or is still expected.
    Live,
    /// Declined, expired or voided.
    Over,
}

/// A request that contradicts itself. It is the caller's mistake, so that nothing is allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidRequest {
    /// Two snapshots have this id.
    DuplicateSnapshot(Uuid),
    /// Two reviewers are this member.
    DuplicateReviewer(Uuid),
    /// A reviewer and a snapshot have two assignments.
    DuplicateExisting {
        /// The member.
        reviewer: Uuid,
        /// The snapshot.
        snapshot: Uuid,
    },
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuplicateSnapshot(id) => write!(f, "The snapshot {id} is there twice."),
            Self::DuplicateReviewer(id) => write!(f, "The reviewer {id} is there twice."),
            Self::DuplicateExisting { reviewer, snapshot } => {
                write!(
                    f,
                    "The reviewer {reviewer} has two assignments for the snapshot {snapshot}."
                )
            }
        }
    }
}

impl error::Error for InvalidRequest {}
