//! Accounts and sessions in the API.

mod person;
mod secret;
mod session;

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Description, Enum, ID, MergedObject, Object, SimpleObject};
use uuid::Uuid;

pub use self::session::{Session, own_sessions, session_nodes};
use self::{person::PersonMutation, secret::SecretMutation, session::SessionMutation};
use super::{
    rules::{self, AccountAction},
    store::{self, AccountRow},
};
use crate::{
    features::organisation::graphql::{Organisation, organisations},
    platform::{
        db::Reader,
        error::Result,
        id::{self, Kind},
        letters::Term,
        level::{At, Level, Link},
        page::{Cut, Listed, PageArgs, Total},
        permission::ActionPermission,
        scalar::{DateTime, LanguageTag},
    },
};

/// Mutations of accounts and sessions.
#[derive(MergedObject, Default)]
pub struct AccountMutation(SessionMutation, SecretMutation, PersonMutation);

/// What an account is for.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::AccountKind")]
pub enum AccountKind {
    /// A platform administrator: makes organisations and their first staff account, and sees no content.
    Admin,
    /// A member of staff of an organisation; signs in with an e-mail address.
    Staff,
    /// A pupil; signs in with a user name that the school made, and has no e-mail address.
    Pupil,
}

/// What belongs to accounts.
#[derive(Debug, Default)]
pub struct AccountLinks {
    organisations: Link<HashMap<Uuid, Organisation>>,
}

/// One human with a login. Seen only by that person and by staff of the same organisation; everybody else meets people as
/// `Membership`.
#[derive(Clone, Debug, Description)]
pub struct Account(pub At<AccountRow, AccountLinks>);

#[Object(use_type_description)]
impl Account {
    /// Opaque id.
    pub async fn id(&self) -> ID {
        id::encode(Kind::Account, self.0.id)
    }

    /// What the account is for.
    async fn kind(&self) -> AccountKind {
        self.0.kind.into()
    }

    /// What this person signs in with: e-mail address (staff) or user name (pupils).
    async fn login(&self) -> &str {
        &self.0.login
    }

    /// True if the login of another account, perhaps of another organisation, is the same but for case and form of its letters. Both sign
    /// in as before, each with the login as it is written here. It goes once one of the two is changed.
    async fn has_login_collision(&self) -> bool {
        self.0.has_login_collision
    }

    /// The name that members of a space see. Pupils: given name and first letter of the family name.
    async fn display_name(&self) -> &str {
        &self.0.display_name
    }

    /// Languages in order of preference, at most 10; the first is the default of new texts.
    async fn languages(&self) -> Vec<LanguageTag> {
        self.0.languages.0.iter().cloned().map(LanguageTag).collect()
    }

    /// The school or body that this person belongs to. Null for administrators.
    async fn organisation(&self) -> Result<Option<Organisation>> {
        let level = self.0.level();
        let ids = || {
            level
                .rows
                .iter()
                .filter_map(|row| row.organisation_id)
                .collect::<Vec<_>>()
        };
        let load = || Box::pin(async move { organisations(&level.reader, &ids()).await }) as _;
        let organisations = level.links.organisations.load(load).await?;
        Ok(self.0.organisation_id.and_then(|id| organisations.get(&id)).cloned())
    }

    /// When the e-mail address was changed last. Null if it never was.
    async fn email_changed_at(&self) -> Option<DateTime> {
        self.0.login_changed_at.map(Into::into)
    }

    /// What the viewer may do here.
    async fn viewer_can(&self) -> Result<AccountViewerCan> {
        let actor = self.0.reader().actor()?;
        let may = |action| rules::may(action, &actor.into(), &self.0.party()).into();
        Ok(AccountViewerCan {
            account_name_change: may(AccountAction::Name),
            account_languages_change: may(AccountAction::Languages),
            account_email_change: may(AccountAction::Email),
        })
    }

    /// True while the secret is one that staff have seen: everything but `accountPasswordChange`, `sessionRefresh`,
    /// `sessionRevoke` and `viewer { account }` is refused with `PASSWORD_CHANGE_REQUIRED`.
    async fn is_password_change_required(&self) -> bool {
        self.0.is_password_change_required
    }
}

/// What the viewer may do with an account.
#[derive(SimpleObject)]
pub struct AccountViewerCan {
    /// Mend the name that members see.
    account_name_change: ActionPermission,
    /// Replace the languages.
    account_languages_change: ActionPermission,
    /// Give it another e-mail address, which is what it signs in with.
    account_email_change: ActionPermission,
}

/// Accounts, as far as the viewer may see them.
pub async fn accounts(reader: &Arc<Reader>, ids: &[Uuid]) -> Result<HashMap<Uuid, Account>> {
    let level = Level::new(reader, store::by_ids(reader, ids).await?);
    Ok(level
        .all()
        .into_iter()
        .map(|account| (account.id, Account(account)))
        .collect())
}

/// The accounts of an organisation, for its own staff; empty for everybody else.
pub async fn accounts_of(
    reader: &Arc<Reader>,
    organisation: Uuid,
    (kind, search): (Option<entity::enums::AccountKind>, Option<String>),
    args: &PageArgs,
) -> Result<Listed<Account>> {
    // The way here leads through the own account, which is readable while the one-time secret is in use.
    reader.actor()?.ready()?;
    let page = args.page(store::ORDER)?;
    let filter = store::Filter {
        kind,
        term: Term::of(search.as_deref())?,
    };
    // Only one organisation is the viewer's: without this, a list of organisations would ask for each of them.
    if !reader.actor()?.is_staff_of(organisation) {
        return Ok(Cut::default().connection(Total::known(0)));
    }
    let cut = store::page(reader, organisation, &filter, &page).await?;
    let level = Level::new(reader, cut.rows.clone());
    let reader = Arc::clone(reader);
    let total = Total::new(move || {
        let (reader, filter) = (Arc::clone(&reader), filter.clone());
        Box::pin(async move { store::count(&reader, organisation, &filter).await })
    });
    Ok(cut
        .with(level.all().into_iter().map(Account).collect())
        .connection(total))
}

async fn load(reader: &Arc<Reader>, id: Uuid) -> Result<Option<Account>> {
    Ok(accounts(reader, &[id]).await?.remove(&id))
}
