//! Reports: what members find wrong with contributions.
//!
//! A report is about one **version** of a contribution, the one that the reporter saw; each member reports a version once. One of
//! staff takes the contribution out of sight at once, one of something unsafe or private too, others when two members agree.
//! Who decides, and who sees what, is for the policy to say: nobody about their own work, and the reporter stays unknown to all
//! but staff. What reports have hidden by themselves comes back when the last of them is dismissed.

pub mod graphql;
mod job;
mod service;
mod store;

pub use self::{
    job::tell_delayed,
    service::{Verdict, create, forget, report_review, settle, subject, waits_about_review, words},
    store::About,
};
