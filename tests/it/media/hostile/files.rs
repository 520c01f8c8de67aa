//! Files as phones make them, and as those who mean harm do; all made here.

use std::{
    io::{Read, Write},
    ops::Range,
};

use flate2::{Compression, Crc, write::DeflateEncoder, write::ZlibEncoder};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// Planted wherever a file may hold what nobody should see.
pub const MARKER: &[u8] = b"48.137154N011.576124E-Lena-Musterfrau";

/// An image of noise in the colours of four corners: red, green, blue and white, beginning at the upper left.
pub fn corners(width: usize, height: usize) -> Vec<u8> {
    let mut pixels = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            let noise = (x.wrapping_mul(31) ^ y.wrapping_mul(17)) as u8 & 15;
            let color = match (x < width / 2, y < height / 2) {
                (true, true) => [255, 0, 0],
                (false, true) => [0, 255, 0],
                (true, false) => [0, 0, 255],
                (false, false) => [255, 255, 255],
            };
            pixels.extend(color.map(|part: u8| part.abs_diff(noise)));
        }
    }
    pixels
}

pub fn jpeg(width: u16, height: u16) -> Vec<u8> {
    jpeg_of(width, height, false, SamplingFactor::F_2_2)
}

pub fn jpeg_of(width: u16, height: u16, is_progressive: bool, sampling: SamplingFactor) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 85);
    encoder.set_progressive(is_progressive);
    encoder.set_sampling_factor(sampling);
    let pixels = corners(width.into(), height.into());
    encoder.encode(&pixels, width, height, ColorType::Rgb).unwrap();
    bytes
}

/// A JPEG of any size, at no cost: one row of blocks, repeated.
pub fn huge_jpeg(width: u16, height: u16, sampling: SamplingFactor) -> Vec<u8> {
    let unit = if sampling == SamplingFactor::F_2_2 { 16 } else { 8 };
    let pixels = corners(width.into(), unit.into());
    repeated(width, height, sampling, (unit, ColorType::Rgb, &pixels))
}

/// The same in one colour, which takes next to nothing.
pub fn huge_flat(width: u16, height: u16) -> Vec<u8> {
    let pixels = [200, 120, 100].repeat(usize::from(width) * 16);
    repeated(width, height, SamplingFactor::F_2_2, (16, ColorType::Rgb, &pixels))
}

/// The same in grey.
pub fn huge_grey(width: u16, height: u16) -> Vec<u8> {
    let pixels = vec![99; usize::from(width) * 8];
    repeated(width, height, SamplingFactor::F_1_1, (8, ColorType::Luma, &pixels))
}

fn repeated(width: u16, height: u16, sampling: SamplingFactor, row: (u16, ColorType, &[u8])) -> Vec<u8> {
    let (unit, color, pixels) = row;
    let mut strip = Vec::new();
    let mut encoder = Encoder::new(&mut strip, 85);
    encoder.set_sampling_factor(sampling);
    encoder.set_restart_interval(width.div_ceil(unit));
    encoder.encode(pixels, width, unit, color).unwrap();
    let frame = find(&strip, b"\xff\xc0");
    strip[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    let scan = find(&strip, b"\xff\xda");
    let (head, row) = strip[..strip.len() - 2]
        .split_at(scan + 2 + usize::from(u16::from_be_bytes([strip[scan + 2], strip[scan + 3]])));
    let mut bytes = head.to_vec();
    for index in 0..height.div_ceil(unit) {
        if index > 0 {
            bytes.extend([0xff, 0xd0 + (index - 1) as u8 % 8]);
        }
        bytes.extend_from_slice(row);
    }
    bytes.extend(b"\xff\xd9");
    bytes
}

pub fn find(bytes: &[u8], needle: &[u8]) -> usize {
    bytes.windows(needle.len()).position(|window| window == needle).unwrap()
}

/// A JPEG with further segments behind its beginning.
pub fn with_segments(jpeg: &[u8], segments: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = jpeg[..2].to_vec();
    for (marker, content) in segments {
        bytes.extend([0xff, *marker]);
        bytes.extend((content.len() as u16 + 2).to_be_bytes());
        bytes.extend_from_slice(content);
    }
    bytes.extend_from_slice(&jpeg[2..]);
    bytes
}

/// EXIF of an orientation, with a position and the marker.
pub fn exif(orientation: u16, is_little: bool) -> Vec<u8> {
    let half = |value: u16| {
        if is_little {
            value.to_le_bytes()
        } else {
            value.to_be_bytes()
        }
    };
    let whole = |value: u32| {
        if is_little {
            value.to_le_bytes()
        } else {
            value.to_be_bytes()
        }
    };
    let mut bytes = if is_little { b"II".to_vec() } else { b"MM".to_vec() };
    bytes.extend(half(42));
    bytes.extend(whole(8));
    // Make, orientation, and the directory of the position.
    bytes.extend(half(3));
    for (tag, kind, count, value) in [
        (0x010f, 2, MARKER.len() as u32, whole(92)),
        (0x0112, 3, 1, [half(orientation), [0; 2]].concat().try_into().unwrap()),
        (0x8825, 4, 1, whole(50)),
    ] {
        bytes.extend(half(tag));
        bytes.extend(half(kind));
        bytes.extend(whole(count));
        bytes.extend(value);
    }
    bytes.extend(whole(0));
    // The position itself: the name of its datum.
    bytes.extend(half(1));
    bytes.extend(half(0x0012));
    bytes.extend(half(2));
    bytes.extend(whole(MARKER.len() as u32));
    bytes.extend(whole(92));
    bytes.extend(whole(0));
    bytes.resize(92, 0);
    bytes.extend(MARKER);
    bytes
}

pub fn exif_segment(orientation: u16) -> (u8, Vec<u8>) {
    (0xe1, [b"Exif\0\0", &*exif(orientation, true)].concat())
}

pub fn xmp() -> Vec<u8> {
    let position = String::from_utf8_lossy(MARKER);
    format!("<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF exif:GPSLatitude='{position}'/></x:xmpmeta>").into_bytes()
}

pub fn png_chunk(kind: &[u8], content: &[u8]) -> Vec<u8> {
    let mut bytes = (content.len() as u32).to_be_bytes().to_vec();
    bytes.extend_from_slice(kind);
    bytes.extend_from_slice(content);
    let mut sum = Crc::new();
    sum.update(kind);
    sum.update(content);
    bytes.extend(sum.sum().to_be_bytes());
    bytes
}

pub fn zlib(bytes: &mut dyn Read) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    std::io::copy(bytes, &mut encoder).unwrap();
    encoder.finish().unwrap()
}

pub fn png_header(width: u32, height: u32, color: u8, is_interlaced: bool) -> Vec<u8> {
    let mut header = width.to_be_bytes().to_vec();
    header.extend(height.to_be_bytes());
    header.extend([8, color, 0, 0, is_interlaced.into()]);
    png_chunk(b"IHDR", &header)
}

/// A PNG of some chunks between its header and its pixels.
pub fn png(header: &[u8], chunks: &[Vec<u8>], data: &[u8]) -> Vec<u8> {
    let signature = b"\x89PNG\r\n\x1a\n".to_vec();
    [
        signature,
        header.to_vec(),
        chunks.concat(),
        png_chunk(b"IDAT", data),
        png_chunk(b"IEND", b""),
    ]
    .concat()
}

/// Rows of a PNG: each begins with a zero.
pub fn rows(pixels: &[u8], stride: usize) -> Vec<u8> {
    pixels.chunks(stride).flat_map(|row| [&[0], row].concat()).collect()
}

/// A PNG of four corners, the blue one half transparent, with some chunks.
pub fn png_with(width: u32, height: u32, chunks: &[Vec<u8>]) -> Vec<u8> {
    let pixels: Vec<u8> = corners(width as usize, height as usize)
        .chunks_exact(3)
        .flat_map(|pixel| {
            [
                pixel[0],
                pixel[1],
                pixel[2],
                if pixel[2] > 200 && pixel[0] < 50 { 128 } else { 255 },
            ]
        })
        .collect();
    let data = zlib(&mut &*rows(&pixels, width as usize * 4));
    png(&png_header(width, height, 6, false), chunks, &data)
}

/// A PNG of zeros, which takes next to nothing.
pub fn empty_png(width: u32, height: u32, color: u8, is_interlaced: bool) -> Vec<u8> {
    let channels: u64 = if color == 6 { 4 } else { 3 };
    // Seven passes have more rows, each with its own beginning.
    let bytes = u64::from(height) * (u64::from(width) * channels + 1) * if is_interlaced { 2 } else { 1 };
    png(
        &png_header(width, height, color, is_interlaced),
        &[],
        &zlib(&mut std::io::repeat(0).take(bytes)),
    )
}

/// A GIF of one colour beside a transparent border, with a comment.
pub fn gif(width: u16, height: u16, comment: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    {
        let mut encoder = gif::Encoder::new(&mut bytes, width, height, &[255, 0, 0, 0, 0, 255]).unwrap();
        for part in comment.chunks(255) {
            encoder.write_raw_extension(gif::AnyExtension(0xfe), &[part]).unwrap();
        }
        let frame = gif::Frame {
            width: width / 2,
            height,
            buffer: vec![0; usize::from(width / 2) * usize::from(height)].into(),
            ..gif::Frame::default()
        };
        encoder.write_frame(&frame).unwrap();
        encoder.write_frame(&frame).unwrap();
    }
    bytes
}

/// A lossy WebP with further chunks.
pub fn webp(width: u32, height: u32, chunks: &[(&[u8], Vec<u8>)]) -> Vec<u8> {
    let pixels = corners(width as usize, height as usize);
    let plain = webp::Encoder::from_rgb(&pixels, width, height).encode(75.0).to_vec();
    let mut bytes = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0".to_vec();
    let flag = |kind: &[u8]| u8::from(chunks.iter().any(|chunk| chunk.0 == kind));
    bytes.extend([flag(b"EXIF") << 3 | flag(b"XMP ") << 2, 0, 0, 0]);
    bytes.extend(&(width - 1).to_le_bytes()[..3]);
    bytes.extend(&(height - 1).to_le_bytes()[..3]);
    bytes.extend_from_slice(&plain[12..]);
    for (kind, content) in chunks {
        bytes.extend_from_slice(kind);
        bytes.extend((content.len() as u32).to_le_bytes());
        bytes.extend_from_slice(content);
        bytes.resize(bytes.len().next_multiple_of(2), 0);
    }
    let size = bytes.len() as u32 - 8;
    bytes[4..8].copy_from_slice(&size.to_le_bytes());
    bytes
}

/// A WebP without loss.
pub fn webp_without_loss(width: u32, height: u32) -> Vec<u8> {
    let pixels = corners(width as usize, height as usize);
    webp::Encoder::from_rgb(&pixels, width, height)
        .encode_lossless()
        .to_vec()
}

/// A lossy WebP with transparency.
pub fn webp_with_alpha(width: u32, height: u32) -> Vec<u8> {
    let pixels: Vec<u8> = corners(width as usize, height as usize)
        .chunks_exact(3)
        .flat_map(|pixel| [pixel[0], pixel[1], pixel[2], pixel[0] / 2 + 99])
        .collect();
    webp::Encoder::from_rgba(&pixels, width, height).encode(75.0).to_vec()
}

/// An entry of an archive.
pub struct Entry {
    name: &'static str,
    packed: Vec<u8>,
    size: u32,
    checksum: u32,
}

pub fn entry(name: &'static str, content: &[u8]) -> Entry {
    entry_of(name, &mut &*content)
}

pub fn entry_of(name: &'static str, content: &mut dyn Read) -> Entry {
    let (mut encoder, mut sum) = (DeflateEncoder::new(Vec::new(), Compression::fast()), Crc::new());
    let mut chunk = vec![0; 1 << 16];
    loop {
        let read = content.read(&mut chunk).unwrap();
        if read == 0 {
            break;
        }
        sum.update(&chunk[..read]);
        encoder.write_all(&chunk[..read]).unwrap();
    }
    Entry {
        name,
        packed: encoder.finish().unwrap(),
        size: sum.amount(),
        checksum: sum.sum(),
    }
}

impl Entry {
    /// Claims another size than it has.
    pub fn claiming(self, size: u32) -> Self {
        Self { size, ..self }
    }
}

pub fn zip(entries: &[Entry]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let fields = |bytes: &mut Vec<u8>| {
            bytes.extend([0, 0, 8, 0, 0, 0, 0, 0]);
            bytes.extend(entry.checksum.to_le_bytes());
            bytes.extend((entry.packed.len() as u32).to_le_bytes());
            bytes.extend(entry.size.to_le_bytes());
            bytes.extend((entry.name.len() as u16).to_le_bytes());
            bytes.extend([0, 0]);
        };
        let at = bytes.len() as u32;
        bytes.extend(b"PK\x03\x04\x14\0");
        fields(&mut bytes);
        bytes.extend(entry.name.as_bytes());
        bytes.extend_from_slice(&entry.packed);
        directory.extend(b"PK\x01\x02\x14\0\x14\0");
        fields(&mut directory);
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(entry.name.as_bytes());
    }
    let (start, size, count) = (bytes.len() as u32, directory.len() as u32, entries.len() as u16);
    bytes.extend(directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend(count.to_le_bytes());
    bytes.extend(count.to_le_bytes());
    bytes.extend(size.to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

pub const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

pub fn docx(more: Vec<Entry>) -> Vec<u8> {
    docx_of(DOCX, more)
}

pub fn docx_of(media_type: &str, more: Vec<Entry>) -> Vec<u8> {
    let types = format!("<Types><Override PartName='/word/document.xml' ContentType='{media_type}.main+xml'/></Types>");
    let mut entries = vec![
        entry("[Content_Types].xml", types.as_bytes()),
        entry("word/document.xml", b"<w:document>Salut!</w:document>"),
    ];
    entries.extend(more);
    zip(&entries)
}

/// An archive with two entries of the same bytes.
pub fn overlapping() -> Vec<u8> {
    let twice = docx(vec![entry("a", &[7; 999]), entry("b", &[7; 999])]);
    let first = find(&twice, b"PK\x01\x02");
    let directory: Vec<_> = (first..twice.len())
        .filter(|at| twice[*at..].starts_with(b"PK\x01\x02"))
        .collect();
    let (third, fourth) = (directory[2], directory[3]);
    let place = twice[third + 42..third + 46].to_vec();
    patched(twice, fourth + 42..fourth + 46, &place)
}

pub fn odt(more: Vec<Entry>) -> Vec<u8> {
    let mut entries = vec![
        entry("mimetype", b"application/vnd.oasis.opendocument.text"),
        entry("content.xml", b"<office:document/>"),
    ];
    entries.extend(more);
    zip(&entries)
}

pub fn pdf(inside: &str) -> Vec<u8> {
    format!("%PDF-1.4\n1 0 obj\n<< /Type /Catalog {inside} >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n")
        .into_bytes()
}

/// A box of MP4.
pub fn atom(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32 + 8).to_be_bytes(), &kind[..], content].concat()
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// How a film is made.
pub struct Film {
    pub duration: Vec<u8>,
    /// Further boxes of the index, and of the file behind it.
    pub in_moov: Vec<u8>,
    pub behind: Vec<u8>,
    pub turned: bool,
    pub has_positions: bool,
    /// The tables of the picture say that samples lie here.
    pub offset: Option<u32>,
}

impl Default for Film {
    fn default() -> Self {
        Self {
            // Version, times, timescale, duration: 2.5 seconds.
            duration: words(&[0, 7, 7, 1000, 2500]),
            in_moov: Vec::new(),
            behind: Vec::new(),
            turned: false,
            has_positions: false,
            offset: None,
        }
    }
}

pub const PICTURE: &[u8] = b"these bytes are the picture itself";
pub const SOUND: &[u8] = b"and these are the sound";

impl Film {
    /// One that says that it lasts for ages.
    pub fn endless() -> Self {
        let times = [0; 16];
        let duration = [
            &[1, 0, 0, 0][..],
            &times,
            &1000_u32.to_be_bytes(),
            &(1_u64 << 63).to_be_bytes(),
        ]
        .concat();
        Self {
            duration,
            ..Self::default()
        }
    }

    /// The film, its samples first, so that positions are known.
    pub fn make(&self) -> Vec<u8> {
        let ftyp = atom(b"ftyp", b"isom\0\0\x02\0isommp41");
        // What no table speaks of lies between the samples, and the positions of a camera behind them.
        let content = [PICTURE, MARKER, SOUND, MARKER].concat();
        let start = ftyp.len() as u32 + 8;
        let sound = start + (PICTURE.len() + MARKER.len()) as u32;
        let mut moov = atom(b"mvhd", &[self.duration.clone(), vec![0; 80]].concat());
        moov.extend(self.track(b"vide", b"avc1", self.offset.unwrap_or(start), PICTURE.len()));
        moov.extend(self.track(b"soun", b"mp4a", sound, SOUND.len()));
        if self.has_positions {
            let at = sound + SOUND.len() as u32;
            moov.extend(self.track(b"meta", b"gpmd", at, MARKER.len()));
        }
        moov.extend_from_slice(&self.in_moov);
        [ftyp, atom(b"mdat", &content), atom(b"moov", &moov), self.behind.clone()].concat()
    }

    fn track(&self, handler: &[u8; 4], format: &[u8; 4], at: u32, length: usize) -> Vec<u8> {
        let matrix = if self.turned {
            [0, 1 << 16, 0, !0 << 16, 0, 0, 0, 0, 1 << 30]
        } else {
            [1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30]
        };
        let mut tkhd = words(&[7, 7, 7, u32::from(handler[0]), 0, 2500, 0, 0, 0, 0]);
        tkhd.extend(words(&matrix));
        tkhd.extend(words(&[320 << 16, 240 << 16]));
        let entry = match handler {
            b"vide" => {
                let mut entry = [&[0; 6][..], &[0, 1], &[0; 16], &[1, 64, 0, 240], &[0; 14], MARKER].concat();
                entry.resize(78, 0);
                entry.extend(atom(b"avcC", b"\x01configuration"));
                entry.extend(atom(b"name", MARKER));
                entry
            }
            _ => [&[0; 6][..], &[0, 1], &[0; 20], &atom(b"esds", b"configuration")].concat(),
        };
        let stbl = [
            atom(b"stsd", &[words(&[0, 1]), atom(format, &entry)].concat()),
            atom(b"stts", &words(&[0, 1, 1, 2500])),
            atom(b"stsc", &words(&[0, 1, 1, 1, 1])),
            atom(b"stsz", &words(&[0, 0, 1, length as u32])),
            atom(b"stco", &words(&[0, 1, at])),
        ]
        .concat();
        let dinf = atom(
            b"dinf",
            &atom(b"dref", &[words(&[0, 1]), atom(b"url ", &words(&[1]))].concat()),
        );
        let hdlr = [&[0; 8][..], handler, &[0; 12], MARKER, &[0]].concat();
        let mdia = [
            atom(b"mdhd", &words(&[0, 7, 7, 1000, 2500, 0])),
            atom(b"hdlr", &hdlr),
            atom(b"minf", &[atom(b"vmhd", &[0; 12]), dinf, atom(b"stbl", &stbl)].concat()),
        ];
        atom(
            b"trak",
            &[
                atom(b"tkhd", &tkhd),
                atom(b"mdia", &mdia.concat()),
                atom(b"udta", &atom(b"name", MARKER)),
            ]
            .concat(),
        )
    }
}

/// A film of any size, made as it is read: its picture is a block of noise, again and again.
pub struct LargeFilm {
    head: Vec<u8>,
    block: Vec<u8>,
    picture: u64,
    tail: Vec<u8>,
}

impl LargeFilm {
    /// A film whose picture has so many bytes.
    pub fn new(picture: u32) -> Self {
        let ftyp = atom(b"ftyp", b"isom\0\0\x02\0isommp41");
        let mdat = [&(picture + 8).to_be_bytes(), &b"mdat"[..]].concat();
        let head = [ftyp, mdat].concat();
        let film = Film::default();
        let mvhd = atom(b"mvhd", &[film.duration.clone(), vec![0; 80]].concat());
        let track = film.track(b"vide", b"avc1", head.len() as u32, picture as usize);
        let udta = atom(b"udta", &atom(b"\xa9xyz", MARKER));
        let block = (0..1_u32 << 20).map(|index| (index.wrapping_mul(0x9e37_79b9) >> 24) as u8);
        Self {
            head,
            block: block.collect(),
            picture: picture.into(),
            tail: atom(b"moov", &[mvhd, track, udta].concat()),
        }
    }

    pub fn size(&self) -> u64 {
        self.head.len() as u64 + self.picture + self.tail.len() as u64
    }

    /// A part of it.
    pub fn read(&self, at: u64, length: u64) -> Vec<u8> {
        let (start, end) = (self.head.len() as u64, self.head.len() as u64 + self.picture);
        let (mut at, to) = (at, at + length);
        let mut bytes = Vec::with_capacity(length as usize);
        while at < to {
            let (source, place) = match at {
                at if at < start => (&self.head, at),
                at if at < end => (&self.block, (at - start) % self.block.len() as u64),
                at => (&self.tail, at - end),
            };
            let rest = if at < start {
                start
            } else if at < end {
                end
            } else {
                to
            } - at;
            let most = rest.min(to - at).min(source.len() as u64 - place);
            bytes.extend_from_slice(&source[place as usize..(place + most) as usize]);
            at += most;
        }
        bytes
    }
}

/// A film in two fragments, as browsers record it.
pub fn fragmented() -> Vec<u8> {
    let film = Film {
        duration: words(&[0, 7, 7, 1000, 0]),
        in_moov: atom(b"mvex", &atom(b"trex", &words(&[0, u32::from(b'v'), 1, 500, 0, 0]))),
        ..Film::default()
    };
    let mut bytes = film.make();
    for _ in 0..2 {
        let moof = |offset: u32| {
            let tfhd = atom(b"tfhd", &words(&[0x2_0000, u32::from(b'v')]));
            let trun = atom(b"trun", &words(&[0x201, 1, offset, PICTURE.len() as u32]));
            atom(
                b"moof",
                &[
                    atom(b"mfhd", &words(&[0, 1])),
                    atom(b"traf", &[tfhd, trun, atom(b"udta", MARKER)].concat()),
                ]
                .concat(),
            )
        };
        let length = moof(0).len() as u32;
        bytes.extend(moof(length + 8));
        bytes.extend(atom(b"mdat", &[PICTURE, MARKER].concat()));
    }
    bytes
}

/// An element of Matroska.
pub fn element(id: &[u8], content: &[u8]) -> Vec<u8> {
    [id, &(1_u64 << 56 | content.len() as u64).to_be_bytes(), content].concat()
}

/// A WebM of one block, as long as nobody knows if it is live.
pub fn webm(is_live: bool) -> Vec<u8> {
    let header = element(&[0x1a, 0x45, 0xdf, 0xa3], &element(&[0x42, 0x82], b"webm"));
    let info = [
        element(&[0x2a, 0xd7, 0xb1], &1_000_000_u32.to_be_bytes()),
        element(&[0x7b, 0xa9], MARKER),
        element(&[0x4d, 0x80], MARKER),
        element(&[0x57, 0x41], b"a phone"),
    ];
    let track = |number: u8, kind: u8, more: &[u8]| {
        let parts = [
            element(&[0xd7], &[number]),
            element(&[0x83], &[kind]),
            element(&[0x86], b"V_VP8"),
            element(&[0x53, 0x6e], MARKER),
        ];
        element(&[0xae], &[&parts.concat(), more].concat())
    };
    let video = element(
        &[0xe0],
        &[element(&[0xb0], &[1, 64]), element(&[0xba], &[240])].concat(),
    );
    let block =
        |number: u8, time: u8, content: &[u8]| element(&[0xa3], &[&[0x80 | number, 0, time, 0x80], content].concat());
    let cluster = [element(&[0xe7], &[100]), block(1, 50, PICTURE), block(3, 50, MARKER)].concat();
    let tags = element(&[0x12, 0x54, 0xc3, 0x67], MARKER);
    let parts = [
        element(&[0x15, 0x49, 0xa9, 0x66], &info.concat()),
        element(
            &[0x16, 0x54, 0xae, 0x6b],
            &[track(1, 1, &video), track(3, 17, &[])].concat(),
        ),
    ]
    .concat();
    if is_live {
        let unknown = [0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        return [
            &header[..],
            &[0x18, 0x53, 0x80, 0x67],
            &unknown,
            &parts,
            &[0x1f, 0x43, 0xb6, 0x75],
            &unknown,
            &cluster,
            &tags,
        ]
        .concat();
    }
    let parts = [parts, element(&[0x1f, 0x43, 0xb6, 0x75], &cluster), tags].concat();
    [header, element(&[0x18, 0x53, 0x80, 0x67], &parts), MARKER.to_vec()].concat()
}

fn id3() -> Vec<u8> {
    let picture = [
        &b"\0image/jpeg\0\x03\0"[..],
        &with_segments(&jpeg(64, 64), &[exif_segment(1)]),
    ]
    .concat();
    let mut frames = Vec::new();
    for (id, content) in [(b"TPE1", [b"\0", MARKER].concat()), (b"APIC", picture)] {
        frames.extend(id);
        frames.extend((content.len() as u32).to_be_bytes());
        frames.extend([0, 0]);
        frames.extend(content);
    }
    let size = frames.len() as u32;
    let safe = [21, 14, 7, 0].map(|shift| (size >> shift) as u8 & 0x7f);
    [&b"ID3\x03\0\0"[..], &safe, &frames].concat()
}

/// Half a second of silence at 128 kbit/s, with tags before, amid and behind.
pub fn mp3() -> Vec<u8> {
    let frame = [&[0xff, 0xfb, 0x90, 0x64][..], &[0; 413]].concat();
    let mut tail = b"TAG".to_vec();
    tail.extend(MARKER);
    tail.resize(128, 0);
    [id3(), frame.repeat(10), id3(), frame.repeat(10), tail].concat()
}

pub fn wav() -> Vec<u8> {
    let form = [
        &[1, 0, 1, 0][..],
        &8000_u32.to_le_bytes(),
        &16_000_u32.to_le_bytes(),
        &[2, 0, 16, 0],
    ]
    .concat();
    let samples = vec![9; 16_000];
    let mut chunks = b"WAVE".to_vec();
    for (kind, content) in [
        (b"fmt ", &form[..]),
        (b"LIST", MARKER),
        (b"bext", MARKER),
        (b"data", &samples),
        (b"id3 ", MARKER),
    ] {
        chunks.extend(kind);
        chunks.extend((content.len() as u32).to_le_bytes());
        chunks.extend(content);
        chunks.resize(chunks.len().next_multiple_of(2), 0);
    }
    [&b"RIFF"[..], &(chunks.len() as u32).to_le_bytes(), &chunks, MARKER].concat()
}

/// Opus with comments that go over two pages.
pub fn ogg() -> Vec<u8> {
    let page = |flags: u8, granule: u64, number: u32, lacing: &[u8], body: &[u8]| {
        let mut page = [
            b"OggS\0",
            &[flags][..],
            &granule.to_le_bytes(),
            &7_u32.to_le_bytes(),
            &number.to_le_bytes(),
            &[0; 4],
        ]
        .concat();
        page.push(lacing.len() as u8);
        page.extend(lacing);
        page.extend(body);
        let sum = ogg_checksum(&page);
        page[22..26].copy_from_slice(&sum.to_le_bytes());
        page
    };
    let head = [&b"OpusHead\x01\x01"[..], &[0; 9]].concat();
    let comment = [&b"ARTIST="[..], &MARKER.repeat(10)].concat();
    let tags = [
        &b"OpusTags"[..],
        &4_u32.to_le_bytes(),
        b"libs",
        &1_u32.to_le_bytes(),
        &(comment.len() as u32).to_le_bytes(),
        &comment,
    ]
    .concat();
    [
        page(2, 0, 0, &[head.len() as u8], &head),
        page(0, 0, 1, &[255], &tags[..255]),
        page(1, 0, 2, &[(tags.len() - 255) as u8], &tags[255..]),
        page(4, 96_000, 3, &[SOUND.len() as u8], SOUND),
        MARKER.to_vec(),
    ]
    .concat()
}

/// The sum of a page of Ogg whose own place is zero.
pub fn ogg_checksum(page: &[u8]) -> u32 {
    page.iter().fold(0, |sum: u32, byte| {
        (0..8).fold(sum ^ u32::from(*byte) << 24, |sum, _| {
            if sum >> 31 == 0 {
                sum << 1
            } else {
                sum << 1 ^ 0x04c1_1db7
            }
        })
    })
}

/// A part of some bytes overwritten.
pub fn patched(mut bytes: Vec<u8>, range: Range<usize>, with: &[u8]) -> Vec<u8> {
    bytes[range].copy_from_slice(with);
    bytes
}
