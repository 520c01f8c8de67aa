//! What migrations must not do to a database that others use, but for a reason.

/// What a migration needs a reason for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A column changes its type: the table is written anew under a lock, and older nodes read what they don't expect.
    Type,
    /// A name changes: older nodes know one name and newer ones the other. Add, fill, and drop a release later.
    Rename,
    /// A table, column or index goes that nodes of the release before may use. It goes a release after the last code that did.
    Drop,
    /// A constraint, default or NOT NULL goes that nodes of the release before may rely on, for what they write or read.
    Loosen,
    /// What nodes of the release before write may be refused from now on.
    Narrow,
    /// A column that has to have a value and gets none: it can't be added to a table with rows.
    Required,
    /// SET NOT NULL reads the whole table under a lock, unless a CHECK that was validated by an earlier step says the same.
    NotNull,
    /// An index is built on an existing table while nobody can write. CONCURRENTLY, in a step without a transaction.
    Index,
    /// A foreign key or CHECK reads an existing table under a lock. NOT VALID, and VALIDATE in a later step.
    Unvalidated,
    /// A UNIQUE or PRIMARY KEY builds its index under a lock. Build the index CONCURRENTLY, then ADD … USING INDEX.
    Unique,
    /// A default that differs by row: the table is written anew under a lock.
    Rewrite,
    /// One transaction changes several existing tables: it holds one, from which requests want to read, while it waits for another, which they
    /// are reading, and PostgreSQL ends one of them. A migration for each table.
    Tables,
    /// Rows of an existing table are changed or copied by a statement, which a table can be too large for. Backfills are jobs.
    Backfill,
    /// A statement that these rules don't know.
    Unknown,
}
