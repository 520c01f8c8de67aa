//! Minimum-cost flow with costs that compare part by part.
//!
//! Written here for want of a crate: `pathfinding` has assignment but no minimum-cost flow, `mcmf` is C++ with 32-bit costs, and
//! `rs-graph` is under the GPL.
//!
//! It is the primal-dual method: Dijkstra over reduced costs finds how far the sink is, then all paths of that cost are filled at once
//! with Dinic's algorithm. It is quick where many paths cost the same, which here they do: reviewers differ by little in load.

mod cost;
#[cfg(test)]
mod tests;

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
};

pub(super) use cost::Cost;

/// A node, as its place.
pub(super) type Node = usize;

/// An arc, as its place.
pub(super) type Arc = usize;

struct Residual {
    to: Node,
    capacity: u32,
    cost: Cost,
}

/// A network, and the flow in it. An arc and its way back are neighbours: `arc ^ 1` is the other.
#[derive(Default)]
pub(super) struct Network {
    arcs: Vec<Residual>,
    leaving: Vec<Vec<Arc>>,
}

impl Network {
    pub(super) fn add_node(&mut self) -> Node {
        self.leaving.push(Vec::new());
        self.leaving.len() - 1
    }

    /// An arc between nodes of this network. Its cost must not be negative: that is what Dijkstra begins with.
    pub(super) fn add_arc(&mut self, from: Node, to: Node, capacity: u32, cost: Cost) -> Arc {
        debug_assert!(cost >= Cost::default(), "{cost:?} is negative");
        let arc = self.arcs.len();
        self.arcs.push(Residual { to, capacity, cost });
        self.arcs.push(Residual {
            to: from,
            capacity: 0,
            cost: -cost,
        });
        self.leaving[from].push(arc);
        self.leaving[to].push(arc + 1);
        arc
    }

    /// Whether anything flows through an arc.
    pub(super) fn is_used(&self, arc: Arc) -> bool {
        self.arcs[arc ^ 1].capacity > 0
    }

    /// Sends as much as there is room for, at the least cost. Where several flows cost the least, the order in which nodes and arcs were
    /// added decides.
    pub(super) fn fill(&mut self, source: Node, sink: Node) {
        let mut potentials = vec![Cost::default(); self.leaving.len()];
        while self.raise(source, sink, &mut potentials) {
            while let Some(levels) = self.levels(source, sink, &potentials) {
                self.push(source, sink, &potentials, &levels);
            }
        }
    }

    /// What an arc costs more than the potentials of its ends explain; never negative where there is room.
    fn reduced(&self, from: Node, arc: Arc, potentials: &[Cost]) -> Cost {
        let Residual { to, cost, .. } = self.arcs[arc];
        cost + potentials[from] - potentials[to]
    }

    /// Adds to the potentials how far nodes are from the source, so that the cheapest paths to the sink cost nothing more. Nodes beyond
    /// the sink count as far as it, which keeps reduced costs from being negative and saves looking at them. False if the sink can't be
    /// reached.
    fn raise(&self, source: Node, sink: Node, potentials: &mut [Cost]) -> bool {
        let mut distances = vec![None; potentials.len()];
        let mut settled = vec![false; potentials.len()];
        let mut heap = BinaryHeap::from([Reverse((Cost::default(), source))]);
        distances[source] = Some(Cost::default());
        while let Some(Reverse((distance, node))) = heap.pop() {
            if node == sink {
                for (place, potential) in potentials.iter_mut().enumerate() {
                    *potential += distances[place].filter(|_| settled[place]).unwrap_or(distance);
                }
                return true;
            }
            if settled[node] {
                continue;
            }
            settled[node] = true;
            for &arc in &self.leaving[node] {
                let Residual { to, capacity, .. } = self.arcs[arc];
                if capacity == 0 || settled[to] {
                    continue;
                }
                let through = distance + self.reduced(node, arc, potentials);
                if distances[to].is_none_or(|known| through < known) {
                    distances[to] = Some(through);
                    heap.push(Reverse((through, to)));
                }
            }
        }
        false
    }

    /// Whether there is room on an arc that costs nothing more.
    fn is_open(&self, from: Node, arc: Arc, potentials: &[Cost]) -> bool {
        self.arcs[arc].capacity > 0 && self.reduced(from, arc, potentials) == Cost::default()
    }

    /// How many open arcs away each node is from the source; none if the sink isn't reached.
    fn levels(&self, source: Node, sink: Node, potentials: &[Cost]) -> Option<Vec<usize>> {
        let mut levels = vec![usize::MAX; potentials.len()];
        let mut queue = VecDeque::from([source]);
        levels[source] = 0;
        while let Some(node) = queue.pop_front() {
            for &arc in &self.leaving[node] {
                let to = self.arcs[arc].to;
                if levels[to] == usize::MAX && self.is_open(node, arc, potentials) {
                    levels[to] = levels[node] + 1;
                    queue.push_back(to);
                }
            }
        }
        (levels[sink] != usize::MAX).then_some(levels)
    }

    /// Fills open arcs that go up by one level until no path is left. Not recursive: paths may be as long as the network is large.
    fn push(&mut self, source: Node, sink: Node, potentials: &[Cost], levels: &[usize]) {
        let mut next = vec![0; potentials.len()];
        let mut path = Vec::<Arc>::new();
        let mut node = source;
        loop {
            if node == sink {
                let room = path
                    .iter()
                    .map(|&arc| self.arcs[arc].capacity)
                    .min()
                    .unwrap_or_default();
                for arc in path.drain(..) {
                    self.arcs[arc].capacity -= room;
                    self.arcs[arc ^ 1].capacity += room;
                }
                node = source;
            } else if let Some(&arc) = self.leaving[node].get(next[node]) {
                let to = self.arcs[arc].to;
                if levels[to] == levels[node] + 1 && self.is_open(node, arc, potentials) {
                    path.push(arc);
                    node = to;
                } else {
                    next[node] += 1;
                }
            } else if let Some(arc) = path.pop() {
                node = self.arcs[arc ^ 1].to;
                next[node] += 1;
            } else {
                return;
            }
        }
    }
}
