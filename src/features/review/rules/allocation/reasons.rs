//! Why each pair was made, and what is missing and why.

use std::collections::BTreeSet;

use super::{
    ground::Ground,
    outcome::{Allocation, Assignment, Cause, Objective, Quality, Reason, RefusedMust, Shortfall, SnapshotQuality},
    plan::{Place, Plan},
    request::{Request, Reviewer, Snapshot},
};

/// The plan in words.
pub(super) fn explain(ground: &Ground<'_>, plan: &Plan, refused: Vec<RefusedMust>) -> Allocation {
    Allocation {
        assignments: assignments(ground, plan),
        quality: quality(ground, plan),
        shortfalls: shortfalls(ground, plan),
        refused,
        breaches: ground.breaches(),
    }
}

/// What is true of a pair whoever else there is: school, history, languages.
pub(super) fn of_pair(ground: &Ground<'_>, reviewer: &Reviewer, snapshot: &Snapshot) -> Vec<Reason> {
    let is_home = snapshot.schools.contains(&reviewer.school);
    let school = if is_home {
        Reason::OwnSchool
    } else {
        Reason::PartnerSchool
    };
    let is_repeated = ground.is_repeated(reviewer, snapshot);
    let history = if is_repeated {
        Reason::RepeatedPair
    } else {
        Reason::NewPair
    };
    let languages = snapshot.languages.intersection(&reviewer.languages).cloned();
    [school, history]
        .into_iter()
        .chain(languages.map(Reason::SharedLanguage))
        .collect()
}

fn assignments(ground: &Ground<'_>, plan: &Plan) -> Vec<Assignment> {
    let mut assignments = Vec::new();
    for (place, snapshot) in plan.places.iter().zip(&ground.snapshots) {
        let given: BTreeSet<usize> = place.given().collect();
        let is_free = |one: &&usize| !given.contains(one) || place.owed.contains(one);
        let others = place.eligible.iter().filter(is_free);
        let least_of_others = others.map(|&one| plan.loads_filled[one]).min();
        for &one in &given {
            let reviewer = ground.reviewers[one];
            let first = if place.musts.contains(&one) {
                Some(Reason::Must)
            } else if place.owed.contains(&one) {
                Some(Reason::Owed)
            } else {
                match least_of_others {
                    None => Some(Reason::OnlyEligible),
                    Some(least) => (plan.loads_filled[one] <= least.saturating_add(1)).then_some(Reason::LeastLoaded),
                }
            };
            assignments.push(Assignment {
                reviewer: reviewer.member,
                snapshot: snapshot.id,
                reasons: first.into_iter().chain(of_pair(ground, reviewer, snapshot)).collect(),
            });
        }
    }
    assignments
}

fn quality(ground: &Ground<'_>, plan: &Plan) -> Quality {
    let snapshots = plan.places.iter().zip(&ground.snapshots);
    let snapshots: Vec<_> = snapshots
        .map(|(place, snapshot)| of_snapshot(ground.request, place, snapshot))
        .collect();
    let reviewers = u32::try_from(plan.loads.len()).unwrap_or(u32::MAX).max(1);
    Quality {
        min_load: plan.loads.iter().copied().min().unwrap_or_default(),
        max_load: plan.loads.iter().copied().max().unwrap_or_default(),
        mean_load: plan.loads.iter().copied().map(f64::from).sum::<f64>() / f64::from(reviewers),
        objective: objective(ground, plan, &snapshots),
        snapshots,
    }
}

fn of_snapshot(request: &Request, place: &Place, snapshot: &Snapshot) -> SnapshotQuality {
    SnapshotQuality {
        snapshot: snapshot.id,
        assigned: place.assigned,
        missing: place.missing(request),
        missing_home: place.missing_home(request),
        missing_partner: place.missing_partner(request),
    }
}

fn objective(ground: &Ground<'_>, plan: &Plan, snapshots: &[SnapshotQuality]) -> Objective {
    let square = |number: u32| u128::from(number).pow(2);
    let given = plan.places.iter().zip(&ground.snapshots).flat_map(|(place, snapshot)| {
        let reviewers = place.given().map(|one| ground.reviewers[one]);
        reviewers.map(|reviewer| (reviewer, *snapshot))
    });
    Objective {
        missing_squares: snapshots.iter().map(|snapshot| square(snapshot.missing)).sum(),
        load_squares: plan.loads.iter().copied().map(square).sum(),
        repeated_pairs: given
            .map(|(reviewer, snapshot)| u64::from(ground.is_repeated(reviewer, snapshot)))
            .sum(),
        missing_mix: (snapshots.iter())
            .map(|snapshot| u64::from(snapshot.missing_home) + u64::from(snapshot.missing_partner))
            .sum(),
    }
}

fn shortfalls(ground: &Ground<'_>, plan: &Plan) -> Vec<Shortfall> {
    let places = plan.places.iter().zip(&ground.snapshots);
    let short = places.filter(|(place, _)| place.missing(ground.request) > 0);
    short
        .map(|(place, snapshot)| Shortfall {
            snapshot: snapshot.id,
            missing: place.missing(ground.request),
            cause: if ground.reviewers.is_empty() {
                Cause::NoReviewers
            } else if place.eligible.is_empty() {
                Cause::NoEligibleReviewer
            } else {
                Cause::TooFewEligible
            },
            eligible: u32::try_from(place.eligible.len()).unwrap_or(u32::MAX),
            barred: ground.barred(snapshot),
        })
        .collect()
}
