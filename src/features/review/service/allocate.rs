//! Who reviews what in a round.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use entity::{
    enums::{AssignmentState, PairRuleKind},
    review_value::{PairReason, PairRule},
};
use uuid::Uuid;

use super::super::{
    rules::allocation::{
        Allocation, Existing, Pair, PastPair, Reason as Why, Request, Reviewer, Snapshot, Standing, Target, allocate,
    },
    store::{self, OwedRow, RoundRow, Source, WorkRow},
};
use crate::platform::error::{Error, Reason, Result};

/// Who has at least this much time left when the work goes out of sight gets other work.
const OWED: TimeDelta = TimeDelta::hours(24);

/// An allocation, and what it was made from.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What it was made from.
    pub request: Request,
    /// The targets, by contribution.
    pub works: BTreeMap<Uuid, WorkRow>,
    /// The accounts of reviewers, by membership.
    pub accounts: BTreeMap<Uuid, Uuid>,
    /// What reviewers are owed, in the order in which it was due.
    pub owed: Vec<OwedRow>,
    /// Who reviews what.
    pub allocation: Allocation,
}

/// Allocates a round as things are now, with more targets if it takes them; `known` is taken if it was made from the same.
///
/// # Errors
/// `INVALID`/`TOO_LONG` for too many targets.
pub(in super::super) async fn draft(
    source: Source<'_>,
    (round, takes_more): (&RoundRow, bool),
    known: Option<&Draft>,
) -> Result<Draft> {
    let owed = store::system_owed(source, round.id, source.now() + OWED).await?;
    let (mut request, works, accounts) = request(source, round, takes_more).await?;
    for one in &owed {
        *request.owed.entry(one.reviewer_id).or_default() += 1;
    }
    if let Some(known) = known.filter(|known| known.request == request && known.works == works) {
        return Ok(known.clone());
    }
    // A large round takes a while, in which others are served.
    let task = tokio::task::spawn_blocking(move || {
        let allocation = allocate(&request);
        (request, allocation)
    });
    let (request, allocation) = task.await.map_err(Error::internal)?;
    Ok(Draft {
        allocation: allocation.map_err(|invalid| Error::internal(invalid.to_string()))?,
        request,
        works,
        accounts,
        owed,
    })
}

async fn request(
    source: Source<'_>,
    round: &RoundRow,
    takes_more: bool,
) -> Result<(Request, BTreeMap<Uuid, WorkRow>, BTreeMap<Uuid, Uuid>)> {
    let mut works = store::system_work(source, round, takes_more).await?;
    works.retain(|work| work.is_public);
    if works.len() > store::MOST_TARGETS {
        let words = format!("At most {} contributions are reviewed in a round.", store::MOST_TARGETS);
        return Err(Error::invalid(Reason::TooLong, words));
    }
    let ids: Vec<_> = works.iter().map(|work| work.contribution_id).collect();
    let co_authors = store::system_co_authors(source, &ids).await?;
    let reviewers = store::system_reviewers(source, round).await?;
    let pairs = store::system_pairs(source, round.id).await?;
    let is_known = |pair: &&store::PairRow| ids.binary_search(&pair.contribution_id).is_ok();
    let history = store::system_history(source, round).await?;

    // What nobody has said is in no one's way.
    let languages_of =
        |row: &store::ReviewerRow| row.languages.0.iter().map(|tag| primary(tag)).collect::<BTreeSet<_>>();
    let of_works = works.iter().filter_map(|work| work.language.as_deref().map(primary));
    let all: BTreeSet<_> = reviewers.iter().flat_map(languages_of).chain(of_works).collect();
    let or_all = |languages: BTreeSet<String>| if languages.is_empty() { all.clone() } else { languages };

    let snapshot = |work: &WorkRow| {
        let others = co_authors
            .iter()
            .filter(|other| other.contribution_id == work.contribution_id);
        let schools = others.clone().map(|other| other.organisation_id);
        Snapshot {
            id: work.contribution_id,
            author: work.author_id,
            co_authors: others.map(|other| other.member_id).collect(),
            schools: schools.chain([work.organisation_id]).collect(),
            languages: or_all(work.language.as_deref().map(primary).into_iter().collect()),
        }
    };
    let is_live = |state| {
        use AssignmentState::{Declined, Expired, Voided};
        !matches!(state, Declined | Expired | Voided)
    };
    let load = |member| {
        // What was declined or left undone is no work; what was voided was written.
        let counts = |state| is_live(state) || state == AssignmentState::Voided;
        let own = pairs
            .iter()
            .filter(|pair| pair.reviewer_id == member && counts(pair.state));
        u32::try_from(own.count()).unwrap_or(u32::MAX)
    };
    let reviewer = |row: &store::ReviewerRow| Reviewer {
        member: row.member_id,
        school: row.organisation_id,
        languages: or_all(languages_of(row)),
        load: load(row.member_id),
    };
    let existing = |pair: &store::PairRow| Existing {
        reviewer: pair.reviewer_id,
        school: pair.organisation_id,
        snapshot: pair.contribution_id,
        standing: if is_live(pair.state) {
            Standing::Live
        } else {
            Standing::Over
        },
    };
    let of_kind = |kind| {
        let rules = round.plan.pairs.iter().filter(move |rule| rule.kind == kind);
        rules.filter_map(pair).collect::<Vec<_>>()
    };
    let number = |number: i32| u32::try_from(number).unwrap_or_default();
    let request = Request {
        snapshots: works.iter().map(snapshot).collect(),
        reviewers: reviewers.iter().map(reviewer).collect(),
        reviews_wanted: number(round.reviews_wanted),
        must: of_kind(PairRuleKind::Must),
        never: of_kind(PairRuleKind::Never),
        home_min: number(round.home_min),
        partner_min: number(round.partner_min),
        history: history
            .iter()
            .map(|met| PastPair {
                reviewer: met.reviewer_id,
                author: met.author_id,
                times: 1,
            })
            .collect(),
        existing: pairs.iter().filter(is_known).map(existing).collect(),
        owed: BTreeMap::new(),
        seed: round.seed.cast_unsigned(),
    };
    let works = works.into_iter().map(|work| (work.contribution_id, work)).collect();
    let accounts = reviewers.iter().map(|row| (row.member_id, row.account_id)).collect();
    Ok((request, works, accounts))
}

/// A language without its region: who reads British English reads English.
fn primary(tag: &str) -> String {
    tag.split('-').next().unwrap_or_default().to_owned()
}

fn pair(rule: &PairRule) -> Option<Pair> {
    let target = match (rule.author, rule.contribution) {
        (Some(author), _) => Target::Author(author),
        (None, Some(contribution)) => Target::Snapshot(contribution),
        (None, None) => return None,
    };
    Some(Pair {
        reviewer: rule.reviewer,
        target,
    })
}

/// The reasons for a pair as they are kept.
pub fn kept(reasons: &[Why]) -> Vec<PairReason> {
    let reason = |why: &Why| {
        Some(match why {
            Why::Must => PairReason::Must,
            Why::LeastLoaded => PairReason::LeastLoaded,
            // The assignment says what it came instead of.
            Why::Owed => return None,
            Why::OnlyEligible => PairReason::OnlyEligible,
            Why::OwnSchool => PairReason::OwnSchool,
            Why::PartnerSchool => PairReason::PartnerSchool,
            Why::NewPair => PairReason::NewPair,
            Why::RepeatedPair => PairReason::RepeatedPair,
            Why::SharedLanguage(language) => PairReason::SharedLanguage(language.clone()),
        })
    };
    reasons.iter().filter_map(reason).collect()
}
