//! Media: photos, videos and files, safe for minors.
//!
//! A **media item** is a contribution with a caption and a description for those who can't see it; its **file** is what is stored.
//! Bytes never pass through the API: a client announces a file, uploads it to where the answer says, and completes it. What has
//! arrived is copied to a place that no client writes to, checked, sniffed and made anew without what a camera adds, such as the
//! position; nothing is given out before that, and nothing of the original afterwards. Items are **attached** to threads, comments
//! and journal entries, and are then seen by whoever sees those. An **album** is a
//! contribution too: a selection of items in an order, which shows nothing that isn't seen anyway.
//!
//! Invariants: a file is readable only when it is READY; the item can't be published before; what was uploaded is gone once a safe
//! version exists; all bytes are accounted to the space and to who uploaded them.

pub mod graphql;
mod job;
mod rules;
mod service;
mod store;

pub use self::{
    job::{DeleteMedia, ProcessMedia, sweep},
    rules::{Announced, Quotas},
    service::{NewUpload, Processing, complete, deliver, erase, request},
};
