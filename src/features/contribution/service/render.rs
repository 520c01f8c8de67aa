//! Texts that an earlier release has rendered.

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
    app.db.write_all(|tx| Box::pin(unit(tx))).await
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
