//! The request, sorted and made quick to ask.

use std::collections::{BTreeMap, HashMap, HashSet};

use uuid::Uuid;

use super::{
    outcome::{Barred, Barrier, Breach},
    request::{Existing, InvalidRequest, Pair, Request, Reviewer, Snapshot, Standing, Target},
};

/// Snapshots and reviewers are in the order of their ids and are meant by their places in it. The sets are only looked up in, never
/// walked through, as their order differs from run to run.
pub(super) struct Ground<'a> {
    pub request: &'a Request,
    pub snapshots: Vec<&'a Snapshot>,
    pub reviewers: Vec<&'a Reviewer>,
    never: HashSet<Pair>,
    past: HashSet<(Uuid, Uuid)>,
    /// By snapshot and reviewer.
    existing: BTreeMap<(Uuid, Uuid), &'a Existing>,
}

impl<'a> Ground<'a> {
    pub(super) fn new(request: &'a Request) -> Result<Self, InvalidRequest> {
        let mut snapshots: Vec<_> = request.snapshots.iter().collect();
        snapshots.sort_by_key(|snapshot| snapshot.id);
        if let Some(id) = first_twice(snapshots.iter().map(|snapshot| snapshot.id)) {
            return Err(InvalidRequest::DuplicateSnapshot(id));
        }
        let mut reviewers: Vec<_> = request.reviewers.iter().collect();
        reviewers.sort_by_key(|reviewer| reviewer.member);
        if let Some(id) = first_twice(reviewers.iter().map(|reviewer| reviewer.member)) {
            return Err(InvalidRequest::DuplicateReviewer(id));
        }
        let mut pairs: Vec<_> = request
            .existing
            .iter()
            .map(|existing| (existing.snapshot, existing.reviewer))
            .collect();
        pairs.sort_unstable();
        if let Some((snapshot, reviewer)) = first_twice(pairs.into_iter()) {
            return Err(InvalidRequest::DuplicateExisting { reviewer, snapshot });
        }
        let past = request.history.iter().filter(|past| past.times > 0);
        Ok(Self {
            request,
            snapshots,
            reviewers,
            never: request.never.iter().copied().collect(),
            past: past.map(|past| (past.reviewer, past.author)).collect(),
            existing: (request.existing.iter())
                .map(|existing| ((existing.snapshot, existing.reviewer), existing))
                .collect(),
        })
    }

    /// What keeps a reviewer from being given a snapshot now.
    pub(super) fn barrier(&self, reviewer: &Reviewer, snapshot: &Snapshot) -> Option<Barrier> {
        let standing = self.standing(reviewer.member, snapshot.id);
        if standing == Some(Standing::Live) {
            return Some(Barrier::AlreadyAssigned);
        }
        let rule = self.rule_against(reviewer, snapshot);
        rule.or_else(|| standing.map(|_| Barrier::AlreadyOver))
    }

    /// The hard rule against a pair, whatever happened in the round.
    fn rule_against(&self, reviewer: &Reviewer, snapshot: &Snapshot) -> Option<Barrier> {
        let member = reviewer.member;
        let is_never = |target| {
            self.never.contains(&Pair {
                reviewer: member,
                target,
            })
        };
        if snapshot.author == member {
            Some(Barrier::Author)
        } else if snapshot.co_authors.contains(&member) {
            Some(Barrier::CoAuthor)
        } else if is_never(Target::Snapshot(snapshot.id)) || snapshot.authors().map(Target::Author).any(is_never) {
            Some(Barrier::Never)
        } else if reviewer.languages.is_disjoint(&snapshot.languages) {
            Some(Barrier::NoSharedLanguage)
        } else {
            None
        }
    }

    pub(super) fn standing(&self, reviewer: Uuid, snapshot: Uuid) -> Option<Standing> {
        self.existing
            .get(&(snapshot, reviewer))
            .map(|existing| existing.standing)
    }

    /// Whether the reviewer reviewed one of the authors in the last 3 rounds.
    pub(super) fn is_repeated(&self, reviewer: &Reviewer, snapshot: &Snapshot) -> bool {
        snapshot
            .authors()
            .any(|author| self.past.contains(&(reviewer.member, author)))
    }

    /// The places of those who can be given a snapshot.
    pub(super) fn eligible(&self, snapshot: &Snapshot) -> Vec<usize> {
        let reviewers = self.reviewers.iter().enumerate();
        reviewers
            .filter(|(_, reviewer)| self.barrier(reviewer, snapshot).is_none())
            .map(|(place, _)| place)
            .collect()
    }

    /// What keeps all the others.
    pub(super) fn barred(&self, snapshot: &Snapshot) -> Vec<Barred> {
        let mut counts = BTreeMap::<Barrier, u32>::new();
        for barrier in self
            .reviewers
            .iter()
            .filter_map(|reviewer| self.barrier(reviewer, snapshot))
        {
            *counts.entry(barrier).or_default() += 1;
        }
        counts
            .into_iter()
            .map(|(barrier, reviewers)| Barred { barrier, reviewers })
            .collect()
    }

    /// The live assignments of a snapshot.
    pub(super) fn live(&self, snapshot: Uuid) -> impl Iterator<Item = &'a Existing> {
        let existing = self.existing.range((snapshot, Uuid::nil())..=(snapshot, Uuid::max()));
        existing
            .map(|(_, existing)| *existing)
            .filter(|existing| existing.standing == Standing::Live)
    }

    /// What each reviewer has when the allocation begins.
    pub(super) fn loads(&self) -> Vec<u32> {
        let mut live = HashMap::<Uuid, u32>::new();
        for existing in self
            .existing
            .values()
            .filter(|existing| existing.standing == Standing::Live)
        {
            *live.entry(existing.reviewer).or_default() += 1;
        }
        let load = |reviewer: &&Reviewer| {
            reviewer
                .load
                .max(live.get(&reviewer.member).copied().unwrap_or_default())
        };
        self.reviewers.iter().map(load).collect()
    }

    /// The live assignments that wouldn't be made now.
    pub(super) fn breaches(&self) -> Vec<Breach> {
        let breach = |snapshot: &Snapshot, existing: &Existing| {
            let place = self
                .reviewers
                .binary_search_by_key(&existing.reviewer, |reviewer| reviewer.member)
                .ok()?;
            let barrier = self.rule_against(self.reviewers.get(place)?, snapshot)?;
            Some(Breach {
                reviewer: existing.reviewer,
                snapshot: snapshot.id,
                barrier,
            })
        };
        let snapshots = self.snapshots.iter();
        snapshots
            .flat_map(|snapshot| {
                self.live(snapshot.id)
                    .filter_map(move |existing| breach(snapshot, existing))
            })
            .collect()
    }
}

/// The first that is there twice, of what is sorted.
fn first_twice<T: PartialEq>(mut sorted: impl Iterator<Item = T>) -> Option<T> {
    let mut last = sorted.next()?;
    for next in sorted {
        if next == last {
            return Some(next);
        }
        last = next;
    }
    None
}
