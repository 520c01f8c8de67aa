//! Grants: what coordinators let pupils do beyond their role, in the whole space, in one phase or in one thread.
//!
//! A grant is **in force** until its time is up, it is revoked, its phase or space is closed, or its owner leaves; one that has
//! ended stays as a record. What it gives is for the policy to say: whatever it is, a pupil never touches what staff wrote.

pub mod graphql;
mod service;

pub use self::service::create;
