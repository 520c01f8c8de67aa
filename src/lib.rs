//! Sojourn.
pub mod platform;
