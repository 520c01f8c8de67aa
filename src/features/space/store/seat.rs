//! Where members sit, and what those who listen to a space see of what was read for all of them.

use chrono::{DateTime, Utc};
use entity::enums::{Capability, MobilityStatus, SpaceRole};
use futures_util::future::BoxFuture;
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::{MemberRow, PhaseRow, SpaceRow, ViewerRow, push_viewer};
use crate::platform::{
    auth::seat::{Grant, Seat},
    db::{Reader, Vantage},
    error::Result,
    live::Personal,
};

#[derive(FromQueryResult)]
struct SeatRow {
    id: Uuid,
    space_id: Uuid,
    role: SpaceRole,
    organisation_id: Uuid,
    mobility_status: Option<MobilityStatus>,
    pre_moderated_until: Option<DateTime<Utc>>,
    capability: Option<Capability>,
    scope_id: Option<Uuid>,
    ends_at: Option<DateTime<Utc>>,
    last_seq: i64,
}

/// The seat of the reader in a space, and the number of the last event that it takes into account; none for those who are no members.
///
/// # Errors
/// The database's.
pub async fn seat(reader: &Reader, space: Uuid) -> Result<Option<(Seat, i64)>> {
    let mut sql = reader.sql(
        "SELECT m.id, m.space_id, m.role, m.organisation_id, m.mobility_status, m.pre_moderated_until, g.capability, \
         g.scope_id, g.ends_at, t.last_seq FROM space s JOIN stream t ON t.id = s.id",
    );
    push_viewer(&mut sql, reader.actor()?.account_id, "s.id");
    sql.push(
        "LEFT JOIN capability_grant g ON g.member_id = m.id AND (g.ends_at IS NULL OR g.ends_at > :now) WHERE s.id = ",
    )
    .bind(space);
    let rows = reader.rows::<SeatRow>(sql).await?;
    let grant = |row: &SeatRow| {
        Some(Grant {
            capability: row.capability?,
            scope_id: row.scope_id?,
            ends_at: row.ends_at,
        })
    };
    Ok(rows.first().map(|row| {
        let seat = Seat {
            space_id: row.space_id,
            member_id: row.id,
            role: row.role,
            organisation_id: row.organisation_id,
            mobility: row.mobility_status,
            pre_moderated_until: row.pre_moderated_until,
            grants: rows.iter().filter_map(grant).collect(),
        };
        (seat, row.last_seq)
    }))
}

/// A row that every member of its space sees.
pub trait Listed: Clone + Personal {
    /// Primary key.
    fn id(&self) -> Uuid;

    /// Its space.
    fn space_id(&self) -> Uuid;

    /// The same as it is for somebody else.
    #[must_use]
    fn seen_from(self, vantage: &Vantage, now: DateTime<Utc>) -> Self;
}

impl Personal for SpaceRow {
    fn people(&self) -> Vec<Uuid> {
        Vec::new()
    }
}

impl Listed for SpaceRow {
    fn id(&self) -> Uuid {
        self.id
    }

    fn space_id(&self) -> Uuid {
        self.id
    }

    fn seen_from(self, vantage: &Vantage, now: DateTime<Utc>) -> Self {
        let viewer = ViewerRow::seated(&vantage.seat, None, now);
        let since = Some(vantage.shared().since());
        Self { viewer, since, ..self }
    }
}

impl Personal for PhaseRow {
    fn people(&self) -> Vec<Uuid> {
        Vec::new()
    }
}

impl Listed for PhaseRow {
    fn id(&self) -> Uuid {
        self.id
    }

    fn space_id(&self) -> Uuid {
        self.space_id
    }

    fn seen_from(self, vantage: &Vantage, now: DateTime<Utc>) -> Self {
        let viewer = ViewerRow::seated(&vantage.seat, Some(&[self.space_id, self.id]), now);
        Self { viewer, ..self }
    }
}

impl Personal for MemberRow {
    fn people(&self) -> Vec<Uuid> {
        vec![self.id]
    }
}

impl Listed for MemberRow {
    fn id(&self) -> Uuid {
        self.id
    }

    fn space_id(&self) -> Uuid {
        self.space_id
    }

    fn seen_from(self, vantage: &Vantage, now: DateTime<Utc>) -> Self {
        let viewer = ViewerRow::seated(&vantage.seat, None, now);
        Self { viewer, ..self }
    }
}

/// Rows by id. For those who listen to a space, its rows are read once for all; what is elsewhere, each reads alone.
///
/// # Errors
/// The database's.
pub async fn listed<T: Listed>(
    reader: &Reader,
    ids: &[Uuid],
    read: impl for<'r> Fn(&'r Reader, Vec<Uuid>) -> BoxFuture<'r, Result<Vec<T>>> + Send + Sync,
) -> Result<Vec<T>> {
    let Some(vantage) = reader.vantage() else {
        return read(reader, ids.to_vec()).await;
    };
    let member = vantage.member(reader);
    let load = |missing| {
        let rows = read(&member, missing);
        Box::pin(async move { Ok(rows.await?.into_iter().map(|row| (row.id(), row)).collect()) }) as _
    };
    let shared = vantage.rows::<T>(ids, load).await?;
    let now = reader.db().clock().now();
    let own = shared.iter().filter(|row| row.space_id() == vantage.seat.space_id);
    let mut rows: Vec<T> = own.map(|row| T::clone(row).seen_from(vantage, now)).collect();
    let elsewhere: Vec<Uuid> = ids
        .iter()
        .filter(|id| !rows.iter().any(|row| row.id() == **id))
        .copied()
        .collect();
    if !elsewhere.is_empty() {
        rows.extend(read(reader, elsewhere).await?);
    }
    Ok(rows)
}
