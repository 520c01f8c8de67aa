//! Whether fields that are called the same in an answer can be merged:
//! <https://spec.graphql.org/September2025/#sec-Field-Selection-Merging>.
//!
//! Comparing every two fields takes minutes for a hostile document. Here, all fields that end at one place of the answer are looked at
//! together, with all fragments written out, of which the limits allow little: their types are compared with that of the first, and
//! each is written alike as all others that can be there at the same time.

use std::collections::{BTreeMap, HashMap, HashSet};

use async_graphql::{
    Pos, Positioned,
    parser::types::{BaseType, ExecutableDocument, Field, Selection, SelectionSet, Type},
};
use async_graphql_value::Value;

use super::validate::Fault;
use crate::platform::http::types::{Kind, Types, named};

/// The first fields that can't be merged. Adds what was looked at to `steps`.
pub(super) fn conflict(
    types: &Types,
    document: &ExecutableDocument,
    blocks: &HashSet<Pos>,
    steps: &mut usize,
) -> Option<Fault> {
    let mut merge = Merge {
        types,
        document,
        blocks,
        conditions: vec![(0, None)],
        known: HashMap::new(),
        written: HashMap::new(),
        texts: HashMap::new(),
        steps: 0,
    };
    let fault = document.operations.iter().find_map(|(_, operation)| {
        let part = Part {
            parent: types.root(operation.node.ty),
            condition: 0,
            set: &operation.node.selection_set.node,
        };
        merge.parts(&[part]).err()
    });
    *steps += merge.steps;
    fault
}

/// A selection that ends at a place of the answer.
#[derive(Clone, Copy)]
struct Part<'a> {
    parent: Option<&'a str>,
    condition: usize,
    set: &'a SelectionSet,
}

/// A field that ends there.
struct Entry<'a> {
    field: &'a Positioned<Field>,
    of_type: Option<&'a Type>,
    condition: usize,
}

struct Merge<'a> {
    types: &'a Types,
    document: &'a ExecutableDocument,
    /// Where arguments stand with a block string in them: those are written otherwise.
    blocks: &'a HashSet<Pos>,
    /// When a field is there: on which condition the object around it is, and if that must be of some type. The first is always.
    conditions: Vec<(usize, Option<&'a str>)>,
    /// Where a condition stands in them.
    known: HashMap<(usize, Option<&'a str>), usize>,
    /// By where a field stands, the number of how it is written.
    written: HashMap<Pos, usize>,
    /// The numbers.
    texts: HashMap<String, usize>,
    steps: usize,
}

impl<'a> Merge<'a> {
    fn parts(&mut self, parts: &[Part<'a>]) -> Result<(), Fault> {
        let (mut fields, mut visited) = (BTreeMap::new(), HashSet::new());
        for part in parts {
            self.collect(*part, &mut fields, &mut visited);
        }
        for (key, entries) in fields {
            if entries.len() > 1 {
                self.compare(key, &entries)?;
            }
            let below = entries
                .iter()
                .filter(|entry| !entry.field.node.selection_set.node.items.is_empty());
            let below: Vec<_> = below
                .map(|entry| Part {
                    parent: entry.of_type.map(named),
                    condition: entry.condition,
                    set: &entry.field.node.selection_set.node,
                })
                .collect();
            self.parts(&below)?;
        }
        Ok(())
    }

    fn collect(
        &mut self,
        part: Part<'a>,
        fields: &mut BTreeMap<&'a str, Vec<Entry<'a>>>,
        visited: &mut HashSet<(usize, &'a str)>,
    ) {
        let Part { parent, condition, set } = part;
        let document = self.document;
        for selection in &set.items {
            self.steps += 1;
            let (parent, set) = match &selection.node {
                Selection::Field(field) => {
                    let name = &field.node.name.node;
                    let entry = Entry {
                        field,
                        of_type: parent.and_then(|parent| Some(&self.types.selected(parent, name)?.of_type)),
                        condition: self.condition(condition, parent),
                    };
                    fields.entry(&field.node.response_key().node).or_default().push(entry);
                    continue;
                }
                Selection::InlineFragment(inline) => {
                    let on = inline.node.type_condition.as_ref();
                    let parent = on.map(|on| on.node.on.node.as_str()).or(parent);
                    (parent, &inline.node.selection_set.node)
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    match document.fragments.get(name) {
                        Some(fragment) if visited.insert((condition, name)) => {
                            let on = fragment.node.type_condition.node.on.node.as_str();
                            (Some(on), &fragment.node.selection_set.node)
                        }
                        _ => continue,
                    }
                }
            };
            self.collect(Part { parent, condition, set }, fields, visited);
        }
    }

    /// The number of the condition that there is a field of a type in an object that is there on a condition.
    fn condition(&mut self, around: usize, parent: Option<&'a str>) -> usize {
        let types = self.types;
        let object = parent.filter(|parent| types.composite(parent).is_some_and(|of| of.is_object));
        let condition = (around, object);
        let conditions = &mut self.conditions;
        *self.known.entry(condition).or_insert_with(|| {
            conditions.push(condition);
            conditions.len() - 1
        })
    }

    /// Whether two conditions, of fields at one place of the answer, can't be met by one object.
    fn is_exclusive(&mut self, mut one: usize, mut other: usize) -> bool {
        while one != other {
            self.steps += 1;
            let (around_one, of_one) = self.conditions[one];
            let (around_other, of_other) = self.conditions[other];
            if of_one.is_some() && of_other.is_some() && of_one != of_other {
                return true;
            }
            (one, other) = (around_one, around_other);
        }
        false
    }

    /// Whether all fields of one name can be merged.
    fn compare(&mut self, key: &str, entries: &[Entry<'a>]) -> Result<(), Fault> {
        let fault = |entry: &Entry, why: &str| {
            let message = format!("Fields \"{key}\" can't be merged: {why}. Give one of them another alias.");
            Err(Fault::new(entry.field.pos, message))
        };
        let mut first = None;
        let mut written: Vec<(usize, usize)> = Vec::new();
        let mut by_condition = HashMap::new();
        for entry in entries {
            self.steps += 1;
            if let Some(of_type) = entry.of_type
                && !has_shape(self.types, of_type, first.get_or_insert(of_type))
            {
                return fault(entry, "they are of different types");
            }
            let text = self.text(&entry.field.node, entry.field.pos);
            let known = *by_condition.entry(entry.condition).or_insert_with(|| {
                written.push((entry.condition, text));
                text
            });
            if known != text {
                return fault(entry, "they are different fields, or have different arguments");
            }
        }
        for (place, (condition, text)) in written.iter().enumerate() {
            for (other_condition, other) in &written[..place] {
                self.steps += 1;
                if text != other && !self.is_exclusive(*condition, *other_condition) {
                    let entry = entries.iter().find(|entry| entry.condition == *condition);
                    return fault(
                        entry.unwrap_or(&entries[0]),
                        "they are different fields, or have different arguments",
                    );
                }
            }
        }
        Ok(())
    }

    /// The number of how a field is written, its alias and directives aside.
    fn text(&mut self, field: &Field, pos: Pos) -> usize {
        if let Some(text) = self.written.get(&pos) {
            return *text;
        }
        let mut text = field.name.node.to_string();
        let mut arguments: Vec<_> = field.arguments.iter().collect();
        arguments.sort_by_key(|(name, _)| name.node.as_str());
        for (name, value) in arguments {
            text.push_str(if self.blocks.contains(&value.pos) { " \"" } else { " " });
            text.push_str(&name.node);
            text.push(':');
            print(&value.node, &mut text);
        }
        self.steps += text.len() / 16;
        let number = self.texts.len();
        let number = *self.texts.entry(text).or_insert(number);
        self.written.insert(pos, number);
        number
    }
}

/// Writes a value, fields of input objects in order.
fn print(value: &Value, text: &mut String) {
    match value {
        Value::List(values) => {
            text.push('[');
            for value in values {
                print(value, text);
                text.push(',');
            }
            text.push(']');
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| name.as_str());
            text.push('{');
            for (name, value) in fields {
                text.push_str(name);
                text.push(':');
                print(value, text);
                text.push(',');
            }
            text.push('}');
        }
        value => text.push_str(&value.to_string()),
    }
}

/// Whether values of both types look alike.
fn has_shape(types: &Types, one: &Type, other: &Type) -> bool {
    one.nullable == other.nullable
        && match (&one.base, &other.base) {
            (BaseType::List(one), BaseType::List(other)) => has_shape(types, one, other),
            (BaseType::Named(one), BaseType::Named(other)) => {
                let is_composite = |name: &str| matches!(types.kind(name), Some(Kind::Composite(_)));
                one == other || is_composite(one) && is_composite(other)
            }
            _ => false,
        }
}
