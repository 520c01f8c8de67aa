//! Mending what is known of a person, in the API.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::{super::service, Account, load};
use crate::{
    app::app,
    platform::{
        error::{Refusal, Result},
        graphql::{actor, client, input_id, reader, settle},
        id::Kind,
        scalar::LanguageTag,
    },
};

/// Input of `accountNameChange`.
#[derive(InputObject)]
pub struct AccountNameChangeInput {
    /// Whose name: an account of your own organisation.
    account_id: ID,
    /// The name that members see. Staff: at most 100 characters. Pupils: given name, at most 60 characters, and the first letter of the
    /// family name, such as `Zane K.`.
    display_name: String,
}

/// Answer of `accountNameChange`.
#[derive(SimpleObject, Default)]
pub struct AccountNameChangePayload {
    /// The account as it is now.
    account: Option<Account>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `accountLanguagesChange`.
#[derive(InputObject)]
pub struct AccountLanguagesChangeInput {
    /// Your languages in order of preference, at least 1 and at most 10; the first is the default of new texts.
    languages: Vec<LanguageTag>,
}

/// Answer of `accountLanguagesChange`.
#[derive(SimpleObject, Default)]
pub struct AccountLanguagesChangePayload {
    /// The own account as it is now.
    account: Option<Account>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `accountEmailChange`.
#[derive(InputObject)]
pub struct AccountEmailChangeInput {
    /// Whose address: your own account, or that of a colleague.
    account_id: ID,
    /// The new e-mail address: what this person signs in with from now on.
    email: String,
    /// Your password. Required for your own account; not needed for a colleague's.
    #[graphql(secret)]
    current_password: Option<String>,
}

/// Answer of `accountEmailChange`.
#[derive(SimpleObject, Default)]
pub struct AccountEmailChangePayload {
    /// The account as it is now.
    account: Option<Account>,
    /// A colleague's new one-time secret: shown this once, to be handed over. They replace it at the first sign-in. Null for your own
    /// account, and if they had this address already: `accountSecretsReset` makes another one.
    secret: Option<String>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Mutations of what is known of a person.
#[derive(Default)]
pub struct PersonMutation;

#[Object]
impl PersonMutation {
    /// Mends the name of a pupil or colleague. Staff of the same organisation only. It is shown everywhere at once, also with what the
    /// person has written; in each of their spaces a `MEMBER_UPDATED` follows.
    async fn account_name_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: AccountNameChangeInput,
    ) -> Result<Option<AccountNameChangePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("accountId", &[Kind::Account], &input.account_id);
        let known = id.as_ref().ok().copied();
        let work = async { service::name_change(app, actor, id?, &input.display_name).await };
        let (_, user_errors) = settle(ctx, work).await?;
        let account = match known {
            Some(id) if actor.ready().is_ok() => load(reader(ctx)?, id).await?,
            _ => None,
        };
        Ok(Some(AccountNameChangePayload { account, user_errors }))
    }

    /// Replaces the own languages.
    async fn account_languages_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: AccountLanguagesChangeInput,
    ) -> Result<Option<AccountLanguagesChangePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let tags: Vec<String> = input.languages.into_iter().map(|tag| tag.0).collect();
        let (_, user_errors) = settle(ctx, service::languages_change(app, actor, &tags)).await?;
        Ok(Some(AccountLanguagesChangePayload {
            account: load(reader(ctx)?, actor.account_id).await?,
            user_errors,
        }))
    }

    /// Gives a member of staff another e-mail address, which is what they sign in with: the own one, with the password, or that of a
    /// colleague, who gets a new one-time secret with it. All sessions of the account end, also the one that sends this: sign in again.
    /// `sessionCreate` tells them the next time. At most twice within 24 hours for each account, then `RATE_LIMITED`. Pupils have no
    /// address: their user name stays.
    async fn account_email_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: AccountEmailChangeInput,
    ) -> Result<Option<AccountEmailChangePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("accountId", &[Kind::Account], &input.account_id);
        let known = id.as_ref().ok().copied();
        let client = client(ctx)?;
        let work = async {
            let change = (id?, input.email.as_str(), input.current_password.as_deref());
            Box::pin(service::email_change(app, client, actor, change)).await
        };
        let (done, user_errors) = settle(ctx, work).await?;
        let account = match known {
            Some(id) if actor.ready().is_ok() => load(reader(ctx)?, id).await?,
            _ => None,
        };
        Ok(Some(AccountEmailChangePayload {
            account,
            secret: done.flatten(),
            user_errors,
        }))
    }
}
