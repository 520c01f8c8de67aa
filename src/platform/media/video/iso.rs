//! MP4 and its kin (ISO base media, QuickTime): copied box by box. Boxes that are not known to be needed become `free` boxes
//! of zeros, and so do all samples that are neither picture nor sound, so that no offset changes.

mod fragment;
mod samples;

use std::{io::Write, ops::Range, time::Duration};

use self::samples::Samples;
use super::{
    super::{
        Input, Kind, Processed, Refusal, Result,
        source::{Sink, Source, array, be16, be32, be64, recording},
    },
    poster,
};

/// Boxes of a file, or of one box.
const MOST_BOXES: usize = 200_000;
/// Bytes of a box that is held in memory, other than the index.
const SMALL: u64 = 8 << 20;

/// A box in memory.
#[derive(Clone, Debug)]
struct Atom {
    kind: [u8; 4],
    start: usize,
    body: usize,
    end: usize,
}

/// A box of the file.
struct Outer {
    kind: [u8; 4],
    start: u64,
    body: u64,
    end: u64,
}

/// What an index says of a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Track {
    id: u32,
    /// Whether it is a picture; otherwise sound.
    is_video: bool,
    size: (u32, u32),
}

/// What the index says.
#[derive(Default)]
struct Index {
    tracks: Vec<Track>,
    duration: Option<Duration>,
    is_fragmented: bool,
    /// Sizes of the samples of fragments that say none, by track.
    defaults: Vec<(u32, u32, u32)>,
    timescales: Vec<(u32, u32)>,
}

pub fn process(input: &Input<'_>, source: &Source<'_>) -> Result<Processed> {
    source.guard.stage(0, 10);
    let boxes = outer(source)?;
    let of = |kind: &'static [u8; 4]| boxes.iter().filter(move |each| each.kind == *kind);
    let (Some(moov), None) = (of(b"moov").next(), of(b"moov").nth(1)) else {
        return Err(Refusal::corrupt("a video without one index"));
    };
    if moov.end - moov.start > source.limits().max_index {
        return Err(Refusal::too_large("the index"));
    }
    let mut bytes = source.bytes(moov.start..moov.end)?;
    let mut samples = Samples::new(of(b"mdat").map(|each| each.body..each.end).collect());
    let mut index = clean_index(&mut bytes, (moov.body - moov.start) as usize, &mut samples)?;
    let has_video = index.tracks.iter().any(|track| track.is_video);
    if index.tracks.is_empty() {
        return Err(Refusal::mismatch("neither a video nor a sound"));
    }
    let kind = if has_video { Kind::Video } else { Kind::Audio };
    let mut fragments = fragment::Fragments::new(&index);
    for each in of(b"moof") {
        let mut bytes = small(source, each)?;
        fragments.clean(&mut bytes, each, &mut samples)?;
    }
    if index.duration.is_none() {
        index.duration = fragments.duration();
    }
    if index
        .duration
        .is_some_and(|duration| duration > source.limits().max_duration)
    {
        return Err(Refusal::too_large("the duration"));
    }
    let ranges = samples.finish()?;
    let media_type = match (kind, boxes.first()) {
        (Kind::Audio, _) => "audio/mp4",
        (_, Some(first)) if first.kind == *b"ftyp" && source.peek(first.body, 4)? != b"qt  " => "video/mp4",
        _ => "video/quicktime",
    };
    source.guard.stage(10, if input.ffmpeg.is_some() { 90 } else { 100 });
    let sink = write(input, source, &boxes, bytes, &ranges, &mut fragments)?;
    let mut processed = recording(kind, media_type, sink);
    processed.duration = index.duration;
    if let Some(track) = index.tracks.iter().find(|track| track.is_video) {
        (processed.width, processed.height) = (Some(track.size.0), Some(track.size.1));
        (processed.files[0].width, processed.files[0].height) = (processed.width, processed.height);
        poster::add(input, source.guard, "mp4", &mut processed)?;
    }
    Ok(processed)
}

/// The boxes of the file, up to where no more follow.
fn outer(source: &Source<'_>) -> Result<Vec<Outer>> {
    let mut boxes: Vec<Outer> = Vec::new();
    let mut at = 0;
    while at < source.size() {
        source.guard.check()?;
        let head = source.peek(at, 16)?;
        let is_complete = ["moov", "mdat"]
            .iter()
            .all(|kind| boxes.iter().any(|each| each.kind == *kind.as_bytes()));
        let found = read_outer(&head, at, source.size());
        match found {
            Some(each) if each.end <= source.size() => {
                if boxes.len() == MOST_BOXES {
                    return Err(Refusal::too_large("the number of boxes"));
                }
                at = each.end;
                boxes.push(each);
            }
            Some(each) if matches!(&each.kind, b"mdat" | b"moov" | b"moof") => {
                return Err(Refusal::corrupt("ends too early"));
            }
            // Something that no player reads.
            _ if is_complete => break,
            _ => return Err(Refusal::corrupt("broken MP4")),
        }
    }
    // What ends the file and isn't needed is not copied at all.
    while boxes.last().is_some_and(|last| fate(&last.kind) == Fate::Blank) {
        boxes.pop();
    }
    Ok(boxes)
}

fn read_outer(head: &[u8], start: u64, size: u64) -> Option<Outer> {
    let kind = array(head, 4).ok()?;
    let (header, length) = match be32(head, 0).ok()? {
        0 => (8, size - start),
        1 => (16, be64(head, 8).ok()?),
        length => (8, length.into()),
    };
    let end = start.checked_add(length)?;
    (length >= header).then_some(Outer {
        kind,
        start,
        body: start + header,
        end,
    })
}

#[derive(PartialEq, Eq)]
enum Fate {
    /// As it is.
    Copy,
    /// Known from within.
    Clean,
    /// As long, but `free` and empty.
    Blank,
}

fn fate(kind: &[u8; 4]) -> Fate {
    match kind {
        b"ftyp" | b"styp" | b"sidx" | b"mfra" => Fate::Copy,
        b"moov" | b"moof" | b"mdat" => Fate::Clean,
        _ => Fate::Blank,
    }
}

fn small(source: &Source<'_>, each: &Outer) -> Result<Vec<u8>> {
    if each.end - each.start > SMALL {
        return Err(Refusal::too_large("a part of the index"));
    }
    source.bytes(each.start..each.end)
}

fn write(
    input: &Input<'_>,
    source: &Source<'_>,
    boxes: &[Outer],
    moov: Vec<u8>,
    ranges: &[Range<u64>],
    fragments: &mut fragment::Fragments,
) -> Result<(std::path::PathBuf, u64)> {
    let mut sink = Sink::create(input, "original.mp4", source.guard)?;
    for each in boxes {
        match (&each.kind, fate(&each.kind)) {
            (b"moov", _) => sink.write_all(&moov)?,
            (b"moof", _) => {
                let mut bytes = small(source, each)?;
                fragments.clean(&mut bytes, each, &mut Samples::ignored())?;
                sink.write_all(&bytes)?;
            }
            (b"mdat", _) => {
                source.copy(each.start..each.body, &mut sink)?;
                let first = ranges.partition_point(|range| range.end <= each.body);
                let mut at = each.body;
                for range in ranges[first..].iter().take_while(|range| range.start < each.end) {
                    sink.zeros(range.start - at)?;
                    source.copy(range.clone(), &mut sink)?;
                    at = range.end;
                    source.guard.done(at, source.size());
                }
                sink.zeros(each.end - at)?;
            }
            (_, Fate::Copy) => sink.write_all(&small(source, each)?)?,
            _ => {
                // A header of the same length, so that even a box of 16 bytes has room for it.
                let mut head = source.bytes(each.start..each.body)?;
                head[4..8].copy_from_slice(b"free");
                sink.write_all(&head)?;
                sink.zeros(each.end - each.body)?;
            }
        }
        source.guard.done(each.end, source.size());
    }
    sink.finish()
}

/// The boxes inside a box.
fn children(bytes: &[u8], inside: Range<usize>) -> Result<Vec<Atom>> {
    let mut found = Vec::new();
    let mut at = inside.start;
    while at + 8 <= inside.end {
        let (header, length) = match be32(bytes, at)? {
            1 => (16, usize::try_from(be64(bytes, at + 8)?).unwrap_or(usize::MAX)),
            length => (8, length as usize),
        };
        let end = at
            .checked_add(length)
            .filter(|end| *end <= inside.end && length >= header);
        let Some(end) = end else {
            // QuickTime ends some lists by zeros.
            if bytes[at..inside.end].iter().all(|byte| *byte == 0) {
                break;
            }
            return Err(Refusal::corrupt("a box larger than the one around it"));
        };
        if found.len() == MOST_BOXES {
            return Err(Refusal::too_large("the number of boxes"));
        }
        found.push(Atom {
            kind: array(bytes, at + 4)?,
            start: at,
            body: at + header,
            end,
        });
        at = end;
    }
    Ok(found)
}

/// Makes a box of zeros of it.
fn blank(bytes: &mut [u8], atom: &Atom) {
    bytes[atom.start + 4..atom.start + 8].copy_from_slice(b"free");
    bytes[atom.body..atom.end].fill(0);
}

/// The boxes inside a box that may stay; the others are made blank, and so is what stands between them.
fn keep(bytes: &mut [u8], inside: Range<usize>, kinds: &[&[u8; 4]]) -> Result<Vec<Atom>> {
    let mut kept = children(bytes, inside.clone())?;
    let end = kept.last().map_or(inside.start, |last| last.end);
    bytes[end..inside.end].fill(0);
    kept.retain(|atom| {
        let is_kept = kinds.contains(&&atom.kind);
        if !is_kept {
            blank(bytes, atom);
        }
        is_kept
    });
    Ok(kept)
}

/// One box of a kind, which must be there once.
fn only<'a>(atoms: &'a [Atom], kind: &[u8; 4]) -> Result<&'a Atom> {
    let mut found = atoms.iter().filter(|atom| atom.kind == *kind);
    match (found.next(), found.next()) {
        (Some(atom), None) => Ok(atom),
        _ => Err(Refusal::corrupt("an index without its parts")),
    }
}

/// Overwrites a part of a box, as far as the box goes.
fn zero(bytes: &mut [u8], atom: &Atom, part: Range<usize>) {
    let clamp = |at: usize| (atom.body + at).min(atom.end);
    bytes[clamp(part.start)..clamp(part.end)].fill(0);
}

/// Overwrites when something was made and changed. Returns where its other fields begin, and whether they are wide.
fn zero_times(bytes: &mut [u8], atom: &Atom) -> Result<(usize, bool)> {
    let is_wide = array::<1>(bytes, atom.body)? == [1];
    let times = if is_wide { 4..20 } else { 4..12 };
    let after = atom.body + times.end;
    zero(bytes, atom, times);
    Ok((after, is_wide))
}

/// A duration in units of a second; all ones mean that it isn't known.
fn duration(bytes: &[u8], at: usize, is_wide: bool, timescale: u32) -> Result<Option<Duration>> {
    let units = if is_wide {
        be64(bytes, at)?
    } else {
        be32(bytes, at)?.into()
    };
    let unknown = if is_wide { u64::MAX } else { u32::MAX.into() };
    if units == 0 || units == unknown {
        return Ok(None);
    }
    in_units(units, timescale).map(Some)
}

/// So many units of a second.
fn in_units(units: u64, timescale: u32) -> Result<Duration> {
    if timescale == 0 {
        return Err(Refusal::corrupt("time without a unit"));
    }
    let millis = u128::from(units) * 1000 / u128::from(timescale);
    Ok(Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX)))
}

/// Cleans the index in place, and notes where picture and sound are.
fn clean_index(bytes: &mut [u8], body: usize, samples: &mut Samples) -> Result<Index> {
    let length = bytes.len();
    let atoms = keep(bytes, body..length, &[b"mvhd", b"trak", b"mvex"])?;
    let mut index = Index::default();
    let header = only(&atoms, b"mvhd")?;
    let (after, is_wide) = zero_times(bytes, header)?;
    index.duration = duration(bytes, after + 4, is_wide, be32(bytes, after)?)?;
    // QuickTime has the times of preview and selection there.
    for atom in atoms.iter().filter(|atom| atom.kind == *b"trak") {
        match clean_track(bytes, atom, samples, &mut index)? {
            Some(track) => index.tracks.push(track),
            None => blank(bytes, atom),
        }
    }
    for atom in atoms.iter().filter(|atom| atom.kind == *b"mvex") {
        index.is_fragmented = true;
        for part in keep(bytes, atom.body..atom.end, &[b"mehd", b"trex"])? {
            if part.kind == *b"trex" {
                let default = (
                    be32(bytes, part.body + 4)?,
                    be32(bytes, part.body + 12)?,
                    be32(bytes, part.body + 16)?,
                );
                index.defaults.push(default);
            }
        }
    }
    Ok(index)
}

/// Cleans a track. None is one that is neither picture nor sound: subtitles hold positions too.
fn clean_track(bytes: &mut [u8], atom: &Atom, samples: &mut Samples, index: &mut Index) -> Result<Option<Track>> {
    let atoms = keep(bytes, atom.body..atom.end, &[b"tkhd", b"edts", b"mdia"])?;
    for edits in atoms.iter().filter(|atom| atom.kind == *b"edts") {
        keep(bytes, edits.body..edits.end, &[b"elst"])?;
    }
    let media = only(&atoms, b"mdia")?;
    let parts = keep(bytes, media.body..media.end, &[b"mdhd", b"hdlr", b"minf"])?;
    let handler = only(&parts, b"hdlr")?;
    let is_video = match &array(bytes, handler.body + 8)? {
        b"vide" => true,
        b"soun" => false,
        _ => return Ok(None),
    };
    // Who made it, and its name.
    zero(bytes, handler, 12..handler.end - handler.body);
    let times = only(&parts, b"mdhd")?;
    let (after, _) = zero_times(bytes, times)?;
    let timescale = be32(bytes, after)?;
    let header = only(&atoms, b"tkhd")?;
    let (after, is_wide) = zero_times(bytes, header)?;
    let id = be32(bytes, after)?;
    let matrix = after + if is_wide { 32 } else { 28 };
    let is_turned = be32(bytes, matrix)? == 0 && be32(bytes, matrix + 16)? == 0;
    let mut size = (be32(bytes, matrix + 36)? >> 16, be32(bytes, matrix + 40)? >> 16);
    let stored = clean_media(bytes, only(&parts, b"minf")?, is_video, samples)?;
    if size.0 == 0 || size.1 == 0 {
        size = stored;
    }
    if is_turned {
        size = (size.1, size.0);
    }
    index.timescales.push((id, timescale));
    Ok(Some(Track { id, is_video, size }))
}

/// Cleans what describes the samples of a track. Returns the size of its picture.
fn clean_media(bytes: &mut [u8], atom: &Atom, is_video: bool, samples: &mut Samples) -> Result<(u32, u32)> {
    let atoms = keep(
        bytes,
        atom.body..atom.end,
        &[b"vmhd", b"smhd", b"hdlr", b"dinf", b"stbl"],
    )?;
    for handler in atoms.iter().filter(|atom| atom.kind == *b"hdlr") {
        zero(bytes, handler, 12..handler.end - handler.body);
    }
    for data in atoms.iter().filter(|atom| atom.kind == *b"dinf") {
        for references in keep(bytes, data.body..data.end, &[b"dref"])? {
            for reference in children(bytes, references.body + 8..references.end)? {
                // Samples of another file, which a player might ask for.
                if be32(bytes, reference.body)? & 1 == 0 {
                    return Err(Refusal::unsafe_("samples in another file"));
                }
                zero(bytes, &reference, 4..reference.end - reference.body);
            }
        }
    }
    let table = only(&atoms, b"stbl")?;
    let parts = keep(
        bytes,
        table.body..table.end,
        &[
            b"stsd", b"stts", b"ctts", b"cslg", b"stss", b"stps", b"stsc", b"stsz", b"stz2", b"stco", b"co64", b"sdtp",
            b"sbgp", b"sgpd",
        ],
    )?;
    let description = only(&parts, b"stsd")?;
    let (mut size, mut unit) = ((0, 0), None);
    for entry in children(bytes, description.body + 8..description.end)? {
        if entry.kind.starts_with(b"enc") {
            return Err(Refusal::unsupported("encrypted samples"));
        }
        if is_video {
            size = clean_picture(bytes, &entry)?;
        } else {
            unit = clean_sound(bytes, &entry)?;
        }
    }
    samples.add_table(bytes, &parts, unit)?;
    Ok(size)
}

/// Cleans the description of a picture. Returns its size.
fn clean_picture(bytes: &mut [u8], entry: &Atom) -> Result<(u32, u32)> {
    const FIXED: usize = 78;
    let size = (
        be16(bytes, entry.body + 24)?.into(),
        be16(bytes, entry.body + 26)?.into(),
    );
    if entry.end - entry.body < FIXED {
        return Err(Refusal::corrupt("a part is too short"));
    }
    // Who made the encoder, and its name.
    zero(bytes, entry, 12..16);
    zero(bytes, entry, 42..74);
    keep(
        bytes,
        entry.body + FIXED..entry.end,
        &[
            b"avcC", b"hvcC", b"lhvC", b"vvcC", b"av1C", b"vpcC", b"esds", b"colr", b"pasp", b"btrt", b"clap", b"fiel",
            b"gama", b"clli", b"mdcv", b"dvcC", b"dvvC", b"dvwC", b"SmDm", b"CoLL",
        ],
    )?;
    Ok(size)
}

/// Cleans the description of a sound. Returns how many bytes so many samples have, where samples are not counted in bytes.
fn clean_sound(bytes: &mut [u8], entry: &Atom) -> Result<Option<(u64, u64)>> {
    let version = be16(bytes, entry.body + 8)?;
    let (fixed, unit) = match version {
        0 => {
            let bits = u64::from(be16(bytes, entry.body + 16)?) * u64::from(be16(bytes, entry.body + 18)?);
            (28, (bits / 8, 1))
        }
        1 => (
            44,
            (
                be32(bytes, entry.body + 36)?.into(),
                be32(bytes, entry.body + 28)?.into(),
            ),
        ),
        2 => (
            64,
            (
                be32(bytes, entry.body + 56)?.into(),
                be32(bytes, entry.body + 60)?.into(),
            ),
        ),
        _ => return Err(Refusal::unsupported("a rare kind of sound")),
    };
    if entry.end - entry.body < fixed {
        return Err(Refusal::corrupt("a part is too short"));
    }
    zero(bytes, entry, 12..16);
    let configuration: &[&[u8; 4]] = &[
        b"esds", b"chan", b"chnl", b"dOps", b"dfLa", b"alac", b"dac3", b"dec3", b"dac4", b"btrt", b"wave", b"frma",
        b"enda", b"mp4a", b"srat",
    ];
    for part in keep(bytes, entry.body + fixed..entry.end, configuration)? {
        if part.kind == *b"wave" {
            keep(bytes, part.body..part.end, configuration)?;
        }
    }
    Ok(Some(unit).filter(|(bytes, samples)| *bytes > 0 && *samples > 0))
}
