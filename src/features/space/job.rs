//! What happens to spaces by time.

use crate::{app::App, platform::error::Result};

use super::service;

/// Archives the spaces that have been closed for 180 days. Returns how many.
///
/// # Errors
/// The database's.
pub async fn archive_closed(app: &App) -> Result<usize> {
    let due = super::store::system_due_for_archive(&app.db, app.clock.now() - crate::policy::REOPEN_WITHIN).await?;
    for &space in &due {
        service::archive_by_time(app, space).await?;
    }
    Ok(due.len())
}
