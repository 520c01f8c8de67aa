//! Peer review: classmates who stayed give feedback that changes something.
//!
//! In a **round**, each **snapshot** (a version of somebody's work that stays as it is) gets reviews of some members. Who reviews what
//! is decided by the rules of the allocation: fair, explained, and the same for the same seed.

mod rules;

pub use self::rules::allocation;
