//! What was sent to the database, for tests that ask how it is answered.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use sea_orm::Statement;

/// Keeps statements with their values once somebody has asked for it; until then, nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Recorder(Arc<OnceLock<Mutex<Vec<Statement>>>>);

impl Recorder {
    pub(super) fn add(&self, statement: &Statement) {
        if let Some(kept) = self.0.get() {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push(statement.clone());
        }
    }

    /// What was sent since the last call; from the first call on.
    pub(super) fn take(&self) -> Vec<Statement> {
        let kept = self.0.get_or_init(Mutex::default);
        std::mem::take(&mut *kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
