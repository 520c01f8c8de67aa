//! What becomes of an uploaded file: it is looked at, refused or quarantined, or turned into files that are safe to show.
//!
//! Pure and synchronous: a file on the local disk goes in, files in a folder of the caller's come out. What a client declared is a guess:
//! what a file is, its content says, read to the end by the one parser that knows it. Two things at once are refused.
//!
//! * An *image* is decoded and encoded anew, so that nothing of the upload survives but its pixels.
//! * *Video and audio* are not decoded. Their container is copied by a list of what may stay; all else is overwritten by
//!   zeros or left out, so that offsets hold and a file of any length needs little memory.
//! * *Documents* are checked and stay as they are.
//!
//! Memory stays below [`Limits::memory`], some buffers aside, whatever the content claims: sizes are read from headers
//! before anything is allocated by them.

mod audio;
pub mod clamd;
mod document;
mod image;
mod label;
mod sniff;
mod source;
mod video;

use std::{
    error::Error,
    fmt, io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    time::Duration,
};

pub use self::label::{Label, fitting};
use self::{
    sniff::Format,
    source::{Guard, Source},
};

/// What a file is, for those who look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A still picture. Of an animation, the first frame stays.
    Image,
    /// Moving pictures, with or without sound.
    Video,
    /// Sound alone.
    Audio,
    /// A text, table or presentation, to be saved rather than shown.
    Document,
}

/// How much is taken and spent.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Pixels of an image at most, by its header; of a JPEG, see `max_jpeg_pixels`.
    pub max_pixels: u64,
    /// Pixels of a JPEG at most, which is scaled down while it is decoded. Of a progressive one all coefficients, two bytes
    /// each, must fit `memory` too.
    pub max_jpeg_pixels: u64,
    /// Pixels of the safe version of an image at most; a larger one is scaled down by 2, 4 or 8.
    pub kept_pixels: u64,
    /// Bytes that the decoding of an image may hold.
    pub memory: u64,
    /// Bytes that a file may hold beside its content: metadata of an image, or what follows it.
    pub max_metadata: u64,
    /// Bytes of the index (`moov`, Cues …) of a video or sound file, which is held in memory.
    pub max_index: u64,
    /// How long a video or sound may be.
    pub max_duration: Duration,
    /// Entries of an archive at most, those of archives inside included.
    pub max_zip_entries: u64,
    /// Bytes of all entries of an archive, unpacked.
    pub max_zip_bytes: u64,
    /// How often larger than the archive all that it unpacks to may be, beyond the first megabyte.
    pub max_zip_ratio: u64,
    /// How long the processing may take.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_pixels: 50_000_000,
            max_jpeg_pixels: 110_000_000,
            kept_pixels: 12_600_000,
            memory: 80 << 20,
            max_metadata: 16 << 20,
            max_index: 24 << 20,
            max_duration: Duration::from_secs(24 * 60 * 60),
            max_zip_entries: 10_000,
            max_zip_bytes: 512 << 20,
            max_zip_ratio: 200,
            time: Duration::from_secs(300),
        }
    }
}

/// An uploaded file.
pub struct Input<'a> {
    /// Where it lies. It is only read.
    pub path: &'a Path,
    /// Bytes that it must have.
    pub size: u64,
    /// The media type that the uploader declared. It counts where the content leaves a choice.
    pub declared_type: &'a str,
    /// The name that the uploader gave; only its ending is looked at.
    pub file_name: &'a str,
    /// A folder, the caller's to make and to remove, for the files that come out. What a failed attempt left there may stay:
    /// it is overwritten.
    pub work_dir: &'a Path,
    /// How much is taken and spent.
    pub limits: &'a Limits,
    /// Whether to stop early, asked often.
    pub is_cancelled: &'a (dyn Fn() -> bool + Sync),
    /// Told the share that is done, 0 to 100, each time that it has grown.
    pub progress: &'a (dyn Fn(u8) + Sync),
    /// The program that makes posters of videos, if there is one.
    pub ffmpeg: Option<&'a Path>,
}

/// What came out.
#[derive(Debug)]
pub struct Processed {
    /// What the file is.
    pub kind: Kind,
    /// What the upload was, by its content. [`Derivative::media_type`] of the safe version may differ.
    pub media_type: &'static str,
    /// Pixels of the safe version, turned as it is shown; of a video, as far as its index says.
    pub width: Option<u32>,
    /// Pixels, as `width`.
    pub height: Option<u32>,
    /// How long a video or sound plays, if it says so.
    pub duration: Option<Duration>,
    /// A blurred miniature of an image or poster (BlurHash).
    pub blurhash: Option<String>,
    /// The files that are safe to show; [`Variant::Original`] comes first.
    pub files: Vec<Derivative>,
}

/// A file that is safe to show.
#[derive(Debug)]
pub struct Derivative {
    /// Which.
    pub variant: Variant,
    /// In the work folder. A document stays as it is: its path is that of the upload.
    pub path: PathBuf,
    /// What it is to be delivered as.
    pub media_type: &'static str,
    /// Pixels.
    pub width: Option<u32>,
    /// Pixels.
    pub height: Option<u32>,
    /// Bytes.
    pub size: u64,
}

/// Which of the files made of one upload. An image has each size as WebP and as JPEG; none is larger than the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Variant {
    /// The safe version, which replaces what was uploaded.
    Original,
    /// At most 320 pixels wide and high.
    Small,
    /// At most 960 pixels wide and high.
    Medium,
    /// At most 1920 pixels wide and high.
    Large,
    /// A frame of a video, at most 960 pixels wide and high, as WebP and as JPEG.
    Poster,
}

/// Why a file is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The content is something else than was declared, and not for sure something that is taken.
    TypeMismatch,
    /// Nothing that is taken.
    UnsupportedType,
    /// An image too large to be decoded.
    TooManyPixels,
    /// Some part of it, its metadata or its duration, is larger than is taken.
    TooLarge,
    /// Cut short, or broken.
    Corrupt,
    /// Made to harm: active content, a second format inside, an archive that explodes.
    Unsafe,
    /// A virus was found. Said by whoever asks [`clamd`].
    Infected,
    /// It took too long.
    TimedOut,
}

impl Reason {
    /// Whether the file is kept for staff to look at; others just failed.
    #[must_use]
    pub const fn is_quarantined(self) -> bool {
        matches!(self, Self::TypeMismatch | Self::Unsafe | Self::Infected)
    }
}

/// Nothing came out.
#[derive(Debug)]
pub enum Refusal {
    /// The file is not taken; trying again would end alike. The text is for logs and staff.
    Refused(Reason, &'static str),
    /// Stopped by [`Input::is_cancelled`]; to be tried again.
    Cancelled,
    /// Our own disk or ffmpeg failed; to be tried again.
    Io(io::Error),
}

impl Refusal {
    const fn corrupt(detail: &'static str) -> Self {
        Self::Refused(Reason::Corrupt, detail)
    }

    const fn unsafe_(detail: &'static str) -> Self {
        Self::Refused(Reason::Unsafe, detail)
    }

    const fn mismatch(detail: &'static str) -> Self {
        Self::Refused(Reason::TypeMismatch, detail)
    }

    const fn unsupported(detail: &'static str) -> Self {
        Self::Refused(Reason::UnsupportedType, detail)
    }

    const fn too_large(detail: &'static str) -> Self {
        Self::Refused(Reason::TooLarge, detail)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(reason, detail) => write!(f, "{reason:?}: {detail}"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl Error for Refusal {}

impl From<io::Error> for Refusal {
    /// A file that ends too early is broken; and what a reader of ours refused comes back out of the decoders.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::corrupt("ends too early"),
            _ => error.downcast().unwrap_or_else(Self::Io),
        }
    }
}

type Result<T, E = Refusal> = std::result::Result<T, E>;

/// Makes the safe files of an upload. Blocks for as long as [`Limits::time`].
///
/// # Errors
/// The file is not taken, or not now.
pub fn process(input: &Input<'_>) -> Result<Processed> {
    // A decoder that panics has met content that it can't read. Nothing of what it held is looked at afterwards.
    catch_unwind(AssertUnwindSafe(|| run(input))).unwrap_or(Err(Refusal::corrupt("no decoder reads it")))
}

fn run(input: &Input<'_>) -> Result<Processed> {
    let guard = Guard::new(input);
    let source = Source::open(input.path, &guard)?;
    if source.size() != input.size {
        return Err(Refusal::corrupt("another size than was declared"));
    }
    let format = sniff::identify(&source)?;
    let label = Label::of(input.declared_type);
    let may_be_text = label.as_ref().is_some_and(|label| label.allows_text(input.file_name));
    let is_text = may_be_text && matches!(format, Format::Text | Format::Svg | Format::Html);
    if !is_text {
        sniff::refuse_active(&source, format)?;
    }
    let label = label.ok_or(Refusal::unsupported("of a type that is not taken"))?;
    // A text is given out as one, under a name that ends like one.
    if !is_text && label::is_active(input.file_name) {
        return Err(Refusal::mismatch("the name of something that is run"));
    }
    sniff::refuse_second_format(&source, format)?;
    let made = match format {
        Format::Jpeg | Format::Png | Format::Gif | Format::Webp => image::process(input, &source, format),
        Format::IsoMedia => video::iso::process(input, &source),
        Format::Matroska => video::matroska::process(input, &source),
        Format::Mp3 => audio::mp3::process(input, &source),
        Format::Ogg => audio::ogg::process(input, &source),
        Format::Wav => audio::wav::process(input, &source),
        Format::Flac => audio::flac::process(input, &source),
        Format::Pdf | Format::Zip => document::process(input, &source, format),
        _ if is_text => document::text(input, &source, &label, format),
        Format::Other => Err(Refusal::unsupported("a format that is not taken")),
        _ => Err(Refusal::mismatch("something else than was declared")),
    };
    let processed = match made {
        // A text may begin with the word by which some other format is known, and be nothing of it.
        Err(Refusal::Refused(reason, why)) if may_be_text && reason != Reason::Unsafe => {
            document::text(input, &source, &label, Format::Text).map_err(|_| Refusal::Refused(reason, why))?
        }
        made => made?,
    };
    guard.finish()?;
    Ok(processed)
}
