//! What the seed decides. Written out here, since results must stay the same on every platform and with every version of a crate.

use uuid::Uuid;

/// The rank of a reviewer for a snapshot. It depends on nothing else, so that a late snapshot doesn't change the ranks of others, and
/// differs from snapshot to snapshot, so that reviewers don't go in the same groups.
pub(super) fn rank(seed: u64, snapshot: Uuid, reviewer: Uuid) -> u64 {
    [snapshot, reviewer].into_iter().fold(mix(seed), |state, id| {
        let (high, low) = id.as_u64_pair();
        mix(mix(state ^ high) ^ low)
    })
}

/// One step of splitmix64 (Steele, Lea and Flood 2014).
fn mix(state: u64) -> u64 {
    let z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mix_is_the_published_one() {
        assert_eq!(mix(1_234_567), 6_457_827_717_110_365_317);
        assert_eq!(
            mix(1_234_567_u64.wrapping_add(0x9e37_79b9_7f4a_7c15)),
            3_203_168_211_198_807_973
        );
    }

    #[test]
    fn ranks_differ_by_seed_snapshot_and_reviewer() {
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_ne!(rank(0, one, two), rank(1, one, two));
        assert_ne!(rank(0, one, two), rank(0, two, one));
        assert_ne!(rank(0, one, one), rank(0, one, two));
    }
}
