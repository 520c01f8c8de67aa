//! The tokens of PDF, read once from the beginning to the end.

use std::{io::Read, ops::Range};

use memchr::memmem;

use super::{Fault, Outcome};
use crate::platform::media::source::Guard;

/// Bytes that are read at once, and those behind the current place that stay to be looked at.
const CHUNK: usize = 64 << 10;
const KEPT: usize = 1 << 10;
/// Bytes of a name that stay: more than those that mean something have. Of a text the last ones stay, the ending of a name.
pub const WORD: usize = 128;
const END_OF_STREAM: &[u8] = b"endstream";
const TRAILER: &[u8] = b"trailer";

#[derive(Debug, PartialEq, Eq)]
pub enum Token {
    Name(Vec<u8>),
    /// None is no natural number.
    Number(Option<u64>),
    /// The end of a string.
    Text(Vec<u8>),
    Word(Vec<u8>),
    OpenList,
    CloseList,
    OpenDict,
    CloseDict,
    End,
}

pub const fn is_white(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | b'\x0c' | b'\r' | b' ')
}

/// White space for some reader at least.
const fn is_gap(byte: u8) -> bool {
    is_white(byte) || matches!(byte, 0x80 | 0xff)
}

const fn is_regular(byte: u8) -> bool {
    !is_gap(byte)
        && !matches!(
            byte,
            b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%'
        )
}

pub struct Tokens<'a, R> {
    reader: R,
    guard: &'a Guard<'a>,
    buffer: Vec<u8>,
    /// The next byte in the buffer, and the place of the buffer in the whole.
    at: usize,
    base: u64,
    is_over: bool,
    /// Where the last token begins.
    pub start: u64,
    /// Whether strings, comments or streams hold what some reader might take for an object, or a browser for markup; or
    /// readers differ in what white space is.
    pub hides: bool,
}

impl<'a, R: Read> Tokens<'a, R> {
    /// Reads what begins at a place of the whole.
    pub fn new(reader: R, base: u64, guard: &'a Guard<'a>) -> Self {
        Self {
            reader,
            guard,
            buffer: Vec::with_capacity(KEPT + CHUNK),
            at: 0,
            base,
            is_over: false,
            start: base,
            hides: false,
        }
    }

    /// The place behind the last token.
    pub fn place(&self) -> u64 {
        self.base + self.at as u64
    }

    /// Reads on. False at the end.
    fn more(&mut self) -> Outcome<bool> {
        if self.is_over {
            return Ok(false);
        }
        self.guard.check()?;
        let done = self.at.saturating_sub(KEPT);
        self.buffer.drain(..done);
        self.at -= done;
        self.base += done as u64;
        let before = self.buffer.len();
        self.buffer.resize(before + CHUNK, 0);
        let read = self.reader.read(&mut self.buffer[before..]);
        let length = read.as_ref().map_or(0, |read| *read);
        self.buffer.truncate(before + length);
        self.is_over = length == 0;
        Ok(read? > 0)
    }

    #[inline]
    pub fn peek(&mut self) -> Outcome<Option<u8>> {
        if self.at == self.buffer.len() && !self.more()? {
            return Ok(None);
        }
        Ok(Some(self.buffer[self.at]))
    }

    #[inline]
    fn byte(&mut self) -> Outcome<Option<u8>> {
        let byte = self.peek()?;
        self.at += usize::from(byte.is_some());
        Ok(byte)
    }

    pub fn next(&mut self) -> Outcome<Token> {
        loop {
            let byte = self.peek()?;
            self.start = self.place();
            match byte {
                None => return Ok(Token::End),
                Some(byte) if is_gap(byte) => {
                    self.hides |= !is_white(byte);
                    self.at += 1;
                }
                Some(b'%') => self.comment()?,
                Some(byte) if is_regular(byte) => return self.word(),
                Some(byte) => {
                    self.at += 1;
                    return self.delimiter(byte);
                }
            }
        }
    }

    fn delimiter(&mut self, byte: u8) -> Outcome<Token> {
        match byte {
            b'[' => Ok(Token::OpenList),
            b']' => Ok(Token::CloseList),
            b'(' => self.literal(),
            b'<' if self.peek()? != Some(b'<') => self.hexadecimal(),
            b'<' => {
                self.at += 1;
                Ok(Token::OpenDict)
            }
            b'>' if self.peek()? == Some(b'>') => {
                self.at += 1;
                Ok(Token::CloseDict)
            }
            b'/' => {
                let raw = self.regular()?;
                Ok(Token::Name(plain(&raw)))
            }
            _ => Err(Fault::Broken),
        }
    }

    /// Regular signs as far as they go; only the first ones stay.
    fn regular(&mut self) -> Outcome<Vec<u8>> {
        let mut word = Vec::new();
        while let Some(byte) = self.peek()?.filter(|byte| is_regular(*byte)) {
            // With each letter as a number.
            if word.len() < 3 * WORD {
                word.push(byte);
            }
            self.at += 1;
        }
        Ok(word)
    }

    fn word(&mut self) -> Outcome<Token> {
        let word = self.regular()?;
        let is_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.');
        if !word.iter().all(is_number) {
            return Ok(Token::Word(word));
        }
        let natural = std::str::from_utf8(&word).ok().and_then(|text| text.parse().ok());
        Ok(Token::Number(natural))
    }

    fn literal(&mut self) -> Outcome<Token> {
        let (start, mut depth, mut text) = (self.place(), 1, Vec::new());
        loop {
            let mut byte = self.byte()?.ok_or(Fault::Broken)?;
            match byte {
                b'(' => depth += 1,
                b')' => depth -= 1,
                // What an escape means matters little, as long as it hides no bracket.
                b'\\' => byte = self.byte()?.ok_or(Fault::Broken)?,
                _ => {}
            }
            if depth == 0 {
                return Ok(Token::Text(text));
            }
            self.watch(start, byte);
            if text.len() == 2 * WORD {
                text.drain(..WORD);
            }
            text.push(byte);
        }
    }

    fn hexadecimal(&mut self) -> Outcome<Token> {
        let (mut text, mut high) = (Vec::new(), None);
        loop {
            let byte = self.byte()?.ok_or(Fault::Broken)?;
            match (char::from(byte).to_digit(16), high) {
                _ if is_white(byte) => {}
                (Some(digit), None) => high = Some(digit),
                (Some(digit), Some(before)) => {
                    if text.len() == 2 * WORD {
                        text.drain(..WORD);
                    }
                    text.push((before << 4 | digit) as u8);
                    high = None;
                }
                (None, _) if byte == b'>' => {
                    text.extend(high.map(|digit| (digit << 4) as u8));
                    return Ok(Token::Text(text));
                }
                _ => return Err(Fault::Broken),
            }
        }
    }

    fn comment(&mut self) -> Outcome<()> {
        let (start, mut before) = (self.place(), 0);
        while let Some(byte) = self.peek()?.filter(|byte| !matches!(byte, b'\r' | b'\n')) {
            self.at += 1;
            self.watch(start, byte);
            self.hides |= before == b'<' && (byte.is_ascii_alphabetic() || matches!(byte, b'!' | b'?'));
            before = byte;
        }
        Ok(())
    }

    /// Looks at the last byte of a region that is skipped.
    #[inline]
    fn watch(&mut self, start: u64, last: u8) {
        let before = &self.buffer[..self.at];
        if (last == b'j' && before.ends_with(b"obj")) || (last == b'r' && before.ends_with(TRAILER)) {
            self.watch_all(start, self.at.saturating_sub(TRAILER.len())..self.at);
        }
    }

    /// Looks at a part of a region that is skipped for the beginning of an object or a trailer.
    fn watch_all(&mut self, start: u64, part: Range<usize>) {
        let first = usize::try_from(start.saturating_sub(self.base)).unwrap_or(usize::MAX);
        let part = part.start.max(first).min(part.end)..part.end;
        let skipped = &self.buffer[part.clone()];
        let is_hidden = memmem::find_iter(skipped, b"obj")
            .map(|at| &self.buffer[first.min(part.start + at)..part.start + at])
            .any(|before| is_numbered((before, start < self.base)))
            || memmem::find_iter(skipped, TRAILER)
                .any(|at| begins_trailer(&self.buffer[part.start + at + TRAILER.len()..]));
        self.hides |= is_hidden;
    }

    /// Skips the content of a stream, after its keyword. Returns where it lies.
    pub fn stream(&mut self) -> Outcome<Range<u64>> {
        if self.peek()? == Some(b'\r') {
            self.at += 1;
        }
        if self.peek()? == Some(b'\n') {
            self.at += 1;
        }
        let start = self.place();
        loop {
            let found = memmem::find(&self.buffer[self.at..], END_OF_STREAM);
            let rest = (self.buffer.len() - self.at).saturating_sub(END_OF_STREAM.len() - 1);
            let end = self.at + found.unwrap_or(rest);
            self.watch_all(start, self.at.saturating_sub(TRAILER.len() - 1)..end);
            self.at = end;
            if found.is_some() {
                let place = self.place();
                self.at += END_OF_STREAM.len();
                return Ok(start..place);
            }
            if !self.more()? {
                return Err(Fault::Broken);
            }
        }
    }
}

/// A name as it is meant: `#` and two digits are a byte. Where they are none, it is what a well-known reader makes of them.
fn plain(raw: &[u8]) -> Vec<u8> {
    let value = |digit: u8| match digit.to_ascii_uppercase() {
        digit @ b'A'.. => digit - b'A' + 10,
        digit => digit.wrapping_sub(b'0'),
    };
    let (mut name, mut rest) = (Vec::new(), raw);
    while let [byte, after @ ..] = rest {
        let (byte, after) = match (byte, after) {
            (b'#', [high, low, after @ ..]) => (value(*high).wrapping_mul(16).wrapping_add(value(*low)), after),
            _ => (*byte, after),
        };
        name.push(byte);
        rest = after;
    }
    name
}

/// What stands before, as far as it is at hand, without white space. None may be the end of a comment, which means that
/// anything may stand before.
fn trimmed((before, is_cut): (&[u8], bool)) -> Option<&[u8]> {
    let end = before.iter().rposition(|byte| !is_gap(*byte)).map_or(0, |at| at + 1);
    let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let (text, gap) = before.split_at(end);
    if !gap.iter().any(is_end) {
        return (end > 0 || !is_cut).then_some(text);
    }
    let line = text.rsplit(is_end).next().unwrap_or_default();
    let is_whole = line.len() < text.len() || !is_cut;
    (is_whole && !line.contains(&b'%')).then_some(text)
}

/// Whether `obj` after this may begin an object: a number and a generation stand before.
fn is_numbered((mut before, is_cut): (&[u8], bool)) -> bool {
    for _ in 0..2 {
        let Some(text) = trimmed((before, is_cut)) else {
            return true;
        };
        let is_sign = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.');
        before = &text[..text.iter().rposition(|byte| !is_sign(byte)).map_or(0, |at| at + 1)];
        if before.len() == text.len() {
            return false;
        }
    }
    true
}

/// Whether what follows the word makes it a trailer for some reader.
fn begins_trailer(after: &[u8]) -> bool {
    let text = after.iter().position(|byte| !is_gap(*byte)).map(|at| &after[at..]);
    text.is_none_or(|text| text.starts_with(b"%") || text.starts_with(b"<<") || text == b"<")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::platform::media::{Input, Limits};

    /// The tokens of a text, and whether it hides something.
    fn tokens(text: &[u8]) -> (Vec<Token>, bool) {
        let limits = Limits::default();
        let input = Input {
            path: Path::new(""),
            size: 0,
            declared_type: "",
            file_name: "",
            work_dir: Path::new(""),
            limits: &limits,
            is_cancelled: &|| false,
            progress: &|_| {},
            ffmpeg: None,
        };
        let guard = Guard::new(&input);
        let mut tokens = Tokens::new(text, 0, &guard);
        let mut all = Vec::new();
        while let Ok(token) = tokens.next() {
            if token == Token::End {
                break;
            }
            all.push(token);
        }
        (all, tokens.hides)
    }

    fn name(text: &str) -> Token {
        Token::Name(text.into())
    }

    #[test]
    fn names_are_written_out() {
        let (all, _) = tokens(b"/A/J#61va#53cript /#3QavaScript/JS\x80/A# /A#4/ /C#(");
        let names = ["A", "JavaScript", "JavaScript", "JS", "A#", "A#4", "", "C#"];
        assert_eq!(all, names.map(name));
    }

    #[test]
    fn strings_end_where_their_brackets_do() {
        let (all, _) = tokens(b"(a(b)\\))/A(\\\\)/B<41 4>/C%(\r/D()/E");
        let text = |text: &str| Token::Text(text.into());
        let expected = [
            text("a(b))"),
            name("A"),
            text("\\"),
            name("B"),
            text("A@"),
            name("C"),
            name("D"),
            text(""),
            name("E"),
        ];
        assert_eq!(all, expected);
        let (all, _) = tokens(&[b"(", &[b'a'; 3 * WORD][..], b".exe)"].concat());
        assert!(matches!(&all[..], [Token::Text(text)] if text.len() <= 2 * WORD && text.ends_with(b"a.exe")));
    }

    #[test]
    fn what_some_reader_takes_for_an_object_is_not_hidden() {
        let hidden: [&[u8]; 11] = [
            b"/A\x80/B",
            b"(7\xff0\x80obj)",
            b"(7 0 obj)",
            b"(7 0obj)",
            b"(7\0\n0 \t obj)",
            b"%7 0 obj",
            b"(7 %a\n0 %b\nobj)",
            b"(+7 0 obj)",
            b"(trailer <<)",
            b"(trailer%a\n<<)",
            b"% <script",
        ];
        for text in hidden {
            assert!(tokens(text).1, "{:?}", String::from_utf8_lossy(text));
        }
        let far = [b"(7 0", &[b' '; 2 * KEPT][..], b"obj)"].concat();
        assert!(tokens(&[&[b' '; CHUNK - KEPT][..], &far].concat()).1);
        let harmless: [&[u8]; 7] = [
            b"(2 objects)",
            b"(a 0 obj)",
            b"7 0 obj",
            b"(7 0 endobj)",
            b"(a\n obj)",
            b"(the trailer of a film)",
            b"% a < b",
        ];
        for text in harmless {
            assert!(!tokens(text).1, "{:?}", String::from_utf8_lossy(text));
        }
    }
}
