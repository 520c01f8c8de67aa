//! The rules, statement by statement; those about changes of a table are in [`table`](super::table).

use std::collections::{BTreeMap, BTreeSet};

use super::text::{Token, Tokens, statements};
use crate::Rule;

/// What a migration does that it needs a reason for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub rule: Rule,
    pub what: String,
}

/// A constraint that was added to an existing table.
pub struct Added {
    pub migration: usize,
    pub step: usize,
    /// In which step.
    pub validated: Option<usize>,
    /// The column that it says to be not null.
    pub not_null: Option<String>,
}

/// What is known at a statement.
pub struct State {
    is_postgres: bool,
    pub migration: usize,
    pub step: usize,
    /// Tables of earlier migrations.
    known: BTreeSet<String>,
    /// Made by this migration.
    pub tables: BTreeSet<String>,
    pub columns: BTreeSet<(String, String)>,
    /// Existing tables that this step changes.
    pub changed: BTreeSet<String>,
    indexes: BTreeSet<String>,
    /// By table and name.
    pub constraints: BTreeMap<(String, String), Added>,
    /// Per migration.
    faults: Vec<Vec<Fault>>,
}

/// What each of the migrations of a database, in their order, needs a reason for. Each of their texts is a transaction of its own, or runs
/// without one.
pub fn faults(is_postgres: bool, migrations: &[Vec<String>]) -> Vec<Vec<Fault>> {
    let mut state = State {
        is_postgres,
        migration: 0,
        step: 0,
        known: BTreeSet::new(),
        tables: BTreeSet::new(),
        columns: BTreeSet::new(),
        changed: BTreeSet::new(),
        indexes: BTreeSet::new(),
        constraints: BTreeMap::new(),
        faults: vec![Vec::new(); migrations.len()],
    };
    for (number, steps) in migrations.iter().enumerate() {
        state.migration = number;
        state.known.append(&mut state.tables);
        state.columns.clear();
        state.indexes.clear();
        for sql in steps {
            state.step += 1;
            statements(sql)
                .iter()
                .for_each(|tokens| state.statement(Tokens(tokens)));
            let changed: Vec<_> = std::mem::take(&mut state.changed).into_iter().collect();
            if is_postgres && changed.len() > 1 {
                state.fault(
                    Rule::Tables,
                    format!("{} are changed in one transaction", changed.join(", ")),
                );
            }
        }
    }
    for ((table, name), added) in &state.constraints {
        if added.validated.is_none() {
            state.faults[added.migration].push(Fault {
                rule: Rule::Unvalidated,
                what: format!("{name} on {table} is never validated"),
            });
        }
    }
    state.faults
}

impl State {
    pub fn fault(&mut self, rule: Rule, what: String) {
        self.faults[self.migration].push(Fault { rule, what });
    }

    pub fn is_old(&self, table: &str) -> bool {
        !self.tables.contains(table)
    }

    fn statement(&mut self, mut at: Tokens<'_>) {
        let whole = at;
        if at.pass("create") {
            let _ = at.pass_any(&["temporary", "temp", "unlogged"]);
            let is_unique = at.pass("unique");
            if at.pass("index") {
                return self.create_index(at, is_unique);
            } else if at.pass("table") {
                return self.create_table(at);
            }
        } else if at.pass("drop index") {
            let _ = at.pass("concurrently");
            return self.drop(at, "index");
        } else if at.pass("drop table") {
            return self.drop(at, "table");
        } else if at.pass("alter table") {
            return self.alter_table(at);
        } else if at.pass_any(&["insert into", "insert or ignore into", "replace into"]) {
            let table = at.name();
            if at.has("select") && at.has("from") || at.has("table") {
                self.fault(Rule::Backfill, format!("rows are copied into {table}"));
            }
            return;
        } else if at.pass_any(&["update", "delete from"]) {
            return self.change_rows(at);
        } else if at.pass_any(&["truncate table", "truncate"]) {
            return at.parts().into_iter().for_each(|table| self.change_rows(table));
        } else if at.pass_any(&["comment on", "analyze"]) {
            return;
        }
        let words = whole.0.iter().map_while(|token| match token {
            Token::Word(word) => Some(word.as_str()),
            _ => None,
        });
        let begin = words.take(4).collect::<Vec<_>>().join(" ");
        self.fault(Rule::Unknown, format!("{begin} …"));
    }

    fn change_rows(&mut self, mut at: Tokens<'_>) {
        let _ = at.pass("only");
        let table = at.name();
        if self.is_old(&table) {
            self.fault(Rule::Backfill, format!("rows of {table} are changed"));
        }
    }

    fn create_table(&mut self, mut at: Tokens<'_>) {
        let _ = at.pass("if not exists");
        let table = at.name();
        if Tokens(&at.outside()).has("as") {
            self.fault(Rule::Backfill, format!("rows are copied into {table}"));
        }
        // It may be there already, where that is allowed.
        if !self.known.contains(&table) {
            self.tables.insert(table);
        }
    }

    fn create_index(&mut self, mut at: Tokens<'_>, is_unique: bool) {
        let is_concurrent = at.pass("concurrently");
        let _ = at.pass("if not exists");
        let index = if at.pass("on") { String::new() } else { at.name() };
        let _ = at.pass("on");
        let _ = at.pass("only");
        let table = at.name();
        if self.is_old(&table) {
            if self.is_postgres && !is_concurrent {
                self.fault(Rule::Index, format!("{index} on {table} is built under a lock"));
            }
            if is_unique && !self.has_new_column(&table, at) {
                self.fault(Rule::Narrow, format!("{index}: rows of {table} have to be unique"));
            }
        }
        self.indexes.insert(index);
    }

    /// Whether it names a column that this migration has added: older nodes write nothing there.
    pub fn has_new_column(&self, table: &str, at: Tokens<'_>) -> bool {
        at.0.iter().any(|token| match token {
            Token::Word(name) | Token::Quoted(name) => self.columns.contains(&(table.to_owned(), name.clone())),
            Token::Text | Token::Sign(_) => false,
        })
    }

    fn drop(&mut self, mut at: Tokens<'_>, kind: &str) {
        let _ = at.pass("if exists");
        for mut part in at.parts() {
            let name = part.name();
            let is_old = !self.tables.contains(&name) && !self.indexes.contains(&name);
            if is_old {
                self.fault(Rule::Drop, format!("the {kind} {name} goes"));
            }
            self.known.remove(&name);
        }
    }
}
