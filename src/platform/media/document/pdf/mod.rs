//! PDF: read by its structure, and nothing in it that acts by itself. See [`active`] for what that is.
//!
//! All of the file is walked from its beginning to its end, whatever the tables of its objects say: objects that no table
//! lists count, and so do those that a later revision replaced, those in object streams, and all trailers. A name counts as a
//! key or as a type, not in a string, a comment, a page's content or the address of a link.
//!
//! Why nothing is seen by a reader that isn't seen here: a reader finds an object by a table or, when that is broken, by a
//! search, but always at `number generation obj`, and a trailer at `trailer <<`. The walk goes over each such place, or else
//! the place lies in a string, a comment or a stream; these are searched for such places ([`token`]). Lengths of streams
//! aren't believed: a stream ends at the first `endstream`, so what some reader takes for the rest of it is walked too. In an
//! object stream, objects are found by their offsets, each of which must be the beginning of a value that was read.
//!
//! What can't be read so to the end is searched for bytes instead: encrypted files; those with anything else between objects
//! than white space and comments; without trailer; with an object stream that is packed in a rare way or too much; with
//! brackets that don't match; with places as above in what is skipped, or with markup in a comment.

mod active;
mod object;
mod token;
mod unpack;
mod walk;

use std::io::{self, Read};

use super::super::{Refusal, Result, sniff, source::Source};

/// What the byte search finds: actions that run a script or a program, in lower case; and markup that a browser would rather
/// show.
const ACTIVE: &[&[u8]] = &[
    b"/javascript",
    b"/launch",
    b"/richmedia",
    b"<script",
    b"<html",
    b"<!doctype html",
    b"<?php",
];
/// Bytes at the end in which the last mark stands, white space aside.
const TAIL: u64 = 1024;
const MARK: &[u8] = b"%%EOF";

/// Why the structure isn't read further.
enum Fault {
    /// Not as a PDF should be; the walk goes on behind it.
    Broken,
    Refused(Refusal),
}

type Outcome<T> = Result<T, Fault>;

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => Self::Broken,
            _ => Self::Refused(error.into()),
        }
    }
}

pub fn check(source: &Source<'_>) -> Result<()> {
    let start = sniff::pdf_start(&source.peek(0, sniff::PDF_HEAD + MARK.len())?).unwrap_or_default() as u64;
    if !source
        .peek(start, 8)?
        .get(5..)
        .is_some_and(|version| version.starts_with(b"1.") || version.starts_with(b"2."))
    {
        return Err(Refusal::corrupt("broken PDF"));
    }
    let end = last(source)?;
    let tail = source.bytes(end.saturating_sub(TAIL)..end)?;
    let mark = tail.windows(MARK.len()).rposition(|bytes| bytes == MARK);
    if mark.is_some_and(|mark| mark + MARK.len() < tail.len()) {
        return Err(Refusal::unsafe_("something follows the PDF"));
    }
    let walked = walk::walk(source, start..end)?;
    // Readers need no mark if the place of the table stands there.
    let is_complete = match walked.end {
        _ if mark.is_some() => true,
        Some(place) => MARK.starts_with(source.bytes(place..end.min(place + TAIL))?.trim_ascii()),
        None => false,
    };
    match (walked.is_whole, is_complete) {
        (_, false) => Err(Refusal::corrupt("ends too early")),
        (true, true) => Ok(()),
        (false, true) => search(source),
    }
}

/// The place behind the last byte that is neither white space nor zero.
fn last(source: &Source<'_>) -> Result<u64> {
    let mut end = source.size();
    while end > 0 {
        let start = end.saturating_sub(64 << 10);
        let bytes = source.bytes(start..end)?;
        if let Some(at) = bytes.iter().rposition(|byte| !token::is_white(*byte)) {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// Searches the bytes of a file that can't be read by its structure.
fn search(source: &Source<'_>) -> Result<()> {
    let mut reader = source.part(0..source.size());
    let mut window = Vec::new();
    let mut chunk = vec![0; 64 << 10];
    let mut at = 0;
    loop {
        let read = reader.read(&mut chunk)?;
        window.extend_from_slice(&chunk[..read]);
        let is_last = read == 0;
        // Names may be written with each letter as a number, thrice as long.
        let done = if is_last {
            window.len()
        } else {
            window.len().saturating_sub(64)
        };
        let starts = (0..done).filter(|at| matches!(window[*at], b'/' | b'<'));
        for start in starts {
            let name = plain(&window[start..window.len().min(start + 64)]);
            if ACTIVE.iter().any(|active| name.starts_with(active)) {
                return Err(Refusal::unsafe_("PDF with active content"));
            }
        }
        window.drain(..done);
        at += read as u64;
        source.guard.done(at, source.size());
        if is_last {
            return Ok(());
        }
    }
}

/// Bytes in lower case, `#` and two digits as the letter that they mean.
fn plain(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digit = |at: usize| bytes.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        match (*byte, digit(at + 1), digit(at + 2)) {
            (b'#', Some(high), Some(low)) => {
                text.push((high << 4 | low) as u8);
                at += 2;
            }
            (byte, ..) => text.push(byte),
        }
        at += 1;
    }
    text.make_ascii_lowercase();
    text
}
