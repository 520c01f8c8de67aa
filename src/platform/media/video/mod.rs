//! Video, and sound in the containers of video.

pub mod iso;
pub mod matroska;
mod poster;
