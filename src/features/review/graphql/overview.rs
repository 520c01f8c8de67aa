//! What staff see of the course of a round.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
};

use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use entity::enums::{AssignmentState as State, ReviewExcuse};
use uuid::Uuid;

use super::super::store::{CoverageRow, RoundRow};
use crate::features::{
    contribution::graphql::Contribution, organisation::graphql::Organisation, space::graphql::Membership,
};

/// How a round goes. Work that is out of sight of the members counts among no pieces of work as long as it is.
#[derive(SimpleObject, Clone, Debug)]
pub struct ReviewRoundOverview {
    /// Pieces of work that are reviewed.
    target_count: i32,
    /// Those that joined after the round was opened.
    late_entry_count: i32,
    /// Those that have as many submitted reviews as they want, held ones not counted.
    covered_count: i32,
    /// Those that nobody has reviewed yet.
    uncovered_count: i32,
    /// Assignments that wait for their reviewers.
    waiting_count: i32,
    /// Those of them whose time is over.
    late_count: i32,
    /// Reviews that were submitted, and wait to be released.
    submitted_count: i32,
    /// Reviews that staff look at.
    held_count: i32,
    /// Reviews that their authors read.
    released_count: i32,
    /// Those of them to which their authors have reacted.
    acknowledged_count: i32,
    /// Assignments that were given back.
    declined_count: i32,
    /// Assignments that were not submitted in time.
    expired_count: i32,
    /// Assignments that ended because the work went out of sight, without another instead.
    excused_count: i32,
    /// Reviews that staff took out.
    voided_count: i32,
    /// The pieces of work, those that miss most first: at most 1,000.
    targets: Vec<ReviewCoverage>,
    /// Those who review, by how much they still have to do, most first: at most 2,000.
    reviewers: Vec<ReviewLoad>,
    /// From where to where submitted reviews go, held ones included: at most 400 pairs of schools.
    spread: Vec<ReviewSpread>,
}

/// How a piece of work is reviewed.
#[derive(SimpleObject, Clone, Debug)]
pub struct ReviewCoverage {
    /// The work. Null if the viewer doesn't see it any more.
    contribution: Option<Contribution>,
    /// The version that is reviewed.
    version: i32,
    /// Whether it joined after the round was opened.
    is_late_entry: bool,
    /// Reviews of it that are under way or submitted.
    assigned: i32,
    /// Reviews of it that are submitted, held ones not counted.
    submitted: i32,
    /// Those of them by pupils of a school of its authors.
    home: i32,
    /// Those of them by pupils of other schools.
    partner: i32,
    /// How many reviews it still misses: it wants more than are submitted.
    missing: i32,
}

/// What one member reviews in a round.
#[derive(SimpleObject, Clone, Debug)]
pub struct ReviewLoad {
    /// Who. Null if they were erased.
    reviewer: Option<Membership>,
    /// What they are asked to write or have written; not what they gave back or left undone.
    assigned: i32,
    /// What they have submitted.
    submitted: i32,
    /// What waits for them.
    waiting: i32,
    /// What they did not submit in time.
    expired: i32,
    /// What ended because the work went out of sight, without another instead: it doesn't count against them.
    excused: i32,
    /// Whether they have done nothing of what they are asked: begun nothing, submitted nothing, given nothing back.
    is_silent: bool,
}

/// How many submitted reviews go from one school to another.
#[derive(SimpleObject, Clone, Debug)]
pub struct ReviewSpread {
    /// The school of the reviewers.
    from: Option<Organisation>,
    /// The school of the authors.
    to: Option<Organisation>,
    /// How many.
    count: i32,
}

fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// Whether somebody has written it, and it stands.
fn is_submitted(state: State) -> bool {
    matches!(
        state,
        State::Submitted | State::Held | State::Released | State::Acknowledged
    )
}

fn is_waiting(row: &CoverageRow) -> bool {
    matches!(row.state, Some(State::Assigned | State::Started))
}

fn is_expired(row: &CoverageRow) -> bool {
    row.state == Some(State::Expired) && row.excuse.is_none()
}

fn is_excused(row: &CoverageRow) -> bool {
    row.excuse == Some(ReviewExcuse::WorkGone)
}

/// What an overview names.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) works: HashMap<Uuid, Contribution>,
    pub(super) people: HashMap<Uuid, Membership>,
    pub(super) schools: HashMap<Uuid, Organisation>,
}

impl ReviewRoundOverview {
    pub(super) fn new((round, now): (&RoundRow, DateTime<Utc>), rows: &[CoverageRow], known: &Named) -> Self {
        let Named { works, people, schools } = known;
        let mut by_target: BTreeMap<Uuid, Vec<&CoverageRow>> = BTreeMap::new();
        let mut by_reviewer: BTreeMap<Uuid, Vec<&CoverageRow>> = BTreeMap::new();
        let mut spread: BTreeMap<(Uuid, Uuid), usize> = BTreeMap::new();
        for row in rows {
            by_target.entry(row.target_id).or_default().push(row);
            let (Some(state), Some(reviewer)) = (row.state, row.reviewer_id) else {
                continue;
            };
            by_reviewer.entry(reviewer).or_default().push(row);
            if let Some(from) = row.reviewer_org_id.filter(|_| is_submitted(state)) {
                *spread.entry((from, row.author_org_id)).or_default() += 1;
            }
        }
        let coverage = |own: Vec<&CoverageRow>| {
            let first = own.first().filter(|first| first.is_public)?;
            let of = |is: &dyn Fn(&CoverageRow) -> bool| number(own.iter().filter(|row| is(row)).count());
            let is_there = |row: &CoverageRow| {
                row.state
                    .is_some_and(|state| is_submitted(state) && state != State::Held)
            };
            let submitted = of(&is_there);
            Some(ReviewCoverage {
                contribution: works.get(&first.contribution_id).cloned(),
                version: first.target_version,
                is_late_entry: first.is_late,
                assigned: of(&|row| is_waiting(row) || row.state.is_some_and(is_submitted)),
                submitted,
                home: of(&|row| is_there(row) && row.is_home),
                partner: of(&|row| is_there(row) && !row.is_home),
                missing: (round.reviews_wanted - submitted).max(0),
            })
        };
        let mut targets: Vec<_> = by_target.into_values().filter_map(coverage).collect();
        targets.sort_by_key(|target| Reverse(target.missing));
        let count = |states: &[State]| {
            number(
                rows.iter()
                    .filter(|row| row.state.is_some_and(|state| states.contains(&state)))
                    .count(),
            )
        };
        let mut reviewers: Vec<_> = by_reviewer
            .into_iter()
            .map(|(reviewer, own)| {
                let count =
                    |is: &dyn Fn(State) -> bool| number(own.iter().filter(|row| row.state.is_some_and(is)).count());
                let waiting = count(&|state| matches!(state, State::Assigned | State::Started));
                let submitted = count(&is_submitted);
                let has_done = own
                    .iter()
                    .any(|row| row.was_started || row.submitted_at.is_some() || row.state == Some(State::Declined));
                ReviewLoad {
                    reviewer: people.get(&reviewer).cloned(),
                    assigned: waiting + submitted + count(&|state| state == State::Voided),
                    submitted,
                    waiting,
                    expired: number(own.iter().filter(|row| is_expired(row)).count()),
                    excused: number(own.iter().filter(|row| is_excused(row)).count()),
                    is_silent: !has_done && own.iter().any(|row| row.excuse.is_none()),
                }
            })
            .collect();
        reviewers.sort_by_key(|load| Reverse(load.waiting));
        Self {
            target_count: number(targets.len()),
            late_entry_count: number(targets.iter().filter(|target| target.is_late_entry).count()),
            covered_count: number(targets.iter().filter(|target| target.missing == 0).count()),
            uncovered_count: number(targets.iter().filter(|target| target.submitted == 0).count()),
            waiting_count: count(&[State::Assigned, State::Started]),
            late_count: number(
                rows.iter()
                    .filter(|row| is_waiting(row) && row.due_at.is_some_and(|due| due <= now))
                    .count(),
            ),
            submitted_count: count(&[State::Submitted]),
            held_count: count(&[State::Held]),
            released_count: count(&[State::Released, State::Acknowledged]),
            acknowledged_count: count(&[State::Acknowledged]),
            declined_count: count(&[State::Declined]),
            expired_count: number(rows.iter().filter(|row| is_expired(row)).count()),
            excused_count: number(rows.iter().filter(|row| is_excused(row)).count()),
            voided_count: count(&[State::Voided]),
            targets,
            reviewers,
            spread: spread
                .into_iter()
                .map(|((from, to), count)| ReviewSpread {
                    from: schools.get(&from).cloned(),
                    to: schools.get(&to).cloned(),
                    count: number(count),
                })
                .collect(),
        }
    }
}
