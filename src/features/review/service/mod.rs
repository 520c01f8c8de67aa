//! Use cases of peer review.

mod allocate;
mod care;
mod course;
mod ready;
mod release;
mod render;
mod round;
mod write;

pub use self::{
    allocate::kept,
    care::{ROUND, follow, follow_leaving, forget, look_after},
    course::{cancel, close, open, reflect},
    ready::{Asked, Round, asked, create_ready, save, submit},
    release::{React, hold, judge, react, release, void},
    render::render_anew,
    round::{create, preview, update},
    write::{Handing, decline, write},
};
