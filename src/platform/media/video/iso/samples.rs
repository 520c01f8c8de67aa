//! Where the samples of picture and sound are.

use std::ops::Range;

use super::{
    super::super::{
        Refusal, Result,
        source::{be16, be32, be64},
    },
    Atom, only,
};

/// Parts of the file that are kept, each 16 bytes here.
const MOST: usize = 1 << 20;

/// Collects the places of samples.
pub struct Samples {
    /// The content of the boxes that may hold some.
    inside: Option<Vec<Range<u64>>>,
    found: Vec<Range<u64>>,
}

impl Samples {
    pub fn new(inside: Vec<Range<u64>>) -> Self {
        Self {
            inside: Some(inside),
            found: Vec::new(),
        }
    }

    /// Takes note of nothing.
    pub fn ignored() -> Self {
        Self {
            inside: None,
            found: Vec::new(),
        }
    }

    /// Samples lie here.
    pub fn add(&mut self, start: u64, length: u64) -> Result<()> {
        let Some(inside) = &self.inside else {
            return Ok(());
        };
        if length == 0 {
            return Ok(());
        }
        let end = start
            .checked_add(length)
            .ok_or(Refusal::corrupt("samples beyond the end"))?;
        // Boxes of the file are in order.
        let index = inside.partition_point(|range| range.end <= start);
        if self.found.len() == MOST {
            return Err(Refusal::too_large("the number of samples"));
        }
        if !inside
            .get(index)
            .is_some_and(|range| range.start <= start && end <= range.end)
        {
            return Err(Refusal::corrupt("samples where none are"));
        }
        match self.found.last_mut() {
            Some(last) if last.end == start => last.end = end,
            _ => self.found.push(start..end),
        }
        Ok(())
    }

    /// The places in order, none overlapping.
    pub fn finish(mut self) -> Result<Vec<Range<u64>>> {
        self.found.sort_unstable_by_key(|range| range.start);
        let mut merged: Vec<Range<u64>> = Vec::new();
        for range in self.found {
            match merged.last_mut() {
                Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        if merged.is_empty() {
            return Err(Refusal::corrupt("a video without samples"));
        }
        Ok(merged)
    }

    /// The samples of a track by its tables. `unit` says how many bytes so many samples have, if their own size is less.
    pub fn add_table(&mut self, bytes: &[u8], parts: &[Atom], unit: Option<(u64, u64)>) -> Result<()> {
        let table = |kind| only(parts, kind).ok();
        let (chunks, width) = match (table(b"stco"), table(b"co64")) {
            (Some(chunks), None) => (chunks, 4),
            (None, Some(chunks)) => (chunks, 8),
            _ => return Err(Refusal::corrupt("an index without its parts")),
        };
        let sizes = Sizes::read(bytes, parts, unit)?;
        let runs = only(parts, b"stsc")?;
        let run = |index: u32| -> Result<(u64, u64)> {
            let at = runs.body + 8 + 12 * index as usize;
            if at + 12 > runs.end {
                return Err(Refusal::corrupt("an index without its parts"));
            }
            Ok((be32(bytes, at)?.into(), be32(bytes, at + 4)?.into()))
        };
        let counts = [be32(bytes, chunks.body + 4)?, be32(bytes, runs.body + 4)?];
        if chunks.body + 8 + counts[0] as usize * width > chunks.end {
            return Err(Refusal::corrupt("an index without its parts"));
        }
        let (mut sample, mut index) = (0, 0);
        for chunk in 0..counts[0] {
            let at = chunks.body + 8 + chunk as usize * width;
            let start = if width == 4 {
                be32(bytes, at)?.into()
            } else {
                be64(bytes, at)?
            };
            while index + 1 < counts[1] && run(index + 1)?.0 <= u64::from(chunk) + 1 {
                index += 1;
            }
            let end = sample + run(index)?.1;
            self.add(start, sizes.sum(bytes, sample..end)?)?;
            sample = end;
        }
        Ok(())
    }
}

/// The sizes of samples.
enum Sizes {
    /// All have the same, so many bytes for so many samples.
    Same { bytes: u64, samples: u64, count: u64 },
    /// Bits of each, in a table.
    Each { at: usize, bits: usize, count: u64 },
}

impl Sizes {
    fn read(bytes: &[u8], parts: &[Atom], unit: Option<(u64, u64)>) -> Result<Self> {
        let atom = match only(parts, b"stsz") {
            Ok(atom) => atom,
            Err(_) => only(parts, b"stz2")?,
        };
        let (size, count) = (be32(bytes, atom.body + 4)?, u64::from(be32(bytes, atom.body + 8)?));
        let bits = match (&atom.kind, size) {
            (b"stsz", 0) => 32,
            (b"stsz", size) => {
                let same = (u64::from(size), 1);
                // Old QuickTime counts samples of one byte, whatever they have.
                let (bytes, samples) = unit.filter(|_| size <= 2).unwrap_or(same);
                return Ok(Self::Same { bytes, samples, count });
            }
            (_, bits @ (4 | 8 | 16)) => bits as usize,
            _ => return Err(Refusal::corrupt("an index without its parts")),
        };
        let at = atom.body + 12;
        if at as u64 + (count * bits as u64).div_ceil(8) > atom.end as u64 {
            return Err(Refusal::corrupt("an index without its parts"));
        }
        Ok(Self::Each { at, bits, count })
    }

    /// Bytes of some samples in a row; those that there aren't have none.
    fn sum(&self, table: &[u8], range: Range<u64>) -> Result<u64> {
        match *self {
            Self::Same { bytes, samples, count } => {
                let number = range.end.min(count).saturating_sub(range.start);
                Ok((number * bytes).div_ceil(samples))
            }
            Self::Each { at, bits, count } => {
                let mut sum = 0;
                for sample in range.start..range.end.min(count) {
                    let place = at + sample as usize * bits / 8;
                    sum += match bits {
                        32 => u64::from(be32(table, place)?),
                        16 => u64::from(be16(table, place)?),
                        8 => u64::from(table[place]),
                        _ if sample % 2 == 0 => u64::from(table[place] >> 4),
                        _ => u64::from(table[place] & 15),
                    };
                }
                Ok(sum)
            }
        }
    }
}
