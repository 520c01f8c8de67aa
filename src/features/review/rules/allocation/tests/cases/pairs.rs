//! MUST and NEVER.

use super::*;

#[test]
fn never_is_about_co_authors_too() {
    let mut request = round(1, 2, 2);
    request.snapshots[0].co_authors = [member(50)].into();
    request.never = vec![pair(1, 50)];
    assert_eq!(reviewers_of(&allocated(&request), 100), [member(0)].into());
}

#[test]
fn must_is_about_every_snapshot_of_an_author() {
    let mut request = round(3, 6, 1);
    request.snapshots[2].co_authors = [member(100)].into();
    request.must = vec![pair(4, 100)];
    let allocation = allocated(&request);
    assert_eq!(
        [100, 102].map(|author| reviewers_of(&allocation, author)),
        [(); 2].map(|()| [member(4)].into())
    );
    assert!(!reviewers_of(&allocation, 101).contains(&member(4)));
}

#[test]
fn must_counts_for_k_and_is_made_beyond_it() {
    let mut request = round(1, 4, 2);
    request.must = vec![pair(0, 100)];
    assert_eq!(allocated(&request).assignments.len(), 2);
    request.must = vec![pair(0, 100), pair(1, 100), pair(2, 100)];
    request.must.push(Pair {
        reviewer: member(2),
        target: Target::Snapshot(work(100)),
    });
    let allocation = allocated(&request);
    assert_eq!(reviewers_of(&allocation, 100), [0, 1, 2].map(member).into());
    assert_eq!(
        (
            allocation.quality.snapshots[0].assigned,
            allocation.quality.snapshots[0].missing
        ),
        (3, 0)
    );
    assert!(
        allocation
            .assignments
            .iter()
            .all(|made| made.reasons[0] == Reason::Must)
    );
}

#[test]
fn must_is_refused_with_its_reason() {
    let mut request = round(1, 3, 1);
    request.snapshots[0].author = member(0);
    request.never = vec![pair(1, 0)];
    request.existing = vec![existing(2, 100, Standing::Over)];
    request.must = vec![pair(0, 0), pair(1, 0), pair(2, 0), pair(9, 0), pair(2, 77)];
    let mut expected = [
        (0, 0, Some(work(100)), Refusal::Barred(Barrier::Author)),
        (1, 0, Some(work(100)), Refusal::Barred(Barrier::Never)),
        (2, 0, Some(work(100)), Refusal::Barred(Barrier::AlreadyOver)),
        (9, 0, Some(work(100)), Refusal::UnknownReviewer),
        (2, 77, None, Refusal::UnknownTarget),
    ]
    .map(|(reviewer, author, snapshot, refusal)| RefusedMust {
        pair: pair(reviewer, author),
        snapshot,
        refusal,
    });
    expected.sort();
    let allocation = allocated(&request);
    assert_eq!(allocation.refused, expected);
    assert_eq!(allocation.shortfalls[0].cause, Cause::NoEligibleReviewer);
}

#[test]
fn a_must_that_is_live_is_no_refusal() {
    let mut request = round(1, 2, 1);
    request.existing = vec![existing(1, 100, Standing::Live), existing(1, 200, Standing::Live)];
    request.must = vec![
        pair(1, 100),
        Pair {
            reviewer: member(1),
            target: Target::Snapshot(work(200)),
        },
    ];
    let allocation = allocated(&request);
    assert_eq!((allocation.assignments.len(), allocation.refused.len()), (0, 0));
    assert_eq!((allocation.quality.max_load, allocation.quality.min_load), (2, 0));
}

#[test]
fn existing_assignments_against_a_rule_stay_and_are_told() {
    let mut request = round(1, 2, 1);
    request.existing = vec![existing(1, 100, Standing::Live)];
    request.never = vec![pair(1, 100)];
    let allocation = allocated(&request);
    let breach = Breach {
        reviewer: member(1),
        snapshot: work(100),
        barrier: Barrier::Never,
    };
    assert_eq!((allocation.assignments.len(), allocation.breaches), (0, vec![breach]));
}
