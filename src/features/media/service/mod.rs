//! Use cases of media.

pub(super) mod key;
mod process;
mod sweep;
mod upload;

use std::time::Duration;

pub(super) use self::upload::{Signed, Uploading};
pub use self::{
    process::{Processing, give_up, process},
    sweep::{delete, erase, sweep},
    upload::{NewUpload, abort, arrived, complete, deliver, request, retry, undo},
};

/// The kind of job that makes a safe version of a file.
pub(super) const PROCESS: &str = "media.process";
/// The kind of job that deletes a file.
pub(super) const DELETE: &str = "media.delete";

/// How long a URL is good from which somebody fetches a file.
pub(super) const VALID_FOR: Duration = Duration::from_secs(300);
