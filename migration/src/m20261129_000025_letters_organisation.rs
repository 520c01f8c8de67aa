//! The same for organisations.

use super::m20261129_000025_letters_account::letters;
use crate::{Database, Migration};

/// The migration.
pub(crate) fn migration(database: Database) -> Migration {
    letters(module_path!(), database, ("organisation", "name", "city"))
}
