//! What an operation costs, before it runs: a point for each object that the answer can hold.
//!
//! Objects are what has an `id`; what belongs to one (its byline, what the viewer may do to it, errors) comes with it. A page
//! counts as long as it was asked for, a plain list as long as its description says, a list that answers to rows as long
//! as there are rows. A page costs a point itself. A mutation or subscription adds ten, for each row if it takes rows, or what its
//! description says that it costs.

use std::collections::HashMap;

use async_graphql::{
    Name, Variables,
    parser::types::{BaseType, ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet},
};
use async_graphql_value::{ConstValue, Value};

use super::types::{Types, named};

/// Rows of a page that doesn't say how many.
const PAGE: u64 = 20;
/// Rows of a page at most; more is refused later.
const LONGEST_PAGE: u64 = 100;
/// Rows of a list of unknown length.
const LIST: u64 = 10;
/// What a change costs beside its answer.
const CHANGE: u64 = 10;
/// What it costs to ask for the schema.
const INTROSPECTION: u64 = 100;

/// The points that an operation costs.
pub(super) fn of(
    types: &Types,
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    variables: &Variables,
) -> u64 {
    let mut count = Count {
        types,
        document,
        operation,
        variables,
        known: HashMap::new(),
    };
    let root = types.root(operation.ty);
    let level = Level {
        changes: operation.ty != OperationType::Query,
        ..Level::default()
    };
    count.set(root, &operation.selection_set.node, level).max(1)
}

/// Where a selection stands.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
struct Level {
    /// Whether each field here is a mutation or subscription.
    changes: bool,
    /// Rows of the page around it.
    page: Option<u64>,
    /// Rows that the field at the root was given.
    rows: Option<u64>,
}

struct Count<'a> {
    types: &'a Types,
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    variables: &'a Variables,
    /// Fragments are counted once for each place of a kind.
    known: HashMap<(&'a str, Level), u64>,
}

impl<'a> Count<'a> {
    fn set(&mut self, parent: Option<&'a str>, set: &'a SelectionSet, level: Level) -> u64 {
        set.items.iter().fold(0, |sum: u64, selection| {
            sum.saturating_add(match &selection.node {
                Selection::Field(field) => self.field(parent, &field.node, level),
                Selection::InlineFragment(inline) => {
                    let condition = inline.node.type_condition.as_ref();
                    let parent = condition.map(|condition| condition.node.on.node.as_str()).or(parent);
                    self.set(parent, &inline.node.selection_set.node, level)
                }
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node, level),
            })
        })
    }

    fn fragment(&mut self, name: &'a Name, level: Level) -> u64 {
        if let Some(points) = self.known.get(&(name.as_str(), level)) {
            return *points;
        }
        let Some(fragment) = self.document.fragments.get(name) else {
            return 0;
        };
        let parent = fragment.node.type_condition.node.on.node.as_str();
        let points = self.set(Some(parent), &fragment.node.selection_set.node, level);
        self.known.insert((name, level), points);
        points
    }

    fn field(&mut self, parent: Option<&'a str>, field: &'a Field, level: Level) -> u64 {
        let name = field.name.node.as_str();
        if matches!(name, "__schema" | "__type") {
            return INTROSPECTION;
        }
        let types = self.types;
        let Some(known) = parent.and_then(|parent| types.field(parent, name)) else {
            return 0;
        };
        let rows = self.rows(field);
        let change = if level.changes {
            known.cost.unwrap_or(CHANGE).saturating_mul(rows.unwrap_or(1).max(1))
        } else {
            0
        };
        let set = &field.selection_set.node;
        if set.items.is_empty() {
            return change;
        }
        let of = named(&known.of_type);
        let mut below = Level {
            changes: false,
            page: None,
            rows: rows.or(level.rows),
        };
        let points = if of.ends_with("Connection") {
            below.page = Some(self.page(field));
            self.set(Some(of), set, below).saturating_add(1)
        } else {
            let own = u64::from(types.field(of, "id").is_some());
            let one = self.set(Some(of), set, below).saturating_add(own);
            match (&known.of_type.base, level.page) {
                (BaseType::Named(_), _) => one,
                (BaseType::List(_), Some(page)) if matches!(name, "nodes" | "edges") => one.saturating_mul(page),
                (BaseType::List(_), _) => {
                    let most = known.most.unwrap_or(LIST);
                    one.saturating_mul(below.rows.map_or(most, |rows| rows.min(most)))
                }
            }
        };
        points.saturating_add(change)
    }

    /// How many rows a page is asked for.
    fn page(&self, field: &Field) -> u64 {
        let asked = ["first", "last"].into_iter().filter_map(|name| {
            let value = self.resolve(&field.get_argument(name)?.node)?;
            match value {
                ConstValue::Number(number) => Some(number.as_u64().unwrap_or(0)),
                _ => None,
            }
        });
        asked.max().unwrap_or(PAGE).min(LONGEST_PAGE)
    }

    /// How many rows, or ids, the arguments hold.
    fn rows(&self, field: &Field) -> Option<u64> {
        let arguments = field.arguments.iter();
        arguments
            .filter_map(|(name, value)| self.longest(&name.node, &value.node))
            .max()
    }

    fn longest(&self, name: &str, value: &Value) -> Option<u64> {
        match value {
            Value::List(values)
                if is_ids(name) || matches!(values.first(), Some(Value::Object(_) | Value::Variable(_))) =>
            {
                Some(values.len() as u64)
            }
            Value::Object(values) => {
                let values = values.iter();
                values.filter_map(|(name, value)| self.longest(name, value)).max()
            }
            Value::Variable(of) => longest(name, self.variable(of)?),
            _ => None,
        }
    }

    fn resolve(&self, value: &Value) -> Option<ConstValue> {
        match value {
            Value::Variable(name) => self.variable(name).cloned(),
            Value::Number(number) => Some(ConstValue::Number(number.clone())),
            _ => None,
        }
    }

    fn variable(&self, name: &Name) -> Option<&ConstValue> {
        self.variables.get(name).or_else(|| {
            let mut definitions = self.operation.variable_definitions.iter();
            let definition = definitions.find(|definition| definition.node.name.node == *name)?;
            definition.node.default_value.as_ref().map(|value| &value.node)
        })
    }
}

fn longest(name: &str, value: &ConstValue) -> Option<u64> {
    match value {
        ConstValue::List(values) if is_ids(name) || matches!(values.first(), Some(ConstValue::Object(_))) => {
            Some(values.len() as u64)
        }
        ConstValue::Object(values) => values.iter().filter_map(|(name, value)| longest(name, value)).max(),
        _ => None,
    }
}

fn is_ids(name: &str) -> bool {
    name == "ids" || name.ends_with("Ids")
}
