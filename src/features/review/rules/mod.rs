//! Decisions about peer review, as pure functions on values.

pub mod allocation;
