//! PNG: of its chunks, the decoder sees only those that make pixels, and gives them row by row.

use std::{
    io::{BufReader, Read},
    ops::Range,
};

use flate2::read::ZlibDecoder;
use png::{ColorType, Decoder, DecodingError, Transformations};

use super::{
    super::{
        sniff,
        source::{array, be32},
    },
    Metadata, Picture, Refusal, Result, Source, check_memory, check_size,
    colour::{Conversion, MAX_PROFILE},
    divisor, keep, orientation,
    picture::Canvas,
};

/// Bytes of the signature, and of a chunk without its content.
const FRAME: (u64, u64) = (8, 12);

/// Bytes of the name of a profile at most, with its end.
const NAME: usize = 80;
/// Transfer functions of code points whose white isn't the brightest (PQ, HLG).
const BRIGHT: [u8; 2] = [16, 18];

/// What says which colours it has.
#[derive(Default)]
struct Colours {
    code_points: Option<[u8; 4]>,
    profile: Option<Range<u64>>,
    is_srgb: bool,
    gamma: Option<Vec<u8>>,
    primaries: Option<Vec<u8>>,
}

impl Colours {
    /// Notes a chunk.
    fn note(&mut self, source: &Source<'_>, kind: &[u8], content: Range<u64>) -> Result<()> {
        match (kind, content.end - content.start) {
            (b"cICP", 4) => self.code_points = Some(array(&source.bytes(content)?, 0)?),
            (b"iCCP", _) => self.profile = Some(content),
            (b"sRGB", _) => self.is_srgb = true,
            (b"gAMA", 4) => self.gamma = Some(source.bytes(content)?),
            (b"cHRM", 32) => self.primaries = Some(source.bytes(content)?),
            _ => {}
        }
        Ok(())
    }

    /// The first of them in the order that the standard gives.
    fn conversion(self, source: &Source<'_>) -> Result<Option<Conversion>> {
        Ok(match (self.code_points, self.profile) {
            (Some(points), _) if !BRIGHT.contains(&points[1]) => Conversion::by_code_points(points),
            (_, Some(range)) => Conversion::by_profile(&unpack(source, range)?),
            _ if self.is_srgb || (self.gamma.is_none() && self.primaries.is_none()) => None,
            _ => Conversion::by_gamma(self.gamma.as_deref(), self.primaries.as_deref()),
        })
    }
}

/// An embedded profile; empty if it can't be read or is too large.
fn unpack(source: &Source<'_>, range: Range<u64>) -> Result<Vec<u8>> {
    let head = source.peek(range.start, NAME)?;
    let mut profile = Vec::new();
    if let Some(end) = head.iter().position(|byte| *byte == 0) {
        // Behind the name, how it is packed; there is one way only.
        let packed = source.part((range.start + end as u64 + 2).min(range.end)..range.end);
        let unpacked = ZlibDecoder::new(packed)
            .take(MAX_PROFILE as u64 + 1)
            .read_to_end(&mut profile);
        if unpacked.is_err() || profile.len() > MAX_PROFILE {
            source.guard.check()?;
            profile.clear();
        }
    }
    Ok(profile)
}

pub fn decode(source: &Source<'_>) -> Result<Picture> {
    let (kept, orientation, colours) = walk(source)?;
    let conversion = colours.conversion(source)?;
    let mut decoder = Decoder::new(BufReader::with_capacity(16 << 10, source.spliced(kept)));
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(refusal)?;
    let (width, height) = (reader.info().width, reader.info().height);
    let divisor = divisor(source, width, height);
    let (color, _) = reader.output_color_type();
    let (channels, stored) = match color {
        ColorType::Grayscale => (3, 1),
        ColorType::GrayscaleAlpha => (4, 2),
        ColorType::Rgba => (4, 4),
        _ => (3, 3),
    };
    let kept = u64::from(width.div_ceil(divisor)) * u64::from(height.div_ceil(divisor)) * channels;
    let mut canvas = Canvas::new(width, height, channels as usize, divisor);
    let mut wide = Vec::new();
    let mut push = |row: &[u8]| {
        if stored >= 3 {
            canvas.push(row);
            return;
        }
        wide.clear();
        for pixel in row.chunks_exact(stored) {
            wide.extend([pixel[0]; 3]);
            wide.extend(pixel.get(1));
        }
        canvas.push(&wide);
    };
    if reader.info().interlaced {
        // Its rows come in seven passes: all of it must be held.
        let bytes = u64::from(width) * u64::from(height) * stored as u64;
        check_memory(source, bytes + kept)?;
        let mut pixels = vec![0; bytes as usize];
        reader.next_frame(&mut pixels).map_err(refusal)?;
        pixels.chunks_exact(width as usize * stored).for_each(push);
    } else {
        check_memory(source, kept)?;
        for y in 0..height {
            let row = reader.next_row().map_err(refusal)?;
            push(row.ok_or(Refusal::corrupt("ends too early"))?.data());
            // Zeros unpack from next to nothing, without a read between.
            source.guard.check()?;
            source.guard.done(y.into(), height.into());
        }
    }
    let is_grey = stored < 3;
    canvas.finish(orientation)?.converted(conversion, is_grey, source.guard)
}

fn refusal(error: DecodingError) -> Refusal {
    match error {
        DecodingError::IoError(error) => error.into(),
        DecodingError::LimitsExceeded => Refusal::too_large("a row"),
        _ => Refusal::corrupt("broken PNG"),
    }
}

/// Walks over all chunks to the end of the image. Returns what makes pixels, how they are to be turned, and their colours.
fn walk(source: &Source<'_>) -> Result<(Vec<Range<u64>>, u8, Colours)> {
    let mut metadata = Metadata::new(source);
    let mut reader = source.buffered(0..source.size());
    let (mut kept, mut at, mut turned) = (Vec::new(), FRAME.0, 1);
    let mut colours = Colours::default();
    keep(&mut kept, 0..FRAME.0);
    reader.seek_relative(FRAME.0 as i64)?;
    loop {
        let mut head = [0; 8];
        reader.read_exact(&mut head)?;
        let (length, kind) = (u64::from(be32(&head, 0)?), &head[4..]);
        let range = at..at + FRAME.1 + length;
        if range.end > source.size() {
            return Err(Refusal::corrupt("ends too early"));
        }
        if (at == FRAME.0) != (kind == b"IHDR") {
            return Err(Refusal::corrupt("broken PNG"));
        }
        let content = at + 8..at + 8 + length;
        match kind {
            b"IHDR" => {
                let header = source.peek(content.start, 8)?;
                check_size(source, be32(&header, 0)?, be32(&header, 4)?)?;
            }
            b"eXIf" if length < 1 << 16 => turned = orientation(&source.bytes(content)?),
            _ => colours.note(source, kind, content)?,
        }
        match kind {
            b"IHDR" | b"PLTE" | b"tRNS" | b"IDAT" | b"IEND" => keep(&mut kept, range.clone()),
            // A capital: no image without it.
            _ if kind[0].is_ascii_uppercase() => return Err(Refusal::corrupt("broken PNG")),
            _ => {}
        }
        // Empty chunks without end would take their time too.
        metadata.add(if kind == b"IDAT" { 0 } else { length })?;
        at = range.end;
        if kind == b"IEND" {
            break;
        }
        reader.seek_relative((length + 4) as i64)?;
    }
    sniff::refuse_trailer(source, at)?;
    Ok((kept, turned, colours))
}
