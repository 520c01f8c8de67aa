//! What a round would become.

use std::collections::HashMap;

use async_graphql::{Context, ID, Object, SimpleObject};
use entity::review_value::PairReason;
use uuid::Uuid;

use super::{
    super::{
        rules::allocation::{Allocation, Refusal as Why, RefusedMust, Target},
        service,
    },
    PairBarrier, PairReasonKind, ReviewRound, ShortfallCause, round_nodes,
};
use crate::{
    features::{
        contribution::graphql::{Contribution, contributions},
        space::graphql::{Membership, members},
    },
    platform::{
        error::Result,
        graphql::ready,
        id::{self, Kind},
        scalar::LanguageTag,
    },
};

/// Who would review what if a round were opened now, how good that is, and what it lacks. Nothing of it is kept: opening works it out again,
/// with the same result as long as nothing has changed.
#[derive(SimpleObject)]
pub struct ReviewRoundPreview {
    /// The round.
    round: ReviewRound,
    /// What would be reviewed, in the order of its ids, at most 1,000.
    targets: Vec<PreviewTarget>,
    /// How many pupils may review.
    reviewer_count: i32,
    /// The fewest reviews that one of them would have.
    min_load: i32,
    /// The most reviews that one of them would have.
    max_load: i32,
    /// The mean of what they would have.
    mean_load: f64,
    /// How many pairs would be repeated from the last 3 rounds.
    repeated_pairs: i32,
    /// What staff want and can't have, at most 500.
    refused_pairs: Vec<RefusedPair>,
}

/// A piece of work, and who would review it.
#[derive(SimpleObject)]
pub struct PreviewTarget {
    /// The work. Null if the viewer doesn't see it.
    contribution: Option<Contribution>,
    /// Its reviewers, at most 500.
    reviewers: Vec<PreviewReviewer>,
    /// How many reviews it would miss.
    missing: i32,
    /// How many reviewers of a school of its authors it would miss.
    missing_home: i32,
    /// How many reviewers of other schools it would miss.
    missing_partner: i32,
    /// Why it would miss reviews. Null if it misses none.
    cause: Option<ShortfallCause>,
    /// What keeps pupils from reviewing it, at most 6. Empty if it misses no review.
    barred: Vec<BarredCount>,
}

/// A reviewer, and why they.
#[derive(SimpleObject)]
pub struct PreviewReviewer {
    /// The pupil.
    reviewer: Membership,
    /// Why they, what weighs most first, at most 20.
    reasons: Vec<ReviewPairReason>,
}

/// One reason for a pair. Clients put it into words: "Why me?"
#[derive(SimpleObject, Clone, Debug)]
pub struct ReviewPairReason {
    /// Which.
    kind: PairReasonKind,
    /// The language of `SHARED_LANGUAGE`. Null for other kinds.
    language: Option<LanguageTag>,
}

impl ReviewPairReason {
    /// That the reviewer had other work before.
    pub(super) const REPLACEMENT: Self = Self {
        kind: PairReasonKind::Replacement,
        language: None,
    };

    /// The reasons of a pair, as they are kept.
    pub(super) fn all(reasons: &[PairReason]) -> Vec<Self> {
        use PairReasonKind as K;
        let reason = |reason: &PairReason| {
            let (kind, language) = match reason {
                PairReason::Must => (K::Must, None),
                PairReason::LeastLoaded => (K::LeastLoaded, None),
                PairReason::OnlyEligible => (K::OnlyEligible, None),
                PairReason::OwnSchool => (K::OwnSchool, None),
                PairReason::PartnerSchool => (K::PartnerSchool, None),
                PairReason::NewPair => (K::NewPair, None),
                PairReason::RepeatedPair => (K::RepeatedPair, None),
                PairReason::SharedLanguage(language) => (K::SharedLanguage, Some(LanguageTag(language.clone()))),
                PairReason::Reoffered => (K::Reoffered, None),
                PairReason::LateEntry => (K::LateEntry, None),
            };
            Self { kind, language }
        };
        reasons.iter().map(reason).collect()
    }
}

/// How many pupils something keeps from reviewing.
#[derive(SimpleObject)]
pub struct BarredCount {
    /// What.
    barrier: PairBarrier,
    /// How many pupils. Who is kept by several counts for one.
    count: i32,
}

/// A pair that staff want and can't have.
#[derive(SimpleObject)]
pub struct RefusedPair {
    /// Who was to review. Null if they have left the space.
    reviewer: Option<Membership>,
    /// What. Null if nothing of the round is meant, or the viewer doesn't see it.
    contribution: Option<Contribution>,
    /// What keeps them. Null if they may not review in this round, or nothing of the round is meant.
    barrier: Option<PairBarrier>,
}

/// Queries of rounds.
#[derive(Default)]
pub struct ReviewQuery;

#[Object]
impl ReviewQuery {
    /// Who would review what if the round were opened now. For staff; null for others, and once it was opened or cancelled.
    async fn review_round_preview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The round.")] round_id: ID,
    ) -> Result<Option<ReviewRoundPreview>> {
        let reader = ready(ctx)?;
        let id = id::decode_as(&[Kind::ReviewRound], &round_id)?;
        let Some(round) = round_nodes(reader, &[id]).await?.remove(&id) else {
            return Ok(None);
        };
        let Some(draft) = service::preview(reader, &round.0).await? else {
            return Ok(None);
        };
        let allocation = &draft.allocation;
        let ids: Vec<_> = allocation.quality.snapshots.iter().map(|one| one.snapshot).collect();
        let works = contributions(reader, &ids).await?;
        let people = members(reader, &named(allocation)).await?;
        let count = draft.request.reviewers.len();
        Ok(Some(preview((round, count), allocation, &works, &people)))
    }
}

fn named(allocation: &Allocation) -> Vec<Uuid> {
    let reviewers = allocation.assignments.iter().map(|made| made.reviewer);
    let mut all: Vec<_> = reviewers
        .chain(allocation.refused.iter().map(|one| one.pair.reviewer))
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn preview(
    (round, reviewers): (ReviewRound, usize),
    allocation: &Allocation,
    works: &HashMap<Uuid, Contribution>,
    people: &HashMap<Uuid, Membership>,
) -> ReviewRoundPreview {
    let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let mut chosen: HashMap<Uuid, Vec<PreviewReviewer>> = HashMap::new();
    for made in &allocation.assignments {
        if let Some(reviewer) = people.get(&made.reviewer) {
            chosen.entry(made.snapshot).or_default().push(PreviewReviewer {
                reviewer: reviewer.clone(),
                reasons: ReviewPairReason::all(&service::kept(&made.reasons)),
            });
        }
    }
    let targets = allocation.quality.snapshots.iter().map(|one| {
        let shortfall = allocation
            .shortfalls
            .iter()
            .find(|short| short.snapshot == one.snapshot);
        let barred = shortfall.map(|short| short.barred.as_slice()).unwrap_or_default();
        PreviewTarget {
            contribution: works.get(&one.snapshot).cloned(),
            reviewers: chosen.remove(&one.snapshot).unwrap_or_default(),
            missing: number(one.missing),
            missing_home: number(one.missing_home),
            missing_partner: number(one.missing_partner),
            cause: shortfall.map(|short| short.cause.into()),
            barred: barred
                .iter()
                .map(|barred| BarredCount {
                    barrier: barred.barrier.into(),
                    count: number(barred.reviewers),
                })
                .collect(),
        }
    });
    let refused = |refused: &RefusedMust| {
        let meant = match refused.pair.target {
            Target::Snapshot(id) => Some(id),
            Target::Author(_) => refused.snapshot,
        };
        RefusedPair {
            reviewer: people.get(&refused.pair.reviewer).cloned(),
            contribution: meant.and_then(|id| works.get(&id).cloned()),
            barrier: match refused.refusal {
                Why::Barred(barrier) => Some(barrier.into()),
                Why::UnknownReviewer | Why::UnknownTarget => None,
            },
        }
    };
    let quality = &allocation.quality;
    ReviewRoundPreview {
        round,
        targets: targets.collect(),
        reviewer_count: i32::try_from(reviewers).unwrap_or(i32::MAX),
        min_load: number(quality.min_load),
        max_load: number(quality.max_load),
        mean_load: quality.mean_load,
        repeated_pairs: i32::try_from(quality.objective.repeated_pairs).unwrap_or(i32::MAX),
        refused_pairs: allocation.refused.iter().take(500).map(refused).collect(),
    }
}
