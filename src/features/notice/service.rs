//! Telling accounts of events, and what they do with what they were told.

use entity::enums::{EventKind, NotificationKind};
use uuid::Uuid;

use super::store::{self, Read, Recipient};
use crate::{
    app::App,
    event as fact,
    features::{contribution, review},
    platform::{
        auth::Actor,
        db::{Gate, Reader, Tx},
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
    match (event.kind, event.contribution_id) {
        (_, Some(id)) if event.root_id.is_none() => review::follow(app, id).await?,
        (EventKind::MemberRemoved, _) => review::follow_leaving(app, event.stream_id).await?,
        _ => {}
    }
    for (kind, recipients) in recipients(&reader, &event).await? {
        for recipient in recipients {
            if lease.is_over() {
                return Ok(Outcome::Retry("LATE"));
            }
            tell(app, &event, kind, recipient).await?;
        }
    }
    Ok(Outcome::Done)
}

/// Whom an event concerns, and why: each once.
async fn recipients(reader: &Reader, event: &Event) -> Result<Vec<(NotificationKind, Vec<Recipient>)>> {
    use EventKind as E;
    use NotificationKind as N;
    if let Some(round) = event.round_id {
        return of_round(reader, event, round).await;
    }
    let members = async |kind, member| {
        let found = store::system_members(reader, (event.stream_id, member), kind, event.actor_id).await?;
        Result::Ok((kind, found))
    };
    Ok(match (event.kind, event.contribution_id, event.report_id) {
        (E::ContributionPublished | E::ContributionUpdated | E::ContributionAudienceChanged, Some(id), _) => {
            let mut all = Vec::new();
            if event.is_moderation {
                all.push(members(N::Decision, event.author_id).await?);
            }
            let html = store::system_text(reader, id).await?.unwrap_or_default();
            let named = text::mentioned(&html);
            let is_new = event.kind == E::ContributionPublished;
            let mut answered = Vec::new();
            if event.root_id.is_some() && (is_new || !named.is_empty()) {
                answered = store::system_answered(reader, id).await?;
            }
            if !named.is_empty() {
                let mut mentioned = store::system_mentioned(reader, id, &named).await?;
                mentioned.retain(|one| answered.iter().all(|known| known.id != one.id));
                all.push((N::Mention, mentioned));
            }
            if is_new {
                all.push((N::Reply, answered));
            }
            all
        }
        (_, Some(_), _) if event.is_moderation => vec![members(N::Decision, event.author_id).await?],
        (E::PhaseOpened | E::PhaseReopened, ..) => vec![members(N::PhaseOpened, None).await?],
        (E::MemberUpdated | E::GrantCreated | E::GrantRevoked, ..) => {
            vec![members(N::RoleChanged, event.member_id).await?]
        }
        (E::ReportCreated | E::ReportEscalated | E::ReportDelayed, None, Some(report)) => {
            vec![(N::ReportToDecide, store::system_judges(reader, event, report).await?)]
        }
        _ => Vec::new(),
    })
}

/// Whom something in a review round concerns: those who are asked, and those who are answered.
async fn of_round(reader: &Reader, event: &Event, round: Uuid) -> Result<Vec<(NotificationKind, Vec<Recipient>)>> {
    use EventKind as E;
    use NotificationKind as N;
    let kind = match event.kind {
        E::ReviewRoundOpened | E::ReviewAssigned => N::ReviewAssigned,
        E::ReviewDue => N::ReviewDue,
        E::ReviewRoundReflected | E::ReviewReleased => N::ReviewReleased,
        E::ReviewReacted => N::ReviewReacted,
        _ => return Ok(Vec::new()),
    };
    let found = match kind {
        N::ReviewReleased => store::system_reviewed(reader, (round, event.review_id), event).await?,
        kind => store::system_reviewers(reader, (round, event.review_id), (kind, event.actor_id)).await?,
    };
    Ok(vec![(kind, found)])
}

/// Tells one, unless that was done before or they are gone since.
async fn tell(app: &App, event: &Event, kind: NotificationKind, to: Recipient) -> Result<()> {
    app.db
        .write(None, |tx| {
            Box::pin(async move {
                if let Some(about) = event.contribution_id {
                    // Whoever takes it out of sight comes before this, or finds what it tells.
                    tx.gate(event.stream_id, Gate::Shared).await?;
                    contribution::hold(tx, event.root_id, about).await?;
                }
                let (id, now) = (tx.clock().new_id(), tx.clock().now());
                let Some(standing) = store::system_standing(tx, to, event.contribution_id).await? else {
                    return Ok(());
                };
                let gone_at = (!standing.reads).then_some(now);
                if store::insert(tx, store::row(id, to, (kind, gone_at), event)).await? {
                    tx.emit(to.account_id, fact::notification(tx.clock(), id));
                }
                Ok(())
            })
        })
        .await
}

/// Tells an account that what it hasn't read is something else now.
///
/// # Errors
/// The database's; [`Lease::complete`]'s.
pub(super) async fn tell_changed(app: &App, account: Uuid, lease: &Lease) -> Result<Outcome> {
    let completed = app.db.write(None, |tx| {
        Box::pin(async move {
            tx.emit(account, fact::notifications_changed(tx.clock()));
            lease.complete(tx).await
        })
    });
    Ok(completed.await?.into())
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
                    tx.emit(account, fact::notifications_changed(tx.clock()));
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
