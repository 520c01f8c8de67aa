//! Other work for those whose own went out of sight.
//!
//! Every snapshot may have all its reviews by then, so what is made here comes beyond `k`: the pupils came to review, and are not to
//! stand there with nothing. It changes nothing of what is made before.

use super::{
    flow::{Cost, Network},
    ground::Ground,
    plan::Plan,
    tie,
};

impl Plan {
    /// Gives reviewers what they are still owed, as far as there is work that they may review: what has the fewest reviews first, then
    /// pairs that aren't repeated.
    pub(super) fn settle(&mut self, ground: &Ground<'_>) {
        self.loads_filled.clone_from(&self.loads);
        let request = ground.request;
        let mut network = Network::default();
        let (source, sink) = (network.add_node(), network.add_node());
        let works: Vec<_> = ground.snapshots.iter().map(|_| network.add_node()).collect();
        let mut could_get = vec![0_u32; works.len()];
        let mut arcs = Vec::new();
        for ((one, reviewer), before) in ground.reviewers.iter().enumerate().zip(ground.loads()) {
            let owed = request.owed.get(&reviewer.member).copied().unwrap_or_default();
            let owed = owed.saturating_sub(self.loads[one] - before);
            if owed == 0 {
                continue;
            }
            let node = network.add_node();
            network.add_arc(source, node, owed, Cost::default());
            let is_free = |&at: &usize| {
                let place = &self.places[at];
                place.eligible.binary_search(&one).is_ok() && place.given().all(|given| given != one)
            };
            let mut free: Vec<_> = (0..works.len()).filter(is_free).collect();
            free.sort_by_cached_key(|&at| (tie::rank(request.seed, ground.snapshots[at].id, reviewer.member), at));
            for at in free {
                let repeated = i64::from(ground.is_repeated(reviewer, ground.snapshots[at]));
                let cost = Cost {
                    repeated,
                    ..Cost::default()
                };
                arcs.push((at, one, network.add_arc(node, works[at], 1, cost)));
                could_get[at] += 1;
            }
        }
        for ((&node, place), most) in works.iter().zip(&self.places).zip(could_get) {
            for more in 0..most {
                // As for loads: the squares of how many reviews each has are as few as they can be.
                let squares = 2 * (i64::from(place.assigned) + i64::from(more)) + 1;
                let cost = Cost {
                    load: squares,
                    ..Cost::default()
                };
                network.add_arc(node, sink, 1, cost);
            }
        }
        network.fill(source, sink);
        for (at, one, arc) in arcs {
            if network.is_used(arc) {
                self.places[at].owed.insert(one);
                self.count(ground, at, one);
            }
        }
    }
}
