//! FLAC: its frames and what a player needs to know are kept; what follows the last frame is dropped.

use std::{io::Write, time::Duration};

use super::{
    super::{
        Input, Kind, Processed, Refusal, Result,
        source::{Sink, Source, be32, be64, recording},
    },
    fill, tell,
};

/// Bytes of a frame at most, for any sensible form of sound.
const LONGEST: usize = 4 << 20;

pub fn process(input: &Input<'_>, source: &Source<'_>) -> Result<Processed> {
    let mut at = 4;
    let mut kept = Vec::new();
    loop {
        source.guard.check()?;
        let head = source.bytes(at..at + 4)?;
        let block = at..at + 4 + u64::from(be32(&head, 0)? & 0xff_ffff);
        // What the stream is comes first; a table for seeking may follow.
        match (head[0] & 0x7f, kept.len()) {
            (0, 0) | (3, 1) => kept.push(block.clone()),
            (0, _) | (_, 0) | (127, _) => return Err(Refusal::corrupt("broken FLAC")),
            _ => {}
        }
        at = block.end;
        if at > source.limits().max_metadata {
            return Err(Refusal::too_large("too much beside the sound"));
        }
        if head[0] & 0x80 != 0 {
            break;
        }
    }
    let mut sink = Sink::create(input, "original.flac", source.guard)?;
    sink.write_all(b"fLaC")?;
    let count = kept.len();
    let form = source.bytes(kept[0].clone())?;
    for (index, block) in kept.into_iter().enumerate() {
        let mut bytes = source.bytes(block)?;
        bytes[0] = bytes[0] & 0x7f | if index + 1 == count { 0x80 } else { 0 };
        sink.write_all(&bytes)?;
    }
    let packed = be64(&form, 4 + 10)?;
    let (rate, samples) = (packed >> 44, packed & 0xf_ffff_ffff);
    if rate == 0 || form.len() != 38 {
        return Err(Refusal::corrupt("broken FLAC"));
    }
    copy_frames(source, at, &mut sink)?;
    let mut processed = recording(Kind::Audio, "audio/flac", sink.finish()?);
    processed.duration = (samples > 0).then(|| Duration::from_secs_f64(samples as f64 / rate as f64));
    Ok(processed)
}

/// Copies frame after frame. Where one ends, only its checksum tells.
fn copy_frames(source: &Source<'_>, start: u64, sink: &mut Sink<'_>) -> Result<()> {
    let mut reader = source.part(start..source.size());
    let (mut buffer, mut at, mut frames) = (Vec::new(), 0, 0_u64);
    while fill(&mut reader, &mut buffer, &mut at, 16)? || buffer.len() > at + 6 {
        if !begins_frame(&buffer[at..]) {
            break;
        }
        let (mut length, mut sum, mut first_end) = (0, 0_u16, None);
        let end = loop {
            // Enough to see the next header.
            fill(&mut reader, &mut buffer, &mut at, length + 17)?;
            let Some(byte) = buffer.get(at + length) else {
                break first_end;
            };
            sum = crc16(sum, *byte);
            length += 1;
            if sum == 0 && length > 8 {
                let rest = &buffer[at + length..];
                if rest.is_empty() || begins_frame(rest) {
                    break Some(length);
                }
                first_end.get_or_insert(length);
            }
            if length > LONGEST {
                break first_end;
            }
        };
        let Some(end) = end else {
            return Err(Refusal::corrupt("ends too early"));
        };
        sink.write_all(&buffer[at..at + end])?;
        at += end;
        frames += 1;
        tell(source, start + sink.size());
        if first_end.is_some_and(|first| first == end) && !begins_frame(&buffer[at..]) {
            break;
        }
    }
    if frames == 0 {
        return Err(Refusal::corrupt("a sound without samples"));
    }
    Ok(())
}

/// Whether a frame begins here, by the checksum of its header.
fn begins_frame(bytes: &[u8]) -> bool {
    let [0xff, 0xf8 | 0xf9, form, third, number, ..] = *bytes else {
        return false;
    };
    // The number of the frame, as in UTF-8.
    let mut length = 4 + match number.leading_ones() {
        0 => 1,
        ones @ 2..=7 => ones as usize,
        _ => return false,
    };
    length += match form >> 4 {
        0 => return false,
        6 => 1,
        7 => 2,
        _ => 0,
    };
    length += match form & 15 {
        12 => 1,
        13 | 14 => 2,
        15 => return false,
        _ => 0,
    };
    let sum = |sum: u8, byte: &u8| {
        (0..8).fold(
            sum ^ byte,
            |sum, _| if sum & 0x80 == 0 { sum << 1 } else { sum << 1 ^ 0x07 },
        )
    };
    third & 1 == 0
        && bytes
            .get(..=length)
            .is_some_and(|header| header.iter().fold(0, sum) == 0)
}

const TABLE: [u16; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let (mut sum, mut bit) = ((index as u16) << 8, 0);
        while bit < 8 {
            sum = if sum & 0x8000 == 0 { sum << 1 } else { sum << 1 ^ 0x8005 };
            bit += 1;
        }
        table[index] = sum;
        index += 1;
    }
    table
};

fn crc16(sum: u16, byte: u8) -> u16 {
    sum << 8 ^ TABLE[usize::from((sum >> 8) as u8 ^ byte)]
}
