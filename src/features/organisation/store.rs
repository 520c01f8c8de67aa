//! Statements over `organisation`.

use entity::{enums::OrganisationKind, organisation};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ConnectionTrait, EntityTrait, FromQueryResult,
};
use uuid::Uuid;

use crate::platform::{
    db::{Db, Reader, Sql, Tx},
    error::Result,
    letters::{self, Letters, Names, Term},
    page::{Cut, Key, KeyType, Order, Page},
};

/// An organisation. Its facts are public among everybody who may see it.
#[derive(Clone, Debug, FromQueryResult)]
pub struct OrganisationRow {
    /// Primary key.
    pub id: Uuid,
    /// What it is.
    pub kind: OrganisationKind,
    /// Its name.
    pub name: String,
    /// Town.
    pub city: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// IANA time zone.
    pub time_zone: String,
}

const NAMES: Names = Names {
    table: "organisation",
    name: "name",
    other: "city",
    is_other_sorted: true,
};

const COLUMNS: &str = "o.id, o.kind, o.name, o.city, o.country, o.time_zone";

/// Staff and administrators see every organisation; pupils their own and those of their spaces.
const VISIBLE: &str = "(me.kind <> 'PUPIL' OR o.id = me.organisation_id OR EXISTS (SELECT 1 FROM membership m \
    JOIN space_organisation so ON so.space_id = m.space_id AND so.state = 'ACCEPTED' \
    WHERE m.account_id = me.id AND m.left_at IS NULL AND so.organisation_id = o.id))";

/// Organisations that the viewer may see.
pub(super) async fn by_ids(reader: &Reader, ids: &[Uuid]) -> Result<Vec<OrganisationRow>> {
    let mut sql = visible(reader, COLUMNS)?;
    sql.push(" AND ").is_in("o.id", ids);
    reader.rows(sql).await
}

pub(super) const ORDER: Order = Order {
    tag: 64,
    columns: &[("sort_key", KeyType::Letters), ("id", KeyType::Id)],
    is_descending: false,
};

#[derive(FromQueryResult)]
struct PlacedRow {
    sort_key: Vec<u8>,
    #[sea_orm(nested)]
    organisation: OrganisationRow,
}

/// Organisations by name; with a term, those in whose name or city it is found.
pub(super) async fn page(reader: &Reader, term: Option<&Term>, page: &Page) -> Result<Cut<OrganisationRow>> {
    let mut sql = found(reader, &format!("{COLUMNS}, o.sort_key"), term)?;
    page.push(&mut sql, "o");
    let cut = page.cut(reader.rows(sql).await?, |row: &PlacedRow| {
        vec![Key::Letters(row.sort_key.clone()), Key::Id(row.organisation.id)]
    });
    Ok(cut.map(|row| row.organisation))
}

#[derive(FromQueryResult)]
struct Count {
    count: i64,
}

/// How many there are.
pub(super) async fn count(reader: &Reader, term: Option<&Term>) -> Result<i64> {
    let sql = found(reader, "COUNT(*) AS count", term)?;
    Ok(reader.row::<Count>(sql).await?.map_or(0, |row| row.count))
}

fn found(reader: &Reader, columns: &str, term: Option<&Term>) -> Result<Sql> {
    let mut sql = visible(reader, columns)?;
    if let Some(term) = term {
        NAMES.push_found(&mut sql, "o", term);
    }
    Ok(sql)
}

fn visible(reader: &Reader, columns: &str) -> Result<Sql> {
    let mut sql = reader.sql("SELECT ");
    sql.push(columns)
        .push(" FROM organisation o JOIN account me ON me.id = ")
        .bind(reader.actor()?.account_id);
    sql.push(" WHERE ").push(VISIBLE);
    Ok(sql)
}

/// What is kept of the letters of a name and a city.
pub(super) fn letters(name: &str, city: &str) -> Letters {
    NAMES.letters(name, city)
}

/// Computes the letters of organisations that were left without them, or with those of another version. Returns how many.
///
/// # Errors
/// The database's: what was done stays, and the next call goes on.
pub async fn system_fill_letters(db: &Db) -> Result<usize> {
    NAMES.fill(db).await
}

pub(super) async fn insert(tx: &Tx<'_>, row: organisation::Model) -> Result<()> {
    let row = organisation::ActiveModel {
        id: Set(row.id),
        kind: Set(row.kind),
        name: Set(row.name),
        name_key: Set(row.name_key),
        sort_key: Set(row.sort_key),
        search_key: Set(row.search_key),
        letters_version: Set(row.letters_version),
        city: Set(row.city),
        country: Set(row.country),
        time_zone: Set(row.time_zone),
        created_at: Set(row.created_at),
    };
    organisation::Entity::insert(row).exec_without_returning(&**tx).await?;
    Ok(())
}

/// Locks an organisation.
pub(super) async fn lock(tx: &Tx<'_>, id: Uuid) -> Result<Option<organisation::Model>> {
    let mut sql = tx.sql("");
    sql.select::<organisation::Entity>()
        .push(" WHERE id = ")
        .bind(id)
        .push(tx.for_update());
    tx.row(sql).await
}

/// Gives a locked organisation another name.
pub(super) async fn set_name(tx: &Tx<'_>, of: &organisation::Model, name: &str, key: String) -> Result<()> {
    let letters = NAMES.letters(name, &of.city);
    let row = organisation::ActiveModel {
        id: Unchanged(of.id),
        name: Set(name.to_owned()),
        name_key: Set(key),
        sort_key: Set(letters.sort_key),
        search_key: Set(letters.search_key),
        letters_version: Set(letters::VERSION),
        ..Default::default()
    };
    row.update(&**tx).await?;
    Ok(())
}

/// Whether an organisation exists, and whether it has staff already.
pub(super) async fn has_staff(tx: &Tx<'_>, id: Uuid) -> Result<Option<bool>> {
    let mut sql = tx.sql("SELECT EXISTS (SELECT 1 FROM account a WHERE a.organisation_id = o.id AND a.kind = 'STAFF' AND a.erased_at IS NULL) AS has_staff FROM organisation o WHERE o.id = ");
    sql.bind(id).push(tx.for_update());
    let row = tx.query_one_raw(sql.statement()).await?;
    Ok(row.map(|row| row.try_get("", "has_staff")).transpose()?)
}
