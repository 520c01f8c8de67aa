//! Everything that the database holds.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::World;

/// The rows of every table as text, sorted.
pub type Dump = BTreeMap<String, Vec<String>>;
/// The columns of every table.
pub type Columns = BTreeMap<String, Vec<String>>;

impl World {
    /// Reads all tables.
    pub async fn dump(&self) -> Dump {
        let dump = self.rows(&self.columns().await).await;
        assert!(dump.len() > 10, "{:?}", dump.keys());
        dump
    }

    /// The columns of all tables.
    pub async fn columns(&self) -> Columns {
        let (tables, columns) = if self.is_postgres() {
            (
                "SELECT tablename AS text FROM pg_tables WHERE schemaname = 'public'",
                "SELECT column_name::text AS text FROM information_schema.columns \
                    WHERE table_schema = 'public' AND table_name = 'TABLE' ORDER BY ordinal_position",
            )
        } else {
            (
                "SELECT name AS text FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
                "SELECT name AS text FROM pragma_table_info('TABLE')",
            )
        };
        let mut found = Columns::new();
        for table in self.texts(tables).await {
            let columns = self.texts(&columns.replace("TABLE", &table)).await;
            found.insert(table, columns);
        }
        found
    }

    /// Reads these columns.
    pub async fn rows(&self, columns: &Columns) -> Dump {
        let mut dump = Dump::new();
        for (table, columns) in columns {
            let quoted = columns.iter().map(|column| match self.is_postgres() {
                true => format!("COALESCE(t.\"{column}\"::text, 'NULL')"),
                false => format!("quote(t.\"{column}\")"),
            });
            let row = quoted.collect::<Vec<_>>().join(" || '|' || ");
            let rows = format!("SELECT {row} AS text FROM \"{table}\" t ORDER BY 1");
            dump.insert(table.clone(), self.texts(&rows).await);
        }
        dump
    }

    fn is_postgres(&self) -> bool {
        self.app().db.system().get_database_backend() == DbBackend::Postgres
    }

    /// The column `text` of a statement.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let connection = self.app().db.system();
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        let rows = connection.query_all_raw(statement).await.unwrap();
        rows.iter().map(|row| row.try_get("", "text").unwrap()).collect()
    }
}
