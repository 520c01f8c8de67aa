//! Media in the API.

mod album;
mod file;
mod item;
mod mutation;
mod usage;

pub use self::{
    album::{Album, AlbumFilterInput, AlbumMutation, AlbumViewerCan, albums},
    file::MediaFile,
    item::{MediaFilterInput, MediaItem, MediaItemViewerCan, MediaLinks, media},
    mutation::MediaMutation,
    usage::{MediaUsage, usages},
};
