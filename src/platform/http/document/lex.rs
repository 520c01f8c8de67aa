//! The words of a document: <https://spec.graphql.org/September2025/#sec-Language.Source-Text>.
//!
//! Brackets and tokens are counted here, before the parser, which recurses with every bracket, sees any.

use std::char;

use async_graphql::{Pos, ServerError};

use super::{Limits, at};

/// Open brackets of any kind at one place. Each is a level of recursion in the parser.
const BRACKETS: usize = 64;
/// Letters of a name. Names are compared wherever a fragment is spread.
const NAME: usize = 250;

/// A word of a document.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'a> {
    /// A sign, or the first dot of `...`.
    Sign(u8),
    Name(&'a str),
    Int(&'a str),
    Float(&'a str),
    /// What a string says, its escapes resolved.
    String {
        text: String,
        is_block: bool,
    },
    End,
}

/// Splits a document into words; the last is [`Token::End`].
pub(super) fn tokens<'a>(text: &'a str, limits: &Limits) -> Result<Vec<(Token<'a>, Pos)>, ServerError> {
    let mut lexer = Lexer {
        text,
        at: 0,
        pos: Pos { line: 1, column: 1 },
    };
    let (mut tokens, mut open) = (Vec::new(), 0_usize);
    loop {
        lexer.skip();
        let pos = lexer.pos;
        let token = lexer.token()?;
        match token {
            Token::Sign(b'{' | b'[' | b'(') => open += 1,
            Token::Sign(b'}' | b']' | b')') => open = open.saturating_sub(1),
            _ => {}
        }
        if open > BRACKETS {
            return Err(at(pos, format!("The document has more than {BRACKETS} open brackets.")));
        }
        let is_end = token == Token::End;
        if !is_end && tokens.len() >= limits.tokens {
            return Err(at(pos, format!("The document has more than {} tokens.", limits.tokens)));
        }
        tokens.push((token, pos));
        if is_end {
            return Ok(tokens);
        }
    }
}

/// A fault in the grammar.
pub(super) fn syntax(pos: Pos, reason: &str) -> ServerError {
    at(pos, format!("Syntax error: {reason}."))
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    pos: Pos,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    /// Goes so many bytes further.
    fn advance(&mut self, bytes: usize) -> &'a str {
        let passed = &self.rest()[..bytes];
        let mut before = '\0';
        for letter in passed.chars() {
            match letter {
                '\n' if before == '\r' => {}
                '\n' | '\r' => {
                    self.pos = Pos {
                        line: self.pos.line + 1,
                        column: 1,
                    };
                }
                _ => self.pos.column += 1,
            }
            before = letter;
        }
        self.at += bytes;
        passed
    }

    /// Passes over what means nothing.
    fn skip(&mut self) {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r', ',', '\u{feff}']).len();
            let comment = if rest[blank..].starts_with('#') {
                rest[blank..].find(['\n', '\r']).unwrap_or(rest.len() - blank)
            } else {
                0
            };
            if blank + comment == 0 {
                return;
            }
            self.advance(blank + comment);
        }
    }

    fn token(&mut self) -> Result<Token<'a>, ServerError> {
        let Some(first) = self.peek(0) else {
            return Ok(Token::End);
        };
        match first {
            b'!' | b'$' | b'&' | b'(' | b')' | b':' | b'=' | b'@' | b'[' | b']' | b'{' | b'|' | b'}' => {
                self.advance(1);
                Ok(Token::Sign(first))
            }
            b'.' if self.rest().starts_with("...") => {
                self.advance(3);
                Ok(Token::Sign(first))
            }
            b'"' if self.rest().starts_with("\"\"\"") => self.block(),
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => self.number(),
            _ if is_start(first) => {
                let length = self.run(|byte| is_start(byte) || byte.is_ascii_digit());
                if length > NAME {
                    return Err(at(
                        self.pos,
                        format!("A name in the document has more than {NAME} letters."),
                    ));
                }
                Ok(Token::Name(self.advance(length)))
            }
            _ => Err(syntax(self.pos, "this is no sign of the language")),
        }
    }

    fn run(&self, belongs: impl Fn(u8) -> bool) -> usize {
        let rest = self.rest().as_bytes();
        rest.iter().position(|&byte| !belongs(byte)).unwrap_or(rest.len())
    }

    fn number(&mut self) -> Result<Token<'a>, ServerError> {
        let wrong = syntax(self.pos, "this is no number");
        let mut number = Number(self.rest().as_bytes());
        number.sign(b"-");
        let is_whole = match number.digits() {
            Some(b"0") => true,
            Some(digits) => digits[0] != b'0',
            None => false,
        };
        let mut is_right = is_whole;
        let mut is_float = false;
        if number.sign(b".") {
            is_float = true;
            is_right &= number.digits().is_some();
        }
        if number.sign(b"eE") {
            is_float = true;
            number.sign(b"+-");
            is_right &= number.digits().is_some();
        }
        let goes_on = number.0.first().is_some_and(|&next| next == b'.' || is_start(next));
        if !is_right || goes_on {
            return Err(wrong);
        }
        let text = self.advance(self.rest().len() - number.0.len());
        Ok(if is_float { Token::Float(text) } else { Token::Int(text) })
    }

    fn string(&mut self) -> Result<Token<'a>, ServerError> {
        let mut text = String::new();
        self.advance(1);
        loop {
            let plain = self.run(|byte| !matches!(byte, b'"' | b'\\' | b'\n' | b'\r'));
            text.push_str(self.advance(plain));
            match self.peek(0) {
                Some(b'"') => {
                    self.advance(1);
                    return Ok(Token::String { text, is_block: false });
                }
                Some(b'\\') => {
                    let escape = Escape::read(&self.rest()[1..]);
                    let Escape { meaning, length } = escape.ok_or_else(|| syntax(self.pos, "this is no escape"))?;
                    text.push(meaning);
                    self.advance(1 + length);
                }
                _ => return Err(syntax(self.pos, "a string is not closed")),
            }
        }
    }

    fn block(&mut self) -> Result<Token<'a>, ServerError> {
        let begin = self.pos;
        self.advance(3);
        let mut raw = String::new();
        loop {
            let Some(place) = self.rest().find("\"\"\"") else {
                return Err(syntax(begin, "a string is not closed"));
            };
            let part = self.advance(place);
            self.advance(3);
            match part.strip_suffix('\\') {
                Some(part) => {
                    raw.push_str(part);
                    raw.push_str("\"\"\"");
                }
                None => {
                    raw.push_str(part);
                    let text = dedent(&raw);
                    return Ok(Token::String { text, is_block: true });
                }
            }
        }
    }
}

fn is_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

/// What is left of a number.
struct Number<'a>(&'a [u8]);

impl<'a> Number<'a> {
    /// Takes one of these signs, if it is there.
    fn sign(&mut self, signs: &[u8]) -> bool {
        let is_there = self.0.first().is_some_and(|first| signs.contains(first));
        self.0 = &self.0[usize::from(is_there)..];
        is_there
    }

    /// Takes digits; none if there are none.
    fn digits(&mut self) -> Option<&'a [u8]> {
        let length = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at(length);
        self.0 = rest;
        (length > 0).then_some(digits)
    }
}

struct Escape {
    meaning: char,
    /// Bytes after the backslash.
    length: usize,
}

impl Escape {
    /// What is escaped, from behind the backslash on.
    fn read(text: &str) -> Option<Self> {
        let one = |meaning| Some(Self { meaning, length: 1 });
        match text.bytes().next()? {
            b'b' => one('\u{8}'),
            b'f' => one('\u{c}'),
            b'n' => one('\n'),
            b'r' => one('\r'),
            b't' => one('\t'),
            plain @ (b'"' | b'\\' | b'/') => one(plain.into()),
            b'u' => match text[1..].strip_prefix('{') {
                Some(rest) => {
                    let (digits, _) = rest.split_once('}')?;
                    Some(Self {
                        meaning: char::from_u32(hex(digits)?)?,
                        length: digits.len() + 3,
                    })
                }
                None => {
                    let unit = |from: usize| hex(text.get(from..from + 4)?);
                    let first = unit(1)?;
                    if let Some(meaning) = char::from_u32(first) {
                        return Some(Self { meaning, length: 5 });
                    }
                    let second = text[5..].strip_prefix("\\u").and_then(|_| unit(7))?;
                    let mut pair = char::decode_utf16([u16::try_from(first).ok()?, u16::try_from(second).ok()?]);
                    let meaning = pair.next()?.ok()?;
                    Some(Self { meaning, length: 11 })
                }
            },
            _ => None,
        }
    }
}

/// A number of up to eight hexadecimal digits.
fn hex(digits: &str) -> Option<u32> {
    let is_number = (1..=8).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_number.then(|| u32::from_str_radix(digits, 16).ok())?
}

/// What a block string says: <https://spec.graphql.org/September2025/#BlockStringValue()>.
fn dedent(raw: &str) -> String {
    let raw = raw.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<_> = raw.split('\n').collect();
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let is_blank = |line: &&str| indent(line) == line.len();
    let written = lines.iter().skip(1).filter(|line| !is_blank(line));
    let common = written.map(|line| indent(line)).min().unwrap_or(0);
    let lines: Vec<_> = lines
        .iter()
        .enumerate()
        .map(|(number, line)| {
            if number == 0 {
                line
            } else {
                line.get(common..).unwrap_or_default()
            }
        })
        .collect();
    let first = lines.iter().position(|line| !is_blank(line)).unwrap_or(lines.len());
    let last = lines
        .iter()
        .rposition(|line| !is_blank(line))
        .map_or(first, |last| last + 1);
    lines[first..last].join("\n")
}
