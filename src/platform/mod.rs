//! Plumbing that knows no feature.

pub mod auth;
pub mod clock;
pub mod db;
pub mod error;
pub mod http;
pub mod id;
pub mod level;
pub mod live;
pub mod page;
pub mod stream;
pub mod telemetry;
pub mod text;
