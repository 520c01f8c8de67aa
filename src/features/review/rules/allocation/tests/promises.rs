//! What holds for every round.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{collection::btree_map, prelude::*};
use uuid::Uuid;

use super::super::{
    Allocation, Assignment, Cause, Existing, Pair, Reason, Refusal, Request, Reviewer, Snapshot, Standing, Target,
    allocate,
};
use super::rounds::{Size, any_round, member, plain_round};

const SIZE: Size = Size {
    snapshots: 7,
    reviewers: 8,
    wanted: 4,
};

/// What some of the members are owed.
fn owed() -> impl Strategy<Value = BTreeMap<Uuid, u32>> {
    btree_map((0..SIZE.reviewers + 2).prop_map(member), 0..4_u32, 0..4)
}

/// Whether a hard rule forbids a pair. Written again on purpose: the product's own rules are what is tested.
fn is_forbidden(request: &Request, reviewer: &Reviewer, snapshot: &Snapshot) -> bool {
    let is_author = |member| snapshot.author == member || snapshot.co_authors.contains(&member);
    let is_never = |pair: &Pair| {
        pair.reviewer == reviewer.member
            && match pair.target {
                Target::Author(member) => is_author(member),
                Target::Snapshot(id) => id == snapshot.id,
            }
    };
    is_author(reviewer.member)
        || request.never.iter().any(is_never)
        || !reviewer
            .languages
            .iter()
            .any(|language| snapshot.languages.contains(language))
}

fn find(request: &Request, made: &Assignment) -> (Reviewer, Snapshot) {
    let reviewer = request
        .reviewers
        .iter()
        .find(|reviewer| reviewer.member == made.reviewer);
    let snapshot = request.snapshots.iter().find(|snapshot| snapshot.id == made.snapshot);
    (
        reviewer.cloned().unwrap_or_default(),
        snapshot.cloned().unwrap_or_default(),
    )
}

fn live_of<'a>(request: &'a Request, snapshot: &'a Snapshot) -> impl Iterator<Item = &'a Existing> {
    request
        .existing
        .iter()
        .filter(|one| one.snapshot == snapshot.id && one.standing == Standing::Live)
}

/// The round after its assignments were saved.
fn saved(mut request: Request, allocation: &Allocation) -> Request {
    for made in &allocation.assignments {
        let (reviewer, _) = find(&request, made);
        let (school, standing) = (reviewer.school, Standing::Live);
        request.existing.push(Existing {
            reviewer: made.reviewer,
            school,
            snapshot: made.snapshot,
            standing,
        });
    }
    for reviewer in &mut request.reviewers {
        let made = allocation
            .assignments
            .iter()
            .filter(|made| made.reviewer == reviewer.member);
        reviewer.load += u32::try_from(made.count()).unwrap_or(u32::MAX);
    }
    request
}

fn check_reasons(request: &Request, made: &Assignment) -> Result<(), TestCaseError> {
    let (reviewer, snapshot) = find(request, made);
    let is_home = snapshot.schools.contains(&reviewer.school);
    prop_assert_eq!(made.reasons.contains(&Reason::OwnSchool), is_home);
    prop_assert_eq!(made.reasons.contains(&Reason::PartnerSchool), !is_home);
    let is_repeated = request.history.iter().any(|past| {
        let is_author = snapshot.author == past.author || snapshot.co_authors.contains(&past.author);
        past.reviewer == made.reviewer && is_author && past.times > 0
    });
    prop_assert_eq!(made.reasons.contains(&Reason::RepeatedPair), is_repeated);
    prop_assert_eq!(made.reasons.contains(&Reason::NewPair), !is_repeated);
    for language in snapshot.languages.intersection(&reviewer.languages) {
        prop_assert!(made.reasons.contains(&Reason::SharedLanguage(language.clone())));
    }
    // The best allocation leaves no choice that would be better for loads, so that one of them is always true.
    let firsts = [Reason::Must, Reason::LeastLoaded, Reason::OnlyEligible, Reason::Owed];
    prop_assert_eq!(made.reasons.iter().filter(|reason| firsts.contains(reason)).count(), 1);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_plain_round_is_even_and_whole(request in plain_round()) {
        let allocation = allocate(&request)?;
        prop_assert!(allocation.quality.max_load - allocation.quality.min_load <= 1);
        prop_assert!(allocation.shortfalls.is_empty() && allocation.refused.is_empty() && allocation.breaches.is_empty());
        for snapshot in &request.snapshots {
            let made = allocation.assignments.iter().filter(|made| made.snapshot == snapshot.id);
            prop_assert_eq!(made.count(), request.reviews_wanted as usize);
        }
    }

    #[test]
    fn the_order_of_the_lists_means_nothing(request in any_round(SIZE), turn in 0..8_usize) {
        let mut other = request.clone();
        other.snapshots.reverse();
        let by = turn % other.reviewers.len().max(1);
        other.reviewers.rotate_left(by);
        other.must.reverse();
        other.never.reverse();
        other.history.reverse();
        other.existing.reverse();
        prop_assert_eq!(allocate(&request)?, allocate(&request)?);
        prop_assert_eq!(allocate(&request)?, allocate(&other)?);
    }

    #[test]
    fn hard_rules_hold(mut request in any_round(SIZE), owed in owed()) {
        request.owed = owed;
        let allocation = allocate(&request)?;
        let mut met: BTreeSet<_> = request.existing.iter().map(|one| (one.snapshot, one.reviewer)).collect();
        for made in &allocation.assignments {
            let (reviewer, snapshot) = find(&request, made);
            prop_assert!(!is_forbidden(&request, &reviewer, &snapshot));
            prop_assert!(met.insert((made.snapshot, made.reviewer)), "a pair meets twice");
            check_reasons(&request, made)?;
        }
        let pairs: Vec<_> = allocation.assignments.iter().map(|made| (made.snapshot, made.reviewer)).collect();
        prop_assert!(pairs.is_sorted());
    }

    #[test]
    fn nothing_is_silent(request in any_round(SIZE)) {
        let allocation = allocate(&request)?;
        for (snapshot, figures) in request.snapshots.iter().map(|snapshot| {
            (snapshot, allocation.quality.snapshots.iter().find(|figures| figures.snapshot == snapshot.id))
        }) {
            let Some(figures) = figures else { return Err(TestCaseError::fail("a snapshot has no figures")) };
            let made: Vec<_> = allocation.assignments.iter().filter(|made| made.snapshot == snapshot.id).collect();
            let live = live_of(&request, snapshot).count();
            prop_assert_eq!(figures.assigned as usize, live + made.len());
            let wanted = request.reviews_wanted.max(figures.assigned);
            prop_assert_eq!(figures.assigned + figures.missing, wanted);
            if figures.assigned > request.reviews_wanted && live <= request.reviews_wanted as usize {
                // Beyond k there are MUST pairs only.
                prop_assert!(made.iter().all(|made| made.reasons.contains(&Reason::Must)));
            }
            let shortfall = allocation.shortfalls.iter().find(|shortfall| shortfall.snapshot == snapshot.id);
            prop_assert_eq!(shortfall.map_or(0, |shortfall| shortfall.missing), figures.missing);
            if let Some(shortfall) = shortfall {
                prop_assert_eq!(shortfall.eligible as usize, made.len());
                let barred: u32 = shortfall.barred.iter().map(|barred| barred.reviewers).sum();
                prop_assert_eq!((shortfall.eligible + barred) as usize, request.reviewers.len());
                let cause = match (request.reviewers.len(), shortfall.eligible) {
                    (0, _) => Cause::NoReviewers,
                    (_, 0) => Cause::NoEligibleReviewer,
                    _ => Cause::TooFewEligible,
                };
                prop_assert_eq!(shortfall.cause, cause);
            }
        }
    }

    #[test]
    fn each_must_is_made_or_refused(request in any_round(SIZE)) {
        let allocation = allocate(&request)?;
        for pair in &request.must {
            let meant: Vec<_> = request.snapshots.iter().filter(|snapshot| match pair.target {
                Target::Author(member) => snapshot.author == member || snapshot.co_authors.contains(&member),
                Target::Snapshot(id) => snapshot.id == id,
            }).collect();
            let refused = |snapshot| allocation.refused.iter().find(|one| one.pair == *pair && one.snapshot == snapshot);
            for snapshot in &meant {
                let is_made = allocation.assignments.iter().any(|made| {
                    made.reviewer == pair.reviewer && made.snapshot == snapshot.id && made.reasons.first() == Some(&Reason::Must)
                });
                let is_live = live_of(&request, snapshot).any(|one| one.reviewer == pair.reviewer);
                let is_refused = refused(Some(snapshot.id)).is_some();
                prop_assert_eq!(usize::from(is_made) + usize::from(is_live) + usize::from(is_refused), 1);
            }
            let elsewhere = |one: &Existing| {
                one.reviewer == pair.reviewer && pair.target == Target::Snapshot(one.snapshot) && one.standing == Standing::Live
            };
            if meant.is_empty() && !request.existing.iter().any(elsewhere) {
                prop_assert_eq!(refused(None).map(|one| one.refusal), Some(Refusal::UnknownTarget));
            }
        }
    }

    #[test]
    fn late_snapshots_change_nothing_that_exists(request in any_round(SIZE), late in 0..4_usize, only_late in any::<bool>()) {
        let mut early = request.clone();
        let late = early.snapshots.split_off(early.snapshots.len().saturating_sub(late));
        let first = allocate(&early)?;
        let mut then = saved(Request { snapshots: early.snapshots.clone(), ..request.clone() }, &first);
        if only_late {
            then.snapshots.clear();
        }
        then.snapshots.extend(late.iter().cloned());
        let before = then.existing.clone();
        let second = allocate(&then)?;
        prop_assert_eq!(&then.existing, &before);
        for made in &second.assignments {
            // What was there has all that it can have: new assignments are for late work only, and never the pair of an old one.
            prop_assert!(late.iter().any(|snapshot| snapshot.id == made.snapshot));
            prop_assert!(before.iter().all(|one| (one.reviewer, one.snapshot) != (made.reviewer, made.snapshot)));
        }
    }

    #[test]
    fn who_is_owed_a_review_gets_one_and_nobody_elses_changes(mut request in any_round(SIZE), owed in owed()) {
        let plain = allocate(&request)?;
        request.owed = owed;
        let allocation = allocate(&request)?;
        prop_assert_eq!(&allocation.refused, &plain.refused);
        prop_assert_eq!(&allocation.shortfalls, &plain.shortfalls);
        let is_owed = |made: &&Assignment| made.reasons.contains(&Reason::Owed);
        let rest: Vec<_> = allocation.assignments.iter().filter(|made| !is_owed(made)).cloned().collect();
        prop_assert_eq!(rest, plain.assignments.clone());
        for reviewer in &request.reviewers {
            let of = |all: &[Assignment]| all.iter().filter(|made| made.reviewer == reviewer.member).count();
            let owed = request.owed.get(&reviewer.member).copied().unwrap_or_default() as usize;
            let could = request.snapshots.iter().filter(|snapshot| {
                let met = request.existing.iter().any(|one| (one.snapshot, one.reviewer) == (snapshot.id, reviewer.member));
                !met && !is_forbidden(&request, reviewer, snapshot)
            });
            let most = of(&plain.assignments).max(owed).min(could.count());
            prop_assert_eq!(of(&allocation.assignments), most, "of what they may review");
        }
        let assigned = |of: &Allocation, id| of.quality.snapshots.iter().find(|one| one.snapshot == id).map(|one| one.assigned);
        let given: Vec<_> = allocation.assignments.iter().filter(is_owed).collect();
        let [made] = &given[..] else { return Ok(()) };
        let Some(reviewer) = request.reviewers.iter().find(|reviewer| reviewer.member == made.reviewer) else {
            return Err(TestCaseError::fail("a reviewer is one of them"));
        };
        for other in &request.snapshots {
            let has = |one: Uuid| (other.id, reviewer.member) == (one, made.reviewer);
            let met = request.existing.iter().any(|one| one.reviewer == reviewer.member && has(one.snapshot))
                || plain.assignments.iter().any(|one| one.reviewer == reviewer.member && has(one.snapshot));
            if !met && !is_forbidden(&request, reviewer, other) {
                prop_assert!(assigned(&plain, made.snapshot) <= assigned(&plain, other.id), "what has fewest comes first");
            }
        }
    }

    #[test]
    fn what_is_declined_goes_to_the_least_loaded(request in any_round(SIZE), which in 0..40_usize) {
        let allocation = allocate(&request)?;
        let mut then = saved(request, &allocation);
        let places: Vec<_> = (0..then.existing.len()).filter(|&at| {
            then.existing.get(at).is_some_and(|one| one.standing == Standing::Live)
        }).collect();
        let Some(&at) = places.get(which % places.len().max(1)) else { return Ok(()) };
        let declined = Existing { standing: Standing::Over, ..then.existing.remove(at) };
        then.existing.push(declined);
        if let Some(reviewer) = then.reviewers.iter_mut().find(|reviewer| reviewer.member == declined.reviewer) {
            reviewer.load = reviewer.load.saturating_sub(1);
        }
        let again = allocate(&then)?;
        // Of several that are missing the whole is the best; of one, whoever has least gets it.
        let [made] = &again.assignments[..] else { return Ok(()) };
        let Some(snapshot) = then.snapshots.iter().find(|snapshot| snapshot.id == made.snapshot) else {
            return Err(TestCaseError::fail("what is handed out is there"));
        };
        let met = |member| then.existing.iter().any(|one| one.snapshot == snapshot.id && one.reviewer == member);
        let load = |one: &Reviewer| {
            let live = then.existing.iter().filter(|other| other.reviewer == one.member && other.standing == Standing::Live);
            one.load.max(u32::try_from(live.count()).unwrap_or(u32::MAX))
        };
        let could: Vec<_> = (then.reviewers.iter())
            .filter(|reviewer| !met(reviewer.member) && !is_forbidden(&then, reviewer, snapshot))
            .collect();
        let is_must = made.reasons.contains(&Reason::Must);
        let next = could.iter().find(|reviewer| reviewer.member == made.reviewer);
        prop_assert!(is_must || next.is_some_and(|next| could.iter().all(|other| load(next) <= load(other))));
        check_reasons(&then, made)?;
    }
}
