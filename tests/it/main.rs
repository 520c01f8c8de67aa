//! All integration tests, in one binary.

mod live_hub;
