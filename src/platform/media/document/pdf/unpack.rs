//! What a stream of PDF holds: as it is, or packed with Flate, which may keep differences between rows (a predictor).

use std::{
    io::{self, BufReader, Read},
    ops::Range,
};

use flate2::bufread::ZlibDecoder;

use super::{
    Fault, Outcome,
    object::{Dict, Value},
};
use crate::platform::media::source::Source;

/// Bytes of a row at most.
const ROW: u64 = 1 << 20;
/// What would make some reader unpack it in another way.
const STRANGE: &[&str] = &["F", "FFilter", "FDecodeParms", "DP"];

/// Reads the content of a stream.
///
/// # Errors
/// It is packed in some other way, or what says how stands elsewhere.
pub fn unpack<'a>(source: &'a Source<'_>, dict: &Dict, range: Range<u64>) -> Outcome<Box<dyn Read + 'a>> {
    if STRANGE.iter().any(|key| dict.get(key).is_some()) {
        return Err(Fault::Broken);
    }
    match only(dict.get("Filter"))? {
        None => Ok(Box::new(BufReader::new(source.part(range)))),
        Some(Value::Name(name)) if matches!(&name[..], b"FlateDecode" | b"Fl") => {
            let content = ZlibDecoder::new(BufReader::new(source.part(range)));
            match only(dict.get("DecodeParms"))? {
                None => Ok(Box::new(content)),
                Some(Value::Dict(parameters)) => Rows::read(content, parameters),
                Some(_) => Err(Fault::Broken),
            }
        }
        Some(_) => Err(Fault::Broken),
    }
}

/// A value, or the only one of a list. None says nothing.
fn only(value: Option<&Value>) -> Outcome<Option<&Value>> {
    match value {
        None | Some(Value::Other) => Ok(None),
        Some(Value::List(values)) => match &values[..] {
            [] => Ok(None),
            [Value::List(_)] => Err(Fault::Broken),
            [one] => only(Some(one)),
            _ => Err(Fault::Broken),
        },
        Some(value) => Ok(Some(value)),
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
    fn read<'a>(content: R, parameters: &Dict) -> Outcome<Box<dyn Read + 'a>>
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
