//! The flow on its own.

use proptest::{collection::vec, prelude::*};

use super::*;

impl Network {
    /// Whether some way round the network would cost less than nothing (Bellman and Ford): then the flow could be cheaper.
    fn could_be_cheaper(&self) -> bool {
        let mut distances = vec![Cost::default(); self.leaving.len()];
        for _ in 0..=self.leaving.len() {
            let mut is_better = false;
            for (place, arc) in self.arcs.iter().enumerate().filter(|(_, arc)| arc.capacity > 0) {
                let through = distances[self.arcs[place ^ 1].to] + arc.cost;
                if through < distances[arc.to] {
                    distances[arc.to] = through;
                    is_better = true;
                }
            }
            if !is_better {
                return false;
            }
        }
        true
    }

    /// Whether more could flow.
    fn could_be_fuller(&self, source: Node, sink: Node) -> bool {
        let mut reached = vec![false; self.leaving.len()];
        let mut stack = vec![source];
        while let Some(node) = stack.pop() {
            if !std::mem::replace(&mut reached[node], true) {
                let open = self.leaving[node]
                    .iter()
                    .map(|&arc| &self.arcs[arc])
                    .filter(|arc| arc.capacity > 0);
                stack.extend(open.map(|arc| arc.to));
            }
        }
        reached[sink]
    }
}

fn cost() -> impl Strategy<Value = Cost> {
    [0..3_i64, 0..6_i64, 0..2_i64, 0..2_i64].prop_map(|[missing, load, repeated, mix]| Cost {
        missing,
        load,
        repeated,
        mix,
    })
}

proptest! {
    /// Of any network, also of those that no round draws.
    #[test]
    fn no_flow_is_fuller_and_none_as_full_is_cheaper(
        arcs in vec((0..14_usize, 0..14_usize, 0..4_u32, cost()), 0..80)
    ) {
        let mut network = Network::default();
        let nodes = [(); 14].map(|()| network.add_node());
        for (from, to, capacity, cost) in arcs.into_iter().filter(|(from, to, ..)| from != to) {
            network.add_arc(nodes[from], nodes[to], capacity, cost);
        }
        network.fill(nodes[0], nodes[13]);
        prop_assert!(!network.could_be_fuller(nodes[0], nodes[13]));
        prop_assert!(!network.could_be_cheaper());
        for &node in &nodes[1..13] {
            let balance = network.leaving[node].iter().map(|&arc| match arc & 1 {
                0 => i64::from(network.arcs[arc ^ 1].capacity),
                _ => -i64::from(network.arcs[arc].capacity),
            });
            prop_assert_eq!(balance.sum::<i64>(), 0, "what comes in goes out");
        }
    }
}

fn load(load: i64) -> Cost {
    Cost {
        load,
        ..Cost::default()
    }
}

#[test]
fn flow_goes_back_for_a_cheaper_whole() {
    let mut network = Network::default();
    let [source, a, b, x, y, sink] = std::array::from_fn(|_| network.add_node());
    network.add_arc(source, a, 1, load(0));
    network.add_arc(source, b, 1, load(0));
    let [ax, ay] = [(x, 1), (y, 2)].map(|(to, cost)| network.add_arc(a, to, 1, load(cost)));
    let [bx, by] = [(x, 3), (y, 9)].map(|(to, cost)| network.add_arc(b, to, 1, load(cost)));
    network.add_arc(x, sink, 1, load(0));
    network.add_arc(y, sink, 1, load(0));
    network.fill(source, sink);
    assert_eq!(
        [ax, ay, bx, by].map(|arc| network.is_used(arc)),
        [false, true, true, false]
    );
}

#[test]
fn an_earlier_part_outweighs_any_later_one() {
    let mut network = Network::default();
    let [source, sink] = std::array::from_fn(|_| network.add_node());
    let dear = network.add_arc(
        source,
        sink,
        1,
        Cost {
            repeated: 1,
            ..Cost::default()
        },
    );
    network.fill(source, sink);
    assert!(network.is_used(dear));
    assert!(
        Cost {
            repeated: 1,
            ..Cost::default()
        } > Cost {
            mix: 1 << 40,
            ..Cost::default()
        }
    );
}

#[test]
fn a_sink_out_of_reach_gets_nothing() {
    let mut network = Network::default();
    let [source, node, sink] = std::array::from_fn(|_| network.add_node());
    let arc = network.add_arc(source, node, 1, load(1));
    network.fill(source, sink);
    assert!(!network.is_used(arc));
}
