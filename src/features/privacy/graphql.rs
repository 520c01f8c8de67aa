//! Erasure and copies in the API.

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};

use super::service::{self, Bundle, Gap};
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

/// Input of `accountExport`.
#[derive(InputObject)]
pub struct AccountExportInput {
    /// Whose copy: your own, or as staff that of anybody of your organisation.
    account_id: ID,
    /// The `endCursor` of the part before; leave it out for the first.
    after: Option<String>,
}

/// What a copy leaves out. Further values may appear.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "service::Gap")]
pub enum AccountBundleGap {
    /// Drafts, and contributions with the audience `AUTHOR`: staff don't see them.
    AuthorOnly,
    /// Sessions, networks of sign-ins, reactions, subscriptions, what was read, notifications, and records of the audit trail: only the
    /// person gets them.
    PersonOnly,
    /// Spaces in which whoever asks is neither coordinator nor teacher.
    OtherSpaces,
    /// A list had more than 5000 rows.
    LongLists,
}

/// A part of a copy: texts with all their versions, and with the first part everything else. It ends after 1000 versions or four
/// million characters.
#[derive(SimpleObject)]
pub struct AccountBundle {
    /// The part as JSON, for machines: an object with `format` and `formatVersion`.
    json: String,
    /// The same as CommonMark, for people.
    markdown: String,
    /// What this copy leaves out, at most 4. Empty for the own copy.
    left_out: Vec<AccountBundleGap>,
    /// Whether there is another part.
    has_next_part: bool,
    /// Send it as `after` to get the next part. Null if this is the last.
    end_cursor: Option<String>,
}

impl From<Bundle> for AccountBundle {
    fn from(bundle: Bundle) -> Self {
        Self {
            json: bundle.json,
            markdown: bundle.markdown,
            left_out: bundle.left_out.into_iter().map(Gap::into).collect(),
            has_next_part: bundle.next.is_some(),
            end_cursor: bundle.next,
        }
    }
}

/// Answer of `accountExport`.
#[derive(SimpleObject, Default)]
pub struct AccountExportPayload {
    /// The part that was asked for.
    bundle: Option<AccountBundle>,
    /// The account, as far as you may see it.
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
        Ok(Some(AccountErasePayload {
            account: account(ctx, &input.account_id).await?,
            user_errors,
            ..Default::default()
        }))
    }

    /// Makes a copy of all that a person made and that is kept about them: account, memberships, contributions with every version,
    /// drafts and answers, decisions about them, reactions, confirmations, subscriptions, what was read, notifications, times of sessions, and
    /// records of the audit trail about them. Texts of others are not in it, nor any secret. Allowed to the person, and to staff of
    /// the same organisation, who get what they see as coordinator or teacher of a space: `leftOut` says what is missing. The
    /// audit trail keeps that it was taken. Costs 10000 points.
    async fn account_export(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: AccountExportInput,
    ) -> Result<Option<AccountExportPayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let work = async {
            let id = input_id("accountId", &[Kind::Account], &input.account_id)?;
            service::export(app, actor, id, input.after.as_deref()).await
        };
        let (done, user_errors) = settle(ctx, work).await?;
        Ok(Some(AccountExportPayload {
            bundle: done.map(Into::into),
            account: account(ctx, &input.account_id).await?,
            user_errors,
        }))
    }
}

/// The account as the viewer may see it.
async fn account(ctx: &Context<'_>, id: &ID) -> Result<Option<Account>> {
    match input_id("accountId", &[Kind::Account], id) {
        Ok(id) => Ok(accounts(reader(ctx)?, &[id]).await?.remove(&id)),
        Err(_) => Ok(None),
    }
}
