//! Peer review: classmates who stayed give feedback that changes something.
//!
//! In a **round**, each **snapshot** (a version of somebody's work that stays as it is) gets reviews of some members. What they are asked is
//! a list of **criteria**. Who reviews what is decided by the rules of the allocation: fair, explained, and the same for the same seed.

pub mod graphql;
mod job;
mod rules;
mod service;
mod store;

pub use self::{
    job::CareForRound,
    rules::{allocation, answer::NewAnswer},
    service::{
        Asked, React, Round, asked, close, create_ready, decline, follow, follow_leaving, forget, hold, look_after,
        open, react, reflect, release, render_anew, save, submit,
    },
};
