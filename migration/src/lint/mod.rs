//! What a migration must not do to a database that others use: lock them out, or break nodes of the release before.
//!
//! The rules read the SQL that runs. A migration that has to break one of them [says why](crate::Migration::exceptions).

mod rules;
mod table;
mod tests;
mod text;

use std::collections::BTreeSet;

use self::rules::{Fault, faults};
use crate::{Change, Database, Migration, Rule, all};

/// Migrations that were made before there was a release whose nodes could be in their way. No others follow.
const BEFORE_UPGRADES: (usize, &str) = (17, "m20261123_000017_review_lists");

/// The SQL of a migration as it runs.
fn steps(database: Database, migration: &Migration) -> Vec<String> {
    let is_concurrent = database == Database::Postgres;
    match &migration.change {
        Change::Statements(sql) => vec![sql.clone()],
        Change::Indexes(indexes) => indexes.iter().map(|index| index.statement(is_concurrent)).collect(),
        // Units of a job: none is too large.
        Change::Backfill(_) => Vec::new(),
    }
}

/// What is wrong with a migration: faults without a reason, and reasons that excuse nothing or say nothing.
fn judge(faults: &[Fault], exceptions: &[(Rule, &str)]) -> Vec<String> {
    let excused: BTreeSet<Rule> = exceptions.iter().map(|(rule, _)| *rule).collect();
    let found: BTreeSet<Rule> = faults.iter().map(|fault| fault.rule).collect();
    let faults = (faults.iter())
        .filter(|fault| !excused.contains(&fault.rule))
        .map(|fault| format!("{:?}: {}", fault.rule, fault.what));
    let idle = (exceptions.iter())
        .filter(|(rule, _)| !found.contains(rule))
        .map(|(rule, _)| format!("{rule:?} is excused and not broken"));
    let silent = (exceptions.iter())
        .filter(|(_, reason)| reason.split_whitespace().count() < 5)
        .map(|(rule, _)| format!("{rule:?} is excused without a reason"));
    faults.chain(idle).chain(silent).collect()
}

#[test]
fn no_migration_locks_others_out_or_breaks_them_without_a_reason() {
    let [postgres, sqlite] = [Database::Postgres, Database::Sqlite].map(|database| {
        let all: Vec<_> = all(database)
            .iter()
            .map(|migration| steps(database, migration))
            .collect();
        faults(database == Database::Postgres, &all)
    });
    let migrations = all(Database::Postgres);
    let (before, last) = BEFORE_UPGRADES;
    assert_eq!(migrations[before - 1].name, last);
    let mut wrong = Vec::new();
    for (place, migration) in migrations.iter().enumerate().skip(before) {
        let faults = [&postgres[place][..], &sqlite[place]].concat();
        let judged = judge(&faults, &migration.exceptions);
        wrong.extend(judged.into_iter().map(|fault| format!("{}: {fault}", migration.name)));
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn a_backfill_goes_by_parts() {
    for migration in all(Database::Postgres) {
        if let Change::Backfill(backfill) = &migration.change {
            assert!(backfill.sql.contains("{range}"), "{}", migration.name);
        }
    }
}
