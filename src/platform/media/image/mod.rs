//! Images: decoded in bounded memory, turned upright, and encoded anew.

mod colour;
mod gif;
mod jpeg;
mod picture;
mod png;
mod webp;

use std::{io::Write, ops::Range, path::Path};

use self::picture::Picture;
use super::{
    Derivative, Input, Kind, Processed, Reason, Refusal, Result, Variant,
    sniff::Format,
    source::{Guard, Sink, Source, array, be16, be32, le16, le32},
};

/// Quality of the safe version and of thumbnails.
const JPEG_QUALITY: (u8, u8) = (90, 80);
/// Quality of thumbnails.
const WEBP_QUALITY: f32 = 76.0;
/// Pixels that a side may have: what JPEG can hold.
const LONGEST_SIDE: u32 = 65_500;
/// The sizes, the largest first: each is made from the one before.
const SIZES: [(Variant, &str, u32); 3] = [
    (Variant::Large, "large", 1920),
    (Variant::Medium, "medium", 960),
    (Variant::Small, "small", 320),
];

/// Makes the safe version of an image, its thumbnails and its miniature.
pub fn process(input: &Input<'_>, source: &Source<'_>, format: Format) -> Result<Processed> {
    let guard = source.guard;
    guard.stage(0, 50);
    let (media_type, mut picture) = decode(source, format)?;
    let (width, height) = picture.size();
    guard.stage(50, 75);
    picture.drop_opaque_alpha();
    let mut files = Vec::new();
    if picture.has_alpha() {
        let mut sink = Sink::create(input, "original.png", guard)?;
        picture.write_png(&mut sink)?;
        files.push(derivative(Variant::Original, "image/png", &picture, sink)?);
    } else {
        let mut sink = Sink::create(input, "original.jpg", guard)?;
        // Photos come with their colours at half the resolution already; drawings would suffer.
        picture.write_jpeg(&mut sink, JPEG_QUALITY.0, format == Format::Jpeg)?;
        files.push(derivative(Variant::Original, "image/jpeg", &picture, sink)?);
    }
    guard.stage(75, 100);
    picture.premultiply();
    for (index, (variant, name, side)) in SIZES.into_iter().enumerate() {
        guard.check()?;
        picture = picture.shrunk(side)?;
        write_both(input, guard, &picture, variant, name, &mut files)?;
        guard.done(index as u64 + 1, SIZES.len() as u64);
    }
    Ok(Processed {
        kind: Kind::Image,
        media_type,
        width: Some(width),
        height: Some(height),
        duration: None,
        blurhash: Some(picture.blurhash()?),
        files,
    })
}

/// The poster of a video, from an image that ffmpeg made: as little believed as an upload. Returns its miniature.
pub fn poster(input: &Input<'_>, guard: &Guard<'_>, frame: &Path, files: &mut Vec<Derivative>) -> Result<String> {
    let source = Source::open(frame, guard)?;
    let (_, picture) = decode(&source, Format::Jpeg)?;
    let picture = picture.shrunk(960)?;
    write_both(input, guard, &picture, Variant::Poster, "poster", files)?;
    picture.blurhash()
}

fn decode(source: &Source<'_>, format: Format) -> Result<(&'static str, Picture)> {
    match format {
        Format::Jpeg => Ok(("image/jpeg", jpeg::decode(source)?)),
        Format::Png => Ok(("image/png", png::decode(source)?)),
        Format::Gif => Ok(("image/gif", gif::decode(source)?)),
        _ => Ok(("image/webp", webp::decode(source)?)),
    }
}

/// Writes a premultiplied picture as WebP and as JPEG.
fn write_both(
    input: &Input<'_>,
    guard: &Guard<'_>,
    picture: &Picture,
    variant: Variant,
    name: &str,
    files: &mut Vec<Derivative>,
) -> Result<()> {
    let upright = picture.upright();
    let mut sink = Sink::create(input, &format!("{name}.webp"), guard)?;
    sink.write_all(&upright.webp(WEBP_QUALITY)?)?;
    files.push(derivative(variant, "image/webp", &upright, sink)?);
    guard.check()?;
    let mut sink = Sink::create(input, &format!("{name}.jpg"), guard)?;
    upright.write_jpeg(&mut sink, JPEG_QUALITY.1, true)?;
    files.push(derivative(variant, "image/jpeg", &upright, sink)?);
    Ok(())
}

fn derivative(variant: Variant, media_type: &'static str, picture: &Picture, sink: Sink<'_>) -> Result<Derivative> {
    let (path, size) = sink.finish()?;
    let (width, height) = picture.size();
    Ok(Derivative {
        variant,
        path,
        media_type,
        width: Some(width),
        height: Some(height),
        size,
    })
}

/// Refuses an image by the size that its header says, before anything is allocated by it.
fn check_size(source: &Source<'_>, width: u32, height: u32) -> Result<()> {
    check_pixels(width, height, source.limits().max_pixels)
}

fn check_pixels(width: u32, height: u32, most: u64) -> Result<()> {
    if width == 0 || height == 0 {
        return Err(Refusal::corrupt("an image without pixels"));
    }
    let too_many = u64::from(width) * u64::from(height) > most;
    if too_many || width.max(height) > LONGEST_SIDE {
        return Err(Refusal::Refused(Reason::TooManyPixels, "too many pixels"));
    }
    Ok(())
}

/// Refuses an image whose decoding would hold too many bytes.
fn check_memory(source: &Source<'_>, bytes: u64) -> Result<()> {
    if bytes > source.limits().memory {
        return Err(Refusal::Refused(
            Reason::TooManyPixels,
            "too many pixels for its way of encoding",
        ));
    }
    Ok(())
}

/// By how much both sides are divided, so that few enough pixels stay.
fn divisor(source: &Source<'_>, width: u32, height: u32) -> u32 {
    let fits =
        |by: &u32| u64::from(width.div_ceil(*by)) * u64::from(height.div_ceil(*by)) <= source.limits().kept_pixels;
    [1, 2, 4].into_iter().find(fits).unwrap_or(8)
}

/// The orientation that EXIF says, 1 to 8; what makes no sense is upright. `bytes` begins with the TIFF header.
fn orientation(bytes: &[u8]) -> u8 {
    let exif = Exif::new(bytes);
    let found = exif
        .u32(4)
        .and_then(|directory| exif.u16(exif.entry(directory, 0x0112)?));
    match found {
        Ok(value @ 1..=8) => value as u8,
        _ => 1,
    }
}

/// Whether EXIF says that colours are Adobe RGB, as cameras do without a profile.
fn is_adobe_rgb(bytes: &[u8]) -> bool {
    let exif = Exif::new(bytes);
    let directory = |from: u32, tag: u16| exif.u32(exif.entry(from, tag)?);
    let rule = || {
        let photo = directory(exif.u32(4)?, 0x8769)?;
        let place = exif.entry(directory(photo, 0xa005)?, 0x0001)?;
        array::<3>(bytes, place)
    };
    rule().is_ok_and(|rule| &rule == b"R03")
}

/// Fields of a photo.
struct Exif<'a> {
    bytes: &'a [u8],
    is_little: bool,
}

impl<'a> Exif<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            is_little: bytes.starts_with(b"II"),
        }
    }

    fn u16(&self, at: usize) -> Result<u16> {
        (if self.is_little { le16 } else { be16 })(self.bytes, at)
    }

    fn u32(&self, at: usize) -> Result<u32> {
        (if self.is_little { le32 } else { be32 })(self.bytes, at)
    }

    /// Where the value of a field stands.
    fn entry(&self, directory: u32, tag: u16) -> Result<usize> {
        let directory = directory as usize;
        for index in 0..usize::from(self.u16(directory)?) {
            let entry = directory + 2 + 12 * index;
            if self.u16(entry)? == tag {
                return Ok(entry + 8);
            }
        }
        Err(Refusal::corrupt("a field is missing"))
    }
}

/// Appends a range, or lengthens the last by it.
fn keep(kept: &mut Vec<Range<u64>>, range: Range<u64>) {
    match kept.last_mut() {
        // The marker after compressed data belongs to both.
        Some(last) if last.end >= range.start => last.end = range.end,
        _ => kept.push(range),
    }
}

/// Counts what stands beside the pixels of an image.
struct Metadata<'a> {
    source: &'a Source<'a>,
    bytes: u64,
    parts: u32,
}

impl<'a> Metadata<'a> {
    fn new(source: &'a Source<'_>) -> Self {
        Self {
            source,
            bytes: 0,
            parts: 0,
        }
    }

    fn add(&mut self, bytes: u64) -> Result<()> {
        self.bytes += bytes;
        self.parts += 1;
        self.source.guard.check()?;
        if self.bytes > self.source.limits().max_metadata || self.parts > 20_000 {
            return Err(Refusal::too_large("too much beside the image"));
        }
        Ok(())
    }
}
