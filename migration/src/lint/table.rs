//! The rules about changes of a table.

use super::{
    rules::{Added, State},
    text::{Token, Tokens},
};
use crate::Rule;

/// Functions that have one value per statement, and types that look like functions.
const STABLE: &[&str] = &[
    "bit",
    "char",
    "character",
    "current_date",
    "current_timestamp",
    "decimal",
    "interval",
    "now",
    "numeric",
    "time",
    "timestamp",
    "timestamptz",
    "transaction_timestamp",
    "varchar",
    "varying",
];

/// What begins the next part of a column's definition.
const PARTS: &[&str] = &[
    "check",
    "collate",
    "constraint",
    "default",
    "generated",
    "not",
    "null",
    "primary",
    "references",
    "unique",
];

impl State {
    pub fn alter_table(&mut self, mut at: Tokens<'_>) {
        let _ = at.pass("if exists");
        let _ = at.pass("only");
        let table = at.name();
        let _ =
            at.0.split_first()
                .filter(|(star, _)| **star == Token::Sign('*'))
                .map(|(_, rest)| at.0 = rest);
        if at.pass("rename") {
            if !self.is_old(&table) && at.pass("to") {
                self.tables.insert(at.name());
            }
            return self.fault(Rule::Rename, format!("{table} or what is in it gets another name"));
        }
        if self.is_old(&table) {
            self.changed.insert(table.clone());
            at.parts().into_iter().for_each(|part| self.alter(&table, part));
        }
    }

    /// One change of a table that others use.
    fn alter(&mut self, table: &str, mut at: Tokens<'_>) {
        if at.pass("add") {
            let mut rest = at;
            let name = if rest.pass("constraint") {
                rest.name()
            } else {
                String::new()
            };
            let kinds = ["check", "foreign key", "unique", "primary key", "exclude"];
            match kinds.iter().find(|kind| {
                let mut next = rest;
                next.pass(kind)
            }) {
                Some(kind) => self.add_constraint(table, &name, kind, rest),
                None if name.is_empty() => self.add_column(table, at),
                None => self.fault(Rule::Unknown, format!("{name} on {table}")),
            }
        } else if at.pass("drop constraint") {
            let _ = at.pass("if exists");
            let name = at.name();
            let known = self.constraints.remove(&(table.to_owned(), name.clone()));
            if known.is_none_or(|known| known.migration != self.migration) {
                self.fault(Rule::Loosen, format!("the constraint {name} of {table} goes"));
            }
        } else if at.pass("drop") {
            let _ = at.pass("column");
            let _ = at.pass("if exists");
            let column = at.name();
            if !self.columns.contains(&(table.to_owned(), column.clone())) {
                self.fault(Rule::Drop, format!("{table}.{column} goes"));
            }
        } else if at.pass("alter") {
            let _ = at.pass("column");
            let column = at.name();
            self.alter_column(table, column, at);
        } else if at.pass("validate constraint") {
            let name = at.name();
            let step = self.step;
            let Some(added) = self.constraints.get_mut(&(table.to_owned(), name.clone())) else {
                return self.fault(Rule::Unknown, format!("{name} on {table} was never added"));
            };
            added.validated = Some(step);
            if added.step == step {
                let what = format!("{name} on {table} is validated under the lock that it was added with");
                self.fault(Rule::Unvalidated, what);
            }
        } else {
            let mut rest = at;
            let is_parameter = rest.pass_any(&["set", "reset"]) && rest.0.first() == Some(&Token::Sign('('));
            if !is_parameter {
                self.fault(Rule::Unknown, format!("a change of {table}"));
            }
        }
    }

    fn alter_column(&mut self, table: &str, column: String, mut at: Tokens<'_>) {
        let what = format!("{table}.{column}");
        let is_new = self.columns.contains(&(table.to_owned(), column.clone()));
        if at.pass_any(&["type", "set data type"]) {
            self.fault(Rule::Type, what);
        } else if at.pass("set not null") {
            let says_so = |((of, _), added): (&(String, String), &Added)| {
                of == table
                    && added.validated.is_some_and(|step| step < self.step)
                    && added.not_null.as_ref() == Some(&column)
            };
            if !self.constraints.iter().any(says_so) {
                self.fault(Rule::NotNull, what.clone());
            }
            if !is_new {
                self.fault(Rule::Narrow, what);
            }
        } else if at.pass_any(&["drop default", "drop not null"]) {
            if !is_new {
                self.fault(Rule::Loosen, what);
            }
        } else if !at.pass_any(&["set default", "set statistics", "set storage", "set compression"]) {
            self.fault(Rule::Unknown, what);
        }
    }

    fn add_column(&mut self, table: &str, mut at: Tokens<'_>) {
        let _ = at.pass("column");
        let _ = at.pass("if not exists");
        let column = at.name();
        let what = format!("{table}.{column}");
        self.columns.insert((table.to_owned(), column));
        let serial = |token: &Token| matches!(token, Token::Word(word) if word.ends_with("serial"));
        let outside = at.outside();
        let definition = Tokens(&outside);
        let has_value = default(at).is_some_and(|value| !matches!(value.0, [Token::Word(word)] if word == "null"));
        let is_generated = definition.has("generated") || definition.0.first().is_some_and(serial);
        if default(at).is_some_and(varies) || is_generated && !definition.has("virtual") {
            self.fault(Rule::Rewrite, what.clone());
        }
        if definition.has("not null") && !has_value && !is_generated {
            self.fault(Rule::Required, what.clone());
        }
        if definition.has("unique") || definition.has("primary key") {
            self.fault(Rule::Unique, what.clone());
        }
        // Where no row has a value, nothing is looked up.
        if definition.has("check") || definition.has("references") && has_value {
            self.fault(Rule::Unvalidated, what);
        }
    }

    fn add_constraint(&mut self, table: &str, name: &str, kind: &str, at: Tokens<'_>) {
        let what = format!("{kind} {name} on {table}");
        if !self.has_new_column(table, at) {
            self.fault(Rule::Narrow, what.clone());
        }
        let outside = at.outside();
        let behind = Tokens(&outside);
        if !["check", "foreign key"].contains(&kind) {
            if kind == "exclude" || !behind.has("using index") {
                self.fault(Rule::Unique, what);
            }
        } else if name.is_empty() || !behind.has("not valid") {
            self.fault(Rule::Unvalidated, what);
        } else {
            let added = Added {
                migration: self.migration,
                step: self.step,
                validated: None,
                not_null: says_not_null(at),
            };
            self.constraints.insert((table.to_owned(), name.to_owned()), added);
        }
    }
}

/// The default in a column's definition.
fn default(at: Tokens<'_>) -> Option<Tokens<'_>> {
    let is_word = |token: &Token, words: &[&str]| matches!(token, Token::Word(word) if words.contains(&word.as_str()));
    let begin = at.0.iter().position(|token| is_word(token, &["default"]))? + 1;
    let rest = &at.0[begin..];
    // The first is the value even where it is NULL.
    let length = rest.iter().skip(1).position(|token| is_word(token, PARTS));
    Some(Tokens(&rest[..length.map_or(rest.len(), |length| length + 1)]))
}

/// Whether a default may have another value in each row: it calls a function that isn't known to be stable.
fn varies(default: Tokens<'_>) -> bool {
    default.0.windows(2).any(|pair| match pair {
        [Token::Word(name), Token::Sign('(')] => !STABLE.contains(&name.as_str()),
        [Token::Quoted(_), Token::Sign('(')] => true,
        _ => false,
    })
}

/// The column of `CHECK (column IS NOT NULL)`.
fn says_not_null(at: Tokens<'_>) -> Option<String> {
    let is_word = |token: &Token, word: &str| matches!(token, Token::Word(found) if found == word);
    match at.0 {
        [
            _,
            Token::Sign('('),
            Token::Word(column) | Token::Quoted(column),
            is,
            not,
            null,
            Token::Sign(')'),
            ..,
        ] if is_word(is, "is") && is_word(not, "not") && is_word(null, "null") => Some(column.clone()),
        _ => None,
    }
}
