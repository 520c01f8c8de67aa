//! Bits and prefix codes of the lossless kind of WebP.

use std::io::BufRead;

use super::super::{Refusal, Result};

/// Bits of a code that the first table resolves.
const ROOT: u32 = 8;
/// Bits of a code at most.
const LONGEST: usize = 15;
/// In which order the lengths of the code of lengths stand.
const ORDER: [usize; 19] = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// Bits, the lowest of each byte first.
pub struct Bits<R> {
    reader: R,
    buffer: u64,
    count: u32,
    /// How many are left behind those in the buffer.
    behind: u64,
}

impl<R: BufRead> Bits<R> {
    /// Those of so many bytes.
    pub fn new(reader: R, bytes: u64) -> Self {
        Self {
            reader,
            buffer: 0,
            count: 0,
            behind: 8 * bytes,
        }
    }

    /// How many are left.
    pub fn left(&self) -> u64 {
        u64::from(self.count) + self.behind
    }

    /// At least 33 are there to be looked at, except at the end.
    pub fn fill(&mut self) -> Result<()> {
        while self.count <= 32 && self.behind > 0 {
            let bytes = self.reader.fill_buf()?;
            let (taken, value) = match bytes.first_chunk() {
                Some(four) if self.behind >= 32 => (4, u32::from_le_bytes(*four)),
                _ => (1, u32::from(*bytes.first().ok_or_else(ends)?)),
            };
            self.reader.consume(taken);
            self.buffer |= u64::from(value) << self.count;
            self.count += 8 * taken as u32;
            self.behind -= 8 * taken as u64;
        }
        Ok(())
    }

    fn peek(&self, count: u32) -> u32 {
        (self.buffer & ((1 << count) - 1)) as u32
    }

    fn skip(&mut self, count: u32) -> Result<()> {
        self.count = self.count.checked_sub(count).ok_or_else(ends)?;
        self.buffer >>= count;
        Ok(())
    }

    /// Up to 24.
    pub fn read(&mut self, count: u32) -> Result<u32> {
        self.fill()?;
        let value = self.peek(count);
        self.skip(count)?;
        Ok(value)
    }
}

/// A prefix code.
pub struct Code {
    /// Bits of which the first table is the table.
    root: u32,
    /// Symbol, or where a further table begins, times 256; and the bits of the code, or of the longest in that table.
    table: Box<[u32]>,
}

impl Code {
    /// Bytes that it holds beside itself.
    pub fn bytes(&self) -> u64 {
        // A small allocation takes as much.
        (4 * self.table.len() as u64).max(16)
    }

    /// The next symbol. Needs up to 15 bits in the buffer.
    pub fn symbol<R: BufRead>(&self, bits: &mut Bits<R>) -> Result<u32> {
        let mut entry = self.table[bits.peek(self.root) as usize];
        let length = entry & 255;
        if length > self.root {
            let rest = bits.peek(length) >> self.root;
            entry = self.table[((entry >> 8) + rest) as usize];
        }
        bits.skip(entry & 255)?;
        Ok(entry >> 8)
    }

    /// Reads a code of so many symbols.
    pub fn read<R: BufRead>(bits: &mut Bits<R>, symbols: usize) -> Result<Self> {
        let mut lengths = vec![0; symbols];
        if bits.read(1)? == 1 {
            let has_two = bits.read(1)? == 1;
            let width = if bits.read(1)? == 1 { 8 } else { 1 };
            *lengths.get_mut(bits.read(width)? as usize).ok_or_else(broken)? = 1;
            if has_two {
                *lengths.get_mut(bits.read(8)? as usize).ok_or_else(broken)? = 1;
            }
        } else {
            read_lengths(bits, &mut lengths)?;
        }
        Self::of_lengths(&lengths)
    }

    /// The code whose symbols have these lengths, 0 for those that don't occur.
    fn of_lengths(lengths: &[u8]) -> Result<Self> {
        let mut counts = [0_u32; LONGEST + 1];
        lengths.iter().for_each(|length| counts[usize::from(*length)] += 1);
        counts[0] = 0;
        let symbols: u32 = counts.iter().sum();
        if symbols == 1 {
            let only = lengths.iter().position(|length| *length > 0).unwrap_or_default();
            return Ok(Self {
                root: 0,
                table: Box::new([(only as u32) << 8]),
            });
        }
        let filled: u32 = (1..)
            .zip(&counts[1..])
            .map(|(length, count)| count << (LONGEST - length))
            .sum();
        if filled != 1 << LONGEST {
            return Err(broken());
        }
        let longest = counts.iter().rposition(|count| *count > 0).unwrap_or_default() as u32;
        let root = longest.min(ROOT);
        let mut table = vec![0_u32; 1 << root];
        // Symbols by the length of their codes: codes are given in this order.
        let mut ends = counts;
        (1..=LONGEST).for_each(|length| ends[length] += ends[length - 1]);
        let mut order = vec![(0, 0); symbols as usize];
        for (symbol, length) in lengths.iter().enumerate().rev().filter(|(_, length)| **length > 0) {
            let end = &mut ends[usize::from(*length)];
            *end -= 1;
            order[*end as usize] = (symbol as u32, u32::from(*length));
        }
        // The next code; and where the current further table begins, how wide it is, and behind which bits.
        let (mut code, mut last, mut further) = (0_u32, 0, (0, 0, u32::MAX));
        for (symbol, length) in order {
            code <<= length - last;
            last = length;
            let reversed = code.reverse_bits() >> (32 - length);
            let first = reversed & ((1 << root) - 1);
            let entry = (symbol << 8) | length;
            if length <= root {
                table[first as usize..]
                    .iter_mut()
                    .step_by(1 << length)
                    .for_each(|place| *place = entry);
            } else {
                if further.2 != first {
                    let width = width_of_rest(&counts, length) - root;
                    further = (table.len(), 1 << width, first);
                    table[first as usize] = ((table.len() as u32) << 8) | (root + width);
                    table.resize(further.0 + further.1, 0);
                }
                table[further.0..][..further.1][(reversed >> root) as usize..]
                    .iter_mut()
                    .step_by(1 << (length - root))
                    .for_each(|place| *place = entry);
            }
            counts[length as usize] -= 1;
            code += 1;
        }
        Ok(Self {
            root,
            table: table.into(),
        })
    }
}

/// The longest code among those that begin with the same bits as the next one, which has this length. `counts` has those that
/// are to come.
fn width_of_rest(counts: &[u32; LONGEST + 1], length: u32) -> u32 {
    let mut length = length as usize;
    let mut room = 1 << (length - ROOT as usize);
    while room > counts[length] && length < LONGEST {
        room = (room - counts[length]) << 1;
        length += 1;
    }
    length as u32
}

fn read_lengths<R: BufRead>(bits: &mut Bits<R>, lengths: &mut [u8]) -> Result<()> {
    let mut of_lengths = [0; ORDER.len()];
    for place in &ORDER[..4 + bits.read(4)? as usize] {
        of_lengths[*place] = bits.read(3)? as u8;
    }
    let code = Code::of_lengths(&of_lengths)?;
    let mut left = lengths.len();
    if bits.read(1)? == 1 {
        let width = 2 + 2 * bits.read(3)?;
        left = 2 + bits.read(width)? as usize;
        if left > lengths.len() {
            return Err(broken());
        }
    }
    let (mut at, mut last) = (0, 8);
    while at < lengths.len() && left > 0 {
        left -= 1;
        bits.fill()?;
        let (length, times) = match code.symbol(bits)? {
            16 => (last, 3 + bits.read(2)?),
            17 => (0, 3 + bits.read(3)?),
            18 => (0, 11 + bits.read(7)?),
            length => (length as u8, 1),
        };
        if length > 0 {
            last = length;
        }
        let end = at + times as usize;
        lengths.get_mut(at..end).ok_or_else(broken)?.fill(length);
        at = end;
    }
    Ok(())
}

fn ends() -> Refusal {
    Refusal::corrupt("ends too early")
}

pub fn broken() -> Refusal {
    Refusal::corrupt("broken WebP")
}
