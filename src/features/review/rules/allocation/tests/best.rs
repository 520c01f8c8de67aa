//! The allocation against trying everything, on small rounds.

use proptest::prelude::*;

use super::super::{Pair, Request, Reviewer, Snapshot, Standing, Target, allocate};
use super::rounds::{Size, any_round};

/// The four figures, worked out from the request and the pairs alone.
type Figures = (u64, u64, u64, u64);

/// A round as tables, shared with the allocation by nothing but the request.
struct Table<'a> {
    request: &'a Request,
    /// Pairs that may be chosen, of each snapshot, as a set of bits.
    may: Vec<u32>,
    /// Pairs that a MUST makes.
    musts: Vec<u32>,
    /// Pairs that would repeat one of the last 3 rounds.
    repeated: Vec<u32>,
    /// Reviewers of a school of the authors.
    home: Vec<u32>,
    /// The live assignments of a snapshot: home and partner.
    live: Vec<(u32, u32)>,
    /// What each reviewer has.
    loads: Vec<u32>,
}

impl<'a> Table<'a> {
    fn new(request: &'a Request) -> Self {
        let bits = |is_in: &dyn Fn(&Reviewer, &Snapshot) -> bool| -> Vec<u32> {
            let of = |snapshot| {
                let reviewers = request.reviewers.iter().enumerate();
                reviewers
                    .filter(|(_, one)| is_in(one, snapshot))
                    .map(|(at, _)| 1 << at)
                    .sum()
            };
            request.snapshots.iter().map(of).collect()
        };
        let wrote = |snapshot: &Snapshot, member| snapshot.author == member || snapshot.co_authors.contains(&member);
        let is_in = |pairs: &[Pair], reviewer: &Reviewer, snapshot: &Snapshot| {
            pairs.iter().any(|pair| {
                pair.reviewer == reviewer.member
                    && match pair.target {
                        Target::Author(member) => wrote(snapshot, member),
                        Target::Snapshot(id) => id == snapshot.id,
                    }
            })
        };
        let may = |reviewer: &Reviewer, snapshot: &Snapshot| {
            !wrote(snapshot, reviewer.member)
                && !is_in(&request.never, reviewer, snapshot)
                && !reviewer.languages.is_disjoint(&snapshot.languages)
                && !request
                    .existing
                    .iter()
                    .any(|one| (one.reviewer, one.snapshot) == (reviewer.member, snapshot.id))
        };
        let live = request.existing.iter().filter(|one| one.standing == Standing::Live);
        let live_of = |snapshot: &Snapshot| {
            let live = live.clone().filter(|one| one.snapshot == snapshot.id);
            live.fold((0, 0), |(home, partner), one| {
                let is_home = snapshot.schools.contains(&one.school);
                if is_home {
                    (home + 1, partner)
                } else {
                    (home, partner + 1)
                }
            })
        };
        let load = |reviewer: &Reviewer| {
            let live = live.clone().filter(|one| one.reviewer == reviewer.member);
            reviewer.load.max(u32::try_from(live.count()).unwrap_or_default())
        };
        Self {
            request,
            may: bits(&may),
            musts: bits(&|reviewer, snapshot| may(reviewer, snapshot) && is_in(&request.must, reviewer, snapshot)),
            repeated: bits(&|reviewer, snapshot| {
                let met = |past: &&super::super::PastPair| past.reviewer == reviewer.member && past.times > 0;
                request
                    .history
                    .iter()
                    .filter(met)
                    .any(|past| wrote(snapshot, past.author))
            }),
            home: bits(&|reviewer, snapshot| snapshot.schools.contains(&reviewer.school)),
            live: request.snapshots.iter().map(live_of).collect(),
            loads: request.reviewers.iter().map(load).collect(),
        }
    }

    fn figures(&self, chosen: &[u32]) -> Figures {
        let (mut missing, mut repeated, mut mix) = (0, 0, 0);
        for (at, &mask) in chosen.iter().enumerate() {
            let home = self.live[at].0 + (mask & self.home[at]).count_ones();
            let partner = self.live[at].1 + (mask & !self.home[at]).count_ones();
            missing += u64::from(self.request.reviews_wanted.saturating_sub(home + partner)).pow(2);
            repeated += u64::from((mask & self.repeated[at]).count_ones());
            mix += u64::from(self.request.home_min.saturating_sub(home));
            mix += u64::from(self.request.partner_min.saturating_sub(partner));
        }
        let load = |(at, &load): (usize, &u32)| {
            let more: u32 = chosen.iter().map(|mask| mask >> at & 1).sum();
            u64::from(load + more).pow(2)
        };
        (missing, self.loads.iter().enumerate().map(load).sum(), repeated, mix)
    }

    /// The best figures of every choice that has the MUST pairs and, but for them, not more than `k`.
    fn best(&self, chosen: &mut Vec<u32>) -> Figures {
        let at = chosen.len();
        if at == self.may.len() {
            return self.figures(chosen);
        }
        let live = self.live[at].0 + self.live[at].1;
        let room = self
            .request
            .reviews_wanted
            .saturating_sub(live)
            .max(self.musts[at].count_ones());
        let mut best = (u64::MAX, u64::MAX, u64::MAX, u64::MAX);
        for mask in 0..1_u32 << self.request.reviewers.len() {
            let is_allowed = mask & !self.may[at] == 0 && self.musts[at] & !mask == 0;
            if is_allowed && mask.count_ones() <= room {
                chosen.push(mask);
                best = best.min(self.best(chosen));
                chosen.pop();
            }
        }
        best
    }
}

fn check(request: &Request) -> Result<(), TestCaseError> {
    let allocation = allocate(request)?;
    let table = Table::new(request);
    let mut made = vec![0_u32; request.snapshots.len()];
    for one in &allocation.assignments {
        let snapshot = request
            .snapshots
            .iter()
            .position(|snapshot| snapshot.id == one.snapshot);
        let reviewer = request
            .reviewers
            .iter()
            .position(|reviewer| reviewer.member == one.reviewer);
        let (Some(snapshot), Some(reviewer)) = (snapshot, reviewer) else {
            return Err(TestCaseError::fail("an assignment of nobody or nothing"));
        };
        made[snapshot] |= 1 << reviewer;
    }
    let figures = table.figures(&made);
    let told = allocation.quality.objective;
    let told = (
        told.missing_squares,
        told.load_squares,
        u128::from(told.repeated_pairs),
        u128::from(told.missing_mix),
    );
    prop_assert_eq!(
        told,
        (figures.0.into(), figures.1.into(), figures.2.into(), figures.3.into()),
        "figures are told"
    );
    prop_assert_eq!(figures, table.best(&mut Vec::new()), "it is the best");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn small_rounds_are_the_best(request in any_round(Size { snapshots: 4, reviewers: 4, wanted: 3 })) {
        check(&request)?;
    }

    /// Without languages and rules that leave no choice: here the later figures decide.
    #[test]
    fn small_rounds_with_much_choice_are_the_best(mut request in any_round(Size { snapshots: 4, reviewers: 4, wanted: 3 })) {
        let all = ["en".to_owned()];
        request.snapshots.iter_mut().for_each(|snapshot| snapshot.languages.extend(all.clone()));
        request.reviewers.iter_mut().for_each(|reviewer| reviewer.languages.extend(all.clone()));
        request.never.clear();
        check(&request)?;
    }
}
