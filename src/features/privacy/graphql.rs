//! Erasure in the API.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::service;
use crate::{
    app::app,
    features::account::graphql::{Account, accounts},
    platform::{
        error::{Refusal, Result},
        graphql::{actor, client, input_id, reader, settle},
        id::Kind,
    },
};

/// Input of `accountErase`.
#[derive(InputObject)]
pub struct AccountEraseInput {
    /// Whom: yourself, or as staff anybody of your organisation.
    account_id: ID,
    /// Your own password: needed to erase yourself, ignored otherwise.
    #[graphql(secret)]
    current_password: Option<String>,
}

/// Answer of `accountErase`.
#[derive(SimpleObject, Default)]
pub struct AccountErasePayload {
    /// Who was erased: take the account, and every name and text of this person, out of your store.
    deleted_account_id: Option<ID>,
    /// The account as it is, if it could not be erased and you may see it.
    account: Option<Account>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Mutations about all that is kept of a person.
#[derive(Default)]
pub struct PrivacyMutation;

#[Object]
impl PrivacyMutation {
    /// Erases a person for good: login, name and password, all sessions and memberships, and every text that they wrote, drafts and
    /// earlier versions included. What was published stays as a placeholder in the state `REMOVED`, so that answers of others keep
    /// their place; the audit trail keeps ids and enum values. Allowed to the person, who confirms with their password, and to staff
    /// of the same organisation. `FORBIDDEN`/`LAST_COORDINATOR` while a space would be left without a coordinator of their
    /// organisation: give that role to somebody else first. Repeating it is success. Names that others typed into their own
    /// texts stay; mentions lose theirs.
    async fn account_erase(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: AccountEraseInput,
    ) -> Result<Option<AccountErasePayload>> {
        let (app, actor, client) = (app(ctx)?, actor(ctx)?, client(ctx)?);
        let work = async {
            let id = input_id("accountId", &[Kind::Account], &input.account_id)?;
            service::erase(app, client, actor, id, input.current_password.as_deref()).await
        };
        let (done, user_errors) = settle(ctx, work).await?;
        if done.is_some() {
            return Ok(Some(AccountErasePayload {
                deleted_account_id: Some(input.account_id),
                ..Default::default()
            }));
        }
        let account = match input_id("accountId", &[Kind::Account], &input.account_id) {
            Ok(id) => accounts(reader(ctx)?, &[id]).await?.remove(&id),
            Err(_) => None,
        };
        Ok(Some(AccountErasePayload {
            account,
            user_errors,
            ..Default::default()
        }))
    }
}
