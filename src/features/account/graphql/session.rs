//! Signing in and out in the API.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use super::{
    super::service::{self, SignedIn},
    Account, load,
};
use crate::{
    app::app,
    platform::{
        db::Reader,
        error::{Refusal, Result},
        graphql::{actor, client, reader, settle_any},
        scalar::DateTime,
    },
};

/// Input of `sessionCreate`.
#[derive(InputObject)]
pub struct SessionCreateInput {
    /// E-mail address or user name; case, and which of several Unicode forms the keyboard writes, don't matter.
    login: String,
    /// Password, of which the Unicode form doesn't matter; or one-time secret, of which case, dashes and blanks don't either.
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
    /// To be used from now on. Whoever sends the same token within 60 seconds, because this answer was lost or in another tab, gets the
    /// same one, or the one that has come after it since.
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

/// Mutations of sessions.
#[derive(Default)]
pub struct SessionMutation;

#[Object]
impl SessionMutation {
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

    /// Exchanges a refresh token for new tokens; needs no access token. For 60 seconds from its first use on, an old token gets the tokens
    /// of now. Afterwards, or after 8 more exchanges, using it ends the session, since two parties hold it: `INVALID`/`SESSION_ENDED`, as
    /// for any token that is no longer good.
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
}

/// The account of a session that was just made or refreshed.
async fn own(ctx: &Context<'_>, signed_in: &SignedIn) -> Result<Option<Account>> {
    let reader = Reader::new(&app(ctx)?.db, Some(signed_in.actor.clone()));
    load(&reader, signed_in.actor.account_id).await
}
