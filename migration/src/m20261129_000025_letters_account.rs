//! The place of names in lists, and what a search for them looks into, computed by the server. Nodes of the release before write neither:
//! what was computed of a name goes with it, and the row is one that waits to be filled.

use crate::{Change, Database, Migration, Rule};

/// The migration.
pub(crate) fn migration(database: Database) -> Migration {
    letters(module_path!(), database, ("account", "display_name", "login"))
}

/// Letters for two columns of a table.
pub(super) fn letters(module: &'static str, database: Database, (table, name, other): (&str, &str, &str)) -> Migration {
    let guard = match database {
        Database::Postgres => POSTGRES_GUARD,
        Database::Sqlite => SQLITE_GUARD,
    };
    let function = match (database, table) {
        // Of both tables.
        (Database::Postgres, "account") => POSTGRES_FUNCTION,
        _ => "",
    };
    let sql = format!("{COLUMNS}{function}{guard}").replace("{table}", table);
    let sql = sql.replace("{name}", name).replace("{other}", other);
    let reason = "a trigger on rows whose names change, which older nodes do rarely and one by one";
    let mut exceptions = vec![(Rule::Unknown, reason)];
    if database == Database::Sqlite {
        exceptions.push((Rule::Backfill, "what the trigger changes is the one row"));
    }
    Migration {
        exceptions,
        ..Migration::new(module, 18, Change::statements(database, &sql))
    }
}

const COLUMNS: &str = r#"
ALTER TABLE {table} ADD COLUMN sort_key {bytes} NOT NULL DEFAULT {no_bytes};
ALTER TABLE {table} ADD COLUMN search_key {key} NOT NULL DEFAULT '';
ALTER TABLE {table} ADD COLUMN letters_version integer NOT NULL DEFAULT 0;
"#;

const POSTGRES_FUNCTION: &str = r#"
CREATE FUNCTION forget_letters() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN NEW.sort_key := ''; NEW.search_key := ''; NEW.letters_version := 0; RETURN NEW; END $$;
"#;

const POSTGRES_GUARD: &str = r#"
CREATE TRIGGER {table}_letters BEFORE UPDATE OF {name}, {other} ON {table} FOR EACH ROW
    WHEN ((NEW.{name} <> OLD.{name} OR NEW.{other} <> OLD.{other})
        AND NEW.sort_key = OLD.sort_key AND NEW.search_key = OLD.search_key)
    EXECUTE FUNCTION forget_letters();
"#;

const SQLITE_GUARD: &str = r#"
CREATE TRIGGER {table}_letters AFTER UPDATE OF {name}, {other} ON {table}
    WHEN (NEW.{name} <> OLD.{name} OR NEW.{other} <> OLD.{other})
        AND NEW.sort_key = OLD.sort_key AND NEW.search_key = OLD.search_key
    BEGIN UPDATE {table} SET sort_key = {no_bytes}, search_key = '', letters_version = 0 WHERE id = NEW.id; END;
"#;
