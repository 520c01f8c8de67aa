//! What a stream of PDF holds: as it is, or packed by filters one around the other (ISO 32000-2, 7.4); Flate and LZW may keep differences
//! between rows (a predictor). Not pictures: those are no objects.

use std::{
    io::{self, BufRead, BufReader, Read},
    ops::Range,
};

use flate2::bufread::DeflateDecoder;
use weezl::{BitOrder, LzwStatus, decode::Decoder};

use super::{
    Fault, Outcome,
    object::{Dict, Value},
};
use crate::platform::media::source::Source;

/// Bytes of a row at most.
const ROW: u64 = 1 << 20;
/// Filters of a stream; of a longer list, not all is known.
const FILTERS: usize = 3;
/// How much longer than the stream it may be between two filters, and what it may be in any case.
const RATIO: u64 = 32;
const FREE: u64 = 1 << 20;
/// What would make some reader unpack it in another way.
const STRANGE: &[&str] = &["F", "FFilter", "FDecodeParms", "DP"];

type Content<'a> = Box<dyn Read + 'a>;

/// Reads the content of a stream.
///
/// # Errors
/// It is packed in some other way, or what says how stands elsewhere.
pub fn unpack<'a>(source: &'a Source<'_>, dict: &Dict, range: Range<u64>) -> Outcome<Content<'a>> {
    if STRANGE.iter().any(|key| dict.get(key).is_some()) {
        return Err(Fault::Broken);
    }
    let filters = filters(dict.get("Filter"))?;
    let parameters = parameters(dict.get("DecodeParms"), filters.len())?;
    let most = (range.end - range.start).saturating_mul(RATIO) + FREE;
    let mut content: Content<'a> = Box::new(source.part(range));
    for (place, (filter, parameters)) in filters.into_iter().zip(parameters).enumerate() {
        if place > 0 {
            content = Box::new(Bounded { content, left: most });
        }
        content = unpacked(BufReader::new(content), filter, parameters)?;
    }
    Ok(Box::new(BufReader::new(content)))
}

fn filters(value: Option<&Value>) -> Outcome<Vec<&[u8]>> {
    match value {
        None | Some(Value::Other) => Ok(Vec::new()),
        Some(Value::Name(name)) => Ok(vec![name]),
        Some(Value::List(values)) if values.len() <= FILTERS => {
            let names = values.iter().map(|value| match value {
                Value::Name(name) => Ok(&name[..]),
                _ => Err(Fault::Broken),
            });
            names.collect()
        }
        Some(_) => Err(Fault::Broken),
    }
}

/// Those of each filter.
fn parameters(value: Option<&Value>, count: usize) -> Outcome<Vec<Option<&Dict>>> {
    fn dict(value: &Value) -> Outcome<Option<&Dict>> {
        match value {
            Value::Dict(dict) => Ok(Some(dict)),
            Value::Other => Ok(None),
            _ => Err(Fault::Broken),
        }
    }
    let mut all = match value {
        None => Vec::new(),
        Some(Value::List(values)) if values.len() <= FILTERS => values.iter().map(dict).collect::<Outcome<_>>()?,
        // Of several filters, readers differ in which it belongs to.
        Some(Value::Dict(_)) if count > 1 => return Err(Fault::Broken),
        Some(value) => vec![dict(value)?],
    };
    all.resize(count, None);
    Ok(all)
}

fn unpacked<'a>(mut content: BufReader<Content<'a>>, filter: &[u8], parameters: Option<&Dict>) -> Outcome<Content<'a>> {
    match (filter, parameters) {
        (b"FlateDecode" | b"Fl", _) => {
            let mut head = [0; 2];
            content.read_exact(&mut head)?;
            // Deflate, without a dictionary (RFC 1950, 2.2). Readers don't mind the checksum at the end.
            if head[0] & 15 != 8 || head[1] & 32 != 0 || u16::from_be_bytes(head) % 31 != 0 {
                return Err(Fault::Broken);
            }
            rows(DeflateDecoder::new(content), parameters)
        }
        (b"LZWDecode" | b"LZW", _) => {
            let is_early = match parameters {
                Some(parameters) => parameters.number("EarlyChange", Some(1))? == 1,
                None => true,
            };
            let decoder = if is_early {
                Decoder::with_tiff_size_switch(BitOrder::Msb, 8)
            } else {
                Decoder::new(BitOrder::Msb, 8)
            };
            rows(Lzw { content, decoder }, parameters)
        }
        (b"ASCIIHexDecode" | b"AHx", None) => Ok(Box::new(Hexadecimal(content))),
        (b"ASCII85Decode" | b"A85", None) => Ok(Box::new(Ascii85 {
            content,
            group: Vec::with_capacity(4),
            is_over: false,
        })),
        (b"RunLengthDecode" | b"RL", None) => Ok(Box::new(Runs {
            content,
            run: 0,
            repeated: None,
        })),
        // By the name of no key, it is none.
        (b"Crypt", None) => Ok(Box::new(content)),
        _ => Err(Fault::Broken),
    }
}

fn rows<'a>(content: impl Read + 'a, parameters: Option<&Dict>) -> Outcome<Content<'a>> {
    match parameters {
        None => Ok(Box::new(content)),
        Some(parameters) => Rows::read(content, parameters),
    }
}

fn broken() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

/// The next byte that is no white space.
fn next_sign(content: &mut impl Read) -> io::Result<Option<u8>> {
    let mut byte = [0];
    while content.read(&mut byte)? > 0 {
        if !super::token::is_white(byte[0]) {
            return Ok(Some(byte[0]));
        }
    }
    Ok(None)
}

/// A content that is refused, not cut, when it is longer.
struct Bounded<R> {
    content: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.content.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(broken)?;
        Ok(read)
    }
}

struct Lzw<R> {
    content: R,
    decoder: Decoder,
}

impl<R: BufRead> Read for Lzw<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let input = self.content.fill_buf()?;
            let is_over = input.is_empty();
            let step = self.decoder.decode_bytes(input, buffer);
            self.content.consume(step.consumed_in);
            match step.status {
                Err(_) => return Err(broken()),
                Ok(LzwStatus::Done) => return Ok(step.consumed_out),
                Ok(_) if step.consumed_out > 0 || buffer.is_empty() => return Ok(step.consumed_out),
                Ok(LzwStatus::NoProgress) if is_over => return Err(broken()),
                Ok(_) => {}
            }
        }
    }
}

/// Two digits a byte, up to `>`.
struct Hexadecimal<R>(R);

impl<R: Read> Read for Hexadecimal<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let digit = |sign: u8| {
            char::from(sign)
                .to_digit(16)
                .map(|digit| digit as u8)
                .ok_or_else(broken)
        };
        for (at, byte) in buffer.iter_mut().enumerate() {
            let first = match next_sign(&mut self.0)? {
                None => return Ok(at),
                Some(b'>') => {
                    self.end()?;
                    return Ok(at);
                }
                Some(sign) => digit(sign)?,
            };
            *byte = 16 * first
                + match next_sign(&mut self.0)? {
                    Some(b'>') => {
                        self.end()?;
                        0
                    }
                    Some(sign) => digit(sign)?,
                    None => 0,
                };
        }
        Ok(buffer.len())
    }
}

impl<R: Read> Hexadecimal<R> {
    /// What follows the end is none of it.
    fn end(&mut self) -> io::Result<()> {
        io::copy(&mut self.0, &mut io::sink()).map(|_| ())
    }
}

/// Five signs for four bytes, up to `~>`.
struct Ascii85<R> {
    content: R,
    /// Bytes that were read and not given, the last one first.
    group: Vec<u8>,
    is_over: bool,
}

impl<R: Read> Ascii85<R> {
    fn next(&mut self) -> io::Result<()> {
        let mut signs = Vec::with_capacity(5);
        while signs.len() < 5 {
            match next_sign(&mut self.content)? {
                Some(b'z') if signs.is_empty() => {
                    self.group = vec![0; 4];
                    return Ok(());
                }
                Some(sign @ b'!'..=b'u') => signs.push(sign - b'!'),
                Some(b'~') if next_sign(&mut self.content)? == Some(b'>') => {
                    self.is_over = true;
                    break;
                }
                None => {
                    self.is_over = true;
                    break;
                }
                _ => return Err(broken()),
            }
        }
        let count = signs.len();
        match count {
            0 => return Ok(()),
            1 => return Err(broken()),
            _ => {}
        }
        signs.resize(5, 84);
        let number = signs.iter().fold(0, |number, sign| 85 * number + u64::from(*sign));
        let number = u32::try_from(number).map_err(|_| broken())?;
        self.group = number.to_be_bytes()[..count - 1].to_vec();
        self.group.reverse();
        Ok(())
    }
}

impl<R: Read> Read for Ascii85<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        for (at, byte) in buffer.iter_mut().enumerate() {
            if self.group.is_empty() && !self.is_over {
                self.next()?;
            }
            match self.group.pop() {
                Some(next) => *byte = next,
                None => return Ok(at),
            }
        }
        Ok(buffer.len())
    }
}

/// Runs of bytes, and of one byte.
struct Runs<R> {
    content: R,
    /// Bytes that are left of a run.
    run: usize,
    repeated: Option<u8>,
}

impl<R: Read> Read for Runs<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.run == 0 {
            let mut sign = [128];
            let read = self.content.read(&mut sign)?;
            let mut byte = [0];
            (self.run, self.repeated) = match (read, sign[0]) {
                // What follows the end is none of it.
                (0, _) | (_, 128) => {
                    io::copy(&mut self.content, &mut io::sink())?;
                    return Ok(0);
                }
                (_, length @ 0..128) => (usize::from(length) + 1, None),
                (_, length) => {
                    self.content.read_exact(&mut byte)?;
                    (257 - usize::from(length), Some(byte[0]))
                }
            };
        }
        let length = buffer.len().min(self.run);
        match self.repeated {
            Some(byte) => buffer[..length].fill(byte),
            None => self.content.read_exact(&mut buffer[..length])?,
        }
        self.run -= length;
        Ok(length)
    }
}

/// Rows of which the differences are kept.
struct Rows<R> {
    content: R,
    /// Bytes of a pixel.
    pixel: usize,
    /// Whether each row says how it differs, as in PNG.
    is_tagged: bool,
    /// The last one, how long it is, and how much of it was read.
    above: Vec<u8>,
    length: usize,
    at: usize,
}

impl<R: Read> Rows<R> {
    fn read<'a>(content: R, parameters: &Dict) -> Outcome<Content<'a>>
    where
        R: 'a,
    {
        let predictor = parameters.number("Predictor", Some(1))?;
        let bits = parameters.number("BitsPerComponent", Some(8))?;
        let pixel = parameters.number("Colors", Some(1))?.saturating_mul(bits);
        let row = pixel.saturating_mul(parameters.number("Columns", Some(1))?).div_ceil(8);
        let is_tagged = match predictor {
            1 => return Ok(Box::new(content)),
            2 if bits == 8 => false,
            10..=15 => true,
            _ => return Err(Fault::Broken),
        };
        if pixel == 0 || !(1..=ROW).contains(&row) {
            return Err(Fault::Broken);
        }
        Ok(Box::new(Self {
            content,
            pixel: pixel.div_ceil(8) as usize,
            is_tagged,
            above: vec![0; row as usize],
            length: 0,
            at: 0,
        }))
    }

    /// Reads the next row; the last one may be short.
    fn next(&mut self) -> io::Result<()> {
        let mut tag = [0];
        (self.at, self.length) = (0, 0);
        if self.is_tagged && self.content.read(&mut tag)? == 0 {
            return Ok(());
        }
        let mut row = Vec::with_capacity(self.above.len());
        self.content
            .by_ref()
            .take(self.above.len() as u64)
            .read_to_end(&mut row)?;
        for at in 0..row.len() {
            let before = at.checked_sub(self.pixel);
            let (left, corner) = before.map_or((0, 0), |before| (row[before], self.above[before]));
            let above = self.above[at];
            let predicted = match (self.is_tagged, tag[0]) {
                (false, _) | (true, 1) => left,
                (true, 0) => 0,
                (true, 2) => above,
                (true, 3) => ((u16::from(left) + u16::from(above)) / 2) as u8,
                (true, 4) => paeth(left, above, corner),
                _ => return Err(io::ErrorKind::InvalidData.into()),
            };
            row[at] = row[at].wrapping_add(predicted);
        }
        self.length = row.len();
        row.resize(self.above.len(), 0);
        self.above = row;
        Ok(())
    }
}

/// Which of three neighbours is nearest to their slope.
fn paeth(left: u8, above: u8, corner: u8) -> u8 {
    let slope = i16::from(left) + i16::from(above) - i16::from(corner);
    let distance = |byte: &u8| (slope - i16::from(*byte)).abs();
    // The first of equals.
    [left, above, corner].into_iter().min_by_key(distance).unwrap_or(left)
}

impl<R: Read> Read for Rows<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.length {
            self.next()?;
        }
        let read = (&self.above[self.at..self.length]).read(buffer)?;
        self.at += read;
        Ok(read)
    }
}
