//! Sojourn: a GraphQL backend for blended-mobility collaboration spaces.
//!
//! # A map
//!
//! | where | what |
//! | --- | --- |
//! | [`cli`], [`config`], [`app`] | the command line, what can be set, what a process holds |
//! | [`schema`] | the one list of features: the roots of the API |
//! | [`policy`] | who may do what and who sees what: the whole table |
//! | [`event`] | every fact that leaves a feature |
//! | [`features`] | one folder a feature: `rules`, `store`, `service`, `graphql` |
//! | [`platform`] | plumbing that knows no feature: database, streams, live hub, HTTP, ids, pages |
//! | [`demo`] | a project to look at |
//! | [`bench`] | measurements of a running server, over the network |
//!
//! # How a request is served
//!
//! *Read*: `platform::http` finds out who asks; resolvers in `features/*/graphql` ask *levels* (`platform::level`), which run
//! one statement for all objects of a list; statements in `features/*/store` begin with the viewer's membership.
//!
//! *Write*: a resolver calls one use case in `features/*/service`, which runs a unit of work (`platform::db::Db::write`): claim
//! the idempotency key, pass the space's gate, read the facts, ask the policy, lock and write, note events and audit records. The unit
//! appends the records to their chains and the events to the space's stream, commits, and wakes the listeners.
//!
//! *Live*: `platform::live` tells subscribers that a stream has grown; they pull what they have not seen. A subscription is a
//! `platform::feed`: for each event its operation runs once for all who see the same, and for those alone whom the event concerns.
//! What is never stored, who is present, is in `platform::lease`.

// Objects of the API refer to each other in circles; the compiler walks them to see that they may be sent between threads.
#![recursion_limit = "512"]

pub mod app;
pub mod bench;
pub mod cli;
pub mod config;
pub mod demo;
pub mod event;
pub mod features;
pub mod platform;
pub mod policy;
pub mod schema;
