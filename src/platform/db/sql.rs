//! SQL text with its values, for both databases.

use chrono::{DateTime, Utc};
use sea_orm::{DbBackend, EntityTrait, Iden, Iterable, Statement, Value, sea_query::ArrayType};
use uuid::Uuid;

/// A statement in the making. Text is always constant; values are bound, never written, but for [limits](Sql::limit).
#[derive(Clone, Debug)]
pub struct Sql {
    backend: DbBackend,
    text: String,
    values: Vec<Value>,
    now: DateTime<Utc>,
    /// Number of the placeholder for `now`, once there is one.
    now_at: Option<usize>,
}

/// Stands for the time of the statement in constant text.
const NOW: &str = ":now";

impl Sql {
    pub(super) fn new(backend: DbBackend, now: DateTime<Utc>, text: &str) -> Self {
        let mut sql = Self {
            backend,
            text: String::new(),
            values: Vec::new(),
            now,
            now_at: None,
        };
        sql.push(text);
        sql
    }

    /// Whether this is for PostgreSQL (else SQLite).
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        self.backend == DbBackend::Postgres
    }

    /// Adds text; `:now` in it is the time of the statement.
    pub fn push(&mut self, text: &str) -> &mut Self {
        for (place, part) in text.split(NOW).enumerate() {
            if place > 0 {
                let now = Value::from(self.now);
                let number = *self.now_at.get_or_insert_with(|| {
                    self.values.push(now);
                    self.values.len()
                });
                self.text.push_str(&format!("${number}"));
            }
            self.text.push_str(part);
        }
        self
    }

    /// Adds a placeholder and its value.
    pub fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        let number = self.values.len();
        self.push(&format!("${number}"))
    }

    /// Adds the names of all columns of a table that this release knows. Never `*`: while the next release adds a column, PostgreSQL
    /// refuses what was prepared with a result of another form.
    pub fn columns<E: EntityTrait>(&mut self) -> &mut Self {
        for (place, column) in E::Column::iter().enumerate() {
            self.push(if place == 0 { "" } else { ", " }).push(column.unquoted());
        }
        self
    }

    /// The same of a table that the statement calls `alias`.
    pub fn columns_of<E: EntityTrait>(&mut self, alias: &str) -> &mut Self {
        for (place, column) in E::Column::iter().enumerate() {
            self.push(if place == 0 { "" } else { ", " });
            self.push(alias).push(".").push(column.unquoted());
        }
        self
    }

    /// Adds a query for all these columns.
    pub fn select<E: EntityTrait>(&mut self) -> &mut Self {
        self.push("SELECT ").columns::<E>().push(" FROM ");
        self.push(E::default().table_name())
    }

    /// Adds how many rows are wanted at most. Written out for SQLite, which would plan the statement anew each time it runs.
    pub fn limit(&mut self, rows: usize) -> &mut Self {
        self.push(" LIMIT ");
        if self.is_postgres() {
            self.bind(i64::try_from(rows).unwrap_or(i64::MAX))
        } else {
            self.push(&rows.to_string())
        }
    }

    /// Adds `column is one of ids` as one value, so that the text stays the same for any number of ids.
    pub fn is_in(&mut self, column: &str, ids: &[Uuid]) -> &mut Self {
        if self.is_postgres() {
            self.push(column).push(" = ANY(").bind_ids(ids).push(")")
        } else {
            self.push(column)
                .push(" IN (SELECT unhex(value) FROM json_each(")
                .bind_ids(ids)
                .push("))")
        }
    }

    /// Adds `rows` for each of several parents: the newest comments of every thread of a page, say.
    ///
    /// `once` gets the name of the parent's id and joins what is the same for all rows of a parent; a parent for which it joins nothing
    /// has no rows. `rows` gets the name too and writes `SELECT id … FROM contribution … WHERE parent column = name … LIMIT …`;
    /// `columns` and `joins` are read for the rows that it finds, under the alias `table`. Each parent costs one range of an
    /// index. The order of all rows together is not promised.
    pub fn for_each(
        &mut self,
        parents: &[Uuid],
        once: impl FnOnce(&mut Self, &str),
        (columns, table, joins): (&str, &str, &str),
        rows: impl FnOnce(&mut Self, &str),
    ) -> &mut Self {
        if self.is_postgres() {
            self.push("SELECT parent.id AS parent_id, ")
                .push(columns)
                .push(" FROM unnest(")
                .bind_ids(parents);
            self.push(") AS parent (id)");
            once(self, "parent.id");
            self.push(" CROSS JOIN LATERAL (");
            rows(self, "parent.id");
            self.push(") AS found JOIN ")
                .push(table)
                .push(" ON ")
                .push(alias(table))
                .push(".id = found.id ")
                .push(joins)
        } else {
            self.push("SELECT unhex(parent.value) AS parent_id, ")
                .push(columns)
                .push(" FROM json_each(")
                .bind_ids(parents);
            self.push(") AS parent");
            once(self, "unhex(parent.value)");
            // What a function returns may depend on what stands before it, unlike what a subquery does; as the condition of a join, the rows
            // would be found anew for each of them.
            self.push(" CROSS JOIN json_each((SELECT json_group_array(hex(id)) FROM (");
            rows(self, "unhex(parent.value)");
            self.push("))) AS found CROSS JOIN ")
                .push(table)
                .push(" ON ")
                .push(alias(table))
                .push(".id = unhex(found.value) ")
                .push(joins)
        }
    }

    /// Counts `rows` for each of several parents: columns `parent` and `count`.
    ///
    /// `once` is that of [`Sql::for_each`]; `rows` gets the name of the parent's id and writes `… contribution … WHERE parent column
    /// = name …`. Each parent costs one range of an index.
    pub fn count_each(
        &mut self,
        parents: &[Uuid],
        once: impl FnOnce(&mut Self, &str),
        rows: impl FnOnce(&mut Self, &str),
    ) -> &mut Self {
        let (parent, from, end) = if self.is_postgres() {
            ("parent.id", "unnest(", ") AS parent (id)")
        } else {
            ("unhex(parent.value)", "json_each(", ") AS parent")
        };
        self.push("SELECT ")
            .push(parent)
            .push(" AS parent, (SELECT COUNT(*) FROM ");
        rows(self, parent);
        self.push(") AS count FROM ").push(from).bind_ids(parents).push(end);
        once(self, parent);
        self
    }

    fn bind_ids(&mut self, ids: &[Uuid]) -> &mut Self {
        if self.is_postgres() {
            let ids = ids.iter().map(|&id| Value::from(id)).collect();
            self.bind(Value::Array(ArrayType::Uuid, Some(Box::new(ids))))
        } else {
            let ids: Vec<_> = ids.iter().map(|id| id.simple().to_string()).collect();
            self.bind(serde_json::Value::from(ids).to_string())
        }
    }

    /// The finished statement.
    #[must_use]
    pub fn statement(self) -> Statement {
        Statement::from_sql_and_values(self.backend, self.text, self.values)
    }
}

/// The alias of `table alias`.
fn alias(table: &str) -> &str {
    table.rsplit(' ').next().unwrap_or(table)
}
