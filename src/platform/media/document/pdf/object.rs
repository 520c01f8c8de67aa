//! The values of PDF: only what says how a file is read, and whether it acts, is kept of them.

use std::{collections::HashSet, io::Read};

use super::{
    Fault, Outcome, active,
    token::{Token, Tokens},
};

/// Values inside each other.
const DEPTH: u32 = 100;
/// Values of a list that stay.
const LIST: usize = 4;
/// Keys of which the value stays.
const KEPT: &[&str] = &[
    "Type",
    "Subtype",
    "Filter",
    "DecodeParms",
    "N",
    "First",
    "EF",
    "Encrypt",
    "F",
    "UF",
    "DOS",
    "Mac",
    "Unix",
    "DP",
    "FFilter",
    "FDecodeParms",
    "Predictor",
    "Colors",
    "BitsPerComponent",
    "Columns",
    "EarlyChange",
];
/// Those of a file's name, or of its content.
const NAMES: &[&str] = &["F", "UF", "DOS", "Mac", "Unix"];

#[derive(Debug)]
pub enum Value {
    Name(Vec<u8>),
    Number(Option<u64>),
    Text(Vec<u8>),
    /// By number.
    Reference(u64),
    List(Vec<Value>),
    Dict(Dict),
    /// Nothing; or nothing that means something here.
    Other,
}

#[derive(Debug, Default)]
pub struct Dict(Vec<(&'static str, Value)>);

impl Dict {
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(other, _)| *other == key).map(|(_, value)| value)
    }

    pub fn is(&self, key: &str, name: &str) -> bool {
        matches!(self.get(key), Some(Value::Name(other)) if other == name.as_bytes())
    }

    /// A number that stands here, or what it is if it doesn't.
    pub fn number(&self, key: &str, default: Option<u64>) -> Outcome<u64> {
        match self.get(key) {
            Some(Value::Number(number)) => number.ok_or(Fault::Broken),
            Some(_) => Err(Fault::Broken),
            None => default.ok_or(Fault::Broken),
        }
    }

    /// Without what holds further values, so that little is kept.
    fn flat(mut self) -> Self {
        self.0
            .retain(|(_, value)| !matches!(value, Value::List(_) | Value::Dict(_)));
        self
    }

    fn insert(&mut self, key: &'static str, value: Value) -> Outcome<()> {
        // Readers differ in which of two they take.
        if self.get(key).is_some() {
            return Err(Fault::Broken);
        }
        let value = match value {
            Value::Dict(dict) if key == "DecodeParms" => Value::Dict(dict.flat()),
            Value::List(list) if matches!(key, "DecodeParms" | "Filter") => Value::List(list),
            Value::List(_) | Value::Dict(_) => Value::Other,
            value => value,
        };
        self.0.push((key, value));
        Ok(())
    }
}

/// Reads values, and refuses those that act.
pub struct Values<'a, R> {
    pub tokens: Tokens<'a, R>,
    /// Numbers of the objects to which a file's name or content points.
    pub files: HashSet<u64>,
    depth: u32,
}

impl<'a, R: Read> Values<'a, R> {
    pub fn new(tokens: Tokens<'a, R>) -> Self {
        Self {
            tokens,
            files: HashSet::new(),
            depth: 0,
        }
    }

    /// Reads the value that begins with a token, references aside: those begin as a number.
    pub fn single(&mut self, token: Token) -> Outcome<Value> {
        match token {
            Token::Name(name) => Ok(Value::Name(name)),
            Token::Number(number) => Ok(Value::Number(number)),
            Token::Text(text) => Ok(Value::Text(text)),
            Token::Word(word) if matches!(&word[..], b"true" | b"false" | b"null") => Ok(Value::Other),
            Token::OpenList => self.inside(Self::list).map(Value::List),
            Token::OpenDict => self.inside(Self::dict).map(Value::Dict),
            _ => Err(Fault::Broken),
        }
    }

    /// Reads the value that begins with a token, and the token behind it.
    pub fn value(&mut self, token: Token) -> Outcome<(Value, Token)> {
        let value = self.single(token)?;
        let next = self.tokens.next()?;
        match (value, next) {
            (Value::Number(Some(number)), Token::Number(_)) => match self.tokens.next()? {
                Token::Word(word) if word == b"R" => Ok((Value::Reference(number), self.tokens.next()?)),
                _ => Err(Fault::Broken),
            },
            both => Ok(both),
        }
    }

    fn inside<T>(&mut self, read: fn(&mut Self) -> Outcome<T>) -> Outcome<T> {
        self.depth += 1;
        let result = if self.depth > DEPTH {
            Err(Fault::Broken)
        } else {
            read(self)
        };
        self.depth -= 1;
        result
    }

    /// A list up to its end. Only its first values stay.
    fn list(&mut self) -> Outcome<Vec<Value>> {
        let (mut values, mut numbers) = (Vec::new(), 0);
        loop {
            let value = match self.tokens.next()? {
                Token::CloseList => return Ok(values),
                Token::Word(word) if word == b"R" => {
                    // Two numbers were a reference, which says nothing in a list.
                    if numbers < 2 {
                        return Err(Fault::Broken);
                    }
                    numbers = 0;
                    continue;
                }
                token => self.single(token)?,
            };
            numbers = if matches!(value, Value::Number(_)) {
                numbers + 1
            } else {
                0
            };
            if values.len() < LIST {
                values.push(match value {
                    Value::List(_) => Value::List(Vec::new()),
                    Value::Dict(dict) => Value::Dict(dict.flat()),
                    value => value,
                });
            }
        }
    }

    /// A dictionary up to its end.
    fn dict(&mut self) -> Outcome<Dict> {
        let (mut dict, mut token) = (Dict::default(), self.tokens.next()?);
        loop {
            let key = match token {
                Token::CloseDict => break,
                Token::Name(key) => key,
                _ => return Err(Fault::Broken),
            };
            let first = self.tokens.next()?;
            let (value, next) = self.value(first)?;
            if (active::is_key(&key) && !is_destination(&value))
                || matches!(&value, Value::Name(name) if active::is_type(&key, name))
            {
                return Err(active::REFUSAL.into());
            }
            if let Some(key) = KEPT.iter().find(|kept| kept.as_bytes() == key) {
                dict.insert(key, value)?;
            }
            token = next;
        }
        self.note_file(&dict)?;
        Ok(dict)
    }

    /// Notes where a file stands that is part of the document.
    fn note_file(&mut self, dict: &Dict) -> Outcome<()> {
        for value in NAMES.iter().filter_map(|name| dict.get(name)) {
            match value {
                Value::Reference(number) if self.files.len() < active::FILES => {
                    self.files.insert(*number);
                }
                Value::Reference(_) => return Err(Fault::Broken),
                // Without content, it is a link to a file that lies elsewhere.
                Value::Text(name) if dict.get("EF").is_some() && active::is_file_name(name) => {
                    return Err(active::REFUSAL.into());
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Whether a value is a place in the document: browsers call those by the anchors of a page, which may be any word.
fn is_destination(value: &Value) -> bool {
    let Value::List(values) = value else { return false };
    // The page is a reference, of which the numbers stay.
    matches!(&values[..], [Value::Number(_), Value::Number(_), Value::Name(name), ..] if name == b"XYZ" || name.starts_with(b"Fit"))
}
