//! The check of a document before anybody else touches it.
//!
//! A parser recurses with every bracket, and the validation of the library visits a fragment as often as it is
//! spread: 600 bytes can mean hours. So brackets and tokens are counted before parsing, and what the fragments expand
//! to after it, each fragment once. Then the document is judged as graphql-js judges it, once for all requests with it.

mod cache;
mod coerce;
mod condition;
mod lex;
mod measure;
mod merge;
mod parse;
mod presence;
mod root;
mod run;
#[cfg(test)]
mod tests;
mod validate;
pub mod worst;

use std::collections::HashSet;

use async_graphql::{
    Name, Pos, Positioned, ServerError, Variables,
    parser::types::{Directive, DocumentOperations, ExecutableDocument, OperationDefinition, OperationType},
};
use async_graphql_value::Value;
use sha2::{Digest, Sha256};

use self::parse::{Parsed, parse};
pub(super) use self::{
    cache::Documents,
    presence::{INTERFACES, KIND, NAME, PRESENCE, implemented, is_hidden},
    run::{is_null, missing},
};
use super::{answer::invalid, params::Params, types::Types};
use crate::platform::feed::Selection;

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
    /// Where arguments stand with a block string in them.
    blocks: HashSet<Pos>,
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
        let Parsed {
            document: parsed,
            blocks,
            uses,
        } = parse(text, limits)?;
        let introspects = measure::measure(&parsed, limits)?;
        for (_, operation) in parsed.operations.iter() {
            if operation.node.ty == OperationType::Subscription {
                root::check(&parsed.fragments, &operation.node)?;
            }
        }
        Ok(Self {
            parsed,
            introspects,
            blocks,
            uses,
            bytes: text.len(),
            hash: Sha256::digest(text).into(),
        })
    }

    /// The operation that is asked for.
    pub(super) fn operation(&self, params: &Params) -> Result<(Option<&Name>, &OperationDefinition), ServerError> {
        if self.uses.saturating_mul(params.size.saturating_sub(self.bytes)) > VARIABLE_BYTES {
            return Err(invalid("Large variables are used too often in the document."));
        }
        select(&self.parsed.operations, params.operation_name.as_deref())
    }

    /// The values of an operation's variables.
    pub(super) fn variables(
        types: &Types,
        operation: &OperationDefinition,
        sent: Variables,
        may_introspect: bool,
    ) -> Result<Variables, ServerError> {
        coerce::variables(types, operation, sent).map_err(|fault| fault.told(may_introspect))
    }

    /// The tree of an operation that was asked for before, with the values of its variables.
    pub(super) fn tree(
        &self,
        types: &Types,
        name: Option<&str>,
        variables: &Variables,
    ) -> Result<ExecutableDocument, ServerError> {
        let found = self
            .found(name)
            .ok_or_else(|| invalid("The document has no operation."))?;
        run::tree(types, &self.parsed, found, variables)
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
        Some(&self.found(name)?.1.node)
    }

    fn found(&self, name: Option<&str>) -> Option<(Option<&Name>, &Positioned<OperationDefinition>)> {
        let mut operations = self.parsed.operations.iter();
        operations.find(|(known, _)| name.is_none() || known.map(Name::as_str) == name)
    }
}

fn at(pos: Pos, message: String) -> ServerError {
    let mut error = invalid(message);
    error.locations.push(pos);
    error
}

/// The variable that is null as a condition, if there is one: all others have values.
pub(super) fn open<'a>(directives: &'a [Positioned<Directive>], variables: &[(Name, bool)]) -> Option<&'a Name> {
    let mut given = directives
        .iter()
        .filter_map(|directive| directive.node.get_argument("if"));
    given.find_map(|given| match &given.node {
        Value::Variable(name) => (!variables.iter().any(|(known, _)| known == name)).then_some(name),
        _ => None,
    })
}

/// Whether `@skip` and `@include` let something be there, if that is known: they may depend on variables with these values.
pub(super) fn is_there(directives: &[Positioned<Directive>], variables: &[(Name, bool)]) -> Option<bool> {
    let mut is_known = true;
    for Positioned { node, .. } in directives {
        let wanted = match node.name.node.as_str() {
            "include" => true,
            "skip" => false,
            _ => continue,
        };
        let given = match node.get_argument("if").map(|given| &given.node) {
            Some(Value::Boolean(given)) => Some(*given),
            Some(Value::Variable(name)) => variables
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, given)| *given),
            _ => None,
        };
        if given == Some(!wanted) {
            return Some(false);
        }
        is_known &= given.is_some();
    }
    is_known.then_some(true)
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
