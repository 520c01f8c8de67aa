//! The allocation itself: MUST pairs first, then the best of what is left.

use std::collections::BTreeSet;

use super::{
    flow::{Arc, Cost, Network, Node},
    ground::Ground,
    outcome::{Allocation, Refusal, RefusedMust},
    reasons,
    request::{InvalidRequest, Pair, Request, Snapshot, Standing, Target},
    tie,
};

/// Who reviews what, for all that the request still misses. Nothing existing is changed: for late entries, call it again with what
/// there is by then as `existing`.
///
/// # Errors
///
/// If the request has something twice.
pub fn allocate(request: &Request) -> Result<Allocation, InvalidRequest> {
    let ground = Ground::new(request)?;
    let mut plan = Plan::new(&ground);
    let refused = plan.make_musts(&ground);
    plan.fill(&ground);
    plan.settle(&ground);
    Ok(reasons::explain(&ground, &plan, refused))
}

/// The state of an allocation.
pub(super) struct Plan {
    /// Of each reviewer.
    pub loads: Vec<u32>,
    /// The same before anybody got what they are owed.
    pub loads_filled: Vec<u32>,
    /// Of each snapshot.
    pub places: Vec<Place>,
}

/// The state of a snapshot.
#[derive(Default)]
pub(super) struct Place {
    /// The reviewers who could be given it when the allocation began.
    pub eligible: Vec<usize>,
    /// The reviewers who are given it as a MUST.
    pub musts: BTreeSet<usize>,
    /// The reviewers who are given it by choice.
    pub chosen: BTreeSet<usize>,
    /// The reviewers who are given it because they are owed one.
    pub owed: BTreeSet<usize>,
    /// All its reviewers, existing ones included.
    pub assigned: u32,
    /// Those from a school of its authors.
    pub home: u32,
    /// The others.
    pub partner: u32,
}

impl Place {
    /// The reviewers who are given it.
    pub(super) fn given(&self) -> impl Iterator<Item = usize> + '_ {
        self.musts.iter().chain(&self.chosen).chain(&self.owed).copied()
    }

    /// How a snapshot stands before anything is made.
    pub(super) fn new(ground: &Ground<'_>, snapshot: &Snapshot) -> Self {
        let mut place = Self {
            eligible: ground.eligible(snapshot),
            ..Self::default()
        };
        for existing in ground.live(snapshot.id) {
            place.count(snapshot.schools.contains(&existing.school));
        }
        place
    }

    fn count(&mut self, is_home: bool) {
        self.assigned += 1;
        if is_home {
            self.home += 1;
        } else {
            self.partner += 1;
        }
    }

    pub(super) fn missing(&self, request: &Request) -> u32 {
        request.reviews_wanted.saturating_sub(self.assigned)
    }

    pub(super) fn missing_home(&self, request: &Request) -> u32 {
        request.home_min.saturating_sub(self.home)
    }

    pub(super) fn missing_partner(&self, request: &Request) -> u32 {
        request.partner_min.saturating_sub(self.partner)
    }
}

impl Plan {
    fn new(ground: &Ground<'_>) -> Self {
        let places = ground.snapshots.iter().map(|snapshot| Place::new(ground, snapshot));
        Self {
            loads: ground.loads(),
            loads_filled: Vec::new(),
            places: places.collect(),
        }
    }

    /// Counts a new assignment.
    pub(super) fn count(&mut self, ground: &Ground<'_>, snapshot: usize, reviewer: usize) {
        let is_home = ground.snapshots[snapshot]
            .schools
            .contains(&ground.reviewers[reviewer].school);
        self.places[snapshot].count(is_home);
        self.loads[reviewer] = self.loads[reviewer].saturating_add(1);
    }

    /// Makes the MUST pairs that may be made, and says which may not.
    fn make_musts(&mut self, ground: &Ground<'_>) -> Vec<RefusedMust> {
        let mut refused = Vec::new();
        for pair in ground.request.must.iter().copied().collect::<BTreeSet<_>>() {
            let is_meant = |&place: &usize| {
                let snapshot = ground.snapshots[place];
                match pair.target {
                    Target::Snapshot(id) => snapshot.id == id,
                    Target::Author(member) => snapshot.authors().any(|author| author == member),
                }
            };
            let meant: Vec<_> = (0..ground.snapshots.len()).filter(is_meant).collect();
            if meant.is_empty() && !is_fulfilled_elsewhere(ground, pair) {
                refused.push(RefusedMust {
                    pair,
                    snapshot: None,
                    refusal: Refusal::UnknownTarget,
                });
            }
            for place in meant {
                if let Err(refusal) = self.make_must(ground, pair, place) {
                    refused.push(RefusedMust {
                        pair,
                        snapshot: Some(ground.snapshots[place].id),
                        refusal,
                    });
                }
            }
        }
        refused
    }

    fn make_must(&mut self, ground: &Ground<'_>, pair: Pair, place: usize) -> Result<(), Refusal> {
        let snapshot = ground.snapshots[place];
        if ground.standing(pair.reviewer, snapshot.id) == Some(Standing::Live) {
            return Ok(());
        }
        let reviewer = ground
            .reviewers
            .binary_search_by_key(&pair.reviewer, |reviewer| reviewer.member);
        let reviewer = reviewer.map_err(|_| Refusal::UnknownReviewer)?;
        if let Some(barrier) = ground.barrier(ground.reviewers[reviewer], snapshot) {
            return Err(Refusal::Barred(barrier));
        }
        // Two MUST pairs may mean the same: the author and the snapshot.
        if self.places[place].musts.insert(reviewer) {
            self.count(ground, place, reviewer);
        }
        Ok(())
    }

    /// Makes the best of what is left.
    fn fill(&mut self, ground: &Ground<'_>) {
        let (mut network, source, sink, arcs) = self.draw(ground);
        network.fill(source, sink);
        for (snapshot, reviewer, arc) in arcs {
            if network.is_used(arc) {
                self.places[snapshot].chosen.insert(reviewer);
                self.count(ground, snapshot, reviewer);
            }
        }
    }

    /// The network whose cheapest fullest flow is the best allocation:
    ///
    /// * source → snapshot, one arc per missing review: from m missing to m − 1 spares 2m − 1 squares, so the more are missing the
    ///   cheaper is the arc;
    /// * snapshot → its home and its partner class, one arc for what the mix still wants and a dearer one for the rest;
    /// * class → reviewer, one arc per pair that may be made, dearer if it is repeated;
    /// * reviewer → sink, one arc per review: from a load of l to l + 1 adds 2l + 1 squares.
    ///
    /// All that is spared is shifted so that no cost is negative. A path has one arc of each kind, so that the shift is the same for
    /// every path, and as one more review always spares squares of missing ones, the fullest flow is the best.
    fn draw(&self, ground: &Ground<'_>) -> (Network, Node, Node, Vec<(usize, usize, Arc)>) {
        let request = ground.request;
        let mut network = Network::default();
        let (source, sink) = (network.add_node(), network.add_node());
        let reviewers: Vec<_> = ground.reviewers.iter().map(|_| network.add_node()).collect();
        let mut could_get = vec![0_u32; reviewers.len()];
        let mut arcs = Vec::new();
        let most_missing = self
            .places
            .iter()
            .map(|place| place.missing(request))
            .max()
            .unwrap_or_default();
        for (at, (place, snapshot)) in self.places.iter().zip(&ground.snapshots).enumerate() {
            let mut free: Vec<_> = place
                .eligible
                .iter()
                .copied()
                .filter(|one| !place.musts.contains(one))
                .collect();
            let missing = place.missing(request);
            let wanted = missing.min(u32::try_from(free.len()).unwrap_or(u32::MAX));
            if wanted == 0 {
                continue;
            }
            free.sort_by_cached_key(|&one| (tie::rank(request.seed, snapshot.id, ground.reviewers[one].member), one));
            let node = network.add_node();
            for made in 0..wanted {
                let squares = 2 * i64::from(most_missing - (missing - made));
                network.add_arc(
                    source,
                    node,
                    1,
                    Cost {
                        missing: squares,
                        ..Cost::default()
                    },
                );
            }
            let [home, partner] = [place.missing_home(request), place.missing_partner(request)].map(|mix| {
                let class = network.add_node();
                network.add_arc(node, class, mix.min(wanted), Cost::default());
                network.add_arc(
                    node,
                    class,
                    wanted,
                    Cost {
                        mix: 1,
                        ..Cost::default()
                    },
                );
                class
            });
            for one in free {
                let reviewer = ground.reviewers[one];
                let class = if snapshot.schools.contains(&reviewer.school) {
                    home
                } else {
                    partner
                };
                let repeated = i64::from(ground.is_repeated(reviewer, snapshot));
                let arc = network.add_arc(
                    class,
                    reviewers[one],
                    1,
                    Cost {
                        repeated,
                        ..Cost::default()
                    },
                );
                arcs.push((at, one, arc));
                could_get[one] += 1;
            }
        }
        for ((&node, &load), &most) in reviewers.iter().zip(&self.loads).zip(&could_get) {
            for more in 0..most {
                let squares = 2 * (i64::from(load) + i64::from(more)) + 1;
                network.add_arc(
                    node,
                    sink,
                    1,
                    Cost {
                        load: squares,
                        ..Cost::default()
                    },
                );
            }
        }
        (network, source, sink, arcs)
    }
}

/// Whether a MUST pair is one that the round has already, for a snapshot that isn't part of the request.
fn is_fulfilled_elsewhere(ground: &Ground<'_>, pair: Pair) -> bool {
    match pair.target {
        Target::Snapshot(id) => ground.standing(pair.reviewer, id) == Some(Standing::Live),
        Target::Author(_) => false,
    }
}
