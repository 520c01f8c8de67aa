//! The refresh token in a cookie: scripts of a page, good or bad, can't read it.

use std::fmt;

use async_graphql::Context;
use chrono::TimeDelta;
use http::{HeaderMap, header};

use crate::platform::error::{Error, Reason, Result};

/// By this beginning of its name, browsers take it from this host alone, and over TLS (RFC 6265bis, 4.1.3.2).
const NAME: &str = "__Host-sojourn-refresh";

/// The cookie of a request whose answer may set one: it is switched on, and this is no socket. Resolvers get it as data.
#[derive(Clone)]
pub struct RefreshCookie(Option<String>);

/// Without the token.
impl fmt::Debug for RefreshCookie {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("RefreshCookie").finish_non_exhaustive()
    }
}

impl RefreshCookie {
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::COOKIE).iter();
        let pairs = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'));
        let mut tokens = pairs.filter_map(|pair| pair.trim().strip_prefix(NAME)?.strip_prefix('='));
        Self(tokens.next().map(str::to_owned))
    }

    /// That of the request.
    ///
    /// # Errors
    /// `INVALID`/`OUT_OF_RANGE`: it isn't switched on, or this is a socket.
    pub fn of<'a>(ctx: &Context<'a>) -> Result<&'a Self> {
        let message = "This server keeps no refresh tokens in cookies, or none over sockets.";
        let found = ctx.data_opt::<Self>();
        found.ok_or_else(|| Error::invalid(Reason::OutOfRange, message))
    }

    /// The refresh token that the browser has sent.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// Lets the browser keep a refresh token for so long.
    pub fn set(&self, ctx: &Context<'_>, token: &str, age: TimeDelta) {
        let age = age.num_seconds();
        let cookie = format!("{NAME}={token}; Path=/; Max-Age={age}; Secure; HttpOnly; SameSite=Strict");
        ctx.insert_http_header(header::SET_COOKIE, cookie);
    }

    /// Lets the browser forget the one that it has sent.
    pub fn clear(&self, ctx: &Context<'_>) {
        if self.0.is_some() {
            self.set(ctx, "", TimeDelta::zero());
        }
    }
}
