//! PDF: its beginning and its end, and nothing in it that acts by itself. What is compressed inside is not unpacked.

use std::io::Read;

use super::super::{Refusal, Result, source::Source};

/// Actions that run a script or a program, in lower case; and markup that a browser would rather show.
const ACTIVE: &[&[u8]] = &[
    b"/javascript",
    b"/launch",
    b"/richmedia",
    b"<script",
    b"<html",
    b"<!doctype html",
    b"<?php",
];
/// Bytes at the end in which the last mark stands.
const TAIL: u64 = 1024;

pub fn check(source: &Source<'_>) -> Result<()> {
    if !source
        .peek(0, 8)?
        .get(5..)
        .is_some_and(|version| version.starts_with(b"1.") || version.starts_with(b"2."))
    {
        return Err(Refusal::corrupt("broken PDF"));
    }
    let tail = source.bytes(source.size().saturating_sub(TAIL)..source.size())?;
    let mark = tail
        .windows(5)
        .rposition(|bytes| bytes == b"%%EOF")
        .ok_or(Refusal::corrupt("ends too early"))?;
    if tail[mark + 5..]
        .iter()
        .any(|byte| !byte.is_ascii_whitespace() && *byte != 0)
    {
        return Err(Refusal::unsafe_("something follows the PDF"));
    }
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
