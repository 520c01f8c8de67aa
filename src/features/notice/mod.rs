//! Inboxes: what an account is told of, wherever in its spaces it happens.
//!
//! A *notification* is a row of ids and enum values, made once for each account and cause by a `fanout` job, which the unit of work of
//! the event asks for. What it is about is loaded as the viewer is now, and null where they see nothing of it any more. The inbox of an
//! account is a stream of its own, with the id of the account: it tells live of what is new and of what was read.
//!
//! What goes out of somebody's sight is *gone*: it counts as unread no longer, until it comes back.
//!
//! Who mutes a thread, or a kind of notification, is told nothing of it from then on.

pub mod graphql;
mod job;
mod service;
mod store;

pub use self::{
    job::{FanOut, InboxChanged},
    service::erase,
};
