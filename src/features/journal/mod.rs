//! The journal: what mobile pupils write each week of their stay.
//!
//! An entry is a contribution of its own kind with a week, a mood that only its author and staff see, and the competences and
//! outcomes that it gives evidence of. Only mobile pupils write entries, and a new one is a draft unless it says otherwise.

pub mod graphql;
