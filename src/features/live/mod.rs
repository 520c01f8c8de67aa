//! The live side of a space: its events as one subscriber gets them.
//!
//! Events carry ids; objects are loaded as the viewer is now, by the same statements as lists and `node`, so that a stream never
//! shows what a query would not. Where nothing of an object remains for a viewer who may have seen it, they are told that it is
//! gone. It changes nothing and has no tables: all of it is made of what other features show.

pub mod graphql;
