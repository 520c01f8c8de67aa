//! WebP: the first picture. What is lossy goes to a decoder; what is lossless is decoded here, in bounded memory.

mod alpha;
mod code;
mod lossless;
mod transform;

use std::{
    io::{BufReader, Read},
    ops::Range,
};

use image_webp::{DecodingError, WebPDecoder};

use self::{
    code::{Bits, broken},
    lossless::Budget,
};
use super::{
    super::{
        sniff,
        source::{le16, le32},
    },
    Metadata, Picture, Refusal, Result, Source, check_memory, check_size,
    colour::{Conversion, MAX_PROFILE},
    divisor, orientation,
    picture::Canvas,
};

/// Bytes of what begins each file, of what begins each chunk, and of what begins a frame of an animation.
const HEAD: u64 = 12;
const CHUNK: u64 = 8;
const FRAME: u64 = 16;

/// What the walk found.
#[derive(Default)]
struct Outline {
    /// Pixels of the whole, of which the picture may be a part.
    size: Option<(u32, u32)>,
    picture: Option<Still>,
    turned: u8,
    profile: Option<Range<u64>>,
}

/// A picture, or the first one of an animation.
struct Still {
    /// Where it lies, and how large it must be.
    place: (u32, u32),
    size: Option<(u32, u32)>,
    /// Content of chunks.
    pixels: Range<u64>,
    is_lossless: bool,
    alpha: Option<Range<u64>>,
}

pub fn decode(source: &Source<'_>) -> Result<Picture> {
    let outline = walk(source)?;
    let picture = outline.picture.ok_or(Refusal::corrupt("an image without pixels"))?;
    let conversion = match outline.profile {
        Some(range) if range.end - range.start <= MAX_PROFILE as u64 => Conversion::by_profile(&source.bytes(range)?),
        _ => None,
    };
    let size = picture.measure(source)?;
    check_size(source, size.0, size.1)?;
    let whole = outline.size.unwrap_or(size);
    let is_inside = |at: u32, side: u32, whole: u32| at.checked_add(side).is_some_and(|end| end <= whole);
    if picture.size.is_some_and(|said| said != size)
        || !is_inside(picture.place.0, size.0, whole.0)
        || !is_inside(picture.place.1, size.1, whole.1)
    {
        return Err(Refusal::corrupt("a picture of another size than the image"));
    }
    let made = if picture.is_lossless {
        from_lossless(source, &picture, size, whole, outline.turned)?
    } else {
        from_lossy(source, &picture, size, whole, outline.turned)?
    };
    made.converted(conversion, false, source.guard)
}

fn refusal(error: DecodingError) -> Refusal {
    match error {
        DecodingError::IoError(error) => error.into(),
        _ => broken(),
    }
}

impl Still {
    /// Width and height by the header of its pixels.
    fn measure(&self, source: &Source<'_>) -> Result<(u32, u32)> {
        if self.is_lossless {
            let head = source.bytes(self.pixels.start..self.pixels.start + 5)?;
            let sides = le32(&head, 1)?;
            if head[0] != 0x2f || sides >> 29 != 0 {
                return Err(broken());
            }
            return Ok(((sides & 0x3fff) + 1, ((sides >> 14) & 0x3fff) + 1));
        }
        let head = source.bytes(self.pixels.start..self.pixels.start + 10)?;
        let side = |at: usize| le16(&head, at).map(|side| u32::from(side & 0x3fff));
        Ok((side(6)?, side(8)?))
    }
}

/// Puts a picture row by row where it lies in the whole image; what is beside it is transparent.
struct Stage {
    canvas: Canvas,
    /// Bytes to the left, and rows below.
    left: usize,
    below: u32,
    /// A row of the whole, if the picture is a part.
    row: Vec<u8>,
    is_whole: bool,
}

impl Stage {
    /// How many channels it has, and bytes that it holds.
    fn needs(source: &Source<'_>, size: (u32, u32), whole: (u32, u32), channels: usize) -> (usize, u64) {
        let channels = if size == whole { channels } else { 4 };
        let divisor = divisor(source, whole.0, whole.1);
        let kept = u64::from(whole.0.div_ceil(divisor)) * u64::from(whole.1.div_ceil(divisor));
        (channels, kept * channels as u64)
    }

    fn new(source: &Source<'_>, place: (u32, u32), size: (u32, u32), whole: (u32, u32), channels: usize) -> Self {
        let mut canvas = Canvas::new(whole.0, whole.1, channels, divisor(source, whole.0, whole.1));
        let row = vec![0; if size == whole { 0 } else { 4 * whole.0 as usize }];
        (0..place.1).for_each(|_| canvas.push(&row));
        Self {
            canvas,
            left: 4 * place.0 as usize,
            below: whole.1 - place.1 - size.1,
            row,
            is_whole: size == whole,
        }
    }

    fn push(&mut self, row: &[u8]) {
        if self.is_whole {
            self.canvas.push(row);
        } else {
            self.row[self.left..][..row.len()].copy_from_slice(row);
            self.canvas.push(&self.row);
        }
    }

    fn finish(mut self, turned: u8) -> Result<Picture> {
        self.row.fill(0);
        (0..self.below).for_each(|_| self.canvas.push(&self.row));
        self.canvas.finish(turned)
    }
}

fn from_lossless(
    source: &Source<'_>,
    picture: &Still,
    size: (u32, u32),
    whole: (u32, u32),
    turned: u8,
) -> Result<Picture> {
    let pixels = picture.pixels.clone();
    // What a picture that isn't transparent says of alpha doesn't count.
    let has_alpha = source.bytes(pixels.start + 4..pixels.start + 5)?[0] & 0x10 != 0;
    let (channels, kept) = Stage::needs(source, size, whole, if has_alpha { 4 } else { 3 });
    let mut budget = Budget::new(source, kept)?;
    let mut stage = Stage::new(source, picture.place, size, whole, channels);
    let mut line = Vec::with_capacity(size.0 as usize * channels);
    let start = pixels.start + 5;
    let mut bits = Bits::new(source.buffered(start..pixels.end), pixels.end.saturating_sub(start));
    lossless::decode(&mut bits, size, &mut budget, &mut |row| {
        line.clear();
        for pixel in row {
            let [alpha, red, green, blue] = pixel.to_be_bytes();
            let alpha = if has_alpha { alpha } else { 255 };
            line.extend_from_slice(&[red, green, blue, alpha][..channels]);
        }
        stage.push(&line);
        Ok(())
    })?;
    stage.finish(turned)
}

fn from_lossy(
    source: &Source<'_>,
    picture: &Still,
    size: (u32, u32),
    whole: (u32, u32),
    turned: u8,
) -> Result<Picture> {
    let compressed = picture.pixels.end - picture.pixels.start;
    // The decoder sees a file of nothing else.
    let parts = vec![0..HEAD, picture.pixels.start - CHUNK..picture.pixels.end];
    let reader = BufReader::with_capacity(16 << 10, source.spliced(parts));
    let mut decoder = WebPDecoder::new(reader).map_err(refusal)?;
    let count = u64::from(size.0) * u64::from(size.1);
    let is_part = size != whole;
    let channels = if picture.alpha.is_some() || is_part { 4 } else { 3 };
    // Beside the pixels, three planes, two of them at a quarter, while it decodes.
    check_memory(source, count * (2 * channels + 3) / 2 + compressed)?;
    let mut bytes = vec![0; (count * channels) as usize];
    // Room for alpha comes first: it moves in from there.
    let room = bytes.len() - 3 * count as usize;
    decoder.read_image(&mut bytes[room..]).map_err(refusal)?;
    drop(decoder);
    if channels == 4 {
        let mut at = 0;
        let mut add = |alphas: &[u8]| {
            for alpha in alphas {
                let from = room + 3 * at;
                let pixel = [bytes[from], bytes[from + 1], bytes[from + 2], *alpha];
                bytes[4 * at..4 * at + 4].copy_from_slice(&pixel);
                at += 1;
            }
        };
        match &picture.alpha {
            Some(range) => alpha::decode(source, range.clone(), size, count * 4, &mut add)?,
            None => (0..count).for_each(|_| add(&[255])),
        }
    }
    if !is_part && divisor(source, size.0, size.1) == 1 {
        return Picture::new(size.0, size.1, channels as usize, bytes, turned);
    }
    let (channels, kept) = Stage::needs(source, size, whole, channels as usize);
    check_memory(source, bytes.len() as u64 + kept)?;
    let mut stage = Stage::new(source, picture.place, size, whole, channels);
    bytes
        .chunks_exact(size.0 as usize * channels)
        .for_each(|row| stage.push(row));
    stage.finish(turned)
}

/// Walks over all chunks.
fn walk(source: &Source<'_>) -> Result<Outline> {
    let mut metadata = Metadata::new(source);
    let head = source.bytes(0..HEAD)?;
    // Chunks begin at even places.
    let end = 8 + u64::from(le32(&head, 4)?).next_multiple_of(2);
    if end > source.size().next_multiple_of(2) {
        return Err(Refusal::corrupt("ends too early"));
    }
    let mut reader = source.buffered(HEAD..source.size());
    let mut outline = Outline {
        turned: 1,
        ..Outline::default()
    };
    let (mut at, mut alpha) = (HEAD, None);
    while at + CHUNK <= end {
        let mut head = [0; CHUNK as usize];
        reader.read_exact(&mut head)?;
        let (kind, content) = chunk(&head, at, end)?;
        let length = content.end - content.start;
        metadata.add(match kind {
            b"VP8 " | b"VP8L" | b"ALPH" | b"ANMF" | b"VP8X" => 0,
            _ => length,
        })?;
        match kind {
            b"VP8X" => {
                let size = source.peek(content.start, 10)?;
                let size = ((le32(&size, 4)? & 0xff_ffff) + 1, (le32(&size, 6)? >> 8) + 1);
                check_size(source, size.0, size.1)?;
                outline.size.get_or_insert(size);
            }
            b"ICCP" => {
                outline.profile.get_or_insert(content.clone());
            }
            b"EXIF" => {
                let exif = source.peek(content.start, length.min(1 << 16) as usize)?;
                outline.turned = orientation(exif.strip_prefix(b"Exif\0\0").unwrap_or(&exif));
            }
            // Of each, the first.
            _ if outline.picture.is_some() => {}
            b"ALPH" => alpha = Some(content.clone()),
            b"VP8 " | b"VP8L" => {
                outline.picture = Some(Still {
                    place: (0, 0),
                    size: outline.size,
                    is_lossless: kind == b"VP8L",
                    pixels: content.clone(),
                    alpha: alpha.take(),
                });
            }
            b"ANMF" => outline.picture = Some(read_frame(source, content.clone())?),
            _ => {}
        }
        at = content.end.next_multiple_of(2);
        reader.seek_relative((at - content.start) as i64)?;
    }
    drop(reader);
    sniff::refuse_trailer(source, end)?;
    Ok(outline)
}

/// The kind of a chunk, and where its content is.
fn chunk(head: &[u8], at: u64, end: u64) -> Result<(&[u8; 4], Range<u64>)> {
    let content = at + CHUNK..at + CHUNK + u64::from(le32(head, 4)?);
    match head.first_chunk() {
        Some(kind) if content.end <= end => Ok((kind, content)),
        _ => Err(Refusal::corrupt("ends too early")),
    }
}

/// The picture in a frame of an animation.
fn read_frame(source: &Source<'_>, frame: Range<u64>) -> Result<Still> {
    let head = source.peek(frame.start, FRAME as usize)?;
    let number = |at: usize| le32(&head, at).map(|number| number & 0xff_ffff);
    let place = (2 * number(0)?, 2 * number(3)?);
    let size = (number(6)? + 1, number(9)? + 1);
    let (mut at, mut alpha) = (frame.start + FRAME, None);
    while at + CHUNK <= frame.end {
        let head = source.bytes(at..at + CHUNK)?;
        let (kind, content) = chunk(&head, at, frame.end)?;
        at = content.end.next_multiple_of(2);
        match kind {
            b"ALPH" => alpha = Some(content),
            b"VP8 " | b"VP8L" => {
                return Ok(Still {
                    place,
                    size: Some(size),
                    is_lossless: kind == b"VP8L",
                    pixels: content,
                    alpha,
                });
            }
            _ => source.guard.check()?,
        }
    }
    Err(Refusal::corrupt("an image without pixels"))
}
