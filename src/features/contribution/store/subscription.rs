//! What members follow and mute.

use std::collections::HashMap;

use entity::{enums::SubscriptionLevel, subscription};
use sea_orm::{ActiveValue::Set, EntityTrait, FromQueryResult, sea_query::OnConflict};
use uuid::Uuid;

use crate::{
    features::space::push_viewer,
    platform::{
        db::{Reader, Tx},
        error::Result,
    },
    policy,
};

#[derive(FromQueryResult)]
struct Row {
    thread_id: Uuid,
    level: SubscriptionLevel,
}

/// What the viewer has chosen, for threads that the viewer may see; nothing for the default.
///
/// # Errors
/// The database's.
pub async fn subscriptions(reader: &Reader, threads: &[Uuid]) -> Result<HashMap<Uuid, SubscriptionLevel>> {
    let mut sql = reader.sql(
        "SELECT x.thread_id, x.level FROM subscription x JOIN contribution c ON c.id = x.thread_id \
         LEFT JOIN contribution r ON r.id = c.root_id",
    );
    push_viewer(&mut sql, reader.actor()?.account_id, "c.space_id");
    sql.push("WHERE x.membership_id = m.id AND ")
        .push(policy::VISIBLE)
        .push(" AND ");
    sql.is_in("x.thread_id", threads);
    let rows = reader.rows::<Row>(sql).await?;
    Ok(rows.into_iter().map(|row| (row.thread_id, row.level)).collect())
}

/// Notes what a member wants to hear of a thread. What was chosen stays as it is unless `is_choice`.
pub(in super::super) async fn subscribe(
    tx: &Tx<'_>,
    member: Uuid,
    thread: Uuid,
    level: SubscriptionLevel,
    is_choice: bool,
) -> Result<()> {
    let row = subscription::ActiveModel {
        membership_id: Set(member),
        thread_id: Set(thread),
        level: Set(level),
    };
    let mut known = OnConflict::columns([subscription::Column::MembershipId, subscription::Column::ThreadId]);
    let known = if is_choice {
        known.update_column(subscription::Column::Level).to_owned()
    } else {
        known.do_nothing().to_owned()
    };
    let insert = subscription::Entity::insert(row).on_conflict(known);
    insert.exec_without_returning(&**tx).await?;
    Ok(())
}
