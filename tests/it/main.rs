//! All tests that go through a port of the server, in one program.
//!
//! One set-up at a time: `SOJOURN_TEST_SETUP=embedded` (the default: SQLite, in process, local folder) or `production`
//! (PostgreSQL, Redis, an S3-compatible store and clamd at `SOJOURN_TEST_DATABASE_URL`, `SOJOURN_TEST_REDIS_URL`,
//! `SOJOURN_TEST_S3_URL` and `SOJOURN_TEST_CLAMD_URL`, which `tests/run` starts). Every test has a database and a place for media of its own.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics says where")]
#![recursion_limit = "512"]

mod account;
mod architecture;
mod audit;
mod bench;
mod cost;
mod demo;
mod faults;
mod forum;
mod front;
mod grant;
mod idempotency;
mod job;
mod journal;
mod leak;
mod lifecycle;
mod live;
mod live_hub;
mod media;
mod member;
mod migrate;
mod notice;
mod organisation;
mod page;
mod policy;
mod presence;
mod privacy;
mod race;
mod rate;
mod report;
mod review;
mod schema;
mod sight;
mod smoke;
mod space;
mod storage;
mod support;
mod unit;
mod upgrade;
