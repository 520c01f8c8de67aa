//! Matroska and WebM: copied element by element. What is not known to be needed becomes a Void of the same length, and so do
//! the blocks of tracks that are neither picture nor sound, so that no position changes.

use std::{io::Write, ops::Range, time::Duration};

use super::{
    super::{
        Input, Kind, Processed, Refusal, Result, audio,
        source::{Sink, Source, array, be32, be64, recording},
    },
    poster,
};

/// Bytes of an element that is held in memory: a block, or a list.
const HELD: u64 = 24 << 20;
/// Bytes of the header, at most.
const HEADER: u64 = 4096;

/// What is done with an element.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Keep,
    /// Its parts are looked at.
    Enter,
    /// A text that must be there, but not what it says.
    Blank,
    Void,
}

/// Elements have the same id wherever they stand.
fn fate(id: u32) -> Fate {
    match id {
        // The lists: Info, Tracks, TrackEntry, Video, Colour, Audio, SeekHead, Seek, Cues, CuePoint, CueTrackPositions, BlockGroup.
        0x1549_a966 | 0x1654_ae6b | 0xae | 0xe0 | 0x55b0 | 0xe1 | 0x114d_9b74 | 0x4dbb | 0x1c53_bb6b | 0xbb | 0xb7 | 0xa0 => {
            Fate::Enter
        }
        // Of Info: TimestampScale, Duration.
        0x2a_d7b1 | 0x4489
        // Of TrackEntry: number, uid, type, flags, caches, durations, languages, codec and its delays, compression.
        | 0xd7 | 0x73c5 | 0x83 | 0xb9 | 0x88 | 0x55aa | 0x9c | 0x6de7 | 0x6df8 | 0x23_e383 | 0x23_4e7a | 0x23_314f | 0x55ee
        | 0x22_b59c | 0x22_b59d | 0x86 | 0x63a2 | 0x56aa | 0x56bb | 0x6d80
        // Of Video and Colour.
        | 0x9a | 0x9d | 0x53b8 | 0x53c0 | 0xb0 | 0xba | 0x54aa | 0x54bb | 0x54cc | 0x54dd | 0x54b0 | 0x54ba | 0x54b2 | 0x54b3
        | 0x55b1..=0x55bd
        // Of Audio.
        | 0xb5 | 0x78b5 | 0x9f | 0x6264
        // Of SeekHead and Cues.
        | 0x53ab | 0x53ac | 0xb3 | 0xf7 | 0xf1 | 0xf0 | 0xb2 | 0x5378
        // Of Cluster and BlockGroup: Timestamp, Position, PrevSize, blocks, their durations and references.
        | 0xe7 | 0xa7 | 0xab | 0xa3 | 0xa1 | 0x9b | 0xfb | 0xfa | 0x75a2 => Fate::Keep,
        // The programs that wrote it.
        0x4d80 | 0x5741 => Fate::Blank,
        _ => Fate::Void,
    }
}

/// The head of an element; the length is none where it ends with what follows.
#[derive(Clone, Copy)]
struct Head {
    id: u32,
    /// Bytes of id and length.
    bytes: usize,
    length: Option<u64>,
}

fn head(bytes: &[u8]) -> Result<Head> {
    let broken = || Refusal::corrupt("broken Matroska");
    let first = *bytes.first().ok_or_else(broken)?;
    let id_bytes = first.leading_zeros() as usize + 1;
    if id_bytes > 4 {
        return Err(broken());
    }
    let id = bytes.get(..id_bytes).ok_or_else(broken)?;
    let id = id.iter().fold(0, |id, byte| id << 8 | u32::from(*byte));
    let (length, length_bytes) = number(&bytes[id_bytes..])?;
    Ok(Head {
        id,
        bytes: id_bytes + length_bytes,
        length,
    })
}

/// A number of variable width, and how wide it is; none if all its bits are set.
fn number(bytes: &[u8]) -> Result<(Option<u64>, usize)> {
    let broken = || Refusal::corrupt("broken Matroska");
    let first = *bytes.first().ok_or_else(broken)?;
    let width = first.leading_zeros() as usize + 1;
    if width > 8 {
        return Err(broken());
    }
    let bytes = bytes.get(..width).ok_or_else(broken)?;
    let value = bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)) & !(u64::MAX << (7 * width));
    Ok(((value != !(u64::MAX << (7 * width))).then_some(value), width))
}

/// The head of a Void that is so many bytes long, at least two.
fn void(length: u64) -> Vec<u8> {
    if length < 10 {
        vec![0xec, 0x80 | (length - 2) as u8]
    } else {
        let mut head = vec![0xec];
        head.extend((1 << 56 | (length - 9)).to_be_bytes());
        head
    }
}

/// What the elements said.
#[derive(Default)]
struct Movie {
    doc_type: Vec<u8>,
    /// Nanoseconds of a unit of time.
    scale: u64,
    /// In such units.
    duration: Option<f64>,
    tracks: Vec<Track>,
    has_tracks: bool,
    cluster: u64,
    last: u64,
}

#[derive(Default)]
struct Track {
    number: u64,
    kind: u64,
    size: (u64, u64),
    shown: (u64, u64),
}

impl Movie {
    fn keeps(&self, number: u64) -> bool {
        self.tracks.iter().any(|track| track.number == number)
    }

    /// Of a block: whether its track is kept; notes its time.
    fn note_block(&mut self, block: &[u8]) -> Result<bool> {
        let (track, width) = number(block)?;
        let time = i16::from_be_bytes(array(block, width)?);
        self.last = self.last.max(self.cluster.saturating_add_signed(time.into()));
        Ok(track.is_some_and(|track| self.keeps(track)))
    }
}

pub fn process(input: &Input<'_>, source: &Source<'_>) -> Result<Processed> {
    source.guard.stage(0, if input.ffmpeg.is_some() { 90 } else { 100 });
    let mut sink = Sink::create(input, "original.webm", source.guard)?;
    let mut movie = Movie {
        scale: 1_000_000,
        ..Movie::default()
    };
    let start = copy_header(source, &mut movie, &mut sink)?;
    copy_segment(source, start, &mut movie, &mut sink)?;
    let picture = movie.tracks.iter().find(|track| track.kind == 1);
    if movie.tracks.is_empty() {
        return Err(Refusal::mismatch("neither a video nor a sound"));
    }
    let kind = if picture.is_some() { Kind::Video } else { Kind::Audio };
    let media_type = match (kind, &*movie.doc_type) {
        (Kind::Audio, _) => "audio/webm",
        (_, b"webm") => "video/webm",
        _ => "video/x-matroska",
    };
    let mut processed = recording(kind, media_type, sink.finish()?);
    let units = movie
        .duration
        .filter(|units| units.is_finite() && *units > 0.0)
        .unwrap_or(movie.last as f64);
    let seconds = units * movie.scale as f64 / 1e9;
    if seconds > source.limits().max_duration.as_secs_f64() {
        return Err(Refusal::too_large("the duration"));
    }
    processed.duration = (seconds > 0.0).then(|| Duration::from_secs_f64(seconds));
    if let Some(track) = picture {
        let (width, height) = if track.shown.0 > 0 && track.shown.1 > 0 {
            track.shown
        } else {
            track.size
        };
        let pixels = |side: u64| u32::try_from(side).map_err(|_| Refusal::corrupt("broken Matroska"));
        (processed.width, processed.height) = (Some(pixels(width)?), Some(pixels(height)?));
        (processed.files[0].width, processed.files[0].height) = (processed.width, processed.height);
        poster::add(input, source.guard, "matroska", &mut processed)?;
    }
    Ok(processed)
}

/// The element in front of all others. Returns where it ends.
fn copy_header(source: &Source<'_>, movie: &mut Movie, sink: &mut Sink<'_>) -> Result<u64> {
    let top = head(&source.peek(0, 12)?)?;
    let length = top
        .length
        .filter(|length| *length <= HEADER)
        .ok_or(Refusal::corrupt("broken Matroska"))?;
    let end = top.bytes as u64 + length;
    let mut bytes = source.bytes(0..end)?;
    let mut at = top.bytes;
    while at < bytes.len() {
        let part = head(&bytes[at..])?;
        let content = content(&bytes, at, part, bytes.len())?;
        match part.id {
            0x4282 => {
                movie.doc_type = bytes[content.clone()]
                    .iter()
                    .copied()
                    .take_while(|byte| *byte > 0)
                    .collect()
            }
            // Versions, and the widths of ids and lengths.
            0x4286 | 0x42f7 | 0x42f2 | 0x42f3 | 0x4287 | 0x4285 => {}
            _ => make_void(&mut bytes[at..content.end]),
        }
        at = content.end;
    }
    sink.write_all(&bytes)?;
    match &*movie.doc_type {
        b"webm" | b"matroska" => Ok(end),
        _ => Err(Refusal::unsupported("a rare kind of Matroska")),
    }
}

/// The bytes of an element in memory, behind its head.
fn content(bytes: &[u8], at: usize, part: Head, end: usize) -> Result<Range<usize>> {
    let start = at + part.bytes;
    let length = part.length.and_then(|length| usize::try_from(length).ok());
    let stop = length
        .and_then(|length| start.checked_add(length))
        .filter(|stop| *stop <= end.min(bytes.len()));
    stop.map(|stop| start..stop)
        .ok_or(Refusal::corrupt("an element larger than the one around it"))
}

fn make_void(element: &mut [u8]) {
    let head = void(element.len() as u64);
    element.fill(0);
    element[..head.len()].copy_from_slice(&head);
}

/// Copies all that follows the header, as far as it belongs to the film.
fn copy_segment(source: &Source<'_>, start: u64, movie: &mut Movie, sink: &mut Sink<'_>) -> Result<()> {
    const SEGMENT: u32 = 0x1853_8067;
    const CLUSTER: u32 = 0x1f43_b675;
    let top = head(&source.peek(start, 12)?)?;
    if top.id != SEGMENT {
        return Err(Refusal::corrupt("broken Matroska"));
    }
    let mut at = start + top.bytes as u64;
    let end = match top.length {
        Some(length) => at.checked_add(length).filter(|end| *end <= source.size()),
        None => Some(source.size()),
    };
    let end = end.ok_or(Refusal::corrupt("ends too early"))?;
    source.copy(start..at, sink)?;
    // Where the current cluster ends, if it says.
    let mut inner = end;
    while at < end {
        if at >= inner {
            inner = end;
        }
        let part = head(&source.peek(at, 12)?)?;
        let body = at + part.bytes as u64;
        source.guard.done(at, source.size());
        if part.id == CLUSTER {
            if !movie.has_tracks {
                return Err(Refusal::corrupt("a cluster before the tracks"));
            }
            source.copy(at..body, sink)?;
            inner = match part.length {
                Some(length) => body.saturating_add(length),
                None => end,
            };
            if inner > end {
                return Err(Refusal::corrupt("ends too early"));
            }
            at = body;
            continue;
        }
        let stop = part
            .length
            .and_then(|length| body.checked_add(length))
            .filter(|stop| *stop <= inner);
        let stop = stop.ok_or(Refusal::corrupt("an element larger than the one around it"))?;
        if fate(part.id) == Fate::Void {
            let head = void(stop - at);
            sink.write_all(&head)?;
            sink.zeros(stop - at - head.len() as u64)?;
        } else {
            if stop - at > HELD {
                return Err(Refusal::too_large("a part of the film"));
            }
            let mut bytes = source.bytes(at..stop)?;
            let length = bytes.len();
            clean(&mut bytes, 0..length, movie)?;
            sink.write_all(&bytes)?;
        }
        at = stop;
    }
    Ok(())
}

/// Cleans some elements in place, and notes what they say. Lists lie in lists five deep at most, as the ids have it; the
/// length of each is within the one around it.
fn clean(bytes: &mut [u8], range: Range<usize>, movie: &mut Movie) -> Result<()> {
    let mut stack = vec![range];
    while let Some(range) = stack.pop() {
        let mut at = range.start;
        while at < range.end {
            let part = head(&bytes[at..range.end])?;
            let content = content(bytes, at, part, range.end)?;
            let value = &bytes[content.clone()];
            let stop = content.end;
            match part.id {
                0x1654_ae6b => movie.has_tracks = true,
                0x2a_d7b1 => movie.scale = unsigned(value)?,
                0x4489 => movie.duration = Some(float(value)?),
                0xe7 => movie.cluster = unsigned(value)?,
                _ => {}
            }
            let fate = match part.id {
                0xae => clean_track(bytes, content.clone(), movie)?,
                0xa3 | 0xa1 if !movie.note_block(value)? => Fate::Void,
                id => fate(id),
            };
            match fate {
                Fate::Keep => {}
                Fate::Enter => stack.push(content),
                Fate::Blank => bytes[content].fill(0),
                Fate::Void => make_void(&mut bytes[at..stop]),
            }
            at = stop;
        }
    }
    Ok(())
}

/// Reads a track, and says what is done with it.
fn clean_track(bytes: &mut [u8], range: Range<usize>, movie: &mut Movie) -> Result<Fate> {
    let mut track = Track::default();
    let (mut codec, mut private) = (Vec::new(), None);
    let mut ranges = vec![range];
    while let Some(range) = ranges.pop() {
        let mut at = range.start;
        while at < range.end {
            let part = head(&bytes[at..range.end])?;
            let content = content(bytes, at, part, range.end)?;
            let value = &bytes[content.clone()];
            match part.id {
                0xd7 => track.number = unsigned(value)?,
                0x83 => track.kind = unsigned(value)?,
                0x86 => codec = value.to_vec(),
                0x63a2 => private = Some(content.clone()),
                0xb0 => track.size.0 = unsigned(value)?,
                0xba => track.size.1 = unsigned(value)?,
                0x54b0 => track.shown.0 = unsigned(value)?,
                0x54ba => track.shown.1 = unsigned(value)?,
                0xe0 => ranges.push(content.clone()),
                _ => {}
            }
            at = content.end;
        }
    }
    if !matches!(track.kind, 1 | 2) {
        return Ok(Fate::Void);
    }
    if let Some(private) = private {
        match &*codec {
            b"A_VORBIS" => audio::ogg::blank_private(&mut bytes[private])?,
            // Tags and pictures among its headers.
            b"A_FLAC" => return Err(Refusal::unsupported("FLAC in Matroska")),
            _ => {}
        }
    }
    movie.tracks.push(track);
    Ok(Fate::Enter)
}

fn unsigned(value: &[u8]) -> Result<u64> {
    if value.len() > 8 {
        return Err(Refusal::corrupt("broken Matroska"));
    }
    Ok(value.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

fn float(value: &[u8]) -> Result<f64> {
    match value.len() {
        4 => Ok(f32::from_bits(be32(value, 0)?).into()),
        8 => Ok(f64::from_bits(be64(value, 0)?)),
        _ => Err(Refusal::corrupt("broken Matroska")),
    }
}
