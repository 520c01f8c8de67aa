//! GIF: the first frame.

use std::io::Read;

use gif::{ColorOutput, DecodeOptions, DecodingError, MemoryLimit};

use super::{
    super::{sniff, source::le16},
    Metadata, Picture, Refusal, Result, Source, check_memory, check_size,
    colour::{Conversion, MAX_PROFILE},
    divisor,
    picture::Canvas,
};

/// How an extension begins that holds a profile.
const PROFILE: &[u8] = b"ICCRGBG1012";

pub fn decode(source: &Source<'_>) -> Result<Picture> {
    let (end, profile) = walk(source)?;
    let conversion = Conversion::by_profile(&profile);
    drop(profile);
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    options.check_frame_consistency(true);
    options.set_memory_limit(MemoryLimit::Unlimited);
    // Walked over and checked, so that what it gathers beside the pixels is bounded.
    let mut decoder = options.read_info(source.part(0..end)).map_err(refusal)?;
    let (width, height) = (u32::from(decoder.width()), u32::from(decoder.height()));
    let divisor = divisor(source, width, height);
    decoder
        .next_frame_info()
        .map_err(refusal)?
        .ok_or(Refusal::corrupt("an image without pixels"))?;
    let size = decoder.buffer_size();
    let kept = u64::from(width.div_ceil(divisor)) * u64::from(height.div_ceil(divisor)) * 4;
    check_memory(source, size as u64 + kept)?;
    let mut indices = vec![0; size];
    decoder.read_into_buffer(&mut indices).map_err(refusal)?;
    let palette = decoder.palette().map_err(refusal)?.to_vec();
    let frame = decoder.current_frame_info().ok_or(Refusal::corrupt("broken GIF"))?;
    let mut canvas = Canvas::new(width, height, 4, divisor);
    let mut row = vec![0; width as usize * 4];
    for y in 0..height {
        row.fill(0);
        if let Some(line) = y
            .checked_sub(frame.top.into())
            .filter(|line| *line < frame.height.into())
        {
            let start = line as usize * usize::from(frame.width);
            let indices = &indices[start..start + usize::from(frame.width)];
            for (pixel, index) in row[4 * usize::from(frame.left)..].chunks_exact_mut(4).zip(indices) {
                let color = palette
                    .get(3 * usize::from(*index)..)
                    .and_then(|rest| rest.first_chunk::<3>());
                if let Some([red, green, blue]) = color.filter(|_| frame.transparent != Some(*index)) {
                    pixel.copy_from_slice(&[*red, *green, *blue, 255]);
                }
            }
        }
        canvas.push(&row);
        source.guard.check()?;
    }
    canvas.finish(1)?.converted(conversion, false, source.guard)
}

fn refusal(error: DecodingError) -> Refusal {
    match error {
        DecodingError::Io(error) => error.into(),
        _ => Refusal::corrupt("broken GIF"),
    }
}

/// Walks over all blocks. Returns where the image ends, and its profile; it is empty if there is none.
fn walk(source: &Source<'_>) -> Result<(u64, Vec<u8>)> {
    let mut reader = source.buffered(0..source.size());
    let mut metadata = Metadata::new(source);
    let (mut at, mut profile) = (0, Vec::new());
    let mut take = |count: usize| -> Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        reader.read_exact(&mut bytes)?;
        at += count as u64;
        Ok(bytes)
    };
    let table = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let header = take(13)?;
    check_size(source, le16(&header, 6)?.into(), le16(&header, 8)?.into())?;
    take(table(header[10]))?;
    loop {
        let kind = take(1)?[0];
        let is_frame = match kind {
            0x2c => {
                let frame = take(9)?;
                let right = u32::from(le16(&frame, 0)?) + u32::from(le16(&frame, 4)?);
                let bottom = u32::from(le16(&frame, 2)?) + u32::from(le16(&frame, 6)?);
                if right > le16(&header, 6)?.into() || bottom > le16(&header, 8)?.into() {
                    return Err(Refusal::corrupt("a frame larger than the image"));
                }
                take(table(frame[8]))?;
                true
            }
            0x21 => false,
            0x3b => break,
            _ => return Err(Refusal::corrupt("broken GIF")),
        };
        // The width of codes, or the kind of extension.
        take(1)?;
        metadata.add(0)?;
        let (mut is_first, mut is_profile) = (true, false);
        loop {
            let length = take(1)?[0];
            if length == 0 {
                break;
            }
            let block = take(length.into())?;
            if !is_frame {
                metadata.bytes += u64::from(length);
            }
            if is_first {
                is_profile = !is_frame && profile.is_empty() && block == PROFILE;
            } else if is_profile && profile.len() <= MAX_PROFILE {
                profile.extend(block);
            }
            is_first = false;
        }
        metadata.add(0)?;
    }
    sniff::refuse_trailer(source, at)?;
    Ok((at, profile))
}
