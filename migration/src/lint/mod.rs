//! What a migration must not do to a database that others use: lock them out, or break nodes of the release before.
//!
//! The rules read the SQL that runs. A migration that has to break one of them says why.

mod rule;
mod rules;
mod table;
mod tests;
mod text;

use std::collections::BTreeSet;

use self::{rule::Rule, rules::Fault};

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
