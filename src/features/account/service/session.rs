//! Signing in and out.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::enums::AuditAct;
use uuid::Uuid;

use super::{
    super::{rules::Login, store},
    audit,
    network::Origin,
    secret::{renew, typed},
};
use crate::{
    app::App,
    platform::{
        auth::{Actor, secret::RefreshToken},
        db::Reader,
        error::{Error, Reason, Result},
        http::Client,
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
    /// When the login was changed, if nobody has signed in since.
    pub login_changed_at: Option<DateTime<Utc>>,
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
    let login = Login::of(login);
    let account = store::by_login(&reader, &login).await?;
    let hash = account.as_ref().map(|account| account.password_hash.as_str());
    let is_one_time = account
        .as_ref()
        .is_some_and(|account| account.is_password_change_required);
    let password = typed(password, is_one_time);
    let guess = app.passwords.verify(&password, hash);
    let origin = Origin::new(app, &login.key, client);
    let is_right = app.attempts.watch(&login.key, client, &origin, guess).await?;
    let Some(account) = account.filter(|_| is_right) else {
        return Err(Error::invalid(
            Reason::CredentialsWrong,
            "Login and password don't belong together.",
        ));
    };
    let (id, token) = (app.clock.new_id(), RefreshToken::new());
    let (known, first, network) = (&account, &token, &origin.into_hashes());
    let unit = app.db.write(None, |tx| {
        Box::pin(async move {
            store::insert_session(tx, id, known.id, first).await?;
            store::remember_network(tx, known.id, network.clone()).await?;
            Ok(known.is_login_change_untold && store::tell_login_change(tx, known.id).await?)
        })
    });
    let is_told = unit.await?;
    renew(app, &account, &password).await;
    Ok(SignedIn {
        login_changed_at: account.login_changed_at.filter(|_| is_told),
        ..signed_in(app, &account, id, &token)?
    })
}

/// The tokens of a session.
pub(super) fn signed_in(app: &App, account: &store::Row, session: Uuid, token: &RefreshToken) -> Result<SignedIn> {
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
        login_changed_at: None,
    })
}

/// Which sessions are to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// That of the access token.
    Current,
    /// This one of the account.
    One(Uuid),
    /// All of the account.
    All,
}

/// Ends sessions of the account.
///
/// # Errors
/// `NOT_FOUND` for a session of somebody else.
pub async fn session_revoke(app: &App, actor: &Actor, which: Ending) -> Result<()> {
    app.db
        .write(None, |tx| {
            Box::pin(async move {
                match which {
                    Ending::Current => store::end_session(tx, actor.session_id).await,
                    Ending::One(id) if store::end_own_session(tx, actor.account_id, id).await? => Ok(()),
                    Ending::One(_) => Err(Error::not_found().at(&["sessionId"])),
                    Ending::All => {
                        store::end_sessions(tx, actor.account_id, None).await?;
                        let act = AuditAct::AccountSessionsRevoked;
                        audit(tx, act, actor.account_id, &[actor.account_id], None).await
                    }
                }
            })
        })
        .await
}
