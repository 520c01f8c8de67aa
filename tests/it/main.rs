//! All tests, through the real router on fresh databases.
//!
//! One binary, one set-up at a time: `SOJOURN_TEST_SETUP=embedded` (the default: SQLite, in process) or `production`
//! (PostgreSQL and Redis, which `tests/run` starts).

mod front;
mod live_hub;
