//! What a file is by its first bytes, and whether it is something else as well.

use std::io::Read;

use super::{
    Refusal, Result,
    source::{Source, le16, le32},
};

/// What a content looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Jpeg,
    Png,
    Gif,
    Webp,
    /// MP4, QuickTime, M4A.
    IsoMedia,
    /// WebM too.
    Matroska,
    Mp3,
    Ogg,
    Wav,
    Flac,
    Pdf,
    /// Office files too.
    Zip,
    Svg,
    Html,
    /// HEIC, AVIF, TIFF and raw images, which nothing here decodes.
    OtherImage,
    /// Films, sounds and pictures that everybody knows, and that nothing here reads.
    Other,
    /// Archives other than ZIP.
    Archive,
    /// Something that a computer runs.
    Program,
    /// Office files of before 2007, and those with a password.
    Ole,
    /// None of the others. Whether it is text shows when it is read.
    Text,
}

/// Bytes that are looked at.
const HEAD: usize = 4096;
/// Bytes in which readers of PDF look for its beginning.
pub const PDF_HEAD: usize = 1024;
/// Bytes of the last record of a ZIP without its comment.
const ZIP_END: usize = 22;
/// Beginnings of a document in which scripts run; what the browsers' own sniffing knows.
const MARKUP: &[&str] = &[
    "<!doctype html",
    "<html",
    "<head",
    "<body",
    "<script",
    "<iframe",
    "<h1",
    "<div",
    "<font",
    "<table",
    "<a ",
    "<style",
    "<title",
    "<b>",
    "<br",
    "<p>",
    "<p ",
    "<?php",
    "<%",
];
/// What makes an SVG more than a picture.
const ACTIVE: &[&[u8]] = &[
    b"<script",
    b"<foreignobject",
    b"<iframe",
    b"<embed",
    b"<object",
    b"<!entity",
    b"<handler",
    b"javascript:",
    b"onload",
    b"onclick",
    b"onerror",
    b"onbegin",
    b"onmouse",
    b"onfocus",
    b"onactivate",
];

/// What the source looks like. What is harmful whatever it is called, or nothing that is taken, is refused at once.
pub fn identify(source: &Source<'_>) -> Result<Format> {
    if source.size() == 0 {
        return Err(Refusal::corrupt("empty"));
    }
    match format(&source.peek(0, HEAD)?) {
        Format::OtherImage => Err(Refusal::unsupported("an image format that is not taken")),
        Format::Program => Err(Refusal::unsafe_("a program")),
        // Recorders leave room in front of the sound.
        Format::Text if format(&source.peek(leading_zeros(source)?, HEAD)?) == Format::Mp3 => Ok(Format::Mp3),
        format => Ok(format),
    }
}

/// How many zeros a file begins with, as far as it may have something beside its content.
pub fn leading_zeros(source: &Source<'_>) -> Result<u64> {
    let mut count = 0;
    let end = source.size().min(source.limits().max_metadata);
    for byte in source.buffered(0..end).bytes() {
        if byte? != 0 {
            break;
        }
        count += 1;
    }
    Ok(count)
}

/// Refuses a drawing that acts.
pub fn refuse_active(source: &Source<'_>, format: Format) -> Result<()> {
    if format == Format::Svg && contains(source, ACTIVE)? {
        return Err(Refusal::unsafe_("SVG with active content"));
    }
    Ok(())
}

/// What these first bytes look like.
pub fn format(head: &[u8]) -> Format {
    let at = |offset: usize, magic: &[u8]| head.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    let any = |magics: &[&[u8]]| magics.iter().any(|magic| at(0, magic));
    // The length of a box, which is no text: those may have any word there.
    let is_box = head
        .get(..4)
        .is_some_and(|length| !length.iter().all(|byte| matches!(byte, 9..=13 | 32..=126)));
    if at(0, b"\xff\xd8\xff") {
        Format::Jpeg
    } else if at(0, b"\x89PNG\r\n\x1a\n") {
        Format::Png
    } else if any(&[b"GIF87a", b"GIF89a"]) {
        Format::Gif
    } else if at(0, b"RIFF") && at(8, b"WEBP") {
        Format::Webp
    } else if at(0, b"RIFF") && at(8, b"WAVE") {
        Format::Wav
    } else if is_box && at(4, b"ftyp") {
        let brand = head.get(8..12).unwrap_or_default();
        match brand {
            b"avif" | b"avis" | b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1"
            | b"crx " => Format::OtherImage,
            _ => Format::IsoMedia,
        }
    } else if is_box
        && [b"moov", b"mdat", b"wide", b"free", b"skip"]
            .iter()
            .any(|kind| at(4, *kind))
    {
        Format::IsoMedia
    } else if any(&[
        b"II*\0",
        b"MM\0*",
        b"II+\0",
        b"MM\0+",
        b"IIU\0",
        b"IIRO",
        b"\0\0\0\x0cjP  ",
        b"\xff\x0a",
    ]) {
        Format::OtherImage
    } else if at(0, b"\x1a\x45\xdf\xa3") {
        Format::Matroska
    } else if at(0, b"OggS") {
        Format::Ogg
    } else if at(0, b"fLaC") {
        Format::Flac
    } else if pdf_start(head).is_some() {
        Format::Pdf
    } else if any(&[b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"]) {
        Format::Zip
    } else if any(&[
        b"Rar!\x1a\x07",
        b"7z\xbc\xaf\x27\x1c",
        b"\x1f\x8b\x08",
        b"\xfd7zXZ\0",
        b"\x28\xb5\x2f\xfd",
        b"MSCF",
    ]) || (at(0, b"BZh") && at(4, b"1AY&SY"))
        || at(257, b"ustar")
    {
        Format::Archive
    } else if is_other(head) {
        Format::Other
    } else if at(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        Format::Ole
    } else if is_program(head) {
        Format::Program
    } else if (at(0, b"ID3") && head.get(3).is_some_and(|version| *version < 9)) || super::audio::mp3::begins(head) {
        Format::Mp3
    } else {
        markup(head)
    }
}

/// BMP, ICO, PSD; AVI, MPEG, WMV, FLV; AAC, AIFF, AMR, CAF, MIDI.
fn is_other(head: &[u8]) -> bool {
    let at = |offset: usize, magic: &[u8]| head.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    let magics: [&[u8]; 9] = [
        b"\0\0\x01\0",
        b"8BPS\0\x01",
        b"\0\0\x01\xba",
        b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
        b"FLV\x01",
        b"#!AMR",
        b"caff\0\x01",
        b"MThd\0\0\0\x06",
        b"ADIF",
    ];
    let is_riff = at(0, b"RIFF") && at(8, b"AVI ");
    let is_aiff = at(0, b"FORM") && (at(8, b"AIFF") || at(8, b"AIFC"));
    let is_bmp = at(0, b"BM") && at(6, &[0; 4]) && head.len() > 18;
    // Frames that say no layer, as those of MP3 do (ISO 13818-7).
    let is_adts = matches!(head, [0xff, second, third, ..] if second & 0xf6 == 0xf0 && third >> 2 & 15 < 13);
    let is_transport = head.len() > 376 && [0, 188, 376].iter().all(|place| head[*place] == b'G');
    magics.iter().any(|magic| at(0, magic)) || is_riff || is_aiff || is_bmp || is_adts || is_transport
}

/// Where a PDF begins, before which white space and zeros may stand.
pub fn pdf_start(head: &[u8]) -> Option<usize> {
    let is_white = |byte: &u8| matches!(byte, 0 | b'\t' | b'\n' | b'\x0c' | b'\r' | b' ');
    let at = head.iter().take(PDF_HEAD).position(|byte| !is_white(byte))?;
    head[at..].starts_with(b"%PDF-").then_some(at)
}

fn is_program(head: &[u8]) -> bool {
    let is_windows = head.starts_with(b"MZ") && head.iter().take(1024).any(|byte| *byte == 0);
    let others: [&[u8]; 8] = [
        b"\x7fELF",
        b"\xca\xfe\xba\xbe",
        b"\xfe\xed\xfa\xce",
        b"\xfe\xed\xfa\xcf",
        b"\xce\xfa\xed\xfe",
        b"\xcf\xfa\xed\xfe",
        b"#!/",
        b"\0asm",
    ];
    is_windows || others.iter().any(|magic| head.starts_with(magic))
}

fn markup(head: &[u8]) -> Format {
    // In UTF-16, every other byte of a tag is zero.
    let text: String = head
        .iter()
        .filter(|byte| **byte != 0)
        .map(|byte| char::from(byte.to_ascii_lowercase()))
        .collect();
    let mut rest =
        text.trim_start_matches(|sign: char| sign.is_whitespace() || matches!(sign, 'ï' | '»' | '¿' | 'ÿ' | 'þ'));
    let is_xml = rest.starts_with("<?xml") || rest.starts_with("<!doctype svg") || rest.starts_with("<svg");
    while rest.starts_with("<!--") {
        match rest.split_once("-->") {
            Some((_, after)) => rest = after.trim_start(),
            // A comment that hides what follows.
            None => return Format::Html,
        }
    }
    if rest.starts_with('<') && rest.contains("<svg") {
        Format::Svg
    } else if MARKUP.iter().any(|tag| rest.starts_with(tag)) || (is_xml && rest.contains("<html")) {
        Format::Html
    } else {
        Format::Text
    }
}

/// Refuses what other programs would read as another format: what looks like an image may be an archive by its end.
pub fn refuse_second_format(source: &Source<'_>, format: Format) -> Result<()> {
    if format != Format::Zip && ends_as_zip(source)? {
        return Err(Refusal::unsafe_("an archive as well"));
    }
    if format != Format::Pdf && source.peek(0, PDF_HEAD)?.windows(5).any(|bytes| bytes == b"%PDF-") {
        return Err(Refusal::unsafe_("a PDF as well"));
    }
    Ok(())
}

/// Refuses what follows the end of an image if it is a format of its own; other remains are dropped. Cameras append further
/// images and short videos.
pub fn refuse_trailer(source: &Source<'_>, end: u64) -> Result<()> {
    let tail = source.peek(end, 2 * HEAD)?;
    let tail = tail
        .iter()
        .position(|byte| !matches!(byte, 0 | b'\n' | b'\r' | b' '))
        .map_or(&[][..], |at| &tail[at..]);
    match format(tail) {
        Format::Jpeg | Format::IsoMedia | Format::Text | Format::Mp3 | Format::Other => Ok(()),
        _ => Err(Refusal::unsafe_("a second format follows the image")),
    }
}

/// The place of the last record of a ZIP, if the file ends with one.
pub fn zip_end(source: &Source<'_>) -> Result<Option<u64>> {
    let start = source.size().saturating_sub((ZIP_END + usize::from(u16::MAX)) as u64);
    let tail = source.bytes(start..source.size())?;
    for at in (0..tail.len().saturating_sub(ZIP_END - 1)).rev() {
        if tail[at..].starts_with(b"PK\x05\x06") && at + ZIP_END + usize::from(le16(&tail, at + 20)?) == tail.len() {
            return Ok(Some(start + at as u64));
        }
    }
    Ok(None)
}

/// Whether the file can be read as a ZIP: readers find it by its end, and allow anything before.
fn ends_as_zip(source: &Source<'_>) -> Result<bool> {
    let Some(end) = zip_end(source)? else {
        return Ok(false);
    };
    let record = source.bytes(end..end + ZIP_END as u64)?;
    let directory = end.checked_sub(le32(&record, 12)?.into());
    Ok(match directory {
        Some(at) if at < end => source.peek(at, 4)? == b"PK\x01\x02",
        Some(_) => false,
        // Sizes that stand in another record (ZIP64).
        None => le32(&record, 12)? == u32::MAX,
    })
}

/// Whether any of some texts, in lower case, occurs in the file; case and zero bytes don't matter.
fn contains(source: &Source<'_>, needles: &[&[u8]]) -> Result<bool> {
    let longest = needles.iter().map(|needle| needle.len()).max().unwrap_or_default();
    let mut reader = source.part(0..source.size());
    let (mut chunk, mut window) = (vec![0; 64 << 10], Vec::new());
    loop {
        let read = reader.read(&mut chunk)?;
        if read == 0 {
            return Ok(false);
        }
        window.extend(
            chunk[..read]
                .iter()
                .filter(|byte| **byte != 0)
                .map(u8::to_ascii_lowercase),
        );
        let found = |at: usize| needles.iter().any(|needle| window[at..].starts_with(needle));
        if (0..window.len()).any(found) {
            return Ok(true);
        }
        let done = window.len().saturating_sub(longest);
        window.drain(..done);
    }
}
