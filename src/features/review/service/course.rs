//! The course of a round: opening, reflection, end.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, Utc};
use entity::{
    enums::{EventKind, ReleasePolicy, RoundState},
    review_value::{PairReason, Reasons},
};
use uuid::{Builder, Uuid};

use super::{
    super::{
        rules::allocation::Assignment,
        store::{self, NewReview, NewTarget, RoundRow, Source},
    },
    allocate::{Draft, draft, kept},
    care::care,
    round::{allow, note, round, seen},
};
use crate::{
    app::App,
    platform::{
        auth::Actor,
        db::{Gate, Reader, Tx},
        error::{Error, Reason, Result},
    },
    policy::RoundAction,
};

/// Opens a round: its criteria are frozen, its targets pinned to the versions that everybody reads now, and reviews handed out. Repeating it
/// changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`; `INVALID` if it asks nothing, has no targets, or its time has passed.
pub async fn open(app: &App, actor: &Actor, id: Uuid) -> Result<()> {
    let before = seen(app, actor, id).await?;
    let prepared = match before.state {
        RoundState::Setup => {
            allow(RoundAction::Open, &before)?;
            let reader = Reader::passing(&app.db, Some(actor.clone()));
            Some(draft(Source::Reader(&reader), (&before, true), None).await?)
        }
        _ => None,
    };
    let (space, prepared) = (before.space_id, &prepared);
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                tx.gate(space, Gate::Exclusive).await?;
                let known = round(tx, actor, id).await?;
                if known.state == RoundState::Open && known.viewer.member().is_staff() {
                    return Ok(());
                }
                allow(RoundAction::Open, &known)?;
                if known.criteria.0.is_empty() {
                    let error = Error::invalid(Reason::Required, "A round asks something: give it criteria.");
                    return Err(error.at(&["roundId"]));
                }
                known.deadlines().checked(None, tx.clock().now())?;
                let draft = draft(Source::Unit(tx), (&known, true), prepared.as_ref()).await?;
                if draft.works.is_empty() {
                    let error = Error::invalid(Reason::Required, "A round reviews something: give it targets.");
                    return Err(error.at(&["roundId"]));
                }
                let now = store::set_round_state(tx, &known, RoundState::Open).await?;
                hand_out(tx, &known, &draft, (now, &BTreeSet::new())).await?;
                note(tx, actor, &known, (EventKind::ReviewRoundOpened, RoundState::Open));
                tx.enqueue(care(&known, now));
                Ok(())
            })
        })
        .await
}

/// Adds the new targets of a draft, and its assignments; returns their ids. All ids of a round are of the moment of its opening, `began`, and
/// random beside that: neither they nor their order tell who reviews, or when anything was assigned. Who gets one of `returned`, the
/// contributions that lost a reviewer, is told so.
pub(super) async fn hand_out(
    tx: &Tx<'_>,
    round: &RoundRow,
    draft: &Draft,
    (began, returned): (DateTime<Utc>, &BTreeSet<Uuid>),
) -> Result<Vec<Uuid>> {
    let now = tx.clock().now();
    let is_late = round.opened_at.is_some();
    let mut targets = BTreeMap::new();
    let mut added = Vec::new();
    for work in draft.works.values() {
        let id = work.target_id.unwrap_or_else(|| unordered(began));
        targets.insert(work.contribution_id, id);
        if work.target_id.is_none() {
            added.push(NewTarget {
                id,
                contribution_id: work.contribution_id,
                version: work.version,
                author_id: work.author_id,
            });
        }
    }
    store::insert_targets(tx, round.id, &added, is_late).await?;
    name(tx, round.id, draft).await?;
    let due_at = round.deadlines().due(now);
    let reasons = |made: &Assignment| {
        let mut reasons = kept(&made.reasons);
        if returned.contains(&made.snapshot) {
            reasons.push(PairReason::Reoffered);
        }
        if is_late && added.iter().any(|new| new.contribution_id == made.snapshot) {
            reasons.push(PairReason::LateEntry);
        }
        Reasons(reasons)
    };
    let mut owed: BTreeMap<Uuid, VecDeque<Uuid>> = BTreeMap::new();
    for one in &draft.owed {
        owed.entry(one.reviewer_id).or_default().push_back(one.id);
    }
    let review = |made: &Assignment| {
        Some(NewReview {
            id: unordered(began),
            target_id: *targets.get(&made.snapshot)?,
            contribution_id: made.snapshot,
            reviewer_id: made.reviewer,
            reviewer_account_id: *draft.accounts.get(&made.reviewer)?,
            reasons: reasons(made),
            due_at,
            replaces_id: owed.get_mut(&made.reviewer).and_then(VecDeque::pop_front),
        })
    };
    let mut reviews: Vec<_> = draft.allocation.assignments.iter().filter_map(review).collect();
    // The order of the rows on the disk tells nothing either.
    reviews.sort_by_key(|review| review.id);
    let ids = reviews.iter().map(|review| review.id).collect();
    let replaced: Vec<_> = reviews.iter().filter_map(|review| review.replaces_id).collect();
    store::insert_reviews(tx, round.id, reviews).await?;
    store::system_replaced(tx, &replaced).await?;
    Ok(ids)
}

/// An id of a moment with nothing but chance behind it.
fn unordered(at: DateTime<Utc>) -> Uuid {
    let milliseconds = u64::try_from(at.timestamp_millis()).unwrap_or_default();
    Builder::from_unix_timestamp_millis(milliseconds, &rand::random()).into_uuid()
}

/// Gives a number to each reviewer and author who has none.
async fn name(tx: &Tx<'_>, round: Uuid, draft: &Draft) -> Result<()> {
    let mut known = store::aliases(tx, round).await?;
    let reviewers = draft.allocation.assignments.iter().map(|made| made.reviewer);
    let authors = draft.works.values().map(|work| work.author_id);
    let mut new = Vec::new();
    for member in reviewers.chain(authors) {
        if known.contains_key(&member) {
            continue;
        }
        // Random ones, as counted ones would tell who came late.
        let number = std::iter::repeat_with(|| rand::random_range(100..100_000))
            .find(|number| !known.values().any(|other| other == number))
            .unwrap_or_default();
        known.insert(member, number);
        new.push((member, number));
    }
    store::insert_aliases(tx, round, &new).await
}

/// Begins the reflection: what was submitted is released if the round says so, what was not is over. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`.
pub async fn reflect(app: &App, actor: &Actor, id: Uuid) -> Result<()> {
    step(app, actor, id, (RoundAction::Reflect, RoundState::Reflection)).await
}

/// Ends a round; names are shown if it says so. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`.
pub async fn close(app: &App, actor: &Actor, id: Uuid) -> Result<()> {
    step(app, actor, id, (RoundAction::Close, RoundState::Closed)).await
}

/// Calls a round off. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`.
pub async fn cancel(app: &App, actor: &Actor, id: Uuid) -> Result<()> {
    step(app, actor, id, (RoundAction::Cancel, RoundState::Cancelled)).await
}

async fn step(app: &App, actor: &Actor, id: Uuid, (action, target): (RoundAction, RoundState)) -> Result<()> {
    let space = seen(app, actor, id).await?.space_id;
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                tx.gate(space, Gate::Exclusive).await?;
                let known = round(tx, actor, id).await?;
                if known.state == target && known.viewer.member().is_staff() {
                    return Ok(());
                }
                allow(action, &known)?;
                let kind = match target {
                    RoundState::Reflection => {
                        begin_reflection(tx, &known).await?;
                        tx.enqueue(care(&known, known.deadlines().close));
                        EventKind::ReviewRoundReflected
                    }
                    RoundState::Cancelled => {
                        // Nobody waits any more for what nobody can write.
                        store::expire_all(tx, known.id).await?;
                        store::set_round_state(tx, &known, target).await?;
                        EventKind::ReviewRoundCancelled
                    }
                    _ => {
                        store::set_round_state(tx, &known, target).await?;
                        EventKind::ReviewRoundClosed
                    }
                };
                note(tx, actor, &known, (kind, target));
                Ok(())
            })
        })
        .await
}

pub(super) async fn begin_reflection(tx: &Tx<'_>, known: &RoundRow) -> Result<()> {
    store::expire_all(tx, known.id).await?;
    let now = store::set_round_state(tx, known, RoundState::Reflection).await?;
    if known.release_policy == ReleasePolicy::AtReflection {
        store::release_all(tx, known.id, now).await?;
    }
    Ok(())
}
