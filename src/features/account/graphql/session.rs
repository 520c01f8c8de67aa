//! Signing in and out in the API.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Description, ID, InputObject, Object, SimpleObject};
use uuid::Uuid;

use super::{
    super::{
        rules::SESSION_IDLE,
        service::{self, Ending, SignedIn},
        store::{self, SessionRow},
    },
    Account, load,
};
use crate::{
    app::app,
    platform::{
        db::Reader,
        error::{Error, Reason, Refusal, Result},
        graphql::{actor, client, input_id, reader, settle_any},
        http::RefreshCookie,
        id::{self, Kind},
        page::{Listed, PageArgs, Total},
        scalar::DateTime,
    },
};

/// One signed-in device or browser of the viewer. Nobody else sees it.
#[derive(Clone, Debug, Description)]
pub struct Session {
    row: SessionRow,
    is_current: bool,
}

#[Object(use_type_description)]
impl Session {
    /// Opaque id.
    pub async fn id(&self) -> ID {
        id::encode(Kind::Session, self.row.id)
    }

    /// When it signed in.
    async fn created_at(&self) -> DateTime {
        self.row.created_at.into()
    }

    /// When it got new tokens last: about every 15 minutes while it is in use.
    async fn last_used_at(&self) -> DateTime {
        self.row.rotated_at.into()
    }

    /// When it ends unless it gets new tokens before: 60 days after the last ones.
    async fn expires_at(&self) -> DateTime {
        self.row.expires_at.into()
    }

    /// Whether it is the one that asks.
    async fn is_current(&self) -> bool {
        self.is_current
    }
}

/// Sessions with what the viewer's own one is to them.
fn sessions_of(reader: &Reader, rows: Vec<SessionRow>) -> Result<Vec<Session>> {
    let current = reader.actor()?.session_id;
    let session = |row: SessionRow| Session {
        is_current: row.id == current,
        row,
    };
    Ok(rows.into_iter().map(session).collect())
}

/// The sessions of the viewer, the newest sign-in first.
///
/// # Errors
/// `INVALID` for faulty page arguments.
pub async fn own_sessions(reader: &Arc<Reader>, args: &PageArgs) -> Result<Listed<Session>> {
    let cut = store::sessions(reader, &args.page(store::SESSION_ORDER)?).await?;
    let sessions = sessions_of(reader, cut.rows.clone())?;
    let reader = Arc::clone(reader);
    let total = Total::new(move || {
        let reader = Arc::clone(&reader);
        Box::pin(async move { store::count_sessions(&reader).await })
    });
    Ok(cut.with(sessions).connection(total))
}

/// The viewer's own sessions by id.
///
/// # Errors
/// Nobody is signed in.
pub async fn session_nodes(reader: &Arc<Reader>, ids: &[Uuid]) -> Result<HashMap<Uuid, Session>> {
    let sessions = sessions_of(reader, store::sessions_by_ids(reader, ids).await?)?;
    Ok(sessions.into_iter().map(|session| (session.row.id, session)).collect())
}

/// Input of `sessionCreate`.
#[derive(InputObject)]
pub struct SessionCreateInput {
    /// E-mail address or user name; case, and which of several Unicode forms the keyboard writes, don't matter.
    login: String,
    /// Password, of which the Unicode form doesn't matter; or one-time secret, of which case, dashes and blanks don't either.
    #[graphql(secret)]
    password: String,
    /// True puts the refresh token into a cookie that scripts can't read, and `refreshToken` of the answer is null: the way for pages in
    /// browsers. `INVALID`/`OUT_OF_RANGE` over a socket, and where the server isn't set up for it. False by default.
    refresh_cookie: Option<bool>,
}

/// Input of `sessionRefresh`.
#[derive(InputObject)]
pub struct SessionRefreshInput {
    /// The newest refresh token of this session. Absent: that of the cookie, into which the next one goes too; without one, the session
    /// counts as ended.
    #[graphql(secret)]
    refresh_token: Option<String>,
}

/// Answer of `sessionCreate`.
#[derive(SimpleObject, Default)]
pub struct SessionCreatePayload {
    /// Send it as `Authorization: Bearer …`; good for 15 minutes.
    access_token: Option<String>,
    /// When `accessToken` ends: refresh shortly before.
    access_token_expires_at: Option<DateTime>,
    /// For `sessionRefresh`; keep it where scripts of other origins can't read it. Null if it is in the cookie.
    refresh_token: Option<String>,
    /// Who signed in.
    account: Option<Account>,
    /// When the e-mail address was changed, if this is the first time that its owner signs in since: tell them. Null otherwise; said once.
    email_changed_at: Option<DateTime>,
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
    /// same one, or the one that has come after it since. Null if it is in the cookie.
    refresh_token: Option<String>,
    /// Whose session it is.
    account: Option<Account>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `sessionRevoke`.
#[derive(InputObject)]
pub struct SessionRevokeInput {
    /// Ends this session of the viewer, one of `viewer { sessions }`; by default the one of the access token.
    session_id: Option<ID>,
    /// True ends all sessions of this account; not together with `sessionId`.
    all_sessions: Option<bool>,
}

impl SessionRevokeInput {
    fn which(&self) -> Result<Ending> {
        match (&self.session_id, self.all_sessions.unwrap_or_default()) {
            (None, false) => Ok(Ending::Current),
            (Some(id), false) => input_id("sessionId", &[Kind::Session], id).map(Ending::One),
            (None, true) => Ok(Ending::All),
            (Some(_), true) => Err(Error::invalid(Reason::OutOfRange, "One session, or all.").at(&["sessionId"])),
        }
    }
}

/// Answer of `sessionRevoke`.
#[derive(SimpleObject, Default)]
pub struct SessionRevokePayload {
    /// Whose session ended.
    account: Option<Account>,
    /// The session that ended; null if all have.
    deleted_session_id: Option<ID>,
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
        let work = async {
            let is_asked = input.refresh_cookie.unwrap_or_default();
            let cookie = is_asked.then(|| RefreshCookie::of(ctx)).transpose();
            let cookie = cookie.map_err(|error| error.at(&["refreshCookie"]))?;
            let signed_in = service::session_create(app(ctx)?, client(ctx)?, &input.login, &input.password).await?;
            Ok((signed_in, cookie))
        };
        let (done, user_errors) = settle_any(ctx, work).await?;
        let Some((signed_in, cookie)) = done else {
            return Ok(Some(SessionCreatePayload {
                user_errors,
                ..Default::default()
            }));
        };
        Ok(Some(SessionCreatePayload {
            account: own(ctx, &signed_in).await?,
            email_changed_at: signed_in.login_changed_at.map(Into::into),
            refresh_token: handed_over(ctx, &signed_in, cookie),
            access_token: Some(signed_in.access_token),
            access_token_expires_at: Some(signed_in.expires_at.into()),
            user_errors,
        }))
    }

    /// Exchanges a refresh token for new tokens. Needs no access token: send no `Authorization`, since one that has ended refuses the
    /// request. For 60 seconds from its first use on, an old refresh token gets the tokens of now. Afterwards, or after 8 more
    /// exchanges, using it ends the session, since two parties hold it: `INVALID`/`SESSION_ENDED`, as for any token that is no longer
    /// good.
    async fn session_refresh(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: SessionRefreshInput,
    ) -> Result<Option<SessionRefreshPayload>> {
        let cookie = match &input.refresh_token {
            Some(_) => None,
            None => ctx.data_opt::<RefreshCookie>(),
        };
        let sent = input.refresh_token.as_deref().or(cookie.and_then(RefreshCookie::token));
        let work = service::session_refresh(app(ctx)?, sent.unwrap_or_default());
        let (done, user_errors) = settle_any(ctx, work).await?;
        let Some(signed_in) = done else {
            if let Some(cookie) = cookie {
                cookie.clear(ctx);
            }
            return Ok(Some(SessionRefreshPayload {
                user_errors,
                ..Default::default()
            }));
        };
        Ok(Some(SessionRefreshPayload {
            account: own(ctx, &signed_in).await?,
            refresh_token: handed_over(ctx, &signed_in, cookie),
            access_token: Some(signed_in.access_token),
            access_token_expires_at: Some(signed_in.expires_at.into()),
            user_errors,
        }))
    }

    /// Signs out, here or on another device: the tokens of the session stop working at once and its subscriptions end; signing out here
    /// deletes the cookie as well. Repeating it is success, or `UNAUTHENTICATED` once the session of the token itself has ended. A session
    /// of somebody else is `NOT_FOUND`.
    async fn session_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: SessionRevokeInput,
    ) -> Result<Option<SessionRevokePayload>> {
        let actor = actor(ctx)?;
        let work = async {
            let which = input.which()?;
            service::session_revoke(app(ctx)?, actor, which).await?;
            Ok(which)
        };
        let (done, user_errors) = settle_any(ctx, work).await?;
        let deleted = done.and_then(|which| match which {
            Ending::Current => Some(actor.session_id),
            Ending::One(id) => Some(id),
            Ending::All => None,
        });
        // It may be that of another account, which has signed in in another tab since.
        if let Some(cookie) = ctx.data_opt::<RefreshCookie>()
            && !service::session_is_live(app(ctx)?, cookie.token().unwrap_or_default()).await?
        {
            cookie.clear(ctx);
        }
        Ok(Some(SessionRevokePayload {
            account: load(reader(ctx)?, actor.account_id).await?,
            deleted_session_id: deleted.map(|id| id::encode(Kind::Session, id)),
            user_errors,
        }))
    }
}

/// The refresh token for the payload; none if it goes into the cookie.
fn handed_over(ctx: &Context<'_>, signed_in: &SignedIn, cookie: Option<&RefreshCookie>) -> Option<String> {
    let Some(cookie) = cookie else {
        return Some(signed_in.refresh_token.clone());
    };
    cookie.set(ctx, &signed_in.refresh_token, SESSION_IDLE);
    None
}

/// The account of a session that was just made or refreshed.
async fn own(ctx: &Context<'_>, signed_in: &SignedIn) -> Result<Option<Account>> {
    let reader = Reader::new(&app(ctx)?.db, Some(signed_in.actor.clone()));
    load(&reader, signed_in.actor.account_id).await
}
