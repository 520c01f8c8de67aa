//! The table of permissions as a whole: written down, and held to what it promises.

mod cover;
mod properties;
mod sight;
mod table;
