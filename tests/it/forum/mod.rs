//! Threads, comments and their texts.

mod comments;
mod counters;
mod model;
mod reading;
mod texts;
mod threads;
