//! The check of a document before anybody else touches it.
//!
//! The parser recurses with every bracket, and the validation of the library visits a fragment as often as it is
//! spread: 600 bytes can mean hours. So brackets and tokens are counted before parsing, and what the fragments expand
//! to after it, each fragment once.

mod cache;
mod measure;
mod presence;
mod root;
#[cfg(test)]
mod tests;

use async_graphql::{
    Name, Pos, Positioned, ServerError, Value, Variables,
    parser::{
        Error as ParseError, parse_query,
        types::{DocumentOperations, ExecutableDocument, OperationDefinition, OperationType},
    },
};
use sha2::{Digest, Sha256};

pub(super) use self::{
    cache::Documents,
    presence::{PRESENCE, is_presence},
};
use super::{answer::invalid, params::Params};
use crate::platform::feed::Selection;

/// Open brackets of any kind at one place. Each is a level of recursion in the parser.
const BRACKETS: usize = 64;
/// Bytes of variables that are looked at, all uses of variables together: each use is checked on its own.
const VARIABLE_BYTES: usize = 32 << 20;

/// Limits of a document.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes.
    pub bytes: usize,
    /// Names, numbers, texts and signs.
    pub tokens: usize,
    /// Operations.
    pub operations: usize,
    /// Fields inside each other.
    pub depth: usize,
    /// Fields and fragments, once all fragments are written out.
    pub fields: usize,
    /// Aliases, once all fragments are written out.
    pub aliases: usize,
    /// Directives, once all fragments are written out.
    pub directives: usize,
    /// Directives at one place.
    pub directives_at_once: usize,
    /// Values written as arguments, once all fragments are written out.
    pub values: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 65_536,
            tokens: 5_000,
            operations: 20,
            depth: 16,
            fields: 1_000,
            aliases: 30,
            directives: 50,
            directives_at_once: 10,
            values: 10_000,
        }
    }
}

/// A document that may run.
#[derive(Debug)]
pub(super) struct Document {
    pub parsed: ExecutableDocument,
    /// Whether it asks for the schema.
    pub introspects: bool,
    /// How often a `$` stands in it.
    uses: usize,
    bytes: usize,
    hash: [u8; 32],
}

impl Document {
    /// Parses and measures a document.
    fn read(text: &str, limits: &Limits) -> Result<Self, ServerError> {
        if text.len() > limits.bytes {
            return Err(invalid(format!("The document has more than {} bytes.", limits.bytes)));
        }
        let uses = scan(text, limits)?;
        let parsed = parse_query(text).map_err(|error| syntax(&error))?;
        let introspects = measure::measure(&parsed, limits)?;
        Ok(Self {
            parsed,
            introspects,
            uses,
            bytes: text.len(),
            hash: Sha256::digest(text).into(),
        })
    }

    /// The operation that is asked for, if it can run with these variables.
    pub(super) fn operation(&self, params: &Params) -> Result<(Option<&Name>, &OperationDefinition), ServerError> {
        if self.uses.saturating_mul(params.size.saturating_sub(self.bytes)) > VARIABLE_BYTES {
            return Err(invalid("Large variables are used too often in the document."));
        }
        let (name, operation) = select(&self.parsed.operations, params.operation_name.as_deref())?;
        require(operation, &params.variables)?;
        if operation.ty == OperationType::Subscription {
            root::field(&self.parsed.fragments, operation)?;
        }
        Ok((name, operation))
    }

    /// What an operation selects of its root field: not the variables that only its arguments use.
    pub(super) fn selection(&self, name: Option<&str>, variables: &Variables) -> Selection {
        let mut hash = Sha256::new_with_prefix(self.hash);
        hash.update(name.unwrap_or_default());
        let used = self
            .named(name)
            .map(|operation| root::used_below(&self.parsed, operation));
        for name in used.into_iter().flatten() {
            // Neither a name nor JSON has this byte in it.
            hash.update([0]);
            hash.update(name);
            hash.update([0]);
            // Of no more than texts as keys, so that JSON can say all of it.
            let value = variables.get(name).map(serde_json::to_vec);
            hash.update(value.and_then(Result::ok).unwrap_or_default());
        }
        Selection(hash.finalize().into())
    }

    /// The operation that was asked for before.
    pub(super) fn named(&self, name: Option<&str>) -> Option<&OperationDefinition> {
        let mut operations = self.parsed.operations.iter();
        let found = operations.find(|(known, _)| name.is_none() || known.map(Name::as_str) == name)?;
        Some(&found.1.node)
    }
}

/// Counts brackets and tokens, and returns how often a `$` stands in the text.
fn scan(text: &str, limits: &Limits) -> Result<usize, ServerError> {
    let bytes = text.as_bytes();
    let (mut at, mut tokens, mut open, mut dollars) = (0, 0, 0_usize, 0);
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        let (is_token, length) = match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b',' => (false, 1),
            b'#' => (false, run(rest, |byte| !matches!(byte, b'\r' | b'\n'))),
            b'"' => (true, string(rest)?),
            byte if is_word(byte) => (true, run(rest, is_word)),
            _ => (true, 1),
        };
        match byte {
            b'{' | b'[' | b'(' => open += 1,
            b'}' | b']' | b')' => open = open.saturating_sub(1),
            b'$' => dollars += 1,
            _ => {}
        }
        if open > BRACKETS {
            return Err(invalid(format!("The document has more than {BRACKETS} open brackets.")));
        }
        tokens += usize::from(is_token);
        if tokens > limits.tokens {
            return Err(invalid(format!("The document has more than {} tokens.", limits.tokens)));
        }
        at += length;
    }
    Ok(dollars)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'+' | b'-')
}

fn run(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|&byte| !belongs(byte)).unwrap_or(bytes.len())
}

/// The length of the string at the start of `bytes`. One that isn't closed is refused here: the parser would look for
/// another meaning, and find brackets where this saw text.
fn string(bytes: &[u8]) -> Result<usize, ServerError> {
    let is_block = bytes.starts_with(b"\"\"\"");
    let mut at = if is_block { 3 } else { 1 };
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        match rest {
            [b'"', b'"', b'"', ..] if is_block => return Ok(at + 3),
            [b'\\', b'"', b'"', b'"', ..] if is_block => at += 4,
            [b'"', ..] if !is_block => return Ok(at + 1),
            [b'\\', ..] if !is_block => at += 2,
            [b'\r' | b'\n', ..] if !is_block => break,
            _ => at += 1,
        }
    }
    Err(invalid("Syntax error: a string is not closed."))
}

/// The parser's message without its drawing of the line.
fn syntax(error: &ParseError) -> ServerError {
    let text = error.to_string();
    let reason = match (error, text.rsplit_once("  = ")) {
        (ParseError::Syntax { .. }, Some((_, reason))) => reason,
        (ParseError::Syntax { .. }, None) => "this is not GraphQL",
        _ => text.trim_end_matches('.'),
    };
    let mut told = invalid(format!("Syntax error: {}.", reason.trim()));
    told.locations = error.positions().collect();
    told
}

fn at(pos: Pos, message: String) -> ServerError {
    let mut error = invalid(message);
    error.locations.push(pos);
    error
}

/// All operations, to be changed.
fn operations_mut(operations: &mut DocumentOperations) -> Vec<&mut Positioned<OperationDefinition>> {
    match operations {
        DocumentOperations::Single(operation) => vec![operation],
        DocumentOperations::Multiple(operations) => operations.values_mut().collect(),
    }
}

fn select<'a>(
    operations: &'a DocumentOperations,
    wanted: Option<&str>,
) -> Result<(Option<&'a Name>, &'a OperationDefinition), ServerError> {
    let mut found = operations.iter().map(|(name, operation)| (name, &operation.node));
    match (wanted, operations) {
        (Some(wanted), _) => found
            .find(|(name, _)| name.is_some_and(|name| name == wanted))
            .ok_or_else(|| invalid("The document has no operation of the name in `operationName`.")),
        (None, DocumentOperations::Multiple(all)) if all.len() > 1 => Err(invalid(
            "The document has several operations: say which in `operationName`.",
        )),
        (None, _) => found.next().ok_or_else(|| invalid("The document has no operation.")),
    }
}

/// Refuses a required variable without a value, which the library would notice only where it is used.
fn require(operation: &OperationDefinition, variables: &Variables) -> Result<(), ServerError> {
    for Positioned { pos, node } in &operation.variable_definitions {
        let is_missing = matches!(variables.get(&node.name.node), None | Some(Value::Null));
        if is_missing && !node.var_type.node.nullable && node.default_value.is_none() {
            let (name, wanted) = (&node.name.node, &node.var_type.node);
            return Err(at(
                *pos,
                format!("Variable \"${name}\" of type \"{wanted}\" needs a value."),
            ));
        }
    }
    Ok(())
}
