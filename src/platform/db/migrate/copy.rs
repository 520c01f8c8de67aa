//! Copies of an SQLite file, kept from before it was migrated: the way back that needs no floor.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use migration::Database;

use super::Session;
use crate::platform::{
    db::Db,
    error::{Error, Result},
};

/// How many copies are kept. Each is as large as the database.
const COPIES: usize = 2;
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
        for (_, old) in copies(&path).into_iter().skip(COPIES) {
            let _ = fs::remove_file(old);
        }
        Ok(())
    }

    /// Deletes copies that were kept for long enough.
    ///
    /// # Errors
    /// The disk's.
    pub fn forget_copies(&self) -> Result<()> {
        let Some(path) = self.file() else { return Ok(()) };
        for (age, copy) in copies(&path) {
            if age >= KEPT {
                fs::remove_file(copy).map_err(Error::internal)?;
            }
        }
        Ok(())
    }

    /// The file of an SQLite database.
    fn file(&self) -> Option<PathBuf> {
        let path = self.url.strip_prefix("sqlite:")?;
        Some(PathBuf::from(path.trim_start_matches("//")))
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
    // With what a process that was killed has left of one.
    let prefix = beside(path, ".before");
    let prefix = prefix.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut copies: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
        .filter_map(|entry| {
            Some((
                entry.metadata().ok()?.modified().ok()?.elapsed().unwrap_or_default(),
                entry.path(),
            ))
        })
        .collect();
    copies.sort();
    copies
}
