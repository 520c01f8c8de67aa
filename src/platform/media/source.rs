//! Reading uploads and writing what is made of them: bounded, cancellable, with progress.

use std::{
    cell::Cell,
    fs::File,
    io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write},
    ops::Range,
    path::{Path, PathBuf},
    time::Instant,
};

use super::{Derivative, Input, Kind, Limits, Processed, Reason, Refusal, Result, Variant};

/// Bytes that are read or written at once.
const BUFFER: usize = 64 << 10;

/// Ends work that was cancelled or takes too long, and tells how far it is.
pub struct Guard<'a> {
    pub limits: &'a Limits,
    is_cancelled: &'a (dyn Fn() -> bool + Sync),
    progress: &'a (dyn Fn(u8) + Sync),
    deadline: Option<Instant>,
    /// Percents at which the current stage begins and ends.
    stage: Cell<(u8, u8)>,
    told: Cell<u8>,
}

impl<'a> Guard<'a> {
    pub fn new(input: &'a Input<'_>) -> Self {
        (input.progress)(0);
        Self {
            limits: input.limits,
            is_cancelled: input.is_cancelled,
            progress: input.progress,
            deadline: Instant::now().checked_add(input.limits.time),
            stage: Cell::new((0, 100)),
            told: Cell::new(0),
        }
    }

    /// Whether work may go on.
    pub fn check(&self) -> Result<()> {
        if (self.is_cancelled)() {
            return Err(Refusal::Cancelled);
        }
        match self.deadline {
            Some(deadline) if Instant::now() > deadline => Err(Refusal::Refused(Reason::TimedOut, "took too long")),
            _ => Ok(()),
        }
    }

    /// The next stage goes from one percent to another.
    pub fn stage(&self, from: u8, to: u8) {
        self.stage.set((from, to));
        self.tell(from);
    }

    /// So much of the current stage is done.
    pub fn done(&self, part: u64, whole: u64) {
        let (from, to) = self.stage.get();
        let share = u128::from(part.min(whole)) * u128::from(to - from) / u128::from(whole.max(1));
        // The end is told once the caller has all.
        self.tell((from + share as u8).min(99));
    }

    /// The last check, and the last word.
    pub fn finish(&self) -> Result<()> {
        self.check()?;
        self.tell(100);
        Ok(())
    }

    fn tell(&self, percent: u8) {
        if percent > self.told.get() {
            self.told.set(percent);
            (self.progress)(percent);
        }
    }

    fn check_io(&self) -> io::Result<()> {
        self.check().map_err(io::Error::other)
    }
}

/// A file that is read here and there.
pub struct Source<'a> {
    file: File,
    size: u64,
    pub guard: &'a Guard<'a>,
}

impl<'a> Source<'a> {
    pub fn open(path: &Path, guard: &'a Guard<'a>) -> Result<Self> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        Ok(Self { file, size, guard })
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn limits(&self) -> &'a Limits {
        self.guard.limits
    }

    /// Up to `length` bytes from `at` on; fewer where the file ends.
    pub fn peek(&self, at: u64, length: usize) -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(length.min(BUFFER));
        self.part(at..self.size).take(length as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Exactly these bytes. The caller has checked how many they are.
    pub fn bytes(&self, range: Range<u64>) -> Result<Vec<u8>> {
        let length = range.end.saturating_sub(range.start);
        if range.end > self.size {
            return Err(Refusal::corrupt("ends too early"));
        }
        let mut bytes = vec![0; usize::try_from(length).map_err(|_| Refusal::too_large("a part of the file"))?];
        self.part(range).read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// A part of the file.
    pub fn part(&self, range: Range<u64>) -> Spliced<'_> {
        self.spliced(vec![range])
    }

    /// The same, to be read in small pieces.
    pub fn buffered(&self, range: Range<u64>) -> BufReader<Spliced<'_>> {
        BufReader::with_capacity(BUFFER, self.part(range))
    }

    /// Some parts of the file as if nothing stood between them.
    pub fn spliced(&self, ranges: Vec<Range<u64>>) -> Spliced<'_> {
        let mut length = 0;
        let ranges = ranges
            .into_iter()
            .map(|range| {
                let start = length;
                length += range.end.saturating_sub(range.start);
                (start, range)
            })
            .collect();
        Spliced {
            source: self,
            ranges,
            length,
            at: 0,
        }
    }

    /// Copies a part of the file.
    pub fn copy(&self, range: Range<u64>, sink: &mut Sink<'_>) -> Result<()> {
        if range.end > self.size {
            return Err(Refusal::corrupt("ends too early"));
        }
        let length = range.end.saturating_sub(range.start);
        let copied = io::copy(&mut self.part(range), sink)?;
        if copied < length {
            return Err(Refusal::corrupt("ends too early"));
        }
        Ok(())
    }
}

/// Parts of a file, read as one.
pub struct Spliced<'a> {
    source: &'a Source<'a>,
    /// Each with its place in the whole.
    ranges: Vec<(u64, Range<u64>)>,
    length: u64,
    at: u64,
}

impl Read for Spliced<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.source.guard.check_io()?;
        if self.at >= self.length {
            return Ok(0);
        }
        // The last that begins here or before; empty ones begin where the next does.
        let index = self.ranges.partition_point(|(start, _)| *start <= self.at) - 1;
        let (start, range) = &self.ranges[index];
        let at = range.start + (self.at - start);
        let most = usize::try_from(range.end - at).unwrap_or(usize::MAX).min(buffer.len());
        let mut file = &self.source.file;
        file.seek(SeekFrom::Start(at))?;
        let read = file.read(&mut buffer[..most])?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Spliced<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

/// A file that is being made.
pub struct Sink<'a> {
    file: BufWriter<File>,
    path: PathBuf,
    size: u64,
    guard: &'a Guard<'a>,
}

impl<'a> Sink<'a> {
    /// A new file in the work folder.
    pub fn create(input: &Input<'_>, name: &str, guard: &'a Guard<'a>) -> Result<Self> {
        let path = input.work_dir.join(name);
        let file = BufWriter::with_capacity(BUFFER, File::create(&path)?);
        Ok(Self {
            file,
            path,
            size: 0,
            guard,
        })
    }

    /// Bytes written so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Writes so many zeros.
    pub fn zeros(&mut self, length: u64) -> Result<()> {
        io::copy(&mut io::repeat(0).take(length), self)?;
        Ok(())
    }

    /// The finished file.
    pub fn finish(mut self) -> Result<(PathBuf, u64)> {
        self.file.flush()?;
        Ok((self.path, self.size))
    }
}

impl Write for Sink<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        // Encoders write byte by byte; the clock is only asked as often as the disk.
        if buffer.len() > self.file.capacity() - self.file.buffer().len() {
            self.guard.check_io()?;
        }
        let written = self.file.write(buffer)?;
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A recording whose safe version is complete; without poster.
pub fn recording(kind: Kind, media_type: &'static str, (path, size): (PathBuf, u64)) -> Processed {
    let original = Derivative {
        variant: Variant::Original,
        path,
        media_type,
        width: None,
        height: None,
        size,
    };
    Processed {
        kind,
        media_type,
        width: None,
        height: None,
        duration: None,
        blurhash: None,
        files: vec![original],
    }
}

/// The bytes at a place, if there are so many.
pub fn array<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N]> {
    bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk())
        .copied()
        .ok_or(Refusal::corrupt("a part is too short"))
}

/// Two bytes, the higher first.
pub fn be16(bytes: &[u8], at: usize) -> Result<u16> {
    array(bytes, at).map(u16::from_be_bytes)
}

/// Four bytes, the highest first.
pub fn be32(bytes: &[u8], at: usize) -> Result<u32> {
    array(bytes, at).map(u32::from_be_bytes)
}

/// Eight bytes, the highest first.
pub fn be64(bytes: &[u8], at: usize) -> Result<u64> {
    array(bytes, at).map(u64::from_be_bytes)
}

/// Two bytes, the lower first.
pub fn le16(bytes: &[u8], at: usize) -> Result<u16> {
    array(bytes, at).map(u16::from_le_bytes)
}

/// Four bytes, the lowest first.
pub fn le32(bytes: &[u8], at: usize) -> Result<u32> {
    array(bytes, at).map(u32::from_le_bytes)
}
