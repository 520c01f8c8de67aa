//! What a database is made of, as text that can be compared.

use std::collections::BTreeSet;

use crate::support::{World, is_production};

/// Tables, columns, constraints, indexes, triggers and functions: a line each.
pub async fn schema(world: &World) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for sql in if is_production() { POSTGRES } else { SQLITE } {
        let found = world.texts(sql).await;
        assert!(!found.is_empty(), "{sql}");
        lines.extend(
            found
                .iter()
                .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")),
        );
    }
    lines
}

/// The texts by which everything was made; of one table there are two, since earlier releases left it to a library.
const SQLITE: &[&str] = &[
    "SELECT type || ' ' || name || ' ' || COALESCE(sql, '') AS text FROM sqlite_master
        WHERE name NOT LIKE 'sqlite_stat%' AND name <> 'seaql_migrations'",
    "SELECT 'seaql_migrations ' || name || ' ' || lower(type) || ' ' || \"notnull\" || pk AS text FROM pragma_table_info('seaql_migrations')",
];

const POSTGRES: &[&str] = &[
    "SELECT concat_ws(' ', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'NOT NULL' END,
            CASE WHEN a.attcollation <> t.typcollation THEN l.collname END, pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated) AS text
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_collation l ON l.oid = a.attcollation LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped",
    "SELECT concat_ws(' ', c.relkind, c.relname, c.relpersistence, c.reloptions::text) AS text
        FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace",
    "SELECT concat_ws(' ', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid), k.convalidated) AS text
        FROM pg_constraint k WHERE k.connamespace = 'public'::regnamespace",
    "SELECT concat_ws(' ', pg_get_indexdef(i.indexrelid), i.indisvalid) AS text
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = 'public'::regnamespace",
    "SELECT pg_get_triggerdef(t.oid) AS text FROM pg_trigger t WHERE NOT t.tgisinternal",
    "SELECT pg_get_functiondef(p.oid) AS text FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prokind = 'f'",
];
