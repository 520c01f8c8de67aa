//! WebP: the first frame, of the lossy kind.

use std::io::{BufReader, Read};

use image_webp::{DecodingError, WebPDecoder};

use super::{
    super::{sniff, source::le32},
    Metadata, Picture, Refusal, Result, Source, check_memory, check_size, divisor, orientation,
    picture::Canvas,
};

pub fn decode(source: &Source<'_>) -> Result<Picture> {
    let Outline {
        end,
        turned,
        compressed,
    } = walk(source)?;
    let reader = BufReader::with_capacity(16 << 10, source.part(0..end));
    let mut decoder = WebPDecoder::new(reader).map_err(refusal)?;
    let (width, height) = decoder.dimensions();
    check_size(source, width, height)?;
    let pixels = u64::from(width) * u64::from(height);
    let channels = if decoder.has_alpha() { 4 } else { 3 };
    // Beside the pixels the compressed data and three planes, two of them at a quarter; of animations a second image.
    let copies = if decoder.is_animated() {
        2 * channels + 4
    } else {
        channels
    };
    check_memory(source, pixels * (2 * copies + 3) / 2 + compressed)?;
    let mut bytes = vec![0; (pixels * channels) as usize];
    decoder.read_image(&mut bytes).map_err(refusal)?;
    drop(decoder);
    let divisor = divisor(source, width, height);
    if divisor == 1 {
        return Picture::new(width, height, channels as usize, bytes, turned);
    }
    let mut canvas = Canvas::new(width, height, channels as usize, divisor);
    bytes
        .chunks_exact(width as usize * channels as usize)
        .for_each(|row| canvas.push(row));
    canvas.finish(turned)
}

fn refusal(error: DecodingError) -> Refusal {
    match error {
        DecodingError::IoError(error) => error.into(),
        _ => Refusal::corrupt("broken WebP"),
    }
}

struct Outline {
    end: u64,
    turned: u8,
    /// Bytes of compressed pixels.
    compressed: u64,
}

/// Walks over all chunks.
fn walk(source: &Source<'_>) -> Result<Outline> {
    let mut metadata = Metadata::new(source);
    let head = source.bytes(0..12)?;
    // Chunks begin at even places.
    let end = 8 + u64::from(le32(&head, 4)?).next_multiple_of(2);
    if end > source.size().next_multiple_of(2) {
        return Err(Refusal::corrupt("ends too early"));
    }
    let mut reader = source.buffered(12..source.size());
    let (mut at, mut turned, mut compressed) = (12, 1, 0);
    while at + 8 <= end {
        let mut head = [0; 8];
        reader.read_exact(&mut head)?;
        let length = u64::from(le32(&head, 4)?);
        let content = at + 8..at + 8 + length;
        if content.end > end {
            return Err(Refusal::corrupt("ends too early"));
        }
        metadata.add(match &head[..4] {
            b"VP8X" => {
                let size = source.peek(content.start, 10)?;
                let side = |at: usize| Ok::<_, Refusal>((le32(&size, at)? & 0xff_ffff) + 1);
                check_size(source, side(4)?, (le32(&size, 6)? >> 8) + 1)?;
                0
            }
            b"VP8 " => {
                compressed += length;
                0
            }
            b"ANMF" => {
                refuse_lossless(source, content.start + 16)?;
                compressed += length;
                0
            }
            b"EXIF" => {
                let exif = source.peek(content.start, length.min(1 << 16) as usize)?;
                turned = orientation(exif.strip_prefix(b"Exif\0\0").unwrap_or(&exif));
                length
            }
            b"VP8L" | b"ALPH" => {
                refuse_lossless(source, at)?;
                compressed += length;
                0
            }
            _ => length,
        })?;
        at = content.end.next_multiple_of(2);
        reader.seek_relative((at - content.start) as i64)?;
    }
    drop(reader);
    sniff::refuse_trailer(source, end)?;
    Ok(Outline {
        end,
        turned,
        compressed,
    })
}

/// Refuses a chunk of losslessly compressed pixels: from a few bytes of it the decoder builds tables of kilobytes, up to
/// 65,536 times, and how often shows only while it does.
fn refuse_lossless(source: &Source<'_>, at: u64) -> Result<()> {
    let head = source.peek(at, 9)?;
    let is_lossless =
        head.starts_with(b"VP8L") || (head.starts_with(b"ALPH") && head.get(8).is_some_and(|flags| flags & 3 != 0));
    if is_lossless {
        return Err(Refusal::unsupported("lossless WebP, or one with transparency"));
    }
    Ok(())
}
