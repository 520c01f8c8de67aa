//! The forum: threads that members open and comment on.
//!
//! A thread is a contribution of its own kind; pinned ones stand first, then those with the newest activity. A locked thread
//! takes no more comments.
//!
//! What a member has **read** of a thread is a place in its comments: all up to it is read, and it never goes back. Without one,
//! it is the moment when the member joined the space first. It is nobody else's business, so it makes no event.

pub mod graphql;
mod service;
mod store;

pub use self::service::mark_read;

pub use self::store::{forget_read, space_of_thread};
