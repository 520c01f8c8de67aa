//! Decisions about peer review, as pure functions on values.

pub mod allocation;
pub mod answer;
pub mod criteria;
pub mod deadline;
pub mod round;
pub mod template;

pub use self::{deadline::Deadlines, round::Settings};
