//! Being present, and seeing who is.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    rules::{self, Doing, LIFE, Setting},
    store,
};
use crate::{
    app::App,
    features::forum::space_of_thread,
    platform::{
        auth::Actor,
        db::Reader,
        error::{Error, Reason, Result},
        lease::Picture,
    },
};

/// What became of a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Set {
    /// Until when it is present.
    pub expires_at: Option<DateTime<Utc>>,
    /// Whether it isn't because its holder is off.
    pub is_off: bool,
}

/// Notes what the actor does on this device, or with `None` that they have left it.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`/`STATE_NOT_ALLOWED` unless the space is in use.
pub(super) async fn set(app: &App, actor: &Actor, space: Uuid, doing: Option<Doing>) -> Result<Set> {
    let reader = Reader::passing(&app.db, Some(actor.clone()));
    let place = store::place(&reader, space).await?;
    let place = place.ok_or_else(|| Error::not_found().at(&["spaceId"]))?;
    let is_off = place.setting.is_off(place.role, app.clock.now());
    let device = (place.member_id, actor.session_id);
    let doing = match doing {
        Some(_) if !place.setting.is_in_use() => return Err(Error::forbidden(Reason::StateNotAllowed)),
        Some(doing) if !is_off => doing,
        _ => {
            app.presence.let_go(space, device).await?;
            let expires_at = None;
            return Ok(Set { expires_at, is_off });
        }
    };
    if let Some(thread) = doing.thread
        && space_of_thread(&reader, thread).await? != Some(space)
    {
        return Err(Error::not_found().at(&["threadId"]));
    }
    let expires_at = Some(app.presence.hold(space, device, doing, LIFE).await?);
    Ok(Set { expires_at, is_off })
}

/// A space as somebody finds it.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    pub setting: Arc<Setting>,
    /// Whether they are off.
    pub is_off: bool,
    /// Whether it is known who is there.
    pub is_known: bool,
    /// Who is there, and what they do, whether or not the reader may know in which thread.
    pub present: Vec<(Uuid, Doing)>,
}

/// Who of those who hold leases is present for a member who listens.
///
/// # Errors
/// `NOT_FOUND` if the space is gone.
pub(super) async fn scene(reader: &Reader, room: &Picture<Doing>) -> Result<Scene> {
    let vantage = reader.vantage();
    let vantage = vantage.ok_or_else(|| Error::internal("a reader who doesn't listen"))?;
    let (space, viewer) = (vantage.seat.space_id, vantage.seat.role);
    let setting = store::system_setting(reader, vantage, space).await?;
    let setting = setting.ok_or_else(Error::not_found)?;
    let members: Vec<Uuid> = room.holders.iter().map(|(member, _)| *member).collect();
    let roles = store::system_roles(reader, vantage, space, &members).await?;
    let now = reader.db().clock().now();
    let present = rules::present(&setting, viewer, &room.holders, &roles, now);
    let is_off = setting.is_off(viewer, now);
    Ok(Scene {
        setting,
        is_off,
        is_known: room.is_known,
        present,
    })
}
