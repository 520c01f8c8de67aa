//! Reactions to contributions.

use entity::{enums::ReactionKind, reaction};
use sea_orm::{ActiveValue::Set, EntityTrait, FromQueryResult, sea_query::OnConflict};
use uuid::Uuid;

use super::shared;
use crate::{
    features::space::push_viewer,
    platform::{
        db::{Reader, Tx},
        error::Result,
    },
    policy,
};

/// How many react to a contribution in one way.
#[derive(Clone, Debug, FromQueryResult)]
pub struct ReactionRow {
    pub contribution_id: Uuid,
    pub kind: ReactionKind,
    pub count: i64,
    /// Whether the viewer is one of them: 0 or 1.
    pub own: i64,
}

/// The reactions to contributions that the viewer may see.
pub(in super::super) async fn reactions(reader: &Reader, contributions: &[Uuid]) -> Result<Vec<ReactionRow>> {
    if let Some(vantage) = reader.vantage() {
        return shared::reactions(reader, vantage, contributions).await;
    }
    let mut sql = reader.sql(
        "SELECT x.contribution_id, x.kind, COUNT(*) AS count, \
         COUNT(CASE WHEN x.membership_id = m.id THEN 1 END) AS own FROM reaction x \
         JOIN contribution c ON c.id = x.contribution_id LEFT JOIN contribution r ON r.id = c.root_id",
    );
    push_viewer(&mut sql, reader.actor()?.account_id, "c.space_id");
    sql.push("WHERE ").push(policy::VISIBLE).push(" AND ");
    sql.is_in("x.contribution_id", contributions)
        .push(" GROUP BY x.contribution_id, x.kind");
    reader.rows(sql).await
}

/// Notes a reaction; whether it is new.
pub(in super::super) async fn add_reaction(
    tx: &Tx<'_>,
    contribution: Uuid,
    member: Uuid,
    kind: ReactionKind,
) -> Result<bool> {
    let row = reaction::ActiveModel {
        contribution_id: Set(contribution),
        kind: Set(kind),
        membership_id: Set(member),
        created_at: Set(tx.clock().now()),
    };
    let nothing = OnConflict::new().do_nothing().to_owned();
    let insert = reaction::Entity::insert(row).on_conflict(nothing);
    Ok(insert.exec_without_returning(&**tx).await? == 1)
}

/// Takes a reaction back; whether there was one.
pub(in super::super) async fn remove_reaction(
    tx: &Tx<'_>,
    contribution: Uuid,
    member: Uuid,
    kind: ReactionKind,
) -> Result<bool> {
    let delete = reaction::Entity::delete_by_id((contribution, kind, member));
    Ok(delete.exec(&**tx).await?.rows_affected == 1)
}
