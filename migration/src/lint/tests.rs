//! Each rule has texts that it refuses, and texts that it lets pass.

use super::{
    judge,
    rules::{Fault, faults},
    text::statements,
};
use crate::Rule;

/// The rules that a migration of these steps breaks on PostgreSQL.
fn all(steps: &[&str]) -> Vec<Rule> {
    broken(true, &[steps])
}

/// The same without those that a migration breaks which takes something away, a release after it was used.
fn locks(steps: &[&str]) -> Vec<Rule> {
    locking(all(steps))
}

fn locking(mut rules: Vec<Rule>) -> Vec<Rule> {
    rules.retain(|rule| ![Rule::Drop, Rule::Loosen, Rule::Narrow].contains(rule));
    rules
}

/// The same on SQLite.
fn sqlite(sql: &str) -> Vec<Rule> {
    broken(false, &[&[sql]])
}

fn broken(is_postgres: bool, migrations: &[&[&str]]) -> Vec<Rule> {
    let own = |steps: &&[&str]| steps.iter().map(|&sql| sql.to_owned()).collect();
    let migrations: Vec<_> = migrations.iter().map(own).collect();
    let faults = faults(is_postgres, &migrations).into_iter().flatten();
    faults.map(|fault| fault.rule).collect()
}

#[test]
fn what_only_adds_passes() {
    for sql in [
        "ALTER TABLE space ADD COLUMN note text",
        "ALTER TABLE space ADD note text NULL",
        "ALTER TABLE IF EXISTS ONLY public.space ADD COLUMN IF NOT EXISTS size bigint NOT NULL DEFAULT 0",
        "ALTER TABLE space ADD COLUMN a numeric(10, 2) DEFAULT 1.5, ADD COLUMN b text COLLATE \"C\" NOT NULL DEFAULT ''",
        "ALTER TABLE space ADD COLUMN made_at timestamptz(3) NOT NULL DEFAULT now()",
        "ALTER TABLE space ADD COLUMN made_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP",
        "ALTER TABLE space ADD COLUMN word varchar(9) NOT NULL DEFAULT 'x'::varchar(9)",
        "ALTER TABLE space ADD COLUMN owner_id uuid NULL CONSTRAINT fk_owner REFERENCES account (id) ON DELETE CASCADE",
        "ALTER TABLE space ADD COLUMN note text GENERATED ALWAYS AS (upper(title)) VIRTUAL",
        "ALTER TABLE space ALTER COLUMN note SET DEFAULT random(), ALTER note SET STATISTICS 500",
        "ALTER TABLE space SET (fillfactor = 50)",
        "CREATE TABLE note (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), n int NOT NULL UNIQUE CHECK (n > 0)) WITH (fillfactor = 50)",
        "INSERT INTO note (id, update_from) VALUES (1, 'select from')",
        "COMMENT ON TABLE space IS 'DROP TABLE space'; ANALYZE space;",
        "",
    ] {
        assert_eq!(all(&[sql]), [], "{sql}");
    }
}

#[test]
fn a_table_of_the_same_migration_is_free() {
    let sql = "CREATE TABLE IF NOT EXISTS public.\"Note\" (id uuid);
        CREATE INDEX ON \"Note\" (id); CREATE UNIQUE INDEX u ON public.\"Note\" (id);
        ALTER TABLE \"Note\" ALTER COLUMN id SET NOT NULL, ALTER COLUMN id TYPE text, ADD CHECK (id > ''), ADD UNIQUE (id);
        UPDATE \"Note\" SET id = 'x'; DELETE FROM \"Note\"; DROP INDEX u; DROP TABLE \"Note\";";
    assert_eq!(all(&[sql]), []);
    assert_eq!(
        all(&["CREATE TABLE note (id uuid); CREATE INDEX i ON \"Note\" (id)"]),
        [Rule::Index]
    );
    // By the next migration it is in use.
    let next: [&[&str]; 2] = [&["CREATE TABLE note (id uuid)"], &["CREATE INDEX i ON note (id)"]];
    assert_eq!(broken(true, &next), [Rule::Index]);
    let again: [&[&str]; 2] = [
        &["CREATE TABLE note (id uuid)"],
        &["CREATE TABLE IF NOT EXISTS note (id uuid); CREATE INDEX i ON note (id)"],
    ];
    assert_eq!(broken(true, &again), [Rule::Index]);
}

#[test]
fn a_column_keeps_its_type() {
    for sql in [
        "ALTER TABLE space ALTER COLUMN title TYPE varchar(5)",
        "alter table space\n  alter title set data\n\ttype bigint using title::bigint",
        "ALTER TABLE space ADD COLUMN note text, ALTER COLUMN title TYPE text",
    ] {
        assert_eq!(all(&[sql]), [Rule::Type], "{sql}");
    }
}

#[test]
fn a_name_is_kept() {
    for sql in [
        "ALTER TABLE space RENAME TO room",
        "ALTER TABLE space RENAME COLUMN title TO name",
        "ALTER TABLE space RENAME CONSTRAINT a TO b",
    ] {
        assert_eq!(all(&[sql]), [Rule::Rename], "{sql}");
    }
    assert_eq!(sqlite("ALTER TABLE space RENAME title TO name"), [Rule::Rename]);
}

#[test]
fn what_is_in_use_goes_with_a_reason() {
    for sql in [
        "DROP TABLE space",
        "DROP TABLE IF EXISTS public.space CASCADE",
        "ALTER TABLE space DROP COLUMN title",
        "ALTER TABLE space DROP IF EXISTS title CASCADE",
        "DROP INDEX CONCURRENTLY IF EXISTS ix_space",
        "CREATE TABLE note (id int); drop table note, space",
    ] {
        assert_eq!(all(&[sql]), [Rule::Drop], "{sql}");
    }
    assert_eq!(all(&["ALTER TABLE space ADD COLUMN n int, DROP COLUMN n"]), []);
}

#[test]
fn what_others_rely_on_goes_with_a_reason() {
    for sql in [
        "ALTER TABLE space DROP CONSTRAINT IF EXISTS uq_space",
        "ALTER TABLE space ALTER COLUMN title DROP DEFAULT",
        "ALTER TABLE space ALTER title DROP NOT NULL",
    ] {
        assert_eq!(all(&[sql]), [Rule::Loosen], "{sql}");
    }
    assert_eq!(
        all(&[
            "ALTER TABLE space ADD COLUMN n int NOT NULL DEFAULT 0, ALTER COLUMN n DROP NOT NULL, ALTER n DROP DEFAULT"
        ]),
        []
    );
}

#[test]
fn what_others_write_is_refused_with_a_reason() {
    let check = [
        "ALTER TABLE space ADD CONSTRAINT c CHECK (title <> '') NOT VALID",
        "ALTER TABLE space VALIDATE CONSTRAINT c",
    ];
    let key = [
        "ALTER TABLE space ADD CONSTRAINT f FOREIGN KEY (owner_id) REFERENCES account (id) NOT VALID",
        "ALTER TABLE space VALIDATE CONSTRAINT f",
    ];
    let unique = ["CREATE UNIQUE INDEX CONCURRENTLY u ON space (title)"];
    for steps in [&check[..], &key[..], &unique[..]] {
        assert_eq!(all(steps), [Rule::Narrow], "{steps:?}");
    }
    // Others don't know the column.
    let column = "ALTER TABLE space ADD COLUMN owner_id uuid";
    assert_eq!(all(&[column, key[0], key[1]]), []);
    assert_eq!(
        all(&[
            column,
            "CREATE UNIQUE INDEX CONCURRENTLY u ON space (title, \"owner_id\")"
        ]),
        []
    );
    assert_eq!(sqlite("CREATE UNIQUE INDEX u ON space (title)"), [Rule::Narrow]);
}

#[test]
fn a_column_that_must_have_a_value_has_a_default() {
    for sql in [
        "ALTER TABLE space ADD COLUMN note text NOT NULL",
        "ALTER TABLE space ADD note text DEFAULT NULL NOT NULL",
        "ALTER TABLE space ADD COLUMN a int, ADD COLUMN \"default\" text not /* DEFAULT 0 */ null",
    ] {
        assert_eq!(all(&[sql]), [Rule::Required], "{sql}");
        assert_eq!(sqlite(sql), [Rule::Required], "{sql}");
    }
}

#[test]
fn not_null_needs_a_check_that_an_earlier_step_has_validated() {
    const CHECK: &str = "ALTER TABLE space ADD CONSTRAINT c CHECK (note IS NOT NULL) NOT VALID";
    const VALIDATE: &str = "ALTER TABLE space VALIDATE CONSTRAINT c";
    const SET: &str = "ALTER TABLE space ALTER COLUMN note SET NOT NULL";
    const DROP: &str = "ALTER TABLE space DROP CONSTRAINT c";
    assert_eq!(locks(&[CHECK, VALIDATE, SET, DROP]), []);
    assert_eq!(locking(broken(true, &[&[CHECK], &[VALIDATE], &[SET], &[DROP]])), []);
    assert_eq!(locks(&[SET]), [Rule::NotNull]);
    assert_eq!(all(&[SET]), [Rule::NotNull, Rule::Narrow]);
    assert_eq!(locks(&[CHECK, SET, VALIDATE]), [Rule::NotNull]);
    assert_eq!(
        locks(&[
            CHECK,
            "ALTER TABLE space VALIDATE CONSTRAINT c, ALTER note SET NOT NULL"
        ]),
        [Rule::NotNull]
    );
    assert_eq!(locks(&[CHECK, VALIDATE, DROP, SET]), [Rule::NotNull]);
    let other = "ALTER TABLE space ADD CONSTRAINT c CHECK (note IS NULL) NOT VALID";
    assert_eq!(locks(&[other, VALIDATE, SET]), [Rule::NotNull]);
    let elsewhere = "ALTER TABLE phase ALTER COLUMN note SET NOT NULL";
    assert_eq!(locks(&[CHECK, VALIDATE, elsewhere]), [Rule::NotNull]);
}

#[test]
fn an_index_of_a_table_in_use_is_built_concurrently() {
    for sql in [
        "CREATE INDEX ix ON space (title)",
        "create index if not exists ix\non only public.space using gin (title)",
        "CREATE /* CONCURRENTLY */ INDEX ix ON space (title) -- CONCURRENTLY",
        "CREATE INDEX ON \"space\" (title) WHERE title <> 'CONCURRENTLY'",
    ] {
        assert_eq!(all(&[sql]), [Rule::Index], "{sql}");
        assert_eq!(sqlite(sql), [], "{sql}");
    }
    assert_eq!(
        all(&["CREATE INDEX CONCURRENTLY IF NOT EXISTS ix ON space (title)"]),
        []
    );
}

#[test]
fn a_check_or_foreign_key_is_added_first_and_validated_later() {
    const ADD: &str = "ALTER TABLE space ADD CONSTRAINT c CHECK (title <> 'not valid') NOT VALID";
    const VALIDATE: &str = "ALTER TABLE space VALIDATE CONSTRAINT c";
    assert_eq!(locks(&[ADD, VALIDATE]), []);
    assert_eq!(locking(broken(true, &[&[ADD], &[VALIDATE]])), []);
    for steps in [
        // Never validated, or under the same lock.
        &[ADD][..],
        &["ALTER TABLE space ADD CONSTRAINT c CHECK (title <> '') NOT VALID; ALTER TABLE space VALIDATE CONSTRAINT c"],
        &["ALTER TABLE space ADD CONSTRAINT c CHECK (title <> 'NOT VALID')"],
        &["ALTER TABLE space ADD CHECK (title <> '') NOT VALID"],
        &["ALTER TABLE space\nADD CONSTRAINT f\nFOREIGN KEY (owner_id) REFERENCES account (id)"],
        &["ALTER TABLE space ADD COLUMN n int CHECK (n > 0)"],
        &["ALTER TABLE space ADD COLUMN owner_id int DEFAULT 1 REFERENCES account (id)"],
    ] {
        assert_eq!(locks(steps), [Rule::Unvalidated], "{steps:?}");
    }
}

#[test]
fn a_unique_key_takes_an_index_that_is_there() {
    for sql in [
        "ALTER TABLE space ADD CONSTRAINT u UNIQUE (title)",
        "ALTER TABLE space ADD PRIMARY KEY (id)",
        "ALTER TABLE space ADD CONSTRAINT e EXCLUDE USING gist (stay WITH &&)",
        "ALTER TABLE space ADD COLUMN code text UNIQUE",
    ] {
        assert_eq!(locks(&[sql]), [Rule::Unique], "{sql}");
    }
    assert_eq!(locks(&["ALTER TABLE space ADD CONSTRAINT u UNIQUE USING INDEX u"]), []);
}

#[test]
fn a_default_is_the_same_for_all_rows() {
    for sql in [
        "ALTER TABLE space ADD COLUMN n float DEFAULT random()",
        "ALTER TABLE space ADD COLUMN n int NOT NULL DEFAULT (1 + floor(random() * 9))::int",
        "ALTER TABLE space ADD COLUMN n timestamptz DEFAULT clock_timestamp() NOT NULL",
        "ALTER TABLE space ADD COLUMN n uuid DEFAULT \"gen_random_uuid\"()",
        "ALTER TABLE space ADD COLUMN n bigserial",
        "ALTER TABLE space ADD COLUMN n bigint GENERATED BY DEFAULT AS IDENTITY",
        "ALTER TABLE space ADD COLUMN n text GENERATED ALWAYS AS (upper(title)) STORED",
    ] {
        assert_eq!(all(&[sql]), [Rule::Rewrite], "{sql}");
    }
}

#[test]
fn a_transaction_changes_one_table_in_use() {
    const NOTES: &str = "ALTER TABLE space ADD COLUMN note text";
    let both = format!("{NOTES}; alter table only\npublic.\"phase\" add column note text");
    assert_eq!(all(&[&both]), [Rule::Tables]);
    assert_eq!(sqlite(&both), []);
    assert_eq!(all(&[NOTES, "ALTER TABLE phase ADD COLUMN note text"]), []);
    let new = format!("CREATE TABLE a (id int); ALTER TABLE a ADD COLUMN b int; {NOTES}; {NOTES}");
    assert_eq!(all(&[&new]), []);
}

#[test]
fn rows_in_use_are_changed_by_jobs() {
    for sql in [
        "UPDATE space SET title = ''",
        "UPDATE ONLY public.space SET title = '' WHERE id = 1",
        "delete\nfrom space where title = 'x'",
        "TRUNCATE TABLE space",
        "INSERT INTO note (id) SELECT id FROM space",
        "INSERT INTO note TABLE space",
        "CREATE TABLE note AS SELECT * FROM space",
        "CREATE TABLE note (id) AS SELECT id FROM space",
    ] {
        assert_eq!(locks(&[sql]), [Rule::Backfill], "{sql}");
        assert_eq!(sqlite(sql), [Rule::Backfill], "{sql}");
    }
    assert_eq!(all(&["INSERT INTO note (id) SELECT 1"]), []);
    let one_is_new = "CREATE TABLE a (id int); TRUNCATE a, ONLY space";
    assert_eq!(all(&[one_is_new]), [Rule::Backfill]);
}

#[test]
fn a_statement_that_no_rule_knows_needs_a_reason() {
    for sql in [
        "DO $$ BEGIN UPDATE space SET title = ''; END $$",
        "WITH x AS (SELECT 1) UPDATE space SET title = ''",
        "CREATE VIEW v AS SELECT 1",
        "ALTER TYPE mood ADD VALUE 'ok'",
        "ALTER INDEX a RENAME TO b",
        "ALTER TABLE space SET LOGGED",
        "ALTER TABLE space DISABLE TRIGGER ALL",
        "ALTER TABLE space VALIDATE CONSTRAINT nobody_knows",
        "ALTER TABLE space ADD CONSTRAINT n NOT NULL title",
        "CLUSTER space",
        "SELECT pg_sleep(1)",
        "PRAGMA foreign_keys = OFF",
    ] {
        assert_eq!(all(&[sql]), [Rule::Unknown], "{sql}");
    }
}

#[test]
fn making_a_table_of_sqlite_anew_needs_reasons() {
    let anew = "CREATE TABLE report_next (id blob); INSERT INTO report_next (id) SELECT id FROM report;
        DROP TABLE report; ALTER TABLE report_next RENAME TO report; CREATE UNIQUE INDEX u ON report (id);";
    assert_eq!(sqlite(anew), [Rule::Backfill, Rule::Drop, Rule::Rename]);
}

#[test]
fn every_statement_and_every_action_counts() {
    let sql = "ALTER TABLE a ADD COLUMN x int, DROP COLUMN y, ALTER COLUMN z TYPE text; -- ;
        /* ; /* nested ; */ UPDATE a SET b = 1; */ UPDATE b SET c = ';';; CREATE INDEX i ON b (c)";
    assert_eq!(all(&[sql]), [Rule::Drop, Rule::Type, Rule::Backfill, Rule::Index]);
}

#[test]
fn text_in_quotes_and_comments_is_no_sql() {
    for sql in [
        "INSERT INTO a (b) VALUES ('it''s; DROP TABLE a', E'\\'; UPDATE a SET b = 1; --')",
        "INSERT INTO a (b) VALUES ($$; DROP TABLE a; '$$, $x$ $$; UPDATE a SET b = 1 $x$)",
        "INSERT INTO \"select ; from\" (\"a\"\"b;\", `c;d`) VALUES (1, '/*')",
        "-- DROP TABLE a;\nANALYZE /* ; DROP TABLE a; /* ; */ UPDATE b SET c = 1; */ a; -- é",
        "ALTER TABLE a ADD COLUMN \"not null\" text NULL",
        "ALTER TABLE a ADD COLUMN \"unique\" text DEFAULT 'check references ()'",
        "INSERT INTO a (b) VALUES ('never closed; DROP TABLE a",
    ] {
        assert_eq!(all(&[sql]), [], "{sql}");
        assert!(statements(sql).len() == 1, "{sql}");
    }
}

#[test]
fn a_reason_excuses_what_is_there_and_nothing_else() {
    let fault = |rule| Fault {
        rule,
        what: "space".to_owned(),
    };
    const WHY: &str = "the table has one row";
    assert_eq!(judge(&[fault(Rule::Type)], &[(Rule::Type, WHY)]), Vec::<String>::new());
    assert_eq!(
        judge(&[fault(Rule::Type), fault(Rule::Drop)], &[(Rule::Type, WHY)]),
        ["Drop: space"]
    );
    assert_eq!(judge(&[], &[(Rule::Type, WHY)]), ["Type is excused and not broken"]);
    assert_eq!(
        judge(&[fault(Rule::Type)], &[(Rule::Type, "because")]),
        ["Type is excused without a reason"]
    );
}
