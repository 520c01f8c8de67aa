//! What a schema says, read once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use async_graphql::parser::{
    parse_schema,
    types::{
        BaseType, DirectiveLocation, FieldDefinition, InputValueDefinition, OperationType, Type, TypeKind,
        TypeSystemDefinition,
    },
};
use async_graphql::{Name, Positioned};

use crate::platform::error::{Error, Result};

/// What every schema has, though none says it.
const BUILT_IN: &str = include_str!("types.graphql");

/// The types of a schema.
#[derive(Debug, Default)]
pub struct Types {
    types: HashMap<String, Kind>,
    directives: HashMap<String, Directive>,
    /// Names of the root types for queries, mutations, subscriptions.
    roots: [Option<String>; 3],
}

/// A type.
#[derive(Debug)]
pub(super) enum Kind {
    Scalar,
    Enum(BTreeSet<String>),
    Input(Inputs),
    Composite(Composite),
}

/// An object, interface or union.
#[derive(Debug, Default)]
pub(super) struct Composite {
    fields: HashMap<String, Field>,
    pub is_object: bool,
    /// The objects that it can be.
    objects: BTreeSet<String>,
    /// The interfaces that it implements, if it is one itself.
    pub implements: Vec<Name>,
}

/// Arguments, or fields of an input object.
pub(super) type Inputs = BTreeMap<String, Input>;

/// An argument, or a field of an input object.
#[derive(Debug)]
pub(super) struct Input {
    pub of_type: Type,
    pub has_default: bool,
}

impl Input {
    pub(super) fn is_required(&self) -> bool {
        !self.of_type.nullable && !self.has_default
    }
}

/// A directive.
#[derive(Debug)]
pub(super) struct Directive {
    pub arguments: Inputs,
    pub locations: Vec<DirectiveLocation>,
    pub is_repeatable: bool,
}

/// A field of a type.
#[derive(Debug)]
pub(super) struct Field {
    pub of_type: Type,
    pub arguments: Inputs,
    /// How long a plain list can be: its description says "exactly four" or "at most 200".
    pub most: Option<u64>,
    /// What a change costs that takes much work: its description says "costs 1000 points".
    pub cost: Option<u64>,
}

impl Field {
    fn read(field: FieldDefinition) -> Self {
        let text = field
            .description
            .map(|text| text.node.to_lowercase())
            .unwrap_or_default();
        Self {
            of_type: field.ty.node,
            arguments: inputs(field.arguments),
            most: number(&text, &["exactly ", "at most "]),
            cost: number(&text, &["costs "]),
        }
    }
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
        let mut abstracts: Vec<(Name, String)> = Vec::new();
        for text in [BUILT_IN, sdl] {
            for definition in parse_schema(text).map_err(Error::internal)?.definitions {
                types.define(definition, &mut abstracts);
            }
        }
        for (of, object) in abstracts {
            if let Some(Kind::Composite(of)) = types.types.get_mut(of.as_str()) {
                of.objects.insert(object);
            }
        }
        Ok(types)
    }

    /// Takes a definition up; `abstracts` gets which interface or union can be which object.
    fn define(&mut self, definition: TypeSystemDefinition, abstracts: &mut Vec<(Name, String)>) {
        let definition = match definition {
            TypeSystemDefinition::Schema(schema) => {
                let schema = schema.node;
                self.roots = [schema.query, schema.mutation, schema.subscription]
                    .map(|name| name.map(|name| name.node.to_string()));
                return;
            }
            TypeSystemDefinition::Directive(directive) => {
                let directive = directive.node;
                let known = Directive {
                    arguments: inputs(directive.arguments),
                    locations: directive.locations.into_iter().map(|location| location.node).collect(),
                    is_repeatable: directive.is_repeatable,
                };
                self.directives.insert(directive.name.node.to_string(), known);
                return;
            }
            TypeSystemDefinition::Type(definition) => definition.node,
        };
        let name = definition.name.node.to_string();
        let fields = |fields: Vec<Positioned<FieldDefinition>>| {
            let fields = fields.into_iter().map(|field| field.node);
            fields
                .map(|field| (field.name.node.to_string(), Field::read(field)))
                .collect()
        };
        let kind = match definition.kind {
            TypeKind::Scalar => Kind::Scalar,
            TypeKind::Enum(known) => {
                let values = known.values.into_iter();
                Kind::Enum(values.map(|value| value.node.value.node.to_string()).collect())
            }
            TypeKind::InputObject(object) => Kind::Input(inputs(object.fields)),
            TypeKind::Object(object) => {
                abstracts.extend(object.implements.into_iter().map(|of| (of.node, name.clone())));
                Kind::Composite(Composite {
                    fields: fields(object.fields),
                    is_object: true,
                    objects: BTreeSet::from([name.clone()]),
                    ..Composite::default()
                })
            }
            TypeKind::Interface(interface) => Kind::Composite(Composite {
                fields: fields(interface.fields),
                implements: interface.implements.into_iter().map(|of| of.node).collect(),
                ..Composite::default()
            }),
            TypeKind::Union(union) => Kind::Composite(Composite {
                objects: union
                    .members
                    .into_iter()
                    .map(|member| member.node.to_string())
                    .collect(),
                ..Composite::default()
            }),
        };
        self.types.insert(name, kind);
    }

    /// A type of this name.
    pub(super) fn kind(&self, name: &str) -> Option<&Kind> {
        self.types.get(name)
    }

    /// An object, interface or union of this name.
    pub(super) fn composite(&self, name: &str) -> Option<&Composite> {
        match self.kind(name)? {
            Kind::Composite(composite) => Some(composite),
            _ => None,
        }
    }

    /// A directive of this name.
    pub(super) fn directive(&self, name: &str) -> Option<&Directive> {
        self.directives.get(name)
    }

    /// Whether an object is of a type, as far as that is known.
    pub(super) fn is(&self, object: &str, of: &str) -> bool {
        self.composite(of).is_none_or(|of| of.objects.contains(object))
    }

    /// Whether something can be of both types.
    pub(super) fn overlap(&self, one: &str, other: &str) -> bool {
        one == other
            || match (self.composite(one), self.composite(other)) {
                (Some(one), Some(other)) => !one.objects.is_disjoint(&other.objects),
                _ => false,
            }
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
        self.composite(of)?.fields.get(name)
    }

    /// A field that can be selected of a type, which may be one that every type has, or every query.
    pub(super) fn selected(&self, of: &str, name: &str) -> Option<&Field> {
        let is_meta = match name {
            "__typename" => self.composite(of).is_some(),
            "__schema" | "__type" => self.root(OperationType::Query) == Some(of),
            _ => false,
        };
        self.field(if is_meta { "__Meta" } else { of }, name)
    }

    /// The names of a type's fields.
    pub(super) fn fields(&self, of: &str) -> impl Iterator<Item = &str> {
        let fields = self.composite(of).map(|of| of.fields.keys().map(String::as_str));
        fields.into_iter().flatten()
    }
}

fn inputs(inputs: Vec<Positioned<InputValueDefinition>>) -> Inputs {
    let inputs = inputs.into_iter().map(|input| {
        let InputValueDefinition {
            name,
            ty,
            default_value,
            ..
        } = input.node;
        let input = Input {
            of_type: ty.node,
            has_default: default_value.is_some(),
        };
        (name.node.to_string(), input)
    });
    inputs.collect()
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
