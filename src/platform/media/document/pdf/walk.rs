//! The walk over a file: objects, object streams, tables, trailers.

use std::{collections::HashSet, io::Read, ops::Range};

use super::{
    Fault, Outcome, active,
    object::{Dict, Value, Values},
    token::{Token, Tokens},
    unpack::unpack,
};
use crate::platform::media::{
    Limits, Result,
    source::{Source, Spliced},
};

/// Objects of an object stream at most.
const OBJECTS: u64 = 1 << 20;
/// Bytes that object streams may unpack to whatever their ratio.
const FREE: u64 = 1 << 20;
/// Bytes by which a file shows what it is.
const HEAD: u64 = 4096;

pub struct Walked {
    /// Whether the structure was read to the end.
    pub is_whole: bool,
    /// The place behind the place of the last table, if nothing else but comments follows.
    pub end: Option<u64>,
}

struct Walk<'a> {
    source: &'a Source<'a>,
    file: Values<'a, Spliced<'a>>,
    /// Numbers that may begin an object.
    numbers: Vec<u64>,
    /// Objects that are a file that is run, or its name, if anything points to them as such.
    active: HashSet<u64>,
    /// Object streams, and bytes of them, that may still come.
    streams: u64,
    bytes: u64,
    has_trailer: bool,
    is_encrypted: bool,
    end: Option<u64>,
}

/// Walks over a part of a file.
///
/// # Errors
/// Something in it acts.
pub fn walk(source: &Source<'_>, range: Range<u64>) -> Result<Walked> {
    let Limits {
        max_zip_entries,
        max_zip_bytes,
        max_zip_ratio,
        ..
    } = *source.limits();
    let mut walk = Walk {
        source,
        file: Values::new(Tokens::new(source.part(range.clone()), range.start, source.guard)),
        numbers: Vec::new(),
        active: HashSet::new(),
        streams: max_zip_entries,
        bytes: max_zip_bytes.min(FREE + source.size().saturating_mul(max_zip_ratio)),
        has_trailer: false,
        is_encrypted: false,
        end: None,
    };
    let mut is_whole = true;
    loop {
        source.guard.done(walk.file.tokens.place(), source.size());
        match walk.step() {
            Ok(true) => {}
            Ok(false) => break,
            Err(Fault::Broken) => is_whole = false,
            Err(Fault::Refused(refusal)) => return Err(refusal),
        }
    }
    if !walk.active.is_disjoint(&walk.file.files) {
        return Err(active::REFUSAL);
    }
    Ok(Walked {
        is_whole: is_whole && walk.has_trailer && !walk.is_encrypted && !walk.file.tokens.hides,
        end: walk.end,
    })
}

impl Walk<'_> {
    /// Reads what comes next. False at the end.
    fn step(&mut self) -> Outcome<bool> {
        let token = self.file.tokens.next()?;
        if token == Token::End {
            return if self.numbers.is_empty() {
                Ok(false)
            } else {
                self.numbers.clear();
                Err(Fault::Broken)
            };
        }
        self.end = None;
        match (token, &self.numbers[..]) {
            (Token::Number(Some(number)), before) if before.len() < 2 => self.numbers.push(number),
            (Token::Number(Some(number)), _) => {
                self.numbers.remove(0);
                self.numbers.push(number);
                return Err(Fault::Broken);
            }
            (Token::Word(word), [number, _]) if word == b"obj" => {
                let number = *number;
                self.numbers.clear();
                self.object(number)?;
            }
            (Token::Word(word), []) => match &word[..] {
                b"xref" => self.table()?,
                b"startxref" => self.start()?,
                b"trailer" => {
                    self.trailer()?;
                    // No table belongs to it.
                    return Err(Fault::Broken);
                }
                _ => return Err(Fault::Broken),
            },
            _ => {
                self.numbers.clear();
                return Err(Fault::Broken);
            }
        }
        Ok(true)
    }

    /// An object of its own, after its keyword.
    fn object(&mut self, number: u64) -> Outcome<()> {
        let token = self.file.tokens.next()?;
        if matches!(&token, Token::Word(word) if word == b"endobj") {
            return Ok(());
        }
        let (value, next) = self.file.value(token)?;
        self.note(Some(number), &value)?;
        match (value, next) {
            (_, Token::Word(word)) if word == b"endobj" => Ok(()),
            (Value::Dict(dict), Token::Word(word)) if word == b"stream" => self.stream(number, &dict),
            _ => Err(Fault::Broken),
        }
    }

    fn stream(&mut self, number: u64, dict: &Dict) -> Outcome<()> {
        let range = self.file.tokens.stream()?;
        if dict.is("Type", "XRef") {
            self.note_trailer(dict);
        }
        let is_file = dict.is("Type", "EmbeddedFile");
        if self.is_run(dict, range.clone(), is_file)? {
            if is_file {
                return Err(active::REFUSAL.into());
            }
            self.add(number)?;
        }
        // Some readers don't ask for the type.
        if dict.is("Type", "ObjStm") || dict.get("First").is_some() {
            self.objects(dict, range)?;
        }
        match self.file.tokens.next()? {
            Token::Word(word) if word == b"endobj" => Ok(()),
            _ => Err(Fault::Broken),
        }
    }

    /// Notes a value to which others may point.
    fn note(&mut self, number: Option<u64>, value: &Value) -> Outcome<()> {
        match (value, number) {
            (Value::Name(name), _) if active::is_type_name(name) => Err(active::REFUSAL.into()),
            (Value::Text(text), Some(number)) if active::is_file_name(text) => self.add(number),
            _ => Ok(()),
        }
    }

    fn add(&mut self, number: u64) -> Outcome<()> {
        if self.active.len() == active::FILES {
            return Err(Fault::Broken);
        }
        self.active.insert(number);
        Ok(())
    }

    /// Whether the content of a stream is run if it is a file.
    fn is_run(&self, dict: &Dict, range: Range<u64>, is_file: bool) -> Outcome<bool> {
        if matches!(dict.get("Subtype"), Some(Value::Name(name)) if active::is_media_type(name)) {
            return Ok(true);
        }
        let mut head = Vec::new();
        let read =
            unpack(self.source, dict, range).and_then(|content| Ok(content.take(HEAD).read_to_end(&mut head)?));
        match read {
            Err(Fault::Refused(refusal)) => Err(refusal.into()),
            _ if active::begins(&head) => Ok(true),
            // Pictures and fonts may be packed in other ways.
            Err(Fault::Broken) if is_file => Err(Fault::Broken),
            _ => Ok(false),
        }
    }

    /// An object stream. What can't be read of it is searched for names that act.
    fn objects(&mut self, dict: &Dict, range: Range<u64>) -> Outcome<()> {
        self.streams = self.streams.checked_sub(1).ok_or(Fault::Broken)?;
        let content = unpack(self.source, dict, range)?.take(self.bytes);
        let mut inner = Values::new(Tokens::new(content, 0, self.source.guard));
        inner.files = std::mem::take(&mut self.file.files);
        let mut read = self.values(&mut inner, dict);
        while let Err(Fault::Broken) = read {
            match inner.tokens.next() {
                Ok(Token::Name(name)) if active::is_type_name(&name) => read = Err(active::REFUSAL.into()),
                Ok(Token::End) => break,
                Err(Fault::Refused(refusal)) => read = Err(refusal.into()),
                _ => {}
            }
        }
        self.file.files = inner.files;
        self.bytes = self.bytes.saturating_sub(inner.tokens.place());
        match read {
            // It was cut.
            Ok(()) if self.bytes == 0 => Err(Fault::Broken),
            read => read,
        }
    }

    /// What an object stream holds: numbers and offsets, then values.
    fn values<R: Read>(&mut self, inner: &mut Values<'_, R>, dict: &Dict) -> Outcome<()> {
        let (count, first) = (dict.number("N", None)?, dict.number("First", None)?);
        if count > OBJECTS {
            return Err(Fault::Broken);
        }
        let mut places = Vec::new();
        for _ in 0..count {
            let (Token::Number(Some(number)), Token::Number(Some(offset))) =
                (inner.tokens.next()?, inner.tokens.next()?)
            else {
                return Err(Fault::Broken);
            };
            places.push((first.checked_add(offset).ok_or(Fault::Broken)?, number));
        }
        if inner.tokens.place() > first {
            return Err(Fault::Broken);
        }
        places.sort_unstable();
        let mut places = places.into_iter().peekable();
        loop {
            let token = inner.tokens.next()?;
            let start = inner.tokens.start;
            if token == Token::End {
                break;
            }
            // Of a reference, the parts are values too.
            let value = match token {
                Token::Word(word) if word == b"R" => Value::Other,
                token => inner.single(token)?,
            };
            self.note(None, &value)?;
            while let Some((_, number)) = places.next_if(|(place, _)| *place == start) {
                self.note(Some(number), &value)?;
            }
        }
        if places.next().is_some() {
            Err(Fault::Broken)
        } else {
            Ok(())
        }
    }

    /// A table of objects, and its trailer. Where objects lie is seen by the walk itself.
    fn table(&mut self) -> Outcome<()> {
        loop {
            match self.file.tokens.next()? {
                Token::Number(_) => {}
                Token::Word(word) if matches!(&word[..], b"n" | b"f") => {}
                Token::Word(word) if word == b"trailer" => break,
                _ => return Err(Fault::Broken),
            }
        }
        self.trailer()
    }

    /// A trailer after its keyword.
    fn trailer(&mut self) -> Outcome<()> {
        let token = self.file.tokens.next()?;
        let Value::Dict(dict) = self.file.single(token)? else {
            return Err(Fault::Broken);
        };
        self.note_trailer(&dict);
        Ok(())
    }

    fn note_trailer(&mut self, dict: &Dict) {
        self.has_trailer = true;
        self.is_encrypted |= dict.get("Encrypt").is_some();
    }

    /// The place of the last table.
    fn start(&mut self) -> Outcome<()> {
        match self.file.tokens.next()? {
            Token::Number(Some(_)) => {
                self.end = Some(self.file.tokens.place());
                Ok(())
            }
            _ => Err(Fault::Broken),
        }
    }
}
