//! Pure decisions about files.

use entity::enums::{MediaFailure, MediaKind};
use sha2::{Digest, Sha256};

use crate::platform::{
    error::{Checks, Error, Reason, Result},
    media::{self, Label},
    text,
};

/// Bytes of a part of an upload; what is not larger comes in one.
pub(super) const PART: i64 = 16 << 20;
/// Characters of a file name at most.
const LONGEST_NAME: usize = 200;

/// What an operator allows, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// An image at most.
    pub image: i64,
    /// A sound or document at most.
    pub file: i64,
    /// A video at most.
    pub video: i64,
    /// All media of a space.
    pub space: i64,
    /// All media that one member uploads to a space.
    pub member: i64,
}

impl Default for Quotas {
    /// The figures of the domain: 25 MB, 100 MB, 2 GB, 50 GB; 5 GB for a member.
    fn default() -> Self {
        Self {
            image: 25_000_000,
            file: 100_000_000,
            video: 2_000_000_000,
            space: 50_000_000_000,
            member: 5_000_000_000,
        }
    }
}

impl Quotas {
    /// The largest file of a kind.
    #[must_use]
    pub fn largest(&self, kind: MediaKind) -> i64 {
        match kind {
            MediaKind::Image => self.image,
            MediaKind::Video => self.video,
            MediaKind::Audio | MediaKind::Document => self.file,
        }
    }

    /// The largest file of any kind.
    fn any(&self) -> i64 {
        self.image.max(self.file).max(self.video)
    }
}

/// What a client says of a file that it wants to upload.
#[derive(Clone, Debug)]
pub struct Announced {
    /// What its uploader calls it.
    pub file_name: String,
    /// Media type.
    pub media_type: String,
    /// Bytes.
    pub size: i64,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
}

impl Announced {
    /// What a client would say of these bytes.
    #[must_use]
    pub fn of(file_name: &str, media_type: &str, content: &[u8]) -> Self {
        Self {
            file_name: file_name.to_owned(),
            media_type: media_type.to_owned(),
            size: i64::try_from(content.len()).unwrap_or(i64::MAX),
            sha256: Sha256::digest(content)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        }
    }
}

/// Checks what a client says of a file, and finds its kind.
pub(super) fn checked(announced: Announced, quotas: &Quotas) -> Result<(Announced, MediaKind)> {
    let mut checks = Checks::default();
    let file_name = checks.field(
        "fileName",
        text::line(&announced.file_name, LONGEST_NAME).and_then(named),
    )?;
    let label = checks.field("mediaType", labelled(&announced.media_type))?;
    let sha256 = checks.field("sha256", hexadecimal(&announced.sha256))?;
    // Where that may be another than it says, the content decides.
    let name = file_name.as_deref().unwrap_or_default();
    let largest = |label: &Label| {
        label
            .sure(name)
            .map_or(quotas.any(), |kind| quotas.largest(kind_of(kind)))
    };
    let size = label.as_ref().map(|label| sized(announced.size, largest(label)));
    let size = checks.field("size", size.transpose())?.flatten();
    checks.done()?;
    let (Some(file_name), Some(label), Some(sha256), Some(size)) = (file_name, label, sha256, size) else {
        return Err(Error::internal("a check that neither passed nor failed"));
    };
    let kind = kind_of(label.guess(&file_name));
    let announced = Announced {
        file_name,
        media_type: label.media_type,
        size,
        sha256,
    };
    Ok((announced, kind))
}

/// A name, not a path.
fn named(name: String) -> Result<String> {
    if name.contains(['/', '\\']) || matches!(name.as_str(), "." | "..") {
        return Err(Error::invalid(
            Reason::Malformed,
            "Give the name of the file without folders.",
        ));
    }
    Ok(name)
}

fn labelled(media_type: &str) -> Result<Label> {
    Label::of(media_type).ok_or_else(|| Error::invalid(Reason::UnsupportedType, "No file of this type is taken."))
}

/// What a file is, as it is stored.
pub(super) fn kind_of(kind: media::Kind) -> MediaKind {
    match kind {
        media::Kind::Image => MediaKind::Image,
        media::Kind::Video => MediaKind::Video,
        media::Kind::Audio => MediaKind::Audio,
        media::Kind::Document => MediaKind::Document,
    }
}

fn sized(size: i64, largest: i64) -> Result<i64> {
    match size {
        ..=0 => Err(Error::invalid(Reason::OutOfRange, "The file is empty.")),
        size if size > largest => {
            let message = format!("At most {largest} bytes.");
            Err(Error::invalid(Reason::TooLong, message))
        }
        size => Ok(size),
    }
}

fn hexadecimal(sha256: &str) -> Result<String> {
    let sha256 = sha256.trim().to_ascii_lowercase();
    if sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(sha256)
    } else {
        Err(Error::invalid(
            Reason::Malformed,
            "Give the SHA-256 as 64 hexadecimal digits.",
        ))
    }
}

/// The 32 bytes that a checked SHA-256 stands for.
pub(super) fn digest(sha256: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(sha256.as_bytes().chunks(2)) {
        let pair = std::str::from_utf8(pair).unwrap_or_default();
        *byte = u8::from_str_radix(pair, 16).unwrap_or_default();
    }
    bytes
}

/// Failures after which a file may be processed again: what arrived is kept.
pub(super) const RETRIED: [MediaFailure; 2] = [MediaFailure::Unavailable, MediaFailure::ChecksumMismatch];

/// Whether a file that failed so may be processed again.
pub(super) fn may_be_retried(failure: MediaFailure) -> bool {
    RETRIED.contains(&failure)
}

/// Whether a file of this size comes in parts.
pub(super) fn is_in_parts(size: i64) -> bool {
    size > PART
}

/// The parts of a file, numbered from 1, with where each begins and how long it is.
pub(super) fn parts(size: i64) -> impl Iterator<Item = (i32, i64, i64)> {
    let count = i32::try_from(size.unsigned_abs().div_ceil(PART.unsigned_abs())).unwrap_or(i32::MAX);
    (0..count).map(move |index| {
        let offset = i64::from(index) * PART;
        (index + 1, offset, PART.min(size - offset))
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics says where")]
mod tests {
    use super::*;

    fn announced() -> Announced {
        Announced {
            file_name: " beach.jpg ".to_owned(),
            media_type: " Image/JPEG ; charset=binary".to_owned(),
            size: 25_000_000,
            sha256: "AB".repeat(32),
        }
    }

    #[test]
    fn what_is_announced_is_tidied() {
        let (tidy, kind) = checked(announced(), &Quotas::default()).unwrap();
        assert_eq!(
            (tidy.file_name.as_str(), tidy.media_type.as_str()),
            ("beach.jpg", "image/jpeg")
        );
        assert_eq!((kind, digest(&tidy.sha256)), (MediaKind::Image, [0xab; 32]));
    }

    #[test]
    fn every_fault_is_told_with_its_field() {
        let faulty = Announced {
            file_name: "../beach.jpg".to_owned(),
            size: 25_000_001,
            sha256: "x".repeat(64),
            ..announced()
        };
        let refusals = checked(faulty, &Quotas::default())
            .unwrap_err()
            .into_refusals()
            .unwrap();
        let fields: Vec<_> = refusals
            .iter()
            .map(|refusal| refusal.field.clone().unwrap().join("."))
            .collect();
        assert_eq!(fields, ["fileName", "sha256", "size"]);
        let other = Announced {
            media_type: "text/html".to_owned(),
            ..announced()
        };
        assert!(checked(other, &Quotas::default()).is_err());
    }

    #[test]
    fn a_type_that_says_nothing_takes_the_largest_size() {
        let vague = |size| Announced {
            media_type: String::new(),
            size,
            ..announced()
        };
        let (tidy, kind) = checked(vague(2_000_000_000), &Quotas::default()).unwrap();
        assert_eq!(
            (&*tidy.media_type, kind),
            ("application/octet-stream", MediaKind::Image)
        );
        assert!(checked(vague(2_000_000_001), &Quotas::default()).is_err());
    }

    #[test]
    fn parts_cover_a_file() {
        assert!(!is_in_parts(PART) && is_in_parts(PART + 1));
        assert_eq!(parts(PART + 1).collect::<Vec<_>>(), [(1, 0, PART), (2, PART, 1)]);
        assert_eq!(
            parts(2_000_000_000).map(|(_, _, size)| size).sum::<i64>(),
            2_000_000_000
        );
        assert_eq!(parts(2_000_000_000).count(), 120);
    }
}
