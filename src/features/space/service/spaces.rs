//! Making, changing and ending spaces.

use entity::{
    enums::{
        AccountKind, AuditAct, EventKind, InvitationState, ModerationMode, PhaseKind, PhaseState, SpaceRole, SpaceState,
    },
    membership, phase, space, space_organisation,
};
use sea_orm::{
    ActiveValue::{Set, Unchanged},
    Iterable,
};
use uuid::Uuid;

use super::{
    super::{rules, store},
    allow,
};
use crate::{
    app::App,
    event,
    platform::{
        audit::{Record, State},
        auth::Actor,
        db::{Gate, Tx},
        error::{Checks, Error, Reason, Result},
        id::Kind,
        idempotency::{self, Claim, Created, Key, Update},
        scalar::{self, LocalTime},
        stream, text,
    },
    policy::{self, SpaceAction},
};

const LONGEST_TITLE: usize = 200;
const LONGEST_DESCRIPTION: usize = 5_000;

/// Makes a space with four planned phases; the actor becomes its coordinator and their organisation its first.
///
/// # Errors
/// `FORBIDDEN` for all but staff; `INVALID`.
pub async fn create(
    app: &App,
    actor: &Actor,
    (title, description, time_zone): (&str, &str, &str),
    key: Option<Key>,
) -> Result<Created> {
    let (AccountKind::Staff, Some(organisation)) = (actor.kind, actor.organisation_id) else {
        return Err(Error::forbidden(Reason::RoleNotAllowed));
    };
    let mut checks = Checks::default();
    let title = &checks
        .field("title", text::line(title, LONGEST_TITLE))?
        .unwrap_or_default();
    let description = &checks
        .field("description", text::optional(description, LONGEST_DESCRIPTION))?
        .unwrap_or_default();
    let time_zone = &checks
        .field("timeZone", scalar::time_zone(time_zone))?
        .unwrap_or_default();
    checks.done()?;
    let (id, key) = (app.clock.new_id(), &key);
    app.db
        .write(None, |tx| {
            Box::pin(async move {
                if let Claim::Replay(id) = idempotency::claim(tx, actor.account_id, key.as_ref(), id).await? {
                    return Ok(id);
                }
                let now = tx.clock().now();
                let row = space::ActiveModel {
                    id: Set(id),
                    title: Set(title.clone()),
                    description: Set(description.clone()),
                    state: Set(SpaceState::Active),
                    time_zone: Set(time_zone.clone()),
                    version: Set(1),
                    closed_at: Set(None),
                    media_bytes: Set(0),
                    presence_from: Set(None),
                    presence_to: Set(None),
                    created_at: Set(now),
                };
                store::insert_space(tx, row).await?;
                stream::create(tx, id).await?;
                store::insert_phases(tx, PhaseKind::iter().map(|kind| planned(tx, id, kind)).collect()).await?;
                let part = space_organisation::ActiveModel {
                    id: Set(tx.clock().new_id()),
                    space_id: Set(id),
                    organisation_id: Set(organisation),
                    invited_by_id: Set(organisation),
                    state: Set(InvitationState::Accepted),
                    created_at: Set(now),
                    answered_at: Set(Some(now)),
                };
                store::insert_part(tx, part).await?;
                store::insert_membership(tx, coordinator(tx, id, actor.account_id, organisation)).await?;
                let record = record(AuditAct::SpaceCreated, actor.account_id, id);
                tx.audit(id, record.after(SpaceState::Active));
                Ok(id)
            })
        })
        .await
        .map(|made| Created::of(made, id))
}

/// A record about a space.
fn record(act: AuditAct, actor: impl Into<Option<Uuid>>, space: Uuid) -> Record {
    Record::new(act, actor, (Kind::Space, space))
}

fn planned(tx: &Tx<'_>, space: Uuid, kind: PhaseKind) -> phase::ActiveModel {
    let title = match kind {
        PhaseKind::Preparation => "Preparation",
        PhaseKind::During => "During",
        PhaseKind::After => "After",
        PhaseKind::Dissemination => "Dissemination",
    };
    phase::ActiveModel {
        id: Set(tx.clock().new_id()),
        space_id: Set(space),
        kind: Set(kind),
        state: Set(PhaseState::Planned),
        title: Set(title.to_owned()),
        description: Set(String::new()),
        starts_at: Set(None),
        ends_at: Set(None),
        moderation: Set(ModerationMode::Post),
        allows_pupil_threads: Set(true),
        allows_pupil_comments: Set(true),
        allows_pupil_uploads: Set(true),
        reopen_reason: Set(None),
        closed_at: Set(None),
        version: Set(1),
    }
}

/// A new coordinator.
pub(super) fn coordinator(tx: &Tx<'_>, space: Uuid, account: Uuid, organisation: Uuid) -> membership::ActiveModel {
    membership::ActiveModel {
        id: Set(tx.clock().new_id()),
        space_id: Set(space),
        account_id: Set(account),
        organisation_id: Set(organisation),
        role: Set(SpaceRole::Coordinator),
        mobility_status: Set(None),
        pre_moderated_until: Set(None),
        left_at: Set(None),
        media_bytes: Set(0),
        version: Set(1),
        created_at: Set(tx.clock().now()),
    }
}

/// What changes in a space; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct SpacePatch {
    /// Title.
    pub title: Option<String>,
    /// What the project is about.
    pub description: Option<String>,
    /// IANA time zone.
    pub time_zone: Option<String>,
    /// From when to when pupils are shown as present; `Some(None)` = always.
    pub presence_hours: Option<Option<(LocalTime, LocalTime)>>,
}

/// Changes the settings of a space.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `INVALID`, `CONFLICT`/`STALE_VERSION`.
pub async fn update(app: &App, actor: &Actor, id: Uuid, expected_version: i32, patch: SpacePatch) -> Result<()> {
    let mut checks = Checks::default();
    let or_none = |value: Option<Option<String>>| value.flatten();
    let title = patch
        .title
        .map(|title| checks.field("title", text::line(&title, LONGEST_TITLE)))
        .transpose()?;
    let description = patch
        .description
        .map(|description| checks.field("description", text::optional(&description, LONGEST_DESCRIPTION)))
        .transpose()?;
    let time_zone = patch
        .time_zone
        .map(|zone| checks.field("timeZone", scalar::time_zone(&zone)))
        .transpose()?;
    let presence_hours = patch
        .presence_hours
        .map(|hours| hours.map(|(from, to)| rules::presence_hours(&from, &to)).transpose())
        .map(|hours| checks.field("presenceHours", hours))
        .transpose()?
        .flatten();
    checks.done()?;
    let (title, description, time_zone) = (&or_none(title), &or_none(description), &or_none(time_zone));
    app.db
        .write(Some(id), |tx| {
            Box::pin(async move {
                tx.gate(id, Gate::Exclusive).await?;
                let facts = store::facts(tx, actor.account_id, id)
                    .await
                    .map_err(|error| error.at(&["spaceId"]))?;
                allow(policy::space(
                    SpaceAction::Update,
                    &facts.member(),
                    &facts.space(),
                    tx.clock().now(),
                ))?;
                let content = (title, description, time_zone, presence_hours);
                let update = Update::new(actor.account_id, (id, expected_version), &content);
                if update.is_done(tx, facts.version).await? {
                    return Ok(());
                }
                let mut row = space::ActiveModel {
                    id: Unchanged(id),
                    version: Set(facts.version + 1),
                    ..Default::default()
                };
                if let Some(title) = title {
                    row.title = Set(title.clone());
                }
                if let Some(description) = description {
                    row.description = Set(description.clone());
                }
                if let Some(time_zone) = time_zone {
                    row.time_zone = Set(time_zone.clone());
                }
                if let Some(hours) = presence_hours {
                    row.presence_from = Set(hours.map(|hours| hours.from));
                    row.presence_to = Set(hours.map(|hours| hours.to));
                }
                store::update_space(tx, row).await?;
                update.done(tx).await?;
                let event = event::space(tx.clock(), EventKind::SpaceUpdated, facts.member().id);
                tx.emit(id, event);
                let (before, after) = (State::default().number(facts.version), facts.version + 1);
                let record = record(AuditAct::SpaceUpdated, actor.account_id, id);
                tx.audit(id, record.before(before).after(State::default().number(after)));
                Ok(())
            })
        })
        .await
}

/// Closes a space whose phases are all closed or planned. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`.
pub async fn close(app: &App, actor: &Actor, id: Uuid) -> Result<()> {
    step(app, actor, id, SpaceAction::Close, SpaceState::Closed).await
}

/// Opens a closed space again, within 180 days. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`.
pub async fn reopen(app: &App, actor: &Actor, id: Uuid) -> Result<()> {
    step(app, actor, id, SpaceAction::Reopen, SpaceState::Active).await
}

/// Makes a closed space read-only for good. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`.
pub async fn archive(app: &App, actor: &Actor, id: Uuid) -> Result<()> {
    step(app, actor, id, SpaceAction::Archive, SpaceState::Archived).await
}

async fn step(app: &App, actor: &Actor, id: Uuid, action: SpaceAction, target: SpaceState) -> Result<()> {
    app.db
        .write(Some(id), |tx| {
            Box::pin(async move {
                tx.gate(id, Gate::Exclusive).await?;
                let facts = store::facts(tx, actor.account_id, id)
                    .await
                    .map_err(|error| error.at(&["spaceId"]))?;
                let member = facts.member();
                if facts.state == target && member.role == SpaceRole::Coordinator {
                    return Ok(());
                }
                allow(policy::space(action, &member, &facts.space(), tx.clock().now()))?;
                set_state(tx, id, target, facts.version).await?;
                let event = event::space(tx.clock(), EventKind::SpaceUpdated, member.id);
                tx.emit(id, event);
                let act = match target {
                    SpaceState::Active => AuditAct::SpaceReopened,
                    SpaceState::Closed => AuditAct::SpaceClosed,
                    SpaceState::Archived => AuditAct::SpaceArchived,
                };
                tx.audit(id, record(act, actor.account_id, id).before(facts.state).after(target));
                Ok(())
            })
        })
        .await
}

async fn set_state(tx: &Tx<'_>, id: Uuid, state: SpaceState, version: i32) -> Result<()> {
    let mut row = space::ActiveModel {
        id: Unchanged(id),
        state: Set(state),
        ..Default::default()
    };
    row.version = Set(version + 1);
    match state {
        SpaceState::Closed => row.closed_at = Set(Some(tx.clock().now())),
        SpaceState::Active => row.closed_at = Set(None),
        SpaceState::Archived => {}
    }
    store::update_space(tx, row).await?;
    if state == SpaceState::Closed {
        store::end_grants_of_space(tx, id).await?;
    }
    Ok(())
}

/// Archives a space whose time to be opened again has passed.
pub(in super::super) async fn archive_by_time(app: &App, id: Uuid) -> Result<()> {
    app.db
        .write(Some(id), |tx| {
            Box::pin(async move {
                tx.gate(id, Gate::Exclusive).await?;
                let Some(space) = store::system_space(tx, id).await? else {
                    return Ok(());
                };
                let is_due = space
                    .closed_at
                    .is_some_and(|closed| tx.clock().now() - closed > policy::REOPEN_WITHIN);
                if space.state == SpaceState::Closed && is_due {
                    set_state(tx, id, SpaceState::Archived, space.version).await?;
                    let event = event::space(tx.clock(), EventKind::SpaceUpdated, None);
                    tx.emit(id, event);
                    let record = record(AuditAct::SpaceArchived, None, id);
                    tx.audit(id, record.before(space.state).after(SpaceState::Archived));
                }
                Ok(())
            })
        })
        .await
}
