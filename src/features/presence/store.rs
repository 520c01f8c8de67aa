//! What presence has to know of spaces and members. It keeps nothing itself.

use std::{collections::HashMap, sync::Arc};

use entity::enums::{SpaceRole, SpaceState};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::rules::Setting;
use crate::{
    features::space::push_viewer,
    platform::{
        db::{Reader, Vantage},
        error::Result,
        live::Personal,
    },
    policy::PresenceHours,
};

#[derive(Clone, Debug, FromQueryResult)]
struct SettingRow {
    state: SpaceState,
    time_zone: String,
    presence_from: Option<i32>,
    presence_to: Option<i32>,
}

impl From<SettingRow> for Setting {
    fn from(row: SettingRow) -> Self {
        let hours = row.presence_from.zip(row.presence_to);
        Self {
            state: row.state,
            time_zone: row.time_zone,
            hours: hours.map(|(from, to)| PresenceHours { from, to }),
        }
    }
}

const SETTING_COLUMNS: &str = "s.state, s.time_zone, s.presence_from, s.presence_to";

#[derive(FromQueryResult)]
struct PlaceRow {
    member_id: Uuid,
    role: SpaceRole,
    #[sea_orm(nested)]
    setting: SettingRow,
}

/// A member in a space.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub member_id: Uuid,
    pub role: SpaceRole,
    pub setting: Setting,
}

/// The reader's place in a space; none for those who are no members.
pub(super) async fn place(reader: &Reader, space: Uuid) -> Result<Option<Place>> {
    let mut sql = reader.sql("SELECT m.id AS member_id, m.role, ");
    sql.push(SETTING_COLUMNS).push(" FROM space s");
    push_viewer(&mut sql, reader.actor()?.account_id, "s.id");
    sql.push("WHERE s.id = ").bind(space);
    let row = reader.row::<PlaceRow>(sql).await?;
    Ok(row.map(|row| Place {
        member_id: row.member_id,
        role: row.role,
        setting: row.setting.into(),
    }))
}

// What follows is read once for all who listen to a space, so it asks for nobody's membership: theirs is known by their seats, and one
// who is removed during the reading must not empty the picture of the others.

impl Personal for Setting {
    fn people(&self) -> Vec<Uuid> {
        Vec::new()
    }
}

/// What a space says about presence.
pub(super) async fn system_setting(reader: &Reader, vantage: &Vantage, space: Uuid) -> Result<Option<Arc<Setting>>> {
    let load = |_| {
        Box::pin(async move {
            let mut sql = reader.sql("SELECT ");
            sql.push(SETTING_COLUMNS)
                .push(" FROM space s WHERE s.id = ")
                .bind(space);
            let row = reader.row::<SettingRow>(sql).await?;
            Ok(row.into_iter().map(|row| (space, row.into())).collect())
        }) as _
    };
    Ok(vantage.rows(&[space], load).await?.into_iter().next())
}

#[derive(Clone, Debug, FromQueryResult)]
struct RoleRow {
    id: Uuid,
    role: SpaceRole,
}

impl Personal for RoleRow {
    fn people(&self) -> Vec<Uuid> {
        vec![self.id]
    }
}

/// The roles of those who are members of a space now.
pub(super) async fn system_roles(
    reader: &Reader,
    vantage: &Vantage,
    space: Uuid,
    members: &[Uuid],
) -> Result<HashMap<Uuid, SpaceRole>> {
    let load = |missing: Vec<Uuid>| {
        Box::pin(async move {
            let mut sql = reader.sql("SELECT id, role FROM membership WHERE left_at IS NULL AND space_id = ");
            sql.bind(space).push(" AND ").is_in("id", &missing);
            let rows = reader.rows::<RoleRow>(sql).await?;
            Ok(rows.into_iter().map(|row| (row.id, row)).collect())
        }) as _
    };
    let rows = vantage.rows::<RoleRow>(members, load).await?;
    Ok(rows.iter().map(|row| (row.id, row.role)).collect())
}
