//! What earlier releases have left is brought up to date, with all that is in it.

mod dumps;
mod schema;
