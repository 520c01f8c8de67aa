//! Threads in the API.

mod mutation;
mod read;
mod thread;

pub use self::{
    mutation::ForumMutation,
    read::ReadMutation,
    thread::{Thread, ThreadLinks, ThreadViewerCan, threads},
};
