//! Erasing persons.

use uuid::Uuid;

use crate::{
    app::App,
    features::{account, contribution, forum, media, notice, report, review, space},
    platform::{
        auth::Actor,
        db::Gate,
        error::{Error, Reason, Result},
        http::Client,
        telemetry::Stats,
    },
};

/// Contributions that one unit of work erases.
const BATCH: usize = 200;

/// Erases a person: the own account, confirmed with its password, or as staff one of the same organisation. Repeating it changes
/// nothing, and completes what was interrupted, as the server does by itself in time.
///
/// The account goes first, in one unit: from then on nobody acts as this person. Then they leave each of their spaces, and their
/// contributions there lose every text, in units of a bounded size. All that goes on when the client hangs up.
///
/// # Errors
/// `NOT_FOUND`; `INVALID` for a wrong password; `FORBIDDEN`/`LAST_COORDINATOR`; `RATE_LIMITED` after several wrong passwords.
pub async fn erase(app: &App, client: &Client, actor: &Actor, id: Uuid, password: Option<&str>) -> Result<()> {
    if id == actor.account_id {
        let missing = || Error::invalid(Reason::Required, "Confirm with your password.").at(&["currentPassword"]);
        account::confirm(app, client, actor, password.ok_or_else(missing)?).await?;
    }
    let (app, actor) = (app.clone(), actor.clone());
    let work = async move {
        let stays = close(&app, &actor, id).await?;
        vacate_all(&app, stays).await
    };
    let stats = Stats::current();
    tokio::spawn(async move { stats.count(work).await })
        .await
        .map_err(Error::internal)?
}

/// Goes on with an erasure that was interrupted.
pub(in super::super) async fn complete(app: &App, id: Uuid) -> Result<()> {
    let stays = app
        .db
        .write(None, |tx| Box::pin(async move { space::stays(tx, id).await }));
    vacate_all(app, stays.await?).await
}

async fn vacate_all(app: &App, stays: Vec<space::Stay>) -> Result<()> {
    for stay in stays {
        vacate(app, stay).await?;
    }
    app.db.scrub().await;
    Ok(())
}

/// Takes the person out of the account. Returns where they are or were a member.
async fn close(app: &App, actor: &Actor, id: Uuid) -> Result<Vec<space::Stay>> {
    app.db
        .write(None, |tx| {
            Box::pin(async move {
                let subject = account::subject(tx, actor, id).await?;
                let stays = space::stays(tx, id).await?;
                if subject.erased_at.is_none() {
                    account::erase(tx, actor, &subject).await?;
                    notice::erase(tx, id).await?;
                }
                Ok(stays)
            })
        })
        .await
}

/// Ends one membership, and takes the texts out of what was written with it.
async fn vacate(app: &App, stay: space::Stay) -> Result<()> {
    let space = stay.space_id;
    let leave = app.db.write(Some(space), |tx| {
        Box::pin(async move {
            tx.gate(space, Gate::Exclusive).await?;
            space::leave(tx, stay).await?;
            forum::forget_read(tx, stay.member_id).await?;
            report::forget(tx, stay.member_id).await?;
            review::forget(tx, stay.member_id).await?;
            contribution::forget(tx, stay).await
        })
    });
    for batch in leave.await?.chunks(BATCH) {
        let erase = app.db.write(Some(space), |tx| {
            Box::pin(async move {
                tx.gate(space, Gate::Exclusive).await?;
                contribution::erase(tx, space, batch).await?;
                media::erase(tx, space, batch).await
            })
        });
        erase.await?;
    }
    Ok(())
}
