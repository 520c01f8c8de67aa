//! The parameters of a GraphQL request, however they came.

use std::fmt;

use async_graphql::{Value as Input, Variables};
use serde_json::{Map, Value};
use url::form_urlencoded;

/// `query`, `operationName` and `variables`. `extensions` are checked and passed over.
#[derive(Debug)]
pub(super) struct Params {
    /// The document.
    pub query: String,
    /// Which of its operations.
    pub operation_name: Option<String>,
    /// Values of its variables.
    pub variables: Variables,
    /// Bytes of the whole, which bound those of the variables.
    pub size: usize,
    /// What of it the service can't hold.
    pub misfit: Option<Misfit>,
}

/// JSON, of which every value is one that the service can hold.
pub(super) struct Json {
    pub value: Value,
    pub misfit: Option<Misfit>,
}

/// What is JSON (RFC 8259, 8.2 and 9), and no value that the service can hold. Where it stood, [`MARK`] does now.
#[derive(Clone, Copy, Debug)]
pub(super) enum Misfit {
    /// Half a character: `"\ud83d"`.
    Half,
    /// A number that no float is as large as: `1e309`.
    Number,
    /// What stands in more lists and objects than [`DEPTH`].
    Depth,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Half => {
                "has half a character in it: one of \\ud800 to \\udfff without the other that makes it a pair."
            }
            Self::Number => "has a number in it that is too large for a float of 64 bits.",
            Self::Depth => "has more lists and objects inside each other than are read.",
        })
    }
}

/// What stands for a misfit.
pub(super) const MARK: char = '\u{fffd}';

/// Lists and objects inside each other that `serde_json` reads.
const DEPTH: usize = 127;

impl Json {
    pub(super) fn read(text: &[u8]) -> serde_json::Result<Self> {
        let error = match serde_json::from_slice(text) {
            Ok(value) => return Ok(Self { value, misfit: None }),
            Err(error) => error,
        };
        let (text, misfit) = without_misfits(text);
        if misfit.is_none() {
            return Err(error);
        }
        let value = serde_json::from_slice(&text)?;
        Ok(Self { value, misfit })
    }
}

/// The same JSON with [`MARK`] for each misfit, and the first of them.
fn without_misfits(text: &[u8]) -> (Vec<u8>, Option<Misfit>) {
    let (mut fit, mut first) = (Vec::with_capacity(text.len()), None);
    let (mut at, mut depth, mut is_text) = (0, 0_usize, false);
    while let Some(&byte) = text.get(at) {
        let (rest, was_deep) = (&text[at..], depth > DEPTH);
        let (taken, mut misfit) = match byte {
            b'"' => {
                is_text = !is_text;
                (1, None)
            }
            b'\\' if is_text => match (escaped(rest), rest.get(6..).and_then(escaped)) {
                (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (12, None),
                (Some(0xd800..=0xdfff), _) => (6, Some(Misfit::Half)),
                // Of a longer escape, the rest has no backslash.
                _ => (rest.len().min(2), None),
            },
            _ if is_text => (1, None),
            b'-' | b'0'..=b'9' => {
                let is_part = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
                let end = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
                let number = str::from_utf8(&rest[..end]).unwrap_or_default().parse();
                (end, number.is_ok_and(f64::is_infinite).then_some(Misfit::Number))
            }
            b'[' | b'{' => {
                depth += 1;
                (1, (depth == DEPTH + 1).then_some(Misfit::Depth))
            }
            b']' | b'}' => {
                depth = depth.saturating_sub(1);
                (1, None)
            }
            _ => (1, None),
        };
        // Of what is too deep, nothing is left.
        misfit = misfit.filter(|_| !was_deep);
        fit.extend_from_slice(match misfit {
            Some(Misfit::Half) => b"\\ufffd",
            Some(_) => b"\"\\ufffd\"",
            None if was_deep => b"",
            None => &rest[..taken],
        });
        first = first.or(misfit);
        at += taken;
    }
    (fit, first)
}

/// The unit of UTF-16 that is escaped at the start of `text`.
fn escaped(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

impl Params {
    /// Reads a request body; the error is a sentence for the client.
    pub(super) fn from_body(body: &[u8]) -> Result<Self, &'static str> {
        let Json { value, misfit } = Json::read(body).map_err(|_| "The body is not JSON.")?;
        match value {
            Value::Object(map) => Self::from_map(map, body.len(), misfit),
            Value::Array(_) => Err("Batches are not supported: send one operation a request."),
            _ => Err("The body must be a JSON object."),
        }
    }

    /// Reads the query part of a URL; the error is a sentence for the client.
    pub(super) fn from_url(query: &str) -> Result<Self, &'static str> {
        let (mut map, mut misfit) = (Map::new(), None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = match &*name {
                "query" => Value::from(value.into_owned()),
                "operationName" if !value.is_empty() => Value::from(value.into_owned()),
                "variables" | "extensions" if !value.is_empty() => {
                    let json = Json::read(value.as_bytes())
                        .map_err(|_| "The parameters `variables` and `extensions` must be JSON objects.")?;
                    misfit = misfit.or(json.misfit);
                    json.value
                }
                _ => continue,
            };
            map.insert(name.into_owned(), value);
        }
        Self::from_map(map, query.len(), misfit)
    }

    /// Reads the parameters; the error is a sentence for the client.
    pub(super) fn from_map(
        mut map: Map<String, Value>,
        size: usize,
        misfit: Option<Misfit>,
    ) -> Result<Self, &'static str> {
        let mut take = |name| map.remove(name).unwrap_or_default();
        let query = match take("query") {
            Value::String(query) => query,
            Value::Null => return Err("The parameter `query` is missing."),
            _ => return Err("The parameter `query` must be a string."),
        };
        let operation_name = match take("operationName") {
            Value::String(name) => Some(name),
            Value::Null => None,
            _ => return Err("The parameter `operationName` must be a string."),
        };
        let variables = match take("variables") {
            Value::Null => Variables::default(),
            variables @ Value::Object(_) => Variables::from_json(variables),
            _ => return Err("The parameter `variables` must be an object."),
        };
        match take("extensions") {
            Value::Null | Value::Object(_) => Ok(Self {
                query,
                operation_name,
                variables,
                size,
                misfit,
            }),
            _ => Err("The parameter `extensions` must be an object."),
        }
    }

    /// A sentence for the client about what the service can't hold, and where it stands.
    pub(super) fn misfit(&self) -> Option<String> {
        let misfit = self.misfit?;
        let mut variables = self.variables.iter();
        let place = variables.find_map(|(name, value)| marked(format!("${name}"), value));
        let mut place = place.unwrap_or_else(|| "The request".to_owned());
        if let (Misfit::Depth, Some(end)) = (misfit, place.find('.')) {
            place.truncate(end);
        }
        Some(format!("{place} {misfit}"))
    }
}

/// The place of the first mark in the value at a place.
fn marked(place: String, value: &Input) -> Option<String> {
    match value {
        Input::String(text) => text.contains(MARK).then_some(place),
        Input::List(values) => {
            let mut values = values.iter().enumerate();
            values.find_map(|(index, value)| marked(format!("{place}.{index}"), value))
        }
        Input::Object(fields) => fields.iter().find_map(|(name, value)| {
            let place = format!("{place}.{name}");
            if name.contains(MARK) {
                Some(place)
            } else {
                marked(place, value)
            }
        }),
        _ => None,
    }
}
