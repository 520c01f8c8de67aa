//! Who belongs to a space, as what.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use entity::{
    enums::{AccountKind, AuditAct, EventKind, MobilityStatus, SpaceRole},
    membership,
};
use sea_orm::ActiveValue::{Set, Unchanged};
use uuid::Uuid;

use super::{
    super::{
        rules::{self, NewMember},
        store,
    },
    allow,
};
use crate::{
    app::App,
    event,
    platform::{
        audit::{Record, State},
        auth::Actor,
        db::{Gate, Reader, Tx},
        error::{Error, Reason, Result},
        id::Kind,
        idempotency::{self, Claim, Key, Update},
    },
    policy::{self, SpaceAction},
};

/// What became of each row of a batch: the membership, or why not.
pub type Added = Vec<Result<Uuid>>;

/// Adds accounts to a space. A faulty row doesn't hold up the others.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`; `INVALID` for no or more than 200 rows. Per row: `INVALID`/`ALREADY_MEMBER`,
/// `FORBIDDEN`/`OTHER_SCHOOL`, and others.
pub async fn member_add(
    app: &App,
    actor: &Actor,
    space: Uuid,
    rows: &[Result<NewMember>],
    key: Option<Key>,
) -> Result<Added> {
    if rows.is_empty() {
        return Err(Error::invalid(Reason::Required, "At least one row.").at(&["rows"]));
    }
    if rows.len() > rules::MOST_ROWS {
        return Err(Error::invalid(Reason::TooLong, format!("At most {} rows.", rules::MOST_ROWS)).at(&["rows"]));
    }
    let key = &key;
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                let claim = idempotency::claim(tx, actor.account_id, key.as_ref(), space).await?;
                tx.gate(space, Gate::Exclusive).await?;
                let facts = store::facts(tx, actor.account_id, space)
                    .await
                    .map_err(|error| error.at(&["spaceId"]))?;
                let is_replay = claim != Claim::New;
                // Whoever may add nobody at all is told once, not row by row.
                if !is_replay {
                    let now = tx.clock().now();
                    allow(policy::space(
                        SpaceAction::PupilAdd,
                        &facts.member(),
                        &facts.space(),
                        now,
                    ))?;
                }
                let accounts: Vec<Uuid> = rows
                    .iter()
                    .filter_map(|row| row.as_ref().ok().map(|row| row.account_id))
                    .collect();
                let candidates = store::candidates(tx, space, &accounts).await?;
                let known = store::memberships_of(tx, space, &accounts).await?;
                let mut done = HashSet::new();
                let mut added = Vec::with_capacity(rows.len());
                for row in rows {
                    let row = match row {
                        Ok(row) => row,
                        Err(error) => {
                            added.push(Err(error.clone()));
                            continue;
                        }
                    };
                    let (candidate, member) = (candidates.get(&row.account_id), known.get(&row.account_id));
                    let checked = if is_replay {
                        fits(&facts, row, candidate)
                    } else {
                        check(&facts, row, candidate, member, tx.clock().now())
                    };
                    let outcome = match (checked, member) {
                        (Err(error), _) => Err(error),
                        (Ok(_), _) if done.contains(&row.account_id) => Err(already_member()),
                        (Ok(_), Some(member)) if is_replay => Ok(member.id),
                        // A replay adds nobody: the row was refused then.
                        (Ok(_), None) if is_replay => {
                            let action = rules::action(row.role);
                            let verdict = policy::space(action, &facts.member(), &facts.space(), tx.clock().now());
                            allow(verdict).and(Err(Error::not_found().at(&["accountId"])))
                        }
                        (Ok(mobility), _) => Ok(insert(tx, actor, &facts, (row, mobility), member).await?),
                    };
                    if outcome.is_ok() {
                        done.insert(row.account_id);
                    }
                    added.push(outcome);
                }
                Ok(added)
            })
        })
        .await
}

/// Whether an account can have this role here at all, and with which mobility status.
fn fits(facts: &store::Facts, row: &NewMember, candidate: Option<&rules::Candidate>) -> Result<Option<MobilityStatus>> {
    rules::may_add(&facts.member(), candidate)?;
    let kind = candidate.map_or(AccountKind::Admin, |candidate| candidate.kind);
    rules::role_fits(kind, row.role, row.mobility)
}

fn check(
    facts: &store::Facts,
    row: &NewMember,
    candidate: Option<&rules::Candidate>,
    known: Option<&membership::Model>,
    now: DateTime<Utc>,
) -> Result<Option<MobilityStatus>> {
    let viewer = facts.member();
    rules::may_add(&viewer, candidate)?;
    allow(policy::space(rules::action(row.role), &viewer, &facts.space(), now))?;
    let mobility = fits(facts, row, candidate)?;
    if known.is_some_and(|known| known.left_at.is_none()) {
        return Err(already_member());
    }
    Ok(mobility)
}

fn already_member() -> Error {
    Error::invalid(Reason::AlreadyMember, "This account is a member already.").at(&["accountId"])
}

async fn insert(
    tx: &mut Tx<'_>,
    actor: &Actor,
    facts: &store::Facts,
    (row, mobility): (&NewMember, Option<MobilityStatus>),
    known: Option<&membership::Model>,
) -> Result<Uuid> {
    let viewer = facts.member();
    let mut new = membership::ActiveModel {
        role: Set(row.role),
        organisation_id: Set(viewer.organisation_id),
        mobility_status: Set(mobility),
        pre_moderated_until: Set(None),
        left_at: Set(None),
        media_bytes: Set(0),
        ..Default::default()
    };
    let id = match known {
        Some(known) => {
            new.id = Unchanged(known.id);
            new.version = Set(known.version + 1);
            store::update_membership(tx, new).await?;
            known.id
        }
        None => {
            let id = tx.clock().new_id();
            new.id = Set(id);
            new.space_id = Set(facts.id);
            new.account_id = Set(row.account_id);
            new.version = Set(1);
            new.created_at = Set(tx.clock().now());
            store::insert_membership(tx, new).await?;
            id
        }
    };
    let event = event::member(tx.clock(), EventKind::MemberAdded, viewer.id, id);
    tx.emit(facts.id, event);
    let record = record(AuditAct::MemberAdded, actor, id);
    tx.audit(facts.id, record.after(State::from(row.role).maybe(mobility)));
    Ok(id)
}

/// A record about a member.
fn record(act: AuditAct, actor: &Actor, member: Uuid) -> Record {
    Record::new(act, actor.account_id, (Kind::Membership, member))
}

/// What a member is, for a record.
fn state(member: &membership::Model, now: DateTime<Utc>) -> State {
    let waits = member.pre_moderated_until.is_some_and(|until| until > now);
    State::from(member.role)
        .maybe(member.mobility_status)
        .flag("PRE", waits)
}

/// What changes in a membership; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct MemberPatch {
    /// Role.
    pub role: Option<SpaceRole>,
    /// Mobility status; pupils only.
    pub mobility: Option<MobilityStatus>,
    /// Until when their texts wait; `Some(None)` ends it.
    pub pre_moderated_until: Option<Option<DateTime<Utc>>>,
}

/// Changes role, mobility status or pre-moderation of a member.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN` (also `LAST_COORDINATOR`), `INVALID`, `CONFLICT`/`STALE_VERSION`.
pub async fn member_update(
    app: &App,
    actor: &Actor,
    id: Uuid,
    expected_version: i32,
    patch: MemberPatch,
) -> Result<()> {
    let space = space_of_member(app, actor, id).await?;
    let patch = &patch;
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                let (facts, known) = target(tx, actor, space, id).await?;
                let viewer = facts.member();
                allow(policy::space(
                    SpaceAction::MemberUpdate,
                    &viewer,
                    &facts.space(),
                    tx.clock().now(),
                ))?;
                let update = Update::new(actor.account_id, (id, expected_version), patch);
                if update.is_done(tx, known.version).await? {
                    return Ok(());
                }
                if known.left_at.is_some() {
                    return Err(Error::forbidden(Reason::StateNotAllowed));
                }
                let role = patch.role.unwrap_or(known.role);
                let kind = if known.role == SpaceRole::Pupil {
                    AccountKind::Pupil
                } else {
                    AccountKind::Staff
                };
                let kept = if role == SpaceRole::Pupil {
                    known.mobility_status
                } else {
                    None
                };
                let mobility = rules::role_fits(kind, role, patch.mobility.or(kept))?;
                if known.role == SpaceRole::Coordinator && role != SpaceRole::Coordinator {
                    keep_a_coordinator(tx, &known).await?;
                }
                let pre_moderated_until = patch.pre_moderated_until.unwrap_or(known.pre_moderated_until);
                let row = membership::ActiveModel {
                    id: Unchanged(id),
                    role: Set(role),
                    mobility_status: Set(mobility),
                    pre_moderated_until: Set(pre_moderated_until),
                    version: Set(known.version + 1),
                    ..Default::default()
                };
                store::update_membership(tx, row).await?;
                update.done(tx).await?;
                let event = if role == known.role {
                    event::member(tx.clock(), EventKind::MemberUpdated, viewer.id, id)
                } else {
                    event::role_change(tx.clock(), viewer.id, id)
                };
                tx.emit(space, event);
                let now = tx.clock().now();
                let before = state(&known, now);
                let after = membership::Model {
                    role,
                    mobility_status: mobility,
                    pre_moderated_until,
                    ..known
                };
                let record = record(AuditAct::MemberUpdated, actor, id);
                tx.audit(space, record.before(before).after(state(&after, now)));
                Ok(())
            })
        })
        .await
}

/// Removes a member: they lose sight of the space at once; what they wrote stays. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN` (also `LAST_COORDINATOR`).
pub async fn member_remove(app: &App, actor: &Actor, id: Uuid) -> Result<()> {
    let space = space_of_member(app, actor, id).await?;
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                let (facts, known) = target(tx, actor, space, id).await?;
                let viewer = facts.member();
                allow(policy::space(
                    SpaceAction::MemberRemove,
                    &viewer,
                    &facts.space(),
                    tx.clock().now(),
                ))?;
                if known.left_at.is_some() {
                    return Ok(());
                }
                if known.role == SpaceRole::Coordinator {
                    keep_a_coordinator(tx, &known).await?;
                }
                let row = membership::ActiveModel {
                    id: Unchanged(id),
                    left_at: Set(Some(tx.clock().now())),
                    version: Set(known.version + 1),
                    ..Default::default()
                };
                store::update_membership(tx, row).await?;
                store::end_grants_of_member(tx, id).await?;
                let event = event::member(tx.clock(), EventKind::MemberRemoved, viewer.id, id);
                tx.emit(space, event);
                let before = State::from(known.role).maybe(known.mobility_status);
                tx.audit(space, record(AuditAct::MemberRemoved, actor, id).before(before));
                Ok(())
            })
        })
        .await
}

/// The space of a membership that the actor sees, to find its gate.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn space_of_member(app: &App, actor: &Actor, id: Uuid) -> Result<Uuid> {
    let reader = Reader::passing(&app.db, Some(actor.clone()));
    let found = store::members_by_id(&reader, &[id]).await?;
    found.first().map(|member| member.space_id).ok_or_else(not_found)
}

async fn target(tx: &Tx<'_>, actor: &Actor, space: Uuid, id: Uuid) -> Result<(store::Facts, membership::Model)> {
    tx.gate(space, Gate::Exclusive).await?;
    let facts = store::facts(tx, actor.account_id, space)
        .await
        .map_err(|_| not_found())?;
    Ok((facts, store::membership(tx, id).await?.ok_or_else(not_found)?))
}

async fn keep_a_coordinator(tx: &Tx<'_>, member: &membership::Model) -> Result<()> {
    match store::other_coordinators(tx, member).await? {
        0 => Err(Error::forbidden(Reason::LastCoordinator)),
        _ => Ok(()),
    }
}

fn not_found() -> Error {
    Error::not_found().at(&["membershipId"])
}
