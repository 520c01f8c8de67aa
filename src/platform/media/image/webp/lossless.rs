//! The lossless kind of WebP, row by row: of the image only as much is held as later pixels may repeat.
//!
//! What a stream claims is charged to a [`Budget`] before it is allocated. The most that it can claim is one group of prefix
//! codes for each block of 16 pixels, 65,536 of them: they are counted before the first is made.

use std::io::BufRead;

use super::{
    super::{Refusal, Result, Source, check_memory},
    code::{Bits, Code, broken},
    transform::{Transform, blocks},
};

/// Pixels back that a copy can begin, rounded up to what a mask makes.
const WINDOW: usize = 1 << 20;
/// Symbols of green: values and lengths of copies; those of a cache of colours follow.
const GREEN: usize = 256 + 24;
/// Symbols of red, blue, alpha and of distances.
const OTHERS: [usize; 4] = [256, 256, 256, 40];
/// Bits of the shortest group of codes.
const SHORTEST_GROUP: u64 = 20;
/// Columns and rows back of the shortest distances.
#[rustfmt::skip]
const NEAR: [(i64, i64); 120] = [
    (0, 1), (1, 0), (1, 1), (-1, 1), (0, 2), (2, 0), (1, 2), (-1, 2), (2, 1), (-2, 1), (2, 2), (-2, 2), (0, 3), (3, 0), (1, 3),
    (-1, 3), (3, 1), (-3, 1), (2, 3), (-2, 3), (3, 2), (-3, 2), (0, 4), (4, 0), (1, 4), (-1, 4), (4, 1), (-4, 1), (3, 3), (-3, 3),
    (2, 4), (-2, 4), (4, 2), (-4, 2), (0, 5), (3, 4), (-3, 4), (4, 3), (-4, 3), (5, 0), (1, 5), (-1, 5), (5, 1), (-5, 1), (2, 5),
    (-2, 5), (5, 2), (-5, 2), (4, 4), (-4, 4), (3, 5), (-3, 5), (5, 3), (-5, 3), (0, 6), (6, 0), (1, 6), (-1, 6), (6, 1), (-6, 1),
    (2, 6), (-2, 6), (6, 2), (-6, 2), (4, 5), (-4, 5), (5, 4), (-5, 4), (3, 6), (-3, 6), (6, 3), (-6, 3), (0, 7), (7, 0), (1, 7),
    (-1, 7), (5, 5), (-5, 5), (7, 1), (-7, 1), (4, 6), (-4, 6), (6, 4), (-6, 4), (2, 7), (-2, 7), (7, 2), (-7, 2), (3, 7), (-3, 7),
    (7, 3), (-7, 3), (5, 6), (-5, 6), (6, 5), (-6, 5), (8, 0), (4, 7), (-4, 7), (7, 4), (-7, 4), (8, 1), (8, 2), (6, 6), (-6, 6),
    (8, 3), (5, 7), (-5, 7), (7, 5), (-7, 5), (8, 4), (6, 7), (-6, 7), (7, 6), (-7, 6), (8, 5), (7, 7), (-7, 7), (8, 6), (8, 7),
];

/// Bytes that may still be held.
pub struct Budget<'a> {
    source: &'a Source<'a>,
    spent: u64,
}

impl<'a> Budget<'a> {
    /// What is left when so many are spent on other things.
    pub fn new(source: &'a Source<'a>, spent: u64) -> Result<Self> {
        check_memory(source, spent)?;
        Ok(Self { source, spent })
    }

    fn charge(&mut self, bytes: u64) -> Result<()> {
        self.spent += bytes;
        check_memory(self.source, self.spent)
    }
}

/// One code each for green, red, blue, alpha and distances.
type Group = [Code; 5];

/// Which group of codes a block of pixels has.
struct Blocks {
    /// Pixels of a side, as a power of two.
    bits: u32,
    width: usize,
    groups: Vec<u16>,
}

/// Takes a row of pixels: alpha, red, green and blue, from the highest byte to the lowest.
type Push<'a> = &'a mut dyn FnMut(&mut [u32]) -> Result<()>;

/// Decodes an image of this size, whose header is read already.
pub fn decode<R: BufRead>(
    bits: &mut Bits<R>,
    (width, height): (u32, u32),
    budget: &mut Budget<'_>,
    push: &mut dyn FnMut(&[u32]) -> Result<()>,
) -> Result<()> {
    let mut transforms = Vec::new();
    let mut packed = width;
    while bits.read(1)? == 1 {
        let kind = bits.read(2)?;
        if transforms.iter().any(|(each, _)| *each == kind) {
            return Err(broken());
        }
        let transform = read_transform(bits, kind, &mut packed, (width, height), budget)?;
        transforms.push((kind, transform));
    }
    transforms.reverse();
    let guard = budget.source.guard;
    let mut rows = 0;
    image(bits, (packed, height), true, budget, &mut |row| {
        guard.check()?;
        guard.done(rows, height.into());
        rows += 1;
        let mut row: &mut [u32] = row;
        for (_, transform) in &mut transforms {
            row = transform.invert(row);
        }
        push(row)
    })
}

fn read_transform<R: BufRead>(
    bits: &mut Bits<R>,
    kind: u32,
    packed: &mut u32,
    (width, height): (u32, u32),
    budget: &mut Budget<'_>,
) -> Result<Transform> {
    let mut pixels = Vec::new();
    let mut read = |bits: &mut Bits<R>, size: (u32, u32)| {
        let count = u64::from(size.0) * u64::from(size.1);
        budget.charge(4 * count)?;
        pixels.reserve_exact(count as usize);
        image(bits, size, false, budget, &mut |row| {
            pixels.extend_from_slice(row);
            Ok(())
        })
    };
    match kind {
        0 | 1 => {
            let block = bits.read(3)? + 2;
            read(bits, (blocks(*packed, block), blocks(height, block)))?;
            Ok(Transform::by_blocks(kind == 0, block, *packed, pixels))
        }
        2 => Ok(Transform::Green),
        _ => {
            let colours = bits.read(8)? + 1;
            read(bits, (colours, 1))?;
            let (transform, bits) = Transform::by_table(pixels, width);
            *packed = blocks(width, bits);
            Ok(transform)
        }
    }
}

/// Decodes an image, the main one or one that says something of it.
fn image<R: BufRead>(
    bits: &mut Bits<R>,
    size: (u32, u32),
    is_main: bool,
    budget: &mut Budget<'_>,
    push: Push<'_>,
) -> Result<()> {
    let spent = budget.spent;
    let cache = if bits.read(1)? == 1 { bits.read(4)? } else { 0 };
    if cache > 11 {
        return Err(broken());
    }
    let mut blocks = None;
    if is_main && bits.read(1)? == 1 {
        blocks = Some(read_blocks(bits, size, budget)?);
    }
    let count = match &blocks {
        Some(blocks) => u64::from(blocks.groups.iter().copied().max().unwrap_or_default()) + 1,
        None => 1,
    };
    if bits.left() < count * SHORTEST_GROUP {
        return Err(Refusal::corrupt("ends too early"));
    }
    budget.charge(count * size_of::<Group>() as u64)?;
    let mut groups = Vec::with_capacity(count as usize);
    for _ in 0..count {
        let group = read_group(bits, cache)?;
        budget.charge(group.iter().map(Code::bytes).sum())?;
        groups.push(group);
        budget.source.guard.check()?;
    }
    Pixels::new(size, cache, budget)?.decode(bits, &groups, blocks.as_ref(), push)?;
    // What it took is free again.
    budget.spent = spent;
    Ok(())
}

fn read_blocks<R: BufRead>(bits: &mut Bits<R>, (width, height): (u32, u32), budget: &mut Budget<'_>) -> Result<Blocks> {
    let block = bits.read(3)? + 2;
    let size = (blocks(width, block), blocks(height, block));
    let count = u64::from(size.0) * u64::from(size.1);
    budget.charge(2 * count)?;
    let mut groups = Vec::with_capacity(count as usize);
    image(bits, size, false, budget, &mut |row| {
        groups.extend(row.iter().map(|pixel| (pixel >> 8) as u16));
        Ok(())
    })?;
    Ok(Blocks {
        bits: block,
        width: size.0 as usize,
        groups,
    })
}

fn read_group<R: BufRead>(bits: &mut Bits<R>, cache: u32) -> Result<Group> {
    let green = if cache > 0 { GREEN + (1 << cache) } else { GREEN };
    let [red, blue, alpha, distances] = OTHERS;
    Ok([
        Code::read(bits, green)?,
        Code::read(bits, red)?,
        Code::read(bits, blue)?,
        Code::read(bits, alpha)?,
        Code::read(bits, distances)?,
    ])
}

/// The last pixels, and what came of them.
struct Pixels {
    width: usize,
    /// How many there are, and how many are decoded.
    count: usize,
    at: usize,
    /// The last ones; its length is a power of two.
    window: Vec<u32>,
    /// The current row.
    row: Vec<u32>,
    /// Colours by their hash, and bits of that.
    cache: Vec<u32>,
    hash: u32,
}

impl Pixels {
    fn new((width, height): (u32, u32), hash: u32, budget: &mut Budget<'_>) -> Result<Self> {
        let (width, height) = (width as usize, height as usize);
        let count = width * height;
        let window = count.next_power_of_two().min(WINDOW);
        let cache = if hash > 0 { 1 << hash } else { 0 };
        budget.charge(4 * (window + width + cache) as u64)?;
        Ok(Self {
            width,
            count,
            at: 0,
            window: vec![0; window],
            row: Vec::with_capacity(width),
            cache: vec![0; cache],
            hash,
        })
    }

    fn decode<R: BufRead>(
        mut self,
        bits: &mut Bits<R>,
        groups: &[Group],
        blocks: Option<&Blocks>,
        push: Push<'_>,
    ) -> Result<()> {
        let mut y = 0;
        while self.at < self.count {
            let group = match blocks {
                Some(blocks) => {
                    let place = (y >> blocks.bits) * blocks.width + (self.row.len() >> blocks.bits);
                    &groups[usize::from(blocks.groups[place])]
                }
                None => &groups[0],
            };
            let [green, red, blue, alpha, distances] = group;
            bits.fill()?;
            let symbol = green.symbol(bits)?;
            let cached = symbol.checked_sub(GREEN as u32);
            if symbol < 256 {
                let red = red.symbol(bits)?;
                bits.fill()?;
                let (blue, alpha) = (blue.symbol(bits)?, alpha.symbol(bits)?);
                y += self.add((alpha << 24) | (red << 16) | (symbol << 8) | blue, push)?;
            } else if let Some(key) = cached {
                let pixel = *self.cache.get(key as usize).ok_or_else(broken)?;
                y += self.add(pixel, push)?;
            } else {
                let length = read_number(bits, symbol - 256)?;
                bits.fill()?;
                let symbol = distances.symbol(bits)?;
                let distance = self.distance(read_number(bits, symbol)?);
                if distance > self.at || length > self.count - self.at {
                    return Err(broken());
                }
                for _ in 0..length {
                    let pixel = self.window[(self.at - distance) & (self.window.len() - 1)];
                    y += self.add(pixel, push)?;
                }
            }
        }
        Ok(())
    }

    /// Adds a pixel. Returns how many rows that makes.
    fn add(&mut self, pixel: u32, push: Push<'_>) -> Result<usize> {
        let mask = self.window.len() - 1;
        self.window[self.at & mask] = pixel;
        self.at += 1;
        if self.hash > 0 {
            self.cache[(pixel.wrapping_mul(0x1e35_a7bd) >> (32 - self.hash)) as usize] = pixel;
        }
        self.row.push(pixel);
        if self.row.len() < self.width {
            return Ok(0);
        }
        push(&mut self.row)?;
        self.row.clear();
        Ok(1)
    }

    /// How many pixels back a number means.
    fn distance(&self, number: usize) -> usize {
        match NEAR.get(number - 1) {
            Some((columns, rows)) => (columns + rows * self.width as i64).max(1) as usize,
            None => number - NEAR.len(),
        }
    }
}

/// A number of which a symbol says how large it is, from 1 on.
fn read_number<R: BufRead>(bits: &mut Bits<R>, symbol: u32) -> Result<usize> {
    if symbol < 4 {
        return Ok(symbol as usize + 1);
    }
    let more = (symbol - 2) >> 1;
    let start = (2 + (symbol & 1)) << more;
    Ok((start + bits.read(more)?) as usize + 1)
}
