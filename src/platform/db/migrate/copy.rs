//! Copies of an SQLite file, kept from before it was migrated: the way back that needs no floor.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use migration::Database;

use super::{super::connect::file_of, Session};
use crate::platform::{
    db::Db,
    error::{Error, Result},
};

/// How many copies are kept. Each is as large as the database.
const COPIES: usize = 2;
/// Of those made within this time, the oldest is kept as well: the way back if an upgrade takes several attempts.
const ATTEMPTS: Duration = Duration::from_hours(24);
/// For how long. What is erased meanwhile is still in them.
const KEPT: Duration = Duration::from_hours(30 * 24);

impl Db {
    /// Keeps a copy of an SQLite file from before migration `number`, beside it.
    pub(super) async fn keep_copy(&self, session: &mut Session, number: usize) -> Result<()> {
        let (Database::Sqlite, Some(path)) = (session.database(), self.file()) else {
            return Ok(());
        };
        let copy = beside(&path, &format!(".before-{number}"));
        let part = beside(&path, ".before.part");
        let made = async {
            make_private(&part).map_err(|error| error.to_string())?;
            let sql = format!("VACUUM INTO '{}'", part.display().to_string().replace('\'', "''"));
            session.run(sql).await.map_err(|error| error.to_string())?;
            let sync = || {
                fs::File::open(&part)?.sync_all()?;
                fs::rename(&part, &copy)
            };
            sync().map_err(|error| error.to_string())
        };
        if let Err(error) = made.await {
            let _ = fs::remove_file(&part);
            return Err(Error::broken(format!(
                "nothing was migrated, since no copy of the database could be kept in {}: {error}. Make room for it",
                copy.display()
            )));
        }
        tracing::info!(copy = %copy.display(), "a copy of the database from before the migration is kept");
        let copies = copies(&path);
        let first = copies.iter().rposition(|(age, _)| *age < ATTEMPTS);
        for (place, (_, old)) in copies.iter().enumerate().skip(COPIES) {
            if first != Some(place) {
                delete(old, "there are newer ones");
            }
        }
        Ok(())
    }

    /// Deletes copies that were kept for long enough.
    pub fn forget_copies(&self) {
        self.delete_copies(KEPT, "it was kept for 30 days");
    }

    /// Deletes copies that are at least so old.
    pub(super) fn delete_copies(&self, age: Duration, why: &str) {
        let copies = self.file().map(|path| copies(&path)).unwrap_or_default();
        for (_, copy) in copies.iter().filter(|copy| copy.0 >= age) {
            delete(copy, why);
        }
    }

    /// The file of an SQLite database.
    fn file(&self) -> Option<PathBuf> {
        file_of(&self.url).map(Path::to_path_buf)
    }
}

/// One that can't be deleted keeps no other.
fn delete(copy: &Path, why: &str) {
    match fs::remove_file(copy) {
        Ok(()) => tracing::info!(copy = %copy.display(), why, "a copy of the database is deleted"),
        Err(error) => tracing::warn!(copy = %copy.display(), %error, "an old copy of the database is not deleted"),
    }
}

/// An empty file that only its owner reads: pupils' data are in the copy.
fn make_private(path: &Path) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// The copies of a file with their ages, the newest first.
fn copies(path: &Path) -> Vec<(Duration, PathBuf)> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let prefix = beside(path, ".before");
    let prefix = prefix.file_name().unwrap_or_default().to_string_lossy().into_owned();
    // What a process that was killed has left of one is one; what an operator has named so is not.
    let is_copy = |name: &str| {
        name.strip_prefix(&*prefix).is_some_and(|end| {
            let number = end.strip_prefix('-').unwrap_or_default();
            end == ".part" || !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    let mut copies: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| is_copy(&entry.file_name().to_string_lossy()))
        .filter_map(|entry| {
            let metadata = entry.metadata().ok().filter(fs::Metadata::is_file)?;
            let age = metadata.modified().ok()?.elapsed().unwrap_or_default();
            Some((age, entry.path()))
        })
        .collect();
    copies.sort();
    copies
}
