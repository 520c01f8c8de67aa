//! Passwords and one-time secrets.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use entity::enums::{AccountKind, AuditAct};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    super::{
        rules::{self, Login},
        store,
    },
    audit, network,
};
use crate::{
    app::App,
    platform::{
        audit::hex,
        auth::{
            Actor,
            password::{self, Own},
            secret,
        },
        db::Reader,
        error::{Error, Reason, Result},
        http::Client,
    },
};

/// When to try again if others change a password at the same time.
const AGAIN: Duration = Duration::from_secs(1);

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
/// A call that repeats the last change, in the same session and within some minutes, is done already: its answer was lost. That it is the
/// same is seen by a hash of the old and the new password together, which says nothing to whoever doesn't know both and costs as much to
/// try as a password. The hash of the old one alone would do for that too, but then somebody who holds a session, and knows neither,
/// could guess the new one in calls that claim to repeat. A call that is no repetition is a guess like any other, and counts when it is
/// wrong.
///
/// # Errors
/// `INVALID`: the current password is wrong (`CREDENTIALS_WRONG`), the new one too short, too long, too common, or the same;
/// `RATE_LIMITED` after several failures; `UNAVAILABLE` if others go on changing it meanwhile.
pub async fn password_change(app: &App, client: &Client, actor: &Actor, current: &str, new: &str) -> Result<()> {
    for _ in 0..2 {
        if Box::pin(change(app, client, actor, (current, new))).await? {
            return Ok(());
        }
    }
    Err(Error::Unavailable(AGAIN))
}

/// One attempt; false if the password was replaced while it was under way.
async fn change(app: &App, client: &Client, actor: &Actor, (current, new): (&str, &str)) -> Result<bool> {
    let reader = Reader::passing(&app.db, None);
    let account = own(&reader, actor).await?;
    let checked = password::check(new, known(&account));
    checked.map_err(|error| error.at(&["newPassword"]))?;
    // An own password is another one than the secret that was printed, in whatever form.
    if password::is_same(current, new) || secret::printed(current) == secret::printed(new) {
        return Err(Error::invalid(Reason::OutOfRange, "Choose another password.").at(&["newPassword"]));
    }
    let pair = pair(current, new);
    let since = app.clock.now() - rules::CHANGE_REPEATED;
    let last = store::change(&reader, &account, actor.session_id, since).await?;
    let mut is_repeated = false;
    let guess = async {
        if let Some(last) = &last {
            is_repeated = app.passwords.verify(&pair, Some(&last.pair_hash)).await?;
        }
        Ok(is_repeated || verify(app, &account, current).await?)
    };
    let is_right = network::watch(app, &Login::of(&account.login).key, client, guess).await?;
    if is_repeated {
        return Ok(true);
    }
    right(is_right)?;
    let hashes = app.passwords.hash_all(&[new.to_owned(), pair]).await?;
    let [password_hash, pair_hash] = <[String; 2]>::try_from(hashes).map_err(Error::internal)?;
    let row = &store::Change {
        account_id: account.id,
        session_id: actor.session_id,
        pair_hash,
        password_hash,
        changed_at: app.clock.now(),
    };
    let before = &account.password_hash;
    app.db
        .write(None, |tx| {
            Box::pin(async move {
                if !store::replace_password(tx, row.clone(), before).await? {
                    return Ok(false);
                }
                store::end_sessions(tx, actor.account_id, Some(actor.session_id)).await?;
                let act = AuditAct::AccountPasswordChanged;
                audit(tx, act, actor.account_id, &[actor.account_id], None).await?;
                Ok(true)
            })
        })
        .await
}

/// The old and the new password of a change as one, of a length that can be hashed.
fn pair(current: &str, new: &str) -> String {
    let mut hash = Sha256::new();
    for text in [current, new] {
        let part = Sha256::digest(text);
        hash.update(part);
    }
    hex(&hash.finalize())
}

/// The account of the actor.
async fn own(reader: &Reader, actor: &Actor) -> Result<store::Row> {
    store::by_id(reader, actor.account_id)
        .await?
        .ok_or(Error::Unauthenticated)
}

/// What a password of this account must not contain.
fn known(account: &store::Row) -> Own<'_> {
    Own {
        login: &account.login,
        name: &account.display_name,
    }
}

/// Whether what somebody typed is the password of an account.
pub(super) async fn verify(app: &App, account: &store::Row, password: &str) -> Result<bool> {
    let password = typed(password, account.is_password_change_required);
    app.passwords.verify(&password, Some(&account.password_hash)).await
}

/// Brings the hash of a password that was just verified to the form of this release. Whoever signs in doesn't notice if it fails: the next
/// time does.
pub(super) async fn renew(app: &App, account: &store::Row, password: &str) {
    let before = &account.password_hash;
    let renewed = match app.passwords.renewed(password, before).await {
        Ok(None) => return,
        Ok(Some(hash)) => {
            let (id, hash) = (account.id, &hash);
            let unit = app.db.write(None, |tx| {
                Box::pin(async move { store::renew_password(tx, id, before, hash).await })
            });
            unit.await
        }
        Err(error) => Err(error),
    };
    if let Err(error) = renewed {
        tracing::warn!(?error, "the hash of a password keeps its earlier form");
    }
}

/// Refuses what was confirmed with another password.
pub(super) fn right(is_right: bool) -> Result<()> {
    if is_right {
        return Ok(());
    }
    Err(Error::invalid(Reason::CredentialsWrong, "This is not the current password.").at(&["currentPassword"]))
}

/// Lets somebody confirm with their password that they are who they are.
///
/// # Errors
/// `INVALID`/`CREDENTIALS_WRONG` at `currentPassword`; `RATE_LIMITED` after several failures.
pub async fn confirm(app: &App, client: &Client, actor: &Actor, password: &str) -> Result<()> {
    let account = own(&Reader::passing(&app.db, None), actor).await?;
    let guess = verify(app, &account, password);
    right(network::watch(app, &Login::of(&account.login).key, client, guess).await?)
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
                if store::reset_password(tx, account, organisation, hash.clone()).await? {
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
