//! Office files: archives that are unpacked to nowhere, to see that they are what they say.

use std::{
    collections::HashSet,
    io::{BufRead, BufReader, Read, Write},
};

use flate2::{Crc, read::DeflateDecoder};

use super::{
    super::{
        Limits, Refusal, Result,
        source::{Sink, le16, le32},
    },
    Format, Input, Source, sniff,
};

/// Bytes of the records of a ZIP, without names and comments: of an entry, of the directory, the last one.
const LOCAL: u64 = 30;
const CENTRAL: u64 = 46;
const END: u64 = 22;
/// Bytes that may follow an entry: its sizes once more.
const DESCRIPTOR: u64 = 24;
/// Bytes of the part that says what the others are.
const CONTENTS: usize = 1 << 20;
/// Bytes that an archive may unpack to whatever their ratio.
const FREE: u64 = 1 << 20;
/// Media types of office files that are taken.
const TYPES: &[&str] = &[
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.presentation",
];
const CONTENT_TYPES: &str = "[content_types].xml";
/// Names that say that something acts by itself.
const ACTIVE: &[&str] = &[
    "vbaproject",
    "vbadata",
    "macrosheets/",
    "activex/",
    "basic/",
    "scripts/",
    "customui/vba",
];

/// What an entry of an archive is, by the directory.
struct Entry {
    /// In lower case.
    name: String,
    is_deflated: bool,
    checksum: u32,
    packed: u64,
    size: u64,
    at: u64,
}

/// What all archives of a file may still hold.
struct Budget {
    entries: u64,
    bytes: u64,
}

impl Budget {
    fn take(&mut self, entries: u64, bytes: u64) -> Result<()> {
        let bomb = || Refusal::unsafe_("an archive that explodes");
        self.entries = self.entries.checked_sub(entries).ok_or_else(bomb)?;
        self.bytes = self.bytes.checked_sub(bytes).ok_or_else(bomb)?;
        Ok(())
    }
}

/// Checks an office file, and returns its media type.
pub fn check(input: &Input<'_>, source: &Source<'_>) -> Result<&'static str> {
    let Limits {
        max_zip_entries,
        max_zip_bytes,
        max_zip_ratio,
        ..
    } = *source.limits();
    let mut budget = Budget {
        entries: max_zip_entries,
        bytes: max_zip_bytes.min(FREE + source.size().saturating_mul(max_zip_ratio)),
    };
    let contents = check_archive(input, source, true, &mut budget)?;
    let mut fitting = TYPES.iter().filter(|media_type| contents.is_of(media_type));
    match (fitting.next(), fitting.next()) {
        (Some(media_type), None) => Ok(media_type),
        _ => Err(Refusal::mismatch("another kind of archive")),
    }
}

/// What an archive says that it is.
struct Contents {
    text: Vec<u8>,
    is_open: bool,
}

impl Contents {
    fn has(&self, text: &str) -> bool {
        self.text.windows(text.len()).any(|bytes| bytes == text.as_bytes())
    }

    fn is_of(&self, media_type: &str) -> bool {
        if self.is_open {
            self.text == media_type.as_bytes()
        } else {
            self.has(&format!("{media_type}.main+xml"))
        }
    }
}

/// Checks an archive: the outer one, or one in it.
fn check_archive(input: &Input<'_>, source: &Source<'_>, is_outer: bool, budget: &mut Budget) -> Result<Contents> {
    let entries = directory(source, budget)?;
    if entries
        .iter()
        .any(|entry| ACTIVE.iter().any(|name| is_part(&entry.name, name)))
    {
        return Err(Refusal::unsafe_("macros"));
    }
    let mut contents = Vec::new();
    let is_open = entries.first().is_some_and(|entry| entry.name == "mimetype");
    for (index, entry) in entries.iter().enumerate() {
        let text = unpack(input, source, entry, is_outer, budget)?;
        if entry.name == CONTENT_TYPES || (is_open && index == 0) {
            contents = text;
        }
        if is_outer {
            source.guard.done(index as u64 + 1, entries.len() as u64);
        }
    }
    contents.make_ascii_lowercase();
    let contents = Contents {
        text: contents,
        is_open,
    };
    if contents.has("macroenabled") || contents.has("vnd.ms-office.vba") {
        return Err(Refusal::unsafe_("macros"));
    }
    Ok(contents)
}

/// Whether a name is in a folder, or the folder or file itself is called so.
fn is_part(name: &str, part: &str) -> bool {
    name.match_indices(part)
        .any(|(at, _)| at == 0 || name.as_bytes()[at - 1] == b'/')
}

/// The entries in the order of their places, none overlapping.
fn directory(source: &Source<'_>, budget: &mut Budget) -> Result<Vec<Entry>> {
    let broken = || Refusal::corrupt("broken archive");
    let hidden = || Refusal::unsafe_("an archive with hidden parts");
    let end = sniff::zip_end(source)?.ok_or(Refusal::corrupt("ends too early"))?;
    let last = source.bytes(end..end + END)?;
    let (count, size, start) = (
        le16(&last, 10)?,
        u64::from(le32(&last, 12)?),
        u64::from(le32(&last, 16)?),
    );
    if count == u16::MAX || size == u64::from(u32::MAX) || start == u64::from(u32::MAX) {
        return Err(Refusal::unsupported("an archive of the large kind"));
    }
    if start + size != end || le32(&last, 4)? != 0 || le16(&last, 8)? != count {
        return Err(hidden());
    }
    budget.take(count.into(), 0)?;
    let mut reader = source.buffered(start..end);
    let (mut entries, mut names) = (Vec::new(), HashSet::new());
    for _ in 0..count {
        let mut head = [0; CENTRAL as usize];
        reader.read_exact(&mut head)?;
        let mut name = vec![0; le16(&head, 28)?.into()];
        reader.read_exact(&mut name)?;
        let rest = i64::from(le16(&head, 30)?) + i64::from(le16(&head, 32)?);
        reader.seek_relative(rest)?;
        if !head.starts_with(b"PK\x01\x02") {
            return Err(broken());
        }
        let name = String::from_utf8_lossy(&name).replace('\\', "/").to_lowercase();
        if name.starts_with('/') || name.contains('\0') || name.split('/').any(|part| part == "..") {
            return Err(Refusal::unsafe_("an archive that leaves its folder"));
        }
        if !names.insert(name.clone()) {
            return Err(hidden());
        }
        let entry = Entry {
            name,
            is_deflated: match le16(&head, 10)? {
                0 => false,
                8 => true,
                _ => return Err(Refusal::unsupported("a rare kind of archive")),
            },
            checksum: le32(&head, 16)?,
            packed: le32(&head, 20)?.into(),
            size: le32(&head, 24)?.into(),
            at: le32(&head, 42)?.into(),
        };
        if le16(&head, 8)? & 1 != 0 {
            return Err(Refusal::unsafe_("an archive with a password"));
        }
        // By what it claims; what it really holds is counted when it is unpacked.
        budget.take(0, entry.size)?;
        entries.push(entry);
    }
    if reader.fill_buf()?.iter().next().is_some() {
        return Err(hidden());
    }
    entries.sort_by_key(|entry| entry.at);
    let mut before = 0;
    for entry in &mut entries {
        source.guard.check()?;
        let head = source.bytes(entry.at..entry.at + LOCAL)?;
        let (name, extra) = (u64::from(le16(&head, 26)?), u64::from(le16(&head, 28)?));
        let place = entry.at + LOCAL;
        let local = source.bytes(place..place + name)?;
        let local = String::from_utf8_lossy(&local).replace('\\', "/").to_lowercase();
        let is_same = local == entry.name && (le16(&head, 8)? == 8) == entry.is_deflated;
        if !head.starts_with(b"PK\x03\x04") || !is_same || entry.at < before || entry.at > before + DESCRIPTOR {
            return Err(hidden());
        }
        entry.at = place + name + extra;
        before = entry.at + entry.packed;
    }
    // The first may not come behind something else either.
    if before > start || start - before > DESCRIPTOR {
        return Err(hidden());
    }
    Ok(entries)
}

/// Unpacks an entry to nowhere, and returns its beginning. An archive in it is checked too, one level deep.
fn unpack(
    input: &Input<'_>,
    source: &Source<'_>,
    entry: &Entry,
    is_outer: bool,
    budget: &mut Budget,
) -> Result<Vec<u8>> {
    const LYING: Refusal = Refusal::unsafe_("an archive that lies");
    let packed = BufReader::new(source.part(entry.at..entry.at + entry.packed));
    let mut reader: Box<dyn Read> = if entry.is_deflated {
        Box::new(DeflateDecoder::new(packed))
    } else {
        Box::new(packed)
    };
    let (mut sum, mut size, mut start) = (Crc::new(), 0, Vec::new());
    let mut inner: Option<Sink<'_>> = None;
    let mut chunk = vec![0; 32 << 10];
    loop {
        // Little unpacks to much: the reads below say nothing for long.
        source.guard.check()?;
        let read = match reader.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => {
                return Err(Refusal::corrupt("broken archive"));
            }
            Err(error) => return Err(error.into()),
        };
        let bytes = &chunk[..read];
        if size == 0 {
            match sniff::format(bytes) {
                // Drawings may be packed.
                Format::Archive if [".emz", ".wmz"].iter().any(|end| entry.name.ends_with(end)) => {}
                Format::Program | Format::Ole | Format::Archive => {
                    return Err(Refusal::unsafe_("an archive with a program or an archive inside"));
                }
                Format::Zip if is_outer && is_part(&entry.name, "embeddings/") => {
                    inner = Some(Sink::create(input, "embedded.zip", source.guard)?);
                }
                Format::Zip => return Err(Refusal::unsafe_("an archive in an archive")),
                _ => {}
            }
        }
        size += read as u64;
        if size > entry.size {
            return Err(LYING);
        }
        sum.update(bytes);
        let room = CONTENTS.saturating_sub(start.len()).min(read);
        if entry.name == CONTENT_TYPES || entry.name == "mimetype" {
            start.extend_from_slice(&bytes[..room]);
        }
        if let Some(inner) = &mut inner {
            inner.write_all(bytes)?;
        }
    }
    if size != entry.size || sum.sum() != entry.checksum {
        return Err(LYING);
    }
    if let Some(inner) = inner {
        let (path, _) = inner.finish()?;
        check_archive(input, &Source::open(&path, source.guard)?, false, budget)?;
        std::fs::remove_file(path)?;
    }
    Ok(start)
}
