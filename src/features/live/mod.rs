//! The live side of a space: its events as one subscriber gets them.
//!
//! Events carry ids. What they are about is read once for all who listen on a node, and what each of them sees of it is decided by the
//! policy in memory, when an event's turn comes; a property test holds that to the statements of lists and `node`, so that a stream
//! never shows what a query would not. What few select is read for each alone. Where nothing of an object remains for a viewer who may
//! have seen it, they are told that it is gone. It changes nothing and has no tables: all of it is made of what other features show.

pub mod graphql;
