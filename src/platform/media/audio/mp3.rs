//! MP3: only its frames are kept. Tags stand before, behind or between them.

use std::{io::Write, time::Duration};

use super::{
    super::{
        Input, Kind, Processed, Refusal, Result, sniff,
        source::{Sink, Source, recording},
    },
    fill, leading_tag, tell,
};

/// Bytes without a frame after which it is no sound any more.
const GAP: u64 = 64 << 10;
/// Frames that must follow each other for a file to be MP3.
const ENOUGH: u64 = 3;

/// What the header of a frame says.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Frame {
    length: usize,
    samples: u32,
    rate: u32,
}

/// Whether the bytes begin with a frame, and another one if there are enough bytes.
pub fn begins(head: &[u8]) -> bool {
    frame(head).is_some_and(|first| match head.get(first.length..) {
        Some(rest) if rest.len() >= 4 => frame(rest).is_some_and(|second| second.rate == first.rate),
        _ => false,
    })
}

fn frame(bytes: &[u8]) -> Option<Frame> {
    const LAYER_3: [[u32; 15]; 2] = [
        [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
        [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    ];
    let [0xff, second, third, _, ..] = *bytes else {
        return None;
    };
    let (version, layer) = (second >> 3 & 3, second >> 1 & 3);
    if second & 0xe0 != 0xe0 || version == 1 || layer != 1 {
        return None;
    }
    let is_first = version == 3;
    let rate = [44_100, 48_000, 32_000].get(usize::from(third >> 2 & 3))? / [4, 1, 2, 1][usize::from(version)];
    let bits = *LAYER_3[usize::from(!is_first)]
        .get(usize::from(third >> 4))
        .filter(|rate| **rate > 0)?;
    let samples = if is_first { 1152 } else { 576 };
    let length = samples / 8 * bits * 1000 / rate + u32::from(third >> 1 & 1);
    Some(Frame {
        length: length as usize,
        samples,
        rate,
    })
}

pub fn process(input: &Input<'_>, source: &Source<'_>) -> Result<Processed> {
    let mut sink = Sink::create(input, "original.mp3", source.guard)?;
    let mut start = sniff::leading_zeros(source)?;
    loop {
        let tag = leading_tag(&source.peek(start, 10)?);
        if tag == 0 {
            break;
        }
        start += tag;
    }
    let mut reader = source.part(start..source.size());
    let (mut buffer, mut at) = (Vec::new(), 0);
    let (mut gap, mut skipped, mut frames, mut seconds, mut rate) = (0, 0, 0_u64, 0.0, None);
    while fill(&mut reader, &mut buffer, &mut at, 10)? || buffer.len() >= at + 4 {
        let Some(found) = frame(&buffer[at..]).filter(|found| rate.is_none_or(|rate| rate == found.rate)) else {
            let tag = leading_tag(&buffer[at..]);
            // A tag of any length, or one byte that is none.
            for _ in 0..tag.max(1) {
                if !fill(&mut reader, &mut buffer, &mut at, 1)? {
                    break;
                }
                at += 1;
            }
            if tag == 0 {
                gap += 1;
                skipped += 1;
            }
            if gap > GAP {
                break;
            }
            continue;
        };
        if !fill(&mut reader, &mut buffer, &mut at, found.length)? {
            break;
        }
        // By chance, two bytes of anything look like a frame; two frames in a row don't.
        let follows = fill(&mut reader, &mut buffer, &mut at, found.length + 4)?;
        let next = &buffer[at + found.length..];
        let is_frame = !follows
            || frame(next).is_some_and(|next| next.rate == found.rate)
            || [&b"TAG"[..], b"ID3", b"APE", b"LYR"]
                .iter()
                .any(|tag| next.starts_with(tag))
            || (gap == 0 && frames >= ENOUGH);
        if !is_frame {
            at += 1;
            gap += 1;
            skipped += 1;
            continue;
        }
        sink.write_all(&buffer[at..at + found.length])?;
        at += found.length;
        (gap, rate) = (0, Some(found.rate));
        frames += 1;
        seconds += f64::from(found.samples) / f64::from(found.rate);
        tell(source, start + sink.size());
    }
    if frames < ENOUGH || skipped > source.limits().max_metadata {
        return Err(Refusal::corrupt("hardly any sound"));
    }
    let mut processed = recording(Kind::Audio, "audio/mpeg", sink.finish()?);
    processed.duration = Some(Duration::from_secs_f64(seconds));
    Ok(processed)
}
