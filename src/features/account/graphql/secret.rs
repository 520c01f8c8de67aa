//! Passwords and one-time secrets in the API.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use uuid::Uuid;

use super::{super::service, Account, accounts, load};
use crate::{
    app::app,
    platform::{
        error::{Error, Reason, Refusal, Result},
        graphql::{actor, client, input_id, reader, settle, settle_any},
        id::Kind,
    },
};

/// Input of `accountPasswordChange`.
#[derive(InputObject)]
pub struct AccountPasswordChangeInput {
    /// The password or one-time secret of now; of the latter, case, dashes and blanks don't matter.
    #[graphql(secret)]
    current_password: String,
    /// The new one: 8 characters to 256 bytes, typed and in the Unicode form NFKC. Not one of the 10,000 commonest, nor one character over
    /// and over, nor one that contains the own login or name: that is `TOO_COMMON`.
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

/// Mutations of passwords and secrets.
#[derive(Default)]
pub struct SecretMutation;

#[Object]
impl SecretMutation {
    /// Replaces the own password or one-time secret; all other sessions of the account end. Repeated with the same input in the same
    /// session within 10 minutes, it changes nothing and is done: repeat it if the answer was lost.
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
