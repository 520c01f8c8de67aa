//! Passwords and one-time secrets.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use entity::enums::{AccountKind, AuditAct};
use uuid::Uuid;

use super::{super::store, audit};
use crate::{
    app::App,
    platform::{
        auth::{Actor, password, secret},
        db::Reader,
        error::{Error, Reason, Result},
        http::Client,
    },
};

/// What is verified of what somebody typed: a one-time secret in the form in which it was printed.
pub(super) fn typed(password: &str, is_one_time: bool) -> Cow<'_, str> {
    if is_one_time {
        secret::printed(password)
    } else {
        Cow::Borrowed(password)
    }
}

/// Replaces the own password and ends the other sessions.
///
/// # Errors
/// `INVALID`: the current password is wrong (`CREDENTIALS_WRONG`), the new one too short, too long, or the same; `RATE_LIMITED`
/// after several failures.
pub async fn password_change(app: &App, client: &Client, actor: &Actor, current: &str, new: &str) -> Result<()> {
    password::check(new).map_err(|error| error.at(&["newPassword"]))?;
    // An own password is another one than the secret that was printed, in whatever form.
    if current == new || secret::printed(current) == secret::printed(new) {
        return Err(Error::invalid(Reason::OutOfRange, "Choose another password.").at(&["newPassword"]));
    }
    confirm(app, client, actor, current).await?;
    let hash = app.passwords.hash(new).await?;
    let hash = &hash;
    app.db
        .write(None, |tx| {
            Box::pin(async move {
                store::set_password(tx, actor.account_id, None, hash.clone(), false).await?;
                store::end_sessions(tx, actor.account_id, Some(actor.session_id)).await?;
                let act = AuditAct::AccountPasswordChanged;
                audit(tx, act, actor.account_id, &[actor.account_id], None).await
            })
        })
        .await
}

/// Lets somebody confirm with their password that they are who they are.
///
/// # Errors
/// `INVALID`/`CREDENTIALS_WRONG` at `currentPassword`; `RATE_LIMITED` after several failures.
pub async fn confirm(app: &App, client: &Client, actor: &Actor, password: &str) -> Result<()> {
    let reader = Reader::passing(&app.db, None);
    let account = store::by_id(&reader, actor.account_id)
        .await?
        .ok_or(Error::Unauthenticated)?;
    let password = typed(password, account.is_password_change_required);
    let guess = app.passwords.verify(&password, Some(&account.password_hash));
    if app.attempts.watch(&account.login, client, guess).await? {
        return Ok(());
    }
    Err(Error::invalid(Reason::CredentialsWrong, "This is not the current password.").at(&["currentPassword"]))
}

/// New one-time secrets for accounts of the actor's organisation, in the order asked for; their sessions end. An account that
/// is asked for twice gets one secret.
///
/// # Errors
/// `INVALID` for more than 200 accounts; per account `NOT_FOUND`.
pub async fn secrets_reset(app: &App, actor: &Actor, accounts: &[Uuid]) -> Result<Vec<Result<String>>> {
    let organisation = match (actor.kind, actor.organisation_id) {
        (AccountKind::Staff, Some(organisation)) => organisation,
        _ => return Err(Error::forbidden(Reason::RoleNotAllowed)),
    };
    let distinct: Vec<Uuid> = BTreeSet::from_iter(accounts.iter().copied()).into_iter().collect();
    let secrets: Vec<String> = distinct.iter().map(|_| secret::one_time()).collect();
    let hashes = app.passwords.hash_all(&secrets).await?;
    let (distinct, hashes) = (&distinct, &hashes);
    let own = app.db.write(None, |tx| {
        Box::pin(async move {
            let mut own = BTreeSet::new();
            for (&account, hash) in distinct.iter().zip(hashes) {
                if store::set_password(tx, account, Some(organisation), hash.clone(), true).await? {
                    store::end_sessions(tx, account, None).await?;
                    own.insert(account);
                }
            }
            let done: Vec<Uuid> = own.iter().copied().collect();
            let act = AuditAct::AccountSecretReset;
            audit(tx, act, actor.account_id, &done, None).await?;
            Ok(own)
        })
    });
    let own = own.await?;
    let mut made: BTreeMap<Uuid, String> = distinct.iter().copied().zip(secrets).collect();
    made.retain(|account, _| own.contains(account));
    Ok(accounts
        .iter()
        .map(|account| made.get(account).cloned().ok_or_else(Error::not_found))
        .collect())
}
