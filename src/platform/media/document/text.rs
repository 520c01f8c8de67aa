//! Plain text and tables.

use std::io::BufRead;

use super::super::{Reason, Refusal, Result, source::Source};

/// Text has no control characters but those of lines and tabulators. Which characters it has doesn't matter: tables come in
/// the encodings of old.
pub fn check(source: &Source<'_>) -> Result<()> {
    let start = source.peek(0, 2)?;
    // In UTF-16, every other byte may be anything.
    let is_wide = matches!(*start, [0xff, 0xfe] | [0xfe, 0xff]);
    let mut reader = source.buffered(0..source.size());
    let (mut at, mut controls) = (0, 0);
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            break;
        }
        let length = buffer.len();
        let is_control = |byte: u8| matches!(byte, 0..=8 | 11 | 14..=26 | 28..=31 | 127);
        controls += if is_wide {
            let high = usize::from(start[0] == 0xfe);
            // Zero as the lower byte of a character whose higher one is zero.
            (0..length.saturating_sub(1))
                .step_by(2)
                .filter(|index| buffer[*index + 1 - high] == 0 && is_control(buffer[*index + high]))
                .count()
        } else {
            buffer.iter().filter(|byte| is_control(**byte)).count()
        };
        if controls > 0 {
            return Err(Refusal::Refused(Reason::TypeMismatch, "no text"));
        }
        reader.consume(length);
        at += length as u64;
        source.guard.done(at, source.size());
    }
    Ok(())
}
