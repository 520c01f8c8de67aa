//! Single rounds, each for one rule.

mod choice;
mod offers;
mod pairs;

use std::collections::BTreeSet;

use uuid::Uuid;

use super::super::{
    Allocation, Barred, Barrier, Breach, Cause, Existing, InvalidRequest, Objective, Pair, PastPair, Reason, Refusal,
    RefusedMust, Request, Reviewer, Snapshot, Standing, Target, allocate,
};
use super::rounds::{member, school, work};

pub(super) fn english() -> BTreeSet<String> {
    ["en".to_owned()].into()
}

pub(super) fn by(author: usize) -> Snapshot {
    let (id, author, schools) = (work(author), member(author), [school(0)].into());
    Snapshot {
        id,
        author,
        schools,
        languages: english(),
        ..Snapshot::default()
    }
}

pub(super) fn pupil(index: usize, place: usize) -> Reviewer {
    Reviewer {
        member: member(index),
        school: school(place),
        languages: english(),
        load: 0,
    }
}

/// Works of the members 100, 101 and so on, and pupils 0, 1 and so on of the school of the authors.
pub(super) fn round(works: usize, pupils: usize, k: u32) -> Request {
    Request {
        snapshots: (0..works).map(|index| by(100 + index)).collect(),
        reviewers: (0..pupils).map(|index| pupil(index, 0)).collect(),
        reviews_wanted: k,
        ..Request::default()
    }
}

pub(super) fn pair(reviewer: usize, author: usize) -> Pair {
    Pair {
        reviewer: member(reviewer),
        target: Target::Author(member(author)),
    }
}

pub(super) fn existing(reviewer: usize, author: usize, standing: Standing) -> Existing {
    Existing {
        reviewer: member(reviewer),
        school: school(0),
        snapshot: work(author),
        standing,
    }
}

pub(super) fn past(reviewer: usize, author: usize) -> PastPair {
    PastPair {
        reviewer: member(reviewer),
        author: member(author),
        times: 1,
    }
}

pub(super) fn allocated(request: &Request) -> Allocation {
    match allocate(request) {
        Ok(allocation) => allocation,
        Err(invalid) => panic!("{invalid}"),
    }
}

pub(super) fn reviewers_of(allocation: &Allocation, author: usize) -> BTreeSet<Uuid> {
    let made = allocation
        .assignments
        .iter()
        .filter(|made| made.snapshot == work(author));
    made.map(|made| made.reviewer).collect()
}
