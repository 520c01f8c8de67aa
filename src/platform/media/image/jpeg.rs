//! JPEG: walked segment by segment first; the decoder sees only those that make pixels.

use std::{
    io::{BufRead, BufReader, Read},
    ops::Range,
};

use jpeg_decoder::{Decoder, Error, PixelFormat};

use super::{
    super::{sniff, source::be16},
    Metadata, Picture, Reason, Refusal, Result, Source, check_pixels,
    colour::{Conversion, MAX_PROFILE, from_inks},
    is_adobe_rgb, keep, orientation,
};

/// Passes over a progressive image; encoders make about ten.
const SCANS: u32 = 64;
/// Bytes behind an image without end that the decoder may read ahead, and more: ones, which are no code. What needs more
/// pixels than there are meets them.
const ONES: usize = 4096;

struct Component {
    id: u8,
    horizontal: u64,
    vertical: u64,
    /// Which coefficients have all their bits.
    complete: u64,
}

struct Frame {
    width: u16,
    height: u16,
    is_progressive: bool,
    components: Vec<Component>,
}

impl Frame {
    /// Bytes of all coefficients, two each, which of a progressive image are held whatever the scale. Each component has
    /// whole blocks of 8 by 8, as many as make whole squares with those of the others.
    fn coefficients(&self) -> u64 {
        let most = |side: fn(&Component) -> u64| self.components.iter().map(side).max().unwrap_or(1);
        let squares = |length: u16, most: u64| u64::from(length).div_ceil(8 * most);
        let across = squares(self.width, most(|component| component.horizontal));
        let down = squares(self.height, most(|component| component.vertical));
        let blocks: u64 = self
            .components
            .iter()
            .map(|each| across * each.horizontal * down * each.vertical)
            .sum();
        2 * 64 * blocks
    }
}

/// What the walk found.
struct Outline {
    frame: Frame,
    orientation: u8,
    colours: Colours,
    kept: Vec<Range<u64>>,
    /// What the decoder sees behind that.
    rest: Vec<u8>,
}

/// What says which colours it has.
#[derive(Default)]
struct Colours {
    /// Parts of a profile: the number of each, how many there are, and where.
    profile: Vec<(u8, u8, Range<u64>)>,
    is_adobe_rgb: bool,
}

impl Colours {
    /// Notes a segment, which ends at `end`.
    fn note(&mut self, marker: u8, body: &[u8], end: u64) {
        match (marker, body) {
            (0xe1, [b'E', b'x', b'i', b'f', 0, 0, exif @ ..]) => self.is_adobe_rgb |= is_adobe_rgb(exif),
            (0xe2, _) => {
                if let Some([number, count, part @ ..]) = body.strip_prefix(b"ICC_PROFILE\0") {
                    self.profile.push((*number, *count, end - part.len() as u64..end));
                }
            }
            _ => {}
        }
    }

    fn conversion(mut self, source: &Source<'_>) -> Result<Option<Conversion>> {
        if self.profile.is_empty() {
            return Ok(if self.is_adobe_rgb {
                Conversion::from_adobe_rgb()
            } else {
                None
            });
        }
        self.profile.sort_by_key(|(number, ..)| *number);
        let count = self.profile.len();
        let is_whole = (1..)
            .zip(&self.profile)
            .all(|(index, (number, all, _))| (usize::from(*number), usize::from(*all)) == (index, count));
        let length: u64 = self.profile.iter().map(|(.., part)| part.end - part.start).sum();
        if !is_whole || length > MAX_PROFILE as u64 {
            return Ok(None);
        }
        let mut profile = Vec::with_capacity(length as usize);
        for (.., part) in self.profile {
            profile.extend(source.bytes(part)?);
        }
        Ok(Conversion::by_profile(&profile))
    }
}

pub fn decode(source: &Source<'_>) -> Result<Picture> {
    let Outline {
        frame,
        orientation,
        colours,
        kept,
        rest,
    } = walk(source)?;
    let mut conversion = colours.conversion(source)?;
    let eighths = scale(source, &frame)?;
    let scaled = |length: u16| (u32::from(length) * eighths).div_ceil(8) as u16;
    let content = source.spliced(kept).chain(&rest[..]);
    let mut decoder = Decoder::new(BufReader::with_capacity(16 << 10, content));
    let (width, height) = decoder
        .scale(scaled(frame.width), scaled(frame.height))
        .map_err(refusal)?;
    let pixels = decoder.decode().map_err(refusal)?;
    let format = decoder.info().map(|info| info.pixel_format);
    drop(decoder);
    let pixels = match format {
        Some(PixelFormat::RGB24) => pixels,
        Some(PixelFormat::L8) => {
            let mut wide = Vec::with_capacity(3 * pixels.len());
            pixels.iter().for_each(|grey| wide.extend([*grey; 3]));
            wide
        }
        Some(PixelFormat::CMYK32) => from_inks(pixels, conversion.take(), source.guard)?,
        _ => return Err(Refusal::unsupported("a rare kind of JPEG")),
    };
    let picture = Picture::new(width.into(), height.into(), 3, pixels, orientation)?;
    picture.converted(conversion, format == Some(PixelFormat::L8), source.guard)
}

fn refusal(error: Error) -> Refusal {
    match error {
        Error::Io(error) => error.into(),
        Error::Unsupported(_) => Refusal::unsupported("a rare kind of JPEG"),
        _ => Refusal::corrupt("broken JPEG"),
    }
}

/// The largest scale, in eighths, at which few enough pixels stay and decoding holds few enough bytes.
fn scale(source: &Source<'_>, frame: &Frame) -> Result<u32> {
    let most = |side: fn(&Component) -> u64| frame.components.iter().map(side).max().unwrap_or(1);
    let whole = most(|component| component.horizontal) * most(|component| component.vertical);
    // Samples of all components, per pixel, times `whole`.
    let samples: u64 = frame
        .components
        .iter()
        .map(|each| each.horizontal * each.vertical)
        .sum();
    let bytes = |pixels: u64| {
        let planes = pixels * samples / whole;
        let interleaved = pixels * (frame.components.len() as u64).max(3);
        planes + interleaved
    };
    let pixels =
        |eighths: u64| (u64::from(frame.width) * eighths).div_ceil(8) * (u64::from(frame.height) * eighths).div_ceil(8);
    let coefficients = if frame.is_progressive { frame.coefficients() } else { 0 };
    let limits = source.limits();
    let fits = |eighths: &u32| {
        let pixels = pixels((*eighths).into());
        pixels <= limits.kept_pixels && coefficients + bytes(pixels) <= limits.memory
    };
    match [8, 4, 2, 1].into_iter().find(fits) {
        Some(eighths) => Ok(eighths),
        None => Err(Refusal::Refused(
            Reason::TooManyPixels,
            if frame.is_progressive {
                "too many pixels for a progressive JPEG: its coefficients don't fit the memory limit"
            } else {
                "too many pixels for the memory limit"
            },
        )),
    }
}

/// Walks over all segments to the end of the image, and chooses what the decoder sees.
fn walk(source: &Source<'_>) -> Result<Outline> {
    let mut reader = source.buffered(0..source.size());
    let mut metadata = Metadata::new(source);
    let (mut frame, mut turned, mut scans) = (None, None, 0);
    let mut colours = Colours::default();
    // The beginning of the image, which the sniffing saw.
    let (mut kept, mut at) = (Vec::new(), 2);
    keep(&mut kept, 0..2);
    reader.read_exact(&mut [0; 2])?;
    let (mut next, mut rest) = (None, Vec::new());
    loop {
        let start = at - if next.is_some() { 2 } else { 0 };
        let marker = match next.take() {
            Some(marker) => marker,
            None => {
                let mut bytes = [0; 2];
                reader.read_exact(&mut bytes)?;
                at += 2;
                // Fill bytes.
                while bytes == [0xff; 2] {
                    reader.read_exact(&mut bytes[1..])?;
                    at += 1;
                }
                if bytes[0] != 0xff {
                    return Err(Refusal::corrupt("broken JPEG"));
                }
                bytes[1]
            }
        };
        if marker == 0xd9 {
            keep(&mut kept, start..at);
            break;
        }
        let mut length = [0; 2];
        reader.read_exact(&mut length)?;
        let length = u16::from_be_bytes(length);
        let mut body = vec![0; length.checked_sub(2).ok_or(Refusal::corrupt("broken JPEG"))?.into()];
        reader.read_exact(&mut body)?;
        at += u64::from(length);
        metadata.add(length.into())?;
        match marker {
            0xc0..=0xc2 => {
                if frame.is_some() {
                    return Err(Refusal::corrupt("an image of two frames"));
                }
                frame = Some(read_frame(source, marker == 0xc2, &body)?);
            }
            0xda => {
                note_scan(frame.as_mut().ok_or(Refusal::corrupt("broken JPEG"))?, &body)?;
                scans += 1;
                if scans > SCANS {
                    return Err(Refusal::unsafe_("passes without end"));
                }
                let (marker, length) = skip_entropy(&mut reader)?;
                at += length;
                next = marker;
                if marker.is_none() {
                    // All that is missing may be the end, and nobody's viewer misses that.
                    rest = [b"\xff\0".repeat(ONES), b"\xff\xd9".to_vec()].concat();
                    keep(&mut kept, start..at);
                    break;
                }
            }
            // Tables; and how the colours are stored, where nothing else fits in.
            0xc4 | 0xdb | 0xdd => {}
            0xee if body.starts_with(b"Adobe") && body.len() == 12 => {}
            0xe0..=0xef | 0xfe => {
                colours.note(marker, &body, at);
                if let (0xe1, None, Some(exif)) = (marker, turned, body.strip_prefix(b"Exif\0\0")) {
                    turned = Some(orientation(exif));
                }
                continue;
            }
            0xc3 | 0xc5..=0xcf | 0xdc | 0xde | 0xdf => return Err(Refusal::unsupported("a rare kind of JPEG")),
            _ => return Err(Refusal::corrupt("broken JPEG")),
        }
        keep(&mut kept, start..at);
    }
    drop(reader);
    sniff::refuse_trailer(source, at)?;
    let frame: Frame = frame.ok_or(Refusal::corrupt("an image without pixels"))?;
    if frame.components.iter().any(|component| component.complete != u64::MAX) {
        return Err(Refusal::corrupt("ends too early"));
    }
    Ok(Outline {
        frame,
        orientation: turned.unwrap_or(1),
        colours,
        kept,
        rest,
    })
}

fn read_frame(source: &Source<'_>, is_progressive: bool, body: &[u8]) -> Result<Frame> {
    let (height, width) = (be16(body, 1)?, be16(body, 3)?);
    check_pixels(width.into(), height.into(), source.limits().max_jpeg_pixels)?;
    let components: Vec<_> = body[6.min(body.len())..]
        .chunks_exact(3)
        .map(|part| Component {
            id: part[0],
            horizontal: (part[1] >> 4).clamp(1, 4).into(),
            vertical: (part[1] & 15).clamp(1, 4).into(),
            complete: 0,
        })
        .collect();
    match components.len() {
        1 | 3 | 4 => Ok(Frame {
            width,
            height,
            is_progressive,
            components,
        }),
        _ => Err(Refusal::corrupt("broken JPEG")),
    }
}

/// Notes which coefficients a scan completes.
fn note_scan(frame: &mut Frame, body: &[u8]) -> Result<()> {
    let broken = || Refusal::corrupt("broken JPEG");
    let (count, rest) = body.split_first().ok_or_else(broken)?;
    let (parts, rest) = rest.split_at_checked(2 * usize::from(*count)).ok_or_else(broken)?;
    let [first, last, bits] = *rest else {
        return Err(broken());
    };
    for component in &mut frame.components {
        if parts.chunks_exact(2).any(|part| part[0] == component.id) {
            if !frame.is_progressive {
                component.complete = u64::MAX;
            } else if bits & 15 == 0 && first <= last && last < 64 {
                component.complete |= (u64::MAX << first) & (u64::MAX >> (63 - last));
            }
        }
    }
    Ok(())
}

/// Skips compressed data. Returns the marker that ends it, if there is one, and the bytes up to behind that; without, up to
/// what may have been the beginning of one.
fn skip_entropy(reader: &mut dyn BufRead) -> Result<(Option<u8>, u64)> {
    // `ones` at the end are fill bytes, or the first of a marker that is missing.
    let (mut length, mut ones) = (0, 0);
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok((None, length - ones));
        }
        let mut at = 0;
        while at < buffer.len() {
            if ones > 0 {
                let byte = buffer[at];
                at += 1;
                // Stuffing, restarts and fill bytes are part of the data.
                if !matches!(byte, 0 | 0xd0..=0xd7 | 0xff) {
                    reader.consume(at);
                    return Ok((Some(byte), length + at as u64));
                }
                ones = if byte == 0xff { ones + 1 } else { 0 };
            } else {
                let found = buffer[at..].iter().position(|byte| *byte == 0xff);
                ones = u64::from(found.is_some());
                at = found.map_or(buffer.len(), |found| at + found + 1);
            }
        }
        reader.consume(at);
        length += at as u64;
    }
}
