//! Queries for everything that can be reached, made from the schema.

use std::collections::BTreeSet;

use apollo_compiler::{Schema, ast::FieldDefinition, schema::ExtendedType, validation::Valid};

pub fn schema() -> Valid<Schema> {
    Schema::parse_and_validate(sojourn::schema::sdl(), "schema.graphql").unwrap_or_else(|faults| panic!("{faults}"))
}

/// `Type.field`, for good.
pub fn root(schema: &Schema, of: &str, field: &str) -> &'static str {
    assert!(
        names(schema, of).contains(field),
        "{of}.{field} has a case, but there is no such field"
    );
    String::leak(format!("{of}.{field}"))
}

/// The names of the fields of an object type.
pub fn names(schema: &Schema, of: &str) -> BTreeSet<String> {
    let object = schema.get_object(of).unwrap();
    object.fields.keys().map(ToString::to_string).collect()
}

/// An operation that selects all fields of `field`, of `depth` objects inside each other.
pub fn document(schema: &Schema, head: &str, field: &str, kind: &str, depth: usize) -> String {
    let mut fragments = Fragments {
        schema,
        done: BTreeSet::new(),
        text: String::new(),
    };
    let selection = fragments.spread(kind, depth);
    format!("{head} {{ {field} {{ {selection} }} }} {}", fragments.text)
}

/// A query for each field of an object that `path` leads to.
pub fn documents(schema: &Schema, head: &str, path: &str, kind: &str, depth: usize) -> Vec<String> {
    let object = schema.get_object(kind).unwrap();
    let one = |field: &FieldDefinition| {
        let mut fragments = Fragments {
            schema,
            done: BTreeSet::new(),
            text: String::new(),
        };
        let selection = fragments.field(field, depth + 1);
        format!("{head} {{ {path} {{ __typename {selection} }} }} {}", fragments.text)
    };
    object.fields.values().map(|field| one(field)).collect()
}

/// Fragments `Type_depth`, each written once.
struct Fragments<'a> {
    schema: &'a Schema,
    done: BTreeSet<String>,
    text: String,
}

impl Fragments<'_> {
    /// Spreads all fields of a type.
    fn spread(&mut self, kind: &str, depth: usize) -> String {
        match &self.schema.types[kind] {
            ExtendedType::Interface(_) => {
                let objects = self.schema.implementers_map()[kind].objects.clone();
                let spreads: Vec<_> = objects
                    .iter()
                    .map(|object| self.spread_as(object, depth, Some(kind)))
                    .collect();
                format!("__typename {}", spreads.join(" "))
            }
            ExtendedType::Object(_) => self.spread_as(kind, depth, None),
            other => panic!("{} has no fields", other.name()),
        }
    }

    /// Spreads all fields of an object type, perhaps beside others of an interface: what differs in type there can't be merged.
    fn spread_as(&mut self, kind: &str, depth: usize, among: Option<&str>) -> String {
        let object = self.schema.get_object(kind).unwrap();
        let odd: BTreeSet<_> = (among.iter())
            .flat_map(|among| object.fields.values().filter(|field| self.is_odd(among, field)))
            .map(|field| field.name.clone())
            .collect();
        let suffix = among.filter(|_| !odd.is_empty()).unwrap_or_default();
        let name = format!("{kind}_{depth}{suffix}");
        if self.done.insert(name.clone()) {
            let fields: Vec<_> = (object.fields.values())
                .map(|field| match self.field(field, depth) {
                    text if odd.contains(&field.name) => format!("{}_{kind}: {text}", field.name),
                    text => text,
                })
                .collect();
            let fields = fields.join(" ");
            self.text
                .push_str(&format!("fragment {name} on {kind} {{ __typename {fields} }} "));
        }
        format!("...{name}")
    }

    /// Whether a field is a scalar or an enum of another type than in the first object of an interface that has it.
    fn is_odd(&self, among: &str, field: &FieldDefinition) -> bool {
        let objects = &self.schema.implementers_map()[among].objects;
        let mut same = objects
            .iter()
            .filter_map(|object| self.schema.get_object(object)?.fields.get(&field.name));
        let is_leaf = self.schema.types[field.ty.inner_named_type()].is_leaf();
        is_leaf && same.next().is_some_and(|first| first.ty != field.ty)
    }

    /// A field with what is below it; nothing if that is too deep.
    fn field(&mut self, field: &FieldDefinition, depth: usize) -> String {
        let kind = field.ty.inner_named_type();
        let arguments = match field.arguments.iter().find(|argument| argument.is_required()) {
            None => "",
            Some(argument) if argument.ty.inner_named_type() == "PhaseKind" => "(kind: DURING)",
            Some(argument) if argument.ty.inner_named_type() == "IsoWeek" => "(week: \"2026-W47\")",
            Some(argument) => panic!("a value for {}({}) is missing", field.name, argument.name),
        };
        let name = format!("{}{arguments}", field.name);
        if self.schema.types[kind].is_leaf() {
            return name;
        }
        let is_last = depth <= 1;
        if let Some(node) = kind.strip_suffix("Connection") {
            let nodes = if is_last {
                "__typename".to_owned()
            } else {
                self.spread(node, depth - 1)
            };
            return format!("{name} {{ totalCount pageInfo {{ startCursor }} nodes {{ {nodes} }} }}");
        }
        // Of what is small, all is asked for at any depth.
        let is_small =
            kind.ends_with("ViewerCan") || ["ActionPermission", "Byline", "UserError"].contains(&kind.as_str());
        if is_small {
            return format!("{name} {{ {} }}", self.spread(kind, depth));
        }
        if is_last {
            String::new()
        } else {
            format!("{name} {{ {} }}", self.spread(kind, depth - 1))
        }
    }
}
