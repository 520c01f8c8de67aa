//! Fragments: the index of a piece, in front of its samples. Browsers record so.

use std::{collections::HashMap, time::Duration};

use super::{
    super::super::{Refusal, Result, source::be32},
    Atom, Index, Outer, blank, in_units, keep, only,
    samples::Samples,
};

/// What the index says of a track whose fragments are kept.
#[derive(Clone, Copy, Default)]
struct Track {
    timescale: u32,
    duration: u32,
    size: u32,
    /// Units that its fragments play.
    played: u64,
}

/// The tracks that are kept.
pub struct Fragments(HashMap<u32, Track>);

impl Fragments {
    pub fn new(index: &Index) -> Self {
        let tracks = index.tracks.iter().map(|track| {
            let timescale = index
                .timescales
                .iter()
                .find(|each| each.0 == track.id)
                .map_or(0, |each| each.1);
            let default = index.defaults.iter().find(|each| each.0 == track.id);
            let (_, duration, size) = default.copied().unwrap_or_default();
            let known = Track {
                timescale,
                duration,
                size,
                played: 0,
            };
            (track.id, known)
        });
        Self(tracks.collect())
    }

    /// How long the longest track plays.
    pub fn duration(&self) -> Option<Duration> {
        let played = |track: &Track| in_units(track.played, track.timescale).ok();
        self.0
            .values()
            .filter(|track| track.played > 0)
            .filter_map(played)
            .max()
    }

    /// Cleans the index of a piece in place, and notes where picture and sound are.
    pub fn clean(&mut self, bytes: &mut [u8], outer: &Outer, samples: &mut Samples) -> Result<()> {
        let (body, end) = ((outer.body - outer.start) as usize, bytes.len());
        // Where the samples of a track begin that doesn't say: behind those of the one before.
        let mut next = outer.start;
        for part in keep(bytes, body..end, &[b"mfhd", b"traf"])? {
            if part.kind == *b"traf" && !self.clean_track(bytes, outer, &part, &mut next, samples)? {
                blank(bytes, &part);
            }
        }
        Ok(())
    }

    /// False for a track that is not kept.
    fn clean_track(
        &mut self,
        bytes: &mut [u8],
        outer: &Outer,
        part: &Atom,
        next: &mut u64,
        samples: &mut Samples,
    ) -> Result<bool> {
        let parts = keep(
            bytes,
            part.body..part.end,
            &[b"tfhd", b"tfdt", b"trun", b"sdtp", b"sbgp", b"sgpd"],
        )?;
        let header = only(&parts, b"tfhd")?;
        let flags = be32(bytes, header.body)? & 0xff_ffff;
        let (id, mut at) = (be32(bytes, header.body + 4)?, header.body + 8);
        let known = self.0.get_mut(&id);
        let is_kept = known.is_some();
        let track = known.map_or_else(Track::default, |track| *track);
        let mut take = |flag: u32, default: u32| -> Result<u32> {
            if flags & flag == 0 {
                return Ok(default);
            }
            at += 4;
            be32(bytes, at - 4)
        };
        let base = if flags & 1 == 0 {
            None
        } else {
            Some(u64::from(take(1, 0)?) << 32 | u64::from(take(1, 0)?))
        };
        take(2, 0)?;
        let duration = take(8, track.duration)?;
        let size = take(16, track.size)?;
        let base = base.unwrap_or(if flags & 0x2_0000 == 0 { *next } else { outer.start });
        let (mut place, mut played) = (base, 0);
        for run in parts.iter().filter(|atom| atom.kind == *b"trun") {
            let (start, length, time) = read_run(bytes, run, base, place, (duration, size))?;
            if is_kept {
                samples.add(start, length)?;
            }
            place = start.saturating_add(length);
            played += time;
        }
        *next = place;
        if let Some(track) = self.0.get_mut(&id) {
            track.played = track.played.saturating_add(played);
        }
        Ok(is_kept)
    }
}

/// Where the samples of a run begin, their bytes, and how long they play.
fn read_run(bytes: &[u8], run: &Atom, base: u64, place: u64, defaults: (u32, u32)) -> Result<(u64, u64, u64)> {
    let (flags, count) = (
        be32(bytes, run.body)? & 0xff_ffff,
        u64::from(be32(bytes, run.body + 4)?),
    );
    let mut at = run.body + 8;
    let mut start = place;
    if flags & 1 != 0 {
        let offset = be32(bytes, at)?.cast_signed();
        start = base
            .checked_add_signed(offset.into())
            .ok_or(Refusal::corrupt("samples beyond the end"))?;
        at += 4;
    }
    if flags & 4 != 0 {
        at += 4;
    }
    let fields = [0x100, 0x200, 0x400, 0x800].map(|flag| flags & flag != 0);
    let width = 4 * fields.iter().filter(|is_there| **is_there).count();
    if width as u64 * count > run.end.saturating_sub(at) as u64 {
        return Err(Refusal::corrupt("an index without its parts"));
    }
    let (mut length, mut time) = (u64::from(defaults.1) * count, u64::from(defaults.0) * count);
    if fields[0] {
        time = 0;
    }
    if fields[1] {
        length = 0;
    }
    for sample in 0..if fields[0] || fields[1] { count as usize } else { 0 } {
        let mut at = at + sample * width;
        if fields[0] {
            time += u64::from(be32(bytes, at)?);
            at += 4;
        }
        if fields[1] {
            length += u64::from(be32(bytes, at)?);
        }
    }
    Ok((start, length, time))
}
