//! Retries after a lost answer: a client's key makes a create happen once.

use std::fmt::Debug;

use async_graphql::InputType;
use entity::idempotency;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::OnConflict};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    auth::Actor,
    db::{Db, Reader, Sql, Tx},
    error::{Code, Error, Reason, Refusal, Result},
    unicode::is_seen,
};

/// A client's key, with what it stands for.
#[derive(Clone, Debug)]
pub struct Key {
    key: String,
    mutation: &'static str,
    input_hash: Vec<u8>,
}

/// What a key says about a unit of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Go on.
    New,
    /// It was done already, and made this.
    Replay(Uuid),
}

/// What a create made: now, or when the same was called before.
#[derive(Clone, Copy, Debug)]
pub struct Created {
    /// It.
    pub id: Uuid,
    /// It was there already.
    pub is_replay: bool,
}

impl Created {
    /// What a unit of work that was to make `new` says is there.
    #[must_use]
    pub fn of(id: Uuid, new: Uuid) -> Self {
        Self {
            id,
            is_replay: id != new,
        }
    }

    /// What was made, as the caller reads it back. A replay may find nothing: it was removed meanwhile, which the caller is told.
    ///
    /// # Errors
    /// [`Error::Internal`] if it was made just now and isn't there: no answer says that something is done which isn't.
    pub fn read_back<T>(created: Option<Self>, found: Option<T>, told: &mut Vec<Refusal>) -> Result<Option<T>> {
        match (created, &found) {
            (Some(Self { id, is_replay: false }), None) => {
                return Err(Error::broken(format!("{id} was made and can't be read back")));
            }
            (Some(Self { is_replay: true, .. }), None) if told.is_empty() => {
                let message = "What was made with this key was removed since, or is out of your sight.";
                let gone = Error::refused(Code::NotFound, None, message).at(&["idempotencyKey"]);
                told.extend(gone.into_refusals()?);
            }
            _ => {}
        }
        Ok(found)
    }
}

impl Key {
    /// Checks a key; `input` is all that must be the same when it is used again.
    ///
    /// # Errors
    /// `INVALID` at `idempotencyKey` unless it has 16 to 64 characters, all of them seen, or blanks between.
    pub fn new(mutation: &'static str, key: Option<&str>, input: &impl InputType) -> Result<Option<Self>> {
        let Some(key) = key else { return Ok(None) };
        let refuse = |reason, message: &str| Err(Error::invalid(reason, message).at(&["idempotencyKey"]));
        match key.chars().count() {
            0..16 => return refuse(Reason::TooShort, "At least 16 characters."),
            16..=64 => {}
            _ => return refuse(Reason::TooLong, "At most 64 characters."),
        }
        if key.trim().is_empty() || !key.chars().all(|sign| sign == ' ' || is_seen(sign)) {
            return refuse(Reason::Malformed, "Expected characters that are seen.");
        }
        let input = serde_json::to_vec(&input.to_value()).map_err(Error::internal)?;
        Ok(Some(Self {
            key: key.to_owned(),
            mutation,
            input_hash: Sha256::digest(input).to_vec(),
        }))
    }

    /// What a known row says the key stands for.
    fn subject(&self, known: &idempotency::Model) -> Result<Uuid> {
        if known.mutation == self.mutation && known.input_hash == self.input_hash {
            return Ok(known.subject_id);
        }
        Err(Error::key_reused(known.subject_id))
    }

    /// The key itself.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.key
    }

    fn row(&self, tx: &Tx<'_>, account: Uuid, subject: Uuid) -> idempotency::ActiveModel {
        idempotency::ActiveModel {
            account_id: Set(account),
            key: Set(self.key.clone()),
            mutation: Set(self.mutation.to_owned()),
            input_hash: Set(self.input_hash.clone()),
            subject_id: Set(subject),
            created_at: Set(tx.clock().now()),
        }
    }
}

/// What a key stands for already, so that a replay is not prepared in vain; [`claim`] decides.
///
/// # Errors
/// `CONFLICT`/`KEY_REUSED` if the key stands for something else.
pub async fn replay(db: &Db, actor: &Actor, key: Option<&Key>) -> Result<Option<Uuid>> {
    let Some(key) = key else { return Ok(None) };
    let known = stored(db, actor.account_id, &key.key).await?;
    known.map(|known| key.subject(&known)).transpose()
}

/// Keeps that somebody removed something altogether, for a repeated call that no longer finds it.
///
/// # Errors
/// The database.
pub async fn note_removal(tx: &Tx<'_>, account: Uuid, subject: Uuid) -> Result<()> {
    let key = Key {
        key: removal(subject),
        mutation: "",
        input_hash: Vec::new(),
    };
    claim(tx, account, Some(&key), subject).await?;
    Ok(())
}

/// Whether this account removed something altogether.
///
/// # Errors
/// The database.
pub async fn is_removed(db: &Db, actor: &Actor, subject: Uuid) -> Result<bool> {
    let known = stored(db, actor.account_id, &removal(subject)).await?;
    Ok(known.is_some_and(|known| known.subject_id == subject))
}

/// An update of something that has versions: sent again, as the answer was lost, it is success.
#[derive(Debug)]
pub struct Update {
    account: Uuid,
    subject: Uuid,
    expected: i32,
    key: Key,
}

impl Update {
    /// To `content`, as checked, by an account that expects a version.
    pub fn new(account: Uuid, (subject, expected): (Uuid, i32), content: &impl Debug) -> Self {
        let key = Key {
            key: format!("updated\n{}", subject.simple()),
            mutation: "",
            input_hash: Sha256::digest(format!("{expected} {content:?}")).to_vec(),
        };
        Self {
            account,
            subject,
            expected,
            key,
        }
    }

    /// Whether it is done: the account has made the version of now, and by just this.
    ///
    /// # Errors
    /// `CONFLICT`/`STALE_VERSION` if it isn't, and the version of now isn't the expected one.
    pub async fn is_done(&self, tx: &Tx<'_>, version: i32) -> Result<bool> {
        if self.expected == version {
            return Ok(false);
        }
        if self.expected.checked_add(1) == Some(version)
            && let Some(known) = known(tx, self.account, &self.key).await?
            && known.input_hash == self.key.input_hash
        {
            return Ok(true);
        }
        Err(Error::stale())
    }

    /// Notes that it has made the next version.
    ///
    /// # Errors
    /// The database.
    pub async fn done(&self, tx: &Tx<'_>) -> Result<()> {
        use idempotency::Column::{AccountId, CreatedAt, InputHash, Key};
        let newest = OnConflict::columns([AccountId, Key])
            .update_columns([InputHash, CreatedAt])
            .to_owned();
        let insert = idempotency::Entity::insert(self.key.row(tx, self.account, self.subject)).on_conflict(newest);
        insert.exec_without_returning(&**tx).await?;
        Ok(())
    }
}

async fn known(tx: &Tx<'_>, account: Uuid, key: &Key) -> Result<Option<idempotency::Model>> {
    tx.row(of(tx.sql(""), account, &key.key)).await
}

async fn stored(db: &Db, account: Uuid, key: &str) -> Result<Option<idempotency::Model>> {
    Reader::passing(db, None).row(of(db.sql(""), account, key)).await
}

/// The row of a key.
fn of(mut sql: Sql, account: Uuid, key: &str) -> Sql {
    sql.select::<idempotency::Entity>()
        .push(" WHERE account_id = ")
        .bind(account)
        .push(" AND key = ")
        .bind(key);
    sql
}

/// Forgets all keys of an account: what a client wrote into them too.
///
/// # Errors
/// The database.
pub async fn forget(tx: &Tx<'_>, account: Uuid) -> Result<()> {
    idempotency::Entity::delete_many()
        .filter(idempotency::Column::AccountId.eq(account))
        .exec(&**tx)
        .await?;
    Ok(())
}

/// Forgets the key of something that was not made after all, so that it can be used again.
///
/// # Errors
/// The database.
pub async fn release(tx: &Tx<'_>, account: Uuid, subject: Uuid) -> Result<()> {
    idempotency::Entity::delete_many()
        .filter(idempotency::Column::AccountId.eq(account))
        .filter(idempotency::Column::SubjectId.eq(subject))
        .exec(&**tx)
        .await?;
    Ok(())
}

/// A key that no client can send, for the line break in it.
fn removal(subject: Uuid) -> String {
    format!("removed\n{}", subject.simple())
}

/// Claims a key for a subject: the first statement of a unit. It waits for another unit with the same key.
///
/// # Errors
/// `CONFLICT`/`KEY_REUSED` if the key stands for something else.
pub async fn claim(tx: &Tx<'_>, account: Uuid, key: Option<&Key>, subject: Uuid) -> Result<Claim> {
    let Some(key) = key else { return Ok(Claim::New) };
    for _ in 0..3 {
        let row = key.row(tx, account, subject);
        let columns = [idempotency::Column::AccountId, idempotency::Column::Key];
        let insert = idempotency::Entity::insert(row).on_conflict(OnConflict::columns(columns).do_nothing().to_owned());
        if insert.exec_without_returning(&**tx).await? == 1 {
            return Ok(Claim::New);
        }
        // No row: the other unit was rolled back in between.
        if let Some(known) = known(tx, account, key).await? {
            return key.subject(&known).map(Claim::Replay);
        }
    }
    Err(Error::Contended)
}
