//! Migrations that later releases might have: with them, this release plays the next one. In builds for tests alone.
//!
//! The marker of [`half`](further) is a table: whoever makes `test_marker` lets it succeed.

use crate::{Backfill, Change, Database, Index, Migration};

/// Adds migrations by name to those of a release that has `known`: `expand`, `backfill`, `slow[=seconds]`, `half`, `index`,
/// `contract`.
///
/// # Errors
/// A sentence about a name that isn't known.
pub fn further(database: Database, known: usize, names: &[String]) -> Result<Vec<Migration>, String> {
    let mut added = Vec::<Migration>::new();
    for name in names {
        let number = known + added.len();
        let (name, value) = name.split_once('=').unwrap_or((name, ""));
        // The release before lives with all but the last of these.
        let expand = |name, change| Migration::new(name, known, change);
        match name {
            "expand" => added.extend(EXPAND.map(|(name, sql)| expand(name, Change::statements(database, sql)))),
            "backfill" => added.push(expand("test_backfill", Change::Backfill(BACKFILL))),
            "slow" => added.push(expand("test_slow", Change::Statements(slow(database, value)?))),
            "half" => added.push(expand("test_half", Change::statements(database, HALF))),
            "index" => added.push(expand("test_index", Change::Indexes(INDEXES.to_vec()))),
            "contract" => {
                // Only who knows all that came before it.
                let mut contract = Migration::new("test_contract", number, Change::statements(database, CONTRACT));
                let backfills = added.iter().map(|before| before.name);
                contract.completes = backfills.filter(|name| *name == "test_backfill").collect();
                added.push(contract);
            }
            other => return Err(format!("there is no test migration {other}")),
        }
    }
    Ok(added)
}

/// New columns on tables that are read and written all the time. One table each: a transaction that waits for one while it holds another is waited
/// for by requests that hold the former.
const EXPAND: [(&str, &str); 9] = [
    (
        "test_expand_account",
        "ALTER TABLE account ADD COLUMN test_note text NULL",
    ),
    (
        "test_expand_session",
        "ALTER TABLE session ADD COLUMN test_note text NULL",
    ),
    ("test_expand_space", "ALTER TABLE space ADD COLUMN test_note text NULL"),
    (
        "test_expand_membership",
        "ALTER TABLE membership ADD COLUMN test_note text NULL",
    ),
    (
        "test_expand_contribution",
        "ALTER TABLE contribution ADD COLUMN test_note text NULL",
    ),
    ("test_expand_event", "ALTER TABLE event ADD COLUMN test_note text NULL"),
    (
        "test_expand_idempotency",
        "ALTER TABLE idempotency ADD COLUMN test_note text NULL",
    ),
    ("test_expand_job", "ALTER TABLE job ADD COLUMN test_note text NULL"),
    (
        "test_expand_note",
        "CREATE TABLE test_note (id {uuid} NOT NULL PRIMARY KEY, note text NOT NULL)",
    ),
];

const BACKFILL: Backfill = Backfill {
    table: "contribution",
    key: "id",
    sql: "UPDATE contribution SET test_note = state WHERE test_note IS NULL AND {range}",
};

/// Takes its time.
fn slow(database: Database, seconds: &str) -> Result<String, String> {
    let seconds = match seconds {
        "" => 15,
        seconds => seconds
            .parse::<u32>()
            .map_err(|error| format!("slow={seconds}: {error}"))?,
    };
    Ok(match database {
        Database::Postgres => format!("SELECT pg_sleep({seconds}); CREATE TABLE test_slow (id uuid NOT NULL);"),
        // It has no clock that can be waited for: it counts.
        Database::Sqlite => format!(
            "CREATE TABLE test_slow AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT count(*) AS n FROM n;",
            u64::from(seconds) * 4_000_000
        ),
    })
}

/// Fails at its end for as long as there is no marker.
const HALF: &str = "
CREATE TABLE test_half (id {uuid} NOT NULL PRIMARY KEY);
ALTER TABLE space ADD COLUMN test_half text NULL;
CREATE INDEX ix_test_half ON test_half (id);
INSERT INTO test_half SELECT id FROM test_marker;
";

const INDEXES: [Index; 2] = [
    Index::Build {
        name: "ix_test_contribution",
        is_unique: false,
        on: "contribution (space_id, language, created_at)",
    },
    Index::Build {
        name: "uq_test_event",
        is_unique: true,
        on: "event (id, stream_id) WHERE contribution_id IS NOT NULL",
    },
];

/// Takes away what nothing uses any more.
const CONTRACT: &str = "
ALTER TABLE space DROP COLUMN test_note;
DROP TABLE test_note;
";
