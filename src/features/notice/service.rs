//! Telling accounts of events, and what they do with what they were told.

use entity::enums::{EventKind, NotificationKind};
use uuid::Uuid;

use super::store::{self, Read, Recipient};
use crate::{
    app::App,
    event as fact,
    platform::{
        auth::Actor,
        db::{Reader, Tx},
        error::{Error, Result},
        job::{Lease, Outcome},
        stream::Event,
        text,
    },
};

/// Tells all whom an event concerns, each once, however often it is attempted.
///
/// # Errors
/// The database's: what was told stays, and the next attempt goes on.
pub(super) async fn fan_out(app: &App, event: Uuid, lease: &Lease) -> Result<Outcome> {
    let reader = Reader::passing(&app.db, None);
    // Who was away for so long that it was deleted has missed it anyway.
    let Some(event) = store::system_event(&reader, event).await? else {
        return Ok(Outcome::Done);
    };
    for (kind, recipient) in recipients(&reader, &event).await? {
        if lease.is_over() {
            return Ok(Outcome::Retry("LATE"));
        }
        tell(app, &event, kind, recipient).await?;
    }
    Ok(Outcome::Done)
}

/// Whom an event concerns, and why: each once.
async fn recipients(reader: &Reader, event: &Event) -> Result<Vec<(NotificationKind, Recipient)>> {
    use EventKind as E;
    use NotificationKind as N;
    let (space, actor) = (event.stream_id, event.actor_id);
    let as_kind = |kind: N| move |recipient: Recipient| (kind, recipient);
    Ok(match (event.kind, event.contribution_id) {
        (E::ContributionPublished, Some(id)) => {
            let mut all = Vec::new();
            if event.is_moderation {
                let author = (space, event.author_id);
                all.extend(
                    store::system_members(reader, author, N::Decision, actor)
                        .await?
                        .into_iter()
                        .map(as_kind(N::Decision)),
                );
            }
            // Who did it is the moderator here: the author is left out by the statements.
            let writer = event.author_id;
            if event.root_id.is_some() {
                let answered = store::system_answered(reader, id, writer).await?;
                all.extend(answered.into_iter().map(as_kind(N::Reply)));
            }
            let html = store::system_text(reader, id).await?.unwrap_or_default();
            let mentioned = text::mentioned(&html);
            if !mentioned.is_empty() {
                let mentioned = store::system_mentioned(reader, id, &mentioned, writer).await?;
                let is_new =
                    |known: &[(N, Recipient)], one: &Recipient| known.iter().all(|(_, known)| known.id != one.id);
                let new: Vec<_> = mentioned.into_iter().filter(|one| is_new(&all, one)).collect();
                all.extend(new.into_iter().map(as_kind(N::Mention)));
            }
            all
        }
        (_, Some(_)) => {
            let author = (space, event.author_id);
            let found = store::system_members(reader, author, N::Decision, actor).await?;
            found.into_iter().map(as_kind(N::Decision)).collect()
        }
        (E::PhaseOpened | E::PhaseReopened, None) => {
            let found = store::system_members(reader, (space, None), N::PhaseOpened, actor).await?;
            found.into_iter().map(as_kind(N::PhaseOpened)).collect()
        }
        (E::MemberUpdated | E::GrantCreated | E::GrantRevoked, None) => {
            let member = (space, event.member_id);
            let found = store::system_members(reader, member, N::RoleChanged, actor).await?;
            found.into_iter().map(as_kind(N::RoleChanged)).collect()
        }
        (E::ReportCreated | E::ReportEscalated | E::ReportDelayed, None) => match event.report_id {
            Some(report) => {
                let found = store::system_judges(reader, event, report).await?;
                found.into_iter().map(as_kind(N::ReportToDecide)).collect()
            }
            None => Vec::new(),
        },
        _ => Vec::new(),
    })
}

/// Tells one, unless that was done before or they are gone since.
async fn tell(app: &App, event: &Event, kind: NotificationKind, to: Recipient) -> Result<()> {
    app.db
        .write(None, |tx| {
            Box::pin(async move {
                let id = tx.clock().new_id();
                if store::system_is_there(tx, to).await? && store::insert(tx, store::row(id, to, kind, event)).await? {
                    tx.emit(to.account_id, fact::notification(tx.clock(), id));
                }
                Ok(())
            })
        })
        .await
}

/// Notes that the actor has read some notifications.
///
/// # Errors
/// `NOT_FOUND` if one of them is not theirs.
pub(super) async fn mark_read(app: &App, actor: &Actor, read: &Read) -> Result<()> {
    let account = actor.account_id;
    app.db
        .write(None, |tx| {
            Box::pin(async move {
                let mut named = match read {
                    Read::These(ids) => ids.clone(),
                    Read::UpTo(id) => vec![*id],
                };
                named.sort_unstable();
                named.dedup();
                if store::known(tx, account, &named).await? != i64::try_from(named.len()).unwrap_or(i64::MAX) {
                    return Err(Error::not_found());
                }
                if store::mark_read(tx, account, read).await? > 0 {
                    tx.emit(account, fact::notifications_read(tx.clock()));
                }
                Ok(())
            })
        })
        .await
}

/// Notes whether the actor wants kinds of notifications.
///
/// # Errors
/// The database's.
pub(super) async fn want(app: &App, actor: &Actor, wishes: &[(NotificationKind, bool)]) -> Result<()> {
    app.db
        .write(None, |tx| {
            Box::pin(async move {
                for &(kind, is_wanted) in wishes {
                    store::want(tx, actor.account_id, kind, is_wanted).await?;
                }
                Ok(())
            })
        })
        .await
}

/// Deletes the inbox of somebody who is erased.
///
/// # Errors
/// The database's.
pub async fn erase(tx: &Tx<'_>, account: Uuid) -> Result<()> {
    store::delete_all(tx, account).await
}
