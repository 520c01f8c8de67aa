//! PNG: of its chunks, the decoder sees only those that make pixels, and gives them row by row.

use std::{
    io::{BufReader, Read},
    ops::Range,
};

use png::{ColorType, Decoder, DecodingError, Transformations};

use super::{
    super::{sniff, source::be32},
    Metadata, Picture, Refusal, Result, Source, check_memory, check_size, divisor, keep, orientation,
    picture::Canvas,
};

/// Bytes of the signature, and of a chunk without its content.
const FRAME: (u64, u64) = (8, 12);

pub fn decode(source: &Source<'_>) -> Result<Picture> {
    let (kept, orientation) = walk(source)?;
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
    canvas.finish(orientation)
}

fn refusal(error: DecodingError) -> Refusal {
    match error {
        DecodingError::IoError(error) => error.into(),
        DecodingError::LimitsExceeded => Refusal::too_large("a row"),
        _ => Refusal::corrupt("broken PNG"),
    }
}

/// Walks over all chunks to the end of the image. Returns what makes pixels, and how they are to be turned.
fn walk(source: &Source<'_>) -> Result<(Vec<Range<u64>>, u8)> {
    let mut metadata = Metadata::new(source);
    let mut reader = source.buffered(0..source.size());
    let (mut kept, mut at, mut turned) = (Vec::new(), FRAME.0, 1);
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
            _ => {}
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
    Ok((kept, turned))
}
