//! Statements over `thread_read`.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{
    features::space::push_viewer,
    platform::{
        db::{Reader, Sql, Tx},
        error::Result,
    },
    policy,
};

#[derive(FromQueryResult)]
struct Id {
    id: Uuid,
}

#[derive(FromQueryResult)]
struct CountBy {
    parent: Uuid,
    count: i64,
}

/// The space of a thread that the viewer sees, to find its gate; not a fact to decide by.
pub(super) async fn space_of(reader: &Reader, thread: Uuid) -> Result<Option<Uuid>> {
    let mut sql = reader.sql("SELECT c.space_id AS id");
    push_seen(&mut sql, reader.actor()?.account_id);
    sql.push(" AND c.kind = 'THREAD' AND c.id = ").bind(thread);
    Ok(reader.row::<Id>(sql).await?.map(|row| row.id))
}

/// Whether an account sees a thread, or a comment of it. Only behind the gate.
pub(super) async fn is_seen(tx: &Tx<'_>, account: Uuid, thread: Uuid, comment: Option<Uuid>) -> Result<bool> {
    let mut sql = tx.sql("SELECT c.id");
    push_seen(&mut sql, account);
    match comment {
        None => sql.push(" AND c.kind = 'THREAD' AND c.id = ").bind(thread),
        Some(comment) => sql
            .push(" AND c.listed_at IS NOT NULL AND c.root_id = ")
            .bind(thread)
            .push(" AND c.id = ")
            .bind(comment),
    };
    Ok(tx.row::<Id>(sql).await?.is_some())
}

fn push_seen(sql: &mut Sql, account: Uuid) {
    sql.push(" FROM contribution c LEFT JOIN contribution r ON r.id = c.root_id");
    push_viewer(sql, account, "c.space_id");
    sql.push("WHERE ").push(policy::VISIBLE);
}

// ----------------------------------------------------------------------------------------------------------------- read

/// Comments `c` of a thread that the viewer has not read, from the first index entry behind the mark on. Without a mark, that is
/// when the viewer joined.
fn push_unread(sql: &mut Sql, account: Uuid, thread: &str) {
    sql.push("contribution r");
    push_viewer(sql, account, "r.space_id");
    sql.push("LEFT JOIN thread_read t ON t.membership_id = m.id AND t.thread_id = r.id ")
        .push("JOIN contribution c ON c.root_id = r.id AND (c.listed_at, c.id) > ")
        .push("(COALESCE(t.listed_at, m.created_at), COALESCE(t.comment_id, m.id)) ")
        .push("WHERE c.state = 'PUBLISHED' AND c.author_id <> m.id AND r.id = ")
        .push(thread)
        .push(" AND ")
        .push(policy::VISIBLE);
}

/// How many comments of threads the viewer has not read.
pub(super) async fn unread(reader: &Reader, threads: &[Uuid]) -> Result<HashMap<Uuid, i64>> {
    let account = reader.actor()?.account_id;
    let mut sql = reader.sql("");
    sql.count_each(threads, |sql, thread| push_unread(sql, account, thread));
    let rows = reader.rows::<CountBy>(sql).await?;
    Ok(rows.into_iter().map(|row| (row.parent, row.count)).collect())
}

/// The first comment of each thread that the viewer has not read.
pub(super) async fn first_unread(reader: &Reader, threads: &[Uuid]) -> Result<Vec<Uuid>> {
    let account = reader.actor()?.account_id;
    let mut sql = reader.sql("");
    sql.for_each(threads, ("n.id", "contribution n", ""), |sql, thread| {
        sql.push("SELECT c.id FROM ");
        push_unread(sql, account, thread);
        sql.push(" ORDER BY c.listed_at, c.id LIMIT 1");
    });
    let rows = reader.rows::<Id>(sql).await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Which threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Threads {
    /// This one.
    One(Uuid),
    /// All of a phase that somebody sees.
    OfPhase(Uuid),
}

/// Notes that an account has read threads up to a comment, or to the newest. What was read stays read.
pub(super) async fn mark_read(tx: &Tx<'_>, account: Uuid, threads: Threads, up_to: Option<Uuid>) -> Result<()> {
    let mut sql = tx.sql("INSERT INTO thread_read (membership_id, thread_id, listed_at, comment_id) ");
    sql.push("SELECT m.id, c.id, n.listed_at, n.id FROM contribution c LEFT JOIN contribution r ON r.id = c.root_id ")
        .push("JOIN contribution n ON n.root_id = c.id AND n.id = ");
    match up_to {
        Some(comment) => sql.bind(comment),
        None => sql.push(
            "(SELECT k.id FROM contribution k WHERE k.root_id = c.id AND k.state = 'PUBLISHED' \
             ORDER BY k.listed_at DESC, k.id DESC LIMIT 1)",
        ),
    };
    push_viewer(&mut sql, account, "c.space_id");
    sql.push("WHERE c.kind = 'THREAD' AND (n.listed_at, n.id) > (m.created_at, m.id) AND ");
    match threads {
        Threads::One(thread) => sql.push("c.id = ").bind(thread),
        Threads::OfPhase(phase) => sql.push("c.phase_id = ").bind(phase),
    };
    sql.push(" AND ").push(policy::VISIBLE).push(
        " ON CONFLICT (membership_id, thread_id) DO UPDATE SET listed_at = excluded.listed_at, \
         comment_id = excluded.comment_id \
         WHERE (excluded.listed_at, excluded.comment_id) > (thread_read.listed_at, thread_read.comment_id)",
    );
    tx.execute_raw(sql.statement()).await?;
    Ok(())
}
