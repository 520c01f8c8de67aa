//! Accounts and sessions in the API.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Description, Enum, ID, InputObject, Object, SimpleObject};
use uuid::Uuid;

use super::{
    service::{self, SignedIn},
    store::{self, AccountRow},
};
use crate::{
    app::app,
    features::organisation::graphql::{Organisation, organisations},
    platform::{
        db::Reader,
        error::{Error, Reason, Refusal, Result},
        graphql::{actor, client, input_id, reader, settle, settle_any},
        id::{self, Kind},
        level::{At, Level, Link},
        page::{Cut, Listed, PageArgs, Total},
        scalar::{DateTime, LanguageTag},
    },
};

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

    /// True while the secret is one that staff have seen: everything but `accountPasswordChange`, `sessionRefresh`,
    /// `sessionRevoke` and `viewer { account }` is refused with `PASSWORD_CHANGE_REQUIRED`.
    async fn is_password_change_required(&self) -> bool {
        self.0.is_password_change_required
    }
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
    kind: Option<entity::enums::AccountKind>,
    args: &PageArgs,
) -> Result<Listed<Account>> {
    // The way here leads through the own account, which is readable while the one-time secret is in use.
    reader.actor()?.ready()?;
    let page = args.page(store::ORDER)?;
    // Only one organisation is the viewer's: without this, a list of organisations would ask for each of them.
    if !reader.actor()?.is_staff_of(organisation) {
        return Ok(Cut::default().connection(Total::known(0)));
    }
    let cut = store::page(reader, organisation, kind, &page).await?;
    let level = Level::new(reader, cut.rows.clone());
    let reader = Arc::clone(reader);
    let total = Total::new(move || {
        let reader = Arc::clone(&reader);
        Box::pin(async move { store::count(&reader, organisation, kind).await })
    });
    Ok(cut
        .with(level.all().into_iter().map(Account).collect())
        .connection(total))
}

async fn load(reader: &Arc<Reader>, id: Uuid) -> Result<Option<Account>> {
    Ok(accounts(reader, &[id]).await?.remove(&id))
}

/// Input of `sessionCreate`.
#[derive(InputObject)]
pub struct SessionCreateInput {
    /// E-mail address or user name; case doesn't matter.
    login: String,
    /// Password, or one-time secret: of that, case, dashes and blanks don't matter.
    #[graphql(secret)]
    password: String,
}

/// Input of `sessionRefresh`.
#[derive(InputObject)]
pub struct SessionRefreshInput {
    /// The newest refresh token of this session.
    #[graphql(secret)]
    refresh_token: String,
}

/// Answer of `sessionCreate`.
#[derive(SimpleObject, Default)]
pub struct SessionCreatePayload {
    /// Send it as `Authorization: Bearer …`; good for 15 minutes.
    access_token: Option<String>,
    /// When `accessToken` ends: refresh shortly before.
    access_token_expires_at: Option<DateTime>,
    /// For `sessionRefresh`; keep it where scripts of other origins can't read it.
    refresh_token: Option<String>,
    /// Who signed in.
    account: Option<Account>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Answer of `sessionRefresh`.
#[derive(SimpleObject, Default)]
pub struct SessionRefreshPayload {
    /// Send it as `Authorization: Bearer …`; good for 15 minutes.
    access_token: Option<String>,
    /// When `accessToken` ends: refresh shortly before.
    access_token_expires_at: Option<DateTime>,
    /// Replaces the token that was sent. If this answer is lost, the token that was sent works again for 60 seconds.
    refresh_token: Option<String>,
    /// Whose session it is.
    account: Option<Account>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `sessionRevoke`.
#[derive(InputObject)]
pub struct SessionRevokeInput {
    /// True ends all sessions of this account; by default only the one of the access token.
    all_sessions: Option<bool>,
}

/// Answer of `sessionRevoke`.
#[derive(SimpleObject, Default)]
pub struct SessionRevokePayload {
    /// Whose session ended.
    account: Option<Account>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `accountPasswordChange`.
#[derive(InputObject)]
pub struct AccountPasswordChangeInput {
    /// The password or one-time secret of now; of the latter, case, dashes and blanks don't matter.
    #[graphql(secret)]
    current_password: String,
    /// The new one: 8 characters to 256 bytes.
    #[graphql(secret)]
    new_password: String,
}

/// Answer of `accountPasswordChange`.
#[derive(SimpleObject, Default)]
pub struct AccountPasswordChangePayload {
    /// The account; its other sessions have ended.
    account: Option<Account>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `accountSecretsReset`.
#[derive(InputObject)]
pub struct AccountSecretsResetInput {
    /// At most 200 accounts of your own organisation.
    account_ids: Vec<ID>,
}

/// Answer of `accountSecretsReset`.
#[derive(SimpleObject, Default)]
pub struct AccountSecretsResetPayload {
    /// One result for each id, in the same order, at most 200.
    results: Vec<AccountSecretResult>,
    /// What went wrong with the whole; empty if the batch was processed.
    user_errors: Vec<Refusal>,
}

/// What became of one account.
#[derive(SimpleObject)]
pub struct AccountSecretResult {
    /// Position in the input.
    index: i32,
    /// The account.
    account: Option<Account>,
    /// The one-time secret: shown this once, to be handed over on paper. Its owner must replace it at the first sign-in.
    secret: Option<String>,
    /// What went wrong with this one.
    user_errors: Vec<Refusal>,
}

/// Mutations of accounts and sessions.
#[derive(Default)]
pub struct AccountMutation;

#[Object]
impl AccountMutation {
    /// Signs in; needs no token. A wrong password and an unknown login are both `INVALID`/`CREDENTIALS_WRONG`.
    async fn session_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: SessionCreateInput,
    ) -> Result<Option<SessionCreatePayload>> {
        let work = service::session_create(app(ctx)?, client(ctx)?, &input.login, &input.password);
        let (done, user_errors) = settle_any(ctx, work).await?;
        let Some(signed_in) = done else {
            return Ok(Some(SessionCreatePayload {
                user_errors,
                ..Default::default()
            }));
        };
        Ok(Some(SessionCreatePayload {
            account: own(ctx, &signed_in).await?,
            access_token: Some(signed_in.access_token),
            access_token_expires_at: Some(signed_in.expires_at.into()),
            refresh_token: Some(signed_in.refresh_token),
            user_errors,
        }))
    }

    /// Exchanges a refresh token for new tokens; needs no access token. A token that is no longer good is
    /// `INVALID`/`SESSION_ENDED`; using an old token again ends the session, since two parties hold it.
    async fn session_refresh(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: SessionRefreshInput,
    ) -> Result<Option<SessionRefreshPayload>> {
        let work = service::session_refresh(app(ctx)?, &input.refresh_token);
        let (done, user_errors) = settle_any(ctx, work).await?;
        let Some(signed_in) = done else {
            return Ok(Some(SessionRefreshPayload {
                user_errors,
                ..Default::default()
            }));
        };
        Ok(Some(SessionRefreshPayload {
            account: own(ctx, &signed_in).await?,
            access_token: Some(signed_in.access_token),
            access_token_expires_at: Some(signed_in.expires_at.into()),
            refresh_token: Some(signed_in.refresh_token),
            user_errors,
        }))
    }

    /// Signs out: the tokens of the session stop working at once and its subscriptions end.
    async fn session_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: SessionRevokeInput,
    ) -> Result<Option<SessionRevokePayload>> {
        let actor = actor(ctx)?;
        let work = service::session_revoke(app(ctx)?, actor, input.all_sessions.unwrap_or(false));
        let (_, user_errors) = settle_any(ctx, work).await?;
        Ok(Some(SessionRevokePayload {
            account: load(reader(ctx)?, actor.account_id).await?,
            user_errors,
        }))
    }

    /// Replaces the own password or one-time secret; all other sessions of the account end.
    async fn account_password_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: AccountPasswordChangeInput,
    ) -> Result<Option<AccountPasswordChangePayload>> {
        let actor = actor(ctx)?;
        let work = service::password_change(
            app(ctx)?,
            client(ctx)?,
            actor,
            &input.current_password,
            &input.new_password,
        );
        let (_, user_errors) = settle_any(ctx, work).await?;
        Ok(Some(AccountPasswordChangePayload {
            account: load(reader(ctx)?, actor.account_id).await?,
            user_errors,
        }))
    }

    /// Makes new one-time secrets for accounts of the own organisation and ends their sessions: the way back for somebody who
    /// forgot a password. Staff only.
    async fn account_secrets_reset(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: AccountSecretsResetInput,
    ) -> Result<Option<AccountSecretsResetPayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let kinds = [Kind::Account];
        let ids: Vec<_> = input
            .account_ids
            .iter()
            .map(|id| input_id("accountId", &kinds, id))
            .collect();
        let known: Vec<Uuid> = ids.iter().filter_map(|id| id.as_ref().ok().copied()).collect();
        let work = async {
            if ids.len() > 200 {
                return Err(Error::invalid(Reason::TooLong, "At most 200 accounts.").at(&["accountIds"]));
            }
            service::secrets_reset(app, actor, &known).await
        };
        let (done, user_errors) = settle(ctx, work).await?;
        let Some(secrets) = done else {
            return Ok(Some(AccountSecretsResetPayload {
                user_errors,
                ..Default::default()
            }));
        };
        let accounts = accounts(reader(ctx)?, &known).await?;
        let mut secrets = secrets.into_iter();
        let mut results = Vec::with_capacity(ids.len());
        for (position, id) in ids.into_iter().enumerate() {
            let secret = match &id {
                Ok(_) => secrets.next().unwrap_or_else(|| Err(Error::not_found())),
                Err(error) => Err(error.clone()),
            };
            let index = i32::try_from(position).unwrap_or(i32::MAX);
            results.push(match secret {
                Ok(secret) => AccountSecretResult {
                    index,
                    account: id.ok().and_then(|id| accounts.get(&id)).cloned(),
                    secret: Some(secret),
                    user_errors: Vec::new(),
                },
                Err(error) => {
                    let refusals = error.into_refusals()?.into_iter();
                    let field = Some(vec!["accountIds".to_owned(), position.to_string()]);
                    let user_errors = refusals
                        .map(|refusal| Refusal {
                            field: field.clone(),
                            ..refusal
                        })
                        .collect();
                    AccountSecretResult {
                        index,
                        account: None,
                        secret: None,
                        user_errors,
                    }
                }
            });
        }
        Ok(Some(AccountSecretsResetPayload { results, user_errors }))
    }
}

/// The account of a session that was just made or refreshed.
async fn own(ctx: &Context<'_>, signed_in: &SignedIn) -> Result<Option<Account>> {
    let reader = Reader::new(&app(ctx)?.db, Some(signed_in.actor.clone()));
    load(&reader, signed_in.actor.account_id).await
}
