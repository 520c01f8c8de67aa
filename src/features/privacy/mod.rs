//! What the law gives to persons: that they are erased, and a copy of all that is kept about them.
//!
//! **Erasure** takes every text out that somebody wrote or that says who they are. What others need to make sense of their own
//! work stays as a placeholder with its id: the thread keeps its shape, the audit trail its records.
//!
//! Whoever may sign in as the person, and staff of the same organisation, may ask for either. A feature that keeps texts of
//! persons has a function that forgets them, which is called here.

pub mod graphql;
mod service;

pub use self::service::erase;
