//! Indexes, built while their tables are written to.

use migration::Index;
use sea_orm::sqlx;

use super::Session;

/// Builds or drops an index in a transaction.
pub async fn change(session: &mut Session, index: &Index) -> sqlx::Result<()> {
    session.run(index.statement(false)).await
}

/// Builds or drops an index outside of a transaction. What is done already is left as it is; what is half done, by a process
/// that was killed, is done again.
pub async fn change_beside_writers(session: &mut Session, index: &Index) -> sqlx::Result<()> {
    // Its locks don't keep writers out, and it has to wait for all older transactions, however long they take.
    session.run("SET lock_timeout = 0").await?;
    let changed = outside(session, index).await;
    let reset = session.run("RESET lock_timeout").await;
    changed.and(reset)
}

async fn outside(session: &mut Session, index: &Index) -> sqlx::Result<()> {
    let (Index::Build { name, .. } | Index::Drop { name }) = index;
    let drop = Index::Drop { name }.statement(true);
    let Index::Build { .. } = index else {
        return session.run(drop).await;
    };
    let valid = "SELECT indisvalid::text FROM pg_index WHERE indexrelid = to_regclass(";
    let valid = session.texts(format!("{valid}'{name}')")).await?;
    match valid.first().map(String::as_str) {
        Some("true") => return Ok(()),
        Some(_) => {
            tracing::info!(index = name, "an unfinished index is built again");
            session.run(drop.as_str()).await?;
        }
        None => {}
    }
    if let Err(error) = session.run(index.statement(true)).await {
        // What is left would slow all writes down, and refuse equal rows if it was to be unique.
        let _ = session.run(drop).await;
        return Err(error);
    }
    Ok(())
}
