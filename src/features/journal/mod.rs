//! The journal: what mobile pupils write each week of their stay.
//!
//! An entry is a contribution of its own kind with a week, a mood that only its author and staff see, and the competences and
//! outcomes that it gives evidence of. Only mobile pupils write entries, and a new one is a draft unless it says otherwise.
//!
//! A **prompt** is a question for the entries of one week and language of a phase, set by staff. Its wordings are numbered and kept
//! for good, so that an answer stays tied to what was asked.

pub mod graphql;
mod rules;
mod service;
mod store;

pub use self::{
    rules::{NewPrompt, PromptSetKind, Wording},
    service::{Prompts, prompts_update},
};
