//! Making rounds, changing them, and looking at what they would become.

use std::collections::BTreeSet;

use entity::{
    enums::{AuditAct, EventKind, RoundState},
    review_value::Plan,
};
use uuid::Uuid;

use super::{
    super::{
        rules::round::{Patch, Settings},
        store::{self, Place, RoundRow, Source},
    },
    allocate::{Draft, draft},
    care::care,
};
use crate::{
    app::App,
    event,
    features::space::{phase_facts, space_of_phase},
    platform::{
        audit::{Record, State},
        auth::Actor,
        db::{Gate, Reader, Tx},
        error::{Error, Result},
        id::Kind,
        idempotency::{self, Claim, Created, Key, Update},
        text,
    },
    policy::{self, PhaseAction, RoundAction},
};

/// Makes a round, and returns its id.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `INVALID`, `CONFLICT`/`KEY_REUSED`.
pub async fn create(app: &App, actor: &Actor, phase: Uuid, settings: Settings, key: Option<Key>) -> Result<Created> {
    let settings = settings.checked()?;
    settings.deadlines.checked(None, app.clock.now())?;
    let html = &text::render_apart(settings.instructions.clone()).await?.html;
    let reader = Reader::passing(&app.db, Some(actor.clone()));
    let no_phase = || Error::not_found().at(&["phaseId"]);
    let space = space_of_phase(&reader, phase).await?.ok_or_else(no_phase)?;
    let (id, settings, key) = (app.clock.new_id(), &settings, &key);
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                let claim = idempotency::claim(tx, actor.account_id, key.as_ref(), id).await?;
                tx.gate(space, Gate::Shared).await?;
                if let Claim::Replay(id) = claim {
                    return Ok(id);
                }
                let facts = phase_facts(tx, actor.account_id, phase).await.map_err(|_| no_phase())?;
                let member = facts.viewer.member();
                policy::phase(PhaseAction::RoundCreate, &member, &facts.facts()).map_err(Error::forbidden)?;
                known(tx, space, &settings.plan).await?;
                let place = Place {
                    space_id: space,
                    phase_id: phase,
                    member_id: member.id,
                };
                store::insert_round(tx, id, place, (settings, html)).await?;
                tx.emit(
                    space,
                    event::round(tx.clock(), EventKind::ReviewRoundCreated, member.id, (id, phase)),
                );
                let record = Record::new(AuditAct::ReviewRoundCreated, actor.account_id, (Kind::ReviewRound, id));
                tx.audit(space, record.after(RoundState::Setup));
                Ok(id)
            })
        })
        .await
        .map(|made| Created::of(made, id))
}

/// Whether a plan names members and contributions of its space alone.
async fn known(tx: &Tx<'_>, space: Uuid, plan: &Plan) -> Result<()> {
    let missing = |named: &[Uuid], known: Vec<Uuid>| {
        let known: BTreeSet<_> = known.into_iter().collect();
        named.iter().position(|id| !known.contains(id))
    };
    let targets = missing(&plan.chosen, store::known_targets(tx, space, &plan.chosen).await?);
    if let Some(place) = targets {
        return Err(Error::not_found().at(&["plan", "targetIds", &place.to_string()]));
    }
    let works: Vec<_> = plan.pairs.iter().filter_map(|pair| pair.contribution).collect();
    if missing(&works, store::known_targets(tx, space, &works).await?).is_some() {
        return Err(Error::not_found().at(&["plan", "pairs"]));
    }
    let authors = plan
        .entries
        .iter()
        .filter_map(|filter| filter.authors.as_deref())
        .flatten();
    let of_pairs = plan
        .pairs
        .iter()
        .flat_map(|pair| [Some(pair.reviewer), pair.author])
        .flatten();
    let lists = [
        ("targetFilter", authors.copied().collect::<Vec<_>>()),
        ("reviewerIds", plan.reviewers.clone().unwrap_or_default()),
        ("pairs", of_pairs.collect()),
    ];
    for (field, named) in lists {
        if missing(&named, store::known_members(tx, space, &named).await?).is_some() {
            return Err(Error::not_found().at(&["plan", field]));
        }
    }
    Ok(())
}

/// Changes the settings of a round. What reviewers are asked is frozen once it is open.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `INVALID`, `CONFLICT`/`STALE_VERSION`.
pub async fn update(app: &App, actor: &Actor, (id, expected): (Uuid, i32), patch: Patch) -> Result<()> {
    let before = seen(app, actor, id).await?;
    allow(RoundAction::Update, &before)?;
    // Rendered before the unit of work, and again never: with another version nothing is made of it.
    let settings = patch.apply(before.state, before.settings())?.checked()?;
    let content = settings.without_new_ids(&before.criteria.0);
    let update = &Update::new(actor.account_id, (id, expected), &content);
    let html = &text::render_apart(settings.instructions.clone()).await?.html;
    let (space, settings, deadlines) = (before.space_id, &settings, before.deadlines());
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                tx.gate(space, Gate::Exclusive).await?;
                let known_round = round(tx, actor, id).await?;
                allow(RoundAction::Update, &known_round)?;
                if known_round.version != before.version {
                    return Err(Error::stale());
                }
                if update.is_done(tx, known_round.version).await? {
                    return Ok(());
                }
                settings.deadlines.checked(Some(deadlines), tx.clock().now())?;
                if *settings == known_round.settings() {
                    return Ok(());
                }
                if settings.plan != known_round.plan {
                    known(tx, space, &settings.plan).await?;
                }
                store::set_settings(tx, &known_round, (settings, html)).await?;
                update.done(tx).await?;
                if settings.deadlines != deadlines && known_round.state != RoundState::Setup {
                    store::move_due(tx, id, (deadlines, settings.deadlines)).await?;
                    tx.enqueue(care(&known_round, tx.clock().now()));
                }
                note(
                    tx,
                    actor,
                    &known_round,
                    (EventKind::ReviewRoundUpdated, known_round.state),
                );
                Ok(())
            })
        })
        .await
}

/// A round as the actor sees it.
pub(super) async fn seen(app: &App, actor: &Actor, id: Uuid) -> Result<RoundRow> {
    let reader = Reader::passing(&app.db, Some(actor.clone()));
    let found = store::rounds_by_id(&reader, &[id]).await?;
    found.into_iter().next().ok_or_else(not_found)
}

/// The same behind the gate.
pub(super) async fn round(tx: &Tx<'_>, actor: &Actor, id: Uuid) -> Result<RoundRow> {
    store::round(tx, actor.account_id, id).await?.ok_or_else(not_found)
}

pub(super) fn not_found() -> Error {
    Error::not_found().at(&["roundId"])
}

pub(super) fn allow(action: RoundAction, known: &RoundRow) -> Result<()> {
    policy::round(action, &known.viewer.member(), &known.phase(), known.state).map_err(Error::forbidden)
}

/// Notes what staff did to a round, for the stream and the audit trail.
pub(super) fn note(tx: &mut Tx<'_>, actor: &Actor, known: &RoundRow, (kind, after): (EventKind, RoundState)) {
    let act = match kind {
        EventKind::ReviewRoundOpened => AuditAct::ReviewRoundOpened,
        EventKind::ReviewRoundReflected => AuditAct::ReviewRoundReflected,
        EventKind::ReviewRoundClosed => AuditAct::ReviewRoundClosed,
        EventKind::ReviewRoundCancelled => AuditAct::ReviewRoundCancelled,
        _ => AuditAct::ReviewRoundUpdated,
    };
    let member = known.viewer.member().id;
    let event = event::round(tx.clock(), kind, member, (known.id, known.phase_id));
    tx.emit(known.space_id, event);
    let record = Record::new(act, actor.account_id, (Kind::ReviewRound, known.id));
    let state = |state, version| State::from(state).number(version);
    let record = record.before(state(known.state, known.version));
    tx.audit(known.space_id, record.after(state(after, known.version + 1)));
}

/// Who would review what if the round were opened now. For staff; a round that was opened has none.
///
/// # Errors
/// `INVALID`/`TOO_LONG` for too many targets.
pub async fn preview(reader: &Reader, round: &RoundRow) -> Result<Option<Draft>> {
    if round.state != RoundState::Setup || !round.viewer.member().is_staff() {
        return Ok(None);
    }
    draft(Source::Reader(reader), (round, true), None).await.map(Some)
}
