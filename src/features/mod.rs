//! What Sojourn can do, one folder a feature, in order: a feature uses only what an earlier one's `mod.rs` re-exports.

pub mod account;
pub mod audit;
pub mod contribution;
pub mod forum;
pub mod grant;
pub mod journal;
pub mod live;
pub mod media;
pub mod notice;
pub mod organisation;
pub mod presence;
pub mod privacy;
pub mod report;
pub mod review;
pub mod space;
