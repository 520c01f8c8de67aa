//! The forum: threads that members open and comment on.
//!
//! A thread is a contribution of its own kind; pinned ones stand first, then those with the newest activity. A locked thread
//! takes no more comments.

pub mod graphql;
