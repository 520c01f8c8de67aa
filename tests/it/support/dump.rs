//! Everything that the database holds.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::World;

/// The rows of every table as text, sorted.
pub type Dump = BTreeMap<String, Vec<String>>;

impl World {
    /// Reads all tables.
    pub async fn dump(&self) -> Dump {
        let is_postgres = self.app().db.system().get_database_backend() == DbBackend::Postgres;
        let tables = if is_postgres {
            "SELECT tablename AS text FROM pg_tables WHERE schemaname = 'public'"
        } else {
            "SELECT name AS text FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        };
        let mut dump = Dump::new();
        for table in self.texts(tables).await {
            let row = if is_postgres {
                "t::text".to_owned()
            } else {
                let columns = self
                    .texts(&format!("SELECT name AS text FROM pragma_table_info('{table}')"))
                    .await;
                let quoted = columns.iter().map(|column| format!("quote(t.\"{column}\")"));
                quoted.collect::<Vec<_>>().join(" || '|' || ")
            };
            let rows = format!("SELECT {row} AS text FROM \"{table}\" t ORDER BY 1");
            dump.insert(table, self.texts(&rows).await);
        }
        assert!(dump.len() > 10, "{:?}", dump.keys());
        dump
    }

    /// The column `text` of a statement.
    async fn texts(&self, sql: &str) -> Vec<String> {
        let connection = self.app().db.system();
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        let rows = connection.query_all_raw(statement).await.unwrap();
        rows.iter().map(|row| row.try_get("", "text").unwrap()).collect()
    }
}
