//! From words to the tree that is checked and run: <https://spec.graphql.org/September2025/#sec-Appendix-Grammar-Summary>.
//!
//! The library's parser leaves escapes of characters beyond the first 65,536 as they are, and forgets that a field of an input
//! object was given twice.

use std::collections::{HashMap, HashSet};

use async_graphql::{
    Name, Pos, Positioned, ServerError,
    indexmap::IndexMap,
    parser::types::{
        BaseType, Directive, DocumentOperations, ExecutableDocument, Field, FragmentDefinition, FragmentSpread,
        InlineFragment, OperationDefinition, OperationType, Selection, SelectionSet, Type, TypeCondition,
        VariableDefinition,
    },
};
use async_graphql_value::Value;
use serde_json::Number;

use super::{
    Limits, at,
    lex::{Token, syntax, tokens},
};

/// A document as it is written.
#[derive(Debug)]
pub(super) struct Parsed {
    pub document: ExecutableDocument,
    /// Where arguments stand with a block string in them: to be merged, fields have to be written alike.
    pub blocks: HashSet<Pos>,
    /// How often a `$` stands in it.
    pub uses: usize,
}

/// Parses a document.
pub(super) fn parse(text: &str, limits: &Limits) -> Result<Parsed, ServerError> {
    let mut parser = Parser {
        tokens: tokens(text, limits)?,
        at: 0,
        blocks: HashSet::new(),
        uses: 0,
        has_block: false,
    };
    Ok(Parsed {
        document: parser.document()?,
        blocks: parser.blocks,
        uses: parser.uses,
    })
}

type Parse<T> = Result<T, ServerError>;

struct Parser<'a> {
    tokens: Vec<(Token<'a>, Pos)>,
    at: usize,
    blocks: HashSet<Pos>,
    uses: usize,
    /// Whether there was a block string in the argument that is read.
    has_block: bool,
}

impl<'a> Parser<'a> {
    fn pos(&self) -> Pos {
        self.tokens[self.at].1
    }

    fn peek(&self) -> &Token<'a> {
        &self.tokens[self.at].0
    }

    fn is(&self, sign: u8) -> bool {
        *self.peek() == Token::Sign(sign)
    }

    /// Takes the next token; the last stays.
    fn next(&mut self) -> Token<'a> {
        let token = std::mem::replace(&mut self.tokens[self.at].0, Token::End);
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
        token
    }

    fn wrong<T>(&self, expected: &str) -> Parse<T> {
        Err(syntax(self.pos(), &format!("expected {expected}")))
    }

    /// Takes a sign, if it is there.
    fn takes(&mut self, sign: u8) -> bool {
        let is_there = self.is(sign);
        if is_there {
            self.next();
        }
        is_there
    }

    fn expect(&mut self, sign: u8, expected: &str) -> Parse<()> {
        if self.takes(sign) { Ok(()) } else { self.wrong(expected) }
    }

    fn name(&mut self) -> Parse<Positioned<Name>> {
        let pos = self.pos();
        match self.peek() {
            Token::Name(name) => {
                let name = Name::new(name);
                self.next();
                Ok(Positioned::new(name, pos))
            }
            _ => self.wrong("name"),
        }
    }

    /// At least one, between brackets.
    fn several<T>(&mut self, [open, close]: [u8; 2], what: &str, one: impl Fn(&mut Self) -> Parse<T>) -> Parse<Vec<T>> {
        self.expect(open, what)?;
        let mut all = vec![one(self)?];
        while !self.takes(close) {
            all.push(one(self)?);
        }
        Ok(all)
    }

    fn document(&mut self) -> Parse<ExecutableDocument> {
        let (mut anonymous, mut named, mut fragments) = (None, HashMap::new(), HashMap::new());
        loop {
            let is_described = self.description();
            let pos = self.pos();
            let kind = match self.peek() {
                Token::Name("query") => OperationType::Query,
                Token::Name("mutation") => OperationType::Mutation,
                Token::Name("subscription") => OperationType::Subscription,
                Token::Sign(b'{') if !is_described => OperationType::Query,
                Token::Name("fragment") => {
                    let (name, fragment) = self.fragment()?;
                    unique(&mut fragments, name, Positioned::new(fragment, pos), "fragments")?;
                    if *self.peek() == Token::End {
                        break;
                    }
                    continue;
                }
                _ => return self.wrong("query, mutation, subscription or fragment"),
            };
            let (name, operation) = self.operation(kind)?;
            let operation = Positioned::new(operation, pos);
            let is_alone = match name {
                Some(name) => {
                    unique(&mut named, name, operation, "operations")?;
                    anonymous.is_none()
                }
                None => anonymous.replace(operation).is_none() && named.is_empty(),
            };
            if !is_alone {
                return Err(at(pos, "An operation without a name must be the only one.".to_owned()));
            }
            if *self.peek() == Token::End {
                break;
            }
        }
        let operations = match anonymous {
            Some(operation) => DocumentOperations::Single(operation),
            None => DocumentOperations::Multiple(named),
        };
        Ok(ExecutableDocument { operations, fragments })
    }

    /// Passes over a description.
    fn description(&mut self) -> bool {
        let is_there = matches!(self.peek(), Token::String { .. });
        if is_there {
            self.next();
        }
        is_there
    }

    fn operation(&mut self, ty: OperationType) -> Parse<(Option<Positioned<Name>>, OperationDefinition)> {
        let (mut name, mut variable_definitions, mut directives) = (None, Vec::new(), Vec::new());
        if !self.is(b'{') {
            self.next();
            if let Token::Name(_) = self.peek() {
                name = Some(self.name()?);
            }
            if self.is(b'(') {
                variable_definitions = self.several(*b"()", "(", Self::variable)?;
            }
            directives = self.directives(true)?;
        }
        let operation = OperationDefinition {
            ty,
            variable_definitions,
            directives,
            selection_set: self.selection_set()?,
        };
        Ok((name, operation))
    }

    fn variable(&mut self) -> Parse<Positioned<VariableDefinition>> {
        self.description();
        let pos = self.pos();
        let name = self.variable_name()?;
        self.expect(b':', ":")?;
        let var_type_pos = self.pos();
        let var_type = Positioned::new(self.of_type()?, var_type_pos);
        let mut default_value = None;
        if self.takes(b'=') {
            let pos = self.pos();
            // It has no variables in it.
            default_value = self.value(false)?.into_const().map(|value| Positioned::new(value, pos));
        }
        let definition = VariableDefinition {
            name,
            var_type,
            directives: self.directives(false)?,
            default_value,
        };
        Ok(Positioned::new(definition, pos))
    }

    fn variable_name(&mut self) -> Parse<Positioned<Name>> {
        self.expect(b'$', "$")?;
        self.uses += 1;
        self.name()
    }

    fn of_type(&mut self) -> Parse<Type> {
        let base = if self.takes(b'[') {
            let inner = self.of_type()?;
            self.expect(b']', "]")?;
            BaseType::List(Box::new(inner))
        } else {
            BaseType::Named(self.name()?.node)
        };
        Ok(Type {
            base,
            nullable: !self.takes(b'!'),
        })
    }

    fn fragment(&mut self) -> Parse<(Positioned<Name>, FragmentDefinition)> {
        self.next();
        if *self.peek() == Token::Name("on") {
            return self.wrong("name of a fragment");
        }
        let name = self.name()?;
        let Some(type_condition) = self.type_condition()? else {
            return self.wrong("on");
        };
        let fragment = FragmentDefinition {
            type_condition,
            directives: self.directives(true)?,
            selection_set: self.selection_set()?,
        };
        Ok((name, fragment))
    }

    fn type_condition(&mut self) -> Parse<Option<Positioned<TypeCondition>>> {
        let pos = self.pos();
        if *self.peek() != Token::Name("on") {
            return Ok(None);
        }
        self.next();
        let on = self.name()?;
        Ok(Some(Positioned::new(TypeCondition { on }, pos)))
    }

    fn selection_set(&mut self) -> Parse<Positioned<SelectionSet>> {
        let pos = self.pos();
        let items = self.several(*b"{}", "{", Self::selection)?;
        Ok(Positioned::new(SelectionSet { items }, pos))
    }

    fn selection(&mut self) -> Parse<Positioned<Selection>> {
        let pos = self.pos();
        let selection = if !self.takes(b'.') {
            Selection::Field(Positioned::new(self.field()?, pos))
        } else if matches!(self.peek(), Token::Name(name) if *name != "on") {
            let spread = FragmentSpread {
                fragment_name: self.name()?,
                directives: self.directives(true)?,
            };
            Selection::FragmentSpread(Positioned::new(spread, pos))
        } else {
            let inline = InlineFragment {
                type_condition: self.type_condition()?,
                directives: self.directives(true)?,
                selection_set: self.selection_set()?,
            };
            Selection::InlineFragment(Positioned::new(inline, pos))
        };
        Ok(Positioned::new(selection, pos))
    }

    fn field(&mut self) -> Parse<Field> {
        let mut name = self.name()?;
        let mut alias = None;
        if self.takes(b':') {
            alias = Some(std::mem::replace(&mut name, self.name()?));
        }
        Ok(Field {
            alias,
            name,
            arguments: self.arguments(true)?,
            directives: self.directives(true)?,
            selection_set: if self.is(b'{') {
                self.selection_set()?
            } else {
                Positioned::default()
            },
        })
    }

    fn directives(&mut self, may_vary: bool) -> Parse<Vec<Positioned<Directive>>> {
        let mut directives = Vec::new();
        loop {
            let pos = self.pos();
            if !self.takes(b'@') {
                return Ok(directives);
            }
            let directive = Directive {
                name: self.name()?,
                arguments: self.arguments(may_vary)?,
            };
            directives.push(Positioned::new(directive, pos));
        }
    }

    fn arguments(&mut self, may_vary: bool) -> Parse<Vec<(Positioned<Name>, Positioned<Value>)>> {
        if !self.is(b'(') {
            return Ok(Vec::new());
        }
        self.several(*b"()", "(", |parser| {
            let name = parser.name()?;
            parser.expect(b':', ":")?;
            let pos = parser.pos();
            parser.has_block = false;
            let value = parser.value(may_vary)?;
            if parser.has_block {
                parser.blocks.insert(pos);
            }
            Ok((name, Positioned::new(value, pos)))
        })
    }

    /// A value; with variables in it if it may vary.
    fn value(&mut self, may_vary: bool) -> Parse<Value> {
        let pos = self.pos();
        match self.peek() {
            Token::Sign(b'[') => self.list(may_vary),
            Token::Sign(b'{') => self.object(may_vary),
            Token::Sign(b'$') if may_vary => Ok(Value::Variable(self.variable_name()?.node)),
            Token::Sign(_) | Token::End => self.wrong("value"),
            _ => match self.next() {
                Token::String { text, is_block } => {
                    self.has_block |= is_block;
                    Ok(Value::String(text))
                }
                Token::Name("true") => Ok(Value::Boolean(true)),
                Token::Name("false") => Ok(Value::Boolean(false)),
                Token::Name("null") => Ok(Value::Null),
                Token::Name(name) => Ok(Value::Enum(Name::new(name))),
                Token::Int(text) | Token::Float(text) => {
                    let whole = text.parse::<i64>().ok().map(Number::from);
                    let number = whole.or_else(|| text.parse().ok().and_then(Number::from_f64));
                    let number = number.ok_or_else(|| syntax(pos, "the number is too large"))?;
                    Ok(Value::Number(number))
                }
                Token::Sign(_) | Token::End => self.wrong("value"),
            },
        }
    }

    fn list(&mut self, may_vary: bool) -> Parse<Value> {
        self.next();
        let mut values = Vec::new();
        while !self.takes(b']') {
            values.push(self.value(may_vary)?);
        }
        Ok(Value::List(values))
    }

    fn object(&mut self, may_vary: bool) -> Parse<Value> {
        self.next();
        let mut fields = IndexMap::new();
        while !self.takes(b'}') {
            let Positioned { pos, node: name } = self.name()?;
            self.expect(b':', ":")?;
            let value = self.value(may_vary)?;
            if fields.contains_key(&name) {
                return Err(at(pos, format!("There are several values of \"{name}\".")));
            }
            fields.insert(name, value);
        }
        Ok(Value::Object(fields))
    }
}

/// Adds what is defined, once.
fn unique<T>(known: &mut HashMap<Name, T>, name: Positioned<Name>, defined: T, what: &str) -> Parse<()> {
    let Positioned { pos, node: name } = name;
    if known.contains_key(&name) {
        return Err(at(pos, format!("There are several {what} \"{name}\".")));
    }
    known.insert(name, defined);
    Ok(())
}
