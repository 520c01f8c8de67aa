//! The parameters of a GraphQL request, however they came.

use std::borrow::Cow;

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
    /// Whether half a character stood in it, where [`HALF`] does now.
    pub has_half: bool,
}

/// JSON, of which every text is one.
pub(super) struct Json {
    pub value: Value,
    /// Whether half a character stood in it, where [`HALF`] does now: `"\ud83d"` is JSON (RFC 8259, 8.2), and no text.
    pub has_half: bool,
}

/// What stands for half a character.
pub(super) const HALF: char = '\u{fffd}';

impl Json {
    pub(super) fn read(text: &[u8]) -> serde_json::Result<Self> {
        let error = match serde_json::from_slice(text) {
            Ok(value) => return Ok(Self { value, has_half: false }),
            Err(error) => error,
        };
        let Cow::Owned(text) = without_halves(text) else {
            return Err(error);
        };
        let value = serde_json::from_slice(&text)?;
        Ok(Self { value, has_half: true })
    }
}

/// The same JSON with [`HALF`] for each escape of a surrogate that isn't one of a pair.
fn without_halves(text: &[u8]) -> Cow<'_, [u8]> {
    let mut whole = Cow::Borrowed(text);
    let mut at = 0;
    while at < text.len() {
        if text[at] != b'\\' {
            at += 1;
            continue;
        }
        at += match (escaped(&text[at..]), text.get(at + 6..).and_then(escaped)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                whole.to_mut()[at..at + 6].copy_from_slice(b"\\ufffd");
                6
            }
            // Of a longer escape, the rest has no backslash.
            _ => 2,
        };
    }
    whole
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
        let Json { value, has_half } = Json::read(body).map_err(|_| "The body is not JSON.")?;
        match value {
            Value::Object(map) => Self::from_map(map, body.len(), has_half),
            Value::Array(_) => Err("Batches are not supported: send one operation a request."),
            _ => Err("The body must be a JSON object."),
        }
    }

    /// Reads the query part of a URL; the error is a sentence for the client.
    pub(super) fn from_url(query: &str) -> Result<Self, &'static str> {
        let (mut map, mut has_half) = (Map::new(), false);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = match &*name {
                "query" => Value::from(value.into_owned()),
                "operationName" if !value.is_empty() => Value::from(value.into_owned()),
                "variables" | "extensions" if !value.is_empty() => {
                    let json = Json::read(value.as_bytes())
                        .map_err(|_| "The parameters `variables` and `extensions` must be JSON objects.")?;
                    has_half |= json.has_half;
                    json.value
                }
                _ => continue,
            };
            map.insert(name.into_owned(), value);
        }
        Self::from_map(map, query.len(), has_half)
    }

    /// Reads the parameters; the error is a sentence for the client.
    pub(super) fn from_map(mut map: Map<String, Value>, size: usize, has_half: bool) -> Result<Self, &'static str> {
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
                has_half,
            }),
            _ => Err("The parameter `extensions` must be an object."),
        }
    }

    /// Where half a character stands, for the client.
    pub(super) fn half(&self) -> Option<String> {
        if !self.has_half {
            return None;
        }
        let place = self
            .variables
            .iter()
            .find_map(|(name, value)| half_of(format!("${name}"), value));
        Some(place.unwrap_or_else(|| "The request".to_owned()))
    }
}

/// The place of the first half of a character in the value at a place.
fn half_of(place: String, value: &Input) -> Option<String> {
    match value {
        Input::String(text) => text.contains(HALF).then_some(place),
        Input::List(values) => {
            let mut values = values.iter().enumerate();
            values.find_map(|(index, value)| half_of(format!("{place}.{index}"), value))
        }
        Input::Object(fields) => fields.iter().find_map(|(name, value)| {
            let place = format!("{place}.{name}");
            if name.contains(HALF) {
                Some(place)
            } else {
                half_of(place, value)
            }
        }),
        _ => None,
    }
}
