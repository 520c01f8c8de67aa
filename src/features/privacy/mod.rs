//! What the law gives to persons: that they are erased, and a copy of all that is kept about them.
//!
//! **Erasure** takes every text out that somebody wrote or that says who they are. What others need to make sense of their own
//! work stays as a placeholder with its id: the thread keeps its shape, the audit trail its records.
//!
//! A **copy** holds what the person made and what is kept about them, in parts of a bounded size, and never what others wrote. Staff
//! get of it what they see anyway as staff of a space, so that a copy never widens anybody's sight.
//!
//! Whoever may sign in as the person, and staff of the same organisation, may ask for either. A feature that keeps texts of
//! persons has a function that forgets them, which is called here.

pub mod graphql;
mod job;
mod rules;
mod service;
mod store;

pub use self::{
    job::complete_erasures,
    service::{Bundle, Gap, erase, export},
};
