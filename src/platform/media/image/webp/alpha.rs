//! Transparency of a lossy WebP, which is stored beside its pixels.

use std::{io::Read, ops::Range};

use super::{
    super::{Result, Source},
    code::{Bits, broken},
    lossless::{Budget, decode as decode_lossless},
};

/// Decodes it, and gives it away row by row. So many bytes are held already.
pub fn decode(
    source: &Source<'_>,
    range: Range<u64>,
    (width, height): (u32, u32),
    held: u64,
    push: &mut dyn FnMut(&[u8]),
) -> Result<()> {
    let flags = source.bytes(range.start..range.start + 1)?[0];
    let start = range.start + 1;
    let mut reader = source.buffered(start..range.end);
    let mut above = Vec::new();
    let mut row = vec![0; width as usize];
    match flags & 3 {
        0 => {
            for _ in 0..height {
                reader.read_exact(&mut row)?;
                undo(flags >> 2, &mut row, &above);
                push(&row);
                above.clone_from(&row);
            }
            Ok(())
        }
        1 => {
            let mut budget = Budget::new(source, held)?;
            let mut bits = Bits::new(reader, range.end.saturating_sub(start));
            decode_lossless(&mut bits, (width, height), &mut budget, &mut |pixels| {
                row.clear();
                row.extend(pixels.iter().map(|pixel| (pixel >> 8) as u8));
                undo(flags >> 2, &mut row, &above);
                push(&row);
                above.clone_from(&row);
                Ok(())
            })
        }
        _ => Err(broken()),
    }
}

/// Adds to each value what its neighbours predict, in one of four ways; `above` is empty for the first row.
fn undo(way: u8, row: &mut [u8], above: &[u8]) {
    let way = way & 3;
    if way == 0 {
        return;
    }
    row[0] = row[0].wrapping_add(above.first().copied().unwrap_or_default());
    for x in 1..row.len() {
        let left = row[x - 1];
        let predicted = match (way, above.get(x - 1..=x)) {
            (1, _) | (_, None) => left,
            (2, Some(above)) => above[1],
            (_, Some(above)) => (i16::from(left) + i16::from(above[1]) - i16::from(above[0])).clamp(0, 255) as u8,
        };
        row[x] = row[x].wrapping_add(predicted);
    }
}
