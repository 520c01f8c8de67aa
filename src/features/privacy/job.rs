//! What happens to erasures by time.

use super::{service, store};
use crate::{app::App, platform::error::Result};

/// Completes erasures that were interrupted. Returns how many.
///
/// # Errors
/// The database's.
pub async fn complete_erasures(app: &App) -> Result<usize> {
    let unfinished = store::system_unfinished(&app.db).await?;
    for &account in &unfinished {
        service::complete(app, account).await?;
    }
    Ok(unfinished.len())
}
