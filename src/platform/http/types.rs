//! What a schema says about its fields, read once.

use std::collections::HashMap;

use async_graphql::parser::{
    parse_schema,
    types::{BaseType, OperationType, Type, TypeKind, TypeSystemDefinition},
};

use crate::platform::error::{Error, Result};

/// The types of a schema's fields.
#[derive(Debug, Default)]
pub struct Types {
    fields: HashMap<String, HashMap<String, Field>>,
    /// Names of the root types for queries, mutations, subscriptions.
    roots: [Option<String>; 3],
}

/// A field of a type.
#[derive(Debug)]
pub(super) struct Field {
    pub of_type: Type,
    /// How long a plain list can be: its description says "exactly four" or "at most 200".
    pub most: Option<u64>,
    /// What a change costs that takes much work: its description says "costs 1000 points".
    pub cost: Option<u64>,
}

impl Types {
    /// Reads a schema.
    ///
    /// # Errors
    /// It is no schema.
    pub fn read(sdl: &str) -> Result<Self> {
        let mut types = Self {
            roots: ["Query", "Mutation", "Subscription"].map(|name| Some(name.to_owned())),
            ..Self::default()
        };
        for definition in parse_schema(sdl).map_err(Error::internal)?.definitions {
            match definition {
                TypeSystemDefinition::Schema(schema) => {
                    let schema = schema.node;
                    types.roots = [schema.query, schema.mutation, schema.subscription]
                        .map(|name| name.map(|name| name.node.to_string()));
                }
                TypeSystemDefinition::Type(definition) => {
                    let fields = match definition.node.kind {
                        TypeKind::Object(object) => object.fields,
                        TypeKind::Interface(interface) => interface.fields,
                        _ => continue,
                    };
                    let fields = fields.into_iter().map(|field| {
                        let field = field.node;
                        let text = field
                            .description
                            .map(|text| text.node.to_lowercase())
                            .unwrap_or_default();
                        let (most, cost) = (number(&text, &["exactly ", "at most "]), number(&text, &["costs "]));
                        let of_type = field.ty.node;
                        (field.name.node.to_string(), Field { of_type, most, cost })
                    });
                    types
                        .fields
                        .entry(definition.node.name.node.to_string())
                        .or_default()
                        .extend(fields);
                }
                TypeSystemDefinition::Directive(_) => {}
            }
        }
        Ok(types)
    }

    /// The root type of a kind of operation.
    pub(super) fn root(&self, kind: OperationType) -> Option<&str> {
        let place = match kind {
            OperationType::Query => 0,
            OperationType::Mutation => 1,
            OperationType::Subscription => 2,
        };
        self.roots[place].as_deref()
    }

    /// A field of a type.
    pub(super) fn field(&self, of: &str, name: &str) -> Option<&Field> {
        self.fields.get(of)?.get(name)
    }
}

/// The name of a type, whatever lists are around it.
pub(super) fn named(of_type: &Type) -> &str {
    match &of_type.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => named(inner),
    }
}

/// The number behind the first of these words, as in "exactly four" or "at most 200".
fn number(description: &str, before: &[&str]) -> Option<u64> {
    let number = before.iter().find_map(|words| {
        let (_, rest) = description.split_once(words)?;
        rest.split(|letter: char| !letter.is_alphanumeric()).next()
    })?;
    const WORDS: [&str; 11] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    ];
    let word = WORDS.iter().position(|word| *word == number);
    word.map(|place| place as u64).or_else(|| number.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_says_how_long_a_list_is_and_what_a_change_costs() {
        let sdl = "type Query { a: Int }
            type Mutation { \"Copies. Costs 1000 points.\" copy: Int \"Exactly four.\" four: [Int] plain: Int }";
        let types = Types::read(sdl).unwrap_or_default();
        let of = |name| types.field("Mutation", name).map(|field| (field.most, field.cost));
        assert_eq!(of("copy"), Some((None, Some(1000))));
        assert_eq!(of("four"), Some((Some(4), None)));
        assert_eq!(of("plain"), Some((None, None)));
    }
}
