//! Texts that an earlier release has rendered.

use std::time::Instant;

use super::super::store;
use crate::{
    app::App,
    platform::{db::Tx, error::Result, text},
};

/// Renders texts by today's rules that were rendered by earlier ones; nothing else of them changes. Returns how many. What nodes of
/// the release before write beside this one is left for the next time.
///
/// # Errors
/// The database's: what was done stays, and the next call goes on.
pub async fn render_anew(app: &App) -> Result<usize> {
    let mut count = 0;
    loop {
        let begun = Instant::now();
        let done = app.db.write(None, |tx| Box::pin(unit(tx))).await?;
        if done == 0 {
            return Ok(count);
        }
        count += done;
        // Half of the time belongs to others.
        tokio::time::sleep(begun.elapsed()).await;
    }
}

async fn unit(tx: &mut Tx<'_>) -> Result<usize> {
    let rows = store::system_stale_texts(tx).await?;
    for row in &rows {
        let rendered = text::render_apart(row.body.clone()).await?;
        let mut detail = row.detail.clone();
        for answer in &mut detail.answers {
            answer.body_html = text::render_apart(answer.body.clone()).await?.html;
        }
        store::set_rendered(tx, row, (&rendered, detail)).await?;
    }
    Ok(rows.len())
}
