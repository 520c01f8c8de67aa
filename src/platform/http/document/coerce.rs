//! Values of variables, as the schema has them: <https://spec.graphql.org/September2025/#sec-Coercing-Variable-Values>.

use async_graphql::{
    Name, Pos, Positioned, Value, Variables,
    indexmap::IndexMap,
    parser::types::{BaseType, OperationDefinition, Type},
};
use serde_json::Number;

use super::validate::Fault;
use crate::platform::{
    http::types::{Inputs, Kind, Types},
    scalar,
};

/// The values of an operation's variables, with the defaults of those that were not sent. One that was not sent, and has none, is left
/// out.
///
/// # Errors
/// The first value that doesn't fit its type.
pub(super) fn variables(
    types: &Types,
    operation: &OperationDefinition,
    mut sent: Variables,
) -> Result<Variables, Box<Fault>> {
    let mut values = Variables::default();
    for Positioned { pos, node } in &operation.variable_definitions {
        let (name, of_type) = (&node.name.node, &node.var_type.node);
        let place = Place {
            pos: *pos,
            name,
            path: String::new(),
        };
        let value = match (sent.remove(name), &node.default_value) {
            (Some(value), _) => place.value(types, value, of_type)?,
            (None, Some(default)) => default.node.clone(),
            (None, None) if of_type.nullable => continue,
            (None, None) => return Err(place.missing(of_type)),
        };
        values.insert(name.clone(), value);
    }
    Ok(values)
}

/// Where a value stands.
struct Place<'a> {
    pos: Pos,
    name: &'a Name,
    path: String,
}

type Coerced = Result<Value, Box<Fault>>;

impl Place<'_> {
    fn inside(&self, step: impl std::fmt::Display) -> Self {
        Place {
            path: format!("{}.{step}", self.path),
            ..*self
        }
    }

    fn fault(&self, what: &str, of_type: &Type) -> Box<Fault> {
        let Self { pos, name, path } = self;
        let message = format!("Variable \"${name}\" {what}");
        // Where it stands, the client knows; what is expected there, only who may know the schema.
        let hint = if path.is_empty() {
            format!(" Expected \"{of_type}\".")
        } else {
            format!(" Expected \"{of_type}\" at \"${name}{path}\".")
        };
        Box::new(Fault {
            pos: *pos,
            message,
            hint,
        })
    }

    fn missing(&self, of_type: &Type) -> Box<Fault> {
        let message = format!("Variable \"${}\" of type \"{of_type}\" needs a value.", self.name);
        Box::new(Fault::new(self.pos, message))
    }

    fn value(&self, types: &Types, value: Value, of_type: &Type) -> Coerced {
        match (value, &of_type.base) {
            (Value::Null, _) if of_type.nullable => Ok(Value::Null),
            (Value::Null, _) if self.path.is_empty() => Err(self.missing(of_type)),
            (Value::Null, _) => Err(self.fault("lacks a value.", of_type)),
            (Value::List(values), BaseType::List(item)) => {
                let values = values.into_iter().enumerate();
                let values = values.map(|(index, value)| self.inside(index).value(types, value, item));
                Ok(Value::List(values.collect::<Result<_, _>>()?))
            }
            (value, BaseType::List(item)) => Ok(Value::List(vec![self.value(types, value, item)?])),
            (value, BaseType::Named(name)) => match (types.kind(name), value) {
                (Some(Kind::Input(inputs)), Value::Object(fields)) => self.object(types, fields, inputs),
                (_, value) => {
                    leaf(types, name, value).ok_or_else(|| self.fault("has a value that doesn't fit.", of_type))
                }
            },
        }
    }

    fn object(&self, types: &Types, mut fields: IndexMap<Name, Value>, inputs: &Inputs) -> Coerced {
        let mut object = IndexMap::with_capacity(fields.len());
        for (name, input) in inputs {
            match fields.swap_remove(name.as_str()) {
                Some(value) => {
                    let value = self.inside(name).value(types, value, &input.of_type)?;
                    object.insert(Name::new(name), value);
                }
                None if input.is_required() => {
                    return Err(self.inside(name).fault("lacks a value.", &input.of_type));
                }
                None => {}
            }
        }
        match fields.keys().next() {
            None => Ok(Value::Object(object)),
            Some(unknown) => {
                let Self { pos, name, path } = self;
                let message = format!("Variable \"${name}\" has a field too many: \"{path}.{unknown}\".");
                Err(Box::new(Fault::new(*pos, message)))
            }
        }
    }
}

/// A value of a scalar or an enum, if it is one.
fn leaf(types: &Types, name: &str, value: Value) -> Option<Value> {
    match types.kind(name)? {
        Kind::Scalar => {}
        Kind::Enum(values) => {
            return match value {
                Value::String(value) if values.contains(&value) => Some(Value::Enum(Name::new(value))),
                _ => None,
            };
        }
        Kind::Input(_) | Kind::Composite(_) => return None,
    }
    match (name, value) {
        ("Int", Value::Number(number)) => {
            let number = whole(&number)?;
            i32::try_from(number).is_ok().then(|| number.into())
        }
        ("ID", Value::Number(number)) => whole(&number).map(Value::from).or_else(|| large(&number)),
        ("Float", value @ Value::Number(_))
        | ("Boolean", value @ Value::Boolean(_))
        | ("ID" | "String", value @ Value::String(_)) => Some(value),
        ("Boolean" | "Float" | "ID" | "Int" | "String", _) => None,
        (name, value) if scalar::is_text(name) => matches!(value, Value::String(_)).then_some(value),
        (_, value) => Some(value),
    }
}

/// A whole number, which may be written as `3.0`.
fn whole(number: &Number) -> Option<i64> {
    number.as_i64().or_else(|| {
        let number = number
            .as_f64()
            .filter(|number| number.fract() == 0.0 && number.abs() < 9e15)?;
        // No more than 2^53, so that nothing is lost.
        #[expect(clippy::cast_possible_truncation, reason = "it is whole, and small enough")]
        Some(number as i64)
    })
}

/// A whole number of more than 64 bits as the text of an ID, as JavaScript writes it.
fn large(number: &Number) -> Option<Value> {
    if number.is_u64() {
        return Some(number.to_string().into());
    }
    let number = number.as_f64().filter(|number| number.fract() == 0.0)?;
    let text = match number.abs() < 1e21 {
        true => number.to_string(),
        false => format!("{number:e}").replace('e', "e+"),
    };
    Some(text.into())
}
