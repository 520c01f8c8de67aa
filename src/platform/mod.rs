//! Plumbing that knows no feature.

pub mod audit;
pub mod auth;
pub mod clock;
pub mod db;
pub mod error;
pub mod feed;
pub mod graphql;
pub mod http;
pub mod id;
pub mod idempotency;
pub mod job;
pub mod lease;
pub mod level;
pub mod live;
pub mod media;
pub mod page;
pub mod permission;
pub mod rate;
pub mod redis;
mod registry;
mod retry;
pub mod scalar;
pub mod storage;
pub mod stream;
pub mod telemetry;
pub mod text;
pub mod unicode;
