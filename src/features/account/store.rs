//! Statements over `account`; those over sessions and networks are in [`session`] and [`network`].

mod network;
mod session;

use chrono::{DateTime, Utc};
pub(super) use entity::{
    account::Model as Row, password_change::Model as Change, session::Model as Session,
    session_link::Model as SessionLink,
};
use entity::{
    account::{self, Languages},
    enums::AccountKind,
    password_change,
};
use sea_orm::{
    ActiveEnum, ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, SqlErr,
    sea_query::OnConflict,
};
use uuid::Uuid;

pub(super) use self::network::{accounts_of_network, delete_networks_before, is_network_known, remember_network};
pub use self::session::SessionRow;
pub(super) use self::session::{
    NewLink, SESSION_ORDER, count_sessions, delete_links, delete_links_before, end_own_session, end_session,
    end_sessions, insert_links, insert_session, links, lock_session, prolong, rotate, sessions, sessions_by_ids,
};
use super::rules::{Login, Party};
use crate::platform::{
    auth::Actor,
    db::{Db, Reader, Sql, Tx},
    error::{Error, Result},
    letters::{self, Letters, Names, Term},
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
    /// Whether another login is the same but for case and form.
    pub has_login_collision: bool,
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
    /// When its login was changed last.
    pub login_changed_at: Option<DateTime<Utc>>,
}

impl AccountRow {
    /// The account, for the rules.
    pub(super) fn party(&self) -> Party {
        Party {
            id: self.id,
            kind: self.kind,
            organisation_id: self.organisation_id,
        }
    }
}

/// An account, for the rules.
pub(super) fn party(of: &account::Model) -> Party {
    Party {
        id: of.id,
        kind: of.kind,
        organisation_id: of.organisation_id,
    }
}

/// Lists go by the name alone: cursors are seen by more people than logins are.
const NAMES: Names = Names {
    table: "account",
    name: "display_name",
    other: "login",
    is_other_sorted: false,
};

/// Columns of an [`AccountRow`]; the account is `a`.
const COLUMNS: &str = "a.id, a.kind, a.login, a.has_login_collision, a.display_name, a.languages, a.organisation_id, a.is_password_change_required, a.created_at, a.login_changed_at";

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

/// Which accounts of an organisation are looked for.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    pub kind: Option<AccountKind>,
    pub term: Option<Term>,
}

/// Accounts of an organisation, for its staff.
pub(super) async fn page(reader: &Reader, organisation: Uuid, filter: &Filter, page: &Page) -> Result<Cut<AccountRow>> {
    let mut sql = of_organisation(reader, COLUMNS, organisation, filter)?;
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
pub(super) async fn count(reader: &Reader, organisation: Uuid, filter: &Filter) -> Result<i64> {
    let sql = of_organisation(reader, "COUNT(*) AS count", organisation, filter)?;
    Ok(reader.row::<Count>(sql).await?.map_or(0, |row| row.count))
}

fn of_organisation(reader: &Reader, columns: &str, organisation: Uuid, filter: &Filter) -> Result<Sql> {
    let mut sql = reader.sql("SELECT ");
    sql.push(columns)
        .push(" FROM account a JOIN account me ON me.id = ")
        .bind(reader.actor()?.account_id);
    sql.push(" WHERE a.erased_at IS NULL AND ")
        .push(SAME_STAFF)
        .push(" AND a.organisation_id = ")
        .bind(organisation);
    if let Some(kind) = filter.kind {
        sql.push(" AND a.kind = ").bind(kind.to_value());
    }
    if let Some(term) = &filter.term {
        NAMES.push_found(&mut sql, "a", term);
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

/// Who may sign in with a login: who has it as it is typed, then who has its key.
fn push_login(sql: &mut Sql, login: &Login, but: Option<Uuid>) {
    sql.push(" WHERE erased_at IS NULL AND (login IN (")
        .bind(login.earlier.clone())
        .push(", ")
        .bind(login.shown.clone())
        .push(") OR login_key = ")
        .bind(login.key.clone())
        .push(")");
    if let Some(but) = but {
        sql.push(" AND id <> ").bind(but);
    }
    sql.push(" ORDER BY CASE login WHEN ")
        .bind(login.earlier.clone())
        .push(" THEN 0 WHEN ")
        .bind(login.shown.clone())
        .push(" THEN 1 ELSE 2 END LIMIT 1");
}

/// The account with a login, to check a password against.
pub(super) async fn by_login(reader: &Reader, login: &Login) -> Result<Option<account::Model>> {
    let mut sql = reader.sql("");
    sql.select::<account::Entity>();
    push_login(&mut sql, login, None);
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

/// The account by which somebody is seen who isn't erased: the own one, and as staff those of the same organisation.
fn push_seen(sql: &mut Sql, actor: Uuid, id: Uuid) {
    sql.push("SELECT ").columns_of::<account::Entity>("a");
    sql.push(" FROM account a JOIN account me ON me.id = ")
        .bind(actor)
        .push(" WHERE a.erased_at IS NULL AND (a.id = me.id OR ")
        .push(SAME_STAFF)
        .push(") AND a.id = ")
        .bind(id);
}

/// An account that the actor sees.
pub(super) async fn seen(reader: &Reader, actor: Uuid, id: Uuid) -> Result<Option<account::Model>> {
    let mut sql = reader.sql("");
    push_seen(&mut sql, actor, id);
    reader.row(sql).await
}

/// Locks an account that the actor sees.
pub(super) async fn lock(tx: &Tx<'_>, actor: Uuid, id: Uuid) -> Result<Option<account::Model>> {
    let mut sql = tx.sql("");
    push_seen(&mut sql, actor, id);
    sql.push(tx.for_update());
    if sql.is_postgres() {
        sql.push(" OF a");
    }
    tx.row(sql).await
}

/// Gives a locked account another name.
pub(super) async fn set_name(tx: &Tx<'_>, of: &account::Model, name: String) -> Result<()> {
    let letters = NAMES.letters(&name, &of.login);
    let row = account::ActiveModel {
        id: Unchanged(of.id),
        display_name: Set(name),
        sort_key: Set(letters.sort_key),
        search_key: Set(letters.search_key),
        letters_version: Set(letters::VERSION),
        ..Default::default()
    };
    row.update(&**tx).await?;
    Ok(())
}

/// Gives an account other languages.
pub(super) async fn set_languages(tx: &Tx<'_>, id: Uuid, languages: Vec<String>) -> Result<()> {
    let row = account::ActiveModel {
        id: Unchanged(id),
        languages: Set(Languages(languages)),
        ..Default::default()
    };
    row.update(&**tx).await?;
    Ok(())
}

/// Whether an account other than this one has a login, in whatever form.
pub(super) async fn is_login_taken(tx: &Tx<'_>, login: &Login, id: Uuid) -> Result<bool> {
    let mut sql = tx.sql("SELECT id FROM account");
    push_login(&mut sql, login, Some(id));
    Ok(tx.row::<Id>(sql).await?.is_some())
}

/// Gives a locked account another login, perhaps together with a one-time secret of this hash. Its owner is told when they sign in.
pub(super) async fn set_login(tx: &Tx<'_>, of: &account::Model, login: &Login, hash: Option<String>) -> Result<()> {
    let letters = NAMES.letters(&of.display_name, &login.shown);
    let mut row = account::ActiveModel {
        id: Unchanged(of.id),
        sort_key: Set(letters.sort_key),
        search_key: Set(letters.search_key),
        letters_version: Set(letters::VERSION),
        login: Set(login.shown.clone()),
        login_key: Set(Some(login.key.clone())),
        has_login_collision: Set(false),
        login_changed_at: Set(Some(tx.clock().now())),
        login_changed_before: Set(of.login_changed_at),
        is_login_change_untold: Set(true),
        ..Default::default()
    };
    if let Some(hash) = hash {
        row.password_hash = Set(hash);
        row.is_password_change_required = Set(true);
    }
    match row.update(&**tx).await {
        // Somebody else was given it since it was looked for.
        Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => Err(Error::Contended),
        done => {
            done?;
            forget_change(tx, of.id).await
        }
    }
}

/// Notes that the owner of an account has heard of the change of their login; whether this is the first time.
pub(super) async fn tell_login_change(tx: &Tx<'_>, id: Uuid) -> Result<bool> {
    let update = account::Entity::update_many()
        .col_expr(account::Column::IsLoginChangeUntold, false.into())
        .filter(account::Column::Id.eq(id))
        .filter(account::Column::IsLoginChangeUntold.eq(true));
    Ok(update.exec(&**tx).await?.rows_affected > 0)
}

/// Takes everything out of an account but its id, kind and organisation, and its sessions, keys and known networks altogether.
pub(super) async fn erase(tx: &Tx<'_>, id: Uuid) -> Result<()> {
    // No one signs in with it: logins of staff have an @, those of pupils a full stop.
    let login = format!("erased-{}", id.simple());
    let letters = NAMES.letters("", &login);
    let row = account::ActiveModel {
        id: Unchanged(id),
        login: Set(login),
        login_key: Set(None),
        has_login_collision: Set(false),
        login_changed_at: Set(None),
        login_changed_before: Set(None),
        is_login_change_untold: Set(false),
        display_name: Set(String::new()),
        sort_key: Set(letters.sort_key),
        search_key: Set(letters.search_key),
        letters_version: Set(letters::VERSION),
        languages: Set(Languages::default()),
        birth_year: Set(None),
        password_hash: Set(String::new()),
        is_password_change_required: Set(false),
        erased_at: Set(Some(tx.clock().now())),
        ..Default::default()
    };
    row.update(&**tx).await?;
    network::delete_networks(tx, id).await?;
    session::delete_sessions(tx, id).await?;
    forget_change(tx, id).await
}

/// What is kept of the letters of a name and a login.
pub(super) fn letters(display_name: &str, login: &str) -> Letters {
    NAMES.letters(display_name, login)
}

/// Computes the letters of accounts that were left without them, or with those of another version. Returns how many.
///
/// # Errors
/// The database's: what was done stays, and the next call goes on.
pub async fn system_fill_letters(db: &Db) -> Result<usize> {
    NAMES.fill(db).await
}

/// Inserts an account unless its login is taken; returns whether it was inserted.
pub(super) async fn insert(tx: &Tx<'_>, row: account::Model) -> Result<bool> {
    let id = row.id;
    let row = account::ActiveModel {
        id: Set(row.id),
        kind: Set(row.kind),
        login: Set(row.login),
        login_key: Set(row.login_key),
        has_login_collision: Set(false),
        display_name: Set(row.display_name),
        sort_key: Set(row.sort_key),
        search_key: Set(row.search_key),
        letters_version: Set(row.letters_version),
        languages: Set(row.languages),
        organisation_id: Set(row.organisation_id),
        birth_year: Set(row.birth_year),
        password_hash: Set(row.password_hash),
        is_password_change_required: Set(row.is_password_change_required),
        created_at: Set(row.created_at),
        erased_at: Set(None),
        login_changed_at: Set(None),
        login_changed_before: Set(None),
        is_login_change_untold: Set(false),
    };
    // Of the two that are unique besides the id, which is new.
    let is_free = OnConflict::new().do_nothing().to_owned();
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

/// Gives an account of an organisation a one-time secret; returns whether it is (still) one of it.
pub(super) async fn reset_password(tx: &Tx<'_>, id: Uuid, organisation: Uuid, hash: String) -> Result<bool> {
    let update = account::Entity::update_many()
        .col_expr(account::Column::PasswordHash, hash.into())
        .col_expr(account::Column::IsPasswordChangeRequired, true.into())
        .filter(account::Column::Id.eq(id))
        .filter(account::Column::ErasedAt.is_null())
        .filter(account::Column::OrganisationId.eq(organisation));
    let is_done = update.exec(&**tx).await?.rows_affected > 0;
    if is_done {
        forget_change(tx, id).await?;
    }
    Ok(is_done)
}

/// Replaces a password by one of the person's own, unless somebody else has meanwhile; returns whether it was replaced.
pub(super) async fn replace_password(tx: &Tx<'_>, row: password_change::Model, before: &str) -> Result<bool> {
    let update = account::Entity::update_many()
        .col_expr(account::Column::PasswordHash, row.password_hash.clone().into())
        .col_expr(account::Column::IsPasswordChangeRequired, false.into())
        .filter(account::Column::Id.eq(row.account_id))
        .filter(account::Column::ErasedAt.is_null())
        .filter(account::Column::PasswordHash.eq(before));
    if update.exec(&**tx).await?.rows_affected == 0 {
        return Ok(false);
    }
    forget_change(tx, row.account_id).await?;
    let row = password_change::ActiveModel {
        account_id: Set(row.account_id),
        session_id: Set(row.session_id),
        pair_hash: Set(row.pair_hash),
        password_hash: Set(row.password_hash),
        changed_at: Set(row.changed_at),
    };
    password_change::Entity::insert(row)
        .exec_without_returning(&**tx)
        .await?;
    Ok(true)
}

/// Replaces a hash by another one of the same password, unless somebody has set another password meanwhile.
pub(super) async fn renew_password(tx: &Tx<'_>, id: Uuid, before: &str, hash: &str) -> Result<()> {
    account::Entity::update_many()
        .col_expr(account::Column::PasswordHash, hash.into())
        .filter(account::Column::Id.eq(id))
        .filter(account::Column::PasswordHash.eq(before))
        .exec(&**tx)
        .await?;
    Ok(())
}

/// The change of a password that a session has made last, if it was since `since` and still stands.
pub(super) async fn change(
    reader: &Reader,
    account: &account::Model,
    session: Uuid,
    since: DateTime<Utc>,
) -> Result<Option<password_change::Model>> {
    let mut sql = reader.sql("");
    sql.select::<password_change::Entity>()
        .push(" WHERE account_id = ")
        .bind(account.id)
        .push(" AND session_id = ")
        .bind(session)
        .push(" AND password_hash = ")
        .bind(account.password_hash.clone())
        .push(" AND changed_at >= ")
        .bind(since);
    reader.row(sql).await
}

async fn forget_change(tx: &Tx<'_>, account: Uuid) -> Result<()> {
    password_change::Entity::delete_by_id(account).exec(&**tx).await?;
    Ok(())
}

/// Forgets changes of passwords that nobody repeats any more.
pub(super) async fn system_forget_changes(tx: &Tx<'_>, before: DateTime<Utc>) -> Result<()> {
    password_change::Entity::delete_many()
        .filter(password_change::Column::ChangedAt.lt(before))
        .exec(&**tx)
        .await?;
    Ok(())
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
    Ok(by_login(&Reader::passing(db, None), &Login::of(login)).await?.is_some())
}

/// What an account signs in with.
///
/// # Errors
/// The database's; there is no such account.
pub async fn system_login(db: &Db, id: Uuid) -> Result<String> {
    let found = account::Entity::find_by_id(id).one(db.system()).await?;
    found.map(|account| account.login).ok_or_else(Error::not_found)
}

/// An account whose login has no key.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct Unkeyed {
    pub id: Uuid,
    pub login: String,
    pub organisation_id: Option<Uuid>,
    pub has_login_collision: bool,
}

/// The next accounts whose login has no key, in order of their ids.
pub(super) async fn system_unkeyed(reader: &Reader, after: Uuid, limit: usize) -> Result<Vec<Unkeyed>> {
    let mut sql = reader.sql(
        "SELECT id, login, organisation_id, has_login_collision FROM account \
         WHERE login_key IS NULL AND erased_at IS NULL AND id > ",
    );
    sql.bind(after).push(" ORDER BY id").limit(limit);
    reader.rows(sql).await
}

/// Gives an account a key, unless another one has it; returns whose it is then, and of which organisation.
pub(super) async fn system_set_key(tx: &Tx<'_>, of: &Unkeyed, key: &str) -> Result<Option<Keyed>> {
    let mut sql = tx.sql("UPDATE account SET login_key = ");
    sql.bind(key)
        .push(" WHERE erased_at IS NULL AND id = ")
        .bind(of.id)
        .push(" AND login = ")
        .bind(of.login.clone())
        .push(" AND NOT EXISTS (SELECT 1 FROM account o WHERE o.login_key = ")
        .bind(key)
        .push(")");
    tx.execute_raw(sql.statement()).await?;
    let mut sql = tx.sql("SELECT id, organisation_id, has_login_collision FROM account WHERE login_key = ");
    sql.bind(key);
    tx.row(sql).await
}

/// Who has a key.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub(super) struct Keyed {
    pub id: Uuid,
    pub organisation_id: Option<Uuid>,
    pub has_login_collision: bool,
}

/// Notes whether the login of an account collides with another's.
pub(super) async fn system_set_collision(tx: &Tx<'_>, id: Uuid, collides: bool) -> Result<()> {
    account::Entity::update_many()
        .col_expr(account::Column::HasLoginCollision, collides.into())
        .filter(account::Column::Id.eq(id))
        .exec(&**tx)
        .await?;
    Ok(())
}

/// Accounts whose login is noted to collide.
pub(super) async fn system_colliding(reader: &Reader) -> Result<Vec<Uuid>> {
    let mut sql = reader.sql("SELECT id FROM account WHERE has_login_collision");
    sql.push(" ORDER BY id");
    Ok(reader.rows::<Id>(sql).await?.into_iter().map(|row| row.id).collect())
}

#[derive(FromQueryResult)]
struct Id {
    id: Uuid,
}

/// Takes the keys of accounts that a node of an earlier release has erased.
pub(super) async fn system_take_keys_of_erased(tx: &Tx<'_>) -> Result<()> {
    account::Entity::update_many()
        .col_expr(account::Column::LoginKey, Option::<String>::None.into())
        .col_expr(account::Column::HasLoginCollision, false.into())
        .filter(account::Column::ErasedAt.is_not_null())
        .filter(account::Column::LoginKey.is_not_null())
        .exec(&**tx)
        .await?;
    Ok(())
}
