//! What was done to the pixels of a lossless WebP to make them small, and how it is undone row by row.

/// How many blocks a side has, whose sides are a power of two.
pub fn blocks(side: u32, bits: u32) -> u32 {
    side.div_ceil(1 << bits)
}

pub enum Transform {
    /// Pixels are differences to what their neighbours predict, each block in a way of its own.
    Predictor { ways: Blocks, above: Vec<u32> },
    /// Red and blue are differences to what green and red predict.
    Colour(Blocks),
    /// Red and blue are differences to green.
    Green,
    /// Pixels are places in a table, several to one.
    Table {
        colours: Vec<u32>,
        /// How many to one, as a power of two.
        bits: u32,
        row: Vec<u32>,
    },
}

/// A pixel for each block, which says something of it.
pub struct Blocks {
    bits: u32,
    width: usize,
    pixels: Vec<u32>,
    /// The current row.
    y: usize,
}

impl Blocks {
    /// Those of the next row.
    fn next(&mut self) -> (u32, &[u32]) {
        let start = (self.y >> self.bits) * self.width;
        self.y += 1;
        (self.bits, &self.pixels[start..start + self.width])
    }
}

impl Transform {
    /// One for blocks of an image of this width.
    pub fn by_blocks(is_predictor: bool, bits: u32, width: u32, pixels: Vec<u32>) -> Self {
        let ways = Blocks {
            bits,
            width: blocks(width, bits) as usize,
            pixels,
            y: 0,
        };
        if is_predictor {
            let above = Vec::new();
            Self::Predictor { ways, above }
        } else {
            Self::Colour(ways)
        }
    }

    /// One to colours of a table, which are stored as differences; and how many pixels are one then, as a power of two.
    pub fn by_table(mut colours: Vec<u32>, width: u32) -> (Self, u32) {
        for index in 1..colours.len() {
            colours[index] = add(colours[index], colours[index - 1]);
        }
        let bits = match colours.len() {
            0..=2 => 3,
            3..=4 => 2,
            5..=16 => 1,
            _ => 0,
        };
        let row = vec![0; width as usize];
        (Self::Table { colours, bits, row }, bits)
    }

    /// Undoes it for the next row.
    pub fn invert<'a>(&'a mut self, row: &'a mut [u32]) -> &'a mut [u32] {
        match self {
            Self::Green => {
                for pixel in row.iter_mut() {
                    let green = (*pixel >> 8) & 255;
                    *pixel = add(*pixel, (green << 16) | green);
                }
                row
            }
            Self::Colour(ways) => {
                let (bits, ways) = ways.next();
                for (block, way) in row.chunks_mut(1 << bits).zip(ways) {
                    block.iter_mut().for_each(|pixel| *pixel = with_colour(*pixel, *way));
                }
                row
            }
            Self::Predictor { ways, above } => {
                let (bits, ways) = ways.next();
                predict(row, above, bits, ways);
                above.clear();
                above.extend_from_slice(row);
                row
            }
            Self::Table {
                colours,
                bits,
                row: wide,
            } => {
                let (width, mask) = (8 >> *bits, (1_u32 << (8 >> *bits)) - 1);
                for (pixels, packed) in wide.chunks_mut(1 << *bits).zip(row.iter()) {
                    let mut packed = (packed >> 8) & 255;
                    for pixel in pixels {
                        *pixel = colours.get((packed & mask) as usize).copied().unwrap_or_default();
                        packed >>= width;
                    }
                }
                wide
            }
        }
    }
}

/// The sum of each channel.
fn add(one: u32, other: u32) -> u32 {
    let even = (one & 0x00ff_00ff).wrapping_add(other & 0x00ff_00ff) & 0x00ff_00ff;
    let odd = (one & 0xff00_ff00).wrapping_add(other & 0xff00_ff00) & 0xff00_ff00;
    even | odd
}

fn with_colour(pixel: u32, way: u32) -> u32 {
    let delta = |by: u32, of: u32| (i32::from(by as u8 as i8) * i32::from(of as u8 as i8)) >> 5;
    let green = pixel >> 8;
    let red = (pixel >> 16).wrapping_add_signed(delta(way, green)) & 255;
    let blue = pixel.wrapping_add_signed(delta(way >> 8, green) + delta(way >> 16, red)) & 255;
    (pixel & 0xff00_ff00) | (red << 16) | blue
}

/// Adds to each pixel what its neighbours predict: that to the left (`l`), and of the row above the one to the left (`tl`), the
/// same (`t`) and the one to the right (`tr`).
fn predict(row: &mut [u32], above: &[u32], bits: u32, ways: &[u32]) {
    let first = above.first().copied().unwrap_or(0xff00_0000);
    row[0] = add(row[0], first);
    if above.is_empty() {
        for x in 1..row.len() {
            row[x] = add(row[x], row[x - 1]);
        }
        return;
    }
    for x in 1..row.len() {
        let (l, t, tl) = (row[x - 1], above[x], above[x - 1]);
        // To the right of the last is the first of this row.
        let tr = above.get(x + 1).copied().unwrap_or(row[0]);
        let predicted = match (ways[x >> bits] >> 8) & 15 {
            1 => l,
            2 => t,
            3 => tr,
            4 => tl,
            5 => mean(mean(l, tr), t),
            6 => mean(l, tl),
            7 => mean(l, t),
            8 => mean(tl, t),
            9 => mean(t, tr),
            10 => mean(mean(l, tl), mean(t, tr)),
            11 => nearer(l, t, tl),
            12 => each(|shift| channel(l, shift) + channel(t, shift) - channel(tl, shift)),
            13 => {
                let mean = mean(l, t);
                each(|shift| channel(mean, shift) + (channel(mean, shift) - channel(tl, shift)) / 2)
            }
            _ => 0xff00_0000,
        };
        row[x] = add(row[x], predicted);
    }
}

/// The mean of each channel.
fn mean(one: u32, other: u32) -> u32 {
    (((one ^ other) & 0xfefe_fefe) >> 1) + (one & other)
}

/// The left or the upper pixel, whichever is nearer to where a plane through all three would be.
fn nearer(l: u32, t: u32, tl: u32) -> u32 {
    let distance = |one: u32, other: u32| -> u32 {
        let (one, other) = (one.to_be_bytes(), other.to_be_bytes());
        one.iter()
            .zip(other)
            .map(|(one, other)| u32::from(one.abs_diff(other)))
            .sum()
    };
    if distance(t, tl) < distance(l, tl) { l } else { t }
}

fn channel(pixel: u32, shift: u32) -> i32 {
    ((pixel >> shift) & 255) as i32
}

/// A pixel of which each channel is computed by where its bits begin, and kept within bounds.
fn each(compute: impl Fn(u32) -> i32) -> u32 {
    let channel = |shift: u32| (compute(shift).clamp(0, 255) as u32) << shift;
    channel(24) | channel(16) | channel(8) | channel(0)
}
