//! What happens to reports by time.

use chrono::TimeDelta;

use super::{service, store};
use crate::{app::App, platform::error::Result};

/// After so long without a decision, the coordinators are told.
pub(super) const PATIENCE: TimeDelta = TimeDelta::hours(24);

/// Tells the coordinators of reports that nobody has decided for a day. Returns how many.
///
/// # Errors
/// The database's.
pub async fn tell_delayed(app: &App) -> Result<usize> {
    let delayed = store::system_delayed(&app.db, app.clock.now() - PATIENCE).await?;
    for report in &delayed {
        service::tell(app, report).await?;
    }
    Ok(delayed.len())
}
