//! What a process finds when it starts, and says of it: whether the database is whole, how far it goes, and how many nodes there may be.

use std::{path::Path, time::Duration};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{App, sentence};
use crate::{
    config::Config,
    platform::db::{Soundness, Tail, damaged},
};

/// How long the start waits for the check of the embedded database.
const PATIENCE: Duration = Duration::from_secs(5);
/// The file in the data folder with the newest event that this node knew.
const NOTE: &str = "newest-event.json";

/// What is noted of the newest event.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Note {
    event: Uuid,
    stream: Option<Uuid>,
    seq: Option<i64>,
    occurred_at: Option<DateTime<Utc>>,
}

impl Note {
    fn of(tail: &Tail) -> Option<Self> {
        Some(Self {
            event: tail.event_id?,
            stream: tail.stream_id,
            seq: tail.seq,
            occurred_at: tail.occurred_at,
        })
    }

    fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    }

    /// Writes it beside the old one first, so that there always is a whole one.
    fn write(&self, path: &Path) -> std::io::Result<()> {
        let new = path.with_extension("new");
        std::fs::write(&new, serde_json::to_vec(self)?)?;
        std::fs::rename(new, path)
    }
}

impl App {
    /// Looks whether the embedded database is whole, before anything is written to it. What takes too long is not waited for: the
    /// check ends, and the log says so.
    ///
    /// # Errors
    /// It is damaged, and nobody wants to serve it all the same: a sentence for the operator.
    pub async fn examine(&mut self, config: &Config) -> Result<(), String> {
        if !config.is_embedded() {
            return Ok(());
        }
        match self.db.quick_check(Some(PATIENCE)).await.map_err(sentence)? {
            Soundness::Whole | Soundness::Unknown(_) => {}
            Soundness::Unfinished => tracing::warn!(
                seconds = PATIENCE.as_secs(),
                "the check of the database took too long and was ended; nothing was wrong until then: run `sojourn admin quick-check` while \
                 nothing is served"
            ),
            Soundness::Damaged(findings) => {
                let told = damaged(&findings);
                if !config.serve_damaged {
                    return Err(format!(
                        "{told}. To get out what can still be read, serve it with --serve-damaged"
                    ));
                }
                tracing::error!(?findings, "{told}");
                self.is_damaged = true;
            }
        }
        Ok(())
    }

    /// Lets the clock begin after all that is known, and logs how far the database goes; with an error if it went further when this node
    /// knew it last.
    ///
    /// # Errors
    /// The database can't be asked: a sentence for the operator.
    pub async fn begin(&self) -> Result<(), String> {
        let tail = match self.db.tail().await {
            // Its end may be what is damaged.
            Err(error) if self.is_damaged => {
                tracing::error!(?error, "the newest event is unknown");
                return Ok(());
            }
            tail => tail.map_err(sentence)?,
        };
        match self.db.learn().await {
            Err(error) if self.is_damaged => tracing::error!(?error, "not all that is there is known"),
            learned => learned.map_err(sentence)?,
        }
        let found = Note::of(&tail);
        match &found {
            Some(Note {
                event,
                stream,
                seq,
                occurred_at,
            }) => tracing::info!(%event, ?stream, seq, ?occurred_at, "the newest event"),
            None => tracing::info!("there is no event yet"),
        }
        if let Some(known) = Note::read(&self.note)
            && found.as_ref().is_none_or(|found| found.event < known.event)
        {
            tracing::error!(
                event = %known.event, stream = ?known.stream, seq = known.seq, occurred_at = ?known.occurred_at,
                "events are missing that this node knew, up to this one: an older copy was restored, the end of the database was cut off, or \
                 it is another one. This is said at each start until there are newer ones"
            );
        }
        self.keep(found);
        Ok(())
    }

    /// Notes how far the database goes.
    pub(super) async fn note_tail(&self) {
        match self.db.tail().await {
            Ok(tail) => self.keep(Note::of(&tail)),
            Err(error) => tracing::warn!(?error, "the newest event is not noted"),
        }
    }

    /// Keeps a note of what is newer than what is noted.
    fn keep(&self, found: Option<Note>) {
        let known = Note::read(&self.note).map(|known| known.event);
        if let Some(found) = found
            && known.is_none_or(|known| known < found.event)
            && let Err(error) = found.write(&self.note)
        {
            tracing::warn!(%error, "the newest event is not noted");
        }
    }

    /// Forgets how far the database went: it begins anew.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn forget_tail(&self) -> Result<(), String> {
        forget(&self.note).map_err(|error| format!("{}: {error}", self.note.display()))
    }
}

/// Where the newest event is noted.
pub(super) fn note(data_dir: &Path) -> std::path::PathBuf {
    data_dir.join(NOTE)
}

fn forget(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
