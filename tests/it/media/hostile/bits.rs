//! Lossless WebP written bit by bit, as no encoder writes it.

/// Bits, the lowest of each byte first.
#[derive(Default)]
pub struct Bits {
    bytes: Vec<u8>,
    free: u32,
}

impl Bits {
    fn put(&mut self, count: u32, value: u32) -> &mut Self {
        for at in 0..count {
            if self.free == 0 {
                self.bytes.push(0);
                self.free = 8;
            }
            *self.bytes.last_mut().unwrap() |= (((value >> at) & 1) as u8) << (8 - self.free);
            self.free -= 1;
        }
        self
    }

    /// A code of one symbol, which takes no bits.
    fn only(&mut self, symbol: u32) -> &mut Self {
        self.put(1, 1).put(1, 0).put(1, 1).put(8, symbol)
    }

    /// A code of 256 symbols of 8 bits each, in 53 bits.
    fn full(&mut self) -> &mut Self {
        // Lengths of lengths, up to that of 8, which is the only one.
        self.put(1, 0).put(4, 8);
        for place in 0..12 {
            self.put(3, u32::from(place == 11));
        }
        self.put(1, 1).put(3, 3).put(8, 254)
    }

    /// An image within the image whose pixels are all the same.
    fn flat(&mut self, red: u32, green: u32) -> &mut Self {
        self.put(1, 0).only(green).only(red).only(0).only(255).only(0)
    }
}

/// A file of one chunk.
fn file(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    riff(&chunk(kind, content))
}

fn riff(chunks: &[u8]) -> Vec<u8> {
    [b"RIFF", &(chunks.len() as u32 + 4).to_le_bytes()[..], b"WEBP", chunks].concat()
}

pub fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut bytes = [kind, &(content.len() as u32).to_le_bytes()[..], content].concat();
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    bytes
}

/// The stream of an image, behind its header, whose one block of pixels is of the last of 65,536 groups of codes.
fn many_groups() -> Bits {
    let mut bits = Bits::default();
    // No transform, no cache; blocks of 512 pixels, which are described by an image of their own.
    bits.put(1, 0).put(1, 0).put(1, 1).put(3, 7).flat(255, 255);
    bits
}

/// A file of a whole of this size, with flags of what else it has, and chunks.
pub fn extended(size: (u32, u32), flags: u8, chunks: &[Vec<u8>]) -> Vec<u8> {
    let head = [&[flags, 0, 0, 0][..], &sides(size)].concat();
    riff(&[chunk(b"VP8X", &head), chunks.concat()].concat())
}

/// A frame of an animation with its chunks, at an even place.
pub fn frame(place: (u32, u32), size: (u32, u32), chunks: &[u8]) -> Vec<u8> {
    let place = [&(place.0 / 2).to_le_bytes()[..3], &(place.1 / 2).to_le_bytes()[..3]].concat();
    chunk(b"ANMF", &[&*place, &sides(size), &[100, 0, 0, 0], chunks].concat())
}

fn sides((width, height): (u32, u32)) -> Vec<u8> {
    [&(width - 1).to_le_bytes()[..3], &(height - 1).to_le_bytes()[..3]].concat()
}

fn header(width: u32, height: u32) -> Bits {
    let mut bits = Bits::default();
    bits.put(8, 0x2f)
        .put(14, width - 1)
        .put(14, height - 1)
        .put(1, 1)
        .put(3, 0);
    bits
}

/// Files that ask for 65,536 groups of codes, and have none: a picture, the transparency of one, and an animation.
pub fn asking_for_groups() -> Vec<(&'static str, Vec<u8>)> {
    let mut picture = header(64, 64).bytes;
    picture.extend(many_groups().bytes);
    // What follows reads as groups, for as long as it lasts.
    picture.resize(1000, 0);
    let lossy = webp::Encoder::from_rgb(&[99; 3 * 64 * 64], 64, 64)
        .encode(75.0)
        .to_vec();
    let mut alpha = vec![1];
    alpha.extend(many_groups().bytes);
    alpha.resize(700, 0);
    let animation = [
        chunk(b"ANIM", &[0; 6]),
        frame((0, 0), (64, 64), &chunk(b"VP8L", &picture)),
    ];
    vec![
        ("picture", file(b"VP8L", &picture)),
        (
            "transparency",
            extended((64, 64), 0x10, &[chunk(b"ALPH", &alpha), lossy[12..].to_vec()]),
        ),
        ("animation", extended((64, 64), 0x02, &animation)),
    ]
}

/// A file of two megabytes that has 65,536 groups of codes, of four kilobytes each.
pub fn having_groups() -> Vec<u8> {
    let (mut bits, stream) = (header(64, 64), many_groups());
    let length = 8 * stream.bytes.len() as u32 - stream.free;
    for at in 0..length {
        bits.put(1, u32::from(stream.bytes[at as usize / 8] >> (at % 8)) & 1);
    }
    for _ in 0..65_536 {
        bits.full().full().full().full().only(0);
    }
    file(b"VP8L", &bits.bytes)
}
