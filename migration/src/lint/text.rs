//! SQL text as statements of tokens: as much as the rules need.

use std::iter::Peekable;

/// A token of PostgreSQL's or SQLite's SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A keyword, or an identifier without quotes, in lower case.
    Word(String),
    /// An identifier in quotes, as it is written.
    Quoted(String),
    /// A string: what stands in it is no SQL.
    Text,
    /// Anything else: digits, operators, punctuation.
    Sign(char),
}

/// The statements of a text, without comments and semicolons.
pub fn statements(sql: &str) -> Vec<Vec<Token>> {
    let mut statements = vec![Vec::new()];
    let mut rest = sql;
    while let Some(sign) = rest.chars().next() {
        let length = if rest.starts_with("--") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            comment(rest)
        } else if sign.is_whitespace() {
            sign.len_utf8()
        } else {
            let (token, length) = token(sign, rest);
            if token == Token::Sign(';') {
                statements.push(Vec::new());
            } else if let Some(statement) = statements.last_mut() {
                statement.push(token);
            }
            length
        };
        rest = &rest[length..];
    }
    statements.retain(|statement| !statement.is_empty());
    statements
}

fn token(sign: char, rest: &str) -> (Token, usize) {
    let word_end = |text: &str| {
        let is_part = |sign: char| sign.is_alphanumeric() || sign == '_' || sign == '$';
        text.find(|sign| !is_part(sign)).unwrap_or(text.len())
    };
    match sign {
        '\'' => (Token::Text, quoted(rest, false).1),
        '"' | '`' => {
            let (name, length) = quoted(rest, false);
            (Token::Quoted(name), length)
        }
        'e' | 'E' if rest[1..].starts_with('\'') => (Token::Text, 1 + quoted(&rest[1..], true).1),
        '$' => match dollars(rest) {
            Some(length) => (Token::Text, length),
            None => (Token::Sign('$'), 1),
        },
        _ if sign.is_alphabetic() || sign == '_' => {
            let length = word_end(rest);
            (Token::Word(rest[..length].to_lowercase()), length)
        }
        _ => (Token::Sign(sign), sign.len_utf8()),
    }
}

/// The length of a comment in which others may be.
fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                break;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    at
}

/// What stands in quotes at the beginning of a text, and the length with them. A doubled quote is part of it.
fn quoted(text: &str, has_escapes: bool) -> (String, usize) {
    let mut signs = text.char_indices().peekable();
    let quote = signs.next().map(|(_, sign)| sign);
    let mut inner = String::new();
    while let Some((at, sign)) = signs.next() {
        if has_escapes && sign == '\\' {
            signs.next();
        } else if Some(sign) == quote && !is_doubled(&mut signs, sign) {
            return (inner, at + sign.len_utf8());
        } else {
            inner.push(sign);
        }
    }
    (inner, text.len())
}

fn is_doubled(signs: &mut Peekable<impl Iterator<Item = (usize, char)>>, quote: char) -> bool {
    signs.next_if(|(_, sign)| *sign == quote).is_some()
}

/// The length of a string between `$$` or `$name$`, if one begins here.
fn dollars(text: &str) -> Option<usize> {
    let end = text[1..].find('$')? + 2;
    let mark = &text[..end];
    let is_name = |mark: &str| mark.chars().all(|sign| sign.is_alphanumeric() || sign == '_');
    let is_mark = is_name(&mark[1..end - 1]) && !mark[1..].starts_with(|sign: char| sign.is_ascii_digit());
    let length = text[end..].find(mark).map_or(text.len(), |at| end + at + end);
    is_mark.then_some(length)
}

/// Tokens that are read from the left.
#[derive(Clone, Copy, Debug)]
pub struct Tokens<'a>(pub &'a [Token]);

impl<'a> Tokens<'a> {
    /// Passes over these keywords if they come next.
    pub fn pass(&mut self, words: &str) -> bool {
        let mut rest = self.0;
        for word in words.split(' ') {
            match rest.split_first() {
                Some((Token::Word(found), behind)) if found == word => rest = behind,
                _ => return false,
            }
        }
        self.0 = rest;
        true
    }

    /// Passes over the first of these keywords that comes next.
    pub fn pass_any(&mut self, words: &[&str]) -> bool {
        words.iter().any(|word| self.pass(word))
    }

    /// An identifier, without the schema before it.
    pub fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some((Token::Word(found) | Token::Quoted(found), rest)) = self.0.split_first() {
            name.clone_from(found);
            self.0 = rest;
            match rest.split_first() {
                Some((Token::Sign('.'), behind)) => self.0 = behind,
                _ => break,
            }
        }
        name
    }

    /// The parts between commas that stand in no brackets.
    pub fn parts(self) -> Vec<Tokens<'a>> {
        let mut depth = 0;
        let parts = self.0.split(|token| {
            depth += depth_change(token);
            depth == 0 && *token == Token::Sign(',')
        });
        parts.map(Tokens).collect()
    }

    /// What stands in no brackets.
    pub fn outside(self) -> Vec<Token> {
        let mut depth = 0;
        let is_outside = |token: &&Token| {
            let before = depth;
            depth += depth_change(token);
            before == 0 && depth == 0
        };
        self.0.iter().filter(is_outside).cloned().collect()
    }

    /// Whether these keywords follow each other somewhere in it.
    pub fn has(self, words: &str) -> bool {
        (0..self.0.len()).any(|at| Tokens(&self.0[at..]).pass(words))
    }
}

fn depth_change(token: &Token) -> i32 {
    match token {
        Token::Sign('(' | '[') => 1,
        Token::Sign(')' | ']') => -1,
        _ => 0,
    }
}
