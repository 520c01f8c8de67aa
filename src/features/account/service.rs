//! Signing in and out, passwords and one-time secrets.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use entity::{
    account::{self, Languages},
    enums::{AccountKind, AuditAct},
    session,
};
use sea_orm::ActiveValue::{Set, Unchanged};
use uuid::Uuid;

use super::{
    rules,
    store::{self, Subject},
};
use crate::{
    app::App,
    platform::{
        audit::{INSTALLATION, Record, State},
        auth::{Actor, password, secret, secret::RefreshToken},
        db::{Reader, Tx},
        error::{Checks, Code, Error, Reason, Result},
        http::Client,
        id::Kind,
        idempotency,
    },
};

/// What a client needs to stay signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// JWT for the `Authorization` header.
    pub access_token: String,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// For `sessionRefresh`.
    pub refresh_token: String,
    /// Who signed in.
    pub actor: Actor,
}

/// An account to be made.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Its id.
    pub id: Uuid,
    /// What it is for.
    pub kind: AccountKind,
    /// What it signs in with.
    pub login: String,
    /// The name that members see.
    pub display_name: String,
    /// Language tags.
    pub languages: Vec<String>,
    /// The school or body.
    pub organisation_id: Option<Uuid>,
    /// Year of birth; pupils only.
    pub birth_year: Option<i32>,
    /// Hash of the secret.
    pub password_hash: String,
    /// Whether somebody else has seen the secret.
    pub is_one_time: bool,
}

/// Makes an account for `actor`, unless its login is taken: of several units that want one login at once, one gets it. Returns
/// whether the account was made.
///
/// # Errors
/// The database's.
pub async fn insert(tx: &mut Tx<'_>, actor: Option<Uuid>, new: NewAccount) -> Result<bool> {
    let record = Record::new(AuditAct::AccountCreated, actor, (Kind::Account, new.id)).after(new.kind);
    let chain = new.organisation_id.unwrap_or(INSTALLATION);
    let row = account::Model {
        id: new.id,
        kind: new.kind,
        login: new.login,
        display_name: new.display_name,
        languages: Languages(new.languages),
        organisation_id: new.organisation_id,
        birth_year: new.birth_year,
        password_hash: new.password_hash,
        is_password_change_required: new.is_one_time,
        created_at: tx.clock().now(),
        erased_at: None,
    };
    let is_made = store::insert(tx, row).await?;
    if is_made {
        tx.audit(chain, record);
    }
    Ok(is_made)
}

/// Notes what was done to accounts on all chains of the audit trail on which it stands: that of their organisation, and of each
/// space in which they are members.
///
/// # Errors
/// The database's.
pub async fn audit(
    tx: &mut Tx<'_>,
    act: AuditAct,
    actor: Uuid,
    accounts: &[Uuid],
    before: Option<AccountKind>,
) -> Result<()> {
    let mut chains = store::chains(tx, accounts).await?;
    for account in accounts {
        if !chains.iter().any(|(known, _)| known == account) {
            chains.push((*account, INSTALLATION));
        }
    }
    for (account, chain) in chains {
        let record = Record::new(act, actor, (Kind::Account, account));
        tx.audit(chain, record.before(State::default().maybe(before)));
    }
    Ok(())
}

/// What somebody hears who wants a login that is taken.
#[must_use]
pub fn login_taken() -> Error {
    Error::refused(
        Code::Invalid,
        Reason::LoginTaken,
        "There is an account with this login already.",
    )
}

/// Makes a platform administrator: the first account of a fresh installation.
///
/// # Errors
/// The e-mail address or password is refused, or the address is taken.
pub async fn create_administrator(
    app: &App,
    email: &str,
    display_name: &str,
    (password, is_one_time): (&str, bool),
) -> Result<Uuid> {
    let mut checks = Checks::default();
    let login = checks.field("email", rules::staff_login(email))?.unwrap_or_default();
    checks.field("password", password::check(password))?;
    checks.done()?;
    let new = NewAccount {
        id: app.clock.new_id(),
        kind: AccountKind::Admin,
        login,
        display_name: display_name.to_owned(),
        languages: vec!["en".to_owned()],
        organisation_id: None,
        birth_year: None,
        password_hash: app.passwords.hash(password).await?,
        is_one_time,
    };
    let id = new.id;
    let new = &new;
    let is_made = app
        .db
        .write(None, |tx| Box::pin(async move { insert(tx, None, new.clone()).await }))
        .await?;
    if is_made {
        Ok(id)
    } else {
        Err(login_taken().at(&["email"]))
    }
}

/// Whom an account and its session stand for, now: one statement, so that an ended session counts at once.
///
/// # Errors
/// [`Error::Unauthenticated`].
pub async fn authenticate(app: &App, account: Uuid, session: Uuid) -> Result<(Arc<Reader>, Actor)> {
    let reader = Reader::open(&app.db);
    let actor = store::actor(&reader, account, session, app.clock.system())
        .await?
        .ok_or(Error::Unauthenticated)?;
    Ok((reader.acting(actor.clone()), actor))
}

/// Signs in.
///
/// # Errors
/// `INVALID`/`CREDENTIALS_WRONG`, after exactly one verification whether the login is known or not; `RATE_LIMITED` after several
/// failures.
pub async fn session_create(app: &App, client: &Client, login: &str, password: &str) -> Result<SignedIn> {
    let reader = Reader::passing(&app.db, None);
    let login = rules::normalise(login);
    // PostgreSQL takes no text with a NUL in it, and no login has one.
    let account = if login.contains('\0') {
        None
    } else {
        store::by_login(&reader, &login).await?
    };
    let hash = account.as_ref().map(|account| account.password_hash.as_str());
    let is_one_time = account
        .as_ref()
        .is_some_and(|account| account.is_password_change_required);
    let password = typed(password, is_one_time);
    let guess = app.passwords.verify(&password, hash);
    let is_right = app.attempts.watch(&login, client, guess).await?;
    let Some(account) = account.filter(|_| is_right) else {
        return Err(Error::invalid(
            Reason::CredentialsWrong,
            "Login and password don't belong together.",
        ));
    };
    let (id, token, now) = (app.clock.new_id(), RefreshToken::new(), app.clock.system());
    let row = session::ActiveModel {
        id: Set(id),
        account_id: Set(account.id),
        key_hash: Set(token.key_hash()),
        current_hash: Set(token.rotation_hash()),
        previous_hash: Set(None),
        rotated_at: Set(now),
        expires_at: Set(now + rules::SESSION_IDLE),
        ended_at: Set(None),
        created_at: Set(now),
    };
    let row = &row;
    app.db
        .write(None, |tx| {
            Box::pin(async move { store::insert_session(tx, row.clone()).await })
        })
        .await?;
    signed_in(app, &account, id, &token)
}

/// What is verified of what somebody typed: a one-time secret in the form in which it was printed.
fn typed(password: &str, is_one_time: bool) -> Cow<'_, str> {
    if is_one_time {
        secret::printed(password)
    } else {
        Cow::Borrowed(password)
    }
}

/// Exchanges a refresh token for new tokens.
///
/// The previous token works for a minute while its successor is unused, because phones lose answers: the unused successor is
/// replaced. Any other old token means that two parties hold the session: it ends.
///
/// # Errors
/// `INVALID`/`SESSION_ENDED`.
pub async fn session_refresh(app: &App, refresh_token: &str) -> Result<SignedIn> {
    let ended = || Error::invalid(Reason::SessionEnded, "The session has ended: sign in again.");
    let token = RefreshToken::decode(refresh_token).ok_or_else(ended)?;
    let next = token.next();
    let (token, next) = (&token, &next);
    let session = app.db.write(None, |tx| {
        Box::pin(async move {
            let now = tx.clock().system();
            let Some(session) = store::lock_session(tx, token.key_hash()).await? else {
                return Ok(None);
            };
            if session.ended_at.is_some() || session.expires_at <= now {
                return Ok(None);
            }
            let hash = token.rotation_hash();
            let is_current = session.current_hash == hash;
            let is_previous =
                session.previous_hash.as_ref() == Some(&hash) && now - session.rotated_at <= rules::ROTATION_GRACE;
            if !is_current && !is_previous {
                store::end_session(tx, session.id).await?;
                return Ok(None);
            }
            let mut row = session::ActiveModel {
                id: Unchanged(session.id),
                current_hash: Set(next.rotation_hash()),
                expires_at: Set(now + rules::SESSION_IDLE),
                ..Default::default()
            };
            if is_current {
                row.previous_hash = Set(Some(hash));
                row.rotated_at = Set(now);
            }
            store::rotate(tx, row).await?;
            Ok(Some(session))
        })
    });
    let session = session.await?.ok_or_else(ended)?;
    let reader = Reader::passing(&app.db, None);
    let account = store::by_id(&reader, session.account_id).await?.ok_or_else(ended)?;
    signed_in(app, &account, session.id, next)
}

fn signed_in(app: &App, account: &account::Model, session: Uuid, token: &RefreshToken) -> Result<SignedIn> {
    let (access_token, expires_at) = app
        .signer
        .sign(account.id, session, app.clock.new_id(), app.clock.system())?;
    let actor = Actor {
        account_id: account.id,
        session_id: session,
        kind: account.kind,
        organisation_id: account.organisation_id,
        languages: account.languages.0.clone(),
        is_password_change_required: account.is_password_change_required,
    };
    Ok(SignedIn {
        access_token,
        expires_at,
        refresh_token: token.encode(),
        actor,
    })
}

/// Ends the session of the access token, or all sessions of the account.
///
/// # Errors
/// The database's.
pub async fn session_revoke(app: &App, actor: &Actor, all: bool) -> Result<()> {
    app.db
        .write(None, |tx| {
            Box::pin(async move {
                if all {
                    store::end_sessions(tx, actor.account_id, None).await?;
                    let act = AuditAct::AccountSessionsRevoked;
                    audit(tx, act, actor.account_id, &[actor.account_id], None).await
                } else {
                    store::end_session(tx, actor.session_id).await
                }
            })
        })
        .await
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

/// The account that is to be erased or exported: the own one, or as staff one of the same organisation. Erased ones too.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn subject(tx: &Tx<'_>, actor: &Actor, id: Uuid) -> Result<Subject> {
    let found = store::subject(tx, actor.account_id, id).await?;
    found.ok_or_else(|| Error::not_found().at(&["accountId"]))
}

/// Takes name, login, languages, year of birth and password out of an account, ends its sessions and forgets its keys. Goes on
/// record, so call it while its memberships are there.
///
/// # Errors
/// The database's.
pub async fn erase(tx: &mut Tx<'_>, actor: &Actor, subject: &Subject) -> Result<()> {
    let act = AuditAct::AccountErased;
    audit(tx, act, actor.account_id, &[subject.id], Some(subject.kind)).await?;
    store::erase(tx, subject.id).await?;
    idempotency::forget(tx, subject.id).await
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
