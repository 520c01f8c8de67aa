//! Pages of lists: keyset cursors, never offsets, and Relay connections.

use std::{cmp::Ordering, collections::HashMap, fmt, hash::Hash, sync::Arc};

use async_graphql::{
    Object, OutputType,
    connection::{Connection, DefaultConnectionName, DefaultEdgeName, Edge, EmptyFields},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use sea_orm::Value;
use uuid::Uuid;

use super::{
    db::Sql,
    error::{Error, Reason, Result},
    letters,
};

/// Rows in a page unless the client says otherwise.
pub const DEFAULT: usize = 20;
/// Rows in a page at most.
pub const MOST: usize = 100;

/// One part of a row's place in a list.
#[derive(Clone, Debug, PartialEq)]
pub enum Key {
    /// A flag.
    Bool(bool),
    /// A time, to the microsecond.
    Time(DateTime<Utc>),
    /// An id.
    Id(Uuid),
    /// A sort key of letters.
    Letters(Vec<u8>),
    /// A number.
    Number(i32),
}

impl Key {
    fn value(&self) -> Value {
        match self {
            Self::Bool(value) => (*value).into(),
            Self::Time(value) => (*value).into(),
            Self::Id(value) => (*value).into(),
            Self::Letters(value) => value.clone().into(),
            Self::Number(value) => (*value).into(),
        }
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Bool(value) => bytes.push(u8::from(*value)),
            Self::Time(value) => bytes.extend(value.timestamp_micros().to_be_bytes()),
            Self::Id(value) => bytes.extend(value.as_bytes()),
            Self::Letters(value) => {
                bytes.extend(letters::VERSION.to_be_bytes());
                bytes.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
                bytes.extend(value);
            }
            Self::Number(value) => bytes.extend(value.to_be_bytes()),
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(one), Self::Bool(two)) => one.cmp(two),
            (Self::Time(one), Self::Time(two)) => one.cmp(two),
            (Self::Id(one), Self::Id(two)) => one.cmp(two),
            (Self::Letters(one), Self::Letters(two)) => one.cmp(two),
            (Self::Number(one), Self::Number(two)) => one.cmp(two),
            _ => Ordering::Equal,
        }
    }
}

/// The type of a [`Key`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    /// A flag.
    Bool,
    /// A time.
    Time,
    /// An id.
    Id,
    /// A sort key of letters, of the version that is current: what comes after one of another version, nobody knows. Nor after an
    /// empty one, which a row has until it is filled.
    Letters,
    /// A number.
    Number,
}

impl KeyType {
    fn read(self, bytes: &mut &[u8]) -> Option<Key> {
        Some(match self {
            Self::Bool => match take::<1>(bytes)? {
                [0] => Key::Bool(false),
                [1] => Key::Bool(true),
                _ => return None,
            },
            Self::Time => {
                let time = DateTime::from_timestamp_micros(i64::from_be_bytes(take(bytes)?))?;
                // Beyond these, one of the databases can't compare it.
                (time.timestamp() >= 0 && time.timestamp() < 253_402_300_800).then_some(Key::Time(time))?
            }
            Self::Id => Key::Id(Uuid::from_bytes(take(bytes)?)),
            Self::Letters => {
                let version = i32::from_be_bytes(take(bytes)?);
                let length = usize::from(u16::from_be_bytes(take(bytes)?));
                let (key, rest) = bytes.split_at_checked(length)?;
                *bytes = rest;
                (version == letters::VERSION && length > 0).then(|| Key::Letters(key.to_owned()))?
            }
            Self::Number => Key::Number(i32::from_be_bytes(take(bytes)?)),
        })
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_at_checked(N)?;
    *bytes = rest;
    head.try_into().ok()
}

/// How a list is ordered: a name that its cursors carry, and the columns, the last of which makes every place unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// Tells cursors of different lists apart.
    pub tag: u8,
    /// Columns with their types, in order of importance.
    pub columns: &'static [(&'static str, KeyType)],
    /// Whether all columns descend (else all ascend).
    pub is_descending: bool,
}

impl Order {
    /// The cursor of a row.
    #[must_use]
    pub fn cursor(&self, place: &[Key]) -> String {
        let mut bytes = vec![self.tag];
        for key in place {
            key.write(&mut bytes);
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn read(&self, cursor: &str) -> Result<Vec<Key>> {
        let parse = || {
            let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
            let (&tag, mut rest) = bytes.split_first()?;
            let place: Option<Vec<_>> = self.columns.iter().map(|(_, kind)| kind.read(&mut rest)).collect();
            (tag == self.tag && rest.is_empty()).then_some(place?)
        };
        parse().ok_or_else(|| Error::invalid(Reason::Malformed, "This is not a cursor of this list."))
    }

    fn compare(&self, one: &[Key], two: &[Key]) -> Ordering {
        let order = one
            .iter()
            .zip(two)
            .map(|(one, two)| one.compare(two))
            .find(|order| order.is_ne());
        let order = order.unwrap_or(Ordering::Equal);
        if self.is_descending { order.reverse() } else { order }
    }
}

/// The part of a list that a client asks for, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    order: Order,
    limit: usize,
    is_backward: bool,
    after: Option<Vec<Key>>,
    before: Option<Vec<Key>>,
}

/// The arguments of a connection, unchecked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageArgs {
    /// Rows from the start.
    pub first: Option<i32>,
    /// Only rows behind this cursor.
    pub after: Option<String>,
    /// Rows from the end.
    pub last: Option<i32>,
    /// Only rows before this cursor.
    pub before: Option<String>,
}

impl PageArgs {
    /// Checks the arguments against the order of the list.
    ///
    /// # Errors
    /// `INVALID`: both ends, a size outside 0 to [`MOST`], a cursor of something else.
    pub fn page(&self, order: Order) -> Result<Page> {
        let (limit, is_backward) = match (self.first, self.last) {
            (Some(_), Some(_)) => {
                return Err(Error::invalid(Reason::OutOfRange, "Give first or last, not both."));
            }
            (Some(first), None) => (first, false),
            (None, Some(last)) => (last, true),
            (None, None) => (i32::try_from(DEFAULT).unwrap_or(i32::MAX), false),
        };
        let limit = usize::try_from(limit)
            .ok()
            .filter(|limit| *limit <= MOST)
            .ok_or_else(|| {
                let name = if is_backward { "last" } else { "first" };
                Error::invalid(Reason::OutOfRange, format!("{name} must be between 0 and {MOST}."))
            })?;
        let read = |cursor: &Option<String>| cursor.as_deref().map(|cursor| order.read(cursor)).transpose();
        Ok(Page {
            order,
            limit,
            is_backward,
            after: read(&self.after)?,
            before: read(&self.before)?,
        })
    }
}

impl Page {
    /// The first rows of a list.
    #[must_use]
    pub fn first(order: Order, limit: usize) -> Self {
        Self {
            order,
            limit,
            is_backward: false,
            after: None,
            before: None,
        }
    }

    /// Writes ` AND (…) < (…) ORDER BY … LIMIT …` behind a condition; `table` is the alias of the ordered table. One row
    /// more than asked for is read, to know whether there are more.
    pub fn push(&self, sql: &mut Sql, table: &str) {
        let columns = || self.order.columns.iter().map(|(column, _)| format!("{table}.{column}"));
        let tuple = columns().collect::<Vec<_>>().join(", ");
        for (place, is_after) in [(&self.after, true), (&self.before, false)] {
            if let Some(place) = place {
                sql.push(" AND (")
                    .push(&tuple)
                    .push(if is_after == self.order.is_descending {
                        ") < ("
                    } else {
                        ") > ("
                    });
                for (index, key) in place.iter().enumerate() {
                    sql.push(if index == 0 { "" } else { ", " }).bind(key.value());
                }
                sql.push(")");
            }
        }
        let direction = if self.order.is_descending == self.is_backward {
            ""
        } else {
            " DESC"
        };
        let columns: Vec<_> = columns().map(|column| format!("{column}{direction}")).collect();
        sql.push(" ORDER BY ").push(&columns.join(", "));
        sql.limit(self.limit + 1);
    }

    /// Cuts the row too many and puts rows into the order of the list.
    pub fn cut<T>(&self, mut rows: Vec<T>, place: impl Fn(&T) -> Vec<Key>) -> Cut<T> {
        let direction = |one: &T, two: &T| {
            let order = self.order.compare(&place(one), &place(two));
            if self.is_backward { order.reverse() } else { order }
        };
        rows.sort_by(direction);
        let more = rows.len() > self.limit;
        rows.truncate(self.limit);
        if self.is_backward {
            rows.reverse();
        }
        let cursors = rows.iter().map(|row| self.order.cursor(&place(row))).collect();
        let (has_next, has_previous) = match self.is_backward {
            false => (more, self.after.is_some()),
            true => (self.before.is_some(), more),
        };
        Cut {
            rows,
            cursors,
            has_next,
            has_previous,
        }
    }

    /// The same for rows that belong to several parents. A parent without rows has [`Page::nothing`].
    pub fn cut_by<P: Copy + Eq + Hash, T>(
        &self,
        rows: Vec<T>,
        parent: impl Fn(&T) -> P,
        place: impl Fn(&T) -> Vec<Key>,
    ) -> HashMap<P, Cut<T>> {
        let mut groups: HashMap<P, Vec<T>> = HashMap::new();
        for row in rows {
            groups.entry(parent(&row)).or_default().push(row);
        }
        groups
            .into_iter()
            .map(|(parent, rows)| (parent, self.cut(rows, &place)))
            .collect()
    }

    /// The page without rows.
    #[must_use]
    pub fn nothing<T>(&self) -> Cut<T> {
        self.cut(Vec::new(), |_| Vec::new())
    }
}

/// The rows of one page.
#[derive(Clone, Debug)]
pub struct Cut<T> {
    /// The rows, in the order of the list.
    pub rows: Vec<T>,
    /// Their cursors.
    pub cursors: Vec<String>,
    has_next: bool,
    has_previous: bool,
}

impl<T> Default for Cut<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            cursors: Vec::new(),
            has_next: false,
            has_previous: false,
        }
    }
}

impl<T> Cut<T> {
    /// The page with other rows of the same number and order.
    pub fn with<U>(&self, rows: Vec<U>) -> Cut<U> {
        Cut {
            rows,
            cursors: self.cursors.clone(),
            has_next: self.has_next,
            has_previous: self.has_previous,
        }
    }

    /// The page with each row as something else.
    pub fn map<U>(self, object: impl FnMut(T) -> U) -> Cut<U> {
        let Self {
            rows,
            cursors,
            has_next,
            has_previous,
        } = self;
        Cut {
            rows: rows.into_iter().map(object).collect(),
            cursors,
            has_next,
            has_previous,
        }
    }

    /// The page as a connection.
    pub fn connection(self, total: Total) -> Listed<T>
    where
        T: OutputType,
    {
        let mut connection = Connection::with_additional_fields(self.has_previous, self.has_next, total);
        connection.edges.extend(
            self.cursors
                .into_iter()
                .zip(self.rows)
                .map(|(cursor, row)| Edge::new(cursor, row)),
        );
        connection
    }
}

/// A connection of this API.
pub type Listed<T> = Connection<String, T, Total, EmptyFields, DefaultConnectionName, DefaultEdgeName>;

/// Counts a whole list, when it is asked to.
#[derive(Clone)]
pub struct Total(Arc<dyn Fn() -> BoxFuture<'static, Result<i64>> + Send + Sync>);

impl fmt::Debug for Total {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Total")
    }
}

impl Total {
    /// Counts with `count`.
    pub fn new(count: impl Fn() -> BoxFuture<'static, Result<i64>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(count))
    }

    /// A number that is known.
    #[must_use]
    pub fn known(count: usize) -> Self {
        Self::new(move || Box::pin(async move { Ok(i64::try_from(count).unwrap_or(i64::MAX)) }))
    }
}

/// What a connection has beside its page.
#[Object]
impl Total {
    /// How many objects the whole list has for this viewer. Counted only when selected.
    async fn total_count(&self) -> Result<i32> {
        Ok(i32::try_from((self.0)().await?).unwrap_or(i32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ORDER: Order = Order {
        tag: 7,
        columns: &[
            ("flag", KeyType::Bool),
            ("at", KeyType::Time),
            ("name", KeyType::Letters),
            ("number", KeyType::Number),
            ("id", KeyType::Id),
        ],
        is_descending: false,
    };

    proptest! {
        #[test]
        fn cursors_come_back(
            flag: bool, at in 0..253_402_300_799_999_999_i64, name in prop::collection::vec(any::<u8>(), 1..50), number: i32, id: u128
        ) {
            let at = DateTime::from_timestamp_micros(at).unwrap_or_default();
            let place = [Key::Bool(flag), Key::Time(at), Key::Letters(name), Key::Number(number), Key::Id(Uuid::from_u128(id))];
            let read = ORDER.read(&ORDER.cursor(&place));
            prop_assert!(matches!(&read, Ok(read) if read[..] == place), "{:?}", read);
            let other = Order { tag: 8, ..ORDER };
            prop_assert!(other.read(&ORDER.cursor(&place)).is_err());
        }

        #[test]
        fn nothing_else_is_a_cursor(bytes: Vec<u8>, text in "\\PC*") {
            for cursor in [URL_SAFE_NO_PAD.encode(&bytes), text] {
                if let Ok(place) = ORDER.read(&cursor) {
                    prop_assert_eq!(ORDER.cursor(&place), cursor);
                }
            }
        }
    }
}
