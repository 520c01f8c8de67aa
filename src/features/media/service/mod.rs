//! Use cases of media.

pub(super) mod key;
mod process;
mod sweep;
mod upload;

use std::time::Duration;

pub(super) use self::upload::{Signed, Uploading};
pub use self::{
    process::{Processing, give_up, process},
    sweep::{purge, sweep},
    upload::{NewUpload, abort, arrived, complete, request, retry},
};

/// How long a URL is good from which somebody fetches a file.
pub(super) const VALID_FOR: Duration = Duration::from_secs(300);
