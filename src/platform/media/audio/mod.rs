//! Sound files of their own containers: copied without their tags.

pub mod flac;
pub mod mp3;
pub mod ogg;
pub mod wav;

use std::io::Read;

use super::{Result, source::Source};

/// Bytes of a tag in front of the sound (ID3v2), also in the midst of it; 0 if there is none. `head` has ten bytes or more.
fn leading_tag(head: &[u8]) -> u64 {
    match head {
        [b'I', b'D', b'3', _, _, flags, size @ ..] => {
            let Some(size) = size.first_chunk::<4>() else {
                return 0;
            };
            let length = size.iter().fold(0, |sum, byte| sum << 7 | u64::from(byte & 0x7f));
            10 + length + if flags & 0x10 == 0 { 0 } else { 10 }
        }
        _ => 0,
    }
}

/// Reads on until `buffer` holds `wanted` bytes from `at` on, if there are so many; drops what came before `at` now and then.
fn fill(reader: &mut dyn Read, buffer: &mut Vec<u8>, at: &mut usize, wanted: usize) -> Result<bool> {
    const CHUNK: usize = 64 << 10;
    while buffer.len() < *at + wanted {
        if *at >= CHUNK {
            buffer.drain(..*at);
            *at = 0;
        }
        let old = buffer.len();
        buffer.resize(old + CHUNK, 0);
        let read = reader.read(&mut buffer[old..])?;
        buffer.truncate(old + read);
        if read == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The share of a source that is read.
fn tell(source: &Source<'_>, at: u64) {
    source.guard.done(at, source.size());
}
