//! What happens to accounts by time: logins of earlier releases get their keys.

use std::{collections::BTreeSet, fmt};

use entity::enums::AuditAct;
use uuid::Uuid;

use super::{
    rules::{self, Login},
    store::{self, Keyed, Unkeyed},
};
use crate::{
    app::App,
    platform::{
        audit::{INSTALLATION, Record},
        db::{Reader, Tx},
        error::Result,
        id::{self, Kind},
    },
};

/// Accounts of a unit.
const ROWS: usize = 500;

/// Two accounts whose logins are the same but for case and form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collision {
    /// Who is found by their login as it is stored alone.
    pub account: Uuid,
    /// Who is found by it however it is typed.
    pub keeper: Uuid,
}

/// By ids: a login is personal.
impl fmt::Display for Collision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let public = |account| id::encode(Kind::Account, account).0;
        write!(formatter, "{} and {}", public(self.account), public(self.keeper))
    }
}

/// Gives logins their keys that have none: those of earlier releases, and of their nodes while they run beside this one. Returns the
/// accounts that can't get theirs, since another account has it; both stay as they are. New ones go on record, and into the log. What was
/// mended meanwhile is no collision any more.
///
/// # Errors
/// The database's: what was done stays, and the next call goes on.
pub async fn settle_logins(app: &App) -> Result<Vec<Collision>> {
    let reader = Reader::passing(&app.db, None);
    let take = app.db.write(None, |tx| Box::pin(store::system_take_keys_of_erased(tx)));
    take.await?;
    let mut found = Vec::new();
    let mut after = Uuid::nil();
    loop {
        let rows = store::system_unkeyed(&reader, after, ROWS).await?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        let rows = &rows;
        let unit = app.db.write(None, |tx| Box::pin(settle(tx, rows)));
        found.extend(unit.await?);
    }
    let colliding: BTreeSet<Uuid> = found.iter().flat_map(|one| [one.account, one.keeper]).collect();
    let mended = store::system_colliding(&reader).await?;
    let mended = &mended
        .into_iter()
        .filter(|id| !colliding.contains(id))
        .collect::<Vec<_>>();
    let clear = app.db.write(None, |tx| {
        Box::pin(async move {
            for id in mended {
                store::system_set_collision(tx, *id, false).await?;
            }
            Ok(())
        })
    });
    if !mended.is_empty() {
        clear.await?;
    }
    Ok(found)
}

/// Settles some of them.
async fn settle(tx: &mut Tx<'_>, rows: &[Unkeyed]) -> Result<Vec<Collision>> {
    let mut found = Vec::new();
    for row in rows {
        let keeper = store::system_set_key(tx, row, &Login::of(&row.login).key).await?;
        let Some(keeper) = keeper.filter(|keeper| keeper.id != row.id) else {
            continue;
        };
        let collision = Collision {
            account: row.id,
            keeper: keeper.id,
        };
        let this = Keyed {
            id: row.id,
            organisation_id: row.organisation_id,
            has_login_collision: row.has_login_collision,
        };
        for one in [this, keeper] {
            if !one.has_login_collision {
                store::system_set_collision(tx, one.id, true).await?;
                let record = Record::new(AuditAct::AccountLoginCollided, None, (Kind::Account, one.id));
                tx.audit(one.organisation_id.unwrap_or(INSTALLATION), record);
            }
        }
        if !this.has_login_collision {
            tracing::warn!(%collision, "two accounts have logins that are the same but for case and form: give one of them another");
        }
        found.push(collision);
    }
    Ok(found)
}

/// Forgets changes of passwords that no client repeats any more.
///
/// # Errors
/// The database's.
pub async fn forget_changes(app: &App) -> Result<()> {
    let before = app.clock.now() - rules::CHANGE_REPEATED;
    let forget = app
        .db
        .write(None, |tx| Box::pin(store::system_forget_changes(tx, before)));
    forget.await
}
