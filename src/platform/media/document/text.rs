//! Plain text and tables.

use std::io::Read;

use super::super::{Refusal, Result, source::Source};

/// Bytes by which UTF-16 is known that doesn't say so itself.
const HEAD: usize = 4096;

/// How a text is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A byte is a character, or a part of one: which one doesn't matter, tables come in the encodings of old.
    Bytes,
    /// UTF-16, the lower byte first.
    Little,
    /// UTF-16, the higher byte first.
    Big,
}

/// Text has no control characters but those of lines and tabulators.
pub fn check(source: &Source<'_>) -> Result<()> {
    let no_text = || Refusal::mismatch("no text");
    let form = form(&source.peek(0, HEAD)?);
    if form != Form::Bytes && !source.size().is_multiple_of(2) {
        return Err(no_text());
    }
    let mut reader = source.part(0..source.size());
    let (mut chunk, mut kept, mut at) = (vec![0; 64 << 10], 0, 0);
    let mut is_in_pair = false;
    loop {
        let read = reader.read(&mut chunk[kept..])?;
        let length = kept + read;
        let whole = if form == Form::Bytes { length } else { length & !1 };
        let is_fine = match form {
            Form::Bytes => !chunk[..whole].iter().any(|byte| is_control(u16::from(*byte))),
            Form::Little | Form::Big => chunk[..whole].chunks_exact(2).all(|unit| {
                let unit = match form {
                    Form::Big => u16::from_be_bytes([unit[0], unit[1]]),
                    _ => u16::from_le_bytes([unit[0], unit[1]]),
                };
                fits(unit, &mut is_in_pair)
            }),
        };
        if !is_fine {
            return Err(no_text());
        }
        if read == 0 {
            return if is_in_pair { Err(no_text()) } else { Ok(()) };
        }
        chunk.copy_within(whole..length, 0);
        kept = length - whole;
        at += read as u64;
        source.guard.done(at, source.size());
    }
}

/// How a text that begins so is written: by its mark, or by where it has zeros.
fn form(head: &[u8]) -> Form {
    let zeros = |from: usize| head.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    match (head, zeros(0), zeros(1)) {
        ([0xff, 0xfe, ..], ..) => Form::Little,
        ([0xfe, 0xff, ..], ..) => Form::Big,
        // Most higher bytes are zero; of the lower ones, hardly any.
        (_, low, high) if high > 4 * low => Form::Little,
        (_, high, low) if high > 4 * low => Form::Big,
        _ => Form::Bytes,
    }
}

fn is_control(unit: u16) -> bool {
    matches!(unit, 0..=8 | 11 | 14..=26 | 28..=31 | 127)
}

/// Whether a unit of UTF-16 may follow: no control character, no half of a pair.
fn fits(unit: u16, is_in_pair: &mut bool) -> bool {
    let is_second = matches!(unit, 0xdc00..=0xdfff);
    let is_due = std::mem::replace(is_in_pair, matches!(unit, 0xd800..=0xdbff));
    is_due == is_second && !is_control(unit) && !matches!(unit, 0xfffe | 0xffff)
}
