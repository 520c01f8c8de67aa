//! Ogg with Vorbis or Opus: copied page by page, the comments of each stream overwritten. Their packet keeps its length, so
//! that only the checksums of its pages change.

use std::{
    collections::HashMap,
    io::{Read, Write},
    time::Duration,
};

use super::{
    super::{
        Input, Kind, Processed, Refusal, Result,
        source::{Sink, Source, array, le16, le32, recording},
    },
    tell,
};

/// Streams in one file; a recording has one, a chain of songs some.
const STREAMS: usize = 64;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Codec {
    Vorbis,
    Opus,
}

/// A stream as far as it is read.
struct Stream {
    rate: u64,
    /// Samples before the sound.
    skipped: u64,
    last: u64,
    /// The new packet of comments, and how much of it is written.
    comments: Vec<u8>,
    written: usize,
    /// Whole packets so far.
    packets: u32,
}

pub fn process(input: &Input<'_>, source: &Source<'_>) -> Result<Processed> {
    let mut sink = Sink::create(input, "original.ogg", source.guard)?;
    let mut reader = source.buffered(0..source.size());
    let mut streams: HashMap<u32, Option<Stream>> = HashMap::new();
    let (mut at, mut left) = (0, source.limits().max_metadata);
    let mut head = [0; 27];
    while at + 27 <= source.size() {
        reader.read_exact(&mut head)?;
        if !head.starts_with(b"OggS\0") {
            // Not a page: dropped, with all that follows.
            break;
        }
        let mut lacing = vec![0; head[26].into()];
        reader.read_exact(&mut lacing)?;
        let length: usize = lacing.iter().map(|part| usize::from(*part)).sum();
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        at += (27 + lacing.len() + length) as u64;
        tell(source, at);
        let serial = le32(&head, 14)?;
        if head[5] & 2 != 0 {
            if streams.len() == STREAMS || streams.contains_key(&serial) {
                return Err(Refusal::corrupt("broken Ogg"));
            }
            let stream = match codec(&body)? {
                Some((codec, rate, skipped)) => Some(Stream {
                    rate,
                    skipped,
                    last: 0,
                    comments: blank(codec, packet_length(source, at, serial, &mut left)?)?,
                    written: 0,
                    packets: 0,
                }),
                None => None,
            };
            streams.insert(serial, stream);
        }
        let Some(stream) = streams.get_mut(&serial) else {
            return Err(Refusal::corrupt("broken Ogg"));
        };
        // Pages of streams that are no sound are left out.
        let Some(stream) = stream else {
            continue;
        };
        let granule: u64 = array(&head, 6).map(u64::from_le_bytes)?;
        if granule != u64::MAX {
            stream.last = stream.last.max(granule);
        }
        let mut place = 0;
        for part in &lacing {
            let end = place + usize::from(*part);
            if stream.packets == 1 {
                let new = stream.comments.get(stream.written..stream.written + end - place);
                body[place..end].copy_from_slice(new.ok_or(Refusal::corrupt("broken Ogg"))?);
                stream.written += end - place;
            }
            if *part < 255 {
                stream.packets = stream.packets.saturating_add(1);
            }
            place = end;
        }
        head[22..26].fill(0);
        let sum = [&head[..], &lacing, &body]
            .iter()
            .fold(0, |sum, bytes| crc32(sum, bytes));
        head[22..26].copy_from_slice(&sum.to_le_bytes());
        for bytes in [&head[..], &lacing, &body] {
            sink.write_all(bytes)?;
        }
    }
    let sounds: Vec<_> = streams.into_values().flatten().collect();
    if sounds.is_empty() || sounds.iter().any(|stream| stream.packets < 3) {
        return Err(Refusal::unsupported("no sound that is taken"));
    }
    let mut processed = recording(Kind::Audio, "audio/ogg", sink.finish()?);
    let seconds = |stream: &Stream| stream.last.saturating_sub(stream.skipped) as f64 / stream.rate as f64;
    let seconds: f64 = sounds.iter().map(seconds).sum();
    if seconds > source.limits().max_duration.as_secs_f64() {
        return Err(Refusal::too_large("the duration"));
    }
    processed.duration = Some(Duration::from_secs_f64(seconds));
    Ok(processed)
}

/// Of the first page of a stream: its codec, samples a second, and samples before the sound.
fn codec(body: &[u8]) -> Result<Option<(Codec, u64, u64)>> {
    if body.starts_with(b"OpusHead") {
        return Ok(Some((Codec::Opus, 48_000, le16(body, 10)?.into())));
    }
    if body.starts_with(b"\x01vorbis") {
        let rate = le32(body, 12)?;
        return if rate == 0 {
            Err(Refusal::corrupt("broken Ogg"))
        } else {
            Ok(Some((Codec::Vorbis, rate.into(), 0)))
        };
    }
    Ok(None)
}

/// Bytes of the first packet of a stream that begins at or behind a place; as many less are `left` for those of others.
fn packet_length(source: &Source<'_>, mut at: u64, serial: u32, left: &mut u64) -> Result<usize> {
    let mut length = 0_u64;
    loop {
        let head = source.bytes(at..at + 27)?;
        if !head.starts_with(b"OggS\0") {
            return Err(Refusal::corrupt("broken Ogg"));
        }
        let lacing = source.bytes(at + 27..at + 27 + u64::from(head[26]))?;
        at += 27 + lacing.len() as u64 + lacing.iter().map(|part| u64::from(*part)).sum::<u64>();
        if le32(&head, 14)? != serial {
            continue;
        }
        for part in lacing {
            length += u64::from(part);
            *left = left
                .checked_sub(part.into())
                .ok_or(Refusal::too_large("too much beside the sound"))?;
            if part < 255 {
                return Ok(length as usize);
            }
        }
    }
}

/// A packet of comments without any: all that is too much is the name of the encoder, which is blank.
fn blank(codec: Codec, length: usize) -> Result<Vec<u8>> {
    let (magic, end): (&[u8], &[u8]) = match codec {
        Codec::Vorbis => (b"\x03vorbis", &[0, 0, 0, 0, 1]),
        Codec::Opus => (b"OpusTags", &[0; 4]),
    };
    let name = length
        .checked_sub(magic.len() + 4 + end.len())
        .ok_or(Refusal::corrupt("broken Ogg"))?;
    let mut packet = magic.to_vec();
    packet.extend((name as u32).to_le_bytes());
    packet.resize(packet.len() + name, b' ');
    packet.extend(end);
    Ok(packet)
}

/// Overwrites the packet of Vorbis comments among the headers that Matroska keeps together.
pub fn blank_private(private: &mut [u8]) -> Result<()> {
    let broken = || Refusal::corrupt("broken Vorbis");
    let [2, lacing @ ..] = &*private else {
        return Err(broken());
    };
    let (mut lengths, mut at) = ([0_usize; 2], 1);
    for length in &mut lengths {
        let run = lacing[at - 1..].iter().take_while(|part| **part == 255).count();
        *length = 255 * run + usize::from(*lacing.get(at - 1 + run).ok_or_else(broken)?);
        at += run + 1;
    }
    let packet = private
        .get_mut(at + lengths[0]..at + lengths[0] + lengths[1])
        .ok_or_else(broken)?;
    packet.copy_from_slice(&blank(Codec::Vorbis, packet.len())?);
    Ok(())
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let (mut sum, mut bit) = ((index as u32) << 24, 0);
        while bit < 8 {
            sum = if sum & 1 << 31 == 0 {
                sum << 1
            } else {
                sum << 1 ^ 0x04c1_1db7
            };
            bit += 1;
        }
        table[index] = sum;
        index += 1;
    }
    table
};

fn crc32(sum: u32, bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(sum, |sum, byte| sum << 8 ^ TABLE[usize::from((sum >> 24) as u8 ^ byte)])
}
