//! A review that was declined or has expired goes to somebody else.

use uuid::Uuid;

use super::{
    ground::Ground,
    outcome::{Assignment, Barred, Cause, Reason},
    plan::Place,
    reasons,
    request::{InvalidRequest, Request},
    tie,
};

/// Who gets a review next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offer {
    /// This reviewer.
    Made(Assignment),
    /// Nobody.
    None(NoOffer),
}

/// Why nobody gets a review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoOffer {
    /// The snapshot isn't part of the request.
    UnknownSnapshot,
    /// It has all the reviews that it wants.
    NotNeeded,
    /// Nobody may review it who doesn't already.
    Nobody {
        /// Why: there are no reviewers, or none who could be given it.
        cause: Cause,
        /// What kept them.
        barred: Vec<Barred>,
    },
}

/// One more reviewer for a snapshot: the least loaded who may review it, and among several one who isn't repeated, then one whom the mix
/// of schools wants, then one by the seed. `existing` has to contain the assignment that was declined or has expired, as over, or the
/// same reviewer may get it again. It is one review at a time, as they come back one at a time; the whole round isn't weighed again, as
/// nobody's existing review may change.
///
/// # Errors
///
/// If the request has something twice.
pub fn reoffer(request: &Request, snapshot: Uuid) -> Result<Offer, InvalidRequest> {
    let ground = Ground::new(request)?;
    let Some(&snapshot) = ground.snapshots.iter().find(|one| one.id == snapshot) else {
        return Ok(Offer::None(NoOffer::UnknownSnapshot));
    };
    let place = Place::new(&ground, snapshot);
    if place.missing(request) == 0 {
        return Ok(Offer::None(NoOffer::NotNeeded));
    }
    let loads = ground.loads();
    let next = place.eligible.iter().copied().min_by_key(|&one| {
        let reviewer = ground.reviewers[one];
        let is_home = snapshot.schools.contains(&reviewer.school);
        let mix = if is_home {
            place.missing_home(request)
        } else {
            place.missing_partner(request)
        };
        let rank = tie::rank(request.seed, snapshot.id, reviewer.member);
        (loads[one], ground.is_repeated(reviewer, snapshot), mix == 0, rank, one)
    });
    let Some(next) = next else {
        let cause = if ground.reviewers.is_empty() {
            Cause::NoReviewers
        } else {
            Cause::NoEligibleReviewer
        };
        return Ok(Offer::None(NoOffer::Nobody {
            cause,
            barred: ground.barred(snapshot),
        }));
    };
    let first = if place.eligible.len() == 1 {
        Reason::OnlyEligible
    } else {
        Reason::LeastLoaded
    };
    let reviewer = ground.reviewers[next];
    Ok(Offer::Made(Assignment {
        reviewer: reviewer.member,
        snapshot: snapshot.id,
        reasons: [first]
            .into_iter()
            .chain(reasons::of_pair(&ground, reviewer, snapshot))
            .collect(),
    }))
}
