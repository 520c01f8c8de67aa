//! The audit trail, as coordinators read it and operators verify it.
//!
//! A **record** says who did what to whom and when, in ids and enum values; features write it in the unit of work of the act
//! itself (`platform::audit`). A **chain** holds the records of a space, an organisation or the installation, each with the hash of
//! the one before. What is done to an account stands on the chain of its organisation and of each space in which it is a member.
//!
//! Invariants: a call that changes nothing leaves no record; a record is never changed or removed, also when the person that it is
//! about is erased; the head of a chain names its last record, so that a cut end is missed.

pub mod graphql;
mod service;
mod store;

pub use self::service::{Chain, Verified, verify};
