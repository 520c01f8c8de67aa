//! What happens to open rounds by themselves: deadlines, reminders, late entries, and what was declined or not written in time.

use chrono::{DateTime, TimeDelta, Utc};
use entity::enums::{EventKind, PhaseState, RoundState, SpaceState};
use uuid::Uuid;

use super::{
    super::{
        rules::{allocation::Standing, deadline},
        store::{self, RoundRow, Source},
    },
    allocate::draft,
    course::{begin_reflection, hand_out},
};
use crate::{
    app::App,
    event,
    platform::{
        db::{Gate, Reader, Tx},
        error::Result,
        job::NewJob,
    },
};

/// The kind of the jobs that look after a round, which is their subject.
pub const ROUND: &str = "review_round";

/// An open round is looked after at least this often: members have come who can review, or have left what they were asked for.
const AGAIN: TimeDelta = TimeDelta::hours(1);

/// Asks for somebody to look after a round.
pub(super) fn care(round: &RoundRow, at: DateTime<Utc>) -> NewJob {
    soon(round.id, round.space_id, at)
}

pub(super) fn soon(round: Uuid, space: Uuid, due_at: DateTime<Utc>) -> NewJob {
    NewJob {
        kind: ROUND,
        subject_id: round,
        space_id: Some(space),
        due_at,
    }
}

/// Has somebody look after the open rounds that a root is in or may join, as others see it now, or no longer.
///
/// # Errors
/// The database's.
pub async fn follow(app: &App, contribution: Uuid) -> Result<()> {
    let reader = Reader::passing(&app.db, None);
    wake(app, store::system_rounds_with(&reader, contribution).await?).await
}

/// Has somebody look after the open rounds of a space, as a member has left it.
///
/// # Errors
/// The database's.
pub async fn follow_leaving(app: &App, space: Uuid) -> Result<()> {
    let reader = Reader::passing(&app.db, None);
    wake(app, store::system_open_rounds(&reader, space).await?).await
}

async fn wake(app: &App, rounds: Vec<(Uuid, Uuid)>) -> Result<()> {
    for &(round, space) in &rounds {
        app.db
            .write(None, |tx| {
                Box::pin(async move {
                    tx.enqueue(soon(round, space, tx.clock().now()));
                    Ok(())
                })
            })
            .await?;
    }
    Ok(())
}

/// Takes out of reviews what an erased member wrote, and what others were asked to write about their work. Who is asked instead of them is
/// for the next look at the round.
///
/// # Errors
/// The database's.
pub async fn forget(tx: &Tx<'_>, member: Uuid) -> Result<()> {
    store::forget(tx, member).await
}

/// Brings a round to where it should be now: all in one unit of work, so that however often and on however many nodes it is tried, each thing
/// happens once.
///
/// # Errors
/// The database's: nothing has happened then.
pub async fn look_after(app: &App, id: Uuid) -> Result<()> {
    let Some(space) = store::system_space_of(&Reader::passing(&app.db, None), id).await? else {
        return Ok(());
    };
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                tx.gate(space, Gate::Exclusive).await?;
                let Some(round) = store::system_round(tx, id).await? else {
                    return Ok(());
                };
                if round.space_state == SpaceState::Archived {
                    return Ok(());
                }
                if let Some(next) = proceed(tx, &round).await? {
                    tx.enqueue(care(&round, next));
                }
                Ok(())
            })
        })
        .await
}

/// What is due now; returns when something is due next.
async fn proceed(tx: &mut Tx<'_>, round: &RoundRow) -> Result<Option<DateTime<Utc>>> {
    let (now, deadlines) = (tx.clock().now(), round.deadlines());
    match round.state {
        RoundState::Open if deadlines.reflection <= now => {
            begin_reflection(tx, round).await?;
            tell(tx, round, EventKind::ReviewRoundReflected);
            // A node that slept for long finds both due; the close has its own turn, and its own event.
            Ok(Some(deadlines.close))
        }
        RoundState::Open => {
            store::system_repin(tx, round.id).await?;
            for id in store::system_revive(tx, round.id).await? {
                emit(tx, round, EventKind::ReviewAssigned, id);
            }
            let ended = store::system_expire(tx, round.id).await?;
            for id in ended {
                emit(tx, round, EventKind::ReviewExpired, id);
            }
            fill(tx, round).await?;
            let next = remind(tx, round).await?;
            Ok([next, Some(now + AGAIN), Some(deadlines.reflection)]
                .into_iter()
                .flatten()
                .min())
        }
        RoundState::Reflection if deadlines.close <= now => {
            store::set_round_state(tx, round, RoundState::Closed).await?;
            tell(tx, round, EventKind::ReviewRoundClosed);
            Ok(None)
        }
        RoundState::Reflection => Ok(Some(deadlines.close)),
        RoundState::Setup | RoundState::Closed | RoundState::Cancelled => Ok(None),
    }
}

/// Nobody did it: there is no actor, and no act for the audit trail.
fn tell(tx: &mut Tx<'_>, round: &RoundRow, kind: EventKind) {
    let event = event::round(tx.clock(), kind, None, (round.id, round.phase_id));
    tx.emit(round.space_id, event);
}

fn emit(tx: &mut Tx<'_>, round: &RoundRow, kind: EventKind, review: Uuid) {
    let event = event::review(tx.clock(), kind, None, (review, round.id, round.phase_id));
    tx.emit(round.space_id, event);
}

/// Hands out what is missing: late entries, what was declined, not written in time or voided, and what came out of sight. Nobody's existing
/// review changes.
async fn fill(tx: &mut Tx<'_>, round: &RoundRow) -> Result<()> {
    if round.phase_state != PhaseState::Open || round.space_state != SpaceState::Active {
        return Ok(());
    }
    let takes_more = tx.clock().now() < round.deadlines().reviews;
    let draft = draft(Source::Unit(tx), (round, takes_more), None).await?;
    let is_new = draft.works.values().any(|work| work.target_id.is_none());
    if draft.allocation.assignments.is_empty() && !is_new {
        return Ok(());
    }
    let over = draft
        .request
        .existing
        .iter()
        .filter(|one| one.standing == Standing::Over);
    let returned = over.map(|one| one.snapshot).collect();
    let began = round.opened_at.unwrap_or_else(|| tx.clock().now());
    for id in hand_out(tx, round, &draft, (began, &returned)).await? {
        emit(tx, round, EventKind::ReviewAssigned, id);
    }
    Ok(())
}

/// Reminds reviewers the day before, once. Returns when the next is to be reminded, or is out of time.
async fn remind(tx: &mut Tx<'_>, round: &RoundRow) -> Result<Option<DateTime<Utc>>> {
    let now = tx.clock().now();
    let waiting = store::system_waiting(tx, round.id).await?;
    let mut next = waiting.iter().map(|one| one.due_at).min();
    let mut due = Vec::new();
    for one in waiting {
        let at = deadline::reminder(one.due_at, &one.time_zone);
        // Who was asked later than that doesn't need it.
        if one.reminded_at.is_some() || at <= one.assigned_at {
            continue;
        }
        if at <= now {
            due.push(one.id);
        } else {
            next = next.min(Some(at));
        }
    }
    if !due.is_empty() {
        store::system_remind(tx, &due).await?;
        due.sort_unstable();
        for id in due {
            emit(tx, round, EventKind::ReviewDue, id);
        }
    }
    Ok(next)
}
