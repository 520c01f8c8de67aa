//! What flow costs.

use std::ops::{Add, AddAssign, Neg, Sub};

/// What a unit of flow costs on an arc: the parts of the objective, compared from first to last. Sums don't mix them as weights in one
/// number could, and an ordered group is all that the method needs. Each part of an arc is below 2^34 in size and a path has fewer arcs
/// than the network nodes, so that an `i64` holds the sum for five hundred million nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) struct Cost {
    pub missing: i64,
    pub load: i64,
    pub repeated: i64,
    pub mix: i64,
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            missing: self.missing + other.missing,
            load: self.load + other.load,
            repeated: self.repeated + other.repeated,
            mix: self.mix + other.mix,
        }
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Neg for Cost {
    type Output = Self;

    fn neg(self) -> Self {
        Self {
            missing: -self.missing,
            load: -self.load,
            repeated: -self.repeated,
            mix: -self.mix,
        }
    }
}

impl Sub for Cost {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}
