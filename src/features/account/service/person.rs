//! What is mended of a person: the name, the languages, the e-mail address.

use chrono::TimeDelta;
use entity::enums::{AccountKind, AuditAct};
use uuid::Uuid;

use super::{
    super::{
        RENAMED,
        rules::{self, AccountAction, Login, Party},
        store,
    },
    audit, login_taken,
    network::Origin,
    secret::{confirm, right},
};
use crate::{
    app::App,
    platform::{
        auth::{Actor, secret},
        db::{Reader, Tx},
        error::{Error, Reason, Result},
        http::Client,
        job::NewJob,
        scalar, text,
    },
    policy::Verdict,
};

impl From<&Actor> for Party {
    fn from(actor: &Actor) -> Self {
        Self {
            id: actor.account_id,
            kind: actor.kind,
            organisation_id: actor.organisation_id,
        }
    }
}

fn allow(verdict: Verdict) -> Result<()> {
    verdict.map_err(Error::forbidden)
}

/// Gives a person of the actor's organisation another name: members of their spaces see it at once. The same name changes nothing.
///
/// # Errors
/// `NOT_FOUND` at `accountId`; `FORBIDDEN`; `INVALID` at `displayName`.
pub async fn name_change(app: &App, actor: &Actor, id: Uuid, name: &str) -> Result<()> {
    app.db
        .write(None, |tx| {
            Box::pin(async move {
                let account = seen(store::lock(tx, actor.account_id, id).await?)?;
                allow(rules::may(AccountAction::Name, &actor.into(), &store::party(&account)))?;
                let name = match account.kind {
                    AccountKind::Pupil => rules::pupil_name(name),
                    AccountKind::Admin | AccountKind::Staff => text::line(name, rules::LONGEST_NAME),
                };
                let name = name.map_err(|error| error.at(&["displayName"]))?;
                if name == account.display_name {
                    return Ok(());
                }
                store::set_name(tx, &account, name).await?;
                tx.enqueue(NewJob {
                    kind: RENAMED,
                    subject_id: id,
                    space_id: None,
                    due_at: tx.clock().now(),
                });
                audit(tx, AuditAct::AccountNameChanged, actor.account_id, &[id], None).await
            })
        })
        .await
}

/// Replaces the actor's own languages.
///
/// # Errors
/// `INVALID` at `languages`.
pub async fn languages_change(app: &App, actor: &Actor, tags: &[String]) -> Result<()> {
    let languages = scalar::languages(tags).map_err(|error| error.at(&["languages"]))?;
    let languages = &languages;
    app.db
        .write(None, |tx| {
            Box::pin(async move { store::set_languages(tx, actor.account_id, languages.clone()).await })
        })
        .await
}

/// Gives a member of staff another e-mail address, which is what they sign in with: their own with the password, or as staff of the same
/// organisation together with a new one-time secret, which is returned. All their sessions end, and they are told when they sign in next.
/// The address that they have already changes nothing.
///
/// # Errors
/// `NOT_FOUND` at `accountId`; `FORBIDDEN`; `INVALID` at `email` (also `LOGIN_TAKEN`) and `currentPassword`; `RATE_LIMITED` after two
/// changes within a day, and after several wrong passwords.
pub async fn email_change(
    app: &App,
    client: &Client,
    actor: &Actor,
    (id, email, password): (Uuid, &str, Option<&str>),
) -> Result<Option<String>> {
    let reader = Reader::passing(&app.db, None);
    let account = seen(store::seen(&reader, actor.account_id, id).await?)?;
    allow(rules::may(AccountAction::Email, &actor.into(), &store::party(&account)))?;
    let login = rules::staff_login(email).map_err(|error| error.at(&["email"]))?;
    let login = &Login::of(&login);
    let secret = if id == actor.account_id {
        let missing = || Error::invalid(Reason::Required, "Confirm with your password.").at(&["currentPassword"]);
        let password = password.ok_or_else(missing)?;
        Box::pin(confirm(app, client, actor, password)).await?;
        None
    } else {
        Some(secret::one_time())
    };
    if account.login == login.shown {
        return Ok(None);
    }
    let hash = match &secret {
        Some(secret) => Some(app.passwords.hash(secret).await?),
        None => None,
    };
    let (before, hash) = (&account.password_hash, &hash);
    // By the new one as well, who has just confirmed here has been here.
    let origin = &Origin::new(app, &login.key, client).into_hashes();
    app.db
        .write(None, |tx| {
            Box::pin(async move {
                let account = seen(store::lock(tx, actor.account_id, id).await?)?;
                // Who has confirmed with a password that is no longer the own one has confirmed nothing.
                right(hash.is_some() || account.password_hash == *before)?;
                Box::pin(change_login(tx, &account, (login, hash.clone()))).await?;
                if hash.is_none() {
                    store::remember_network(tx, id, origin.clone()).await?;
                }
                audit(tx, AuditAct::AccountEmailChanged, actor.account_id, &[id], None).await
            })
        })
        .await?;
    Ok(secret)
}

async fn change_login(tx: &mut Tx<'_>, account: &store::Row, (login, hash): (&Login, Option<String>)) -> Result<()> {
    let now = tx.clock().now();
    if let Some(first) = account.login_changed_before {
        let wait = first + rules::LOGIN_CHANGES_WITHIN - now;
        if wait > TimeDelta::zero() {
            return Err(Error::RateLimited(wait.to_std().unwrap_or_default()));
        }
    }
    if store::is_login_taken(tx, login, account.id).await? {
        return Err(login_taken().at(&["email"]));
    }
    store::set_login(tx, account, login, hash).await?;
    store::end_sessions(tx, account.id, None).await
}

/// The account, unless the actor doesn't see it.
fn seen(account: Option<store::Row>) -> Result<store::Row> {
    account.ok_or_else(|| Error::not_found().at(&["accountId"]))
}
