//! How large a document is once its fragments are written out, without writing them out.

use std::collections::HashMap;

use async_graphql::{
    Name, Pos, Positioned, ServerError,
    parser::types::{Directive, ExecutableDocument, FragmentDefinition, Selection, SelectionSet},
};
use async_graphql_value::Value;

use super::{Limits, at};

/// Fields, fragments and inline fragments inside each other. Each is a level of recursion in what comes later.
const LEVELS: usize = 128;

/// Refuses a document that is too large once all fragments are written out. Returns whether it asks for the schema.
pub(super) fn measure(document: &ExecutableDocument, limits: &Limits) -> Result<bool, ServerError> {
    let mut measure = Measure {
        fragments: &document.fragments,
        known: HashMap::new(),
        limits,
        introspects: false,
    };
    for (name, fragment) in &document.fragments {
        measure.fragment(name, fragment.pos, 0)?;
    }
    let mut total = Size::default();
    for (place, (_, operation)) in document.operations.iter().enumerate() {
        if place >= limits.operations {
            let most = limits.operations;
            return Err(at(
                operation.pos,
                format!("The document has more than {most} operations."),
            ));
        }
        let mut size = measure.set(&operation.node.selection_set.node, 0)?;
        measure.directives(&mut size, &operation.node.directives)?;
        for variable in &operation.node.variable_definitions {
            measure.directives(&mut size, &variable.node.directives)?;
        }
        measure.add(&mut total, size, operation.pos)?;
    }
    Ok(measure.introspects)
}

#[derive(Clone, Copy, Default)]
struct Size {
    fields: usize,
    aliases: usize,
    directives: usize,
    values: usize,
    depth: usize,
    levels: usize,
}

struct Measure<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// None for a fragment that is being measured.
    known: HashMap<&'a str, Option<Size>>,
    limits: &'a Limits,
    introspects: bool,
}

impl<'a> Measure<'a> {
    fn set(&mut self, set: &'a SelectionSet, level: usize) -> Result<Size, ServerError> {
        let mut total = Size::default();
        for Positioned { pos, node } in &set.items {
            if level >= LEVELS {
                return Err(too_deep(*pos, self.limits));
            }
            let mut size = match node {
                Selection::Field(field) => {
                    self.introspects |= matches!(field.node.name.node.as_str(), "__schema" | "__type");
                    let mut size = self.set(&field.node.selection_set.node, level + 1)?;
                    size.depth += 1;
                    size.aliases = size.aliases.saturating_add(usize::from(field.node.alias.is_some()));
                    let arguments = field.node.arguments.iter().map(|(_, value)| weight(&value.node));
                    size.values = size.values.saturating_add(arguments.sum());
                    size
                }
                Selection::InlineFragment(inline) => self.set(&inline.node.selection_set.node, level + 1)?,
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node, *pos, level + 1)?,
            };
            size.levels += 1;
            size.fields = size.fields.saturating_add(1);
            self.directives(&mut size, node.directives())?;
            self.add(&mut total, size, *pos)?;
        }
        Ok(total)
    }

    fn fragment(&mut self, name: &str, pos: Pos, level: usize) -> Result<Size, ServerError> {
        // One that doesn't exist is for the validation to tell.
        let Some((name, fragment)) = self.fragments.get_key_value(name) else {
            return Ok(Size::default());
        };
        match self.known.get(name.as_str()) {
            Some(Some(size)) => Ok(*size),
            Some(None) => Err(at(pos, format!("The fragment \"{name}\" contains itself."))),
            None => {
                self.known.insert(name, None);
                let mut size = self.set(&fragment.node.selection_set.node, level)?;
                self.directives(&mut size, &fragment.node.directives)?;
                self.known.insert(name, Some(size));
                Ok(size)
            }
        }
    }

    fn add(&self, total: &mut Size, size: Size, pos: Pos) -> Result<(), ServerError> {
        let limits = self.limits;
        for (total, more, most, what) in [
            (&mut total.fields, size.fields, limits.fields, "fields"),
            (&mut total.aliases, size.aliases, limits.aliases, "aliases"),
            (&mut total.directives, size.directives, limits.directives, "directives"),
            (&mut total.values, size.values, limits.values, "values"),
        ] {
            *total = total.saturating_add(more);
            if *total > most {
                let message = format!("The document has more than {most} {what}, fragments written out.");
                return Err(at(pos, message));
            }
        }
        total.depth = total.depth.max(size.depth);
        total.levels = total.levels.max(size.levels);
        if total.depth > self.limits.depth || total.levels > LEVELS {
            return Err(too_deep(pos, self.limits));
        }
        Ok(())
    }

    /// Counts the directives of one place.
    fn directives(&self, size: &mut Size, directives: &[Positioned<Directive>]) -> Result<(), ServerError> {
        let most = self.limits.directives_at_once;
        if let Some(more) = directives.get(most) {
            return Err(at(
                more.pos,
                format!("There are more than {most} directives at one place."),
            ));
        }
        let arguments = directives.iter().flat_map(|directive| &directive.node.arguments);
        let values = arguments.map(|(_, value)| weight(&value.node)).sum();
        size.directives = size.directives.saturating_add(directives.len());
        size.values = size.values.saturating_add(values);
        Ok(())
    }
}

fn too_deep(pos: Pos, limits: &Limits) -> ServerError {
    let depth = limits.depth;
    at(
        pos,
        format!("The document nests more than {depth} fields, or {LEVELS} fragments."),
    )
}

/// How many values are written in a value, itself included.
fn weight(value: &Value) -> usize {
    match value {
        Value::List(values) => 1 + values.iter().map(weight).sum::<usize>(),
        Value::Object(values) => 1 + values.values().map(weight).sum::<usize>(),
        _ => 1,
    }
}
