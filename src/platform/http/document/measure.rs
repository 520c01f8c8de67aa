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

/// Refuses a document that is too large once all fragments are written out.
pub(super) fn measure(document: &ExecutableDocument, limits: &Limits) -> Result<(), ServerError> {
    let mut measure = Measure {
        fragments: &document.fragments,
        known: HashMap::new(),
        limits,
    };
    for (name, fragment) in &document.fragments {
        measure.fragment(name, fragment.pos, 0)?;
    }
    let mut total = Size::default();
    for (_, operation) in document.operations.iter() {
        let mut size = measure.set(&operation.node.selection_set.node, 0)?;
        size.fields = size.fields.saturating_add(directives(&operation.node.directives));
        measure.add(&mut total, size, operation.pos)?;
    }
    Ok(())
}

#[derive(Clone, Copy, Default)]
struct Size {
    fields: usize,
    depth: usize,
    levels: usize,
}

struct Measure<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// None for a fragment that is being measured.
    known: HashMap<&'a str, Option<Size>>,
    limits: &'a Limits,
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
                    let mut size = self.set(&field.node.selection_set.node, level + 1)?;
                    size.depth += 1;
                    let arguments = field.node.arguments.iter().map(|(_, value)| weight(&value.node));
                    size.fields = size.fields.saturating_add(arguments.sum());
                    size
                }
                Selection::InlineFragment(inline) => self.set(&inline.node.selection_set.node, level + 1)?,
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node, *pos, level + 1)?,
            };
            size.levels += 1;
            size.fields = size.fields.saturating_add(1 + directives(node.directives()));
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
                let size = self.set(&fragment.node.selection_set.node, level)?;
                self.known.insert(name, Some(size));
                Ok(size)
            }
        }
    }

    fn add(&self, total: &mut Size, size: Size, pos: Pos) -> Result<(), ServerError> {
        total.fields = total.fields.saturating_add(size.fields);
        total.depth = total.depth.max(size.depth);
        total.levels = total.levels.max(size.levels);
        if total.fields > self.limits.fields {
            let most = self.limits.fields;
            return Err(at(pos, format!("The document selects more than {most} fields.")));
        }
        if total.depth > self.limits.depth || total.levels > LEVELS {
            return Err(too_deep(pos, self.limits));
        }
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

fn directives(directives: &[Positioned<Directive>]) -> usize {
    let arguments = directives.iter().flat_map(|directive| &directive.node.arguments);
    directives.len() + arguments.map(|(_, value)| weight(&value.node)).sum::<usize>()
}

/// How many values are written in a value, itself included.
fn weight(value: &Value) -> usize {
    match value {
        Value::List(values) => 1 + values.iter().map(weight).sum::<usize>(),
        Value::Object(values) => 1 + values.values().map(weight).sum::<usize>(),
        _ => 1,
    }
}
