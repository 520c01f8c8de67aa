//! Statements over `account`; those over sessions are in [`session`].

mod session;

use chrono::{DateTime, Utc};
pub(super) use entity::{account::Model as Login, session::Model as Session, session_link::Model as SessionLink};
use entity::{
    account::{self, Languages},
    enums::AccountKind,
};
use sea_orm::{
    ActiveEnum, ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, EntityTrait, FromQueryResult, QueryFilter,
    sea_query::OnConflict,
};
use uuid::Uuid;

pub(super) use self::session::{
    NewLink, delete_links, delete_links_before, end_session, end_sessions, insert_links, insert_session, links,
    lock_session, prolong, rotate,
};
use crate::platform::{
    auth::Actor,
    db::{Db, Reader, Sql, Tx},
    error::{Error, Result},
    page::{Cut, Key, KeyType, Order, Page},
    stream,
};

/// An account as its viewer gets it.
#[derive(Clone, Debug, FromQueryResult)]
pub struct AccountRow {
    /// Primary key.
    pub id: Uuid,
    /// What it is for.
    pub kind: AccountKind,
    /// What it signs in with.
    pub login: String,
    /// The name that members see.
    pub display_name: String,
    /// Language tags.
    pub languages: Languages,
    /// The school or body.
    pub organisation_id: Option<Uuid>,
    /// Whether the secret is a one-time one.
    pub is_password_change_required: bool,
    /// Place in lists.
    pub created_at: DateTime<Utc>,
}

/// Columns of an [`AccountRow`]; the account is `a`.
const COLUMNS: &str = "a.id, a.kind, a.login, a.display_name, a.languages, a.organisation_id, a.is_password_change_required, a.created_at";

/// Whether the viewer, whose account is `me`, is staff of the organisation of `a`.
const SAME_STAFF: &str = "(me.kind = 'STAFF' AND me.organisation_id = a.organisation_id)";

/// Accounts that the viewer may see: the own one, and as staff those of the same organisation.
pub(super) async fn by_ids(reader: &Reader, ids: &[Uuid]) -> Result<Vec<AccountRow>> {
    let mut sql = reader.sql("SELECT ");
    sql.push(COLUMNS)
        .push(" FROM account a JOIN account me ON me.id = ")
        .bind(reader.actor()?.account_id);
    sql.push(" WHERE a.erased_at IS NULL AND (a.id = me.id OR ")
        .push(SAME_STAFF)
        .push(") AND ")
        .is_in("a.id", ids);
    reader.rows(sql).await
}

/// The order of accounts in lists.
pub(super) const ORDER: Order = Order {
    tag: 1,
    columns: &[("created_at", KeyType::Time), ("id", KeyType::Id)],
    is_descending: false,
};

/// Accounts of an organisation, for its staff.
pub(super) async fn page(
    reader: &Reader,
    organisation: Uuid,
    kind: Option<AccountKind>,
    page: &Page,
) -> Result<Cut<AccountRow>> {
    let mut sql = of_organisation(reader, COLUMNS, organisation, kind)?;
    page.push(&mut sql, "a");
    Ok(page.cut(reader.rows(sql).await?, |row: &AccountRow| {
        vec![Key::Time(row.created_at), Key::Id(row.id)]
    }))
}

#[derive(FromQueryResult)]
struct Count {
    count: i64,
}

/// How many they are.
pub(super) async fn count(reader: &Reader, organisation: Uuid, kind: Option<AccountKind>) -> Result<i64> {
    let sql = of_organisation(reader, "COUNT(*) AS count", organisation, kind)?;
    Ok(reader.row::<Count>(sql).await?.map_or(0, |row| row.count))
}

fn of_organisation(reader: &Reader, columns: &str, organisation: Uuid, kind: Option<AccountKind>) -> Result<Sql> {
    let mut sql = reader.sql("SELECT ");
    sql.push(columns)
        .push(" FROM account a JOIN account me ON me.id = ")
        .bind(reader.actor()?.account_id);
    sql.push(" WHERE a.erased_at IS NULL AND ")
        .push(SAME_STAFF)
        .push(" AND a.organisation_id = ")
        .bind(organisation);
    if let Some(kind) = kind {
        sql.push(" AND a.kind = ").bind(kind.to_value());
    }
    Ok(sql)
}

#[derive(FromQueryResult)]
struct ActorRow {
    account_id: Uuid,
    kind: AccountKind,
    organisation_id: Option<Uuid>,
    languages: Languages,
    is_password_change_required: bool,
}

/// Who a live session belongs to.
pub(super) async fn actor(reader: &Reader, account: Uuid, session: Uuid, now: DateTime<Utc>) -> Result<Option<Actor>> {
    let mut sql = reader.sql(
        "SELECT a.id AS account_id, a.kind, a.organisation_id, a.languages, a.is_password_change_required \
         FROM session s JOIN account a ON a.id = s.account_id WHERE s.id = ",
    );
    sql.bind(session)
        .push(" AND a.id = ")
        .bind(account)
        .push(" AND a.erased_at IS NULL AND s.ended_at IS NULL AND s.expires_at > ")
        .bind(now);
    Ok(reader.row::<ActorRow>(sql).await?.map(|row| Actor {
        account_id: row.account_id,
        session_id: session,
        kind: row.kind,
        organisation_id: row.organisation_id,
        languages: row.languages.0,
        is_password_change_required: row.is_password_change_required,
    }))
}

/// The account with a login, to check a password against.
pub(super) async fn by_login(reader: &Reader, login: &str) -> Result<Option<account::Model>> {
    let mut sql = reader.sql("");
    sql.select::<account::Entity>()
        .push(" WHERE erased_at IS NULL AND login = ")
        .bind(login);
    reader.row(sql).await
}

/// An account by id, to check a password against.
pub(super) async fn by_id(reader: &Reader, id: Uuid) -> Result<Option<account::Model>> {
    let mut sql = reader.sql("");
    sql.select::<account::Entity>()
        .push(" WHERE erased_at IS NULL AND id = ")
        .bind(id);
    reader.row(sql).await
}

/// An account as the person or staff of its organisation find it, erased ones included.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Subject {
    /// Primary key.
    pub id: Uuid,
    /// What it is for.
    pub kind: AccountKind,
    /// When the person was erased.
    pub erased_at: Option<DateTime<Utc>>,
}

/// Locks the account that somebody may have erased or exported.
pub(super) async fn subject(tx: &Tx<'_>, actor: Uuid, id: Uuid) -> Result<Option<Subject>> {
    let mut sql = tx.sql("SELECT a.id, a.kind, a.erased_at FROM account a JOIN account me ON me.id = ");
    sql.bind(actor)
        .push(" WHERE (a.id = me.id OR ")
        .push(SAME_STAFF)
        .push(") AND a.id = ")
        .bind(id)
        .push(tx.for_update());
    if sql.is_postgres() {
        sql.push(" OF a");
    }
    tx.row(sql).await
}

/// Takes everything out of an account but its id, kind and organisation, and its sessions and keys altogether.
pub(super) async fn erase(tx: &Tx<'_>, id: Uuid) -> Result<()> {
    let row = account::ActiveModel {
        id: Unchanged(id),
        // No one signs in with it: logins of staff have an @, those of pupils a full stop.
        login: Set(format!("erased-{}", id.simple())),
        display_name: Set(String::new()),
        languages: Set(Languages::default()),
        birth_year: Set(None),
        password_hash: Set(String::new()),
        is_password_change_required: Set(false),
        erased_at: Set(Some(tx.clock().now())),
        ..Default::default()
    };
    row.update(&**tx).await?;
    session::delete_sessions(tx, id).await
}

/// Inserts an account unless its login is taken; returns whether it was inserted.
pub(super) async fn insert(tx: &Tx<'_>, row: account::Model) -> Result<bool> {
    let id = row.id;
    let row = account::ActiveModel {
        id: Set(row.id),
        kind: Set(row.kind),
        login: Set(row.login),
        display_name: Set(row.display_name),
        languages: Set(row.languages),
        organisation_id: Set(row.organisation_id),
        birth_year: Set(row.birth_year),
        password_hash: Set(row.password_hash),
        is_password_change_required: Set(row.is_password_change_required),
        created_at: Set(row.created_at),
        erased_at: Set(None),
    };
    let is_free = OnConflict::column(account::Column::Login).do_nothing().to_owned();
    let insert = account::Entity::insert(row).on_conflict(is_free);
    let is_new = insert.exec_without_returning(&**tx).await? == 1;
    if is_new {
        // The inbox.
        stream::create(tx, id).await?;
    }
    Ok(is_new)
}

#[derive(FromQueryResult)]
struct ChainRow {
    account_id: Uuid,
    chain_id: Uuid,
}

/// The chains of the audit trail on which acts on accounts stand: those of their organisations and of the spaces in which they
/// are members.
pub(super) async fn chains(tx: &Tx<'_>, accounts: &[Uuid]) -> Result<Vec<(Uuid, Uuid)>> {
    let mut sql = tx.sql(
        "SELECT id AS account_id, organisation_id AS chain_id FROM account WHERE organisation_id IS NOT NULL AND ",
    );
    sql.is_in("id", accounts)
        .push(" UNION ALL SELECT account_id, space_id FROM membership WHERE left_at IS NULL AND ")
        .is_in("account_id", accounts);
    let rows = tx.rows::<ChainRow>(sql).await?.into_iter();
    Ok(rows.map(|row| (row.account_id, row.chain_id)).collect())
}

/// Replaces a password; returns whether the account is (still) one of `organisation`, if that is asked for.
pub(super) async fn set_password(
    tx: &Tx<'_>,
    id: Uuid,
    organisation: Option<Uuid>,
    hash: String,
    is_one_time: bool,
) -> Result<bool> {
    let mut update = account::Entity::update_many()
        .col_expr(account::Column::PasswordHash, hash.into())
        .col_expr(account::Column::IsPasswordChangeRequired, is_one_time.into())
        .filter(account::Column::Id.eq(id))
        .filter(account::Column::ErasedAt.is_null());
    if let Some(organisation) = organisation {
        update = update.filter(account::Column::OrganisationId.eq(organisation));
    }
    Ok(update.exec(&**tx).await?.rows_affected > 0)
}

/// Whether there is no account at all.
///
/// # Errors
/// The database's.
pub async fn system_is_empty(db: &Db) -> Result<bool> {
    Ok(account::Entity::find().one(db.system()).await?.is_none())
}

/// Whether there is an account with this login.
///
/// # Errors
/// The database's.
pub async fn system_has_login(db: &Db, login: &str) -> Result<bool> {
    let found = account::Entity::find()
        .filter(account::Column::Login.eq(login))
        .one(db.system())
        .await?;
    Ok(found.is_some())
}

/// What an account signs in with.
///
/// # Errors
/// The database's; there is no such account.
pub async fn system_login(db: &Db, id: Uuid) -> Result<String> {
    let found = account::Entity::find_by_id(id).one(db.system()).await?;
    found.map(|account| account.login).ok_or_else(Error::not_found)
}
