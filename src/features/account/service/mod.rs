//! Accounts: made, put on record, erased.

mod network;
mod person;
mod refresh;
mod secret;
mod session;

use entity::{
    account::{self, Languages},
    enums::{AccountKind, AuditAct},
};
use uuid::Uuid;

pub use self::{
    network::forget_networks,
    person::{email_change, languages_change, name_change},
    refresh::{forget_links, session_is_live, session_refresh},
    secret::{confirm, password_change, secrets_reset},
    session::{Ending, SignedIn, authenticate, session_create, session_revoke},
};
use super::{
    rules::{self, Login},
    store::{self, Subject},
};
use crate::{
    app::App,
    platform::{
        audit::{INSTALLATION, Record, State},
        auth::{
            Actor,
            password::{self, Own},
        },
        db::Tx,
        error::{Checks, Code, Error, Reason, Result},
        id::Kind,
        idempotency,
        letters::VERSION,
    },
};

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
    let letters = store::letters(&new.display_name, &new.login);
    let row = account::Model {
        id: new.id,
        kind: new.kind,
        login_key: Some(Login::of(&new.login).key),
        has_login_collision: false,
        login: new.login,
        display_name: new.display_name,
        sort_key: letters.sort_key,
        search_key: letters.search_key,
        letters_version: VERSION,
        languages: Languages(new.languages),
        organisation_id: new.organisation_id,
        birth_year: new.birth_year,
        password_hash: new.password_hash,
        is_password_change_required: new.is_one_time,
        login_changed_at: None,
        login_changed_before: None,
        is_login_change_untold: false,
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
    if !is_one_time {
        let own = Own {
            login: &login,
            name: display_name,
        };
        checks.field("password", password::check(password, own))?;
    }
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
