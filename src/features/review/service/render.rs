//! What an earlier release has rendered of reviews.

use super::{super::store, write::plain};
use crate::{
    app::App,
    platform::{db::Tx, error::Result, text},
};

/// Renders answers and instructions by today's rules that were rendered by earlier ones; nothing else of them changes. Returns how many.
///
/// # Errors
/// The database's: what was done stays, and the next call goes on.
pub async fn render_anew(app: &App) -> Result<usize> {
    let answers = app.db.write_all(|tx| Box::pin(some_answers(tx))).await?;
    Ok(answers + app.db.write_all(|tx| Box::pin(some_instructions(tx))).await?)
}

async fn some_answers(tx: &mut Tx<'_>) -> Result<usize> {
    let rows = store::system_stale_answers(tx).await?;
    let count = rows.len();
    for mut row in rows {
        for answer in &mut row.answers.0 {
            answer.body_html = plain(&answer.body).await?;
        }
        store::set_rendered_answers(tx, row.id, row.answers).await?;
    }
    Ok(count)
}

async fn some_instructions(tx: &mut Tx<'_>) -> Result<usize> {
    let rows = store::system_stale_instructions(tx).await?;
    for row in &rows {
        let html = text::render_apart(row.instructions.clone()).await?.html;
        store::set_rendered_instructions(tx, row.id, &html).await?;
    }
    Ok(rows.len())
}
