//! Who reviews what in a review round: pure rules on values.
//!
//! What must hold (hard): nobody reviews work of their own, as author or co-author; no NEVER pair; a language in common; a reviewer
//! and a snapshot meet once per round, even if the first time was declined or expired. What is then made as small as it can be, each
//! only where the ones before leave a choice: the sum over snapshots of the squares of missing reviews, the sum over reviewers of the
//! squares of load, the pairs repeated from the last 3 rounds, and the missing mix of schools. Where that still leaves a choice, the
//! seed decides.
//!
//! # Why it is exact
//!
//! All four are sums over snapshots or over reviewers of convex functions of how many reviews they have, or sums over pairs. Such a
//! problem is a minimum-cost flow: each review is a unit that flows from the source through a snapshot, its class (home or partner)
//! and a reviewer to the sink. `flow` solves it; `plan` draws the network. MUST pairs are made before, as they leave no choice.
//!
//! # What is decided here
//!
//! * A pair names a reviewer and either an author or a snapshot. With an author it is about all snapshots of theirs, co-authored ones
//!   included.
//! * MUST pairs count for the `k` reviews. A MUST pair beyond `k` is made all the same: a teacher asked for it.
//! * A MUST pair that breaks a hard rule isn't made but reported; NEVER wins over MUST.
//! * Existing assignments are never changed. One that is over (declined, expired, voided) counts for nothing, except that its pair
//!   isn't made again.
//! * Home is a school of the authors, partner any other. Work by authors of several schools has several home schools.
//! * Who lost a review because the work went out of sight is owed another. What they are given anyway counts for it; the rest is made
//!   at the end, beyond `k`.
//! * A reviewer has no upper limit of reviews, so that a review is missing only where too few are eligible.

mod flow;
mod ground;
mod outcome;
mod owed;
mod plan;
mod reasons;
mod request;
mod tie;

#[cfg(test)]
mod tests;

pub use outcome::{
    Allocation, Assignment, Barred, Barrier, Breach, Cause, Objective, Quality, Reason, Refusal, RefusedMust,
    Shortfall, SnapshotQuality,
};
pub use plan::allocate;
pub use request::{Existing, InvalidRequest, Pair, PastPair, Request, Reviewer, Snapshot, Standing, Target};
