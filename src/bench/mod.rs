//! Measures a running server from outside, as its clients meet it: over HTTP and WebSocket, knowing neither its code nor its
//! database.
//!
//! `sojourn bench live` in a few words: the run makes spaces and members of its own (`stage`), subscribes to the spaces over
//! sockets (`subscriber`, `socket`), writes comments into them (`publisher`), and asks for pages all the while (`probe`). Every
//! comment says which writer wrote it and as which (`judge`), so that each subscriber knows exactly what it has missed, heard
//! twice or heard in the wrong order. `live` is the course of a run; `report` what comes out of it.
//!
//! `sojourn bench allocation` and `sojourn bench documents` are apart: they measure rules, and need no server.

mod account;
mod allocation;
mod api;
mod documents;
mod judge;
mod live;
mod options;
mod probe;
mod process;
mod publisher;
mod report;
mod socket;
mod stage;
mod subscriber;
mod tally;

pub use self::{
    allocation::{Allocation, allocation},
    documents::{Documents, documents},
    live::live,
    options::Live,
    report::Report,
};
