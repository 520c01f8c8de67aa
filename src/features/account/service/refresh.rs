//! Exchanging refresh tokens.
//!
//! The successor of a refresh token is made of the token, a random salt and the server's key. For a minute the salt is kept as a *link*:
//! who sends an old token within that time gets the current one, be it another tab or a phone that has lost an answer. Nothing is
//! exchanged for it, and its time doesn't begin again. Afterwards the salt is gone, and an old token that comes means that two
//! parties hold the session: it ends.

use chrono::{DateTime, Utc};

use super::{
    super::{
        rules::{MOST_LINKS, ROTATION_GRACE},
        store::{self, NewLink, Session, SessionLink},
    },
    session::{SignedIn, signed_in},
};
use crate::{
    app::App,
    platform::{
        auth::secret::RefreshToken,
        db::{Reader, Tx},
        error::{Error, Reason, Result},
    },
};

/// What a refresh token is to its session.
#[derive(Debug)]
enum Standing {
    /// The current one, or its sibling.
    Current,
    /// One that was used within the last minute, and the current one that its links lead to.
    Earlier(RefreshToken),
    /// One that was used within the last minute, for the first time then, whose links lead nowhere: the server's key has changed, or a node
    /// of the release before has exchanged it.
    Unlinked(DateTime<Utc>),
    /// Any other.
    Old,
}

/// Exchanges a refresh token for new tokens. One that was exchanged within the last minute, by one of the last 8 exchanges, gets the
/// refresh token that is current now.
///
/// # Errors
/// `INVALID`/`SESSION_ENDED`.
pub async fn session_refresh(app: &App, refresh_token: &str) -> Result<SignedIn> {
    let ended = || Error::invalid(Reason::SessionEnded, "The session has ended: sign in again.");
    let token = RefreshToken::decode(refresh_token).ok_or_else(ended)?;
    let key = app.signer.secret("refresh tokens");
    let (token, key) = (&token, &key);
    let refreshed = app
        .db
        .write(None, |tx| Box::pin(async move { refresh(tx, token, key).await }));
    let (session, token) = refreshed.await?.ok_or_else(ended)?;
    let reader = Reader::passing(&app.db, None);
    let account = store::by_id(&reader, session.account_id).await?.ok_or_else(ended)?;
    signed_in(app, &account, session.id, &token)
}

/// Whether the session of a refresh token, however old that is, goes on.
///
/// # Errors
/// The database's.
pub async fn session_is_live(app: &App, refresh_token: &str) -> Result<bool> {
    let Some(token) = &RefreshToken::decode(refresh_token) else {
        return Ok(false);
    };
    let look = app.db.write(None, |tx| {
        Box::pin(async move { store::lock_session(tx, token.key_hash()).await })
    });
    let now = app.clock.system();
    Ok(look
        .await?
        .is_some_and(|session| session.ended_at.is_none() && session.expires_at > now))
}

/// The session and the refresh token that is to be used from now on; none if it has ended, or ends by this.
async fn refresh(tx: &Tx<'_>, token: &RefreshToken, key: &[u8; 32]) -> Result<Option<(Session, RefreshToken)>> {
    let now = tx.clock().system();
    let Some(session) = store::lock_session(tx, token.key_hash()).await? else {
        return Ok(None);
    };
    if session.ended_at.is_some() || session.expires_at <= now {
        return Ok(None);
    }
    let (hash, salt): (_, [u8; 32]) = (token.rotation_hash(), rand::random());
    let next = token.successor(key, &salt);
    let known = store::links(tx, session.id).await?;
    let (links, outdated): (Vec<_>, Vec<_>) = known.into_iter().partition(|link| is_recent(link.used_at, now));
    let (used_at, retired) = match standing(token, &session, &links, key, now) {
        Standing::Old => {
            store::end_session(tx, session.id).await?;
            return Ok(None);
        }
        Standing::Earlier(current) => {
            store::prolong(tx, session.id, None).await?;
            return Ok(Some((session, current)));
        }
        Standing::Current => {
            store::rotate(tx, session.id, hash.clone(), next.rotation_hash()).await?;
            let both = [Some(session.current_hash.clone()), session.sibling_hash.clone()];
            (now, both.into_iter().flatten().find(|other| *other != hash))
        }
        // The current one stays, for whoever has it.
        Standing::Unlinked(used_at) => {
            store::prolong(tx, session.id, Some(next.rotation_hash())).await?;
            (used_at, session.sibling_hash.clone())
        }
    };
    let mut new = vec![NewLink { hash, salt, used_at }];
    // Whoever has what is good no longer has a minute, too, though no salt leads from there to the current one.
    new.extend(retired.map(|hash| NewLink {
        hash,
        salt: rand::random(),
        used_at: now,
    }));
    let surplus = (links.len() + new.len()).saturating_sub(MOST_LINKS);
    let gone: Vec<_> = outdated.iter().chain(links.iter().take(surplus)).collect();
    store::delete_links(tx, &gone.iter().map(|link| link.id).collect::<Vec<_>>()).await?;
    store::insert_links(tx, session.id, new).await?;
    Ok(Some((session, next)))
}

fn standing(
    token: &RefreshToken,
    session: &Session,
    links: &[SessionLink],
    key: &[u8; 32],
    now: DateTime<Utc>,
) -> Standing {
    let is_good = |hash: &Vec<u8>| session.current_hash == *hash || session.sibling_hash.as_ref() == Some(hash);
    let hash = token.rotation_hash();
    if is_good(&hash) {
        return Standing::Current;
    }
    let mut reached = vec![token.clone()];
    while let Some(token) = reached.pop() {
        let hash = token.rotation_hash();
        if is_good(&hash) {
            return Standing::Earlier(token);
        }
        let next = links.iter().filter(|link| link.hash == hash);
        reached.extend(next.map(|link| token.successor(key, &link.salt)));
    }
    let linked = links.iter().find(|link| link.hash == hash).map(|link| link.used_at);
    let is_previous = session.previous_hash == Some(hash) && is_recent(session.rotated_at, now);
    let used_at = linked.or(is_previous.then_some(session.rotated_at));
    used_at.map_or(Standing::Old, Standing::Unlinked)
}

fn is_recent(used_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now - used_at <= ROTATION_GRACE
}

/// Throws away the salts of refresh tokens that were used first more than a minute ago, and returns how many.
///
/// # Errors
/// The database's; the next time goes on.
pub async fn forget_links(app: &App) -> Result<u64> {
    app.db
        .write(None, |tx| {
            Box::pin(async move { store::delete_links_before(tx, tx.clock().system() - ROTATION_GRACE).await })
        })
        .await
}
