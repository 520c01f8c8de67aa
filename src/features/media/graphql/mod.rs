//! Media in the API.

mod file;
mod item;
mod mutation;
mod usage;

pub use self::{
    file::MediaFile,
    item::{MediaFilterInput, MediaItem, MediaItemViewerCan, MediaLinks, media},
    mutation::MediaMutation,
    usage::{MediaUsage, usages},
};
