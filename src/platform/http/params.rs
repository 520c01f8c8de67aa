//! The parameters of a GraphQL request, however they came.

use async_graphql::Variables;
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
}

impl Params {
    /// Reads a request body; the error is a sentence for the client.
    pub(super) fn from_body(body: &[u8]) -> Result<Self, &'static str> {
        let json: Value = serde_json::from_slice(body).map_err(|_| "The body is not JSON.")?;
        match json {
            Value::Object(map) => Self::from_map(map, body.len()),
            Value::Array(_) => Err("Batches are not supported: send one operation a request."),
            _ => Err("The body must be a JSON object."),
        }
    }

    /// Reads the query part of a URL; the error is a sentence for the client.
    pub(super) fn from_url(query: &str) -> Result<Self, &'static str> {
        let mut map = Map::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = match &*name {
                "query" => Value::from(value.into_owned()),
                "operationName" if !value.is_empty() => Value::from(value.into_owned()),
                "variables" | "extensions" if !value.is_empty() => serde_json::from_str(&value)
                    .map_err(|_| "The parameters `variables` and `extensions` must be JSON objects.")?,
                _ => continue,
            };
            map.insert(name.into_owned(), value);
        }
        Self::from_map(map, query.len())
    }

    /// Reads the parameters; the error is a sentence for the client.
    pub(super) fn from_map(mut map: Map<String, Value>, size: usize) -> Result<Self, &'static str> {
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
            }),
            _ => Err("The parameter `extensions` must be an object."),
        }
    }
}
