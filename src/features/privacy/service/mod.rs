//! Use cases of privacy.

mod erase;
mod export;

pub use self::{
    erase::erase,
    export::{Bundle, Gap, export},
};
