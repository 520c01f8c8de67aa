//! Statements over `capability_grant`.

use chrono::{DateTime, Utc};
use entity::{capability_grant, enums::Capability};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, EntityTrait, FromQueryResult, QueryFilter,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use super::push_viewer;
use crate::platform::{
    db::{Reader, Tx},
    error::Result,
};

/// A grant as members see it.
#[derive(Clone, Debug, FromQueryResult)]
pub struct GrantRow {
    /// Primary key.
    pub id: Uuid,
    /// The space.
    pub space_id: Uuid,
    /// Whose it is.
    pub member_id: Uuid,
    /// What for.
    pub capability: Capability,
    /// The phase that it is for, or that its thread is in.
    pub phase_id: Option<Uuid>,
    /// The thread that it is for.
    pub thread_id: Option<Uuid>,
    /// Who gave it.
    pub granted_by_id: Uuid,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When it ends, or ended.
    pub ends_at: Option<DateTime<Utc>>,
    /// Who took it back.
    pub revoked_by_id: Option<Uuid>,
}

const COLUMNS: &str = "SELECT g.id, g.space_id, g.member_id, g.capability, g.phase_id, g.thread_id, g.granted_by_id, \
    g.created_at, g.ends_at, g.revoked_by_id FROM capability_grant g";

/// Grants by id, also ended ones, as far as the viewer is a member of the space.
///
/// # Errors
/// The database's.
pub async fn grants_by_id(reader: &Reader, ids: &[Uuid]) -> Result<Vec<GrantRow>> {
    let mut sql = reader.sql(COLUMNS);
    push_viewer(&mut sql, reader.actor()?.account_id, "g.space_id");
    sql.push("WHERE ").is_in("g.id", ids);
    reader.rows(sql).await
}

/// The grants in force of members whom the viewer sees, newest first.
///
/// # Errors
/// The database's.
pub async fn grants_of(reader: &Reader, members: &[Uuid]) -> Result<Vec<GrantRow>> {
    let mut sql = reader.sql(COLUMNS);
    push_viewer(&mut sql, reader.actor()?.account_id, "g.space_id");
    sql.push("WHERE (g.ends_at IS NULL OR g.ends_at > :now) AND ")
        .is_in("g.member_id", members)
        .push(" ORDER BY g.created_at DESC, g.id DESC");
    reader.rows(sql).await
}

#[derive(FromQueryResult)]
struct ScopeRow {
    scope_id: Uuid,
}

/// Where a member may do something by grant: ids of spaces, phases and threads.
///
/// # Errors
/// The database's.
pub async fn reach(reader: &Reader, member: Uuid, capability: Capability) -> Result<Vec<Uuid>> {
    let mut sql = reader.sql(
        "SELECT g.scope_id FROM capability_grant g WHERE (g.ends_at IS NULL OR g.ends_at > :now) AND g.member_id = ",
    );
    sql.bind(member)
        .push(" AND g.capability = ")
        .bind(sea_orm::ActiveEnum::to_value(&capability));
    Ok(reader
        .rows::<ScopeRow>(sql)
        .await?
        .into_iter()
        .map(|row| row.scope_id)
        .collect())
}

/// A grant to be given.
#[derive(Clone, Debug)]
pub struct NewGrant {
    /// Whose it will be.
    pub member_id: Uuid,
    /// What for.
    pub capability: Capability,
    /// The phase that it is for, or that its thread is in.
    pub phase_id: Option<Uuid>,
    /// The thread that it is for.
    pub thread_id: Option<Uuid>,
    /// When it ends.
    pub ends_at: Option<DateTime<Utc>>,
}

/// The grants in force of a member, inside a unit of work.
///
/// # Errors
/// The database's.
pub async fn grants_in_force(tx: &Tx<'_>, member: Uuid) -> Result<Vec<GrantRow>> {
    let mut sql = tx.sql(COLUMNS);
    sql.push(" WHERE (g.ends_at IS NULL OR g.ends_at > :now) AND g.member_id = ")
        .bind(member);
    tx.rows(sql).await
}

/// A grant, inside a unit of work of a member of the same space.
///
/// # Errors
/// The database's.
pub async fn grant(tx: &Tx<'_>, id: Uuid) -> Result<Option<GrantRow>> {
    let mut sql = tx.sql(COLUMNS);
    sql.push(" WHERE g.id = ").bind(id);
    tx.row(sql).await
}

/// Gives a grant.
///
/// # Errors
/// The database's.
pub async fn insert_grant(tx: &Tx<'_>, id: Uuid, (space, by): (Uuid, Uuid), new: &NewGrant) -> Result<()> {
    let row = capability_grant::ActiveModel {
        id: Set(id),
        space_id: Set(space),
        member_id: Set(new.member_id),
        capability: Set(new.capability),
        scope_id: Set(new.thread_id.or(new.phase_id).unwrap_or(space)),
        phase_id: Set(new.phase_id),
        thread_id: Set(new.thread_id),
        granted_by_id: Set(by),
        created_at: Set(tx.clock().now()),
        ends_at: Set(new.ends_at),
        revoked_by_id: Set(None),
    };
    capability_grant::Entity::insert(row)
        .exec_without_returning(&**tx)
        .await?;
    Ok(())
}

/// Sets the end of a grant, and who took it back.
///
/// # Errors
/// The database's.
pub async fn change_grant(
    tx: &Tx<'_>,
    id: Uuid,
    ends_at: Option<DateTime<Utc>>,
    revoked_by: Option<Uuid>,
) -> Result<()> {
    let row = capability_grant::ActiveModel {
        id: Unchanged(id),
        ends_at: Set(ends_at),
        revoked_by_id: Set(revoked_by),
        ..Default::default()
    };
    row.update(&**tx).await?;
    Ok(())
}

/// Ends the grants for a phase and its threads.
pub(in super::super) async fn end_grants_of_phase(tx: &Tx<'_>, phase: Uuid) -> Result<()> {
    end_grants(tx, capability_grant::Column::PhaseId, phase).await
}

/// Ends all grants in a space.
pub(in super::super) async fn end_grants_of_space(tx: &Tx<'_>, space: Uuid) -> Result<()> {
    end_grants(tx, capability_grant::Column::SpaceId, space).await
}

/// Ends the grants of a member.
pub(in super::super) async fn end_grants_of_member(tx: &Tx<'_>, member: Uuid) -> Result<()> {
    end_grants(tx, capability_grant::Column::MemberId, member).await
}

async fn end_grants(tx: &Tx<'_>, column: capability_grant::Column, id: Uuid) -> Result<()> {
    let (now, ends_at) = (tx.clock().now(), capability_grant::Column::EndsAt);
    capability_grant::Entity::update_many()
        .col_expr(ends_at, Expr::value(now))
        .filter(column.eq(id).and(ends_at.is_null().or(ends_at.gt(now))))
        .exec(&**tx)
        .await?;
    Ok(())
}

/// Notes that a thread is in another phase, with which its grants end from now on.
///
/// # Errors
/// The database's.
pub async fn relocate_grants(tx: &Tx<'_>, thread: Uuid, phase: Uuid) -> Result<()> {
    capability_grant::Entity::update_many()
        .col_expr(capability_grant::Column::PhaseId, Expr::value(phase))
        .filter(capability_grant::Column::ThreadId.eq(thread))
        .exec(&**tx)
        .await?;
    Ok(())
}
