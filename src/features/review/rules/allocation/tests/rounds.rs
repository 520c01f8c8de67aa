//! Random rounds.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{collection::vec, prelude::*};
use uuid::Uuid;

use super::super::{Existing, Pair, PastPair, Request, Reviewer, Snapshot, Standing, Target};

/// How large a round may be, and how odd.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub snapshots: usize,
    pub reviewers: usize,
    pub wanted: u32,
}

/// A member. Reviewers are the first, authors may be among them.
pub(super) fn member(index: usize) -> Uuid {
    // Ids in another order than their numbers, so that a sort by id does something.
    Uuid::from_u64_pair((index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15), 1)
}

pub(super) fn work(index: usize) -> Uuid {
    Uuid::from_u64_pair((index as u64).wrapping_mul(0xbf58_476d_1ce4_e5b9), 2)
}

pub(super) fn school(index: usize) -> Uuid {
    Uuid::from_u64_pair(index as u64, 3)
}

fn languages() -> impl Strategy<Value = BTreeSet<String>> {
    let one = prop_oneof![6 => Just("en"), 2 => Just("de"), 1 => Just("it")];
    vec(one, 0..3).prop_map(|languages| languages.into_iter().map(str::to_owned).collect())
}

fn reviewer(index: usize) -> impl Strategy<Value = Reviewer> {
    (0..3_usize, languages(), prop_oneof![3 => Just(0), 1 => 0..3_u32]).prop_map(move |(place, languages, load)| {
        Reviewer {
            member: member(index),
            school: school(place),
            languages,
            load,
        }
    })
}

fn snapshot(index: usize, members: usize) -> impl Strategy<Value = Snapshot> {
    (0..members, vec(0..members, 0..2), vec(0..3_usize, 1..3), languages()).prop_map(
        move |(author, co_authors, schools, languages)| Snapshot {
            id: work(index),
            author: member(author),
            co_authors: co_authors.into_iter().map(member).collect(),
            schools: schools.into_iter().map(school).collect(),
            languages,
        },
    )
}

fn pair(members: usize, snapshots: usize) -> impl Strategy<Value = Pair> {
    let target = prop_oneof![
        (0..members).prop_map(|index| Target::Author(member(index))),
        (0..=snapshots).prop_map(|index| Target::Snapshot(work(index))),
    ];
    (0..members, target).prop_map(|(index, target)| Pair {
        reviewer: member(index),
        target,
    })
}

fn past(members: usize) -> impl Strategy<Value = PastPair> {
    (0..members, 0..members, 0..3_u32).prop_map(|(reviewer, author, times)| PastPair {
        reviewer: member(reviewer),
        author: member(author),
        times,
    })
}

fn existing(members: usize, snapshots: usize) -> impl Strategy<Value = Existing> {
    (0..members, 0..3_usize, 0..=snapshots, any::<bool>()).prop_map(|(reviewer, place, snapshot, is_live)| Existing {
        reviewer: member(reviewer),
        school: school(place),
        snapshot: work(snapshot),
        standing: if is_live { Standing::Live } else { Standing::Over },
    })
}

/// Any round up to a size, with all that a round may have.
pub(super) fn any_round(size: Size) -> impl Strategy<Value = Request> {
    (0..=size.snapshots, 0..=size.reviewers).prop_flat_map(move |(snapshots, reviewers)| {
        let members = reviewers + 2;
        (
            (0..snapshots).map(|index| snapshot(index, members)).collect::<Vec<_>>(),
            (0..reviewers).map(reviewer).collect::<Vec<_>>(),
            (0..=size.wanted, 0..3_u32, 0..3_u32, any::<u64>()),
            vec(pair(members, snapshots), 0..3),
            vec(pair(members, snapshots), 0..4),
            vec(past(members), 0..3 * members),
            vec(existing(members, snapshots), 0..4),
        )
            .prop_map(
                |(
                    snapshots,
                    reviewers,
                    (reviews_wanted, home_min, partner_min, seed),
                    must,
                    never,
                    history,
                    existing,
                )| {
                    let mut seen = BTreeSet::new();
                    Request {
                        snapshots,
                        reviewers,
                        reviews_wanted,
                        must,
                        never,
                        home_min,
                        partner_min,
                        history,
                        existing: existing
                            .into_iter()
                            .filter(|one| seen.insert((one.snapshot, one.reviewer)))
                            .collect(),
                        owed: BTreeMap::new(),
                        seed,
                    }
                },
            )
    })
}

/// A round as the domain's invariant wants it: no MUST or NEVER, one language, reviewers who are no authors, `k` not above their number.
pub(super) fn plain_round() -> impl Strategy<Value = Request> {
    (0..12_usize, 1..12_usize).prop_flat_map(|(snapshots, reviewers)| {
        (
            (0..snapshots)
                .map(|index| snapshot(index, snapshots))
                .collect::<Vec<_>>(),
            (0..reviewers)
                .map(move |index| reviewer(snapshots + index))
                .collect::<Vec<_>>(),
            0..=u32::try_from(reviewers).unwrap_or_default(),
            (0..3_u32, 0..3_u32, any::<u64>()),
            vec(past(snapshots + reviewers), 0..60),
        )
            .prop_map(
                |(mut snapshots, mut reviewers, reviews_wanted, (home_min, partner_min, seed), history)| {
                    let one: BTreeSet<_> = ["en".to_owned()].into();
                    for snapshot in &mut snapshots {
                        snapshot.languages.clone_from(&one);
                    }
                    for reviewer in &mut reviewers {
                        reviewer.languages.clone_from(&one);
                        reviewer.load = 0;
                    }
                    Request {
                        snapshots,
                        reviewers,
                        reviews_wanted,
                        home_min,
                        partner_min,
                        history,
                        seed,
                        ..Request::default()
                    }
                },
            )
    })
}
