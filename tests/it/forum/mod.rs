//! Threads, comments and their texts.

mod comments;
mod counters;
mod texts;
mod threads;
