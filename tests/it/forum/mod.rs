//! Threads, comments and their texts.

mod comments;
mod counters;
mod mentions;
mod model;
mod moving;
mod reactions;
mod reading;
mod subscriptions;
mod texts;
mod threads;
