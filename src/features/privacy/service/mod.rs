//! Use cases of privacy.

mod erase;
mod export;

pub(super) use self::erase::complete;
pub use self::{
    erase::erase,
    export::{Bundle, Gap, export},
};
