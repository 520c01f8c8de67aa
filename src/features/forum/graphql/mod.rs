//! Threads in the API.

mod mutation;
mod read;
mod subscription;
mod thread;

pub use self::{
    mutation::ForumMutation,
    read::ReadMutation,
    subscription::{SubscriptionMutation, ThreadSubscription},
    thread::{Thread, ThreadKind, ThreadLinks, ThreadViewerCan, threads},
};
