//! Presence: who is in a space right now, in which thread, and whether they write.
//!
//! A member **is present** while one of their *devices* (sessions) holds a lease, which it renews. It is kept in memory or in Redis and
//! nowhere else: there is no row, no event, no record and no line of the log that says who was there. What is **shown** of a member is
//! what the device does that did something new last, and writing goes before reading. Outside the *hours* that a space sets, pupils
//! are **off**: nobody sees them, and they see nobody.
//!
//! Invariants: only members see who is present, and only who is a member now; that somebody is in a thread, or writes there, is shown
//! to those alone who see the thread; what a subscriber was told of is taken back when it is over, however quiet the clients are.

pub mod graphql;
mod rules;
mod service;
mod store;

pub use self::rules::Doing;
